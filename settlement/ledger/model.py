"""Tables of the journal. Lines are inserted first, the header last: the header's trigger proves the sum."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel import guards
from kernel.db import Base
from kernel.money import Money
from settlement.ledger.rules import Cause

BALANCED = (
    "settlement_journal_entry_balanced",
    "settlement_journal_entry",
    "(SELECT count(*) FROM settlement_journal_line AS l WHERE l.entry_id = NEW.id) < 2 "
    "OR (SELECT sum(l.amount) FROM settlement_journal_line AS l WHERE l.entry_id = NEW.id) <> 0",
    "journal entry is not balanced",
)
SEALED = (
    "settlement_journal_entry_sealed",
    "settlement_journal_entry",
    "EXISTS (SELECT 1 FROM settlement_run AS r WHERE r.place = NEW.place AND r.state = 'sealed' "
    "AND r.period_start <= NEW.entry_date AND NEW.entry_date < r.period_end)",
    "the period is sealed: book into an open one",
)
CLOSED = (
    "settlement_journal_line_closed",
    "settlement_journal_line",
    "EXISTS (SELECT 1 FROM settlement_journal_entry AS e WHERE e.id = NEW.entry_id)",
    "journal entry is booked already",
)


class JournalEntry(Base):
    """The header of an entry; unique per cause."""

    __tablename__ = "settlement_journal_entry"
    __table_args__ = (
        sa.UniqueConstraint("cause", "cause_id"),
        sa.UniqueConstraint("place", "year", "number"),
        sa.CheckConstraint("number > 0", name="number_positive"),
        {"info": {"guard": "append_only", "rules": [(guards.refuse_insert, BALANCED), (guards.refuse_insert, SEALED)]}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    place: Mapped[str]
    year: Mapped[int]
    number: Mapped[int]
    cause: Mapped[Cause]
    cause_id: Mapped[str]
    entry_date: Mapped[date] = mapped_column(index=True)
    text: Mapped[str]
    booked_at: Mapped[datetime]
    booked_by: Mapped[str]


class JournalLine(Base):
    """One leg; the deferred foreign key refuses, at commit, lines whose header never came."""

    __tablename__ = "settlement_journal_line"
    __table_args__ = (
        sa.CheckConstraint("amount <> 0", name="not_zero"),
        {"info": {"guard": "append_only", "rules": [(guards.refuse_insert, CLOSED)]}},
    )

    entry_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("settlement_journal_entry.id", deferrable=True, initially="DEFERRED"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True)
    account: Mapped[str] = mapped_column(index=True)
    amount: Mapped[Money]
