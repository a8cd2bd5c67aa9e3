"""Payments: one per priced order, matched with one bank line."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel import guards
from kernel.db import Entity
from kernel.money import Money
from market.payments.rules import PaymentMethod, PaymentState

CHANGED = (
    "NEW.amount <> OLD.amount OR NEW.order_id <> OLD.order_id OR NEW.reference <> OLD.reference"
    " OR (OLD.captured_at IS NOT NULL AND (NEW.captured_at IS DISTINCT FROM OLD.captured_at"
    " OR NEW.bank_line IS DISTINCT FROM OLD.bank_line))"
)


class Payment(Entity):
    """What the buyer of one order owes, and the money that came."""

    __tablename__ = "market_payment"
    __table_args__ = (
        sa.CheckConstraint("amount > 0", name="positive"),
        sa.CheckConstraint("(state IN ('captured', 'refunded')) = (captured_at IS NOT NULL)", name="captured_at_known"),
        sa.CheckConstraint("(captured_at IS NULL) = (bank_line IS NULL)", name="captured_by_bank_line"),
        {"info": {"rules": [(guards.refuse_update, (
            "market_payment_frozen", "market_payment", CHANGED, "a payment keeps its amount and its bank line"))]}},
    )  # fmt: skip

    number: Mapped[str] = mapped_column(unique=True)
    order_id: Mapped[UUID] = mapped_column(sa.ForeignKey("market_order.id"), unique=True)
    place: Mapped[str] = mapped_column(index=True)
    buyer_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    method: Mapped[PaymentMethod]
    reference: Mapped[str] = mapped_column(unique=True)  # the buyer writes it into the transfer's remark
    amount: Mapped[Money]
    state: Mapped[PaymentState] = mapped_column(default=PaymentState.EXPECTED, index=True)
    expected_at: Mapped[datetime]
    captured_at: Mapped[datetime | None] = mapped_column(index=True)  # when the bank credited it
    recorded_at: Mapped[datetime | None]
    recorded_by: Mapped[str | None]
    bank_line: Mapped[str | None] = mapped_column(unique=True)  # the bank's own serial number of the line
    payer_name: Mapped[str | None]
