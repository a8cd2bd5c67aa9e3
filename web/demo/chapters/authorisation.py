"""The agreement, on the plan and the selection: drafted, completed, signed, filed, and in effect."""

from __future__ import annotations

from typing import Any

from web.demo.clauses import contents
from web.demo.papers import paper
from web.demo.stage import Stage, Told

FORGOTTEN = "dispute_resolution"
# EMG-02: the authority writes the plan together with these
AUTHORS = ["data_authority", "cyberspace", "cryptography", "secrecy", "police", "state_security"]


def tell_agreement(stage: Stage, told: Told) -> None:
    """Draft with one content missing and be refused; complete, sign, file; activate when the plan is there."""
    place, agreement = told.place, told.place.agreement
    supervisor = told.login("supervisor")
    _try_wrong_terms(stage, told)
    texts = contents(place)
    drafted = stage.send(supervisor, "/api/v1/agreements", {**_draft(told), "items": {**texts, FORGOTTEN: ""}})
    url = f"/api/v1/agreements/{drafted['id']}"
    coordination = {"coordination_record": agreement.coordination_record} if agreement.coordination_record else {}
    attempt = "签订缺少“争议解决方式”的协议"
    stage.refused(told, attempt, supervisor, f"{url}/signature", coordination, rule="AGR-01", of=drafted)
    drafted = stage.send(supervisor, f"{url}/items", {"items": {FORGOTTEN: texts[FORGOTTEN]}}, of=drafted, by="PATCH")
    signed = stage.send(supervisor, f"{url}/signature", coordination, of=drafted)
    filed = stage.send(supervisor, f"{url}/filing", {"reference": f"示例备案-2026-{place.division}"}, of=signed)
    if agreement.has_emergency_plan:
        attempt = "没有应急预案即开展授权运营"
        stage.refused(told, attempt, supervisor, f"{url}/activation", rule="EMG-01", of=filed)
        plan = paper("应急预案", "演示应急预案：发现风险立即停止、报告、评估、恢复。") | {"participants": AUTHORS}
        filed = stage.send(supervisor, f"{url}/emergency-plan", plan, of=filed, by="PUT")
    told.agreement = stage.send(supervisor, f"{url}/activation", of=filed)


def _try_wrong_terms(stage: Stage, told: Told) -> None:
    """Show what the place does not admit: a term that is too long, an operator without legal personality."""
    start, end, rule = told.place.refused_term
    supervisor, plain = told.login("supervisor"), {**_draft(told), "trial_start": None, "trial_end": None}
    stage.refused(
        told, f"签订 {start} 至 {end} 前一日的协议", supervisor, "/api/v1/agreements",
        {**plain, "term_start": start.isoformat(), "term_end": end.isoformat()}, rule=rule,
    )  # fmt: skip
    outsider = told.place.refused_operator
    if outsider is not None:
        stage.refused(
            told, "授权非法人组织运营", supervisor, "/api/v1/agreements",
            {**plain, "operating_institution_id": told.party_id(outsider)}, rule="APP-04",
        )  # fmt: skip


def _draft(told: Told) -> dict[str, Any]:
    agreement = told.place.agreement
    written: dict[str, Any] = {
        "place": told.place.key,
        "authorizing_entity_id": told.party_id("authority"),
        "operating_institution_id": told.party_id("operator"),
        "title": agreement.title,
        "term_start": agreement.term_start.isoformat(),
        "term_end": agreement.term_end.isoformat(),
        "resource_ids": [found["id"] for found in told.resources.values()],
        "plan_id": told.plan["id"],
        "selection_id": told.selection["id"],
    }
    if agreement.trial_start and agreement.trial_end:
        written |= {"trial_start": agreement.trial_start.isoformat(), "trial_end": agreement.trial_end.isoformat()}
    return written
