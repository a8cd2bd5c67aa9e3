"""Endpoints, the messages of an organisation, what became of each at each endpoint, and every single try.

Messages and tries are technical records: kept 90 days (conventions: outbox), never changed meanwhile.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel import guards
from kernel.db import Base, Entity, new_id
from market.webhooks.rules import DeliveryState, EndpointState, Outcome, is_wanted

NONCE_BYTES = 12  # of AES-GCM, in front of every sealed secret


class Endpoint(Entity):
    """One address of one organisation, with its secret (sealed under the key of the application)."""

    __tablename__ = "market_webhook_endpoint"
    __table_args__ = (
        sa.CheckConstraint("(state = 'disabled') = (disabled_at IS NOT NULL)", name="disabled_since"),
        sa.CheckConstraint("(disabled_at IS NULL) = (disabled_reason IS NULL)", name="disabled_because"),
        sa.CheckConstraint("(former_secret IS NULL) = (former_until IS NULL)", name="former_until"),
    )

    org_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    url: Mapped[str]
    description: Mapped[str]
    types: Mapped[list[Any]]  # none: every type
    state: Mapped[EndpointState] = mapped_column(default=EndpointState.UNPROVEN)
    sealed_secret: Mapped[str]
    former_secret: Mapped[str | None]  # still signs beside the new one, so that nobody must switch at one moment
    former_until: Mapped[datetime | None]
    secret_shown_at: Mapped[datetime | None]  # the present secret, to a person or program; it is shown once
    created_at: Mapped[datetime]
    created_by: Mapped[UUID | None]
    created_by_name: Mapped[str]
    disabled_at: Mapped[datetime | None]
    disabled_reason: Mapped[str | None]

    def wants(self, kind: str) -> bool:
        """Say whether this endpoint is told of that type."""
        return is_wanted(kind, self.types)


class Message(Base):
    """One message to one organisation; its id is ``webhook-id`` at every endpoint and in every try."""

    __tablename__ = "market_webhook_message"
    __table_args__ = (
        sa.UniqueConstraint("org_id", "line_id"),
        {"info": {"rules": [(guards.refuse_update, (
            "market_webhook_message_frozen", "market_webhook_message", "NEW.id IS NOT NULL",
            "a message is sent as it was written"))]}},
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    org_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    line_id: Mapped[UUID | None]  # the audit line that it tells of; none for challenges and tests
    type: Mapped[str]
    happened_at: Mapped[datetime]
    body: Mapped[str]

    @property
    def name(self) -> str:
        """What stands in ``webhook-id``."""
        return f"msg_{self.id.hex}"


class Delivery(Entity):
    """One message at one endpoint."""

    __tablename__ = "market_webhook_delivery"
    __table_args__ = (
        sa.UniqueConstraint("endpoint_id", "message_id"),
        sa.CheckConstraint("(state = 'waiting') = (next_try_at IS NOT NULL)", name="waits_for_a_moment"),
        sa.CheckConstraint("(state = 'waiting') = (closed_at IS NULL)", name="closed_at"),
        sa.CheckConstraint("tries >= 0 AND total_tries >= tries", name="tries"),
        sa.Index(None, "state", "next_try_at"),
    )

    endpoint_id: Mapped[UUID] = mapped_column(sa.ForeignKey("market_webhook_endpoint.id"))
    message_id: Mapped[UUID] = mapped_column(sa.ForeignKey("market_webhook_message.id"), index=True)
    state: Mapped[DeliveryState] = mapped_column(default=DeliveryState.WAITING)
    tries: Mapped[int] = mapped_column(default=0)  # since it was last begun
    total_tries: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]

    endpoint: Mapped[Endpoint] = relationship(lazy="raise")
    message: Mapped[Message] = relationship(lazy="raise")


class Attempt(Base):
    """One try of one delivery."""

    __tablename__ = "market_webhook_attempt"
    __table_args__ = (
        sa.UniqueConstraint("delivery_id", "number"),
        {"info": {"rules": [(guards.refuse_update, (
            "market_webhook_attempt_frozen", "market_webhook_attempt", "NEW.id IS NOT NULL",
            "a try went as it went"))]}},
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    delivery_id: Mapped[UUID] = mapped_column(sa.ForeignKey("market_webhook_delivery.id"))
    number: Mapped[int]
    tried_at: Mapped[datetime]
    outcome: Mapped[Outcome]
    status: Mapped[int | None]
    words: Mapped[str]
    address: Mapped[str | None]
    took_ms: Mapped[int]
    answer: Mapped[str]


class Progress(Base):
    """Up to which audit line the messages were written."""

    __tablename__ = "market_webhook_progress"

    name: Mapped[str] = mapped_column(primary_key=True)
    last_line: Mapped[UUID]
