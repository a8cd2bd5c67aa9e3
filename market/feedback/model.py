"""The table of what sellers fed back; whether something is due is derived."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel import guards
from kernel.db import Entity
from market.feedback.rules import FeedbackKind, FeedbackState

FACTS = ("number", "version_id", "kind", "words", "file_sha256", "delivered_at")
CHANGED = " OR ".join(f"NEW.{name} <> OLD.{name}" for name in FACTS)


class Feedback(Entity):
    """One delivery of a result or of simulated data for government sharing (成果回馈)."""

    __tablename__ = "market_feedback"
    __table_args__ = (
        sa.CheckConstraint("length(words) > 0", name="described"),
        sa.CheckConstraint("(state = 'delivered') = (answered_at IS NULL)", name="answered_when_over"),
        sa.CheckConstraint("(state = 'returned') = (returned_reason IS NOT NULL)", name="returned_with_reason"),
        {"info": {"rules": [(guards.refuse_update, (
            "market_feedback_final", "market_feedback", f"OLD.state <> 'delivered' OR {CHANGED}",
            "what was fed back is not changed: deliver again"))]}},
    )  # fmt: skip

    number: Mapped[str] = mapped_column(unique=True)
    place: Mapped[str] = mapped_column(index=True)
    product_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_product.id"), index=True)
    version_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_product_version.id"), index=True)
    seller_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    kind: Mapped[FeedbackKind]
    words: Mapped[str]
    file_sha256: Mapped[str] = mapped_column(sa.ForeignKey("evidence_file.sha256"), index=True)
    state: Mapped[FeedbackState] = mapped_column(default=FeedbackState.DELIVERED, index=True)
    delivered_by: Mapped[UUID | None]
    delivered_at: Mapped[datetime]
    returned_reason: Mapped[str | None]
    answered_by: Mapped[UUID | None]
    answered_by_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    answered_at: Mapped[datetime | None]
