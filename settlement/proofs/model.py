"""Daily anchors; published once, never changed."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Base, Entity


class Anchor(Entity):
    """What stood sealed at the end of a day, for everybody to keep a copy of."""

    __tablename__ = "settlement_anchor"
    __table_args__ = (
        sa.CheckConstraint("seals >= 0", name="not_negative"),
        sa.CheckConstraint("length(sha256) = 64 AND length(sm3) = 64", name="digests_hex"),
        {"info": {"guard": "append_only"}},
    )

    day: Mapped[date] = mapped_column(unique=True)
    seals: Mapped[int]  # how many seals of the audit log it covers
    content: Mapped[dict[str, Any]]
    sha256: Mapped[str]
    sm3: Mapped[str]
    made_at: Mapped[datetime]

    def published(self) -> dict[str, Any]:
        """Return the anchor with its digests, as it stands on the public page."""
        return {**self.content, "sha256": self.sha256, "sm3": self.sm3}


class AnchoredRoot(Base):
    """Which anchor holds the root of a period; each is held by one."""

    __tablename__ = "settlement_anchored_root"
    __table_args__ = ({"info": {"guard": "append_only"}},)

    root_id: Mapped[UUID] = mapped_column(sa.ForeignKey("settlement_period_root.id"), primary_key=True)
    anchor_id: Mapped[UUID] = mapped_column(sa.ForeignKey("settlement_anchor.id"), index=True)
