"""Product records that came from another platform, as they came."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Entity


class ImportedRecord(Entity):
    """One product record of another platform; the same record is kept once, a changed one beside it."""

    __tablename__ = "market_interchange_record"
    __table_args__ = (
        sa.UniqueConstraint("org_id", "digest"),
        sa.CheckConstraint("length(digest) = 64", name="digest_hex"),
        {"info": {"guard": "append_only"}},
    )

    org_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"))
    code: Mapped[str] = mapped_column(index=True)
    title: Mapped[str]
    origin: Mapped[str]
    digest: Mapped[str]
    record: Mapped[dict[str, Any]]
    imported_at: Mapped[datetime]
    imported_by: Mapped[UUID | None]
    imported_by_name: Mapped[str]
