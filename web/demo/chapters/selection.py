"""Who is to operate: the call, the applications, their review, the selection by two persons, its publication."""

from __future__ import annotations

from typing import Any

from registry.applications.rules import PROOFS_REQUIRED
from web.demo import days
from web.demo.papers import paper
from web.demo.procedure import Rival
from web.demo.stage import Stage, Told

CALLS = "/api/v1/calls"
APPLICATIONS = "/api/v1/applications"
SELECTIONS = "/api/v1/selections"
FORM = {
    "address": "示例路 1 号",
    "nature": "state_sole",
    "registered_capital": "5000",
    "staff_count": 86,
    "contact": "示例联系人",
    "phone": "000-0000000",
    "profile": "从事公共数据加工和运营服务（演示）",
    "incidents_declared": True,
}


def publish_call(stage: Stage, told: Told) -> None:
    """Publish the call under the plan, in the way of selecting that was decided."""
    facts, supervisor = told.place.procedure.authorization, told.login("supervisor")
    is_invited = facts.method == "invited_tender"
    drafted = stage.send(
        supervisor,
        CALLS,
        {
            "plan_id": told.plan["id"],
            "method": facts.method,
            "title": f"{facts.domain}公共数据授权运营公告",
            "texts": {
                "content": f"授权范围：{'、'.join(found.title for found in told.place.resources)}。",
                "conditions": "管理和技术服务能力、经营和信用状况、数据安全保护能力符合规定。",
                "criteria": "按能力、方案、安全三方面评审。",
                "domain": facts.domain,
                "scenario": told.place.products[0].scenario,
            },
            "opens_on": days.CALL.isoformat(),
            "closes_on": days.CALL_CLOSES.isoformat(),
            "invited_ids": [told.party_id("operator")] if is_invited else [],
        },
    )
    told.call = stage.send(supervisor, f"{CALLS}/{drafted['id']}/publication", of=drafted)


def apply(stage: Stage, told: Told) -> None:
    """Let the operator apply, and its rivals; who was not invited cannot."""
    facts = told.place.procedure.authorization
    _apply(stage, told, "operator", shows_incomplete=facts.shows_incomplete_form)
    for rival in facts.rivals:
        if rival.uninvited:
            who = told.login(told.place.person_of(rival.organisation).key)
            asked = {"call_id": told.call["id"], "applicant_id": told.party_id(rival.organisation)}
            stage.refused(told, "未受邀请的单位提出运营申请", who, APPLICATIONS, asked, rule="APP-02")
        else:
            _apply(stage, told, rival.organisation, rival=rival)


def _apply(
    stage: Stage, told: Told, organisation: str, *, rival: Rival | None = None, shows_incomplete: bool = False
) -> None:
    person = told.place.person_of(organisation)
    who, scope = told.login(person.key), "、".join(found.title for found in told.place.resources)
    form = FORM | {"requested_scope": scope, "signed_by": person.name}
    asked = {"call_id": told.call["id"], "applicant_id": told.party_id(organisation), "form": form}
    found = stage.send(who, APPLICATIONS, asked)
    url = f"{APPLICATIONS}/{found['id']}"
    if rival is not None and rival.incident is not None:
        day, fact = rival.incident
        declared = {"incidents": [{"on": day.isoformat(), "fact": fact}]}
        found = stage.send(who, url, declared, of=found, by="PATCH")
    if shows_incomplete:
        attempt = "提交没有附证明材料的运营申请表"
        stage.refused(told, attempt, who, f"{url}/submission", rule="APP-04", of=found)
    for kind in PROOFS_REQUIRED:
        proof = {"kind": kind.value, **paper(kind.value, f"{kind}（演示）")}
        found = stage.send(who, f"{url}/proofs", proof, of=found)
    told.applications[organisation] = stage.send(who, f"{url}/submission", of=found)


def review_applications(stage: Stage, told: Told) -> None:
    """Close the call after its last day; review the applications by authority or experts, as the place says."""
    facts, supervisor = told.place.procedure.authorization, told.login("supervisor")
    url = f"{CALLS}/{told.call['id']}"
    told.call = stage.send(supervisor, f"{url}/closing", of=told.call)
    reviewer = "expert" if facts.by_expert else "reviewer"
    for organisation, application in told.applications.items():
        rival = next((found for found in facts.rivals if found.organisation == organisation), None)
        if facts.expert_score is not None:
            score = {"score": facts.expert_score, "reason": "能力、方案、安全综合评分（演示）"}
            stage.send(told.login(reviewer), f"{APPLICATIONS}/{application['id']}/scores", score)
        if rival is None:
            stage.decide(told, application["review_id"], reviewer)
        else:
            _refuse_rival(stage, told, application, reviewer)
        told.applications[organisation] = stage.get(supervisor, f"{APPLICATIONS}/{application['id']}")


def _refuse_rival(stage: Stage, told: Told, application: dict[str, Any], reviewer: str) -> None:
    who, url = told.login(reviewer), f"/api/v1/reviews/{application['review_id']}"
    agreement = {"decision": "agree", "reason": "同意"}
    attempt = "同意三年内发生过数据安全事件的单位运营"
    stage.refused(told, attempt, who, f"{url}/decision", agreement, rule="APP-04", of=stage.get(who, url))
    stage.decide(told, application["review_id"], reviewer, decision="refuse", reason="不符合安全条件，不予通过")


def select(stage: Stage, told: Told) -> None:
    """Propose the operator and let a second person confirm; where the government approves the status, name its act."""
    facts, supervisor = told.place.procedure.authorization, told.login("supervisor")
    proposal = {
        "call_id": told.call["id"],
        "application_id": told.applications["operator"]["id"],
        "reason": facts.reason,
    }
    if facts.status_approval is not None:
        attempt = "运营机构资格未经区人民政府审定即选定"
        stage.refused(told, attempt, supervisor, SELECTIONS, proposal, rule="APP-03")
        proposal["status_approval_record"] = facts.status_approval
    proposed = stage.send(supervisor, SELECTIONS, proposal)
    url = f"{SELECTIONS}/{proposed['id']}/confirmation"
    if facts.shows_second_person:
        stage.refused(told, "提出选定意见的人自己确认", supervisor, url, rule="", of=proposed)
    told.selection = stage.send(told.login("deputy"), url, of=proposed)


def publish_result(stage: Stage, told: Told) -> None:
    """Publish operator, domain and scenario; where the place files its results, with the reference (DIS-11)."""
    reference, supervisor = told.place.procedure.authorization.result_filing, told.login("supervisor")
    url, body = f"{SELECTIONS}/{told.selection['id']}/publication", {}
    if reference is not None:
        attempt = "选定结果未报备案即公布"
        stage.refused(told, attempt, supervisor, url, {}, rule="DIS-11", of=told.selection)
        body = {"filing_reference": reference}
    told.selection = stage.send(supervisor, url, body, of=told.selection)
