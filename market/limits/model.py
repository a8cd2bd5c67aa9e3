"""Limits as they were agreed; the newest one for an entitlement, else for its product, is in force."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Entity


class CallLimit(Entity):
    """So many calls in so many seconds: of every buyer of a product, or of one entitlement by its contract."""

    __tablename__ = "market_call_limit"
    __table_args__ = (
        sa.UniqueConstraint("product_id", "entitlement_id", "sequence"),
        sa.CheckConstraint("calls >= 1 AND seconds >= 1", name="positive"),
        sa.CheckConstraint("sequence >= 1", name="sequence_positive"),
        sa.CheckConstraint("length(reason) > 0", name="reasoned"),
        {"info": {"guard": "append_only"}},
    )

    product_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_product.id"), index=True)
    entitlement_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("market_entitlement.id"), index=True)
    sequence: Mapped[int]
    calls: Mapped[int]
    seconds: Mapped[int]
    reason: Mapped[str]
    set_at: Mapped[datetime]
    set_by: Mapped[UUID | None]
    set_by_name: Mapped[str]
