"""Tables of the compliance review."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel.db import Entity
from registry.parties.rules import Capacity
from registry.products.model import Product, ProductVersion
from registry.reviews.rules import OPEN_STATES, Decision, ReviewState, StageState

STANDING = sa.text("state IN ('submitted', 'in_stage', 'returned', 'passed')")


class Review(Entity):
    """One compliance review of one product version."""

    __tablename__ = "registry_review"
    __table_args__ = (
        sa.CheckConstraint(
            "(state IN ('passed', 'refused', 'withdrawn')) = (decided_at IS NOT NULL)", name="decided_when_closed"
        ),
        sa.CheckConstraint("round_number IN (1, 2)", name="returned_once_at_most"),
        # of one version there is one review that runs or has passed; a new one only after refusal or withdrawal
        sa.Index(
            "uq_registry_review_version", "version_id", unique=True, sqlite_where=STANDING, postgresql_where=STANDING
        ),
        sa.Index("ix_registry_review_worklist", "state", "due_date"),
    )

    number: Mapped[str] = mapped_column(unique=True)
    place: Mapped[str] = mapped_column(index=True)
    product_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_product.id"), index=True)
    version_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_product_version.id"), index=True)
    state: Mapped[ReviewState] = mapped_column(default=ReviewState.SUBMITTED)
    submitted_at: Mapped[datetime]
    submitted_by: Mapped[UUID | None]
    due_date: Mapped[date]  # last working day for the decision of the open stage
    decided_at: Mapped[datetime | None]
    stage_position: Mapped[int] = mapped_column(default=1)
    round_number: Mapped[int] = mapped_column(default=1)  # 2 after the one return for correction
    sources: Mapped[list[Any]] = mapped_column(default=list)

    product: Mapped[Product] = relationship(lazy="raise")
    product_version: Mapped[ProductVersion] = relationship(lazy="raise")
    stages: Mapped[list[ReviewStage]] = relationship(
        back_populates="review", order_by="ReviewStage.round_number, ReviewStage.position", lazy="raise"
    )

    def is_overdue(self, today: date) -> bool:
        """Say whether the open stage should have been decided by now."""
        return self.state in OPEN_STATES and today > self.due_date


class ReviewStage(Entity):
    """One stage of a review, decided by people of one capacity; by one party where a party is named."""

    __tablename__ = "registry_review_stage"
    __table_args__ = (
        sa.UniqueConstraint("review_id", "round_number", "position"),
        sa.CheckConstraint("state <> 'open' OR due_date IS NOT NULL", name="due_when_open"),
        sa.CheckConstraint(
            "(state IN ('agreed', 'refused', 'returned')) = (decided_at IS NOT NULL)", name="decided_when_closed"
        ),
    )

    review_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_review.id"), index=True)
    round_number: Mapped[int]
    position: Mapped[int]
    kind: Mapped[str]  # name of the stage in the policy
    capacity: Mapped[Capacity]
    party_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    title: Mapped[str]
    state: Mapped[StageState] = mapped_column(default=StageState.WAITING)
    due_date: Mapped[date | None]
    decided_at: Mapped[datetime | None]

    review: Mapped[Review] = relationship(back_populates="stages", lazy="raise")
    opinions: Mapped[list[Opinion]] = relationship(back_populates="stage", order_by="Opinion.given_at", lazy="raise")


class Opinion(Entity):
    """What a reviewer decided at a stage, and why; never changed."""

    __tablename__ = "registry_review_opinion"
    __table_args__ = (
        sa.UniqueConstraint("stage_id"),
        sa.CheckConstraint("length(reason) > 0", name="reasoned"),
        {"info": {"guard": "append_only"}},
    )

    stage_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_review_stage.id"), index=True)
    reviewer_account_id: Mapped[UUID]
    reviewer_name: Mapped[str]
    decision: Mapped[Decision]
    reason: Mapped[str]
    checklist: Mapped[dict[str, Any]]
    defects: Mapped[list[Any]]
    given_at: Mapped[datetime]

    stage: Mapped[ReviewStage] = relationship(back_populates="opinions", lazy="raise")
