"""The books of one place for one month; once closed, neither changed nor reopened."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel import guards
from kernel.db import Entity
from settlement.closing.rules import ClosingState

OVERLAPS = (
    "EXISTS (SELECT 1 FROM settlement_closing AS c WHERE c.place = NEW.place AND c.period_start < NEW.period_end "
    "AND NEW.period_start < c.period_end)"
)


class Closing(Entity):
    """One month of one book: who started to close it, what the checklist said, who closed it, and where it ended."""

    __tablename__ = "settlement_closing"
    __table_args__ = (
        sa.UniqueConstraint("place", "period_start"),
        sa.CheckConstraint("period_start < period_end", name="period_ordered"),
        sa.CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name="closed_at_known"),
        sa.CheckConstraint("(closed_at IS NULL) = (closed_by IS NULL)", name="closed_by_known"),
        sa.CheckConstraint("closed_by IS NULL OR closed_by <> started_by", name="two_people"),
        {"info": {"rules": [
            (guards.refuse_insert, (
                "settlement_closing_overlap", "settlement_closing", OVERLAPS, "periods of one book do not overlap")),
            (guards.refuse_update, (
                "settlement_closing_closed", "settlement_closing",
                "OLD.state = 'closed' OR NEW.place <> OLD.place OR NEW.period_start <> OLD.period_start"
                " OR NEW.period_end <> OLD.period_end",
                "a closed period is not changed")),
            (guards.refuse_delete, (
                "settlement_closing_kept", "settlement_closing", "OLD.id = OLD.id", "a closing is kept")),
        ]}},
    )  # fmt: skip

    place: Mapped[str] = mapped_column(index=True)
    period_start: Mapped[date]
    period_end: Mapped[date]  # first day that does not belong to it
    state: Mapped[ClosingState]
    started_by: Mapped[UUID]
    started_by_name: Mapped[str]
    started_at: Mapped[datetime]
    checklist: Mapped[list[Any]]
    closed_by: Mapped[UUID | None]
    closed_by_name: Mapped[str | None]
    closed_at: Mapped[datetime | None]
    last_voucher: Mapped[int | None]  # of the accounting year, when it was closed
    balances: Mapped[dict[str, Any]]  # account → balance at the end of the last day
    balances_sha256: Mapped[str | None]
