"""Accounts, the roles granted to them, their sessions and API keys. Of every secret only the digest is kept."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel.db import Base, Entity
from kernel.identity import Grant, Role
from registry.accounts.rules import AccountState
from registry.parties.model import Party


class Account(Entity):
    """One person (or program) that signs in."""

    __tablename__ = "registry_account"
    __table_args__ = (sa.CheckConstraint("length(login) > 0 AND length(name) > 0", name="named"),)

    login: Mapped[str] = mapped_column(unique=True)  # case-folded
    name: Mapped[str]
    password_hash: Mapped[str] = mapped_column(deferred=True)
    party_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    state: Mapped[AccountState] = mapped_column(default=AccountState.ACTIVE)
    created_at: Mapped[datetime]

    party: Mapped[Party | None] = relationship(lazy="raise")
    grants: Mapped[list[RoleGrant]] = relationship(back_populates="account", lazy="raise")


class RoleGrant(Entity):
    """One role of one account, for one organisation and one place (``None``: all of them)."""

    __tablename__ = "registry_role_grant"
    __table_args__ = (sa.CheckConstraint("(revoked_at IS NULL) = (revoked_by IS NULL)", name="revoked_by_someone"),)

    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_account.id"), index=True)
    role: Mapped[Role]
    party_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    place: Mapped[str | None]
    granted_at: Mapped[datetime]
    granted_by: Mapped[UUID | None]  # nobody grants the first administrator
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[UUID | None]

    account: Mapped[Account] = relationship(back_populates="grants", lazy="raise")

    def as_grant(self) -> Grant:
        """Return the grant that an actor carries."""
        return Grant(self.role, self.party_id, self.place)


class Person(Entity):
    """One natural person, known by the keyed digest of the identity number; the number itself is kept nowhere."""

    __tablename__ = "registry_person"
    __table_args__ = (
        sa.CheckConstraint("length(number_hmac) = 64", name="digest_hex"),
        {"info": {"guard": "append_only"}},
    )

    number_hmac: Mapped[str] = mapped_column(unique=True)
    key_name: Mapped[str]  # by which key it was made: digests of two keys cannot be compared
    known_at: Mapped[datetime]


class AccountPerson(Entity):
    """Whose an account is; an account has one person, a person may have several accounts."""

    __tablename__ = "registry_account_person"
    __table_args__ = ({"info": {"guard": "append_only"}},)

    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_account.id"), unique=True)
    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_person.id"), index=True)
    identified_at: Mapped[datetime]
    identified_by: Mapped[UUID | None]


class WebSession(Entity):
    """One signed-in browser or program."""

    __tablename__ = "registry_web_session"
    __table_args__ = (sa.CheckConstraint("started_at < expires_at", name="ordered"),)

    token_sha256: Mapped[str] = mapped_column(unique=True)
    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_account.id"), index=True)
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class ApiKey(Entity):
    """One key with which a program acts for an account."""

    __tablename__ = "registry_api_key"
    __table_args__ = (
        sa.UniqueConstraint("account_id", "name"),
        sa.CheckConstraint("created_at < expires_at", name="ordered"),
    )

    prefix: Mapped[str] = mapped_column(unique=True)
    secret_sha256: Mapped[str] = mapped_column(deferred=True)
    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_account.id"), index=True)
    name: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]

    account: Mapped[Account] = relationship(lazy="raise")


class SignInFailure(Base):
    """Attempts under one name, or visits from one address, within the present window; kept as a digest only."""

    __tablename__ = "registry_sign_in_failure"
    __table_args__ = (sa.CheckConstraint("attempts > 0", name="counted"),)

    login_sha256: Mapped[str] = mapped_column(primary_key=True)
    attempts: Mapped[int]
    since: Mapped[datetime]
