"""Listings and the batches by which foreign catalogues are read in. Visibility is never stored."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel.db import Entity
from registry.parties.model import Party
from registry.products.model import Product


class Listing(Entity):
    """What a seller shows of one product; or a draft read from a foreign catalogue, which nobody else sees."""

    __tablename__ = "market_listing"
    __table_args__ = (
        sa.CheckConstraint("(product_id IS NULL) <> (batch_id IS NULL)", name="own_or_imported"),
        sa.CheckConstraint("(product_id IS NULL) = (seller_id IS NULL)", name="own_has_seller"),
        sa.CheckConstraint("(batch_id IS NULL) = (external IS NULL)", name="imported_keeps_source"),
        sa.UniqueConstraint("place", "external_address"),
    )

    number: Mapped[str] = mapped_column(unique=True)
    place: Mapped[str] = mapped_column(index=True)
    product_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("registry_product.id"), unique=True)
    seller_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    batch_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("market_import_batch.id"), index=True)
    title: Mapped[str]
    summary: Mapped[str]
    venue: Mapped[str | None]
    search_text: Mapped[str]
    external: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON(none_as_null=True))
    external_address: Mapped[str | None]  # where the foreign catalogue shows it
    created_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]

    product: Mapped[Product | None] = relationship(lazy="raise")
    seller: Mapped[Party | None] = relationship(lazy="raise")

    @property
    def is_imported(self) -> bool:
        """Say whether this is a draft from a foreign catalogue."""
        return self.product_id is None


class ImportBatch(Entity):
    """One file read in as a whole; the same file cannot be read in twice at a place."""

    __tablename__ = "market_import_batch"
    __table_args__ = (
        sa.UniqueConstraint("place", "file_sha256"),
        sa.CheckConstraint("accepted >= 0 AND refused >= 0", name="not_negative"),
        sa.CheckConstraint("length(file_sha256) = 64", name="sha256_hex"),
        {"info": {"guard": "append_only"}},
    )

    number: Mapped[str] = mapped_column(unique=True)
    place: Mapped[str] = mapped_column(index=True)
    org_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    file_name: Mapped[str]
    file_sha256: Mapped[str]
    encoding: Mapped[str]
    accepted: Mapped[int]
    refused: Mapped[int]
    imported_at: Mapped[datetime]
    imported_by: Mapped[str]


class ImportRow(Entity):
    """One line of the file: accepted as a draft, or refused with every reason; its text is kept as it stood."""

    __tablename__ = "market_import_row"
    __table_args__ = (
        sa.UniqueConstraint("batch_id", "line_number"),
        sa.CheckConstraint("accepted = (listing_id IS NOT NULL)", name="accepted_is_listed"),
        {"info": {"guard": "append_only"}},
    )

    batch_id: Mapped[UUID] = mapped_column(sa.ForeignKey("market_import_batch.id"))
    line_number: Mapped[int]  # in the file; the heading is line 1
    accepted: Mapped[bool]
    listing_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("market_listing.id"), unique=True)
    reasons: Mapped[list[Any]]
    raw: Mapped[dict[str, Any]]
