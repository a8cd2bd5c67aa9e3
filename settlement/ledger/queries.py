"""Reads of the journal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.calendar import DAY, Period
from kernel.errors import NotFound
from kernel.identity import Actor, Permission
from kernel.money import ZERO, Money
from kernel.numbering import NumberSeries
from settlement.ledger.model import JournalEntry, JournalLine
from settlement.ledger.rules import (
    CONTROL,
    OF_THE_SALE,
    Cause,
    Entry,
    Leg,
    Tags,
    head_of,
    open_items,
    unearned,
)

# settlements are a floor above the journal, which knows of them only that some periods are closed
RUN = sa.table(
    "settlement_run",
    sa.column("place", sa.Text),
    sa.column("state", sa.Text),
    sa.column("period_start", sa.Date),
    sa.column("period_end", sa.Date),
)


CLOSING = sa.table(
    "settlement_closing",
    sa.column("place", sa.Text),
    sa.column("state", sa.Text),
    sa.column("period_start", sa.Date),
    sa.column("period_end", sa.Date),
)

VOUCHERS = 10**6  # numbers below it are written with six digits


class NoSuchEntry(NotFound):
    """There is no such voucher, or none that the actor may know of."""

    code = "ledger.entry_not_found"


@dataclass(frozen=True, slots=True)
class AsOf:
    """A moment of the past, said in any of three ways; what is left out does not restrict.

    ``day`` is the last accounting day that counts, ``moment`` the moment up to which was booked, ``voucher`` the last
    voucher (year and number) of the book.
    """

    day: date | None = None
    moment: datetime | None = None
    voucher: tuple[int, int] | None = None

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        """Return what an entry must fulfil to count."""
        found: list[sa.ColumnElement[bool]] = []
        if self.day is not None:
            found.append(JournalEntry.entry_date <= self.day)
        if self.moment is not None:
            found.append(JournalEntry.booked_at <= self.moment)
        if self.voucher is not None:
            year, number = self.voucher
            found.append(
                sa.or_(JournalEntry.year < year, sa.and_(JournalEntry.year == year, JournalEntry.number <= number))
            )
        return found


NOW = AsOf()


@dataclass(frozen=True, slots=True)
class Separate:
    """One separate account: agreement, class of use, head of the chart, and its balance (debit positive)."""

    agreement: str | None
    use_class: str | None
    account: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Uncleared:
    """What stands on a control account since a day, and for how many days."""

    account: str
    since: date
    amount: Money
    days: int


@dataclass(frozen=True, slots=True)
class Movement:
    """One line of an account with the balance after it."""

    booked: JournalEntry
    amount: Money
    balance: Money


@dataclass(frozen=True, slots=True)
class Booked:
    """An entry with its voucher number."""

    header: JournalEntry
    entry: Entry

    @property
    def voucher(self) -> str:
        """The gapless voucher number, such as ``JV-xinchang-2026-000012``."""
        return voucher_of(self.header)


def voucher_of(header: JournalEntry) -> str:
    """Return the voucher number of an entry, without gap in its book and accounting year."""
    return f"{series(header.place, header.year)}-{header.number:06d}"


def voucher_column() -> sa.ColumnElement[str]:
    """Return the same as an expression of the database, for lists that sort by it."""
    number, text = JournalEntry.number, sa.Text
    padded = sa.func.substr(sa.cast(VOUCHERS + number, text), 2)
    digits = sa.case((number < VOUCHERS, padded), else_=sa.cast(number, text))
    return sa.literal("JV-") + JournalEntry.place + "-" + sa.cast(JournalEntry.year, text) + "-" + digits


def series(place: str, year: int) -> str:
    """Return the series of vouchers of one book in one accounting year."""
    return f"JV-{place}-{year}"


def get(session: Session, entry_id: UUID) -> Booked:
    """Return one entry.

    Raises:
        NoSuchEntry: there is none.
    """
    header = session.get(JournalEntry, entry_id)
    if header is None:
        raise NoSuchEntry(f"没有编号为 {entry_id} 的凭证", detail_en=f"No entry {entry_id}")
    return Booked(header, entry_of(header, lines_of(session, [header])))


def visible(session: Session, actor: Actor, voucher: str) -> Booked:
    """Return one entry by its voucher number, such as ``JV-xinchang-2026-000012``.

    Raises:
        NoSuchEntry: there is none that the actor may know of.
    """
    prefix, _, number = voucher.rpartition("-")
    place, _, year = prefix.removeprefix("JV-").rpartition("-")
    if number.isdecimal() and year.isdecimal() and actor.may(Permission.LEDGER_READ, place=place):
        query = sa.select(JournalEntry).where(
            JournalEntry.place == place, JournalEntry.year == int(year[-4:]), JournalEntry.number == int(number[-12:])
        )
        header = session.scalar(query)
        if header is not None and voucher_of(header) == voucher:
            return Booked(header, entry_of(header, lines_of(session, [header])))
    raise NoSuchEntry(f"没有凭证 {voucher}，或不在您的职责范围内", detail_en=f"No voucher {voucher}")


def reversals_of(session: Session, entry_id: UUID) -> list[Entry]:
    """Return everything that was taken back of an entry, oldest first."""
    query = sa.select(JournalEntry).where(JournalEntry.reverses_id == entry_id).order_by(JournalEntry.id)
    headers = list(session.scalars(query))
    lines = lines_of(session, headers)
    return [entry_of(header, lines) for header in headers]


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
    tags = Tags(header.agreement, header.product, header.use_class)
    return Entry(
        header.place, header.cause, header.cause_id, header.entry_date, header.text, legs, tags, header.value_date,
        header.reverses_id,
    )  # fmt: skip


def entries(
    session: Session, *, place: str, start: date, end: date, limit: int, after: tuple[int, int] = (0, 0)
) -> list[Booked]:
    """Return the first ``limit`` entries of a place whose date lies in ``[start, end)``, by voucher number.

    Those numbered up to ``after`` (year, number) are left out.
    """
    place_in_order = sa.tuple_(JournalEntry.year, JournalEntry.number)
    query = (
        sa.select(JournalEntry)
        .where(JournalEntry.place == place, JournalEntry.entry_date >= start, JournalEntry.entry_date < end)
        .where(place_in_order > after)
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


def returned_unearned(session: Session, *, place: str) -> dict[str, list[tuple[date, datetime, Money]]]:
    """Return, by account of unearned revenue, what was given back of it, for which day, and when that was booked."""
    query = (
        sa.select(JournalLine.account, JournalEntry.entry_date, JournalEntry.booked_at, JournalLine.amount)
        .join(JournalEntry, JournalEntry.id == JournalLine.entry_id)
        .where(
            JournalEntry.place == place,
            JournalEntry.cause.in_((Cause.REFUND_PAID, Cause.DISPUTE_LOST)),
            JournalLine.account.startswith(unearned("")),
        )
        .order_by(JournalEntry.entry_date, JournalEntry.id)
    )
    found: dict[str, list[tuple[date, datetime, Money]]] = {}
    for account, day, at, amount in session.execute(query):
        found.setdefault(account, []).append((day, at, amount))
    return found


def lock_books(session: Session, place: str) -> None:
    """Let one at a time decide by what the books of a place hold: the voucher series are locked, in order (R4).

    Whoever books takes the same rows, so that a seal, a refund and a payout of the same money come one after the other.
    """
    series = NumberSeries.series
    query = sa.select(series).where(series.startswith(f"JV-{place}-", autoescape=True)).order_by(series)
    session.execute(query.with_for_update()).all()


def first_open_day(session: Session, place: str, day: date) -> date:
    """Return ``day``, or the first later day that no sealed settlement or closed period of the place covers (H4)."""
    covers = [
        sa.select(table.c.period_start, table.c.period_end).where(
            table.c.place == place, table.c.state == state, table.c.period_end > day
        )
        for table, state in ((RUN, "sealed"), (CLOSING, "closed"))
    ]
    for start, end in sorted((row[0], row[1]) for row in session.execute(sa.union(*covers))):
        if start <= day < end:
            day = end
    return day


def trial_balance(session: Session, *, place: str, as_of: AsOf = NOW) -> list[tuple[str, Money]]:
    """Return every account of a place with its balance at a moment, rebuilt from entries; they sum to zero (A2, A9)."""
    query = (
        sa.select(JournalLine.account, sa.func.sum(JournalLine.amount))
        .join(JournalEntry, JournalEntry.id == JournalLine.entry_id)
        .where(JournalEntry.place == place, *as_of.conditions())
        .group_by(JournalLine.account)
        .order_by(JournalLine.account)
    )
    return [(account, amount) for account, amount in session.execute(query)]


def movements(
    session: Session, account: str, *, place: str, as_of: AsOf = NOW, limit: int
) -> tuple[list[Movement], Money]:
    """Return the newest lines of an account, newest first, each with the balance after it, and the balance at the end.

    The order is that of accounting days and vouchers.
    """
    found = (JournalLine.account == account, JournalEntry.place == place, *as_of.conditions())
    joined = sa.select(JournalEntry, JournalLine.amount).join(JournalLine, JournalLine.entry_id == JournalEntry.id)
    newest = joined.where(*found).order_by(
        JournalEntry.entry_date.desc(), JournalEntry.year.desc(), JournalEntry.number.desc(),
        JournalLine.position.desc(),
    )  # fmt: skip
    summed = sa.select(sa.func.sum(JournalLine.amount)).join(JournalEntry, JournalEntry.id == JournalLine.entry_id)
    at_the_end: Money = session.scalar(summed.where(*found)) or ZERO
    rows, standing = [], at_the_end
    for header, amount in session.execute(newest.limit(limit)):
        rows.append(Movement(header, amount, standing))
        standing -= amount
    return rows, at_the_end


def separate_accounts(session: Session, *, place: str, as_of: AsOf = NOW) -> list[Separate]:
    """Return the balances of every agreement and class of use by account of the chart; each group sums to zero.

    Entries about no single sale (a line of the bank, a surplus) belong to no agreement and come first.

    Source:
        PRC-09; 发改价格〔2025〕65号 五.
    """
    query = (
        sa.select(JournalEntry.agreement, JournalEntry.use_class, JournalLine.account, sa.func.sum(JournalLine.amount))
        .join(JournalEntry, JournalEntry.id == JournalLine.entry_id)
        .where(JournalEntry.place == place, *as_of.conditions())
        .group_by(JournalEntry.agreement, JournalEntry.use_class, JournalLine.account)
    )
    sums: dict[tuple[str, str, str], Money] = {}
    for agreement, use_class, account, amount in session.execute(query):
        key = (agreement or "", use_class or "", head_of(account))
        sums[key] = sums.get(key, ZERO) + amount
    return [Separate(key[0] or None, key[1] or None, key[2], sums[key]) for key in sorted(sums)]


def busy_orders(session: Session, *, place: str, period: Period, more_than: int) -> dict[str, int]:
    """Return the orders with more entries on one day of a period than is usual, and how many (A12)."""
    query = (
        sa.select(JournalLine.account, sa.func.count(sa.distinct(JournalLine.entry_id)))
        .join(JournalEntry, JournalEntry.id == JournalLine.entry_id)
        .where(
            JournalEntry.place == place, JournalEntry.entry_date >= period.start,
            JournalEntry.entry_date < period.end, JournalLine.account.startswith(unearned("")),
        )
        .group_by(JournalLine.account, JournalEntry.entry_date)
        .having(sa.func.count(sa.distinct(JournalLine.entry_id)) > more_than)
    )  # fmt: skip
    found: dict[str, int] = {}
    for account, entries in session.execute(query):
        order = account.removeprefix(unearned(""))
        found[order] = max(found.get(order, 0), entries)
    return found


def uncleared(session: Session, *, place: str, day: date) -> list[Uncleared]:
    """Return what stands on the control accounts of a place at the end of a day, the oldest first (A8)."""
    # what came and what went, apart: their difference would hide that something old has gone
    signs = (JournalLine.amount > ZERO, JournalLine.amount < ZERO)
    came, went = (sa.func.sum(JournalLine.amount).filter(sign) for sign in signs)
    query = (
        sa.select(JournalLine.account, JournalEntry.entry_date, came, went)
        .join(JournalEntry, JournalEntry.id == JournalLine.entry_id)
        .where(
            JournalEntry.place == place, JournalEntry.entry_date <= day,
            sa.or_(*(JournalLine.account.startswith(f"{head}:") for head in CONTROL)),
        )
        .group_by(JournalLine.account, JournalEntry.entry_date)
        .order_by(JournalLine.account, JournalEntry.entry_date)
    )  # fmt: skip
    moves: dict[str, list[tuple[date, Money]]] = {}
    for account, moved_on, *amounts in session.execute(query):
        moves.setdefault(account, []).extend((moved_on, one) for one in amounts if one)
    found = [Uncleared(account, item.since, item.amount, (day - item.since).days)
             for account, moved in moves.items() for item in open_items(moved)]  # fmt: skip
    return sorted(found, key=lambda one: (one.since, one.account))
