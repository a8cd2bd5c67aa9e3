"""The books of a told story, for tests of the independent checker; built once per run, whoever needs them first."""

from __future__ import annotations

import fcntl
import io
import os
import shutil
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import sqlalchemy as sa
from rich.console import Console

from kernel import audit, clock, db
from tests.rig.databases import RUN
from web.checker import verify
from web.demo.places import PLACES
from web.demo.telling import tell

TOLD = ("xinchang", "quzhou", "guangzhou")
# what a column that must not be empty holds in a planted row, by its declared type
FILLING = {
    "INTEGER": "0", "BIGINT": "0", "BOOLEAN": "0", "JSON": "'[]'", "DATE": "'2026-01-01'",
    "DATETIME": "'2026-01-01 00:00:00.000000'",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """A row to plant: the table, and SQL expressions for the columns that matter; all others are filled."""

    table: str
    columns: dict[str, str]


def told_books() -> Path:
    """Return the books of three places after the whole story, with their audit lines sealed."""
    folder = Path(os.environ[RUN])
    path, mark = folder / "told-books.sqlite", folder / "told-books.built"
    with (folder / "told-books.lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not mark.exists():
            printed_of(path).write_text(told(path), encoding="utf-8")
            _seal(path)
            mark.touch()
    return path


def printed_of(books: Path) -> Path:
    """Return the file that holds what was printed while the books were told."""
    return books.with_suffix(".txt")


def told(path: Path) -> str:
    """Tell the story of the three places on a fresh database and return what was printed."""
    printed = io.StringIO()
    places = [place for place in PLACES if place.key in TOLD]
    tell(path, Console(file=printed), serve=False, port="0", places=places)
    clock.run_from(None)
    return printed.getvalue()


def _seal(path: Path) -> None:
    database = db.Database(f"sqlite:///{path}")
    with database.new_session() as session, db.write_transaction(session):
        last = session.scalar(sa.select(sa.func.max(audit.AuditLine.at)))
        assert last
        audit.seal(session, now=last, before=last)
    database.engine.dispose()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # the copies take this one file
    connection.close()


def damaged(books: Path, folder: Path, steps: str | Row | Sequence[str | Row]) -> Path:
    """Return a copy of the books on which somebody with the run of the database took ``steps``."""
    path = folder / "damaged.sqlite"
    shutil.copy(books, path)
    connection = sqlite3.connect(path)
    triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for name, _ in triggers:
        connection.execute(f"DROP TRIGGER {name}")
    connection.execute("PRAGMA ignore_check_constraints = ON")
    for step in [steps] if isinstance(steps, str | Row) else steps:
        statement = step if isinstance(step, str) else _insertion(connection, step)
        changed = connection.execute(statement).rowcount
        assert changed > 0, f"{statement} touched nothing: the test would prove nothing"
    for _, create in triggers:
        connection.execute(create)
    connection.commit()
    connection.close()
    return path


def _insertion(connection: sqlite3.Connection, row: Row) -> str:
    values = dict(row.columns)
    for _, name, kind, must, default, _ in connection.execute(f"PRAGMA table_info({row.table})"):
        if must and default is None and name not in values:
            values[name] = f"'{uuid4().hex}'" if kind == "CHAR(32)" else FILLING.get(kind, f"'{name}'")
    assert len(values) > len(row.columns), f"there is no table {row.table}"
    return f"INSERT INTO {row.table} ({', '.join(values)}) VALUES ({', '.join(values.values())})"


def findings_of(path: Path) -> list[str]:
    """Return what the checker finds in a file."""
    engine = db.make_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        found = verify(connection)
    engine.dispose()
    return found
