"""Embedded data sets: the rows from which one reviewed product version is served."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Base, Entity, new_id


class DataSet(Entity):
    """One load of rows; the newest load of a version is the one that is served."""

    __tablename__ = "market_data_set"
    __table_args__ = (
        sa.UniqueConstraint("version_id", "sequence"),
        sa.CheckConstraint("row_count >= 1", name="not_empty"),
        {"info": {"guard": "append_only"}},
    )

    version_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_product_version.id"))
    sequence: Mapped[int]
    file_name: Mapped[str]
    sha256: Mapped[str]
    row_count: Mapped[int]
    loaded_at: Mapped[datetime]
    loaded_by: Mapped[str]


class DataSetRow(Base):
    """One record under the key by which buyers ask for it."""

    __tablename__ = "market_data_set_row"
    __table_args__ = (sa.UniqueConstraint("data_set_id", "key"), {"info": {"guard": "append_only"}})

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    data_set_id: Mapped[UUID] = mapped_column(sa.ForeignKey("market_data_set.id"))
    version_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_product_version.id"), index=True)
    key: Mapped[str]
    subject_kind: Mapped[str | None]
    body: Mapped[dict[str, Any]]
