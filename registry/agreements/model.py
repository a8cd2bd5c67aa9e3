"""Agreements and the resources in their scope."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel import guards
from kernel.db import Entity
from registry.agreements.rules import ENDED, STANDING, AgreementEvent, AgreementState, ExitGround, is_in_force
from registry.clauses.rules import Term
from registry.parties.model import Party
from registry.resources.model import Resource

SIGNED_TERMS = " OR ".join(
    f"{column} <> NEW.{column.removeprefix('OLD.')}"
    for column in ("OLD.term_start", "OLD.term_end", "OLD.place", "OLD.operating_institution_id",
                   "OLD.authorizing_entity_id")
)  # fmt: skip
SIGNED_BASIS = " OR ".join(
    f"COALESCE(CAST(OLD.{column} AS TEXT), '') <> COALESCE(CAST(NEW.{column} AS TEXT), '')"
    for column in ("plan_id", "selection_id")
)
SIGNED_TEXT = "CAST(OLD.items AS TEXT) <> CAST(NEW.items AS TEXT)"
# an entry of the scope changes once: when the authorization of that resource ends before the agreement's (ACC-01)
SCOPE_FIXED = "OLD.agreement_id <> NEW.agreement_id OR OLD.resource_id <> NEW.resource_id OR OLD.ended_on IS NOT NULL"
OF_A_SIGNED_AGREEMENT = (
    "EXISTS (SELECT 1 FROM registry_agreement a WHERE a.id = {row}.agreement_id AND a.state <> 'draft')"
)


class Agreement(Entity):
    """One authorized operation agreement (授权运营协议) between an authorizing entity and an operating institution."""

    __tablename__ = "registry_agreement"
    __table_args__ = (
        sa.CheckConstraint("term_start < term_end", name="term_ordered"),
        sa.CheckConstraint("(trial_start IS NULL) = (trial_end IS NULL)", name="trial_whole"),
        sa.CheckConstraint("trial_end IS NULL OR trial_start < trial_end", name="trial_ordered"),
        sa.CheckConstraint("trial_end IS NULL OR trial_end <= term_start", name="trial_before_term"),
        sa.CheckConstraint("(state = 'draft') = (signed_at IS NULL)", name="signed_when_past_draft"),
        sa.CheckConstraint("authorizing_entity_id <> operating_institution_id", name="two_parties"),
        {
            "info": {
                "rules": [
                    (
                        guards.refuse_update,
                        (
                            "registry_agreement_signed_is_fixed",
                            "registry_agreement",
                            f"OLD.state <> 'draft' AND ({SIGNED_TERMS} OR {SIGNED_BASIS} OR {SIGNED_TEXT})",
                            "a signed agreement is not changed: sign a new one",
                        ),
                    )
                ]
            }
        },
    )

    number: Mapped[str] = mapped_column(unique=True)
    place: Mapped[str] = mapped_column(index=True)
    authorizing_entity_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    operating_institution_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    state: Mapped[AgreementState] = mapped_column(default=AgreementState.DRAFT)
    title: Mapped[str]
    items: Mapped[dict[str, Any]]  # code of the content -> its text
    term_start: Mapped[date]
    term_end: Mapped[date]  # first day that is not covered any more
    trial_start: Mapped[date | None]
    trial_end: Mapped[date | None]
    # the implementation plan (实施方案) that the agreement carries out, and the selection that chose the operator
    plan_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("registry_plan.id"), index=True)
    selection_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("registry_selection.id"), index=True)
    emergency_plan_sha256: Mapped[str | None]  # digest of the current emergency plan
    coordination_record: Mapped[str | None]  # decision of the coordination mechanism, where one is needed
    filing_reference: Mapped[str | None]
    drafted_at: Mapped[datetime]
    signed_at: Mapped[datetime | None]
    filed_at: Mapped[datetime | None]
    activated_at: Mapped[datetime | None]
    suspended_at: Mapped[datetime | None]
    suspension_reason: Mapped[str | None]
    correction_due: Mapped[date | None]  # last day of the agreed correction period
    ended_at: Mapped[datetime | None]
    exit_ground: Mapped[ExitGround | None]
    pending_event: Mapped[AgreementEvent | None]  # asked for by one person, waiting for the second
    pending_by: Mapped[UUID | None]
    sources: Mapped[dict[str, Any]]  # what the rules said on the day of signing

    authorizing_entity: Mapped[Party] = relationship(foreign_keys=[authorizing_entity_id], lazy="raise")
    operating_institution: Mapped[Party] = relationship(foreign_keys=[operating_institution_id], lazy="raise")
    scope: Mapped[list[AgreementResource]] = relationship(back_populates="agreement", lazy="raise")

    @property
    def term(self) -> Term:
        """Trial and term as the rules see them."""
        return Term(self.term_start, self.term_end, self.trial_start, self.trial_end)

    def in_force(self, on: date) -> bool:
        """Say whether operation is authorized on that day; time alone closes it."""
        return is_in_force(self.state, self.term, on)

    def has_ended(self, on: date) -> bool:
        """Say whether the authorization is over for good on that day, closed by a decision or by time alone."""
        over = self.state in STANDING and on >= self.term_end
        return over or self.state in ENDED or self.state is AgreementState.CLOSED


class AgreementResource(Entity):
    """One public data resource in the scope of an agreement."""

    __tablename__ = "registry_agreement_resource"
    __table_args__ = (
        sa.UniqueConstraint("agreement_id", "resource_id"),
        sa.CheckConstraint("(ended_on IS NULL) = (ended_reason IS NULL)", name="ended_with_reason"),
        {
            "info": {
                "rules": [
                    (
                        guards.refuse_insert,
                        (
                            "registry_agreement_scope_is_fixed",
                            "registry_agreement_resource",
                            OF_A_SIGNED_AGREEMENT.format(row="NEW"),
                            "the scope of a signed agreement is not widened: sign a new one",
                        ),
                    ),
                    (
                        guards.refuse_update,
                        (
                            "registry_agreement_scope_ends_once",
                            "registry_agreement_resource",
                            SCOPE_FIXED,
                            "an entry of the scope is ended once and not changed otherwise",
                        ),
                    ),
                    (
                        guards.refuse_delete,
                        (
                            "registry_agreement_scope_is_kept",
                            "registry_agreement_resource",
                            OF_A_SIGNED_AGREEMENT.format(row="OLD"),
                            "the scope of a signed agreement is kept: end the entry",
                        ),
                    ),
                ]
            }
        },
    )

    agreement_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_agreement.id"), index=True)
    resource_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_resource.id"), index=True)
    ended_on: Mapped[date | None]  # from this day on the resource is not authorized any more
    ended_reason: Mapped[str | None]

    agreement: Mapped[Agreement] = relationship(back_populates="scope", lazy="raise")
    resource: Mapped[Resource] = relationship(lazy="raise")

    def counts(self, on: date) -> bool:
        """Say whether the resource belongs to the scope on that day."""
        return self.ended_on is None or on < self.ended_on
