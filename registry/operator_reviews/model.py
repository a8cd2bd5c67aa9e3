"""Operator-level reviews."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel.db import Entity
from registry.operator_reviews.rules import OperatorReviewState, is_valid
from registry.parties.model import Party

RUNNING = sa.text("state IN ('draft', 'under_review', 'returned')")


class OperatorReview(Entity):
    """One review of the basic and the technical security of an operating institution at a place."""

    __tablename__ = "registry_operator_review"
    __table_args__ = (
        sa.Index(
            "uq_registry_operator_review_running", "operator_id", "place", unique=True, sqlite_where=RUNNING,
            postgresql_where=RUNNING,
        ),
        sa.CheckConstraint("(state = 'passed') = (passed_on IS NOT NULL)", name="passed_dated"),
        sa.CheckConstraint("valid_until IS NULL OR passed_on < valid_until", name="validity_ordered"),
    )  # fmt: skip

    number: Mapped[str] = mapped_column(unique=True)
    place: Mapped[str] = mapped_column(index=True)
    operator_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    state: Mapped[OperatorReviewState] = mapped_column(default=OperatorReviewState.DRAFT)
    statements: Mapped[dict[str, Any]]  # kind of seat -> what the operator states
    evidence_sha256: Mapped[str | None]
    drafted_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    passed_on: Mapped[date | None]
    valid_until: Mapped[date | None]  # first day that is not covered; none where no text limits the validity
    review_id: Mapped[UUID | None]
    sources: Mapped[list[Any]] = mapped_column(default=list)

    operator: Mapped[Party] = relationship(lazy="raise")

    def is_valid(self, on: date) -> bool:
        """Say whether the review is valid on that day."""
        return is_valid(self.state, self.passed_on, self.valid_until, on)
