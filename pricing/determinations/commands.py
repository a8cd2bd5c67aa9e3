"""Applying for, assessing, proposing and confirming a permitted revenue; every act is kept as a step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from kernel import audit, files, numbering
from kernel.calendar import business_date
from kernel.errors import Conflict, Invalid
from kernel.identity import Actor, Permission
from kernel.money import Money
from kernel.policy import PolicyBook
from pricing.ceilings import commands as ceilings
from pricing.ceilings.rules import CAP_ARTICLE
from pricing.costs import queries as costs
from pricing.determinations import queries
from pricing.determinations.model import Determination, DeterminationStep, Proposal, ProposalDecision
from pricing.determinations.rules import (
    RULE,
    DeterminationEvent,
    DeterminationState,
    Proposed,
    after,
    check_delegation,
    check_digest,
    check_not_operator,
    check_persons,
    check_ready,
    deducted,
)
from registry.accounts.queries import accounts_behind
from registry.agreements import queries as agreements


class UnderWay(Conflict):
    """An application for that year waits."""

    code = "determination.under_way"


class ApplicationUnusable(Invalid):
    """An application for a year that is over, or from a first sale that has not been."""

    code = "determination.application_unusable"


class SurveyOfAnother(Invalid):
    """Of another agreement."""

    code = "determination.survey_of_another"


def apply(
    session: Session,
    actor: Actor,
    *,
    agreement_id: UUID,
    year: int,
    first_sale_date: date,
    reference: str,
    statement: str,
    evidence: Mapping[str, Any] | None = None,
    now: datetime,
) -> Determination:
    """File the written application (书面申请) of the authorizing entity for the fee standards of a year.

    ``year`` is this or a later accounting year, ``first_sale_date`` the day since when the operator charges,
    ``reference`` the number of the application, ``evidence`` its file (name, media_type, content).

    Raises:
        NotAllowed: the actor does not act for the authorizing entity.
        OperatorExcluded: the actor belongs to the operating institution.
        ApplicationUnusable: the year is over, or the first sale lies ahead.
        UnderWay: an application for that year waits already.

    Source:
        PRC-03, PRC-06; 发改价格〔2025〕65号, 二.
    """
    agreement = agreements.get(session, agreement_id)
    actor.must(Permission.CEILING_APPLY, org_id=agreement.authorizing_entity_id, place=agreement.place)
    check_not_operator(agreement.number, actor.org_id, agreement.operating_institution_id)
    today = business_date(now)
    _must_be_usable(year, first_sale_date, today)
    made = Determination(
        number=numbering.number(session, "DETM", today), place=agreement.place, agreement_id=agreement.id,
        authorizing_entity_id=agreement.authorizing_entity_id, year=year, first_sale_date=first_sale_date,
        operating_institution_id=agreement.operating_institution_id, state=DeterminationState.APPLIED,
        reference=reference, statement=statement, applied_by=_identified(actor), applied_at=now, steps=[], proposals=[],
        evidence_sha256=files.keep(session, now=now, **evidence) if evidence else None,
    )  # fmt: skip
    session.add(made)
    number = agreement.number
    try:
        session.flush()
    except IntegrityError as error:
        if "pricing_determination" not in str(error.orig):
            raise
        raise UnderWay(
            f"协议 {number} 的 {year} 年定价申请正在办理，请先办结或撤回。", rule=RULE, article=CAP_ARTICLE
        ) from error
    _note(session, actor, made, None, statement, now)
    audit.record(session, actor, "determination.apply", made, at=now, note=reference)
    return made


def amend(
    session: Session,
    actor: Actor,
    determination_id: UUID,
    *,
    first_sale_date: date,
    reference: str,
    statement: str,
    evidence: Mapping[str, Any] | None = None,
    now: datetime,
) -> Determination:
    """File a returned application again, corrected.

    Raises:
        NotAllowed: the actor does not act for the authorizing entity.
        WrongState: it was not returned.
        ApplicationUnusable: the first sale lies ahead.
    """
    found = _opened(session, actor, determination_id, Permission.CEILING_APPLY)
    following = after(found.state, DeterminationEvent.AMEND, found.number)
    _must_be_usable(found.year, first_sale_date, business_date(now))
    found.first_sale_date, found.reference, found.statement = first_sale_date, reference, statement
    if evidence:
        found.evidence_sha256 = files.keep(session, now=now, **evidence)
    found.applied_by = _identified(actor)
    found.state = following
    _note(session, actor, found, DeterminationEvent.AMEND, statement, now)
    audit.record(session, actor, "determination.amend", found, at=now, note=reference)
    return found


def withdraw(session: Session, actor: Actor, determination_id: UUID, *, note: str, now: datetime) -> Determination:
    """Withdraw an application before it is proposed on.

    Raises:
        NotAllowed, WrongState: not for the authorizing entity, or too late.
    """
    found = _opened(session, actor, determination_id, Permission.CEILING_APPLY)
    _move(session, actor, found, DeterminationEvent.WITHDRAW, note, now)
    audit.record(session, actor, "determination.withdraw", found, at=now, note=note)
    return found


def send_back(session: Session, actor: Actor, determination_id: UUID, *, note: str, now: datetime) -> Determination:
    """Return an application for completion, saying what is missing.

    Raises:
        NotAllowed, OperatorExcluded: the actor is no price officer of the place, or of the operator.
        WrongState: it does not wait for an assessment.
    """
    found = _opened(session, actor, determination_id, Permission.CEILING_DETERMINE)
    _move(session, actor, found, DeterminationEvent.RETURN, note, now)
    audit.record(session, actor, "determination.send_back", found, at=now, note=note)
    return found


def assess(
    session: Session, actor: Actor, determination_id: UUID, *, is_ready: bool, note: str, now: datetime
) -> Determination:
    """Decide whether there is a basis for pricing (评估定价基础): a complete operating year, and sound accounts.

    Raises:
        NotAllowed: the actor is no price officer of the place.
        OperatorExcluded: the actor belongs to the operating institution.
        WrongState: it does not wait for an assessment.
        NotReady: it is to be found ready, and no complete accounting year is over.

    Source:
        PRC-03, PRC-06; 发改价格〔2025〕65号, 二: 评估具备定价基础后，按上述程序制定.
    """
    found = _opened(session, actor, determination_id, Permission.CEILING_DETERMINE)
    if is_ready:
        check_ready(found.first_sale_date, business_date(now), found.number)
    event = DeterminationEvent.ASSESS if is_ready else DeterminationEvent.REFUSE
    _move(session, actor, found, event, note, now)
    audit.record(session, actor, "determination.assess", found, at=now, note=note, detail={"is_ready": is_ready})
    return found


def propose(
    session: Session,
    actor: Actor,
    determination_id: UUID,
    *,
    survey_id: UUID,
    margin: Decimal,
    tax_lines: Sequence[Mapping[str, Any]],
    jointly_with: str,
    authority_level: str,
    delegation: str = "",
    bond_yield: Decimal | None = None,
    bond_yield_source: str = "",
    clawback: Money | None = None,
    clawback_reason: str = "",
    due: tuple[Money, str] | None = None,
    now: datetime,
    book: PolicyBook,
) -> Proposal:
    """Propose the permitted revenue (拟定) from an accepted survey; it counts only when a second person confirms it.

    Beside the terms of :func:`pricing.ceilings.queries.prepared`: ``jointly_with`` names the data department,
    ``delegation`` the document by which the province authorized a prefecture; ``clawback`` of None deducts what is due
    from the last cycle, which is ``due`` or, for None, what the assessments of the cycle say.

    Raises:
        NotAllowed, OperatorExcluded: the actor is no price officer of the place, or of the operator.
        WrongState, SurveyOfAnother, SurveyNotAccepted: not found ready, or no accepted survey of the agreement.
        DelegationMissing, DeductionMissing: no authorization is named, or less is deducted than is due.
        RateAboveCap, PolicyGap: the margin is too large, or nobody names the yield.

    Source:
        PRC-02, PRC-03; 发改价格〔2025〕65号, 二, 三（一）, 四.
    """
    found = _opened(session, actor, determination_id, Permission.CEILING_DETERMINE)
    following = after(found.state, DeterminationEvent.PROPOSE, found.number)
    check_delegation(authority_level, delegation)
    survey = costs.locked(session, survey_id)
    if survey.agreement_id != found.agreement_id:
        raise SurveyOfAnother(
            f"成本调查 {survey.number} 不属于 {found.number} 的协议，请选择该协议已认定的成本调查。",
            rule="PRC-02",
            errors=[{"pointer": "/survey_id", "code": SurveyOfAnother.code, "message": "不是本协议的成本调查"}],
        )
    owed, cycle = queries.deduction(session, found.agreement_id, found.year) if due is None else due
    amount, reason = deducted(owed, cycle, clawback, clawback_reason)
    terms = Proposed(
        margin, tuple(tax_lines), jointly_with, bond_yield, bond_yield_source, amount, reason, authority_level,
        delegation,
    )  # fmt: skip
    made = queries.prepared(found, survey, terms, now=now, book=book)
    made.round_number = len(found.proposals) + 1
    made.proposed_by, made.proposed_by_name = _identified(actor), actor.name
    session.add(made)
    found.state = following
    _note(session, actor, found, DeterminationEvent.PROPOSE, made.max_permitted_revenue.text(), now)
    detail = {"sha256": made.sha256, "max_permitted_revenue": made.max_permitted_revenue.text()}
    audit.record(session, actor, "determination.propose", found, at=now, note=found.number, detail=detail)
    return made


def confirm(
    session: Session,
    actor: Actor,
    determination_id: UUID,
    *,
    sha256: str,
    note: str = "",
    now: datetime,
    book: PolicyBook,
) -> Determination:
    """Confirm the waiting proposal as a second person: only now is there a permitted revenue.

    The actor is of the price or data department of the place, has neither applied nor proposed, is never of the
    operator, and names in ``sha256`` exactly the proposal that was read.

    Raises:
        NotAllowed: the actor confirms nothing at that place.
        OperatorExcluded: the actor belongs to the operating institution.
        SecondPersonNeeded: the actor applied or proposed.
        WrongState: no proposal waits.
        OtherProposal: another text was read.
        ProposalOutdated: survey or rules say something else by now.

    Source:
        PRC-03; 发改价格〔2025〕65号, 二: 由发展改革部门会同数据管理部门核定.
    """
    found, proposal, following = _to_decide(session, actor, determination_id, DeterminationEvent.CONFIRM, sha256)
    terms = proposal.proposed
    ceiling = ceilings.determine_confirmed(
        session, actor, survey_id=proposal.survey_id, year=found.year, proposed=proposal.inputs, now=now, book=book,
        decision={
            "procedure": found.number, "procedure_id": str(found.id), "proposed_by": proposal.proposed_by_name,
            "confirmed_by": actor.name, "proposal_sha256": proposal.sha256, "jointly_with": terms.jointly_with,
            "delegation": terms.delegation,
        },
        **terms.given(),
    )  # fmt: skip
    _decide(session, actor, proposal, note, now, ceiling_id=ceiling.id)
    found.state = following
    _note(session, actor, found, DeterminationEvent.CONFIRM, ceiling.number, now)
    audit.record(session, actor, "determination.confirm", found, at=now, note=found.number, detail={"sha256": sha256})
    return found


def reject(
    session: Session, actor: Actor, determination_id: UUID, *, sha256: str, note: str, now: datetime
) -> Determination:
    """Reject the waiting proposal as a second person; another one can be made.

    Raises:
        NotAllowed, OperatorExcluded, SecondPersonNeeded: the actor may not decide.
        WrongState: no proposal waits.
        OtherProposal: another text was read.
    """
    found, proposal, following = _to_decide(session, actor, determination_id, DeterminationEvent.REJECT, sha256)
    _decide(session, actor, proposal, note, now)
    found.state = following
    _note(session, actor, found, DeterminationEvent.REJECT, note, now)
    audit.record(session, actor, "determination.reject", found, at=now, note=note, detail={"sha256": sha256})
    return found


def carry_on(
    session: Session, actor: Actor, determination_id: UUID, event: DeterminationEvent, *, note: str, now: datetime
) -> Determination:
    """Note that caps were planned, dropped or reported under a determination; the plan's command asks who may.

    Raises:
        NoSuchDetermination: there is none.
        WrongState: nothing is determined yet.
    """
    found = queries.locked(session, determination_id)
    _move(session, actor, found, event, note, now)
    audit.record(session, actor, f"determination.{event.value}", found, at=now, note=note)
    return found


def _to_decide(
    session: Session, actor: Actor, determination_id: UUID, event: DeterminationEvent, sha256: str
) -> tuple[Determination, Proposal, DeterminationState]:
    found = _opened(session, actor, determination_id, Permission.CEILING_CONFIRM)
    following = after(found.state, event, found.number)
    proposal = queries.waiting(found)
    check_persons(found.number, actor.id, accounts_behind(session, found.applied_by, proposal.proposed_by))
    check_digest(found.number, sha256, proposal.sha256)
    return found, proposal, following


def _decide(
    session: Session, actor: Actor, proposal: Proposal, reason: str, now: datetime, ceiling_id: UUID | None = None
) -> None:
    made = ProposalDecision(
        proposal_id=proposal.id, is_confirmed=ceiling_id is not None, sha256=proposal.sha256, reason=reason,
        ceiling_id=ceiling_id, proposed_by=proposal.proposed_by, decided_by=_identified(actor),
        decided_by_name=actor.name, decided_at=now,
    )  # fmt: skip
    session.add(made)


def _opened(session: Session, actor: Actor, determination_id: UUID, permission: Permission) -> Determination:
    found = queries.locked(session, determination_id)
    own = found.authorizing_entity_id if permission is Permission.CEILING_APPLY else None
    actor.must(permission, org_id=own, place=found.place)
    check_not_operator(found.number, actor.org_id, found.operating_institution_id)
    return found


def _move(
    session: Session, actor: Actor, found: Determination, event: DeterminationEvent, note: str, now: datetime
) -> None:
    found.state = after(found.state, event, found.number)
    _note(session, actor, found, event, note, now)


def _note(
    session: Session, actor: Actor, found: Determination, event: DeterminationEvent | None, note: str, now: datetime
) -> None:
    session.add(
        DeterminationStep(
            determination_id=found.id, position=len(found.steps) + 1, event=event, state=found.state, note=note,
            actor_id=_identified(actor), actor_name=actor.name, at=now,
        )
    )  # fmt: skip
    flag_modified(found, "state")  # the version also counts what was only noted
    session.flush()
    session.refresh(found, ["steps", "proposals"])


def _must_be_usable(year: int, first_sale_date: date, today: date) -> None:
    if year >= today.year and first_sale_date <= today:
        return
    pointer, words = "/first_sale_date", f"首次收费日 {first_sale_date} 晚于今日"
    if year < today.year:
        pointer, words = "/year", f"{year} 年已经结束，最高准许收入须在适用年度之前或之中核定"
    raise ApplicationUnusable(
        f"{words}。", rule="PRC-06", article=CAP_ARTICLE,
        errors=[{"pointer": pointer, "code": ApplicationUnusable.code, "message": words}],
    )  # fmt: skip


def _identified(actor: Actor) -> UUID:
    assert actor.id is not None  # nobody without an account holds a permission
    return actor.id
