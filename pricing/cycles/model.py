"""Tables of the evaluation cycles, of their closings and of the deductions planned; all are only ever added to."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel import guards
from kernel.db import Entity
from kernel.money import Money
from pricing.cycles.rules import Result, Span

OVERLAPS = (
    "EXISTS (SELECT 1 FROM pricing_evaluation_cycle AS c WHERE c.agreement_id = NEW.agreement_id "
    "AND c.first_year <= NEW.last_year AND NEW.first_year <= c.last_year)"
)


class EvaluationCycle(Entity):
    """Years of one agreement whose revenue is evaluated together; open until its first closing."""

    __tablename__ = "pricing_evaluation_cycle"
    __table_args__ = (
        sa.CheckConstraint("first_year <= last_year", name="years_ordered"),
        {"info": {"guard": "append_only", "rules": [(guards.refuse_insert, (
            "pricing_cycle_overlap", "pricing_evaluation_cycle", OVERLAPS, "cycles of an agreement do not overlap"))]}},
    )  # fmt: skip

    number: Mapped[str] = mapped_column(unique=True)
    place: Mapped[str] = mapped_column(index=True)
    agreement_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_agreement.id"), index=True)
    first_year: Mapped[int]
    last_year: Mapped[int]
    years_max: Mapped[int]  # what the rules permitted when it was opened
    opened_by: Mapped[UUID]
    opened_at: Mapped[datetime]

    closings: Mapped[list[CycleClosing]] = relationship(
        back_populates="cycle", order_by="CycleClosing.sequence", lazy="raise"
    )

    @property
    def span(self) -> Span:
        """The years."""
        return Span(self.first_year, self.last_year)

    @property
    def closing(self) -> CycleClosing | None:
        """The closing that counts, None while the cycle is open."""
        return self.closings[-1] if self.closings else None


class CycleClosing(Entity):
    """What a cycle brought; a later one corrects it after an assessment was corrected."""

    __tablename__ = "pricing_cycle_closing"
    __table_args__ = (
        sa.UniqueConstraint("cycle_id", "sequence"),
        sa.CheckConstraint("permitted >= 0 AND actual >= 0", name="not_negative"),
        sa.CheckConstraint(
            "excess = CASE WHEN actual > permitted THEN actual - permitted ELSE 0 END", name="excess_follows"
        ),
        sa.CheckConstraint("spread_years >= 1", name="spread_over_a_year"),
        {"info": {"guard": "append_only"}},
    )

    cycle_id: Mapped[UUID] = mapped_column(sa.ForeignKey("pricing_evaluation_cycle.id"), index=True)
    sequence: Mapped[int]
    permitted: Mapped[Money]
    actual: Mapped[Money]
    excess: Mapped[Money]
    threshold: Mapped[Decimal | None]
    spread_years: Mapped[int]
    reason: Mapped[str]
    inputs: Mapped[dict[str, Any]]
    sources: Mapped[list[Any]]
    closed_by: Mapped[UUID]
    closed_at: Mapped[datetime]

    cycle: Mapped[EvaluationCycle] = relationship(back_populates="closings", lazy="raise")
    deductions: Mapped[list[Deduction]] = relationship(
        back_populates="closing", order_by="Deduction.year", lazy="raise"
    )

    @property
    def result(self) -> Result:
        """Both sums and the excess."""
        return Result(self.permitted, self.actual, self.excess)


class Deduction(Entity):
    """What one later year gives back of the excess; negative where it corrects an earlier plan downwards."""

    __tablename__ = "pricing_deduction"
    __table_args__ = (
        sa.UniqueConstraint("closing_id", "year"),
        sa.CheckConstraint("amount <> 0", name="not_nothing"),
        {"info": {"guard": "append_only"}},
    )

    closing_id: Mapped[UUID] = mapped_column(sa.ForeignKey("pricing_cycle_closing.id"), index=True)
    agreement_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_agreement.id"), index=True)
    year: Mapped[int]
    amount: Mapped[Money]

    closing: Mapped[CycleClosing] = relationship(back_populates="deductions", lazy="raise")
