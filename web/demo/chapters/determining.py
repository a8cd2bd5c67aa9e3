"""Chapter 5a: survey, application, readiness, proposal, confirmation, cap plan, written report (PRC-02…PRC-04)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from web.demo.cast import CapFact, CeilingFact, CostFact, KeyFact
from web.demo.days import PRICES_FROM
from web.demo.papers import paper
from web.demo.stage import Stage, Told

YEAR = 2026
SURVEYS = "/api/v1/cost-surveys"
DETERMINATIONS = "/api/v1/determinations"
PLANS = "/api/v1/cap-plans"
BOTH = ["price_authority", "data_authority"]


def survey_costs(stage: Stage, told: Told) -> None:
    """File the costs of the complete year 2025, where there was one; a key that was measured wrongly is put right."""
    facts = told.place.ceiling
    if facts is None:
        return
    operator = told.login("operator")
    body = {
        "agreement_id": told.agreement["id"],
        "year": facts.survey_year,
        "subsidy": facts.subsidy,
        "keys": [_key(key, key.first_units or key.units) for key in facts.keys],
        "lines": [_line(line) for line in facts.lines],
    }
    survey = stage.send(operator, SURVEYS, body)
    told.ceiling["effects"] = []
    for key in facts.keys:
        if key.first_units is not None:
            kept = next(found for found in survey["keys"] if found["name"] == key.name)
            right = {name: value for name, value in _key(key, key.units).items() if name != "name"}
            changed = stage.send(operator, f"{SURVEYS}/{survey['id']}/keys/{kept['id']}", right, of=survey, by="PUT")
            survey, told.ceiling["effects"] = changed["survey"], changed["effects"]
    told.ceiling["survey"] = stage.send(operator, f"{SURVEYS}/{survey['id']}/submission", of=survey)


def _key(key: KeyFact, units: tuple[str, str]) -> dict[str, Any]:
    industry, public = units
    evidence = paper(f"{key.name}统计表", f"{key.driver}：产业、行业用途 {industry}，公益用途 {public}（演示）")
    return {
        "name": key.name, "driver": key.driver, "industry_units": industry, "public_units": public,
        "evidence": evidence,
    }  # fmt: skip


def _line(line: CostFact) -> dict[str, Any]:
    shared = {"key": line.key} if line.key else {"industry_share": "1"}
    return {"category": line.category, "text": line.text, "amount": line.amount, **shared}


def apply_for_determination(stage: Stage, told: Told) -> None:
    """Let the authorizing entity file the written application: there is a complete operating year (PRC-06)."""
    facts = told.place.ceiling
    if facts is not None:
        told.ceiling["determination"] = stage.send(
            told.login("supervisor"), DETERMINATIONS, application(told, facts.first_sale.isoformat(), facts.application)
        )


def application(told: Told, first_sale: str, reference: str) -> dict[str, Any]:
    """Return a written application for the year of the story."""
    statement = f"自 {first_sale} 起收费，申请核定 {YEAR} 年最高准许收入"
    return {
        "agreement_id": told.agreement["id"],
        "year": YEAR,
        "first_sale_date": first_sale,
        "reference": reference,
        "statement": statement,
        "evidence": paper("书面申请", f"{reference}：{statement}（演示）"),
    }


def determine_and_cap(stage: Stage, told: Told) -> None:
    """Accept the survey; one person proposes, another confirms; caps are planned, must fit, and are reported."""
    facts = told.place.ceiling
    if facts is None:
        return
    _accept(stage, told, facts)
    found = _propose(stage, told, facts)
    found = _confirm(stage, told, found)
    ceiling_id = found["proposals"][-1]["decision"]["ceiling_id"]
    told.ceiling |= stage.get(told.login("price"), f"/api/v1/ceilings/{ceiling_id}")
    _report(stage, told, facts, found)
    told.ceiling["determination"] = stage.get(told.login("price"), f"{DETERMINATIONS}/{found['id']}")


def _accept(stage: Stage, told: Told, facts: CeilingFact) -> None:
    survey = told.ceiling["survey"]
    disallowed = [
        {"position": position, "amount": line.disallowed, "reason": line.disallowed_reason}
        for position, line in enumerate(facts.lines, start=1)
        if line.disallowed is not None
    ]
    decision = {"disallowed": disallowed, "note": "成本调查审定（演示）"}
    told.ceiling["survey"] = stage.send(
        told.login("price"), f"{SURVEYS}/{survey['id']}/acceptance", decision, of=survey
    )


def _propose(stage: Stage, told: Told, facts: CeilingFact) -> dict[str, Any]:
    price, found = told.login("price"), told.ceiling["determination"]
    url = f"{DETERMINATIONS}/{found['id']}"
    ready = {"is_ready": True, "note": "已有完整年度运营情况，成本单独核算"}
    found = stage.send(price, f"{url}/readiness", ready, of=found)
    terms = {
        "survey_id": told.ceiling["survey"]["id"],
        "margin": facts.margin,
        "tax_lines": [{"label": "税金", "basis": facts.tax_basis, "amount": facts.tax}],
        "jointly_with": told.place.organisation("authority").name,
        "authority_level": "prefecture",
        "delegation": facts.delegation,
    }
    proposed: dict[str, Any] = stage.send(price, f"{url}/proposals", terms, of=found)
    return proposed


def _confirm(stage: Stage, told: Told, found: dict[str, Any]) -> dict[str, Any]:
    """Let the deputy of the data department confirm what the price officer proposed; operator and proposer cannot."""
    url = f"{DETERMINATIONS}/{found['id']}/confirmation"
    read = {"sha256": found["proposals"][-1]["sha256"]}
    stage.refused(told, "运营机构确认自己的最高准许收入", told.login("operator"), url, read, rule="", of=found)
    stage.refused(told, "拟定人确认自己的拟定", told.login("price"), url, read, rule="PRC-03", of=found)
    confirmed: dict[str, Any] = stage.send(told.login("deputy"), url, read, of=found)
    return confirmed


def _report(stage: Stage, told: Told, facts: CeilingFact, found: dict[str, Any]) -> None:
    """Plan caps that fit, after some that do not; only the written report makes them caps."""
    supervisor = told.login("supervisor")
    too_high = _plan(told, found, facts.too_high)
    stage.refused(told, "上限合计超过最高准许收入", supervisor, PLANS, too_high, rule="PRC-04")
    plan = stage.send(supervisor, PLANS, _plan(told, found, facts.caps))
    report = {
        "report_number": facts.report_number, "report_date": stage.today.isoformat(), "reported_to": BOTH,
    }  # fmt: skip
    told.ceiling["cap_plan"] = stage.send(supervisor, f"{PLANS}/{plan['id']}/report", report, of=plan)
    caps = stage.get(None, f"/api/v1/caps?place={told.place.key}")["items"]
    order = [(row["product_id"], row["subject_kind"]) for row in plan["rows"]]
    told.ceiling["caps"] = sorted(caps, key=lambda cap: order.index((cap["product_id"], cap["subject_kind"])))


def _plan(told: Told, found: dict[str, Any], facts: Sequence[CapFact]) -> dict[str, Any]:
    return {
        "determination_id": found["id"],
        "effective_from": PRICES_FROM.isoformat(),
        "note": "按数据、算力、人力投入和预测业务量拟定（演示）",
        "caps": [
            {
                "product_id": told.products[cap.product]["id"],
                "charge_unit": cap.charge_unit,
                "amount": cap.amount,
                "forecast_volume": cap.forecast_volume,
                "subject_kind": cap.subject_kind,
            }
            for cap in facts
        ],
    }
