"""The table of free use in the public interest."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Entity
from pricing.exemptions.rules import ExemptionState, Grant, Purpose


class Exemption(Entity):
    """Free use of one product by one grantee for one purpose, requested and decided (有条件无偿)."""

    __tablename__ = "pricing_exemption"
    __table_args__ = (
        sa.CheckConstraint("valid_from <= valid_until", name="term_runs_forward"),
        sa.CheckConstraint("quota IS NULL OR quota > 0", name="quota_positive"),
        sa.CheckConstraint("(approved_at IS NULL) = (approved_by IS NULL)", name="approved_by_somebody"),
        sa.CheckConstraint("(closed_at IS NULL) = (closed_by IS NULL)", name="closed_by_somebody"),
        sa.CheckConstraint("(state IN ('approved', 'revoked')) = (approved_at IS NOT NULL)", name="approved_when_free"),
        sa.CheckConstraint("(state IN ('refused', 'revoked')) = (closed_at IS NOT NULL)", name="closed_when_ended"),
        sa.CheckConstraint("purpose IN ('public_governance', 'public_welfare')", name="public_interest_only"),
    )

    number: Mapped[str] = mapped_column(unique=True)
    place: Mapped[str] = mapped_column(index=True)
    product_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_product.id"), index=True)
    grantee_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    purpose: Mapped[Purpose]
    reason: Mapped[str]
    evidence_sha256: Mapped[str | None] = mapped_column(sa.ForeignKey("evidence_file.sha256"), index=True)
    quota: Mapped[int | None]  # most units over the whole term; None: no limit
    valid_from: Mapped[date]
    valid_until: Mapped[date]  # last day
    state: Mapped[ExemptionState] = mapped_column(default=ExemptionState.REQUESTED)
    requested_by: Mapped[UUID]
    requested_at: Mapped[datetime]
    approved_by: Mapped[UUID | None]
    approved_at: Mapped[datetime | None]
    closed_by: Mapped[UUID | None]  # who refused or revoked it
    closed_at: Mapped[datetime | None]
    closed_reason: Mapped[str | None]

    def grant(self) -> Grant:
        """Return the terms as the rules know them."""
        return Grant(self.valid_from, self.valid_until, self.quota)
