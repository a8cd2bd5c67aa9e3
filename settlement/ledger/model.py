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
PERIOD_CLOSED = (
    "settlement_journal_entry_period",
    "settlement_journal_entry",
    "EXISTS (SELECT 1 FROM settlement_closing AS c WHERE c.place = NEW.place AND c.state = 'closed' "
    "AND c.period_start <= NEW.entry_date AND NEW.entry_date < c.period_end)",
    "the period is closed: book into an open one",
)
# of every leg that is taken back: all that was ever taken back of it stays within what was booked
TAKEN_BACK = (
    "SELECT abs(sum(r.amount)) FROM settlement_journal_line AS r WHERE r.account = n.account"
    " AND (r.amount > 0) = (n.amount > 0) AND (r.entry_id = NEW.id OR r.entry_id IN"
    " (SELECT e.id FROM settlement_journal_entry AS e WHERE e.reverses_id = NEW.reverses_id))"
)
BOOKED = (
    "SELECT coalesce(abs(sum(o.amount)), 0) FROM settlement_journal_line AS o WHERE o.entry_id = NEW.reverses_id"
    " AND o.account = n.account AND (o.amount > 0) = (n.amount < 0)"
)
OVER = f"SELECT 1 FROM settlement_journal_line AS n WHERE n.entry_id = NEW.id AND ({TAKEN_BACK}) > ({BOOKED})"  # noqa: S608 — constants
OVER_REVERSED = (
    "settlement_journal_entry_over_reversed",
    "settlement_journal_entry",
    f"NEW.reverses_id IS NOT NULL AND EXISTS ({OVER})",
    "more is reversed than was booked",
)
REVERSED_DEEP = (
    "settlement_journal_entry_reversed_deep",
    "settlement_journal_entry",
    "NEW.reverses_id IS NOT NULL AND EXISTS (SELECT 1 FROM settlement_journal_entry AS first"
    " WHERE first.id = NEW.reverses_id AND first.reverses_id IS NOT NULL AND (NEW.cause = 'partial_reversal'"
    " OR EXISTS (SELECT 1 FROM settlement_journal_entry AS root WHERE root.id = first.reverses_id"
    " AND root.reverses_id IS NOT NULL)))",
    "a reversal is reversed whole, and once",
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
        sa.CheckConstraint(
            "reverses_id IS NULL OR cause IN ('reversal', 'partial_reversal')", name="only_reversals_reverse"
        ),
        {"info": {"guard": "append_only", "rules": [(guards.refuse_insert, rule) for rule in (
            BALANCED, SEALED, PERIOD_CLOSED, OVER_REVERSED, REVERSED_DEEP)]}},
    )  # fmt: skip

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
    agreement: Mapped[str | None] = mapped_column(index=True)  # the separate account (PRC-09)
    product: Mapped[str | None]
    use_class: Mapped[str | None]
    value_date: Mapped[date | None]  # when it happened, where its own period was closed already
    reverses_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("settlement_journal_entry.id"), index=True)


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
