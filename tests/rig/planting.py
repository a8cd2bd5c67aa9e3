"""Damage planted by somebody with the run of the database, on either kind, and taken back again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.orm import Session

TOUCHED = re.compile(r"^(?:UPDATE|DELETE FROM|INSERT INTO) (\w+)")
CHECKS = """SELECT conname FROM pg_constraint WHERE contype = 'c' AND conrelid = CAST(:table AS regclass)"""


@contextmanager
def planted(session: Session, *steps: str) -> Iterator[None]:
    """Take steps that triggers and constraints would refuse; everything is as before when the block ends."""
    kept = session.begin_nested()
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    if is_sqlite:
        session.execute(sa.text("PRAGMA ignore_check_constraints = ON"))
    try:
        for step in steps:
            found = TOUCHED.match(step)
            assert found is not None, f"what does this touch? {step}"
            _open(session, found.group(1), is_sqlite=is_sqlite)
            changed = session.execute(sa.text(step)).rowcount  # type: ignore[attr-defined]
            assert changed > 0, f"{step} touched nothing: the test would prove nothing"
        yield
    finally:
        kept.rollback()
        session.expire_all()
        if is_sqlite:
            session.execute(sa.text("PRAGMA ignore_check_constraints = OFF"))


def _open(session: Session, table: str, *, is_sqlite: bool) -> None:
    """Take a table's triggers and checks away."""
    if is_sqlite:
        named = sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :table")
        for name in session.scalars(named, {"table": table}).all():
            session.execute(sa.text(f"DROP TRIGGER {name}"))
        return
    session.execute(sa.text(f"ALTER TABLE {table} DISABLE TRIGGER ALL"))
    for name in session.scalars(sa.text(CHECKS), {"table": table}).all():
        session.execute(sa.text(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"'))
