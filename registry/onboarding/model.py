"""Applications to be admitted; of the organisation and the person nothing exists elsewhere before one has passed."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel.db import Entity
from registry.onboarding.rules import RUNNING, ApplicationState, DocumentKind
from registry.parties.rules import PartyKind

UNDER_WAY = sa.text("state IN ('submitted', 'returned')")


class Onboarding(Entity):
    """One application of an organisation and its first person."""

    __tablename__ = "registry_onboarding"
    __table_args__ = (
        sa.CheckConstraint("(state IN ('submitted', 'returned')) = (decided_at IS NULL)", name="decided_when_closed"),
        sa.CheckConstraint("(state = 'passed') = (party_id IS NOT NULL)", name="party_when_passed"),
        sa.CheckConstraint("(state = 'passed') = (account_id IS NOT NULL)", name="account_when_passed"),
        sa.CheckConstraint("decided_at IS NULL OR password_hash IS NULL", name="no_password_when_closed"),
        sa.Index(
            "uq_registry_onboarding_running", "uscc", unique=True, sqlite_where=UNDER_WAY, postgresql_where=UNDER_WAY
        ),
    )

    number: Mapped[str] = mapped_column(unique=True)
    word_sha256: Mapped[str]  # of the secret word with which the applicant looks up the state
    uscc: Mapped[str] = mapped_column(index=True)
    place: Mapped[str] = mapped_column(index=True)
    state: Mapped[ApplicationState] = mapped_column(default=ApplicationState.SUBMITTED)
    round_number: Mapped[int] = mapped_column(default=1)
    review_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("registry_review.id"))
    password_hash: Mapped[str | None] = mapped_column(deferred=True)  # forgotten as soon as the application is closed
    identity_hmac: Mapped[str | None] = mapped_column(deferred=True)
    identity_key_name: Mapped[str | None]
    submitted_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(default="")
    defects: Mapped[list[Any]] = mapped_column(default=list)
    party_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("registry_party.id"))
    account_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("registry_account.id"))
    login: Mapped[str | None]  # under which the first person signs in

    statements: Mapped[list[OnboardingStatement]] = relationship(
        back_populates="application", order_by="OnboardingStatement.round_number", lazy="raise"
    )

    @property
    def statement(self) -> OnboardingStatement:
        """What the applicant stated last."""
        return self.statements[-1]

    @property
    def is_running(self) -> bool:
        """Say whether it is not decided yet."""
        return self.state in RUNNING


class OnboardingStatement(Entity):
    """What the applicant stated in one round; never changed."""

    __tablename__ = "registry_onboarding_statement"
    __table_args__ = (
        sa.UniqueConstraint("application_id", "round_number"),
        sa.CheckConstraint("length(name) > 0 AND length(person_name) > 0 AND length(login) > 0", name="named"),
        {"info": {"guard": "append_only"}},
    )

    application_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_onboarding.id"))
    round_number: Mapped[int]
    name: Mapped[str]
    kind: Mapped[PartyKind]
    capacities: Mapped[list[Any]]
    contact: Mapped[str]
    person_name: Mapped[str]
    login: Mapped[str]
    stated_at: Mapped[datetime]

    application: Mapped[Onboarding] = relationship(back_populates="statements", lazy="raise")
    documents: Mapped[list[OnboardingDocument]] = relationship(
        back_populates="statement", order_by="OnboardingDocument.id", lazy="raise"
    )


class OnboardingDocument(Entity):
    """One document of a statement; never changed."""

    __tablename__ = "registry_onboarding_document"
    __table_args__ = ({"info": {"guard": "append_only"}},)

    statement_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_onboarding_statement.id"), index=True)
    kind: Mapped[DocumentKind]
    name: Mapped[str]
    sha256: Mapped[str] = mapped_column(sa.ForeignKey("evidence_file.sha256"), index=True)

    statement: Mapped[OnboardingStatement] = relationship(back_populates="documents", lazy="raise")
