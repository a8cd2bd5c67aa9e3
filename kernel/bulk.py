"""Many rows into one table at once: ``COPY`` on PostgreSQL, one prepared statement on SQLite; triggers fire on both."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from itertools import chain, islice
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from kernel.canonical import Written
from kernel.db import Base, new_id, to_json

COPY_MIN = 200  # below, a prepared statement is as fast
BLOCK = 2_000
SPECIAL = re.compile(r"[\\\t\n\r]")
ESCAPED = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
PART_MIN = 1 << 18  # characters; a shorter text is sent as one parameter
PARTS = "huiyi_parts"
Row = tuple[Any, ...]
LOOK_MIN = 2_000  # from here on the planner must hear of new rows within the same transaction


def insert_many(session: Session, table: type[Base], rows: Iterable[dict[str, Any]]) -> None:
    """Insert rows that all name the same columns; a value is written as the column's type would write it.

    Rows are taken one after the other: however many there are, a few thousand are in memory.
    """
    left = iter(rows)
    first = list(islice(left, COPY_MIN))
    if not first:
        return
    connection = session.connection()
    if connection.dialect.name != "postgresql" or len(first) < COPY_MIN:
        while first:
            session.execute(sa.insert(table), first)
            first = list(islice(left, BLOCK))
        return
    session.flush()
    look_over(session, table, _copy(connection, table, chain(first, left), list(first[0])))


def _copy(connection: sa.Connection, table: type[Base], rows: Iterable[dict[str, Any]], names: list[str]) -> int:
    writers = list(zip(names, _writers(connection, table, names), strict=True))
    lines = ("\t".join([write(row[name]) for name, write in writers]) + "\n" for row in rows)
    return _copied(connection, table, names, lines)


def _writers(connection: sa.Connection, table: type[Base], names: Iterable[str]) -> list[Callable[[Any], str]]:
    found: list[Callable[[Any], str]] = []
    for name in names:
        kind = table.__table__.c[name].type
        written = kind.dialect_impl(connection.dialect).bind_processor(connection.dialect)
        found.append(_remembered(to_json) if isinstance(kind, sa.JSON) else _cell(written))
    return found


def insert_alike(
    session: Session, table: type[Base], names: Sequence[str], blocks: Iterable[tuple[dict[str, Any], Iterable[Row]]]
) -> None:
    """Insert rows that come in blocks: what all rows of a block have in common, then what differs, by ``names``.

    Half a million lines of a month differ in three columns of eleven; the others are written once for a block.
    """
    left = iter(blocks)
    first = next(left, None)
    if first is None:
        return
    connection = session.connection()
    if connection.dialect.name != "postgresql":
        insert_many(session, table, (
            same | dict(zip(names, row, strict=True)) for same, rows in chain([first], left) for row in rows
        ))  # fmt: skip
        return
    session.flush()
    columns = [*names, *first[0]]
    writers = _writers(connection, table, columns)
    own, alike = writers[: len(names)], writers[len(names) :]

    def lines() -> Iterator[str]:
        for same, rows in chain([first], left):
            tail = "".join(f"\t{write(value)}" for write, value in zip(alike, same.values(), strict=True)) + "\n"
            for row in rows:
                yield "\t".join([write(value) for write, value in zip(own, row, strict=True)]) + tail

    look_over(session, table, _copied(connection, table, columns, lines()))


def _copied(connection: sa.Connection, table: type[Base], names: Sequence[str], lines: Iterator[str]) -> int:
    mapped = table.__table__
    columns = ", ".join(connection.dialect.identifier_preparer.quote(mapped.c[name].name) for name in names)
    driver: Any = connection.connection.driver_connection
    count = 0
    with driver.cursor() as cursor, cursor.copy(f"COPY {table.__tablename__} ({columns}) FROM STDIN") as copy:
        while block := list(islice(lines, BLOCK)):
            count += len(block)
            copy.write("".join(block))
    return count


def long_json(session: Session, pieces: Iterable[str]) -> Any:
    """Return what a JSON column is set to, so that it holds a text that is canonical JSON and comes in pieces.

    On PostgreSQL a long text goes to the server as it comes and is put together there: a month's is a hundred
    megabytes. It is kept until the transaction ends.
    """
    parts = _parts(pieces)
    first = next(parts, "")
    connection = session.connection()
    if len(first) < PART_MIN or connection.dialect.name != "postgresql":
        return Written("".join([first, *parts]))
    session.execute(sa.text(f"CREATE TEMPORARY TABLE IF NOT EXISTS {PARTS} (text_id uuid, at int, part text)"
                            " ON COMMIT DROP"))  # fmt: skip
    driver: Any = connection.connection.driver_connection
    text_id = new_id()
    with driver.cursor() as cursor, cursor.copy(f"COPY {PARTS} FROM STDIN") as copy:
        for at, part in enumerate(chain([first], parts)):
            copy.write(f"{text_id}\t{at}\t{_text(part)}\n")
    kept = sa.table(PARTS, sa.column("text_id", sa.Uuid), sa.column("at", sa.Integer), sa.column("part", sa.Text))
    whole = sa.func.string_agg(kept.c.part, aggregate_order_by(sa.literal(""), kept.c.at))
    return sa.cast(sa.select(whole).where(kept.c.text_id == text_id).scalar_subquery(), sa.JSON)


def _parts(pieces: Iterable[str]) -> Iterator[str]:
    """Yield a text in parts that are all long but the last."""
    kept: list[str] = []
    size = 0
    for piece in pieces:
        kept.append(piece)
        size += len(piece)
        if size >= PART_MIN:
            yield "".join(kept)
            kept, size = [], 0
    if kept:
        yield "".join(kept)


def look_over(session: Session, table: type[Base], count: int) -> None:
    """Let PostgreSQL count the rows of a table anew after many came in; what reads them next would else plan for none.

    A login that owns nothing gets a warning instead, and plans as before.
    """
    if count >= LOOK_MIN and session.get_bind().dialect.name == "postgresql":
        session.execute(sa.text(f"ANALYZE {table.__tablename__}"))


def _remembered(write: Callable[[Any], Any]) -> Callable[[Any], str]:
    """Write an object that many rows share once; it is kept alive, lest another be taken for it."""
    known: dict[int, tuple[Any, str]] = {}

    def written(value: Any) -> str:
        found = known.get(id(value))
        if found is None:
            if len(known) >= BLOCK:
                known.clear()
            found = known[id(value)] = value, _text(write(value))
        return found[1]

    return written


def _cell(write: Callable[[Any], Any] | None) -> Callable[[Any], str]:
    return _text if write is None else lambda value: _text(write(value))


def _text(value: Any) -> str:
    """Return a value as COPY reads it; what it has no text for is a mistake of the caller.

    Raises:
        TypeError: a value of another kind, such as a float.
    """
    kind = type(value)
    if kind is int or kind is UUID:
        return str(value)
    if isinstance(value, str):
        return str(value).translate(ESCAPED) if kind is not str or SPECIAL.search(value) else value
    if value is None:
        return "\\N"
    if kind is bool:
        return "t" if value else "f"
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{kind.__name__} is not copied")
