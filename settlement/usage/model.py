"""Which closed days stand in the archive; a day may have several parts, for what came late."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Base, new_id


class ArchivedDay(Base):
    """One file of the archive: the events of a place's day that were stored up to a moment and in no earlier part."""

    __tablename__ = "settlement_archived_day"
    __table_args__ = (
        sa.UniqueConstraint("place", "day_number", "part"),
        sa.CheckConstraint("events >= 1 AND units >= events", name="not_empty"),
        {"info": {"guard": "append_only"}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    place: Mapped[str]
    day_number: Mapped[int]
    part: Mapped[int]
    file_name: Mapped[str]  # below the folder of the archive
    events: Mapped[int]
    units: Mapped[int]
    digest: Mapped[str]  # SHA-256 over the events in order of their id
    file_digest: Mapped[str]  # SHA-256 of the file
    stored_until: Mapped[datetime]
    archived_at: Mapped[datetime]
