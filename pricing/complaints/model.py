"""The table of complaints about fees."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel import guards
from kernel.db import Entity
from pricing.complaints.rules import ComplaintState, Ground, Outcome

FACTS = ("number", "reference", "product_id", "ground", "name", "contact", "words", "filed_at")
DECISION = ("outcome", "decided_reason", "decided_by", "decided_at")
CHANGED = " OR ".join(f"NEW.{name} <> OLD.{name}" for name in FACTS)
REVISED = " OR ".join(f"NEW.{name} <> OLD.{name}" for name in DECISION)


class PriceComplaint(Entity):
    """A complaint under a real name that a fee is too high or wrong (收费投诉)."""

    __tablename__ = "pricing_complaint"
    __table_args__ = (
        sa.CheckConstraint("length(name) > 0 AND length(contact) > 0 AND length(words) > 0", name="named_with_words"),
        sa.CheckConstraint("(outcome IS NOT NULL) = (state IN ('decided', 'closed'))", name="decided_with_outcome"),
        sa.CheckConstraint("(outcome IS NULL) = (decided_at IS NULL)", name="decided_at_known"),
        sa.CheckConstraint("decided_by IS NULL OR filed_by IS NULL OR decided_by <> filed_by", name="two_persons"),
        sa.CheckConstraint("(state IN ('closed', 'withdrawn')) = (ended_at IS NOT NULL)", name="ended_when_over"),
        sa.CheckConstraint(
            "state <> 'closed' OR outcome = 'keep' OR new_tariff_id IS NOT NULL OR new_cap_id IS NOT NULL",
            name="adjusted_by_something",
        ),
        {"info": {"rules": [(guards.refuse_update, (
            "pricing_complaint_final", "pricing_complaint",
            f"OLD.state IN ('closed', 'withdrawn') OR {CHANGED} OR (OLD.outcome IS NOT NULL AND ({REVISED}))",
            "a complaint is not changed, and what was decided is final"))]}},
    )  # fmt: skip

    number: Mapped[str] = mapped_column(unique=True)
    reference: Mapped[str] = mapped_column(unique=True)  # who knows it filed the complaint
    place: Mapped[str] = mapped_column(index=True)
    product_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_product.id"), index=True)
    tariff_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("pricing_tariff.id"), index=True)
    authorizing_entity_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    ground: Mapped[Ground]
    words: Mapped[str]
    evidence_sha256: Mapped[str | None] = mapped_column(sa.ForeignKey("evidence_file.sha256"), index=True)
    name: Mapped[str]
    contact: Mapped[str]
    party_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)  # None: the public
    filed_by: Mapped[UUID | None]
    filed_at: Mapped[datetime]
    source_digest: Mapped[str] = mapped_column(index=True)
    state: Mapped[ComplaintState] = mapped_column(default=ComplaintState.FILED, index=True)
    accepted_by: Mapped[UUID | None]
    accepted_at: Mapped[datetime | None]
    reviewed_by: Mapped[UUID | None]
    reviewed_at: Mapped[datetime | None]
    findings: Mapped[str | None]  # what the review of the fee found
    outcome: Mapped[Outcome | None]
    decided_reason: Mapped[str | None]
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]
    new_tariff_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("pricing_tariff.id"), index=True)
    new_cap_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("pricing_fee_cap.id"), index=True)
    ended_at: Mapped[datetime | None]  # closed or withdrawn
