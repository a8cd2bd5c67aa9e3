"""Runs of the reconciliation: what was asked, what was seen, what was found. None is ever changed."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Entity


class ReconciliationRun(Entity):
    """One comparison of the sides for a period; its inputs are kept as evidence, side by side, under their digests."""

    __tablename__ = "settlement_reconciliation_run"
    __table_args__ = (
        sa.CheckConstraint("period_start < period_end", name="period_ordered"),
        {"info": {"guard": "append_only"}},
    )

    number: Mapped[str] = mapped_column(unique=True)
    place: Mapped[str] = mapped_column(index=True)
    period_start: Mapped[date] = mapped_column(index=True)
    period_end: Mapped[date]  # first day that does not belong to it
    made_at: Mapped[datetime]
    made_by: Mapped[UUID | None]
    made_by_name: Mapped[str]
    inputs: Mapped[dict[str, Any]]  # by side: digest of the kept file, how many items, their sum
    inputs_sha256: Mapped[str]  # over all of them
    agreed: Mapped[dict[str, Any]]  # by flow: how many references agree
    found: Mapped[list[Any]]  # number, kind and reference of every break that it saw
    new_breaks: Mapped[int]
    healed: Mapped[int]
    gone: Mapped[list[Any]]  # what an earlier run of the same days saw and is not there any more
