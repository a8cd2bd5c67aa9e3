"""Events of use and what they add up to; an event is written once, a sum never passes the bought quantity."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Base, new_id
from settlement.metering.rules import Channel


def _where(condition: str) -> dict[str, Any]:
    """Return the arguments of an index over a part of the rows, on either database."""
    return {"postgresql_where": sa.text(condition), "sqlite_where": sa.text(condition)}


class UsageEvent(Base):
    """One use: of which entitlement, when, how much, and whether anything was found (查得).

    Four times belong to it: when it was used, received, stored, and billed. The last is the seal of the settlement
    that took it and is read from there (settlement/lateness), for an event is never changed.
    """

    __tablename__ = "settlement_usage_event"
    __table_args__ = (
        # one event comes once: by who counted it and that side's own number; what we counted, by the caller's reference
        sa.Index(None, "source", "client_reference", unique=True, **_where("source IS NOT NULL")),
        sa.Index(None, "entitlement_id", "client_reference", unique=True, **_where("source IS NULL")),
        sa.Index(None, "entitlement_id", "day_number"),
        sa.Index(None, "entitlement_id", "subject", "day_number", **_where("subject IS NOT NULL")),
        sa.Index(None, "stored_at", postgresql_using="brin"),  # rows lie in this order: what came late is at the end
        sa.CheckConstraint("quantity >= 1", name="at_least_one"),
        {"info": {"guard": "append_only"}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    place: Mapped[str]
    # no foreign keys: checking them row by row takes longer than writing the row. Every statement that writes an event
    # reads both from the entitlement, which is never deleted; ``huiyi verify`` finds an event without one.
    entitlement_id: Mapped[UUID]
    product_id: Mapped[UUID]
    source: Mapped[str | None]  # who counted it; none: our own data plane, or a file that names nobody
    occurred_at: Mapped[datetime]
    day_number: Mapped[int]  # ordinal of the Beijing date, so that windows of days are plain arithmetic in SQL
    received_at: Mapped[datetime]  # when it reached us
    stored_at: Mapped[datetime]  # when it was written: what a settlement cuts at
    client_reference: Mapped[str]
    quantity: Mapped[int]
    subject_kind: Mapped[str | None]
    subject: Mapped[str | None]  # digest of what was asked about: equality is all that billing needs
    hit: Mapped[bool]
    channel: Mapped[Channel]


class UsageTotal(Base):
    """What is used up of one entitlement; the database refuses more than was bought."""

    __tablename__ = "settlement_usage_total"
    __table_args__ = (
        sa.CheckConstraint("used >= 0", name="not_negative"),
        sa.CheckConstraint("quota IS NULL OR used <= quota", name="within_quota"),
        sa.CheckConstraint("reserved >= 0", name="reserved_not_negative"),
        sa.CheckConstraint("quota IS NULL OR used + reserved <= quota", name="reserved_within_quota"),
    )

    entitlement_id: Mapped[UUID] = mapped_column(sa.ForeignKey("market_entitlement.id"), primary_key=True)
    used: Mapped[int]
    quota: Mapped[int | None]
    reserved: Mapped[int] = mapped_column(default=0, server_default="0")  # by calls whose answer is not known yet
