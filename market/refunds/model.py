"""Refunds, and what the payer's bank did: facts that the books read."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel import guards
from kernel.db import Entity
from kernel.money import Money
from market.payments.rules import PaymentMethod
from market.refunds.rules import DisputeStage, RefundState

TOO_MUCH = (
    "NEW.attempt_id IS NULL AND NEW.amount + (SELECT coalesce(sum(r.amount), 0) FROM market_refund AS r"
    " WHERE r.payment_id = NEW.payment_id AND r.attempt_id IS NULL"
    " AND r.state IN ('asked', 'approved', 'pending', 'unknown', 'done'))"
    " > (SELECT p.amount FROM market_payment AS p WHERE p.id = NEW.payment_id)"
)
CHANGED = (
    "NEW.amount <> OLD.amount OR NEW.payment_id <> OLD.payment_id OR NEW.key <> OLD.key OR NEW.method <> OLD.method"
    " OR (OLD.done_at IS NOT NULL AND (NEW.done_at IS DISTINCT FROM OLD.done_at"
    " OR NEW.evidence IS DISTINCT FROM OLD.evidence))"
)


class Refund(Entity):
    """Money that goes back to the buyer, by the way it came; asked by one person and approved by another."""

    __tablename__ = "market_refund"
    __table_args__ = (
        sa.UniqueConstraint("payment_id", "client_reference"),
        sa.CheckConstraint("amount > 0", name="positive"),
        sa.CheckConstraint("state <> 'done' OR done_at IS NOT NULL", name="done_at_known"),
        sa.CheckConstraint("decided_by_id IS NULL OR decided_by_id <> asked_by_id", name="two_persons"),
        {"info": {"rules": [
            (guards.refuse_insert, ("market_refund_covered", "market_refund", TOO_MUCH, "more than was paid")),
            (guards.refuse_update, ("market_refund_frozen", "market_refund", CHANGED, "a refund keeps its amount")),
        ]}},
    )  # fmt: skip

    number: Mapped[str] = mapped_column(unique=True)
    payment_id: Mapped[UUID] = mapped_column(sa.ForeignKey("market_payment.id"), index=True)
    attempt_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("market_payment_attempt.id"), index=True)  # surplus
    place: Mapped[str] = mapped_column(index=True)
    buyer_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    method: Mapped[PaymentMethod]
    amount: Mapped[Money]
    reason: Mapped[str]
    client_reference: Mapped[str]
    key: Mapped[str] = mapped_column(unique=True)  # the idempotency key towards the provider
    intent_id: Mapped[str | None]  # the provider's name of the money that came
    provider_id: Mapped[str | None] = mapped_column(unique=True)
    state: Mapped[RefundState] = mapped_column(default=RefundState.ASKED, index=True)
    asked_at: Mapped[datetime]
    asked_by: Mapped[str]
    asked_by_id: Mapped[UUID]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    decided_by_id: Mapped[UUID | None]
    decided_reason: Mapped[str] = mapped_column(default="")
    answered_at: Mapped[datetime | None]
    words: Mapped[str] = mapped_column(default="")  # what the provider said last
    done_at: Mapped[datetime | None] = mapped_column(index=True)  # when the money left
    evidence: Mapped[str | None] = mapped_column(unique=True)  # the outgoing bank line, ``stripe:re_…``, the account


class ProviderDispute(Entity):
    """One thing that happened to a dispute of the payer's bank; each stage happens once."""

    __tablename__ = "market_provider_dispute"
    __table_args__ = (
        sa.UniqueConstraint("provider_id", "stage"),
        sa.CheckConstraint("amount > 0", name="positive"),
        {"info": {"guard": "append_only"}},
    )

    provider_id: Mapped[str]
    stage: Mapped[DisputeStage]
    payment_id: Mapped[UUID] = mapped_column(sa.ForeignKey("market_payment.id"), index=True)
    attempt_id: Mapped[UUID] = mapped_column(sa.ForeignKey("market_payment_attempt.id"), index=True)
    place: Mapped[str] = mapped_column(index=True)
    amount: Mapped[Money]
    reason: Mapped[str]
    at: Mapped[datetime] = mapped_column(index=True)  # when it was read from the provider; opened: when it was opened
    noted_at: Mapped[datetime]
