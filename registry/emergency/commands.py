"""Adopting emergency plans and recording drills."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from kernel import audit, files
from kernel.calendar import business_date
from kernel.identity import Actor, Permission
from registry.agreements import commands as agreement_commands
from registry.agreements import queries as agreements
from registry.agreements.model import Agreement
from registry.emergency import queries
from registry.emergency.model import EmergencyDrill, EmergencyPlan
from registry.emergency.rules import (
    AuthorizationEnded,
    Department,
    DrillOutcome,
    NoPlanToDrill,
    check_drill_date,
)


def adopt_plan(
    session: Session,
    actor: Actor,
    agreement_id: UUID,
    *,
    content: bytes,
    name: str,
    media_type: str,
    now: datetime,
    participants: Collection[Department] = (),
    others: str = "",
) -> EmergencyPlan:
    """Adopt the emergency plan of an authorization; the one before stays on record and is current no more (EMG-02).

    The data authority writes it, with the departments that ``participants`` names.

    Raises:
        NotAllowed: the actor does not write agreements there.
        NoSuchAgreement: there is none.
        AuthorizationEnded: the authorization has ended.
        FileRefused: the file is empty or too large.
    """
    agreement = agreements.governed(session, actor, agreement_id)
    _check_open(agreement, now)
    before = queries.current(session, agreement.id)
    agreement_commands.set_emergency_plan(
        session, actor, agreement.id, content=content, name=name, media_type=media_type, now=now
    )
    plan = EmergencyPlan(
        agreement_id=agreement.id, number=before.number + 1 if before else 1, title=name,
        sha256=agreement.emergency_plan_sha256, participants=[one.value for one in Department if one in participants],
        others=others, adopted_at=now, adopted_by=actor.id, adopter_name=actor.name,
    )  # fmt: skip
    session.add(plan)
    session.flush()
    audit.record(session, actor, "emergency.adopt_plan", plan, at=now, note=plan.sha256)
    return plan


def record_drill(
    session: Session,
    actor: Actor,
    agreement_id: UUID,
    *,
    held_on: date,
    participants: str,
    outcome: DrillOutcome,
    summary: str,
    content: bytes,
    name: str,
    media_type: str,
    now: datetime,
) -> EmergencyDrill:
    """Record a drill of the current plan, organised with the operator, with its evidence (EMG-03).

    Raises:
        NotAllowed: the actor neither acts for the operating institution nor for the authority.
        NoSuchAgreement: there is none.
        AuthorizationEnded: the authorization has ended.
        NoPlanToDrill: there is no plan to exercise.
        DrillDate: the drill lies in the future, or before its plan.
        FileRefused: the evidence is empty or too large.
    """
    agreement = agreements.get(session, agreement_id, lock=True)
    actor.must(Permission.EMERGENCY_WRITE, org_id=agreement.operating_institution_id, place=agreement.place)
    _check_open(agreement, now)
    plan = queries.current(session, agreement.id)
    if plan is None:
        raise NoPlanToDrill(
            f"协议 {agreement.number} 尚无应急预案，无从演练；请先提交应急预案",
            detail_en="There is no plan to exercise.",
            rule="EMG-03",
        )
    check_drill_date(held_on, business_date(plan.adopted_at), business_date(now))
    drill = EmergencyDrill(
        agreement_id=agreement.id, plan_id=plan.id, held_on=held_on, participants=participants, outcome=outcome,
        summary=summary, evidence_sha256=files.keep(session, content, name=name, media_type=media_type, now=now),
        recorded_at=now, recorded_by=actor.id, recorder_name=actor.name,
    )  # fmt: skip
    session.add(drill)
    session.flush()
    audit.record(session, actor, "emergency.record_drill", drill, at=now, note=drill.evidence_sha256)
    return drill


def _check_open(agreement: Agreement, now: datetime) -> None:
    if agreement.has_ended(business_date(now)):
        raise AuthorizationEnded(
            f"协议 {agreement.number} 的授权已经终止，无须再提交应急预案或演练",
            detail_en=f"{agreement.number} has ended.",
            rule="EMG-02",
        )
