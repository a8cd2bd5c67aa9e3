"""Tables of the egress checks and of everything that left."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel.db import Entity
from registry.egress.rules import EgressState
from registry.parties.model import Party
from registry.products.model import Product, ProductVersion
from registry.products.rules import DeliveryForm

STANDING_STATES = sa.text("state IN ('requested', 'returned', 'passed', 'exported')")


class EgressCheck(Entity):
    """One request to let one version leave the domain (出域合规核查); each new version needs its own."""

    __tablename__ = "registry_egress_check"
    __table_args__ = (
        sa.CheckConstraint("minimum_group_size IS NULL OR minimum_group_size > 0", name="group_size_positive"),
        sa.CheckConstraint(
            "(state IN ('passed', 'failed', 'withdrawn', 'exported')) = (decided_at IS NOT NULL)",
            name="decided_when_closed",
        ),
        sa.Index(
            "uq_registry_egress_check_version", "version_id", unique=True, sqlite_where=STANDING_STATES,
            postgresql_where=STANDING_STATES,
        ),
    )  # fmt: skip

    number: Mapped[str] = mapped_column(unique=True)
    place: Mapped[str] = mapped_column(index=True)
    product_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_product.id"), index=True)
    version_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_product_version.id"), index=True)
    applicant_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    state: Mapped[EgressState] = mapped_column(default=EgressState.REQUESTED)
    form: Mapped[DeliveryForm]
    description: Mapped[str]  # what leaves, in which form and to whom
    personal_basis: Mapped[str]  # on what the personal information in it rests
    minimum_group_size: Mapped[int | None]  # at least so many records behind each figure, where that is declared
    report_sha256: Mapped[str | None]
    report_name: Mapped[str | None]
    requested_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]

    product: Mapped[Product] = relationship(lazy="raise")
    product_version: Mapped[ProductVersion] = relationship(lazy="raise")
    applicant: Mapped[Party] = relationship(lazy="raise")
    exports: Mapped[list[Export]] = relationship(lazy="raise", viewonly=True, order_by="Export.id")


class Export(Entity):
    """One delivery of a checked version out of the domain; never changed, and metered (结果导出, CST-01)."""

    __tablename__ = "registry_egress_export"
    __table_args__ = (
        sa.CheckConstraint("length(content_sha256) = 64", name="content_sha256_hex"),
        sa.CheckConstraint("length(file_sha256) = 64", name="file_sha256_hex"),
        sa.CheckConstraint("size_bytes >= 0 AND units > 0", name="measured"),
        sa.UniqueConstraint("check_id", "reference"),
        sa.Index(None, "operator_id", "exported_at"),
        {"info": {"guard": "append_only"}},
    )

    check_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_egress_check.id"), index=True)
    version_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_product_version.id"), index=True)
    place: Mapped[str] = mapped_column(index=True)
    operator_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"))  # bears the cost of exports
    content_sha256: Mapped[str]  # digest of the version
    file_sha256: Mapped[str]  # digest of what left
    form: Mapped[DeliveryForm]
    recipient: Mapped[str]
    reference: Mapped[str]  # of the delivery, so that it is recorded once
    size_bytes: Mapped[int]
    units: Mapped[int]
    exported_at: Mapped[datetime]
    exported_by: Mapped[UUID | None]
    exported_by_name: Mapped[str]
