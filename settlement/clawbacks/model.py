"""Parts of refunds by statement, what payouts net of them, and what is repaid or written off."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel import guards
from kernel.db import Entity
from kernel.money import Money
from settlement.clawbacks.rules import ClawbackKind, RecoveryKind, RecoveryState

TAKEN = (
    "(SELECT coalesce(sum(n.amount), 0) FROM settlement_clawback_netting AS n"
    " WHERE n.clawback_id = NEW.clawback_id AND n.released_at IS NULL)"
    " + (SELECT coalesce(sum(r.amount), 0) FROM settlement_clawback_recovery AS r"
    " WHERE r.clawback_id = NEW.clawback_id AND r.state IN ('asked', 'confirmed'))"
)
OWED = "(SELECT c.amount FROM settlement_clawback AS c WHERE c.id = NEW.clawback_id)"
TOO_MUCH = " ".join(("NEW.amount +", TAKEN, ">", OWED))
NETTING_CHANGED = (
    "NEW.clawback_id <> OLD.clawback_id OR NEW.payout_id <> OLD.payout_id OR NEW.amount <> OLD.amount"
    " OR OLD.released_at IS NOT NULL"
)
RECOVERY_CHANGED = (
    "NEW.clawback_id <> OLD.clawback_id OR NEW.amount <> OLD.amount OR NEW.kind <> OLD.kind OR OLD.state <> 'asked'"
)


class Clawback(Entity):
    """What one party gives back of one refund by one statement; a fact that follows from the journal."""

    __tablename__ = "settlement_clawback"
    __table_args__ = (
        sa.UniqueConstraint("entry_id", "statement_id", "account"),
        sa.CheckConstraint("amount > 0", name="positive"),
        {"info": {"guard": "append_only"}},
    )

    entry_id: Mapped[UUID] = mapped_column(sa.ForeignKey("settlement_journal_entry.id"), index=True)  # of the refund
    place: Mapped[str] = mapped_column(index=True)
    party_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    statement_id: Mapped[UUID] = mapped_column(sa.ForeignKey("settlement_statement.id"), index=True)
    order_number: Mapped[str] = mapped_column(index=True)
    account: Mapped[str]  # the party's account that the refund was taken from
    kind: Mapped[ClawbackKind]
    is_treasury: Mapped[bool]  # the treasury holds it: never netted
    amount: Mapped[Money]
    raised_at: Mapped[datetime]


class ClawbackNetting(Entity):
    """What one payout takes off one receivable; released when the payout is cancelled or comes back."""

    __tablename__ = "settlement_clawback_netting"
    __table_args__ = (
        sa.UniqueConstraint("clawback_id", "payout_id"),
        sa.CheckConstraint("amount > 0", name="positive"),
        {"info": {"rules": [
            (guards.refuse_insert, ("settlement_clawback_netting_covered", "settlement_clawback_netting", TOO_MUCH,
                                    "more than is owed")),
            (guards.refuse_update, ("settlement_clawback_netting_frozen", "settlement_clawback_netting",
                                    NETTING_CHANGED, "a netting is released, never changed")),
        ]}},
    )  # fmt: skip

    clawback_id: Mapped[UUID] = mapped_column(sa.ForeignKey("settlement_clawback.id"), index=True)
    payout_id: Mapped[UUID] = mapped_column(sa.ForeignKey("settlement_payout.id"), index=True)
    amount: Mapped[Money]
    released_at: Mapped[datetime | None]


class ClawbackRecovery(Entity):
    """What of a receivable was repaid, or is given up; asked by one person and confirmed by another."""

    __tablename__ = "settlement_clawback_recovery"
    __table_args__ = (
        sa.CheckConstraint("amount > 0", name="positive"),
        sa.CheckConstraint("length(reason) > 0", name="reasoned"),
        sa.CheckConstraint("(kind = 'repaid') = (bank_line IS NOT NULL)", name="evidence_of_repayment"),
        sa.CheckConstraint("decided_by_id IS NULL OR decided_by_id <> asked_by_id", name="two_persons"),
        sa.CheckConstraint("(state = 'asked') = (decided_at IS NULL)", name="decided_at_known"),
        {"info": {"rules": [
            (guards.refuse_insert, ("settlement_clawback_recovery_covered", "settlement_clawback_recovery", TOO_MUCH,
                                    "more than is owed")),
            (guards.refuse_update, ("settlement_clawback_recovery_frozen", "settlement_clawback_recovery",
                                    RECOVERY_CHANGED, "a decided recovery is not changed")),
        ]}},
    )  # fmt: skip

    clawback_id: Mapped[UUID] = mapped_column(sa.ForeignKey("settlement_clawback.id"), index=True)
    place: Mapped[str] = mapped_column(index=True)
    kind: Mapped[RecoveryKind]
    amount: Mapped[Money]
    reason: Mapped[str]
    bank_line: Mapped[str | None] = mapped_column(unique=True)
    state: Mapped[RecoveryState] = mapped_column(default=RecoveryState.ASKED, index=True)
    asked_at: Mapped[datetime]
    asked_by: Mapped[str]
    asked_by_id: Mapped[UUID]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    decided_by_id: Mapped[UUID | None]
    decided_reason: Mapped[str] = mapped_column(default="")
