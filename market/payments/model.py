"""Payments: one per priced order, fulfilled by one receipt; and every try to pay online."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel import guards
from kernel.db import Entity
from kernel.money import Money
from market.payments.rules import AttemptState, PaymentMethod, PaymentState

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
    method: Mapped[PaymentMethod]  # the way that is expected, then the way in which it came
    reference: Mapped[str] = mapped_column(unique=True)  # the buyer writes it into the transfer's remark
    amount: Mapped[Money]
    state: Mapped[PaymentState] = mapped_column(default=PaymentState.EXPECTED, index=True)
    expected_at: Mapped[datetime]
    captured_at: Mapped[datetime | None] = mapped_column(index=True)  # when the bank credited it
    recorded_at: Mapped[datetime | None]
    recorded_by: Mapped[str | None]
    # the bank's own serial number of the line, or the name of the receipt that fulfilled it: ``stripe:pi_…``
    bank_line: Mapped[str | None] = mapped_column(unique=True)
    payer_name: Mapped[str | None]


IS_LIVE = sa.text("state IN ('asked', 'pending', 'unknown')")
ATTEMPT_CHANGED = (
    "NEW.amount <> OLD.amount OR NEW.payment_id <> OLD.payment_id OR NEW.key <> OLD.key OR NEW.number <> OLD.number"
    " OR (OLD.received IS NOT NULL AND (NEW.received IS DISTINCT FROM OLD.received"
    " OR NEW.state <> OLD.state OR NEW.intent_id IS DISTINCT FROM OLD.intent_id))"
)


class Attempt(Entity):
    """One try to pay online: written before the provider is called, moved only by what the provider answers."""

    __tablename__ = "market_payment_attempt"
    __table_args__ = (
        sa.UniqueConstraint("payment_id", "sequence"),
        sa.Index("uq_market_payment_attempt_live", "payment_id", unique=True, sqlite_where=IS_LIVE,
                 postgresql_where=IS_LIVE),
        sa.CheckConstraint("amount > 0 AND (received IS NULL OR received > 0)", name="positive"),
        sa.CheckConstraint("(received IS NULL) = (received_at IS NULL)", name="received_at_known"),
        sa.CheckConstraint("received IS NULL OR state IN ('succeeded', 'parked')", name="received_is_final"),
        sa.CheckConstraint("state <> 'succeeded' OR received = amount", name="paid_to_the_fen"),
        {"info": {"rules": [(guards.refuse_update, (
            "market_payment_attempt_frozen", "market_payment_attempt", ATTEMPT_CHANGED,
            "a try to pay keeps what was asked for and what came"))]}},
    )  # fmt: skip

    number: Mapped[str] = mapped_column(unique=True)  # the provider gets it and gives it back in everything
    payment_id: Mapped[UUID] = mapped_column(sa.ForeignKey("market_payment.id"), index=True)
    sequence: Mapped[int]
    place: Mapped[str] = mapped_column(index=True)
    method: Mapped[PaymentMethod]
    amount: Mapped[Money]
    key: Mapped[str] = mapped_column(unique=True)  # the idempotency key towards the provider
    state: Mapped[AttemptState] = mapped_column(default=AttemptState.ASKED, index=True)
    provider_id: Mapped[str | None] = mapped_column(unique=True)
    intent_id: Mapped[str | None] = mapped_column(unique=True)
    url: Mapped[str | None]  # where the buyer pays
    return_url: Mapped[str]  # where the buyer comes back to; part of what is asked for under the key
    asked_at: Mapped[datetime]
    asked_by: Mapped[str]
    answered_at: Mapped[datetime | None]  # when the provider was last asked
    received: Mapped[Money | None]
    received_at: Mapped[datetime | None] = mapped_column(index=True)
    reason: Mapped[str] = mapped_column(default="")
