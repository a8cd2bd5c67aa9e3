"""Tables of data products. Versions, inputs and lineage are never changed: a correction is a new version."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel.db import Entity
from registry.agreements.model import Agreement
from registry.parties.model import Party
from registry.products.rules import DeliveryForm
from registry.resources.model import Resource
from registry.resources.rules import AccessKind

APPEND_ONLY = {"info": {"guard": "append_only"}}


class Product(Entity):
    """A data product or service of one seller, made under one agreement for one scenario."""

    __tablename__ = "registry_product"
    __table_args__ = (sa.Index(None, "place", "domain"),)

    code: Mapped[str] = mapped_column(unique=True)
    place: Mapped[str] = mapped_column(index=True)
    owner_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)  # the seller
    agreement_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_agreement.id"), index=True)
    title: Mapped[str]
    scenario: Mapped[str]
    domain: Mapped[str]
    delivery_form: Mapped[DeliveryForm]
    source_statement: Mapped[str]
    created_at: Mapped[datetime]
    created_by: Mapped[UUID | None]

    owner: Mapped[Party] = relationship(lazy="raise")
    agreement: Mapped[Agreement] = relationship(lazy="raise")


class ProductVersion(Entity):
    """What the product is, at one time; ``fields`` is a list of {name, title, type, personal}."""

    __tablename__ = "registry_product_version"
    __table_args__ = (
        sa.UniqueConstraint("product_id", "number"),
        sa.CheckConstraint("number > 0", name="number_positive"),
        sa.CheckConstraint("length(content_sha256) = 64", name="sha256_hex"),
        APPEND_ONLY,
    )

    product_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_product.id"), index=True)
    number: Mapped[int]
    description: Mapped[str]
    fields: Mapped[list[Any]]
    sample: Mapped[list[Any]]
    content_sha256: Mapped[str]
    created_at: Mapped[datetime]
    created_by: Mapped[UUID | None]
    created_by_name: Mapped[str]

    product: Mapped[Product] = relationship(lazy="raise")
    inputs: Mapped[list[ProductInput]] = relationship(lazy="raise", viewonly=True)
    origins: Mapped[list[VersionOrigin]] = relationship(
        lazy="raise", viewonly=True, foreign_keys="VersionOrigin.version_id", order_by="VersionOrigin.id"
    )
    evidence: Mapped[list[VersionEvidence]] = relationship(lazy="raise", viewonly=True, order_by="VersionEvidence.id")


class ProductInput(Entity):
    """One resource that a version was made from: lineage, and what counts when revenue is divided (REV-04)."""

    __tablename__ = "registry_product_input"
    __table_args__ = (
        sa.UniqueConstraint("version_id", "resource_id"),
        sa.CheckConstraint("weight_input >= 0", name="weight_not_negative"),
        sa.CheckConstraint("quality >= 0", name="quality_not_negative"),
        APPEND_ONLY,
    )

    version_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_product_version.id"), index=True)
    resource_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_resource.id"), index=True)
    access: Mapped[AccessKind]
    weight_input: Mapped[Decimal]
    quality: Mapped[Decimal]

    resource: Mapped[Resource] = relationship(lazy="raise")


class ProductDerivation(Entity):
    """The product was made from another product (DEV-01)."""

    __tablename__ = "registry_product_derivation"
    __table_args__ = (
        sa.UniqueConstraint("product_id", "ancestor_id"),
        sa.CheckConstraint("product_id <> ancestor_id", name="not_itself"),
        APPEND_ONLY,
    )

    product_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_product.id"), index=True)
    ancestor_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_product.id"), index=True)


class VersionOrigin(Entity):
    """One version of another product that a version was made from: free or paid (REU-01, DEV-01)."""

    __tablename__ = "registry_version_origin"
    __table_args__ = (
        sa.UniqueConstraint("version_id", "origin_version_id"),
        sa.CheckConstraint("version_id <> origin_version_id", name="not_itself"),
        APPEND_ONLY,
    )

    version_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_product_version.id"), index=True)
    origin_version_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_product_version.id"), index=True)
    access: Mapped[AccessKind]

    origin: Mapped[ProductVersion] = relationship(lazy="raise", foreign_keys=[origin_version_id])


class VersionEvidence(Entity):
    """One file of evidence that belongs to a version; its digest is part of the digest of the version."""

    __tablename__ = "registry_version_evidence"
    __table_args__ = (
        sa.UniqueConstraint("version_id", "sha256"),
        sa.CheckConstraint("length(title) > 0", name="titled"),
        APPEND_ONLY,
    )

    version_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_product_version.id"), index=True)
    sha256: Mapped[str] = mapped_column(sa.ForeignKey("evidence_file.sha256"))
    title: Mapped[str]
    file_name: Mapped[str]
