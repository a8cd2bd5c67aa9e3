"""Closing a month: started by one person, finished by another, with nothing left in the way."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kernel import audit, numbering
from kernel.calendar import Period, WorkingCalendar
from kernel.identity import Actor, Permission
from kernel.policy import PolicyBook
from registry.accounts.queries import accounts_behind
from settlement.closing import checks, queries
from settlement.closing.model import Closing
from settlement.closing.rules import (
    ClosingEvent,
    ClosingState,
    WrongState,
    after,
    must_be_a_month,
    must_be_clear,
    must_be_somebody_else,
)
from settlement.ledger.model import JournalEntry
from settlement.ledger.queries import AsOf, series, trial_balance
from settlement.workings.queries import digest


def start(
    session: Session, actor: Actor, *, place: str, period: Period, now: datetime, calendar: WorkingCalendar,
    book: PolicyBook,
) -> Closing:  # fmt: skip
    """Begin to close a month, or look over the checklist anew; blockers are written down, not refused.

    Raises:
        NotAllowed: the actor prepares no settlements of this place.
        NotAMonth: the period is not a calendar month.
        WrongState: the month is closed.
    """
    actor.must(Permission.SETTLEMENT_PREPARE, place=place)
    book.place(place)
    must_be_a_month(period)
    assert actor.id is not None
    found = queries.of_month(session, place, period, lock=True)
    state = after(found.state if found else ClosingState.OPEN, ClosingEvent.START)
    items = checks.run(session, checks.Asked(place, period, now, calendar))
    if found is None:
        found = Closing(place=place, period_start=period.start, period_end=period.end, balances={})
    found.state, found.checklist = state, [item.to_dict() for item in items]
    found.started_by, found.started_by_name, found.started_at = actor.id, actor.name, now
    try:
        with session.begin_nested():
            session.add(found)
    except IntegrityError as error:
        raise WrongState(f"{place} {period.text()} 正由他人发起结账，请刷新后再试") from error
    audit.record(session, actor, "book_closing.start", found, at=now, note=f"{place} {period.text()}",
                 detail={"blockers": [str(item.blocker) for item in items if item.count]})  # fmt: skip
    return found


def give_up(session: Session, actor: Actor, *, place: str, period: Period, now: datetime) -> Closing:
    """Leave a month open after all.

    Raises:
        NotAllowed: the actor prepares no settlements of this place.
        NoSuchClosing: nobody has started to close it.
        WrongState: the month is closed, or open already.
    """
    actor.must(Permission.SETTLEMENT_PREPARE, place=place)
    queries.visible(session, actor, place, period)
    found = queries.of_month(session, place, period, lock=True)
    assert found is not None
    found.state = after(found.state, ClosingEvent.GIVE_UP)
    session.flush()
    audit.record(session, actor, "book_closing.give_up", found, at=now, note=f"{place} {period.text()}")
    return found


def close(
    session: Session, actor: Actor, *, place: str, period: Period, now: datetime, calendar: WorkingCalendar
) -> Closing:
    """Close a month for good: the checklist is gone through once more, then nothing dated in it is ever booked again.

    The series of vouchers is held first, so that nobody books into the month while it is looked over.

    Raises:
        NotAllowed: the actor checks no settlements of this place.
        NoSuchClosing: nobody has started to close it.
        SameCloser: the actor, or another account of the same person, started it.
        WrongState: the month is not being closed.
        NotReady: something stands in the way; each blocker is named.
    """
    actor.must(Permission.SETTLEMENT_CHECK, place=place)
    queries.visible(session, actor, place, period)
    numbering.take_block(session, series(place, period.start.year), 0)
    found = queries.of_month(session, place, period, lock=True)
    assert found is not None
    assert actor.id is not None
    must_be_somebody_else(is_same=actor.id in accounts_behind(session, found.started_by))
    state = after(found.state, ClosingEvent.CLOSE)
    items = checks.run(session, checks.Asked(place, period, now, calendar))
    must_be_clear(items)
    balances = trial_balance(session, place=place, as_of=AsOf(day=period.last_day))
    last = sa.select(sa.func.max(JournalEntry.number)).where(
        JournalEntry.place == place, JournalEntry.year == period.start.year
    )
    found.balances = {account: amount.text() for account, amount in balances}
    found.balances_sha256, found.last_voucher = digest(found.balances), session.scalar(last)
    found.checklist = [item.to_dict() for item in items]
    found.state, found.closed_by, found.closed_by_name, found.closed_at = state, actor.id, actor.name, now
    session.flush()
    audit.record(session, actor, "book_closing.close", found, at=now, note=f"{place} {period.text()}",
                 detail={"balances_sha256": found.balances_sha256, "last_voucher": found.last_voucher})  # fmt: skip
    return found
