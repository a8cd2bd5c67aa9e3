"""What the operator and the authority do while an agreement is suspended."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from kernel import audit, files
from kernel.calendar import business_date
from kernel.identity import Actor, Permission
from kernel.policy import PolicyBook
from registry.agreements import queries as agreements
from registry.agreements.commands import confirmed
from registry.agreements.model import Agreement
from registry.agreements.rules import (
    AgreementEvent,
    AgreementState,
    after,
    check_coordination,
    check_second_person,
)
from registry.policy import RegistryPolicy
from registry.suspensions import queries
from registry.suspensions.model import CorrectionFinding, CorrectionReport, PartialEnd
from registry.suspensions.rules import (
    FindingGiven,
    PartClosed,
    check_part,
    check_part_may_end,
    check_restorable,
)


def report_correction(
    session: Session,
    actor: Actor,
    agreement_id: UUID,
    *,
    text: str,
    content: bytes,
    name: str,
    media_type: str,
    now: datetime,
) -> CorrectionReport:
    """Report for the operating institution what was corrected, with the evidence (ACC-01).

    Raises:
        NotAllowed: the actor does not act for the operating institution.
        NoSuchAgreement: there is none.
        NotSuspended: there is nothing to correct.
        FileRefused: the evidence is empty or too large.
    """
    agreement = agreements.get(session, agreement_id, lock=True)
    actor.must(Permission.DUTY_FILE, org_id=agreement.operating_institution_id, place=agreement.place)
    queries.due_of(agreement)
    report = CorrectionReport(
        agreement_id=agreement.id, suspended_at=agreement.suspended_at, text=text,
        evidence_sha256=files.keep(session, content, name=name, media_type=media_type, now=now), reported_at=now,
        reported_by=actor.id, reporter_name=actor.name,
    )  # fmt: skip
    session.add(report)
    session.flush()
    audit.record(session, actor, "agreement.report_correction", agreement, at=now, note=report.evidence_sha256)
    return report


def reject_correction(
    session: Session, actor: Actor, agreement_id: UUID, report_id: UUID, *, reason: str, now: datetime
) -> CorrectionReport:
    """Find a reported correction insufficient: the operator may report anew while the period runs.

    Raises:
        NotAllowed: the actor does not write agreements there.
        NoSuchAgreement: there is none.
        NotSuspended: the agreement is not suspended any more.
        NoSuchReport: the agreement has no such report.
        FindingGiven: it was answered already.
    """
    agreement = agreements.governed(session, actor, agreement_id)
    queries.due_of(agreement)
    report = queries.report(session, agreement.id, report_id)
    if report.finding is not None or report.suspended_at != agreement.suspended_at:
        raise FindingGiven(
            "这份整改报告已经答复，或属于先前的暂停", detail_en="It was answered already.", rule="ACC-01"
        )
    session.add(
        CorrectionFinding(
            report_id=report.id, reason=reason, found_at=now, found_by=actor.id, finder_name=actor.name
        )
    )  # fmt: skip
    agreement.pending_event = agreement.pending_by = None  # a restoration asked for before rests on this report
    audit.record(session, actor, "agreement.reject_correction", agreement, at=now, note=reason)
    return report


def restore(session: Session, actor: Actor, agreement_id: UUID, *, now: datetime) -> Agreement:
    """Open a suspended agreement again: the first person asks, a second one confirms (ACC-01).

    Raises:
        NotAllowed: the actor does not write agreements there.
        NoSuchAgreement: there is none.
        WrongState: it is not suspended.
        CorrectionMissing: the operator has not reported its correction.
        SecondPersonNeeded: the same person asked before.
    """
    agreement = agreements.governed(session, actor, agreement_id)
    restored = after(agreement.state, AgreementEvent.RESTORE)
    check_restorable(agreement.number, queries.state_of(session, agreement, business_date(now)))
    if confirmed(session, actor, agreement, AgreementEvent.RESTORE, now=now):
        _lift(agreement, restored)
        audit.record(session, actor, "agreement.restore", agreement, at=now)
    return agreement


def ask_end_of_part(
    session: Session,
    actor: Actor,
    agreement_id: UUID,
    *,
    resource_ids: Collection[UUID],
    reason: str,
    now: datetime,
    book: PolicyBook,
    coordination_record: str | None = None,
) -> PartialEnd:
    """Ask that the authorization of the affected data end, for they were not corrected in time; a second one confirms.

    Raises:
        NotAllowed: the actor does not write agreements there.
        NoSuchAgreement: there is none.
        NotSuspended: the agreement is not suspended.
        CorrectionStillOpen: the period runs, or a report in time waits for its answer.
        PartRefused: a resource is not in scope any more, or nothing would be left.
        CoordinationMissing: the decision of the coordination mechanism is not named where one is needed (AGR-05).
    """
    agreement = agreements.governed(session, actor, agreement_id)
    today = business_date(now)
    check_part_may_end(agreement.number, queries.state_of(session, agreement, today), queries.due_of(agreement))
    check_part(agreement.number, _standing(session, agreement, today), resource_ids)
    demanded = RegistryPolicy.at(book, agreement.place, today).agreement_coordination_required
    part = PartialEnd(
        agreement_id=agreement.id, suspended_at=agreement.suspended_at,
        resource_ids=sorted(str(found) for found in set(resource_ids)), reason=reason,
        coordination_record=check_coordination(coordination_record, demanded), asked_at=now, asked_by=actor.id,
    )  # fmt: skip
    session.add(part)
    session.flush()
    audit.record(session, actor, "agreement.ask_end_part", agreement, at=now, note=reason)
    return part


def confirm_end_of_part(
    session: Session, actor: Actor, agreement_id: UUID, part_id: UUID, *, now: datetime
) -> Agreement:
    """Confirm that the authorization of these data ends today; the rest of the agreement goes on (ACC-01).

    Raises:
        NotAllowed: the actor does not write agreements there.
        NoSuchAgreement: there is none.
        NoSuchPart: nobody asked for that.
        PartClosed: it was confirmed, or belongs to an earlier suspension.
        WrongState: the agreement is not suspended.
        SecondPersonNeeded: the same person asked.
        CorrectionStillOpen: a report that came in time waits for its answer.
        PartRefused: a resource is not in scope any more.
    """
    agreement = agreements.governed(session, actor, agreement_id)
    part = queries.part(session, agreement.id, part_id)
    going_on = after(agreement.state, AgreementEvent.END_PART)
    if part.confirmed_at is not None or part.suspended_at != agreement.suspended_at:
        raise PartClosed("这项申请已经办结，或属于先前的暂停", detail_en="It is closed.", rule="ACC-01")
    check_second_person(agreement.number, part.asked_by, actor.id)
    today = business_date(now)
    check_part_may_end(agreement.number, queries.state_of(session, agreement, today), queries.due_of(agreement))
    ending = {UUID(found) for found in part.resource_ids}
    check_part(agreement.number, _standing(session, agreement, today), ending)
    for entry in agreements.entries(session, agreement.id, lock=True):
        if entry.resource_id in ending:
            entry.ended_on, entry.ended_reason = today, part.reason
    part.confirmed_at, part.confirmed_by = now, actor.id
    _lift(agreement, going_on)
    audit.record(
        session, actor, "agreement.end_part", agreement, at=now, note=part.reason,
        detail={"resources": part.resource_ids},
    )  # fmt: skip
    return agreement


def _standing(session: Session, agreement: Agreement, on: date) -> set[UUID]:
    return {entry.resource_id for entry in agreements.entries(session, agreement.id, lock=True) if entry.counts(on)}


def _lift(agreement: Agreement, state: AgreementState) -> None:
    agreement.state = state
    agreement.suspended_at = agreement.suspension_reason = agreement.correction_due = None
    agreement.pending_event = agreement.pending_by = None
