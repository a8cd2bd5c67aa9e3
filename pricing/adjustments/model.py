"""Table of the adjustments that assessments propose; what was proposed stays, the state moves."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel import guards
from kernel.db import Entity
from kernel.money import Money, UnitPrice
from pricing.adjustments.rules import AdjustmentKind, AdjustmentState
from pricing.costs.rules import ChargeUnit

FROZEN = ("number", "place", "agreement_id", "assessment_id", "kind", "product_id", "charge_unit", "scope", "current",
          "proposed", "revenue")  # fmt: skip
CHANGED = " OR ".join(f"NEW.{name} <> OLD.{name}" for name in FROZEN)


class Adjustment(Entity):
    """A price or cap that an assessment proposes to change; what was proposed stays, its state moves."""

    __tablename__ = "pricing_adjustment"
    __table_args__ = (
        sa.UniqueConstraint("assessment_id", "product_id", "charge_unit", "scope"),
        sa.CheckConstraint("current > 0 AND proposed > 0", name="positive"),
        sa.CheckConstraint("revenue > 0 AND expected >= 0", name="revenue_known"),
        sa.CheckConstraint("state NOT IN ('accepted', 'carried_out') OR decided > 0", name="accepted_at_an_amount"),
        sa.CheckConstraint("state <> 'refused' OR reason IS NOT NULL", name="refused_for_a_reason"),
        sa.CheckConstraint("(state IN ('proposed', 'superseded')) OR decided_at IS NOT NULL", name="decided_at_known"),
        sa.CheckConstraint("(state = 'carried_out') = (carried_out_at IS NOT NULL)", name="carried_out_at_known"),
        sa.CheckConstraint(
            "state <> 'carried_out' OR (kind = 'cap' AND cap_id IS NOT NULL AND tariff_id IS NULL)"
            " OR (kind = 'price' AND tariff_id IS NOT NULL AND cap_id IS NULL)",
            name="carried_out_by_a_price_or_cap",
        ),
        {"info": {"rules": [
            (guards.refuse_update, (
                "pricing_adjustment_frozen", "pricing_adjustment", CHANGED, "what was proposed is not changed")),
            (guards.refuse_delete, (
                "pricing_adjustment_kept", "pricing_adjustment", "1 = 1", "an adjustment is kept")),
        ]}},
    )  # fmt: skip

    number: Mapped[str] = mapped_column(unique=True)
    place: Mapped[str] = mapped_column(index=True)
    agreement_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_agreement.id"), index=True)
    assessment_id: Mapped[UUID] = mapped_column(sa.ForeignKey("pricing_assessment.id"), index=True)
    kind: Mapped[AdjustmentKind]
    product_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_product.id"), index=True)
    charge_unit: Mapped[ChargeUnit]
    scope: Mapped[str]  # kind of subject and class of buyers, as the price or cap names them
    current: Mapped[UnitPrice]
    proposed: Mapped[UnitPrice]
    revenue: Mapped[Money]  # of the product in the year
    expected: Mapped[Money]  # of the product at the same volume and the proposed price, cut to the fen
    state: Mapped[AdjustmentState] = mapped_column(default=AdjustmentState.PROPOSED, index=True)
    decided: Mapped[UnitPrice | None]
    reason: Mapped[str | None]
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]
    due_date: Mapped[date | None]  # only where a rule of the place names days
    tariff_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("pricing_tariff.id"), index=True)
    cap_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("pricing_fee_cap.id"), index=True)
    carried_out_by: Mapped[UUID | None]
    carried_out_at: Mapped[datetime | None]

    def is_overdue(self, today: date) -> bool:
        """Say whether it should have been carried out by now."""
        return self.state is AdjustmentState.ACCEPTED and self.due_date is not None and today > self.due_date
