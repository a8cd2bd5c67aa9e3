"""Reading what registrars asked for."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.errors import NotFound
from kernel.identity import Actor, Permission
from registry.registrations.model import Registration, RegistrationAsk
from registry.registrations.rules import ClosingState


class NoSuchAsk(NotFound):
    """Nobody asked for that."""

    code = "closing.not_found"


def ask(session: Session, registration_id: UUID, ask_id: UUID, *, lock: bool = False) -> RegistrationAsk:
    """Return one ask about the registration; locked and read afresh on demand.

    Raises:
        NoSuchAsk: there is none.
    """
    query = sa.select(RegistrationAsk).where(
        RegistrationAsk.id == ask_id, RegistrationAsk.registration_id == registration_id
    )
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise NoSuchAsk("该登记没有这项撤销或注销的申请", detail_en="Nobody asked for that")
    return found


def open_ask(session: Session, registration_id: UUID) -> RegistrationAsk | None:
    """Return the ask about the registration that waits for the second person, or ``None``."""
    query = sa.select(RegistrationAsk).where(
        RegistrationAsk.registration_id == registration_id, RegistrationAsk.state == ClosingState.ASKED
    )
    return session.scalar(query)


def waiting(session: Session, actor: Actor, *, limit: int = 50) -> Sequence[tuple[RegistrationAsk, Registration]]:
    """Return what waits for a second registrar at the places where the actor is one, the oldest first."""
    if not actor.may(Permission.REGISTRATION_DECIDE):
        return []
    query = (
        sa.select(RegistrationAsk, Registration)
        .join(Registration, Registration.id == RegistrationAsk.registration_id)
        .where(RegistrationAsk.state == ClosingState.ASKED)
        .order_by(RegistrationAsk.asked_at, RegistrationAsk.id)
        .limit(limit)
    )
    places = actor.places()
    if places is not None:
        query = query.where(Registration.place.in_(sorted(places)))
    return [(asked, registration) for asked, registration in session.execute(query)]
