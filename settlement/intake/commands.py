"""Facts into the books: safe to run again at any time, by any number of workers."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from kernel import audit
from kernel.calendar import business_date
from kernel.identity import Actor, Permission
from settlement.intake import queries
from settlement.ledger.commands import book
from settlement.ledger.queries import first_open_day
from settlement.ledger.rules import capture_entry

BATCH_MAX = 500


def take_in_payments(session: Session, actor: Actor, *, now: datetime, place: str | None = None) -> int:
    """Book the oldest unbooked payments, at most ``BATCH_MAX``; return how many.

    What makes it safe is the unique cause of an entry, not the query: of two workers one fails and finds
    nothing to do the next time. The entry counts for the Beijing date on which the bank credited the money; where
    that period is sealed, for the first day after it.
    """
    actor.must(Permission.INTAKE, place=place)
    taken = queries.unbooked_captures(session, limit=BATCH_MAX, place=place)
    for payment, order_number in taken:
        assert payment.captured_at is not None
        entry = capture_entry(
            place=payment.place, payment_id=payment.id.hex, order_number=order_number, amount=payment.amount,
            entry_date=first_open_day(session, payment.place, business_date(payment.captured_at)),
        )  # fmt: skip
        book(session, actor, entry, now=now)
        audit.record(session, actor, "payment.take_in", payment, at=now, note=order_number)
    return len(taken)
