"""Human numbers without gaps: ``REV-2026-000123``.

The counter row is locked and raised in the transaction that uses the number, so a rollback gives it back.
"""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.db import Base


class NumberSeries(Base):
    """The last number given in one series."""

    __tablename__ = "number_series"
    __table_args__ = (sa.CheckConstraint("last_number >= 0", name="not_negative"),)

    series: Mapped[str] = mapped_column(primary_key=True)
    last_number: Mapped[int]


def take(session: Session, series: str) -> int:
    """Return the next number of ``series``, counting from 1, without gaps."""
    return take_block(session, series, 1)


def take_block(session: Session, series: str, count: int) -> int:
    """Take so many numbers of ``series`` at once and return the first of them; none only holds the series.

    Whoever holds a series keeps everybody else from numbering in it until the end of the transaction.
    """
    table = NumberSeries.__table__
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = (
        insert(table)  # type: ignore[arg-type]
        .values(series=series, last_number=count)
        .on_conflict_do_update(index_elements=["series"], set_={"last_number": table.c.last_number + count})
        .returning(table.c.last_number)
    )
    return int(session.execute(statement).scalar_one()) - count + 1


def number(session: Session, prefix: str, on: date) -> str:
    """Return the next number of the year of ``on``, such as ``ORD-2026-000001``."""
    return number_of_year(session, prefix, on.year)


def number_of_year(session: Session, prefix: str, year: int) -> str:
    """Return the next number of a year, such as ``ORD-2026-000001``."""
    series = f"{prefix}-{year}"
    return f"{series}-{take(session, series):06d}"
