"""Use by day, as a sealed settlement took it: an explanation must not read ten million events."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Base


class UsageDay(Base):
    """What one settlement took of one entitlement on one day; late events stand under the day of their use."""

    __tablename__ = "settlement_usage_day"
    __table_args__ = (
        sa.CheckConstraint("calls >= 1 AND hits >= 0 AND units >= 0", name="not_negative"),
        {"info": {"guard": "append_only"}},
    )

    run_id: Mapped[UUID] = mapped_column(sa.ForeignKey("settlement_run.id"), primary_key=True)
    entitlement_id: Mapped[UUID] = mapped_column(sa.ForeignKey("market_entitlement.id"), primary_key=True)
    day_number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    calls: Mapped[int]
    hits: Mapped[int]
    units: Mapped[int]
