"""Reads of the journal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.calendar import DAY, Period
from kernel.money import ZERO, Money
from settlement.ledger.model import JournalEntry, JournalLine
from settlement.ledger.rules import OF_THE_SALE, Cause, Entry, Leg, head_of, unearned

# settlements are a floor above the journal, which knows of them only that some periods are closed
RUN = sa.table(
    "settlement_run",
    sa.column("place", sa.Text),
    sa.column("state", sa.Text),
    sa.column("period_start", sa.Date),
    sa.column("period_end", sa.Date),
)


@dataclass(frozen=True, slots=True)
class Booked:
    """An entry with its voucher number."""

    header: JournalEntry
    entry: Entry

    @property
    def voucher(self) -> str:
        """The gapless voucher number, such as ``JV-xinchang-2026-000012``."""
        return f"JV-{self.header.place}-{self.header.year}-{self.header.number:06d}"


def find(session: Session, cause: Cause, cause_id: str) -> Booked | None:
    """Return the entry of a cause, or ``None``."""
    header = session.scalar(
        sa.select(JournalEntry).where(JournalEntry.cause == cause, JournalEntry.cause_id == cause_id)
    )
    return None if header is None else Booked(header, entry_of(header, lines_of(session, [header])))


def lines_of(session: Session, headers: Sequence[JournalEntry]) -> list[JournalLine]:
    """Return the lines of several entries, in order of entry and position."""
    query = sa.select(JournalLine).where(JournalLine.entry_id.in_([header.id for header in headers]))
    return list(session.scalars(query.order_by(JournalLine.entry_id, JournalLine.position)))


def entry_of(header: JournalEntry, lines: Sequence[JournalLine]) -> Entry:
    """Return the pure entry of a header and its lines."""
    legs = tuple(Leg(line.account, line.amount) for line in lines if line.entry_id == header.id)
    return Entry(header.place, header.cause, header.cause_id, header.entry_date, header.text, legs)


def entries(session: Session, *, place: str, start: date, end: date, limit: int) -> list[Booked]:
    """Return the entries of a place whose date lies in ``[start, end)``, by voucher number."""
    query = (
        sa.select(JournalEntry)
        .where(JournalEntry.place == place, JournalEntry.entry_date >= start, JournalEntry.entry_date < end)
        .order_by(JournalEntry.year, JournalEntry.number)
        .limit(limit)
    )
    headers = list(session.scalars(query))
    lines = lines_of(session, headers)
    return [Booked(header, entry_of(header, lines)) for header in headers]


def dates_of(start: date | None, end: date | None, *, today: date) -> tuple[date, date]:
    """Return the dates asked for, the second not included; where none is, this accounting year up to today."""
    return start or Period.year(today.year).start, end or today + DAY


def balance(session: Session, account: str, *, before: date | None = None) -> Money:
    """Return the balance of one account (debit positive), of entries dated before ``before`` when given."""
    query = sa.select(sa.func.sum(JournalLine.amount)).where(JournalLine.account == account)
    if before is not None:
        query = query.join(JournalEntry, JournalEntry.id == JournalLine.entry_id).where(
            JournalEntry.entry_date < before
        )
    found: Money | None = session.scalar(query)
    return found if found is not None else ZERO


def held_of_sale(session: Session, order_number: str, cause_ids: Sequence[str]) -> dict[str, Money]:
    """Return what each account still holds of one sale: its entries over unearned revenue, and what was given back.

    ``cause_ids`` are the refunds and disputes of the sale, whose entries need not touch unearned revenue.
    """
    own = sa.select(JournalLine.entry_id).where(JournalLine.account == unearned(order_number))
    back = sa.select(JournalEntry.id).where(
        JournalEntry.cause.in_((Cause.REFUND_PAID, Cause.DISPUTE_LOST)), JournalEntry.cause_id.in_(list(cause_ids))
    )
    query = (
        sa.select(JournalLine.account, sa.func.sum(JournalLine.amount))
        .where(sa.or_(JournalLine.entry_id.in_(own), JournalLine.entry_id.in_(back)))
        .group_by(JournalLine.account)
    )
    of_the_sale = ((account, amount) for account, amount in session.execute(query) if head_of(account) in OF_THE_SALE)
    return {account: -amount for account, amount in of_the_sale}


def returned_unearned(session: Session, *, place: str) -> dict[str, list[tuple[date, Money]]]:
    """Return, by account of unearned revenue, what was given back of it and for which day."""
    query = (
        sa.select(JournalLine.account, JournalEntry.entry_date, JournalLine.amount)
        .join(JournalEntry, JournalEntry.id == JournalLine.entry_id)
        .where(
            JournalEntry.place == place,
            JournalEntry.cause.in_((Cause.REFUND_PAID, Cause.DISPUTE_LOST)),
            JournalLine.account.startswith(unearned("")),
        )
        .order_by(JournalEntry.entry_date, JournalEntry.id)
    )
    found: dict[str, list[tuple[date, Money]]] = {}
    for account, day, amount in session.execute(query):
        found.setdefault(account, []).append((day, amount))
    return found


def first_open_day(session: Session, place: str, day: date) -> date:
    """Return ``day``, or the first later day that no sealed settlement of the place covers (H4)."""
    query = sa.select(RUN.c.period_start, RUN.c.period_end).where(
        RUN.c.place == place, RUN.c.state == "sealed", RUN.c.period_end > day
    )
    for start, end in session.execute(query.order_by(RUN.c.period_start)):
        if start <= day < end:
            day = end
    return day


def trial_balance(session: Session, *, place: str) -> list[tuple[str, Money]]:
    """Return every account of a place with its balance; the balances sum to zero."""
    query = (
        sa.select(JournalLine.account, sa.func.sum(JournalLine.amount))
        .join(JournalEntry, JournalEntry.id == JournalLine.entry_id)
        .where(JournalEntry.place == place)
        .group_by(JournalLine.account)
        .order_by(JournalLine.account)
    )
    return [(account, amount) for account, amount in session.execute(query)]
