"""Tables of delivery receipts; each count and each signature is a fact of its own."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel import guards
from kernel.calendar import Period
from kernel.db import Entity
from market.receipts.rules import ReceiptState, Side, Standing, compared

FACTS = ("number", "entitlement_id", "period_start", "period_end", "opened_at")
CHANGED = " OR ".join(f"NEW.{name} <> OLD.{name}" for name in FACTS)
SIGNED = ("provider_count", "buyer_count", "sha256")
RECOUNTED = " OR ".join(f"NEW.{name} IS DISTINCT FROM OLD.{name}" for name in SIGNED)
BOTH = "(provider_count IS NOT NULL AND buyer_count IS NOT NULL)"


class DeliveryReceipt(Entity):
    """What was delivered under one entitlement in one month, as both sides counted it (交付回执)."""

    __tablename__ = "market_delivery_receipt"
    __table_args__ = (
        sa.UniqueConstraint("entitlement_id", "period_start"),
        sa.CheckConstraint("period_end > period_start", name="period_ordered"),
        sa.CheckConstraint("provider_count IS NOT NULL OR buyer_count IS NOT NULL", name="somebody_counted"),
        sa.CheckConstraint("provider_count >= 0 AND buyer_count >= 0", name="counts_not_negative"),
        sa.CheckConstraint(f"(state = 'one_sided') = (NOT {BOTH})", name="one_sided_until_both"),
        sa.CheckConstraint(f"{BOTH} = (sha256 IS NOT NULL)", name="document_of_both"),
        sa.CheckConstraint("state <> 'agreed' OR provider_count = buyer_count", name="agreed_when_equal"),
        sa.CheckConstraint("state NOT IN ('disputed', 'resolved') OR provider_count <> buyer_count", name="different"),
        sa.CheckConstraint("(state = 'resolved') = (decided_units IS NOT NULL)", name="resolved_with_units"),
        {"info": {"rules": [(guards.refuse_update, (
            "market_delivery_receipt_signed", "market_delivery_receipt",
            f"OLD.state IN ('agreed', 'resolved') OR {CHANGED} OR (OLD.state = 'disputed' AND ({RECOUNTED}))",
            "what both sides signed is not changed"))]}},
    )  # fmt: skip

    number: Mapped[str] = mapped_column(unique=True)
    place: Mapped[str] = mapped_column(index=True)
    entitlement_id: Mapped[UUID] = mapped_column(sa.ForeignKey("market_entitlement.id"))
    order_id: Mapped[UUID] = mapped_column(sa.ForeignKey("market_order.id"), index=True)
    period_start: Mapped[date]
    period_end: Mapped[date]  # first day after it
    provider_count: Mapped[int | None]
    buyer_count: Mapped[int | None]
    document: Mapped[dict[str, Any] | None]
    sha256: Mapped[str | None]
    state: Mapped[ReceiptState] = mapped_column(default=ReceiptState.ONE_SIDED, index=True)
    opened_at: Mapped[datetime]
    decided_units: Mapped[int | None]
    ended_at: Mapped[datetime | None]  # when both had signed, or the difference was decided

    @property
    def period(self) -> Period:
        """The month that was counted."""
        return Period(self.period_start, self.period_end)

    @property
    def standing(self) -> Standing | None:
        """What stands and what is in dispute; nothing is known before both have counted."""
        if self.provider_count is None or self.buyer_count is None:
            return None
        if self.decided_units is not None:
            return Standing(self.decided_units, 0)
        return compared(self.provider_count, self.buyer_count)


class ReceiptCount(Entity):
    """One count by one side; a later one replaces it, and both are kept."""

    __tablename__ = "market_receipt_count"
    __table_args__ = (
        sa.CheckConstraint("units >= 0", name="not_negative"),
        {"info": {"guard": "append_only"}},
    )

    receipt_id: Mapped[UUID] = mapped_column(sa.ForeignKey("market_delivery_receipt.id"), index=True)
    side: Mapped[Side]
    units: Mapped[int]
    metered: Mapped[int | None]  # what this platform had metered at that moment
    words: Mapped[str | None]
    counted_by: Mapped[UUID | None]
    counted_by_name: Mapped[str]
    counted_at: Mapped[datetime]


class ReceiptSignature(Entity):
    """One side's signature under one document, named by its digest."""

    __tablename__ = "market_receipt_signature"
    __table_args__ = (
        sa.UniqueConstraint("receipt_id", "side", "sha256"),
        sa.CheckConstraint("length(sha256) = 64", name="sha256_hex"),
        {"info": {"guard": "append_only"}},
    )

    receipt_id: Mapped[UUID] = mapped_column(sa.ForeignKey("market_delivery_receipt.id"))
    side: Mapped[Side]
    sha256: Mapped[str]
    signed_by: Mapped[UUID | None]
    signed_by_name: Mapped[str]
    signed_at: Mapped[datetime]
