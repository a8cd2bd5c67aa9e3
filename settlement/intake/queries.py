"""Market facts that have no journal entry yet."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from market.orders.model import Order
from market.payments.model import Payment
from settlement.ledger.model import JournalEntry
from settlement.ledger.rules import Cause


def unbooked_captures(session: Session, *, limit: int, place: str | None = None) -> Sequence[tuple[Payment, str]]:
    """Return captured payments without an entry, each with its order's number, oldest first, at most ``limit``."""
    booked = sa.exists().where(
        JournalEntry.cause == Cause.PAYMENT_CAPTURED,
        JournalEntry.cause_id == sa.func.replace(sa.cast(Payment.id, sa.Text), "-", ""),
    )
    query = (
        sa.select(Payment, Order.number)
        .join(Order, Order.id == Payment.order_id)
        .where(Payment.captured_at.is_not(None), ~booked)
        .order_by(Payment.captured_at, Payment.id)
        .limit(limit)
    )
    if place is not None:
        query = query.where(Payment.place == place)
    return [(payment, number) for payment, number in session.execute(query)]
