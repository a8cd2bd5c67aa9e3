"""What one reviewed product version is served from: embedded data sets, files, and reports by period."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Base, Entity, new_id
from registry.products.rules import DeliveryForm


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


class ProductFile(Entity):
    """One file or report of a version, named by its content; never changed, and never taken back once it was bought."""

    __tablename__ = "market_product_file"
    __table_args__ = (
        sa.UniqueConstraint("version_id", "sha256"),
        sa.CheckConstraint("size_bytes >= 1", name="not_empty"),
        sa.CheckConstraint("form IN ('file', 'report')", name="delivered_as_a_whole"),
        sa.CheckConstraint("(form = 'report') = (period_start IS NOT NULL)", name="report_has_a_period"),
        sa.CheckConstraint(
            "(period_start IS NULL) = (period_end IS NULL) AND (period_end IS NULL OR period_end >= period_start)",
            name="period_ordered",
        ),
        {"info": {"guard": "append_only"}},
    )

    product_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_product.id"), index=True)
    version_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_product_version.id"))
    sha256: Mapped[str] = mapped_column(sa.ForeignKey("evidence_file.sha256"))
    form: Mapped[DeliveryForm]
    file_name: Mapped[str]
    media_type: Mapped[str]
    size_bytes: Mapped[int]
    row_count: Mapped[int | None]
    period_start: Mapped[date | None]
    period_end: Mapped[date | None]  # last day
    added_at: Mapped[datetime]
    added_by: Mapped[UUID | None]
    added_by_name: Mapped[str]
