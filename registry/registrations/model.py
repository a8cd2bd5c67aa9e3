"""Tables of registration."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel import guards
from kernel.db import Entity
from registry.parties.model import Party
from registry.products.model import Product, ProductVersion
from registry.registrants.model import CoRegistrant, InterestedParty
from registry.registrations.rules import (
    RUNNING,
    ClosingKind,
    ClosingState,
    ObjectionOutcome,
    RegistrationKind,
    RegistrationState,
    is_effective,
)

RUNS = sa.text(f"state IN ({', '.join(repr(state.value) for state in RUNNING)})")
CODED = sa.text("state = 'coded'")
ASKED = sa.text("state = 'asked'")
ASKED_CHANGED = " OR ".join(
    [f"OLD.{name} <> NEW.{name}" for name in ("registration_id", "kind", "ground", "reason", "asked_by")]
    + ["COALESCE(OLD.evidence_sha256, '') <> COALESCE(NEW.evidence_sha256, '')"]
)
# what the search of the register reads; SQLite has no such index and looks through the same text
WORDS = sa.text("to_tsvector('simple'::regconfig, coalesce(search_text, ''))")


class Registration(Entity):
    """One registration of a product: an application first, then, once coded, the proof."""

    __tablename__ = "registry_registration"
    __table_args__ = (
        sa.CheckConstraint("state <> 'coded' OR code IS NOT NULL", name="coded_with_a_code"),
        sa.CheckConstraint("(code IS NULL) = (coded_at IS NULL)", name="code_with_its_moment"),
        sa.CheckConstraint("(code IS NULL) = (valid_from IS NULL)", name="code_with_validity"),
        sa.CheckConstraint("(valid_from IS NULL) = (valid_until IS NULL)", name="validity_whole"),
        sa.CheckConstraint("valid_until IS NULL OR valid_from <= valid_until", name="validity_ordered"),
        sa.CheckConstraint("(notice_start IS NULL) = (notice_end IS NULL)", name="notice_whole"),
        sa.CheckConstraint("notice_end IS NULL OR notice_start <= notice_end", name="notice_ordered"),
        sa.CheckConstraint(
            "(state IN ('not_accepted', 'terminated', 'replaced', 'cancelled', 'revoked')) = (closed_at IS NOT NULL)",
            name="closed_when_ended",
        ),
        # a renewal keeps the code and begins where the old term ended; a change keeps it and replaces the old row
        sa.Index(
            "uq_registry_registration_code", "code", "valid_from", unique=True,
            sqlite_where=CODED, postgresql_where=CODED,
        ),
        sa.Index(
            "uq_registry_registration_running", "product_id", unique=True, sqlite_where=RUNS, postgresql_where=RUNS
        ),
        sa.Index("ix_registry_registration_state", "state", "notice_end"),
        # the registrar's worklist, by the day on which the next step is due
        sa.Index("ix_registry_registration_accept_due", "state", "accept_due", "id"),
        sa.Index("ix_registry_registration_review_due", "state", "review_due", "id"),
        sa.Index("ix_registry_registration_notice_due", "state", "notice_end", "id"),
        # the public register: newest first, at one place, of one kind, of one state
        sa.Index("ix_registry_registration_at_place", "place", "id"),
        sa.Index("ix_registry_registration_of_kind", "kind", "id"),
        sa.Index("ix_registry_registration_of_state", "state", "id"),
        sa.Index("ix_registry_registration_until", "state", "valid_until", "id"),
        sa.Index("ix_registry_registration_words", WORDS, postgresql_using="gin").ddl_if(dialect="postgresql"),
        {
            "info": {
                "rules": [
                    (
                        guards.refuse_update,
                        (
                            "registry_registration_code_fixed",
                            "registry_registration",
                            "OLD.code IS NOT NULL AND (NEW.code IS NULL OR NEW.code <> OLD.code"
                            " OR NEW.valid_from <> OLD.valid_from OR NEW.valid_until <> OLD.valid_until)",
                            "a registration code and its validity are final",
                        ),
                    )
                ]
            }
        },
    )  # fmt: skip

    number: Mapped[str] = mapped_column(unique=True)
    place: Mapped[str] = mapped_column(index=True)
    product_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_product.id"), index=True)
    version_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_product_version.id"), index=True)
    registrant_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    original_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("registry_registration.id"), index=True)
    kind: Mapped[RegistrationKind]
    state: Mapped[RegistrationState] = mapped_column(default=RegistrationState.SUBMITTED)
    submitted_by: Mapped[UUID | None]
    received_at: Mapped[datetime]
    accept_due: Mapped[date | None]
    accepted_at: Mapped[datetime | None]
    accepted_by: Mapped[UUID | None]
    review_due: Mapped[date | None]
    passed_at: Mapped[datetime | None]
    passed_by: Mapped[UUID | None]
    notice_start: Mapped[date | None]
    notice_end: Mapped[date | None]
    coded_at: Mapped[datetime | None]
    coded_by: Mapped[UUID | None]
    code: Mapped[str | None] = mapped_column(index=True)
    valid_from: Mapped[date | None]
    valid_until: Mapped[date | None]  # last valid day
    closed_at: Mapped[datetime | None]
    ground: Mapped[str] = mapped_column(default="")
    reason: Mapped[str] = mapped_column(default="")
    returned_at: Mapped[datetime | None]  # the one notice of all defects
    defects: Mapped[list[Any]] = mapped_column(default=list)
    materials: Mapped[dict[str, Any]] = mapped_column(default=dict)
    sources: Mapped[list[Any]] = mapped_column(default=list)
    application_due: Mapped[
        date | None
    ]  # of a first one whose delivery was stated, and of a change where a term is configured
    late_days: Mapped[int | None]
    search_text: Mapped[str | None]  # see registry/register_words

    product: Mapped[Product] = relationship(lazy="raise")
    product_version: Mapped[ProductVersion] = relationship(lazy="raise")
    registrant: Mapped[Party] = relationship(lazy="raise")
    objections: Mapped[list[Objection]] = relationship(
        back_populates="registration", order_by="Objection.filed_at", lazy="raise"
    )
    others: Mapped[list[CoRegistrant]] = relationship(lazy="raise", viewonly=True, order_by="CoRegistrant.id")
    interest: Mapped[InterestedParty | None] = relationship(lazy="raise", viewonly=True)
    asks: Mapped[list[RegistrationAsk]] = relationship(
        lazy="raise", viewonly=True, order_by="RegistrationAsk.id.desc()"
    )

    def is_effective(self, on: date) -> bool:
        """Say whether it protects sales on that day; expiry follows from the dates alone."""
        return is_effective(self.state, self.valid_from, self.valid_until, on)

    def is_expired(self, on: date) -> bool:
        """Say whether its validity is over by that day."""
        return self.valid_until is not None and on > self.valid_until

    def due_date(self) -> date | None:
        """Return the last day for the registrar's next step, or None when nothing is due."""
        dues = {
            RegistrationState.SUBMITTED: self.accept_due,
            RegistrationState.ACCEPTED: self.review_due,
            RegistrationState.PUBLIC_NOTICE: self.notice_end,
        }
        return dues.get(self.state)

    def is_overdue(self, today: date) -> bool:
        """Say whether the registrar should have acted by now."""
        due = self.due_date() if self.state is not RegistrationState.PUBLIC_NOTICE else None
        return due is not None and today > due


class Objection(Entity):
    """An objection during the public notice: real name and evidence; it stops the code until it is decided."""

    __tablename__ = "registry_objection"
    __table_args__ = (
        sa.CheckConstraint("length(name) > 0 AND length(evidence) > 0", name="named_with_evidence"),
        sa.CheckConstraint("(outcome IS NULL) = (decided_at IS NULL)", name="decided_with_outcome"),
        {
            "info": {
                "rules": [
                    (
                        guards.refuse_update,
                        (
                            "registry_objection_final",
                            "registry_objection",
                            "OLD.outcome IS NOT NULL OR NEW.evidence <> OLD.evidence OR NEW.name <> OLD.name",
                            "an objection is not changed, and its outcome is final",
                        ),
                    )
                ]
            }
        },
    )

    registration_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_registration.id"), index=True)
    name: Mapped[str]
    contact: Mapped[str]
    evidence: Mapped[str]
    filed_at: Mapped[datetime]
    filed_by: Mapped[UUID | None]
    outcome: Mapped[ObjectionOutcome | None]
    outcome_reason: Mapped[str] = mapped_column(default="")
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]
    reference: Mapped[str | None] = mapped_column(unique=True)  # what its author looks the outcome up with
    identity_kind: Mapped[str | None]
    identity_digest: Mapped[str | None]  # salted: tells whether somebody is the author, and not who
    source_digest: Mapped[str | None] = mapped_column(index=True)  # where it came from, for the rate limit
    rechecked_at: Mapped[datetime | None]
    rechecked_by: Mapped[UUID | None]
    recheck_findings: Mapped[str | None]

    registration: Mapped[Registration] = relationship(back_populates="objections", lazy="raise")
    files: Mapped[list[ObjectionFile]] = relationship(lazy="raise", viewonly=True, order_by="ObjectionFile.id")


class ObjectionFile(Entity):
    """A file that was handed in with an objection, kept by its digest."""

    __tablename__ = "registry_objection_file"
    __table_args__ = (sa.UniqueConstraint("objection_id", "sha256"), {"info": {"guard": "append_only"}})

    objection_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_objection.id"), index=True)
    sha256: Mapped[str]
    name: Mapped[str]


class RegistrationAsk(Entity):
    """A revocation or cancellation that one registrar asked for, and what another one decided."""

    __tablename__ = "registry_registration_ask"
    __table_args__ = (
        sa.Index(
            "uq_registry_registration_ask_open", "registration_id", unique=True,
            sqlite_where=ASKED, postgresql_where=ASKED,
        ),
        sa.CheckConstraint("length(ground) > 0 AND length(reason) > 0", name="reasoned"),
        sa.CheckConstraint("kind <> 'cancellation' OR evidence_sha256 IS NOT NULL", name="cancellation_evidenced"),
        sa.CheckConstraint("(state = 'asked') = (decided_at IS NULL)", name="decided_with_moment"),
        sa.CheckConstraint(
            "state <> 'confirmed' OR (decided_by IS NOT NULL AND decided_by <> asked_by)", name="two_persons"
        ),
        {
            "info": {
                "rules": [
                    (
                        guards.refuse_update,
                        (
                            "registry_registration_ask_final",
                            "registry_registration_ask",
                            f"OLD.state <> 'asked' OR {ASKED_CHANGED}",
                            "what was asked is not changed, and its outcome is final",
                        ),
                    )
                ]
            }
        },
    )  # fmt: skip

    registration_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_registration.id"), index=True)
    kind: Mapped[ClosingKind]
    state: Mapped[ClosingState] = mapped_column(default=ClosingState.ASKED)
    ground: Mapped[str]
    reason: Mapped[str]
    evidence_sha256: Mapped[str | None] = mapped_column(sa.ForeignKey("evidence_file.sha256"))
    evidence_name: Mapped[str | None]
    asked_at: Mapped[datetime]
    asked_by: Mapped[UUID]
    asked_by_name: Mapped[str]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]
    decided_by_name: Mapped[str] = mapped_column(default="")
    decision_reason: Mapped[str] = mapped_column(default="")
