"""The calls that another platform answers, one row per reference of an entitlement."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Entity
from settlement.reservations.rules import ReservationState


class Reservation(Entity):
    """One call: in ``pending`` and ``unknown`` one unit of the quota is put aside for it."""

    __tablename__ = "settlement_reservation"
    __table_args__ = (
        sa.UniqueConstraint("entitlement_id", "client_reference"),
        sa.CheckConstraint("attempts >= 1", name="attempted"),
        sa.CheckConstraint(
            "(state IN ('settled', 'released')) = (concluded_at IS NOT NULL)", name="concluded_when_known"
        ),
        sa.Index(None, "state", "lease_until"),
    )

    entitlement_id: Mapped[UUID] = mapped_column(sa.ForeignKey("market_entitlement.id"))
    product_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_product.id"), index=True)
    place: Mapped[str]
    client_reference: Mapped[str]
    subject: Mapped[str]  # digest of what is asked, as in the use that follows
    state: Mapped[ReservationState] = mapped_column(default=ReservationState.PENDING)
    attempts: Mapped[int]
    lease_until: Mapped[datetime]  # until then nobody else tries
    admitted_at: Mapped[datetime]
    concluded_at: Mapped[datetime | None]
    note: Mapped[str]
