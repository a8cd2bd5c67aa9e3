"""The root of each sealed period; written once, with the seal."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Base, Entity


class PeriodRoot(Entity):
    """Both roots of the tree over a sealed settlement."""

    __tablename__ = "settlement_period_root"
    __table_args__ = (
        sa.CheckConstraint("leaf_count >= 1", name="not_empty"),
        sa.CheckConstraint("length(sha256) = 64 AND length(sm3) = 64 AND length(salt) = 64", name="digests_hex"),
        {"info": {"guard": "append_only"}},
    )

    run_id: Mapped[UUID] = mapped_column(sa.ForeignKey("settlement_run.id"), unique=True)
    run_number: Mapped[str]
    place: Mapped[str] = mapped_column(index=True)
    period_start: Mapped[date]
    period_end: Mapped[date]
    journal: Mapped[dict[str, Any]]  # year → [last number under the root before, last under this one]
    leaf_count: Mapped[int]
    salt: Mapped[str]  # of it every leaf has its own; whoever knows it could try out what others earned
    sha256: Mapped[str]
    sm3: Mapped[str]
    made_at: Mapped[datetime] = mapped_column(index=True)


class RootPart(Base):
    """Hashes of the leaves under a root, thousands at a time: they name the leaf that was changed, and prove one."""

    __tablename__ = "settlement_root_part"
    __table_args__ = ({"info": {"guard": "append_only"}},)

    root_id: Mapped[UUID] = mapped_column(sa.ForeignKey("settlement_period_root.id"), primary_key=True)
    part: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sha256: Mapped[bytes]
    sm3: Mapped[bytes]
