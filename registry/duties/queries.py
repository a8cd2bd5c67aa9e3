"""Which duties stand against whom on a day, and what was handed in for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.calendar import Period, business_date
from kernel.errors import NotFound
from kernel.identity import ROLES_OF, WATCHERS, Actor, Permission
from kernel.policy import PolicyBook
from registry.accounts.model import Account
from registry.accounts.rules import AccountState
from registry.agreements.model import Agreement, AgreementResource
from registry.agreements.rules import AgreementState
from registry.duties.model import DutyFiling
from registry.duty_facts.rules import (
    AgreementFacts,
    DutyPolicy,
    Facts,
    PartyFacts,
    PlanFacts,
    SelfAssessed,
    TrainingFacts,
)
from registry.emergency.model import EmergencyDrill
from registry.evaluations.model import Evaluation
from registry.evaluations.rules import EvaluationKind
from registry.obligations.rules import KINDS, DutyKind, DutyState, Obligation, obligations
from registry.parties import queries as parties
from registry.parties.model import Party
from registry.parties.rules import Capacity
from registry.plans.model import Plan, PlanVersion
from registry.policy import RegistryPolicy
from registry.resources.model import Resource
from registry.selections.model import Selection
from registry.training.model import TrainingRecord


class NoSuchDuty(NotFound):
    """The rules put no such duty on anybody today, or the actor may not know of it."""

    code = "duty.not_found"


@dataclass(frozen=True, slots=True)
class Duty:
    """One obligation with the organisation that owes it, what was handed in (the latest last), and how it stands."""

    obligation: Obligation
    party: Party
    filings: tuple[DutyFiling, ...]
    state: DutyState

    @property
    def key(self) -> str:
        """The name of the duty."""
        return self.obligation.key

    @property
    def title(self) -> str:
        """What has to be done, in words."""
        return KINDS[self.obligation.kind].title

    @property
    def rule(self) -> str:
        """The rule behind it."""
        return KINDS[self.obligation.kind].rule

    @property
    def owed_by(self) -> Capacity:
        """The capacity in which it is owed: a source department evaluates itself as such."""
        if self.obligation.kind is DutyKind.SELF_EVALUATION and self.obligation.agreement_id is None:
            return Capacity.SOURCE_DEPARTMENT
        return KINDS[self.obligation.kind].owed_by

    @property
    def latest(self) -> DutyFiling | None:
        """What counts of the things handed in."""
        return self.filings[-1] if self.filings else None


def policy_of(book: PolicyBook, place: str, on: date) -> DutyPolicy:
    """Return what the rules of a place say about duties on a day; the days of DIS-01 are a rule of pricing."""
    part = RegistryPolicy.at(book, place, on)
    return DutyPolicy(
        operating_report_due=book.get(place, "pricing.report_due", on=on),
        implementing_disclosure_due=part.disclosure_implementing_institution_due,
        operating_disclosure_due=part.disclosure_operating_institution_due,
        authorization_months=part.disclosure_authorization_months,
        resource_use_months=part.disclosure_resource_use_months,
        operation_status_months=part.disclosure_operation_status_months,
        security_months=part.report_security_months,
        security_grace_days=part.report_security_grace_days,
        operation_report_months=part.report_annual_operation_months,
        operation_report_grace_days=part.report_annual_operation_grace_days,
        self_evaluation_months=part.report_self_evaluation_months,
        drill_months=part.emergency_drill_months_max,
        training_validity=part.training_validity_months,
        selection_result_required=part.disclosure_selection_result_required,
        agreement_filing_required=part.agreement_filing_required,
        plan_filing_required=part.plan_filing_required,
    )


def facts_of(session: Session, places: Sequence[str]) -> Facts:
    """Return what duties at these places are derived from: agreements, drills, departments, agencies, trainings."""
    query = sa.select(Agreement).where(Agreement.place.in_(places), Agreement.signed_at.is_not(None))
    signed = session.scalars(query.order_by(Agreement.id)).all()
    drills = _drills(session, places)
    told, published = _self_assessments(session, places), _published_selections(session, places)
    agreements = tuple(
        _facts_of_agreement(
            found, tuple(drills.get(found.id, ())), published.get(found.selection_id),
            tuple(told.get((EvaluationKind.OPERATOR, found.operating_institution_id, found.place, found.id), ())),
        )
        for found in signed
    )  # fmt: skip
    operating = [found for found in agreements if found.in_operation]
    departments = _departments(session, operating, told)
    return Facts(
        agreements, (*departments, *_agencies(session, operating)), _trainings(session, places), _plans(session, places)
    )


Told = dict[tuple[EvaluationKind, UUID, str, UUID | None], list[SelfAssessed]]


def _self_assessments(session: Session, places: Sequence[str]) -> Told:
    """Return what evaluated organisations said of themselves, by kind, organisation, place and agreement (EVA-02)."""
    query = sa.select(Evaluation).where(Evaluation.place.in_(places), Evaluation.self_assessed_at.is_not(None))
    found: Told = {}
    for one in session.scalars(query.order_by(Evaluation.id)):
        assert one.self_assessed_at is not None
        said = SelfAssessed(Period(one.period_start, one.period_end), business_date(one.self_assessed_at))
        found.setdefault((one.kind, one.party_id, one.place, one.agreement_id), []).append(said)
    return found


def _published_selections(session: Session, places: Sequence[str]) -> dict[UUID | None, date]:
    query = sa.select(Selection.id, Selection.published_on).where(
        Selection.place.in_(places), Selection.published_on.is_not(None)
    )
    return {selection_id: day for selection_id, day in session.execute(query) if day is not None}


def _plans(session: Session, places: Sequence[str]) -> tuple[PlanFacts, ...]:
    """Return every approved version of the plans of these places."""
    query = (
        sa.select(PlanVersion, Plan)
        .join(Plan, Plan.id == PlanVersion.plan_id)
        .where(Plan.place.in_(places), PlanVersion.approved_at.is_not(None))
        .order_by(PlanVersion.id)
    )
    return tuple(
        PlanFacts(
            version.id, f"{plan.number} v{version.number}", plan.place, plan.implementing_institution_id,
            business_date(version.approved_at), business_date(version.filed_at) if version.filed_at else None,
        )
        for version, plan in session.execute(query)
        if version.approved_at is not None
    )  # fmt: skip


def _drills(session: Session, places: Sequence[str]) -> dict[UUID, list[date]]:
    query = sa.select(EmergencyDrill.agreement_id, EmergencyDrill.held_on).join(
        Agreement, Agreement.id == EmergencyDrill.agreement_id
    )
    found: dict[UUID, list[date]] = {}
    for agreement_id, held_on in session.execute(query.where(Agreement.place.in_(places))):
        found.setdefault(agreement_id, []).append(held_on)
    return found


def _trainings(session: Session, places: Sequence[str]) -> tuple[TrainingFacts, ...]:
    """Return the passed trainings of active people, each with the day of the next one of the same kind."""
    query = (
        sa.select(TrainingRecord, Account)
        .join(Account, Account.id == TrainingRecord.account_id)
        .where(TrainingRecord.place.in_(places), TrainingRecord.passed, Account.state == AccountState.ACTIVE)
        .where(Account.party_id.is_not(None))
        .order_by(TrainingRecord.trained_on.desc(), TrainingRecord.id.desc())
    )
    found: list[TrainingFacts] = []
    later: dict[tuple[UUID, str, str], date] = {}
    for record, account in session.execute(query):
        assert account.party_id is not None
        which = (account.id, record.place, record.role_kind.value)
        found.append(
            TrainingFacts(record.id, account.party_id, record.place, account.name, record.trained_on, later.get(which))
        )
        later[which] = record.trained_on
    return tuple(found)


def _facts_of_agreement(
    agreement: Agreement, drills: tuple[date, ...], published_on: date | None, told: tuple[SelfAssessed, ...]
) -> AgreementFacts:
    assert agreement.signed_at is not None
    start = min(day for day in (agreement.trial_start, agreement.term_start) if day is not None)
    end = agreement.term_end
    if agreement.state is AgreementState.TERMINATED and agreement.ended_at is not None:
        end = min(end, business_date(agreement.ended_at))
    return AgreementFacts(
        id=agreement.id, number=agreement.number, place=agreement.place,
        authorizing_entity_id=agreement.authorizing_entity_id,
        operating_institution_id=agreement.operating_institution_id, start=start, end=end,
        signed_on=business_date(agreement.signed_at),
        filed_on=business_date(agreement.filed_at) if agreement.filed_at else None,
        in_operation=agreement.activated_at is not None and start < end, drills=drills,
        activated_on=business_date(agreement.activated_at) if agreement.activated_at else None,
        selection_published_on=published_on, self_assessments=told,
    )  # fmt: skip


def _departments(session: Session, operating: Sequence[AgreementFacts], told: Told) -> list[PartyFacts]:
    """Return the source departments whose resources are in operation, each from its first day on.

    What one said of itself in an evaluation under one agreement counts for it only if that is its only agreement.
    """
    spans = {found.id: found for found in operating}
    query = (
        sa.select(Resource.source_department_id, AgreementResource.agreement_id)
        .join(AgreementResource, AgreementResource.resource_id == Resource.id)
        .where(AgreementResource.agreement_id.in_(spans))
        .distinct()
    )
    rows = [(party, spans[agreement]) for party, agreement in session.execute(query)]
    found = _joined(((party, agreement.place, Capacity.SOURCE_DEPARTMENT), agreement) for party, agreement in rows)
    return [replace(one, self_assessments=_told_by(one, rows, told)) for one in found]


def _told_by(
    department: PartyFacts, rows: Sequence[tuple[UUID, AgreementFacts]], told: Told
) -> tuple[SelfAssessed, ...]:
    kind, party, place = EvaluationKind.SOURCE_DEPARTMENT, department.id, department.place
    under = [agreement.id for of, agreement in rows if of == party and agreement.place == place]
    said = list(told.get((kind, party, place, None), ()))
    if len(under) == 1:
        said += told.get((kind, party, place, under[0]), ())
    return tuple(said)


def _agencies(session: Session, operating: Sequence[AgreementFacts]) -> list[PartyFacts]:
    capacity = Capacity.MUNICIPAL_DATA_AGENCY
    of_place = {place: parties.having(session, capacity, place) for place in {found.place for found in operating}}
    return _joined(((party.id, found.place, capacity), found) for found in operating for party in of_place[found.place])


def _joined(found: Iterable[tuple[tuple[UUID, str, Capacity], AgreementFacts]]) -> list[PartyFacts]:
    spans: dict[tuple[UUID, str, Capacity], tuple[date, date]] = {}
    for key, agreement in found:
        start, end = spans.get(key, (agreement.start, agreement.end))
        spans[key] = (min(start, agreement.start), max(end, agreement.end))
    return [PartyFacts(*key, start=start, end=end) for key, (start, end) in sorted(spans.items(), key=str)]


def all_at(session: Session, places: Sequence[str], *, book: PolicyBook, on: date) -> list[Duty]:
    """Return every duty at these places, the earliest due first, with filings and state."""
    policies = {place: policy_of(book, place, on) for place in places}
    owed = obligations(facts_of(session, places), policies, on)
    query = sa.select(DutyFiling).where(DutyFiling.place.in_(places)).order_by(DutyFiling.filed_at, DutyFiling.id)
    filings: dict[str, list[DutyFiling]] = {}
    for filing in session.scalars(query):
        filings.setdefault(filing.duty_key, []).append(filing)
    named = session.scalars(sa.select(Party).where(Party.id.in_({duty.party_id for duty in owed})))
    names = {party.id: party for party in named}
    return [_duty(duty, names[duty.party_id], tuple(filings.get(duty.key, ())), on) for duty in owed]


def _duty(obligation: Obligation, party: Party, filings: tuple[DutyFiling, ...], on: date) -> Duty:
    first = filings[0].filed_on if filings else None
    return Duty(obligation, party, filings, obligation.state(on, first))


def listed(
    session: Session,
    actor: Actor,
    *,
    book: PolicyBook,
    on: date,
    place: str | None = None,
    state: DutyState | None = None,
    party_id: UUID | None = None,
) -> list[Duty]:
    """Return the duties within the actor's scope, the earliest due first.

    People of an organisation see what it owes; authorities, finance and auditors what is owed at their places.
    """
    reached = actor.places()
    wanted = [key for key in book.places() if (reached is None or key in reached) and place in (None, key)]
    return [
        duty
        for duty in all_at(session, wanted, book=book, on=on)
        if may_see(actor, duty.obligation.place, duty.party.id)
        and state in (None, duty.state)
        and party_id in (None, duty.party.id)
    ]


def may_see(actor: Actor, place: str, party_id: UUID) -> bool:
    """Say whether the actor may know of what this organisation owes there."""
    return any(
        grant.role in ROLES_OF[Permission.DUTY_READ]
        and grant.covers(org_id=None if grant.role in WATCHERS else party_id, place=place)
        for grant in actor.grants
    )


def visible(session: Session, actor: Actor, key: str, *, book: PolicyBook, on: date) -> Duty:
    """Return the duty of that name.

    Raises:
        NoSuchDuty: there is none today, or none that the actor may know of.
    """
    for duty in listed(session, actor, book=book, on=on):
        if duty.key == key:
            return duty
    raise NoSuchDuty(f"今日没有编号为 {key[:80]} 的法定义务，或不在您的职责范围内", detail_en="No such duty today.")


def find(session: Session, key: str, *, book: PolicyBook, on: date) -> Duty:
    """Return the duty of that name, whoever asks.

    Raises:
        NoSuchDuty: the rules demand nothing of that name today.
    """
    for duty in all_at(session, book.places(), book=book, on=on):
        if duty.key == key:
            return duty
    raise NoSuchDuty(f"今日没有编号为 {key[:80]} 的法定义务", detail_en="No such duty today.")


def overdue_of(session: Session, party_id: UUID, place: str, *, book: PolicyBook, on: date) -> list[Duty]:
    """Return the overdue duties of one organisation at a place: what to look at before it is authorized again."""
    found = all_at(session, [place], book=book, on=on)
    return [duty for duty in found if duty.party.id == party_id and duty.state is DutyState.OVERDUE]


def refreshed(session: Session, duty: Duty) -> Duty:
    """Return the duty with what was handed in by now; ask it after a lock."""
    query = sa.select(DutyFiling).where(DutyFiling.duty_key == duty.key).order_by(DutyFiling.filed_at, DutyFiling.id)
    found = session.scalars(query.execution_options(populate_existing=True)).all()
    return Duty(duty.obligation, duty.party, tuple(found), duty.state)
