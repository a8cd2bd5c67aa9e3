"""Table of the parked changes of price; what was asked for stays, and is decided once by another person."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel import guards
from kernel.db import Entity
from kernel.money import UnitPrice
from pricing.costs.rules import ChargeUnit
from pricing.parked_prices.rules import ParkedState

ASKED = ("number", "place", "product_id", "seller_id", "scope", "charge_unit", "effective_from", "before_id",
         "old_unit_price_max", "new_unit_price_max", "reason", "asked_by", "asked_at")  # fmt: skip
CHANGED = (
    "OLD.state <> 'waiting' OR CAST(NEW.terms AS TEXT) <> CAST(OLD.terms AS TEXT) OR "
    + " OR ".join(f"NEW.{name} <> OLD.{name}" for name in ASKED)
)  # fmt: skip


class ParkedPrice(Entity):
    """One change of price that moves by more than half: nothing of it is in effect until another person releases it."""

    __tablename__ = "pricing_parked_price"
    __table_args__ = (
        sa.Index(
            "uq_pricing_parked_price_waiting", "product_id", "scope", unique=True,
            sqlite_where=sa.text("state = 'waiting'"), postgresql_where=sa.text("state = 'waiting'"),
        ),
        sa.CheckConstraint("length(reason) > 0", name="reason_is_written"),
        sa.CheckConstraint("old_unit_price_max <> new_unit_price_max", name="is_a_change"),
        sa.CheckConstraint("(state = 'waiting') = (decided_at IS NULL)", name="decided_at_known"),
        sa.CheckConstraint("(decided_at IS NULL) = (decided_by IS NULL)", name="decided_by_known"),
        sa.CheckConstraint("state <> 'released' OR decided_by <> asked_by", name="two_persons"),
        sa.CheckConstraint("state <> 'released' OR length(note) > 0", name="released_for_a_reason"),
        sa.CheckConstraint("(state = 'released') = (tariff_id IS NOT NULL)", name="released_as_a_price"),
        {"info": {"rules": [
            (guards.refuse_update, ("pricing_parked_price_final", "pricing_parked_price", CHANGED,
                                    "a parked price stays as it was asked for and is decided once")),
            (guards.refuse_delete, ("pricing_parked_price_kept", "pricing_parked_price", "OLD.id = OLD.id",
                                    "a parked price is kept")),
        ]}},
    )  # fmt: skip

    number: Mapped[str] = mapped_column(unique=True)
    place: Mapped[str] = mapped_column(index=True)
    product_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_product.id"), index=True)
    seller_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    scope: Mapped[str]  # kind of subject and class of buyers, as the price would name them
    charge_unit: Mapped[ChargeUnit]
    effective_from: Mapped[date]
    terms: Mapped[dict[str, Any]]  # everything that was asked for
    before_id: Mapped[UUID] = mapped_column(sa.ForeignKey("pricing_tariff.id"), index=True)  # what it is compared with
    old_unit_price_max: Mapped[UnitPrice]
    new_unit_price_max: Mapped[UnitPrice]
    reason: Mapped[str]  # why it was parked
    state: Mapped[ParkedState] = mapped_column(default=ParkedState.WAITING, index=True)
    asked_by: Mapped[UUID]
    asked_at: Mapped[datetime]
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]
    note: Mapped[str | None]  # why it was released or withdrawn
    tariff_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("pricing_tariff.id"), index=True)
