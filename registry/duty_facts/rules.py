"""Facts and policy values as the rules of duties see them; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from kernel.calendar import Period
from kernel.policy import Cited
from registry.parties.rules import Capacity


@dataclass(frozen=True, slots=True)
class SelfAssessed:
    """An own assessment in an evaluation of the authority: the period that it is about, and the day it came in."""

    period: Period
    on: date


def assessed_on(assessments: Sequence[SelfAssessed], period: Period) -> date | None:
    """Return the first day on which an own assessment over the whole of that period came in, or ``None``.

    Source:
        福田区公共数据授权运营暂行管理办法 (EVA-02).
    """
    days = [one.on for one in assessments if one.period.start <= period.start and period.end <= one.period.end]
    return min(days, default=None)


@dataclass(frozen=True, slots=True)
class AgreementFacts:
    """What the rules need to know of one signed agreement; ``end`` is the first day without authorization."""

    id: UUID
    number: str
    place: str
    authorizing_entity_id: UUID
    operating_institution_id: UUID
    start: date
    end: date
    signed_on: date
    filed_on: date | None = None
    in_operation: bool = True
    activated_on: date | None = None
    drills: tuple[date, ...] = ()
    selection_published_on: date | None = None
    self_assessments: tuple[SelfAssessed, ...] = ()


@dataclass(frozen=True, slots=True)
class PartyFacts:
    """One organisation that owes something by its capacity alone, while operation concerns it."""

    id: UUID
    place: str
    capacity: Capacity
    start: date
    end: date
    self_assessments: tuple[SelfAssessed, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanFacts:
    """One approved version of an implementation plan, which is to be filed with the province."""

    id: UUID
    title: str
    place: str
    institution_id: UUID
    approved_on: date
    filed_on: date | None = None


@dataclass(frozen=True, slots=True)
class TrainingFacts:
    """A passed training of somebody; ``renewed_on`` is the day of the next one of the same kind, if there was one."""

    record_id: UUID
    party_id: UUID
    place: str
    person: str
    passed_on: date
    renewed_on: date | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that duties are derived from."""

    agreements: tuple[AgreementFacts, ...] = ()
    parties: tuple[PartyFacts, ...] = ()
    trainings: tuple[TrainingFacts, ...] = ()
    plans: tuple[PlanFacts, ...] = ()


@dataclass(frozen=True, slots=True)
class DutyPolicy:
    """What one place says on the day on which duties are derived; ``None`` where it says nothing."""

    operating_report_due: Cited | None = None
    implementing_disclosure_due: Cited | None = None
    operating_disclosure_due: Cited | None = None
    authorization_months: Cited | None = None
    resource_use_months: Cited | None = None
    operation_status_months: Cited | None = None
    security_months: Cited | None = None
    security_grace_days: Cited | None = None
    operation_report_months: Cited | None = None
    operation_report_grace_days: Cited | None = None
    self_evaluation_months: Cited | None = None
    drill_months: Cited | None = None
    training_validity: Cited | None = None
    selection_result_required: Cited | None = None
    agreement_filing_required: Cited | None = None
    plan_filing_required: Cited | None = None
