"""Events of Stripe, each kept once with its very bytes."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel import guards
from kernel.db import Entity
from market.stripe_inbox.rules import EventState

CHANGED = "NEW.event_id <> OLD.event_id OR NEW.sha256 <> OLD.sha256 OR NEW.kind <> OLD.kind"


class StripeEvent(Entity):
    """One event; its identity is Stripe's, so that it is dealt with once however often it comes."""

    __tablename__ = "market_stripe_event"
    __table_args__ = (
        sa.CheckConstraint("(state = 'received') = (handled_at IS NULL)", name="handled_at_known"),
        {"info": {"rules": [(guards.refuse_update, (
            "market_stripe_event_frozen", "market_stripe_event", CHANGED, "an event stays as it came"))]}},
    )  # fmt: skip

    event_id: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str] = mapped_column(index=True)
    api_version: Mapped[str]
    is_live: Mapped[bool]
    created_at: Mapped[datetime]
    received_at: Mapped[datetime] = mapped_column(index=True)
    source: Mapped[str]  # webhook, or janitor where the webhook was lost
    body: Mapped[dict[str, Any]]
    sha256: Mapped[str]
    state: Mapped[EventState] = mapped_column(default=EventState.RECEIVED, index=True)
    tries: Mapped[int] = mapped_column(default=0)
    handled_at: Mapped[datetime | None]
    words: Mapped[str] = mapped_column(default="")
    attempt_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("market_payment_attempt.id"), index=True)
    refund_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("market_refund.id"), index=True)
