"""Many rows into one table at once: ``COPY`` on PostgreSQL, one prepared statement on SQLite; triggers fire on both."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date
from itertools import chain, islice
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.db import Base, to_json

COPY_MIN = 200  # below, a prepared statement is as fast
BLOCK = 2_000
SPECIAL = re.compile(r"[\\\t\n\r]")
ESCAPED = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
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
    mapped, dialect = table.__table__, connection.dialect
    writers = []
    for name in names:
        column = mapped.c[name]
        is_json = isinstance(column.type, sa.JSON)
        written = column.type.dialect_impl(dialect).bind_processor(dialect)
        writers.append((name, _remembered(to_json) if is_json else _cell(written)))
    columns = ", ".join(dialect.identifier_preparer.quote(mapped.c[name].name) for name in names)
    driver: Any = connection.connection.driver_connection
    count, left = 0, iter(rows)
    with driver.cursor() as cursor, cursor.copy(f"COPY {table.__tablename__} ({columns}) FROM STDIN") as copy:
        while block := list(islice(left, BLOCK)):
            count += len(block)
            copy.write("".join("\t".join([write(row[name]) for name, write in writers]) + "\n" for row in block))
    return count


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
