"""What calls take: a place in the span of a limit."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Base


class CallCounter(Base):
    """How often an entitlement was called in the present span of its limit; all workers count here."""

    __tablename__ = "settlement_call_counter"
    __table_args__ = (sa.CheckConstraint("used >= 1", name="counted"),)

    entitlement_id: Mapped[UUID] = mapped_column(sa.ForeignKey("market_entitlement.id"), primary_key=True)
    span: Mapped[int]
    used: Mapped[int]
