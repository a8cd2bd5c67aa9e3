"""Reads of use, and the statements that write a batch of events, tell it apart from what is known, and add it up."""

from __future__ import annotations

import json
import struct
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any, Protocol
from uuid import UUID

import msgspec
import sqlalchemy as sa
from psycopg.errors import UniqueViolation
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from kernel.calendar import Period
from kernel.db import new_id_bytes
from kernel.prepared import asked, prepared
from market.entitlements.model import Entitlement
from market.orders.model import Order
from pricing.tariffs.model import Tariff
from settlement.metering.model import UsageEvent, UsageTotal
from settlement.metering.rules import Channel, Held, Use

STAGED_TABLE = "usage_staged"
# name, type on PostgreSQL, type on SQLite
STAGED = (
    ("row", "bigint", "INTEGER"), ("id", "uuid", "TEXT"), ("entitlement_id", "uuid", "TEXT"),
    ("source", "text", "TEXT"), ("client_reference", "text", "TEXT"), ("occurred_at", "timestamptz", "TEXT"),
    ("day_number", "bigint", "INTEGER"), ("quantity", "bigint", "INTEGER"), ("subject_kind", "text", "TEXT"),
    ("subject", "text", "TEXT"), ("hit", "boolean", "INTEGER"),
)  # fmt: skip
# PostgreSQL takes rows in its own binary form in two thirds of the time in which it reads the same rows as text
BINARY_HEAD, BINARY_END, BINARY_NULL = b"PGCOPY\n\xff\r\n\x00" + bytes(8), b"\xff\xff", b"\xff\xff\xff\xff"
MICROSECOND, YEAR_2000 = timedelta(microseconds=1), datetime.fromisoformat("2000-01-01T00:00:00+00:00")
WRITTEN = ("place", "received_at", "stored_at", "channel", "entitlement_id", "product_id", "occurred_at", "day_number",
           "quantity", "hit", "id", "source", "client_reference", "subject_kind", "subject")  # fmt: skip
_BINARY_UUIDS, _BINARY_KNOWN = struct.Struct(">i16si16s"), struct.Struct(">iqiqiqi?i16s")
INSERT_NEW = f"""INSERT INTO settlement_usage_event (
    id, place, entitlement_id, product_id, source, occurred_at, day_number, received_at, stored_at, client_reference,
    quantity, subject_kind, subject, hit, channel)
SELECT s.id, h.place, s.entitlement_id, h.product_id, s.source, s.occurred_at, s.day_number, {{received}}, {{stored}},
    s.client_reference, s.quantity, s.subject_kind, s.subject, s.hit, '{Channel.IMPORT}'
FROM {{relation}} JOIN market_entitlement h ON h.id = s.entitlement_id WHERE true
ON CONFLICT DO NOTHING"""  # noqa: S608 — own names
REUSED = """SELECT s.row FROM {relation} JOIN settlement_usage_event e
    ON e.source = s.source AND e.client_reference = s.client_reference
WHERE e.id <> s.id AND (e.entitlement_id <> s.entitlement_id OR e.occurred_at <> s.occurred_at
    OR e.quantity <> s.quantity OR e.hit <> s.hit) ORDER BY s.row"""
ADD_MANY = """WITH wanted AS (
    SELECT * FROM unnest(%(ids)s::uuid[], %(units)s::bigint[]) AS w(entitlement_id, units)
), locked AS (
    SELECT t.entitlement_id FROM settlement_usage_total t WHERE t.entitlement_id = ANY(%(ids)s::uuid[])
    ORDER BY t.entitlement_id FOR UPDATE
), done AS (
    UPDATE settlement_usage_total t SET used = t.used + w.units FROM wanted w JOIN locked USING (entitlement_id)
    WHERE t.entitlement_id = w.entitlement_id AND (t.quota IS NULL OR t.used + t.reserved + w.units <= t.quota)
    RETURNING t.entitlement_id)
SELECT entitlement_id FROM wanted WHERE entitlement_id NOT IN (SELECT entitlement_id FROM done)"""


@dataclass(frozen=True, slots=True)
class Staged:
    """Events handed to the database but not counted: what a statement selects them from, with its parameters."""

    relation: str
    parameters: dict[str, Any]


@dataclass(frozen=True, slots=True)
class New:
    """What was new of one entitlement: events, their units, and the units of those that found something."""

    entitlement_id: UUID
    events: int
    units: int
    units_hit: int


class Sheet(Protocol):
    """A large file that is read by columns (:mod:`settlement.metering.sheets`); a column it lacks is given as text."""

    def as_binary(self, columns: Mapping[str, str | datetime]) -> Iterator[bytes]:
        """Yield the rows as PostgreSQL's binary ``COPY`` reads them."""
        ...

    def as_rows(self, columns: Mapping[str, str | datetime]) -> Iterator[list[tuple[Any, ...]]]:
        """Yield the rows as SQLite takes them."""
        ...


class AlreadyKnown(Exception):
    """Some events of a file are known: those that are not have to be told apart."""


@dataclass(frozen=True, slots=True)
class Day:
    """The use of one day: how many calls, how many of them found something, how many units they counted."""

    calls: int
    hits: int
    units: int


def is_counted(event: type[UsageEvent]) -> sa.ColumnElement[bool]:
    """Return the condition that a use counts: it found something, or the order's tariff charges every query.

    Args:
        event: the table of uses, or an alias of it that the statement reads.
    """
    held, order, tariff = aliased(Entitlement), aliased(Order), aliased(Tariff)
    charges_misses = sa.exists().where(
        held.id == event.entitlement_id, order.id == held.order_id, tariff.id == order.tariff_id, tariff.charges_misses
    )
    return sa.or_(event.hit, charges_misses)


def inserting(session: Session, table: type[UsageEvent] | type[UsageTotal]) -> Any:
    """Return an INSERT into a table of use that can be told what to do about rows that are there already."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    return dialect.insert(table)


def using_up(entitlement_id: UUID, units: int) -> Any:
    """Return the UPDATE that adds to what is used and returns it: its condition keeps the quota, whoever else adds."""
    return (
        sa.update(UsageTotal)
        .where(
            UsageTotal.entitlement_id == entitlement_id,
            sa.or_(UsageTotal.quota.is_(None), UsageTotal.used + UsageTotal.reserved + units <= UsageTotal.quota),
        )
        .values(used=UsageTotal.used + units)
        .returning(UsageTotal.used)
        .execution_options(synchronize_session=False)
    )


def used_of(session: Session, entitlement_id: UUID) -> int:
    """Return the units used up of an entitlement."""
    found = session.scalar(sa.select(UsageTotal.used).where(UsageTotal.entitlement_id == entitlement_id))
    return found or 0


def by_day(session: Session, entitlement_id: UUID, period: Period) -> dict[date, Day]:
    """Return calls, what they found and what they counted of each day of a period on which there was any use."""
    units = sa.case((is_counted(UsageEvent), UsageEvent.quantity), else_=0)
    query = (
        sa.select(
            UsageEvent.day_number, sa.func.count(), sa.func.sum(sa.case((UsageEvent.hit, 1), else_=0)),
            sa.func.sum(units),
        )
        .where(
            UsageEvent.entitlement_id == entitlement_id, UsageEvent.day_number >= period.start.toordinal(),
            UsageEvent.day_number < period.end.toordinal(),
        )
        .group_by(UsageEvent.day_number)
        .order_by(UsageEvent.day_number)
    )  # fmt: skip
    return {
        date.fromordinal(number): Day(int(calls), int(hits), int(counted))
        for number, calls, hits, counted in session.execute(query)
    }


def held_by_numbers(session: Session, place: str, numbers: Iterable[str]) -> dict[str, Held]:
    """Return what uses of the entitlements of a place with these numbers are checked against; columns, no objects."""
    wanted = sorted(set(numbers))
    brought = {"place": place, "wanted": wanted if _is_postgresql(session) else json.dumps(wanted)}
    session.flush()
    rows = session.connection().execute(_terms(session.get_bind().dialect.name), brought)
    return {row[1]: Held(*row) for row in rows}


@cache
def _terms(dialect: str) -> sa.TextualSelect:
    """Every batch asks this; a whole list goes in one parameter: a parameter for each costs more than the look-up."""
    one, number, is_postgresql = Entitlement, Entitlement.__table__.c.number, dialect == "postgresql"
    listed = sa.select(sa.func.json_each(asked("wanted")).table_valued("value").c.value)
    query: sa.Select[Any] = (
        sa.select(
            one.id, number, one.place, one.product_id, one.quota, one.valid_from, one.valid_until, one.subject_kind,
            sa.func.coalesce(Tariff.charges_misses, sa.false()).label("charges_misses"),
        )
        .join(Order, Order.id == one.order_id)
        .outerjoin(Tariff, Tariff.id == Order.tariff_id)
        .where(one.place == asked("place"), number == sa.any_(asked("wanted")) if is_postgresql else number.in_(listed))
    )  # fmt: skip
    return prepared(query, dialect, place=sa.Text(), wanted=postgresql.ARRAY(sa.Text) if is_postgresql else sa.Text())


def stage(session: Session, rows: Sequence[tuple[Any, ...]]) -> Staged:
    """Hand rows (in the order of ``STAGED``) to the database: as one parameter on PostgreSQL, in a table on SQLite."""
    names = [name for name, _, _ in STAGED]
    if _is_postgresql(session):
        sent = msgspec.json.encode([dict(zip(names, row, strict=True)) for row in rows]).decode()
        columns = ", ".join(f"{name} {kind}" for name, kind, _ in STAGED)
        return Staged(f"json_to_recordset(%(rows)s::json) AS s({columns})", {"rows": sent})
    marks = ", ".join("?" for _ in STAGED)
    staged = _new_table(session)
    if rows:
        written = [
            (row, key.hex, held.hex, source, reference, sqlite_moment(at), *rest)
            for row, key, held, source, reference, at, *rest in rows
        ]
        _run(session, f"INSERT INTO {STAGED_TABLE} VALUES ({marks})", written)  # noqa: S608 — own names
    return staged


def stage_file(session: Session, sheet: Sheet) -> Staged:
    """Hand the rows of a sheet to the database, to tell those apart that are known."""
    staged = _new_table(session)
    _write(session, sheet, STAGED_TABLE, {name: "" for name, _, _ in STAGED})
    return staged


def write_file(session: Session, sheet: Sheet, *, place: str, received_at: datetime, stored_at: datetime) -> None:
    """Write the rows of a sheet as events straight away: the usual case is that none is known.

    Raises:
        AlreadyKnown: one is; the transaction has to go back to where it was before.
    """
    given: dict[str, str | datetime] = {
        "place": place, "received_at": received_at, "stored_at": stored_at, "channel": str(Channel.IMPORT),
    }  # fmt: skip
    names = [column.name for column in UsageEvent.__table__.columns]
    try:
        _write(session, sheet, UsageEvent.__tablename__, {name: given.get(name, "") for name in names})
    except (UniqueViolation, IntegrityError) as error:
        raise AlreadyKnown from error


def write_uses(
    session: Session, uses: Iterable[Use], held: Mapping[str, Held], *, place: str, received_at: datetime,
    stored_at: datetime,
) -> list[New]:  # fmt: skip
    """Write uses as events straight away: the usual case is that none is known; return what was new of each.

    Raises:
        AlreadyKnown: one is, or the database has no way of taking rows in bulk; the transaction has to go back to
            where it was before.
    """
    if not _is_postgresql(session):
        raise AlreadyKnown
    fixed = b"".join(
        [len(WRITTEN).to_bytes(2), _binary_text(place), _binary_moment(received_at), _binary_moment(stored_at),
         _binary_text(Channel.IMPORT)]
    )  # fmt: skip
    terms = {one.number: _BINARY_UUIDS.pack(16, one.id.bytes, 16, one.product_id.bytes) for one in held.values()}
    text = cache(_binary_text)
    sums: dict[str, list[int]] = {}
    parts = [BINARY_HEAD]
    for use in uses:
        known = _BINARY_KNOWN.pack(8, (use.occurred_at - YEAR_2000) // MICROSECOND, 8, use.day.toordinal(), 8,
                                   use.quantity, 1, use.hit, 16, new_id_bytes())  # fmt: skip
        parts += (fixed, terms[use.entitlement], known, text(use.source), _binary_text(use.reference),
                  text(use.subject_kind), _binary_text(use.subject))  # fmt: skip
        one = sums.setdefault(use.entitlement, [0, 0, 0])
        one[0], one[1], one[2] = one[0] + 1, one[1] + use.quantity, one[2] + (use.quantity if use.hit else 0)
    parts.append(BINARY_END)
    try:
        _copy(session, UsageEvent.__tablename__, ", ".join(WRITTEN), [b"".join(parts)])
    except UniqueViolation as error:
        raise AlreadyKnown from error
    return [New(held[number].id, *one) for number, one in sums.items()]


def _binary_text(text: str | None) -> bytes:
    if text is None:
        return BINARY_NULL
    written = text.encode()
    return len(written).to_bytes(4) + written


def _binary_moment(at: datetime) -> bytes:
    return struct.pack(">iq", 8, (at - YEAR_2000) // MICROSECOND)


def _copy(session: Session, table: str, names: str, parts: Iterable[bytes]) -> None:
    driver: Any = session.connection().connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN (FORMAT binary)") as copy:
        for part in parts:
            copy.write(part)


def _write(session: Session, sheet: Sheet, table: str, columns: Mapping[str, str | datetime]) -> None:
    """Write by ``COPY`` on PostgreSQL, by one prepared statement on SQLite."""
    names = ", ".join(columns)
    if _is_postgresql(session):
        _copy(session, table, names, sheet.as_binary(columns))
        return
    marks = ", ".join("?" for _ in columns)
    for rows in sheet.as_rows(columns):
        _run(session, f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)  # noqa: S608 — own names


def insert_new(session: Session, staged: Staged, *, received_at: datetime, stored_at: datetime) -> list[New]:
    """Write the staged events that are not known yet; return how many of each entitlement, and their units."""
    times = {"received_at": received_at, "stored_at": stored_at}
    if _is_postgresql(session):
        text = INSERT_NEW.format(relation=staged.relation, received="%(received_at)s", stored="%(stored_at)s")
        found = _run(
            session,
            f"WITH made AS ({text} RETURNING entitlement_id, quantity, hit) SELECT entitlement_id, count(*), "  # noqa: S608
            "sum(quantity), coalesce(sum(quantity) FILTER (WHERE hit), 0) FROM made GROUP BY entitlement_id",
            staged.parameters | times,
        )
        return [New(key, events, int(units), int(hit)) for key, events, units, hit in found]
    text = INSERT_NEW.format(relation=staged.relation, received=":received_at", stored=":stored_at")
    sums: dict[str, list[int]] = {}
    written = {name: sqlite_moment(at) for name, at in times.items()}
    for key, quantity, hit in _run(session, f"{text} RETURNING entitlement_id, quantity, hit", written):
        one = sums.setdefault(key, [0, 0, 0])
        one[0], one[1], one[2] = one[0] + 1, one[1] + quantity, one[2] + (quantity if hit else 0)
    return [New(UUID(key), *one) for key, one in sums.items()]


def reused(session: Session, staged: Staged) -> list[int]:
    """Return the rows whose source and number came before, or earlier in the same batch, with another use."""
    return [row for (row,) in _run(session, REUSED.format(relation=staged.relation), staged.parameters)]


def rows_written(session: Session, staged: Staged, entitlements: Collection[UUID]) -> set[int]:
    """Return the staged rows of these entitlements that were new and are written."""
    text = f"""SELECT s.row, s.entitlement_id FROM {staged.relation}
        JOIN settlement_usage_event e ON e.id = s.id"""  # noqa: S608 — own names
    wanted = {str(one) for one in entitlements}
    found = _run(session, text, staged.parameters)
    return {row for row, key in found if str(key if isinstance(key, UUID) else UUID(key)) in wanted}


def drop(session: Session, staged: Staged) -> None:
    """Remove the table of a staged batch, if it has one."""
    if not staged.parameters:
        _run(session, f"DROP TABLE {STAGED_TABLE}")


def use_up(session: Session, units: Mapping[UUID, int], quotas: Mapping[UUID, int | None]) -> set[UUID]:
    """Add to what is used of each entitlement; return those of which less is left: of these nothing was added.

    The rows are locked in order of the entitlement, so that two batches never wait for each other crosswise.
    """
    done = _add(session, units)
    missing = [key for key in units if key not in done]
    if not missing:
        return set()
    rows = [{"entitlement_id": key, "used": 0, "quota": quotas[key]} for key in sorted(missing)]
    session.execute(inserting(session, UsageTotal).on_conflict_do_nothing(), rows)
    done |= _add(session, {key: units[key] for key in missing})
    return units.keys() - done


def _add(session: Session, units: Mapping[UUID, int]) -> set[UUID]:
    if not units:
        return set()
    if _is_postgresql(session):
        left = _run(session, ADD_MANY, {"ids": _array(units), "units": _array(units.values())})
        return units.keys() - {key for (key,) in left}
    done = ((key, session.execute(using_up(key, units[key])).scalar_one_or_none()) for key in sorted(units))
    return {key for key, used in done if used is not None}


def _array(values: Iterable[UUID | int]) -> str:
    """Return an array as PostgreSQL reads it; the driver takes three times as long for one of identifiers."""
    return f"{{{','.join(map(str, values))}}}"


def taken(session: Session, entitlements: Collection[UUID]) -> dict[UUID, int]:
    """Return what is used and reserved of each entitlement, and keep it so until the end of the transaction."""
    found: dict[UUID, int] = {}
    for key in sorted(entitlements):
        query = sa.select(UsageTotal.used + UsageTotal.reserved).where(UsageTotal.entitlement_id == key)
        found[key] = session.execute(query.with_for_update()).scalar_one()
    return found


def sqlite_moment(at: datetime) -> str:
    """Return a moment as SQLAlchemy writes it into SQLite: UTC, without a zone."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"


def _is_postgresql(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"


def _new_table(session: Session) -> Staged:
    at = 1 if _is_postgresql(session) else 2
    columns = ", ".join(f"{column[0]} {column[at]}" for column in STAGED)
    _run(session, f"CREATE TEMPORARY TABLE {STAGED_TABLE} ({columns})")
    return Staged(f"{STAGED_TABLE} AS s", {})


def _run(session: Session, text: str, sent: Any = None) -> list[Any]:
    """Run text of our own with parameters for the driver; return the rows, if there are any."""
    done = session.connection().exec_driver_sql(text, sent or None)
    return list(done) if done.returns_rows else []
