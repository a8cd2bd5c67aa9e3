"""Many rows into one table at once: ``COPY`` on PostgreSQL, one prepared statement on SQLite; triggers fire on both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.db import Base

COPY_MIN = 200  # below, a prepared statement is as fast
LOOK_MIN = 2_000  # from here on the planner must hear of new rows within the same transaction


def insert_many(session: Session, table: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows that all name the same columns; a value is written as the column's type would write it."""
    if not rows:
        return
    connection = session.connection()
    if connection.dialect.name != "postgresql" or len(rows) < COPY_MIN:
        session.execute(sa.insert(table), list(rows))
        return
    mapped = table.__table__
    columns = [mapped.c[name] for name in rows[0]]
    writers: list[tuple[str, Callable[[Any], Any]]] = []
    for column in columns:
        written = column.type.dialect_impl(connection.dialect).bind_processor(connection.dialect)
        is_json = isinstance(column.type, sa.JSON)
        writers.append((column.name, _remembered(written) if written and is_json else written or _as_it_is))
    names = ", ".join(connection.dialect.identifier_preparer.quote(name) for name, _ in writers)
    session.flush()
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY {table.__tablename__} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row([write(row[name]) for name, write in writers])
    look_over(session, table, len(rows))


def look_over(session: Session, table: type[Base], count: int) -> None:
    """Let PostgreSQL count the rows of a table anew after many came in; what reads them next would else plan for none.

    A login that owns nothing gets a warning instead, and plans as before.
    """
    if count >= LOOK_MIN and session.get_bind().dialect.name == "postgresql":
        session.execute(sa.text(f"ANALYZE {table.__tablename__}"))


def _remembered(write: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Write an object that many rows share once; the rows keep it alive meanwhile."""
    known: dict[int, Any] = {}

    def written(value: Any) -> Any:
        if id(value) not in known:
            known[id(value)] = write(value)
        return known[id(value)]

    return written


def _as_it_is(value: Any) -> Any:
    return value
