"""Accounts that parties named, orders that freeze what a party is owed, and notices to who was paid before."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel import guards
from kernel.db import Entity
from settlement.payees.rules import AccountKind, AccountState

SAID = (
    "place", "kind", "holder", "sealed_number", "number_digest", "shown", "bank", "bank_code", "item_code",
    "asked_by_id",
)  # fmt: skip
CHANGED = (
    "OLD.state <> 'asked' OR NEW.party_id IS DISTINCT FROM OLD.party_id OR "
    + " OR ".join(f"NEW.{name} <> OLD.{name}" for name in SAID)
)  # fmt: skip
LIFTED = (
    "OLD.lifted_at IS NOT NULL OR NEW.party_id <> OLD.party_id OR NEW.place <> OLD.place"
    " OR NEW.document <> OLD.document OR NEW.placed_at <> OLD.placed_at"
)


class PayeeAccount(Entity):
    """One account of one party at one place, or of the treasury of a place; replaced, never changed."""

    __tablename__ = "settlement_payee_account"
    __table_args__ = (
        sa.CheckConstraint("(kind = 'treasury') = (party_id IS NULL)", name="treasury_of_a_place"),
        sa.CheckConstraint("(state = 'asked') = (decided_at IS NULL)", name="decided_at_known"),
        sa.CheckConstraint("(state = 'confirmed') = (effective_at IS NOT NULL)", name="effective_at_known"),
        sa.CheckConstraint("effective_at IS NULL OR effective_at > decided_at", name="waits"),
        sa.CheckConstraint("decided_by_id IS NULL OR decided_by_id <> asked_by_id", name="two_persons"),
        sa.CheckConstraint("length(sealed_number) > 40 AND length(number_digest) = 64", name="number_sealed"),
        {"info": {"rules": [(guards.refuse_update, (
            "settlement_payee_account_frozen", "settlement_payee_account", CHANGED,
            "an account is replaced, never changed"))]}},
    )  # fmt: skip

    place: Mapped[str] = mapped_column(index=True)
    party_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    kind: Mapped[AccountKind]
    holder: Mapped[str]
    sealed_number: Mapped[str]  # opened for the payer's file, the provider and the person who confirms it, nobody else
    number_digest: Mapped[str] = mapped_column(index=True)  # keyed: the same number is found, and not said
    shown: Mapped[str]  # the number as pages and programs see it
    bank: Mapped[str]
    bank_code: Mapped[str]
    item_code: Mapped[str]
    contact: Mapped[str]  # who is told when it is replaced
    reason: Mapped[str]
    state: Mapped[AccountState] = mapped_column(default=AccountState.ASKED, index=True)
    asked_at: Mapped[datetime]
    asked_by: Mapped[str]
    asked_by_id: Mapped[UUID]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    decided_by_id: Mapped[UUID | None]
    decided_reason: Mapped[str] = mapped_column(default="")
    effective_at: Mapped[datetime | None]


class PayeeNotice(Entity):
    """What was told to the contact of the account that is replaced, and to the party."""

    __tablename__ = "settlement_payee_notice"
    __table_args__ = (
        sa.UniqueConstraint("account_id", "about"),
        {"info": {"guard": "append_only"}},
    )

    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("settlement_payee_account.id"), index=True)  # the new one
    before_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("settlement_payee_account.id"))
    place: Mapped[str]
    party_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    about: Mapped[AccountState]
    contact: Mapped[str]  # of the account before
    text: Mapped[str]
    told_at: Mapped[datetime] = mapped_column(index=True)


class PayeeFreeze(Entity):
    """An order of a court or authority: what the party is owed at the place is not paid until it is lifted."""

    __tablename__ = "settlement_payee_freeze"
    __table_args__ = (
        sa.CheckConstraint("lift_asked_by_id IS NULL OR lifted_by_id <> lift_asked_by_id", name="two_persons"),
        sa.CheckConstraint("lifted_at IS NULL OR lift_asked_by_id IS NOT NULL", name="lifted_by_two"),
        {"info": {"rules": [(guards.refuse_update, (
            "settlement_payee_freeze_kept", "settlement_payee_freeze", LIFTED, "an order stays as it was placed"))]}},
    )  # fmt: skip

    place: Mapped[str] = mapped_column(index=True)
    party_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    document: Mapped[str]  # number of the order
    reason: Mapped[str]
    placed_at: Mapped[datetime]
    placed_by: Mapped[str]
    lift_document: Mapped[str] = mapped_column(default="")
    lift_asked_by: Mapped[str | None]
    lift_asked_by_id: Mapped[UUID | None]
    lifted_at: Mapped[datetime | None]
    lifted_by: Mapped[str | None]
    lifted_by_id: Mapped[UUID | None]
