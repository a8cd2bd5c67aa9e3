"""Filing, returning and accepting cost surveys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from kernel import audit, files, numbering
from kernel.calendar import business_date
from kernel.errors import Invalid
from kernel.identity import Actor, Permission
from kernel.money import Money
from kernel.policy import PolicyBook
from pricing.costs import queries
from pricing.costs.model import CostLine, CostSurvey
from pricing.costs.rules import SurveyAct, after, must_be_named, must_be_within, must_stand, totals
from pricing.policy import PricingPolicy
from registry.agreements import queries as agreements


class DisallowanceUnusable(Invalid):
    """A disallowance that names no line of the survey, or gives no reason."""

    code = "cost_survey.disallowance_unusable"


def open_survey(
    session: Session,
    actor: Actor,
    *,
    agreement_id: UUID,
    year: int,
    subsidy: Money,
    lines: Sequence[Mapping[str, Any]],
    now: datetime,
    book: PolicyBook,
) -> CostSurvey:
    """Open the cost survey (成本调查) of an operating institution for one year, as a draft.

    Args:
        session: the open transaction.
        actor: somebody of the operating institution.
        agreement_id: the agreement whose operation was paid for.
        year: accounting year in which the costs arose.
        subsidy: government subsidy received for the industry part, yuan.
        lines: category, text, amount (yuan), industry_share (fraction), allocation_key and evidence of each cost.
        now: the present moment.
        book: the rules in force.

    Raises:
        NotAllowed: the actor does not act for that institution.
        LineUnusable: a line's share is no fraction, or a shared cost names no key.
        CategoryUnknown: a category that the rules of the place do not name.
        NothingSurveyed: there is no line.

    Source:
        发改价格〔2025〕65号 三（一）.
    """
    agreement = agreements.get(session, agreement_id)
    actor.must(Permission.COST_WRITE, org_id=agreement.operating_institution_id, place=agreement.place)
    on = business_date(now)
    survey = CostSurvey(
        number=numbering.number(session, "COST", on),
        place=agreement.place,
        agreement_id=agreement.id,
        operating_institution_id=agreement.operating_institution_id,
        year=year,
        subsidy=subsidy,
        created_at=now,
        lines=_read(session, lines, agreement.place, now, book),
    )
    session.add(survey)
    session.flush()
    audit.record(session, actor, "cost_survey.open", survey, at=now, note=survey.number)
    return survey


def amend(
    session: Session,
    actor: Actor,
    survey_id: UUID,
    *,
    subsidy: Money,
    lines: Sequence[Mapping[str, Any]],
    now: datetime,
    book: PolicyBook,
) -> CostSurvey:
    """Replace subsidy and lines of a draft.

    Raises:
        NotAllowed: the actor does not act for that institution.
        WrongState: the survey was filed already.
        LineUnusable: a line's share is no fraction, or a shared cost names no key.
        CategoryUnknown: a category that the rules of the place do not name.
        NothingSurveyed: there is no line.
    """
    survey = queries.locked(session, survey_id)
    actor.must(Permission.COST_WRITE, org_id=survey.operating_institution_id, place=survey.place)
    survey.state = after(survey.state, SurveyAct.AMEND, survey.number)
    fresh = _read(session, lines, survey.place, now, book)
    survey.lines.clear()
    session.flush()
    survey.lines.extend(fresh)
    survey.subsidy = subsidy
    flag_modified(survey, "subsidy")  # the version also counts changes of the lines
    session.flush()
    audit.record(session, actor, "cost_survey.amend", survey, at=now, note=survey.number)
    return survey


def submit(session: Session, actor: Actor, survey_id: UUID, *, now: datetime) -> CostSurvey:
    """File the survey with the price authority.

    Raises:
        NotAllowed: the actor does not act for that institution.
        WrongState: the survey was filed already.
    """
    survey = queries.locked(session, survey_id)
    actor.must(Permission.COST_WRITE, org_id=survey.operating_institution_id, place=survey.place)
    survey.state = after(survey.state, SurveyAct.SUBMIT, survey.number)
    survey.submitted_at = now
    audit.record(session, actor, "cost_survey.submit", survey, at=now, note=survey.number)
    return survey


def send_back(session: Session, actor: Actor, survey_id: UUID, *, note: str, now: datetime) -> CostSurvey:
    """Return a filed survey to the institution for correction, saying what is wrong.

    Raises:
        NotAllowed: the actor is no price officer of the place.
        WrongState: the survey is not waiting for a decision.
    """
    survey = queries.locked(session, survey_id)
    actor.must(Permission.CEILING_DETERMINE, place=survey.place)
    survey.state = after(survey.state, SurveyAct.RETURN, survey.number)
    survey.submitted_at = None
    survey.note = note
    audit.record(session, actor, "cost_survey.send_back", survey, at=now, note=note)
    return survey


def accept(
    session: Session,
    actor: Actor,
    survey_id: UUID,
    *,
    disallowed: Sequence[Mapping[str, Any]] = (),
    note: str = "",
    now: datetime,
) -> CostSurvey:
    """Accept a filed survey, less what is disallowed (核减), each with its reason.

    Args:
        session: the open transaction.
        actor: a price officer of the place.
        survey_id: the survey.
        disallowed: position of the line, amount (yuan, of its industry part) and reason of each disallowance.
        note: words of the decision.
        now: the present moment.

    Raises:
        NotAllowed: the actor is no price officer of the place.
        WrongState: the survey is not waiting for a decision.
        DisallowanceUnusable: it names no line, names one twice, or disallows nothing.
        LineUnusable: it exceeds the line's industry part.

    Source:
        发改价格〔2025〕65号 三（一）: 具体通过成本调查确定.
    """
    survey = queries.locked(session, survey_id)
    actor.must(Permission.CEILING_DETERMINE, place=survey.place)
    following = after(survey.state, SurveyAct.ACCEPT, survey.number)
    lines = {line.position: line for line in survey.lines}
    for index, entry in enumerate(disallowed):
        line = lines.pop(entry["position"], None)
        if line is None or not entry["amount"]:
            raise _not_a_line(survey, index, entry["position"])
        line.disallowed_amount = entry["amount"]
        line.disallowed_reason = entry["reason"]
        must_be_within(line.as_line(), line.position)
    session.flush()  # lines first: from the next statement on the database refuses to change them
    survey.state = following
    survey.accepted_at, survey.accepted_by = now, actor.id
    survey.note = note
    detail = {"recognised": survey.totals().recognised.text(), "disallowed": survey.totals().disallowed.text()}
    audit.record(session, actor, "cost_survey.accept", survey, at=now, note=survey.number, detail=detail)
    return survey


def _read(
    session: Session, lines: Sequence[Mapping[str, Any]], place: str, now: datetime, book: PolicyBook
) -> list[CostLine]:
    made = [
        CostLine(
            position=position,
            category=line["category"],
            text=line["text"],
            amount=line["amount"],
            industry_share=line["industry_share"],
            allocation_key=line.get("allocation_key") or "",
            evidence_sha256=files.keep(session, now=now, **line["evidence"]) if line.get("evidence") else None,
            disallowed_amount=Money(0),
        )
        for position, line in enumerate(lines, start=1)
    ]
    for line in made:
        must_stand(line.as_line(), line.position)
    totals([line.as_line() for line in made])
    policy = PricingPolicy.at(book, place, business_date(now))
    must_be_named([line.category for line in made], policy.require("cost_categories"))
    return made


def _not_a_line(survey: CostSurvey, index: int, position: int) -> DisallowanceUnusable:
    return DisallowanceUnusable(
        f"成本调查 {survey.number} 没有第 {position} 项，或该项重复、金额为零；请按项号逐项填写核减。",
        detail_en=f"No line {position} left to disallow.",
        rule="PRC-02",
        errors=[{"pointer": f"/disallowed/{index}/position", "code": DisallowanceUnusable.code, "message": "没有此项"}],
    )
