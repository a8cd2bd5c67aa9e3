"""Quotes and orders. A quote is never changed; an order changes its state and nothing else."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel import guards
from kernel.db import Entity
from kernel.money import Money
from market.orders.rules import OrderState
from pricing.exemptions.rules import Purpose
from pricing.tariffs.rules import PriceReason

PUBLIC_IS_FREE = "purpose IN ('industry_development', 'sector_development') OR amount = 0"
FROZEN = ("number", "place", "quote_id", "product_id", "version_id", "buyer_id", "seller_id", "purpose", "scenario",
          "quantity", "term_months", "amount", "placed_at")  # fmt: skip
CHANGED = " OR ".join(f"NEW.{name} <> OLD.{name}" for name in FROZEN)


class Quote(Entity):
    """What one purchase would cost, why, and until when that answer stands."""

    __tablename__ = "market_quote"
    __table_args__ = (
        sa.CheckConstraint("amount >= 0 AND shadow_amount >= 0", name="not_negative"),
        sa.CheckConstraint("quantity >= 1 AND term_months >= 1", name="at_least_one"),
        sa.CheckConstraint("valid_until > made_at", name="valid_for_a_while"),
        sa.CheckConstraint(PUBLIC_IS_FREE, name="public_interest_is_free"),
        {"info": {"guard": "append_only"}},
    )

    number: Mapped[str] = mapped_column(unique=True)
    place: Mapped[str] = mapped_column(index=True)
    product_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_product.id"), index=True)
    version_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_product_version.id"), index=True)
    tariff_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("pricing_tariff.id"), index=True)
    exemption_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("pricing_exemption.id"), index=True)
    buyer_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    purpose: Mapped[Purpose]
    scenario: Mapped[str]
    quantity: Mapped[int]
    term_months: Mapped[int]
    subject_kind: Mapped[str | None]  # where prices differ by the kind of subject asked about
    amount: Mapped[Money]
    shadow_amount: Mapped[Money]  # what the tariff would have asked of a free use
    reason: Mapped[PriceReason]
    explanation: Mapped[dict[str, Any]]
    inputs: Mapped[dict[str, Any] | None]  # all that the amount rests on; none on quotes from before it was kept
    digest: Mapped[str | None]  # SHA-256 over number, amounts, inputs and explanation as canonical JSON
    made_at: Mapped[datetime]
    valid_until: Mapped[datetime]


class Order(Entity):
    """One purchase for one declared purpose and scenario."""

    __tablename__ = "market_order"
    __table_args__ = (
        sa.UniqueConstraint("buyer_id", "client_reference"),
        sa.CheckConstraint("amount >= 0 AND shadow_amount >= 0", name="not_negative"),
        sa.CheckConstraint("quantity >= 1 AND term_months >= 1", name="at_least_one"),
        sa.CheckConstraint(PUBLIC_IS_FREE, name="public_interest_is_free"),
        sa.CheckConstraint("state <> 'paid' OR amount > 0", name="paid_is_priced"),
        {"info": {"rules": [(guards.refuse_update, (
            "market_order_frozen", "market_order", CHANGED, "an order keeps what was bought: only its state moves"))]}},
    )  # fmt: skip

    number: Mapped[str] = mapped_column(unique=True)
    place: Mapped[str] = mapped_column(index=True)
    quote_id: Mapped[UUID] = mapped_column(sa.ForeignKey("market_quote.id"), unique=True)
    product_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_product.id"), index=True)
    version_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_product_version.id"), index=True)
    agreement_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_agreement.id"), index=True)
    tariff_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("pricing_tariff.id"), index=True)
    exemption_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("pricing_exemption.id"), index=True)
    buyer_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    seller_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    venue: Mapped[str | None]
    purpose: Mapped[Purpose]
    scenario: Mapped[str]
    quantity: Mapped[int]
    term_months: Mapped[int]
    subject_kind: Mapped[str | None]  # where prices differ by the kind of subject asked about
    amount: Mapped[Money]
    shadow_amount: Mapped[Money]
    reason: Mapped[PriceReason]
    state: Mapped[OrderState] = mapped_column(default=OrderState.PLACED, index=True)
    placed_at: Mapped[datetime]
    placed_by: Mapped[UUID | None]
    client_reference: Mapped[str]

    @property
    def is_free(self) -> bool:
        """Say whether nothing is to be paid."""
        return not self.amount
