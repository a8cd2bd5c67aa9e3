"""Table of the yearly assessments; each is only ever corrected by a newer one."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Entity
from kernel.money import Money
from pricing.assessments.rules import Action, Basis, Direction


class Assessment(Entity):
    """Actual against permitted revenue of one agreement and year; the row with the highest sequence counts."""

    __tablename__ = "pricing_assessment"
    __table_args__ = (
        sa.UniqueConstraint("agreement_id", "year", "sequence"),
        sa.CheckConstraint("permitted >= 0 AND actual >= 0", name="not_negative"),
        sa.CheckConstraint("threshold >= 0", name="threshold_not_negative"),
        sa.CheckConstraint("(sequence = 1) = (supersedes_id IS NULL)", name="first_supersedes_nothing"),
        sa.CheckConstraint("(supersedes_id IS NULL) = (correction_reason IS NULL)", name="correction_has_a_reason"),
        sa.CheckConstraint(
            "direction = CASE WHEN actual > permitted THEN 'over' WHEN actual < permitted THEN 'under' ELSE 'none' END",
            name="direction_follows",
        ),
        sa.CheckConstraint("(direction = 'none') = (action = 'none')", name="action_follows"),
        {"info": {"guard": "append_only"}},
    )

    number: Mapped[str] = mapped_column(unique=True)
    place: Mapped[str] = mapped_column(index=True)
    agreement_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_agreement.id"), index=True)
    year: Mapped[int]
    sequence: Mapped[int]
    ceiling_id: Mapped[UUID] = mapped_column(sa.ForeignKey("pricing_ceiling.id"), index=True)
    basis: Mapped[Basis]
    permitted: Mapped[Money]
    actual: Mapped[Money]
    threshold: Mapped[Decimal]
    direction: Mapped[Direction]
    action: Mapped[Action]
    inputs: Mapped[dict[str, Any]]
    sources: Mapped[list[Any]]
    sha256: Mapped[str]
    note: Mapped[str]
    supersedes_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("pricing_assessment.id"), unique=True)
    correction_reason: Mapped[str | None]
    recorded_by: Mapped[UUID]
    recorded_at: Mapped[datetime]

    @property
    def difference(self) -> Money:
        """Actual less permitted revenue."""
        return self.actual - self.permitted
