"""Entitlements are granted once and never changed; whether one holds now is derived."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Entity
from market.entitlements.rules import Terms
from pricing.exemptions.rules import Purpose


class Entitlement(Entity):
    """The right of one buyer to use one product version for one purpose and scenario."""

    __tablename__ = "market_entitlement"
    __table_args__ = (
        sa.CheckConstraint("valid_until >= valid_from", name="dates_ordered"),
        sa.CheckConstraint("quota IS NULL OR quota >= 1", name="quota_positive"),
        {"info": {"guard": "append_only"}},
    )

    number: Mapped[str] = mapped_column(unique=True)
    order_id: Mapped[UUID] = mapped_column(sa.ForeignKey("market_order.id"), unique=True)
    place: Mapped[str] = mapped_column(index=True)
    product_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_product.id"), index=True)
    version_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_product_version.id"), index=True)
    buyer_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    purpose: Mapped[Purpose]
    scenario: Mapped[str]
    subject_kind: Mapped[str | None]
    quota: Mapped[int | None]
    valid_from: Mapped[date]
    valid_until: Mapped[date]  # last day of use
    granted_at: Mapped[datetime]

    @property
    def terms(self) -> Terms:
        """What was bought, as the rule reads it."""
        return Terms(
            self.number, self.quota, self.valid_from, self.valid_until, self.purpose, self.scenario, self.subject_kind
        )
