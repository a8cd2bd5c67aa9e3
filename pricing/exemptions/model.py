"""Tables of free use in the public interest: requests, their decisions, and every term that was ever decided."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel import guards
from kernel.db import Entity
from pricing.exemptions.rules import AmendmentState, ExemptionState, Grant, Purpose, Standing, standing

ASKED = sa.text("state = 'asked'")
STATED = ("exemption_id", "valid_until", "reason", "asked_by", "asked_at")
RESTATED = " OR ".join(f"NEW.{name} <> OLD.{name}" for name in STATED)


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
    closed_by: Mapped[UUID | None]  # who refused, revoked or returned it
    closed_at: Mapped[datetime | None]
    closed_reason: Mapped[str | None]
    conditions: Mapped[str | None]  # under which it is free, in words, as decided last
    renews_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("pricing_exemption.id"), index=True)
    returned_at: Mapped[datetime | None]  # given back by the grantee

    def grant(self) -> Grant:
        """Return the terms as the rules know them."""
        return Grant(self.valid_from, self.valid_until, self.quota)

    def standing(self, on: date) -> Standing:
        """Return what it is worth on a day."""
        return standing(self.state, self.grant(), is_returned=self.returned_at is not None, on=on)


class ExemptionTerms(Entity):
    """The terms of an exemption as they were once decided; the newest hold, the older ones stay readable."""

    __tablename__ = "pricing_exemption_terms"
    __table_args__ = (
        sa.UniqueConstraint("exemption_id", "position"),
        sa.CheckConstraint("valid_from <= valid_until", name="term_runs_forward"),
        sa.CheckConstraint("quota IS NULL OR quota > 0", name="quota_positive"),
        sa.CheckConstraint("position >= 1", name="counted_from_one"),
        {"info": {"guard": "append_only"}},
    )

    exemption_id: Mapped[UUID] = mapped_column(sa.ForeignKey("pricing_exemption.id"))
    position: Mapped[int]
    valid_from: Mapped[date]
    valid_until: Mapped[date]
    quota: Mapped[int | None]
    conditions: Mapped[str | None]
    reason: Mapped[str]
    decided_by: Mapped[UUID]
    decided_at: Mapped[datetime]


class ExemptionAmendment(Entity):
    """A change of quota or last day that the grantee asked for, and what somebody else decided."""

    __tablename__ = "pricing_exemption_amendment"
    __table_args__ = (
        sa.CheckConstraint("quota IS NULL OR quota > 0", name="quota_positive"),
        sa.CheckConstraint("(state = 'asked') = (decided_at IS NULL)", name="decided_when_closed"),
        sa.CheckConstraint("(decided_at IS NULL) = (decided_by IS NULL)", name="decided_by_somebody"),
        sa.CheckConstraint("decided_by IS NULL OR decided_by <> asked_by", name="two_persons"),
        sa.Index(
            "uq_pricing_exemption_amendment_open", "exemption_id", unique=True, sqlite_where=ASKED,
            postgresql_where=ASKED,
        ),
        {"info": {"rules": [(guards.refuse_update, (
            "pricing_exemption_amendment_final", "pricing_exemption_amendment", f"OLD.state <> 'asked' OR {RESTATED}",
            "what was asked is not changed, and its decision is final"))]}},
    )  # fmt: skip

    exemption_id: Mapped[UUID] = mapped_column(sa.ForeignKey("pricing_exemption.id"), index=True)
    valid_until: Mapped[date]
    quota: Mapped[int | None]
    reason: Mapped[str]
    evidence_sha256: Mapped[str | None] = mapped_column(sa.ForeignKey("evidence_file.sha256"), index=True)
    state: Mapped[AmendmentState] = mapped_column(default=AmendmentState.ASKED)
    asked_by: Mapped[UUID]
    asked_at: Mapped[datetime]
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]
    decided_reason: Mapped[str | None]
