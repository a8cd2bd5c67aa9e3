"""Tables of the ceilings and of the caps set under them; both are only ever added to."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel import guards
from kernel.db import Entity
from kernel.money import Money, UnitPrice, fraction
from pricing.ceilings.rules import CapForecast, DatedCap
from pricing.costs.rules import ChargeUnit

REVENUE = "operating_cost + permitted_profit + tax - clawback"
ALL_KINDS = "*"


class Ceiling(Entity):
    """The highest permitted revenue (最高准许收入) of one operator for one year; the newest of a year counts."""

    __tablename__ = "pricing_ceiling"
    __table_args__ = (
        sa.CheckConstraint(
            "operating_cost >= 0 AND permitted_profit >= 0 AND tax >= 0 AND clawback >= 0", name="not_negative"
        ),
        sa.CheckConstraint(
            f"max_permitted_revenue = CASE WHEN {REVENUE} < 0 THEN 0 ELSE {REVENUE} END", name="adds_up"
        ),
        sa.CheckConstraint("profit_rate >= 0 AND profit_rate <= bond_yield + spread_max", name="rate_within_limit"),
        {"info": {"guard": "append_only"}},
    )

    number: Mapped[str] = mapped_column(unique=True)
    place: Mapped[str] = mapped_column(index=True)
    agreement_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_agreement.id"), index=True)
    year: Mapped[int]
    survey_id: Mapped[UUID] = mapped_column(sa.ForeignKey("pricing_cost_survey.id"), index=True)
    bond_yield: Mapped[Decimal]
    spread_max: Mapped[Decimal]
    profit_rate: Mapped[Decimal]
    operating_cost: Mapped[Money]
    permitted_profit: Mapped[Money]
    tax: Mapped[Money]
    clawback: Mapped[Money]
    max_permitted_revenue: Mapped[Money]
    inputs: Mapped[dict[str, Any]]
    sources: Mapped[list[Any]]
    determined_by: Mapped[UUID]
    determined_at: Mapped[datetime]
    supersedes_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("pricing_ceiling.id"), index=True)

    @property
    def margin(self) -> Decimal:
        """What the determination added to the treasury yield, a fraction."""
        return self.profit_rate - self.bond_yield


class FeeCap(Entity):
    """The highest fee (上限收费标准) of one product and charge unit from a day on, set by the authorizing entity."""

    __tablename__ = "pricing_fee_cap"
    __table_args__ = (
        sa.UniqueConstraint("product_id", "charge_unit", "scope", "effective_from"),
        sa.CheckConstraint("amount > 0", name="positive"),
        sa.CheckConstraint("forecast_volume >= 0", name="volume_not_negative"),
        sa.CheckConstraint("report_date <= effective_from", name="reported_before_effective"),
        sa.CheckConstraint(f"scope = coalesce(subject_kind, '{ALL_KINDS}')", name="scope_names_the_kind"),
        {
            "info": {
                "guard": "append_only",
                "rules": [
                    (
                        guards.refuse_insert,
                        (
                            "pricing_fee_cap_place",
                            "pricing_fee_cap",
                            "NEW.place <> (SELECT place FROM pricing_ceiling WHERE id = NEW.ceiling_id)",
                            "a cap belongs to the place of its ceiling",
                        ),
                    )
                ],
            }
        },
    )

    place: Mapped[str] = mapped_column(index=True)
    product_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_product.id"), index=True)
    charge_unit: Mapped[ChargeUnit]
    subject_kind: Mapped[str | None]  # None: whatever is asked about
    scope: Mapped[str]  # the subject kind, or "*"; lets the unique constraint see it
    amount: Mapped[UnitPrice]
    forecast_volume: Mapped[Decimal]
    ceiling_id: Mapped[UUID] = mapped_column(sa.ForeignKey("pricing_ceiling.id"), index=True)
    effective_from: Mapped[date]
    report_number: Mapped[str]  # of the written report
    report_date: Mapped[date]
    reported_to: Mapped[list[Any]]
    reported_at: Mapped[datetime]
    set_by: Mapped[UUID]
    set_at: Mapped[datetime]

    def dated(self) -> DatedCap:
        """Return the cap as the rules of the sum know it."""
        forecast = CapForecast(self.amount, fraction(self.forecast_volume))
        return DatedCap((self.product_id, self.charge_unit, self.scope), self.effective_from, forecast)
