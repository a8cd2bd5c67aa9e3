"""Objections: filed by anybody during the public notice, decided by the registrar."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from kernel import audit
from kernel.calendar import business_date
from kernel.errors import Conflict
from kernel.identity import Actor
from registry.public_register import queries as public
from registry.registrations import queries
from registry.registrations.model import Objection, Registration
from registry.registrations.rules import ObjectionOutcome, RegistrationEvent, after
from registry.terms.rules import refuse_outside_notice


class DecidedAlready(Conflict):
    """The objection was decided before."""

    code = "objection.decided_already"


def file_objection(
    session: Session, actor: Actor, registration_id: UUID, *, name: str, contact: str, evidence: str, now: datetime
) -> Objection:
    """Object during the public notice, under the real name and with evidence; coding stops until it is decided.

    Anybody may object, signed in or not.

    Raises:
        NoSuchRegistration: there is none.
        WrongState: it is not under public notice.
        NoticeOver: today lies outside the notice.

    Source:
        发改数据规〔2025〕26号 第十二条 (REG-06).
    """
    registration = queries.get(session, registration_id, lock=True)
    state = after(registration.state, RegistrationEvent.OBJECT)
    assert registration.notice_start is not None
    assert registration.notice_end is not None
    refuse_outside_notice(business_date(now), registration.notice_start, registration.notice_end)
    registration.state = state
    objection = Objection(
        registration_id=registration.id, name=name, contact=contact, evidence=evidence, filed_at=now, filed_by=actor.id
    )
    session.add(objection)
    audit.record(session, actor, "registration.object", registration, at=now)
    return objection


def decide_objection(
    session: Session, actor: Actor, objection_id: UUID, *, outcome: ObjectionOutcome, reason: str, now: datetime
) -> Registration:
    """Decide an objection: upheld, the registration ends; when the last one is dismissed, it goes on.

    Raises:
        NotAllowed: the actor is no registrar there.
        NoSuchRegistration: there is no such objection.
        WrongState: the registration is not stopped by an objection.
        DecidedAlready: the objection was decided already.
    """
    objection = public.objection(session, objection_id)
    registration = queries.for_decision(session, actor, objection.registration_id)
    waiting = queries.open_objections(session, registration.id)
    if objection not in waiting:
        raise DecidedAlready("该异议已作出处理，不得重复处理（REG-06）", detail_en="Decided already", rule="REG-06")
    is_upheld = outcome is ObjectionOutcome.UPHELD
    event = RegistrationEvent.UPHOLD_OBJECTION if is_upheld else RegistrationEvent.DISMISS_OBJECTIONS
    state = after(registration.state, event)
    objection.outcome, objection.outcome_reason = outcome, reason
    objection.decided_at, objection.decided_by = now, actor.id
    if is_upheld:
        registration.state, registration.closed_at, registration.reason = state, now, reason
    elif len(waiting) == 1:
        registration.state = state
    audit.record(session, actor, "registration.decide_objection", registration, at=now, note=outcome)
    return registration
