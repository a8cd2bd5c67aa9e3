"""Asking that a registration be closed, and deciding what another registrar asked."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from kernel import audit, numbering
from kernel.calendar import business_date
from kernel.identity import Actor
from registry.closings import queries
from registry.closings.rules import (
    ENTRIES,
    EVENTS,
    ClosingEvent,
    after,
    refuse_other_person,
    refuse_same_person,
    refuse_second_ask,
)
from registry.records.commands import keep
from registry.records.rules import Upload
from registry.registrations import queries as registrations
from registry.registrations.commands import close_coded
from registry.registrations.model import Registration, RegistrationAsk
from registry.registrations.rules import CancellationGround, ClosingKind, ClosingState, RevocationGround
from registry.registrations.rules import after as registration_after


def ask_revocation(
    session: Session,
    actor: Actor,
    registration_id: UUID,
    *,
    ground: RevocationGround,
    reason: str,
    now: datetime,
    upload: Upload | None = None,
) -> RegistrationAsk:
    """Ask that a coded registration be revoked; it stands until another registrar confirms.

    Raises:
        NotAllowed: the actor is no registrar there, or belongs to the registrant.
        NoSuchRegistration: there is none.
        WrongState: it is not coded.
        AskedAlready: a closing of it waits for the second person.
        FileRefused: the evidence is empty or too large.

    Source:
        发改数据规〔2025〕26号 第二十条 (REG-08).
    """
    return _ask(session, actor, registration_id, ClosingKind.REVOCATION, ground, reason, upload, now)


def ask_cancellation(
    session: Session,
    actor: Actor,
    registration_id: UUID,
    *,
    ground: CancellationGround,
    reason: str,
    upload: Upload,
    now: datetime,
) -> RegistrationAsk:
    """Ask, with the evidence, that a registration be cancelled whose registrant does not apply for it itself.

    The registrant was dissolved, revoked or is bankrupt, the data are lost beyond recovery, or the law says so
    otherwise.

    Raises:
        NotAllowed: the actor is no registrar there, or belongs to the registrant.
        NoSuchRegistration: there is none.
        WrongState: it is not coded.
        AskedAlready: a closing of it waits for the second person.
        FileRefused: the evidence is empty or too large.

    Source:
        发改数据规〔2025〕26号 第九条（四） (REG-08).
    """
    return _ask(session, actor, registration_id, ClosingKind.CANCELLATION, ground, reason, upload, now)


def confirm(session: Session, actor: Actor, registration_id: UUID, ask_id: UUID, *, now: datetime) -> Registration:
    """Confirm a closing as the second registrar; return its entry in the register.

    Every coded registration of the product, a future renewal included, closes in this moment; listing and
    entitlements rest on them and end with them.

    Raises:
        NotAllowed: the actor is no registrar there, or belongs to the registrant.
        NoSuchRegistration: there is none.
        NoSuchAsk: nobody asked for that.
        WrongState: it was decided or withdrawn before, or the registration is closed.
        SecondPersonNeeded: the actor asked for it.
    """
    original = registrations.for_decision(session, actor, registration_id)
    asked = queries.ask(session, original.id, ask_id, lock=True)
    confirmed = after(asked.state, ClosingEvent.CONFIRM)
    refuse_same_person(original.number, asked.kind, asked.asked_by_name, is_same=asked.asked_by == actor.id)
    event = EVENTS[asked.kind]
    closed = registration_after(original.state, event)
    entry = Registration(
        number=numbering.number(session, "REG", business_date(now)), place=original.place, received_at=now,
        product_id=original.product_id, version_id=original.version_id, registrant_id=original.registrant_id,
        original_id=original.id, kind=ENTRIES[asked.kind], state=closed, closed_at=now, ground=asked.ground,
        reason=asked.reason, submitted_by=asked.asked_by,
    )  # fmt: skip
    session.add(entry)
    _decide(asked, actor, confirmed, "", now)
    close_coded(session, actor, entry, event=event, now=now)
    session.flush()
    audit.record(
        session, actor, f"registration.confirm_{asked.kind}", original, at=now, note=asked.ground,
        detail={"asked_by": asked.asked_by_name, "evidence": asked.evidence_sha256 or "", "entry": entry.number},
    )  # fmt: skip
    return entry


def refuse(
    session: Session, actor: Actor, registration_id: UUID, ask_id: UUID, *, reason: str, now: datetime
) -> RegistrationAsk:
    """Do not confirm, and say why: the registration goes on.

    Raises:
        NotAllowed: the actor is no registrar there, or belongs to the registrant.
        NoSuchRegistration: there is none.
        NoSuchAsk: nobody asked for that.
        WrongState: it was decided or withdrawn before.
        SecondPersonNeeded: the actor asked for it.
    """
    original = registrations.for_decision(session, actor, registration_id)
    asked = queries.ask(session, original.id, ask_id, lock=True)
    refused = after(asked.state, ClosingEvent.REFUSE)
    refuse_same_person(original.number, asked.kind, asked.asked_by_name, is_same=asked.asked_by == actor.id)
    _decide(asked, actor, refused, reason, now)
    audit.record(session, actor, f"registration.refuse_{asked.kind}", original, at=now, note=reason)
    return asked


def withdraw(
    session: Session, actor: Actor, registration_id: UUID, ask_id: UUID, *, reason: str, now: datetime
) -> RegistrationAsk:
    """Take back what one asked for oneself.

    Raises:
        NotAllowed: the actor is no registrar there, or belongs to the registrant.
        NoSuchRegistration: there is none.
        NoSuchAsk: nobody asked for that.
        WrongState: it was decided or withdrawn before.
        NotTheAsker: somebody else asked for it.
    """
    original = registrations.for_decision(session, actor, registration_id)
    asked = queries.ask(session, original.id, ask_id, lock=True)
    withdrawn = after(asked.state, ClosingEvent.WITHDRAW)
    refuse_other_person(original.number, asked.asked_by_name, is_same=asked.asked_by == actor.id)
    _decide(asked, actor, withdrawn, reason, now)
    audit.record(session, actor, f"registration.withdraw_{asked.kind}", original, at=now, note=reason)
    return asked


def _ask(
    session: Session,
    actor: Actor,
    registration_id: UUID,
    kind: ClosingKind,
    ground: RevocationGround | CancellationGround,
    reason: str,
    upload: Upload | None,
    now: datetime,
) -> RegistrationAsk:
    registration = registrations.for_decision(session, actor, registration_id)
    registration_after(registration.state, EVENTS[kind])
    other = queries.open_ask(session, registration.id)
    refuse_second_ask(registration.number, other.kind if other else None, other.asked_by_name if other else "")
    asked = RegistrationAsk(
        registration_id=registration.id, kind=kind, ground=ground.value, reason=reason,
        evidence_sha256=keep(session, actor, upload, now=now) if upload else None,
        evidence_name=upload.name if upload else None, asked_at=now, asked_by=actor.id, asked_by_name=actor.name,
    )  # fmt: skip
    session.add(asked)
    session.flush()
    audit.record(session, actor, f"registration.ask_{kind}", registration, at=now, note=ground.value)
    return asked


def _decide(asked: RegistrationAsk, actor: Actor, state: ClosingState, reason: str, now: datetime) -> None:
    asked.state, asked.decision_reason = state, reason
    asked.decided_at, asked.decided_by, asked.decided_by_name = now, actor.id, actor.name
