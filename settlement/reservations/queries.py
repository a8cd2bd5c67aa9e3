"""Reading calls that another platform answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.errors import NotFound
from settlement.metering.model import UsageTotal
from settlement.reservations.model import Reservation
from settlement.reservations.rules import HOLDING


class NoSuchReservation(NotFound):
    """There is no such call."""

    code = "reservation.not_found"


def get(session: Session, reservation_id: UUID) -> Reservation:
    """Return the call, locked and read afresh.

    Raises:
        NoSuchReservation: there is none.
    """
    query = sa.select(Reservation).where(Reservation.id == reservation_id).with_for_update()
    found = session.scalar(query.execution_options(populate_existing=True))
    if found is None:
        raise NoSuchReservation(f"没有编号为 {reservation_id} 的调用", detail_en="No such call")
    return found


def known(session: Session, entitlement_id: UUID, reference: str) -> Reservation | None:
    """Return the call of an entitlement under a reference, locked, or None."""
    query = sa.select(Reservation).where(
        Reservation.entitlement_id == entitlement_id, Reservation.client_reference == reference
    )
    return session.scalar(query.with_for_update().execution_options(populate_existing=True))


def left_behind(session: Session, before: datetime, *, limit: int) -> Sequence[Reservation]:
    """Return calls that hold a unit and that nobody follows since ``before``, locked, in order of id."""
    query = sa.select(Reservation).where(Reservation.state.in_(HOLDING), Reservation.lease_until < before)
    return session.scalars(query.order_by(Reservation.id).limit(limit).with_for_update(skip_locked=True)).all()


def used_and_reserved(session: Session, entitlement_id: UUID) -> tuple[int, int]:
    """Return what is used up of an entitlement and what is put aside."""
    query = sa.select(UsageTotal.used, UsageTotal.reserved).where(UsageTotal.entitlement_id == entitlement_id)
    found = session.execute(query).one_or_none()
    return (0, 0) if found is None else (found[0], found[1])
