"""Statements as issued; a statement is its text, its digest and its number without gaps."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel import guards
from kernel.db import Entity
from kernel.money import Money
from settlement.revenue.model import RUN_IS_SEALED


class Statement(Entity):
    """One party's statement of one settlement."""

    __tablename__ = "settlement_statement"
    __table_args__ = (
        sa.UniqueConstraint("run_id", "party_id"),
        sa.CheckConstraint("total >= 0", name="not_negative"),
        sa.CheckConstraint("length(sha256) = 64", name="sha256_hex"),
        {"info": {"guard": "append_only", "rules": [(guards.refuse_insert, (
            "settlement_statement_closed", "settlement_statement", RUN_IS_SEALED, "the period is sealed"))]}},
    )  # fmt: skip

    number: Mapped[str] = mapped_column(unique=True)
    run_id: Mapped[UUID] = mapped_column(sa.ForeignKey("settlement_run.id"))
    run_number: Mapped[str]
    party_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    party_name: Mapped[str | None]  # as it was called when the statement was issued; of old statements, look it up
    party_uscc: Mapped[str | None]
    place: Mapped[str] = mapped_column(index=True)
    period_start: Mapped[date]
    period_end: Mapped[date]
    total: Mapped[Money]
    payees: Mapped[dict[str, Any]]  # kind of account → amount
    lines: Mapped[list[Any]]
    sha256: Mapped[str]
    issued_at: Mapped[datetime]
