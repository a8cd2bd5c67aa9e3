"""A request for data per scenario is checked and agreed to; problems with the data are reported and put right."""

from __future__ import annotations

from typing import Any

from web.demo.papers import paper
from web.demo.stage import Stage, Told

REQUESTS = "/api/v1/data-requests"
TICKETS = "/api/v1/quality/tickets"
AGREES = {"decision": "agree", "reason": "用途明确，字段为最小必要，同意"}


def look_at_simulated_data(stage: Stage, told: Told) -> None:
    """Let a source department give simulated rows, and the merchant look at them before asking (SEP-04)."""
    simulated = told.place.procedure.simulated
    if simulated is None:
        return
    fact = next(found for found in told.place.resources if found.key == simulated.resource)
    url = f"/api/v1/resources/{told.resources[simulated.resource]['id']}"
    given = {"rows": [dict(row) for row in simulated.rows], "is_simulated": True}
    stage.send(told.login(fact.source), f"{url}/samples", given)
    told.simulated = stage.get(told.login(told.place.products[0].seller), f"{url}/simulated")


def draft_requests(stage: Stage, told: Told) -> None:
    """Let the seller of every product write down which data it asks for; show who may not ask, and what is lacking."""
    for fact in told.place.products:
        seller = told.login(fact.seller)
        told.requests[fact.key] = stage.send(
            seller,
            REQUESTS,
            {
                "applicant_id": told.party_id(fact.seller),
                "agreement_id": told.agreement["id"],
                "scenario": fact.scenario,
                "necessity": fact.necessity,
                "resource_ids": [told.resources[use.resource]["id"] for use in fact.inputs],
            },
        )
    _try_too_early(stage, told, told.place.products[0].key)


def _try_too_early(stage: Stage, told: Told, key: str) -> None:
    request, facts = told.requests[key], told.place.procedure
    url, seller = f"{REQUESTS}/{request['id']}/submission", told.login(told.place.product(key).seller)
    for examined in facts.trainings:
        if not examined.passed:
            attempt = "培训考核不合格的人员提交数据使用申请"
            stage.refused(told, attempt, told.login(examined.person), url, rule="TRN-01", of=request)
    if facts.service_text is not None:
        stage.refused(told, f"未签{facts.service_text.title}即申请数据", seller, url, rule="ACC-03", of=request)
    if facts.clearances:
        stage.refused(told, "场景未通过网络安全评审和 IRS 审核即申请数据", seller, url, rule="RVW-02", of=request)


def submit_requests(stage: Stage, told: Told) -> None:
    """Document the reviews that the scenario has passed elsewhere, where the place wants them, and submit."""
    for key, request in told.requests.items():
        seller, url = told.login(told.place.product(key).seller), f"{REQUESTS}/{request['id']}"
        for kind, reference in told.place.procedure.clearances:
            written = paper("结论", f"{reference}：通过（演示）")
            written["content"] = written.pop("content_base64")
            passed = {"kind": kind, "reference": reference, **written}
            request = stage.send(seller, f"{url}/clearances", passed, of=request)
        told.requests[key] = stage.send(seller, f"{url}/submission", of=request)


def say_opinions(stage: Stage, told: Told) -> None:
    """Check where the place has a check, then let every reviewer agree who does not stay silent."""
    for key, request in told.requests.items():
        url = f"{REQUESTS}/{request['id']}"
        if request["state"] == "submitted":
            request = _check(stage, told, request, url)
        for seat in list(request["opinions"]):
            organisation = next(name for name, party in told.parties.items() if party["id"] == seat["party"]["id"])
            if organisation not in told.place.silent_reviewers:
                request = stage.send(_speaker(told, organisation), f"{url}/opinions", AGREES, of=request)
        told.requests[key] = request


def _check(stage: Stage, told: Told, request: dict[str, Any], url: str) -> dict[str, Any]:
    if told.place.procedure.refused_ground and request is told.requests[told.place.products[0].key]:
        attempt, words = "运营机构不说明法定理由即不予通过核查", {"decision": "refuse", "reason": "本机构拟自行开发"}
        stage.refused(told, attempt, told.login("operator"), f"{url}/check", words, rule="SEP-02", of=request)
    reason = {"decision": "agree", "reason": "材料齐全，主体和场景相符，核查通过"}
    checked: dict[str, Any] = stage.send(told.login("operator"), f"{url}/check", reason, of=request)
    return checked


def _speaker(told: Told, organisation: str) -> str:
    """Return who decides requests for an organisation: its reviewer at the authority, else its own person."""
    return told.login("reviewer" if organisation == "authority" else told.place.person_of(organisation).key)


def let_silence_consent(stage: Stage, told: Told) -> None:
    """Run the timetable's job after the last day, where silence counts as consent (RVW-05)."""
    if not told.place.silent_reviewers:
        return
    stage.run_job("requests.deemed_consent")
    for key, request in told.requests.items():
        told.requests[key] = stage.get(told.login("supervisor"), f"{REQUESTS}/{request['id']}")


def report_problem(stage: Stage, told: Told) -> None:
    """Let the operator report what is wrong with the data, and the source department accept it (RVW-08)."""
    fact = told.place.procedure.ticket
    if fact is None:
        return
    reported = {
        "resource_id": told.resources[fact.resource]["id"],
        "reporter_id": told.party_id("operator"),
        "category": fact.category,
        "description": fact.description,
        "evidence": paper("问题清单", fact.description),
    }
    told.ticket = stage.send(told.login("operator"), TICKETS, reported)
    _step(stage, told, _source_of_ticket(told), "accept", "已受理，正在核对")


def answer_problem(stage: Stage, told: Told) -> None:
    """Let the source department put it right and the operator confirm; the quality score follows."""
    fact = told.place.procedure.ticket
    if fact is None:
        return
    _step(stage, told, _source_of_ticket(told), "correct", fact.answer)
    _step(stage, told, "operator", "confirm", "核对无误")
    url = f"/api/v1/quality/resources/{told.resources[fact.resource]['id']}/score"
    told.ticket["score"] = stage.get(told.login("operator"), url)


def _source_of_ticket(told: Told) -> str:
    fact = told.place.procedure.ticket
    assert fact is not None
    return next(found.source for found in told.place.resources if found.key == fact.resource)


def _step(stage: Stage, told: Told, person: str, event: str, reason: str) -> None:
    url = f"{TICKETS}/{told.ticket['id']}/steps"
    told.ticket = stage.send(told.login(person), url, {"event": event, "reason": reason}, of=told.ticket)
