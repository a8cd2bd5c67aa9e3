"""What is to be authorized: resources are catalogued; the plan is drafted, reviewed as the place's text says, filed."""

from __future__ import annotations

from web.demo.clauses import plan_items
from web.demo.papers import paper
from web.demo.stage import Stage, Told

PLANS = "/api/v1/plans"
FORGOTTEN = "rights_and_duties"
WHO = {"preliminary": "reviewer", "expert": "expert", "government": "government"}


def tell_resources(stage: Stage, told: Told) -> None:
    """Let every source department catalogue what it holds."""
    for fact in told.place.resources:
        told.resources[fact.key] = stage.send(
            told.login(fact.source),
            "/api/v1/resources",
            {
                "place": told.place.key,
                "source_department_id": told.party_id(fact.source),
                "title": fact.title,
                "description": fact.description,
                "classification": fact.classification,
                "grade": fact.grade,
                "update_frequency": fact.update_frequency,
                "fields": [{"name": name, "title": title} for name, title in fact.fields],
                "access": fact.access,
                "return_flow": fact.return_flow,
            },
        )


def submit_plan(stage: Stage, told: Told) -> None:
    """Draft the plan with one of its twelve items missing and be refused; complete it and submit it (APP-01)."""
    place, facts, supervisor = told.place, told.place.procedure.authorization, told.login("supervisor")
    items = plan_items(place)
    made = stage.send(
        supervisor,
        PLANS,
        {
            "place": place.key,
            "title": place.agreement.title.replace("协议", "实施方案"),
            "implementing_institution_id": told.party_id("authority"),
            "mode": facts.mode,
            "items": items | {FORGOTTEN: ""},
            "scope_text": "、".join(found.title for found in place.resources),
            "resource_ids": [found["id"] for found in told.resources.values()],
        },
    )
    url = f"{PLANS}/versions/{made['versions'][0]['id']}"
    decided = {"number": facts.decision, **paper("集体决策会议纪要", f"{facts.decision}：审议通过实施方案（演示）")}
    version = stage.send(supervisor, f"{url}/collective-decision", decided, of=made["versions"][0], by="PUT")
    attempt = "提交缺少“各方权利义务”的实施方案"
    stage.refused(told, attempt, supervisor, f"{url}/submission", rule="APP-01", of=version)
    version = stage.send(supervisor, url, {"items": {FORGOTTEN: items[FORGOTTEN]}}, of=version, by="PATCH")
    version = stage.send(supervisor, f"{url}/submission", of=version)
    told.plan = made | {"version": version, "review": stage.get(supervisor, f"/api/v1/reviews/{version['review_id']}")}


def _decide(stage: Stage, told: Told, kind: str) -> None:
    facts, review = told.place.procedure.authorization, told.plan["review"]
    if any(found["kind"] == kind for found in review["stages"]):
        reason = f"审议同意（{facts.government_document}）" if kind == "government" else "内容完整、切实可行，同意"
        told.plan["review"] = stage.decide(told, review["id"], WHO[kind], reason=reason)


def preliminary(stage: Stage, told: Told) -> None:
    """Give the preliminary opinion, where the place has one."""
    _decide(stage, told, "preliminary")


def expert(stage: Stage, told: Told) -> None:
    """Give the experts' opinion, where the place has one."""
    _decide(stage, told, "expert")


def government(stage: Stage, told: Told) -> None:
    """Let the government decide."""
    _decide(stage, told, "government")


def file_plan(stage: Stage, told: Told) -> None:
    """File the approved plan with the province and put it in effect (DIS-13)."""
    facts, supervisor = told.place.procedure.authorization, told.login("supervisor")
    url = f"{PLANS}/versions/{told.plan['version']['id']}"
    filing = {"government_document": facts.government_document, "reference": facts.plan_filing}
    filed = stage.send(supervisor, f"{url}/filing", filing, of=stage.get(supervisor, url))
    effect = {"effective_from": stage.today.isoformat()}
    told.plan["version"] = stage.send(supervisor, f"{url}/effect", effect, of=filed)
