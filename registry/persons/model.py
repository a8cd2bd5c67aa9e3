"""Grants asked for by one person and confirmed by another; one-time tokens for lost passwords."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel import guards
from kernel.db import Entity
from kernel.identity import Role
from registry.accounts.model import Account
from registry.persons.rules import AskState

WAITING = sa.text("state = 'asked'")
CONTENT = (
    "OLD.account_id <> NEW.account_id OR OLD.role <> NEW.role OR COALESCE(OLD.place, '') <> COALESCE(NEW.place, '')"
)


class GrantAsk(Entity):
    """A role of the platform, asked for by one person; what is asked for cannot be changed while it waits."""

    __tablename__ = "registry_grant_ask"
    __table_args__ = (
        sa.CheckConstraint("(state = 'asked') = (decided_at IS NULL)", name="decided_when_closed"),
        sa.CheckConstraint("state <> 'confirmed' OR decided_by <> asked_by", name="two_persons"),
        sa.CheckConstraint("asked_at < expires_at", name="ordered"),
        sa.Index(
            "uq_registry_grant_ask_waiting", "account_id", "role", sa.text("COALESCE(place, '')"), unique=True,
            sqlite_where=WAITING, postgresql_where=WAITING,
        ),
        {
            "info": {
                "rules": [
                    (
                        guards.refuse_update,
                        (
                            "registry_grant_ask_is_fixed",
                            "registry_grant_ask",
                            f"OLD.state <> 'asked' OR {CONTENT}",
                            "what was asked for is not changed: ask anew",
                        ),
                    )
                ]
            }
        },
    )  # fmt: skip

    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_account.id"), index=True)
    role: Mapped[Role]
    place: Mapped[str | None]
    reason: Mapped[str]
    state: Mapped[AskState] = mapped_column(default=AskState.ASKED)
    asked_by: Mapped[UUID]
    asked_by_name: Mapped[str]
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]
    decision_reason: Mapped[str | None]
    grant_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("registry_role_grant.id"))

    account: Mapped[Account] = relationship(lazy="raise")


class PasswordReset(Entity):
    """A one-time token with which a new password may be set; only its digest is kept."""

    __tablename__ = "registry_password_reset"
    __table_args__ = (
        sa.CheckConstraint("issued_at < expires_at", name="ordered"),
        sa.CheckConstraint("used_at IS NULL OR voided_at IS NULL", name="one_end"),
    )

    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_account.id"), index=True)
    token_sha256: Mapped[str] = mapped_column(unique=True)
    issued_by: Mapped[UUID | None]
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    voided_at: Mapped[datetime | None]  # replaced by a later token
