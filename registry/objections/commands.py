"""Objections: filed by anybody during the public notice, rechecked and decided by the registrar."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from kernel import audit
from kernel.calendar import business_date
from kernel.filings import FILINGS_MAX, FILINGS_WINDOW, new_reference
from kernel.identity import Actor
from registry.objections import queries
from registry.objections.rules import (
    IdentityKind,
    check_outcome,
    check_recheck,
    checked_identity,
    refuse_flood,
)
from registry.records.commands import keep
from registry.records.rules import Upload
from registry.registrations import queries as registrations
from registry.registrations.model import Objection, ObjectionFile, Registration
from registry.registrations.rules import ObjectionOutcome, RegistrationEvent, after
from registry.terms.rules import refuse_outside_notice


def file_objection(
    session: Session,
    actor: Actor,
    registration_id: UUID,
    *,
    name: str,
    contact: str,
    evidence: str,
    identity_kind: IdentityKind,
    identity_number: str,
    now: datetime,
    uploads: Sequence[Upload] = (),
    source_digest: str = "",
) -> Objection:
    """Object during the public notice, under the real name and with evidence; coding stops until it is decided.

    Anybody may object, signed in or not. Of the identity number a salted digest is kept. The reference of the
    objection is the key to its outcome.

    Raises:
        NoSuchRegistration: there is none.
        WrongState: it is not under public notice.
        NoticeOver: today lies outside the notice.
        IdentityInvalid: the identity number is not valid.
        BadUscc: it is no unified social credit code.
        TooManyObjections: too many came from this address within an hour.
        FileRefused: a file is empty or too large.

    Source:
        发改数据规〔2025〕26号 第十二条 (REG-06).
    """
    registration = registrations.get(session, registration_id, lock=True)
    state = after(registration.state, RegistrationEvent.OBJECT)
    assert registration.notice_start is not None
    assert registration.notice_end is not None
    refuse_outside_notice(business_date(now), registration.notice_start, registration.notice_end)
    number = checked_identity(identity_kind, identity_number)
    if source_digest:
        filed = queries.filed_since(session, source_digest, now - FILINGS_WINDOW)
        refuse_flood(len(filed), FILINGS_MAX, filed[0] + FILINGS_WINDOW - now if filed else FILINGS_WINDOW)
    registration.state = state
    reference = new_reference()
    objection = Objection(
        registration_id=registration.id, name=name, contact=contact, evidence=evidence, filed_at=now,
        filed_by=actor.id, reference=reference, identity_kind=identity_kind,
        identity_digest=queries.identity_digest(number, salt=reference), source_digest=source_digest,
    )  # fmt: skip
    session.add(objection)
    session.flush()
    kept = {keep(session, actor, one, now=now): one.name for one in uploads}
    session.add_all(ObjectionFile(objection_id=objection.id, sha256=digest, name=kept[digest]) for digest in kept)
    audit.record(session, actor, "registration.object", registration, at=now, detail={"files": sorted(kept)})
    return objection


def recheck(session: Session, actor: Actor, objection_id: UUID, *, findings: str, now: datetime) -> Objection:
    """Record what the recheck of an objection found.

    Raises:
        NotAllowed: the actor is no registrar there.
        NoSuchObjection: there is none.
        RecheckedAlready: it was rechecked before.
        DecidedAlready: it was decided before.
        WrongState: the registration is not stopped by an objection.

    Source:
        发改数据规〔2025〕26号 第十二条 (REG-06).
    """
    objection = queries.get(session, objection_id)
    registration = registrations.for_decision(session, actor, objection.registration_id)
    objection = queries.get(session, objection_id)  # once more, now that the registration is locked
    check_recheck(str(objection.reference), queries.state(objection))
    after(registration.state, RegistrationEvent.DISMISS_OBJECTIONS)
    objection.rechecked_at, objection.rechecked_by, objection.recheck_findings = now, actor.id, findings
    audit.record(session, actor, "registration.recheck", registration, at=now)
    return objection


def decide_objection(
    session: Session, actor: Actor, objection_id: UUID, *, outcome: ObjectionOutcome, reason: str, now: datetime
) -> Registration:
    """Decide a rechecked objection: upheld, the registration ends; when the last one is dismissed, it goes on.

    The public notice keeps its days; only the code waits [I].

    Raises:
        NotAllowed: the actor is no registrar there.
        NoSuchObjection: there is none.
        NotRechecked: the recheck is missing.
        DecidedAlready: it was decided before.
        WrongState: the registration is not stopped by an objection.

    Source:
        发改数据规〔2025〕26号 第十二条 (REG-06).
    """
    objection = queries.get(session, objection_id)
    registration = registrations.for_decision(session, actor, objection.registration_id)
    objection = queries.get(session, objection_id)
    check_outcome(str(objection.reference), queries.state(objection))
    waiting = registrations.open_objections(session, registration.id)
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
