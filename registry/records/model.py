"""Tables of what somebody stated about a product. All append-only: a correction is another row."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel.db import Entity
from registry.products.model import Product, ProductVersion
from registry.records.rules import RecordKind, stands

APPEND_ONLY = {"info": {"guard": "append_only"}}


class Delivery(Entity):
    """The product was delivered: the day from which the first application is due (REG-04)."""

    __tablename__ = "registry_delivery"
    __table_args__ = (APPEND_ONLY,)

    product_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_product.id"), index=True)
    delivered_on: Mapped[date]
    recipient: Mapped[str]
    note: Mapped[str] = mapped_column(default="")
    evidence_sha256: Mapped[str | None]
    stated_by: Mapped[UUID | None]
    stated_at: Mapped[datetime]

    product: Mapped[Product] = relationship(lazy="raise")


class EvidenceRecord(Entity):
    """The content of a version was preserved as evidence (存证) before its registration (REG-05)."""

    __tablename__ = "registry_evidence_record"
    __table_args__ = (
        sa.CheckConstraint("length(content_sha256) = 64", name="sha256_hex"),
        sa.CheckConstraint("length(reference) > 0", name="referenced"),
        sa.UniqueConstraint("provider", "reference"),
        APPEND_ONLY,
    )

    version_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_product_version.id"), index=True)
    content_sha256: Mapped[str]
    provider: Mapped[str]  # who preserves it; this platform itself when nobody else does
    reference: Mapped[str]
    evidence_sha256: Mapped[str | None]  # the certificate of the preserving service
    preserved_at: Mapped[datetime]
    recorded_by: Mapped[UUID | None]

    product_version: Mapped[ProductVersion] = relationship(lazy="raise")


class RegistrationRecord(Entity):
    """A registration of the product elsewhere: national code, local record or filing (REG-10)."""

    __tablename__ = "registry_registration_record"
    __table_args__ = (
        sa.CheckConstraint("length(issuer) > 0 AND length(reference) > 0", name="issuer_and_reference"),
        sa.CheckConstraint("valid_until IS NULL OR valid_from <= valid_until", name="period_ordered"),
        sa.UniqueConstraint("product_id", "kind", "issuer", "reference"),
        sa.Index(None, "product_id", "kind", "valid_from"),
        APPEND_ONLY,
    )

    product_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_product.id"))
    kind: Mapped[RecordKind]
    issuer: Mapped[str]
    reference: Mapped[str]
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]  # last day
    evidence_sha256: Mapped[str]
    recorded_by: Mapped[UUID | None]
    recorded_by_name: Mapped[str]
    recorded_at: Mapped[datetime]

    product: Mapped[Product] = relationship(lazy="raise")
    end: Mapped[RegistrationRecordEnd | None] = relationship(back_populates="record", lazy="raise", uselist=False)

    def stands(self, on: date) -> bool:
        """Say whether it counts on that day; needs ``end`` loaded."""
        return stands(self.valid_from, self.valid_until, self.end.ended_on if self.end else None, on)


class RegistrationRecordEnd(Entity):
    """A registration elsewhere ended before its time, or was entered wrongly."""

    __tablename__ = "registry_registration_record_end"
    __table_args__ = (APPEND_ONLY,)

    record_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_registration_record.id"), unique=True)
    ended_on: Mapped[date]  # first day without it
    reason: Mapped[str]
    ended_by: Mapped[UUID | None]
    ended_at: Mapped[datetime]

    record: Mapped[RegistrationRecord] = relationship(back_populates="end", lazy="raise")
