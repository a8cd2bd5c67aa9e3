"""Filing, returning and accepting cost surveys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from kernel import audit, files, numbering
from kernel.calendar import business_date
from kernel.errors import Conflict, Invalid
from kernel.identity import Actor, Permission
from kernel.money import Money
from kernel.policy import PolicyBook
from pricing.charges import queries as charges
from pricing.costs import queries
from pricing.costs.model import AllocationKey, CostLine, CostSurvey
from pricing.costs.rules import (
    Key,
    KeyEffect,
    SurveyAct,
    after,
    must_be_named,
    must_be_within,
)
from pricing.policy import PricingPolicy
from registry.agreements import queries as agreements


class DisallowanceUnusable(Invalid):
    """A disallowance that names no line of the survey, or gives no reason."""

    code = "cost_survey.disallowance_unusable"


class ChargeCorrected(Conflict):
    """A charge of the survey was corrected since it was drawn in."""

    code = "cost_survey.charge_corrected"


def open_survey(
    session: Session,
    actor: Actor,
    *,
    agreement_id: UUID,
    year: int,
    subsidy: Money,
    lines: Sequence[Mapping[str, Any]],
    keys: Sequence[Mapping[str, Any]] = (),
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
        lines: category, text, amount (yuan) and evidence of each cost; its share by ``key``, the name of one of
            ``keys``, or by industry_share (fraction) with the words of allocation_key; subsidised; number of a charge.
        keys: name, driver, and industry_units with public_units or industry_share, of each allocation key.
        now: the present moment.
        book: the rules in force.

    Raises:
        NotAllowed: the actor does not act for that institution.
        LineUnusable: a line's share is no fraction, or a shared cost names no key.
        KeyUnusable: a key cannot stand.
        ChargeTaken: a charge does not stand in that year, or another accepted survey counts it.
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
    )
    survey.keys, survey.lines = _read(session, survey, lines, keys, now, book)
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
    keys: Sequence[Mapping[str, Any]] = (),
    now: datetime,
    book: PolicyBook,
) -> CostSurvey:
    """Replace subsidy, keys and lines of a draft.

    Raises:
        NotAllowed: the actor does not act for that institution.
        WrongState: the survey was filed already.
        LineUnusable: a line's share is no fraction, or a shared cost names no key.
        KeyUnusable: a key cannot stand.
        ChargeTaken: a charge does not stand in that year, or another accepted survey counts it.
        CategoryUnknown: a category that the rules of the place do not name.
        NothingSurveyed: there is no line.
    """
    survey = queries.locked(session, survey_id)
    actor.must(Permission.COST_WRITE, org_id=survey.operating_institution_id, place=survey.place)
    survey.state = after(survey.state, SurveyAct.AMEND, survey.number)
    fresh_keys, fresh_lines = _read(session, survey, lines, keys, now, book)
    for rows in (survey.lines, survey.keys):
        rows.clear()
        session.flush()
    survey.keys.extend(fresh_keys)
    survey.lines.extend(fresh_lines)
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
        ChargeCorrected: a charge was corrected since it was drawn in.
        ChargeTaken: another accepted survey counts a charge of this one.
    """
    survey = queries.locked(session, survey_id)
    actor.must(Permission.COST_WRITE, org_id=survey.operating_institution_id, place=survey.place)
    following = after(survey.state, SurveyAct.SUBMIT, survey.number)
    _charges_must_count(session, survey)
    survey.state, survey.submitted_at = following, now
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
        ChargeCorrected: a charge was corrected since it was drawn in.
        ChargeTaken: another accepted survey counts a charge of this one.

    Source:
        发改价格〔2025〕65号 三（一）: 具体通过成本调查确定.
    """
    survey = queries.locked(session, survey_id)
    actor.must(Permission.CEILING_DETERMINE, place=survey.place)
    following = after(survey.state, SurveyAct.ACCEPT, survey.number)
    _charges_must_count(session, survey)
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


def change_key(
    session: Session,
    actor: Actor,
    survey_id: UUID,
    key: str | UUID,
    *,
    driver: str,
    industry_units: Decimal | None = None,
    public_units: Decimal | None = None,
    industry_share: Decimal | None = None,
    evidence: Mapping[str, Any] | None = None,
    now: datetime,
) -> tuple[CostSurvey, list[KeyEffect]]:
    """Change one allocation key of a draft; exactly the lines that use it change, and are returned before and after.

    ``key`` is its name or identity; without new evidence it keeps what it has.

    Raises:
        NotAllowed: the actor does not act for that institution.
        WrongState: the survey was filed already.
        NoSuchKey: the survey has no such key.
        KeyUnusable: the changed key cannot stand.
    """
    survey = queries.locked(session, survey_id)
    actor.must(Permission.COST_WRITE, org_id=survey.operating_institution_id, place=survey.place)
    survey.state = after(survey.state, SurveyAct.AMEND, survey.number)
    row = queries.key_of(survey, key)
    changed = Key(row.name, driver, industry_units, public_units, industry_share)
    effects = queries.preview_key(survey, changed)
    row.driver, row.direct_share = driver, industry_share
    row.industry_units, row.public_units = industry_units, public_units
    if evidence:
        row.evidence_sha256 = files.keep(session, now=now, **evidence)
    for line in survey.lines:
        if line.key is row:
            line.industry_share = queries.shown(changed.share)
    flag_modified(survey, "subsidy")  # the version also counts changes of the keys
    session.flush()
    detail = {"lines": [effect.position for effect in effects], "basis": changed.basis}
    audit.record(
        session, actor, "cost_survey.change_key", survey, at=now, note=f"{survey.number} {row.name}", detail=detail
    )
    return survey, effects


def draw_charges(session: Session, actor: Actor, survey_id: UUID, *, key: str = "", now: datetime) -> queries.Drawn:
    """Draw the charges of the survey's year into a draft as lines, each once, and take out those corrected since.

    ``key`` names the allocation key of the new lines; without one they count wholly for industry use until the
    institution says otherwise. Repeating it changes nothing.

    Raises:
        NotAllowed: the actor does not act for that institution.
        WrongState: the survey was filed already.
        NoSuchKey: the survey has no key of that name.
        NothingSurveyed: no line would be left.

    Source:
        CST-01, CST-02, CST-03.
    """
    survey = queries.locked(session, survey_id)
    actor.must(Permission.COST_WRITE, org_id=survey.operating_institution_id, place=survey.place)
    survey.state = after(survey.state, SurveyAct.AMEND, survey.number)
    row = queries.key_of(survey, key) if key else None
    standing = {one.id for one in charges.costs_of_year(session, survey.agreement_id, survey.year)}
    stale = [line for line in survey.lines if line.charge is not None and line.charge_id not in standing]
    removed = [line.charge.number for line in stale if line.charge is not None]
    for line in stale:
        survey.lines.remove(line)
    free, taken = queries.undrawn(session, survey)
    last = max((line.position for line in survey.lines), default=0)
    for position, charge in enumerate(free, start=last + 1):
        survey.lines.append(queries.line_of_charge(charge, row, position))
    survey.totals()  # a survey without a line is refused
    if free or stale:
        flag_modified(survey, "subsidy")
        session.flush()
    added = [charge.number for charge in free]
    detail = {"added": added, "removed": removed}
    audit.record(session, actor, "cost_survey.draw_charges", survey, at=now, note=survey.number, detail=detail)
    return queries.Drawn(survey, added, removed, taken)


def _charges_must_count(session: Session, survey: CostSurvey) -> None:
    """Refuse a survey with a charge that was corrected since, or that another accepted survey counts."""
    drawn = [line.charge for line in survey.lines if line.charge is not None]
    corrected = charges.corrected_numbers(session, [charge.id for charge in drawn])
    if corrected:
        raise ChargeCorrected(
            f"成本调查 {survey.number} 计入的费用 {'、'.join(corrected)} 已更正，请退回草稿后重新计入当年费用。",
            detail_en="Charges were corrected since: draw in the charges again.",
            rule="CST-02",
        )
    queries.must_be_free(session, drawn, but=survey.id)


def _read(
    session: Session,
    survey: CostSurvey,
    lines: Sequence[Mapping[str, Any]],
    keys: Sequence[Mapping[str, Any]],
    now: datetime,
    book: PolicyBook,
) -> tuple[list[AllocationKey], list[CostLine]]:
    """Return the rows that are to stand in the survey, checked as a whole; nothing but evidence is stored yet."""
    kept = [[_with_evidence(session, survey, given, now) for given in rows] for rows in (keys, lines)]
    made_keys, made_lines = queries.prepared(session, survey, *kept)
    policy = PricingPolicy.at(book, survey.place, business_date(now))
    must_be_named([line.category for line in made_lines], policy.require("cost_categories"))
    return made_keys, made_lines


def _with_evidence(session: Session, survey: CostSurvey, given: Mapping[str, Any], now: datetime) -> Mapping[str, Any]:
    """Keep the file that came with a row; of a file that came before, only the digest is sent again."""
    sha256 = given.get("evidence_sha256")
    if given.get("evidence"):
        sha256 = files.keep(session, now=now, **given["evidence"])
    elif sha256:
        queries.must_be_own_evidence(session, survey.operating_institution_id, sha256)
    return {**given, "evidence_sha256": sha256 or None}


def _not_a_line(survey: CostSurvey, index: int, position: int) -> DisallowanceUnusable:
    return DisallowanceUnusable(
        f"成本调查 {survey.number} 没有第 {position} 项，或该项重复、金额为零；请按项号逐项填写核减。",
        detail_en=f"No line {position} left to disallow.",
        rule="PRC-02",
        errors=[{"pointer": f"/disallowed/{index}/position", "code": DisallowanceUnusable.code, "message": "没有此项"}],
    )
