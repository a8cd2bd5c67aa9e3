"""Tables of disputes; what was said, proposed and answered is kept as it was."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel import guards
from kernel.db import Entity
from kernel.money import Money
from market.disputes.rules import DisputeState, Outcome, Side, Track

FACTS = ("number", "track", "place", "product_id", "words", "name", "contact", "filed_at", "amount")
DECISION = ("outcome", "awarded", "decided_reason", "decided_at", "decided_by", "proposed_by")
CHANGED = " OR ".join(f"NEW.{name} <> OLD.{name}" for name in FACTS)
REVISED = " OR ".join(f"NEW.{name} IS DISTINCT FROM OLD.{name}" for name in DECISION)
APPEND_ONLY = {"info": {"guard": "append_only"}}


class Dispute(Entity):
    """One dispute about a product or about exactly one order, or the difference of one delivery receipt."""

    __tablename__ = "market_dispute"
    __table_args__ = (
        sa.CheckConstraint("length(name) > 0 AND length(contact) > 0 AND length(words) > 0", name="named_with_words"),
        sa.CheckConstraint("amount >= 0 AND (amount = 0 OR order_id IS NOT NULL)", name="amount_of_an_order"),
        sa.CheckConstraint("track <> 'data_subject' OR order_id IS NULL", name="data_subjects_hold_no_money"),
        sa.CheckConstraint("receipt_id IS NULL OR units > 0", name="receipt_counts_units"),
        sa.CheckConstraint("(outcome IS NOT NULL) = (state IN ('decided', 'closed'))", name="decided_with_outcome"),
        sa.CheckConstraint("(outcome IS NULL) = (awarded IS NULL)", name="outcome_with_award"),
        sa.CheckConstraint("awarded IS NULL OR (awarded >= 0 AND awarded <= amount)", name="award_within"),
        sa.CheckConstraint("decided_by IS NULL OR decided_by <> proposed_by", name="two_persons"),
        sa.CheckConstraint("(state IN ('closed', 'withdrawn')) = (ended_at IS NOT NULL)", name="ended_when_over"),
        {"info": {"rules": [(guards.refuse_update, (
            "market_dispute_final", "market_dispute",
            f"OLD.state IN ('closed', 'withdrawn') OR {CHANGED} OR (OLD.outcome IS NOT NULL AND ({REVISED}))",
            "a dispute is not changed, and what was decided is final"))]}},
    )  # fmt: skip

    number: Mapped[str] = mapped_column(unique=True)
    reference: Mapped[str] = mapped_column(unique=True)  # who knows it filed the dispute
    track: Mapped[Track]
    place: Mapped[str] = mapped_column(index=True)
    product_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_product.id"), index=True)
    order_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("market_order.id"), index=True)
    receipt_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("market_delivery_receipt.id"), index=True)
    units: Mapped[int | None]
    amount: Mapped[Money]  # what is disputed of the order; 0.00 where it is not about money
    claimant_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)  # None: the public
    respondent_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    words: Mapped[str]
    evidence_sha256: Mapped[str | None] = mapped_column(sa.ForeignKey("evidence_file.sha256"), index=True)
    name: Mapped[str]
    contact: Mapped[str]
    basis: Mapped[dict[str, Any]]  # what says that there is this way: a rule of the place, or the agreement
    filed_by: Mapped[UUID | None]
    filed_at: Mapped[datetime]
    source_digest: Mapped[str] = mapped_column(index=True)
    state: Mapped[DisputeState] = mapped_column(default=DisputeState.FILED, index=True)
    accept_by: Mapped[date | None]  # last day to take it up, where the place has a rule
    accepted_by: Mapped[UUID | None]
    accepted_at: Mapped[datetime | None]
    answer_until: Mapped[date | None]  # last day on which the other side may state its view
    mediate_by: Mapped[date | None]
    decide_by: Mapped[date | None]
    outcome: Mapped[Outcome | None]
    awarded: Mapped[Money | None]
    decided_reason: Mapped[str | None]
    proposed_by: Mapped[UUID | None]
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]
    closing_words: Mapped[str | None]  # how the decision was carried out
    ended_at: Mapped[datetime | None]


class DisputeStatement(Entity):
    """What one side says, with evidence."""

    __tablename__ = "market_dispute_statement"
    __table_args__ = (sa.CheckConstraint("length(words) > 0", name="said_something"), APPEND_ONLY)

    dispute_id: Mapped[UUID] = mapped_column(sa.ForeignKey("market_dispute.id"), index=True)
    side: Mapped[Side]
    words: Mapped[str]
    evidence_sha256: Mapped[str | None] = mapped_column(sa.ForeignKey("evidence_file.sha256"), index=True)
    said_by: Mapped[UUID | None]
    said_by_name: Mapped[str]
    said_at: Mapped[datetime]


class DisputeProposal(Entity):
    """What the first person would decide."""

    __tablename__ = "market_dispute_proposal"
    __table_args__ = (sa.CheckConstraint("awarded >= 0", name="award_not_negative"), APPEND_ONLY)

    dispute_id: Mapped[UUID] = mapped_column(sa.ForeignKey("market_dispute.id"), index=True)
    outcome: Mapped[Outcome]
    awarded: Mapped[Money]
    units: Mapped[int | None]  # what stands of a disputed delivery
    reason: Mapped[str]
    proposed_by: Mapped[UUID]
    proposed_by_name: Mapped[str]
    proposed_at: Mapped[datetime]


class DisputeVerdict(Entity):
    """The second person's word on a proposal: it stands, or goes back with a reason."""

    __tablename__ = "market_dispute_verdict"
    __table_args__ = (APPEND_ONLY,)

    proposal_id: Mapped[UUID] = mapped_column(sa.ForeignKey("market_dispute_proposal.id"), unique=True)
    is_confirmed: Mapped[bool]
    reason: Mapped[str]
    given_by: Mapped[UUID]
    given_by_name: Mapped[str]
    given_at: Mapped[datetime]
