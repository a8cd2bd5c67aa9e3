"""Tables of the cap plans; what was reported is never changed."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel import guards
from kernel.db import Entity
from kernel.money import UnitPrice
from pricing.cap_plans.rules import CapPlanState
from pricing.costs.rules import ChargeUnit

DRAFT = sa.text("state = 'draft'")
PLAN_IS_CLOSED = "(SELECT state FROM pricing_cap_plan WHERE id = {row}.plan_id) <> 'draft'"


class CapPlan(Entity):
    """Caps that are to take effect together on one day under one permitted revenue (上限收费标准方案)."""

    __tablename__ = "pricing_cap_plan"
    __table_args__ = (
        sa.CheckConstraint("(state = 'reported') = (recorded_at IS NOT NULL)", name="recorded_when_reported"),
        sa.CheckConstraint("(recorded_at IS NULL) = (report_number IS NULL)", name="report_has_its_number"),
        sa.CheckConstraint("(recorded_at IS NULL) = (report_date IS NULL)", name="report_has_its_date"),
        sa.CheckConstraint("report_date IS NULL OR report_date <= effective_from", name="reported_before_effective"),
        sa.Index(
            "uq_pricing_cap_plan_draft", "determination_id", unique=True, sqlite_where=DRAFT, postgresql_where=DRAFT
        ),
        {
            "info": {
                "rules": [
                    (
                        guards.refuse_update,
                        (
                            "pricing_cap_plan_closed",
                            "pricing_cap_plan",
                            "OLD.state <> 'draft'",
                            "a reported cap plan is never changed",
                        ),
                    )
                ]
            }
        },
    )

    number: Mapped[str] = mapped_column(unique=True)
    place: Mapped[str] = mapped_column(index=True)
    determination_id: Mapped[UUID] = mapped_column(sa.ForeignKey("pricing_determination.id"), index=True)
    ceiling_id: Mapped[UUID] = mapped_column(sa.ForeignKey("pricing_ceiling.id"), index=True)
    state: Mapped[CapPlanState] = mapped_column(default=CapPlanState.DRAFT)
    effective_from: Mapped[date]
    note: Mapped[str]  # on what the caps rest: resources, people, sales (三（二）)
    drafted_by: Mapped[UUID]
    drafted_at: Mapped[datetime]
    report_number: Mapped[str | None]
    report_date: Mapped[date | None]
    reported_to: Mapped[list[Any]] = mapped_column(default=list)
    recorded_by: Mapped[UUID | None]
    recorded_at: Mapped[datetime | None]

    rows: Mapped[list[CapPlanRow]] = relationship(
        back_populates="plan", order_by="CapPlanRow.position", lazy="raise", cascade="all, delete-orphan"
    )


class CapPlanRow(Entity):
    """One planned cap."""

    __tablename__ = "pricing_cap_plan_row"
    __table_args__ = (
        sa.UniqueConstraint("plan_id", "position"),
        sa.CheckConstraint("amount > 0", name="positive"),
        sa.CheckConstraint("forecast_volume >= 0", name="volume_not_negative"),
        {
            "info": {
                "rules": [
                    (
                        build,
                        (
                            f"pricing_cap_plan_row_{name}",
                            "pricing_cap_plan_row",
                            PLAN_IS_CLOSED.format(row=row),
                            "a reported cap plan is never changed",
                        ),
                    )
                    for build, name, row in (
                        (guards.refuse_update, "closed", "OLD"),
                        (guards.refuse_insert, "late", "NEW"),
                        (guards.refuse_delete, "kept", "OLD"),
                    )
                ]
            }
        },
    )

    plan_id: Mapped[UUID] = mapped_column(sa.ForeignKey("pricing_cap_plan.id"), index=True)
    position: Mapped[int]
    product_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_product.id"), index=True)
    charge_unit: Mapped[ChargeUnit]
    subject_kind: Mapped[str | None]
    amount: Mapped[UnitPrice]
    forecast_volume: Mapped[Decimal]

    plan: Mapped[CapPlan] = relationship(back_populates="rows", lazy="raise")

    def as_cap(self) -> dict[str, Any]:
        """Return the row as the command that sets caps takes it."""
        names = ("product_id", "charge_unit", "subject_kind", "amount", "forecast_volume")
        return {name: getattr(self, name) for name in names}
