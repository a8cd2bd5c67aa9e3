"""Who is ready to work with the data: trained people, a reviewed operator, drills, and what partners sign."""

from __future__ import annotations

from web.demo.papers import paper
from web.demo.procedure import Training
from web.demo.stage import Stage, Told

SECURITY = "/api/v1/operator-reviews"


def ask_for_security_review(stage: Stage, told: Told) -> None:
    """Let the operator ask for the review of its basic and technical security, where the place has one (RVW-01)."""
    if not told.place.procedure.security_review:
        return
    operator = told.login("operator")
    statements = {
        "basic_security": "制度、机构、人员均已落实（演示）",
        "technical_security": "等保三级、密评通过（演示）",
    }
    asked = {"operator_id": told.party_id("operator"), "place": told.place.key, "statements": statements}
    drafted = stage.send(operator, SECURITY, asked)
    url = f"{SECURITY}/{drafted['id']}"
    proven = stage.send(
        operator, f"{url}/evidence", paper("测评报告", "等保三级测评报告（演示）"), of=drafted, by="PUT"
    )
    told.security_review = stage.send(operator, f"{url}/submission", of=proven)


def pass_security_review(stage: Stage, told: Told) -> None:
    """Let two persons agree, one on basic, one on technical security; nobody sits on both seats."""
    if not told.security_review:
        return
    review_id = told.security_review["review_id"]
    review = stage.decide(told, review_id, "reviewer", reason="基本安全要求已落实")
    attempt = "同一人既审基本安全又审技术安全"
    again = {"decision": "agree", "reason": "一并同意"}
    url = f"/api/v1/reviews/{review_id}/decision"
    stage.refused(told, attempt, told.login("reviewer"), url, again, rule="RVW-01", of=review)
    stage.decide(told, review_id, "deputy", reason="技术与安全要求已落实")
    shown = f"{SECURITY}/{told.security_review['id']}"
    told.security_review = stage.get(told.login("operator"), shown)


def train(stage: Stage, told: Told) -> None:
    """Record the examinations after the training; somebody may fail (TRN-01)."""
    for fact in told.place.procedure.trainings:
        _examine(stage, told, fact, passed=fact.passed)


def train_again(stage: Stage, told: Told) -> None:
    """Record the second examination of those who failed; now they have access too."""
    for fact in told.place.procedure.trainings:
        if not fact.passed:
            _examine(stage, told, fact, passed=True)
            ask_for_access(stage, told)


def _examine(stage: Stage, told: Told, fact: Training, *, passed: bool) -> None:
    examined = {
        "account_id": told.accounts[fact.person],
        "place": told.place.key,
        "role_kind": fact.kind,
        "course": "公共数据授权运营岗前培训",
        "trained_on": stage.today.isoformat(),
        "passed": passed,
        "examiner": "示例考核组",
    }
    told.trainings.append(stage.send(told.login("supervisor"), "/api/v1/trainings", examined))


def ask_for_access(stage: Stage, told: Told) -> None:
    """Ask, for whoever failed the examination, whether the data may be opened; the decision is logged (ACC-03)."""
    for fact in told.place.procedure.trainings:
        if fact.passed:
            continue
        asked = {
            "agreement_id": told.agreement["id"],
            "resource_ids": [found["id"] for found in told.resources.values()],
        }
        told.access.append(stage.send(told.login(fact.person), "/api/v1/access-decisions", asked))


def hold_drill(stage: Stage, told: Told) -> None:
    """Hold a drill of the emergency plan, where the place has one (EMG-03)."""
    summary = told.place.procedure.drill
    if summary is None:
        return
    held = {
        "held_on": stage.today.isoformat(),
        "participants": "公共数据主管部门、授权运营主体、网信、公安（演示）",
        "outcome": "passed",
        "summary": summary,
        **paper("演练记录", summary),
    }
    url = f"/api/v1/agreements/{told.agreement['id']}"
    stage.send(told.login("operator"), f"{url}/drills", held)
    told.emergency = stage.get(told.login("operator"), f"{url}/emergency")


def sign_service_agreement(stage: Stage, told: Told) -> None:
    """Let partner and operator sign the standard text, where no data are opened without it (AGR-06)."""
    text, place = told.place.procedure.service_text, told.place
    if text is None:
        return
    published = stage.send(
        told.login("supervisor"),
        "/api/v1/service-agreements/texts",
        {"place": place.key, "kind": text.kind, "title": text.title, **paper(text.title, f"{text.title}（演示）")},
    )
    url = "/api/v1/service-agreements"
    found = stage.send(
        told.login("merchant"),
        url,
        {
            "agreement_id": told.agreement["id"],
            "partner_id": told.party_id("merchant"),
            "text_id": published["id"],
            "start_date": stage.today.isoformat(),
            "end_date": place.agreement.term_end.isoformat(),
        },
    )
    for signer in ("merchant", "operator"):
        found = stage.send(told.login(signer), f"{url}/{found['id']}/signature", of=found)
    told.service_agreement = found
