"""Tables of the concrete prices; a new price is a new row, and the old ones stay."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel import guards
from kernel.db import Entity
from kernel.money import UnitPrice
from pricing.tariffs.rules import ChargeUnit, Regime, TariffModel

ANY = "*"
CAP_OF_THE_ROW = (
    "SELECT 1 FROM pricing_fee_cap cap WHERE cap.id = NEW.cap_id AND cap.product_id = NEW.product_id "
    "AND cap.charge_unit = NEW.charge_unit AND cap.effective_from <= NEW.effective_from "
    "AND (cap.subject_kind IS NULL OR cap.subject_kind = NEW.subject_kind) AND cap.amount >= NEW.unit_price_max"
)


class Tariff(Entity):
    """The fee of one product from a day on (具体收费标准), for all or for one kind of subject and class of buyers."""

    __tablename__ = "pricing_tariff"
    __table_args__ = (
        sa.UniqueConstraint("product_id", "scope", "effective_from"),
        sa.CheckConstraint("unit_price_max >= 0", name="price_not_negative"),
        sa.CheckConstraint("dedup_days IS NULL OR dedup_days >= 1", name="window_of_a_day_or_more"),
        sa.CheckConstraint("regime <> 'gov_guided' OR cap_id IS NOT NULL", name="guided_price_names_its_cap"),
        sa.CheckConstraint("regime = 'gov_guided' OR cap_id IS NULL", name="only_a_guided_price_has_a_cap"),
        sa.CheckConstraint("(regime = 'trial') = (guidance IS NOT NULL)", name="trial_is_guided"),
        sa.CheckConstraint(
            f"scope = coalesce(subject_kind, '{ANY}') || '/' || coalesce(buyer_class, '{ANY}')",
            name="scope_names_kind_and_class",
        ),
        {
            "info": {
                "guard": "append_only",
                "rules": [
                    (
                        guards.refuse_insert,
                        (
                            "pricing_tariff_above_cap",
                            "pricing_tariff",
                            f"NEW.regime = 'gov_guided' AND NOT EXISTS ({CAP_OF_THE_ROW})",
                            "a guided price needs a cap of its product and unit and may not exceed it",
                        ),
                    )
                ],
            }
        },
    )

    number: Mapped[str] = mapped_column(unique=True)
    place: Mapped[str] = mapped_column(index=True)
    product_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_product.id"), index=True)
    regime: Mapped[Regime]
    charge_unit: Mapped[ChargeUnit]
    model: Mapped[dict[str, Any]]
    unit_price_max: Mapped[UnitPrice]  # highest price per unit, nominal or blended, at any quantity
    subject_kind: Mapped[str | None]  # None: whatever is asked about
    buyer_class: Mapped[str | None]  # None: every buyer without a class of its own
    scope: Mapped[str]  # "kind/class" with "*" for none; lets the unique constraint see them
    dedup_days: Mapped[int | None]  # repeated use of one subject inside so many days is charged once
    # False: only what finds something is charged (查得计费); True: every query is (查询即计)
    charges_misses: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    effective_from: Mapped[date]
    cap_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("pricing_fee_cap.id"), index=True)
    guidance: Mapped[str | None]  # the authorizing entity's guidance on a trial fee
    published_at: Mapped[datetime]
    set_by: Mapped[UUID]
    supersedes_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("pricing_tariff.id"), index=True)
    sources: Mapped[list[Any]]

    def tariff_model(self) -> TariffModel:
        """Return the way of charging with its numbers."""
        return TariffModel.from_dict(self.model)
