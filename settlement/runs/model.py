"""The settlement of one place for one period; once sealed, neither changed nor removed."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel import guards
from kernel.db import Entity
from settlement.runs.rules import RunState

OVERLAPS = (
    "EXISTS (SELECT 1 FROM settlement_run AS r WHERE r.place = NEW.place AND r.period_start < NEW.period_end "
    "AND NEW.period_start < r.period_end)"
)


class SettlementRun(Entity):
    """One settlement; ``report`` holds every line with its working, so that it can be explained later."""

    __tablename__ = "settlement_run"
    __table_args__ = (
        sa.UniqueConstraint("place", "period_start"),
        sa.CheckConstraint("period_start < period_end", name="period_ordered"),
        sa.CheckConstraint("(state = 'prepared') = (checked_at IS NULL)", name="checked_at_known"),
        sa.CheckConstraint("(state = 'sealed') = (sealed_at IS NOT NULL)", name="sealed_at_known"),
        sa.CheckConstraint("checked_by IS NULL OR checked_by <> prepared_by", name="two_people"),
        {"info": {"rules": [
            (guards.refuse_insert, (
                "settlement_run_overlap", "settlement_run", OVERLAPS, "periods of one place do not overlap")),
            (guards.refuse_update, (
                "settlement_run_sealed", "settlement_run",
                "OLD.state = 'sealed' OR NEW.place <> OLD.place OR NEW.period_start <> OLD.period_start"
                " OR NEW.period_end <> OLD.period_end OR NEW.number <> OLD.number",
                "a sealed settlement is not changed")),
            (guards.refuse_delete, (
                "settlement_run_kept", "settlement_run", "OLD.state = 'sealed'", "a sealed settlement is kept")),
        ]}},
    )  # fmt: skip

    number: Mapped[str] = mapped_column(unique=True)
    place: Mapped[str] = mapped_column(index=True)
    period_start: Mapped[date]
    period_end: Mapped[date]  # first day that does not belong to it
    state: Mapped[RunState] = mapped_column(default=RunState.PREPARED)
    received_until: Mapped[datetime]  # events received after it belong to the next settlement
    prepared_by: Mapped[UUID]
    prepared_by_name: Mapped[str]
    prepared_at: Mapped[datetime]
    checked_by: Mapped[UUID | None]
    checked_by_name: Mapped[str | None]
    checked_at: Mapped[datetime | None]
    sealed_by: Mapped[UUID | None]
    sealed_by_name: Mapped[str | None]
    sealed_at: Mapped[datetime | None]
    inputs_sha256: Mapped[str]
    report_sha256: Mapped[str]
    totals: Mapped[dict[str, Any]]
    parked: Mapped[list[Any]]
    report: Mapped[dict[str, Any]] = mapped_column(deferred=True)  # tens of megabytes: read where it is asked for
