"""Tables of the determinations: the procedure, and what people stated in it, which is only ever added to."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel.db import Entity
from kernel.money import Money
from pricing.determinations.rules import DERIVED, OPEN, DeterminationEvent, DeterminationState, Proposed

APPEND_ONLY = {"info": {"guard": "append_only"}}
NEVER_STORED = ", ".join(f"'{state.value}'" for state in DERIVED)
UNDECIDED = sa.text(f"state IN ({', '.join(repr(state.value) for state in OPEN)})")


class Determination(Entity):
    """One written application (书面申请) for the fee standards of one agreement and year, and what became of it."""

    __tablename__ = "pricing_determination"
    __table_args__ = (
        sa.CheckConstraint(f"state NOT IN ({NEVER_STORED})", name="derived_states_are_not_stored"),
        sa.CheckConstraint("length(reference) > 0 AND length(statement) > 0", name="in_writing"),
        # a year is determined again only when nothing is under way for it
        sa.Index(
            "uq_pricing_determination_under_way",
            "agreement_id",
            "year",
            unique=True,
            sqlite_where=UNDECIDED,
            postgresql_where=UNDECIDED,
        ),
    )

    number: Mapped[str] = mapped_column(unique=True)
    place: Mapped[str] = mapped_column(index=True)
    agreement_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_agreement.id"), index=True)
    authorizing_entity_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    operating_institution_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    year: Mapped[int]
    state: Mapped[DeterminationState] = mapped_column(default=DeterminationState.APPLIED, index=True)
    first_sale_date: Mapped[date]  # since when the operator charges
    reference: Mapped[str]  # number of the written application
    statement: Mapped[str]
    evidence_sha256: Mapped[str | None] = mapped_column(sa.ForeignKey("evidence_file.sha256"), index=True)
    applied_by: Mapped[UUID]
    applied_at: Mapped[datetime]

    steps: Mapped[list[DeterminationStep]] = relationship(
        back_populates="determination", order_by="DeterminationStep.position", lazy="raise"
    )
    proposals: Mapped[list[Proposal]] = relationship(
        back_populates="determination", order_by="Proposal.round_number", lazy="raise"
    )


class DeterminationStep(Entity):
    """One thing that was done in the procedure, and what was said about it."""

    __tablename__ = "pricing_determination_step"
    __table_args__ = (sa.UniqueConstraint("determination_id", "position"), APPEND_ONLY)

    determination_id: Mapped[UUID] = mapped_column(sa.ForeignKey("pricing_determination.id"), index=True)
    position: Mapped[int]
    event: Mapped[DeterminationEvent | None]  # None: the application itself
    state: Mapped[DeterminationState]  # in which it left the procedure
    note: Mapped[str]
    actor_id: Mapped[UUID]
    actor_name: Mapped[str]
    at: Mapped[datetime]

    determination: Mapped[Determination] = relationship(back_populates="steps", lazy="raise")


class Proposal(Entity):
    """What a price officer proposed (拟定), with everything that would follow, under one digest."""

    __tablename__ = "pricing_proposal"
    __table_args__ = (
        sa.UniqueConstraint("determination_id", "round_number"),
        sa.CheckConstraint("round_number >= 1", name="counted"),
        sa.CheckConstraint("length(sha256) = 64", name="digested"),
        APPEND_ONLY,
    )

    determination_id: Mapped[UUID] = mapped_column(sa.ForeignKey("pricing_determination.id"), index=True)
    round_number: Mapped[int]
    survey_id: Mapped[UUID] = mapped_column(sa.ForeignKey("pricing_cost_survey.id"), index=True)
    terms: Mapped[dict[str, Any]]
    inputs: Mapped[dict[str, Any]]
    sources: Mapped[list[Any]]
    tree: Mapped[dict[str, Any]]
    max_permitted_revenue: Mapped[Money]
    sha256: Mapped[str]
    proposed_by: Mapped[UUID]
    proposed_by_name: Mapped[str]
    proposed_at: Mapped[datetime]

    determination: Mapped[Determination] = relationship(back_populates="proposals", lazy="raise")
    decision: Mapped[ProposalDecision | None] = relationship(back_populates="proposal", lazy="raise")

    @property
    def proposed(self) -> Proposed:
        """The terms as the rules know them."""
        return Proposed.from_json(self.terms)


class ProposalDecision(Entity):
    """What a second person decided on a proposal; only a confirmation carries a ceiling."""

    __tablename__ = "pricing_proposal_decision"
    __table_args__ = (
        sa.CheckConstraint("is_confirmed = (ceiling_id IS NOT NULL)", name="confirmed_is_determined"),
        sa.CheckConstraint("decided_by <> proposed_by", name="two_persons"),
        sa.CheckConstraint("is_confirmed OR length(reason) > 0", name="rejected_with_reason"),
        APPEND_ONLY,
    )

    proposal_id: Mapped[UUID] = mapped_column(sa.ForeignKey("pricing_proposal.id"), unique=True)
    is_confirmed: Mapped[bool]
    sha256: Mapped[str]  # of the proposal that was read
    reason: Mapped[str]
    ceiling_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("pricing_ceiling.id"), unique=True)
    proposed_by: Mapped[UUID]
    decided_by: Mapped[UUID]
    decided_by_name: Mapped[str]
    decided_at: Mapped[datetime]

    proposal: Mapped[Proposal] = relationship(back_populates="decision", lazy="raise")
