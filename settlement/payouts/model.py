"""Batches, payouts and the items of statements that they pay; an item is in at most one live payout."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel import guards
from kernel.db import Entity
from kernel.money import Money
from settlement.payouts.rules import BatchState, Channel, PayoutState
from settlement.splits.rules import PayeeKind

BATCH_CHANGED = (
    "OLD.state IN ('done', 'cancelled') OR NEW.place <> OLD.place OR NEW.channel <> OLD.channel"
    " OR NEW.total <> OLD.total OR NEW.prepared_by_id <> OLD.prepared_by_id OR NEW.sha256 <> OLD.sha256"
    " OR (OLD.checked_by_id IS NOT NULL AND NEW.checked_by_id IS DISTINCT FROM OLD.checked_by_id)"
    " OR (OLD.sent_by_id IS NOT NULL AND NEW.sent_by_id IS DISTINCT FROM OLD.sent_by_id)"
)
PAYOUT_CHANGED = (
    "OLD.state IN ('confirmed', 'returned', 'cancelled') OR NEW.amount <> OLD.amount OR NEW.gross <> OLD.gross"
    " OR NEW.netted <> OLD.netted OR NEW.key <> OLD.key OR NEW.account_id <> OLD.account_id"
    " OR NEW.statement_id <> OLD.statement_id OR NEW.batch_id <> OLD.batch_id"
)
NOT_SENT_BY_THREE = (
    "NEW.state IN ('sent', 'unknown', 'short', 'confirmed') AND NOT EXISTS (SELECT 1 FROM settlement_payout_batch AS b"
    " WHERE b.id = NEW.batch_id AND b.checked_by_id IS NOT NULL AND b.sent_by_id IS NOT NULL"
    " AND b.checked_by_id <> b.prepared_by_id AND b.sent_by_id <> b.prepared_by_id"
    " AND b.sent_by_id <> b.checked_by_id)"
)
ITEM_CHANGED = (
    "NEW.amount <> OLD.amount OR NEW.payout_id <> OLD.payout_id OR NEW.statement_id <> OLD.statement_id"
    " OR NEW.order_number <> OLD.order_number OR NEW.account <> OLD.account"
    " OR (OLD.slot IS NULL AND NEW.slot IS NOT NULL)"
)
NOT_ITS_OWN = (
    "(NEW.destination = 'own_account' AND EXISTS (SELECT 1 FROM registry_party AS p WHERE p.id = NEW.party_id"
    " AND p.kind = 'administrative_unit')) OR "
    "EXISTS (SELECT 1 FROM settlement_statement AS s WHERE s.id = NEW.statement_id AND s.party_id <> NEW.party_id)"
    " OR EXISTS (SELECT 1 FROM settlement_payee_account AS a WHERE a.id = NEW.account_id"
    " AND (a.state <> 'confirmed' OR a.place <> NEW.place"
    " OR (a.party_id IS NOT NULL AND a.party_id <> NEW.party_id)"
    " OR (a.party_id IS NULL AND NEW.destination <> 'treasury_non_tax')"
    " OR (a.party_id IS NOT NULL AND NEW.destination <> 'own_account')))"
)
TREASURY_NETTED = "destination <> 'treasury_non_tax' OR netted = 0"  # REV-05: 不得坐支


class PayoutBatch(Entity):
    """Payouts of one place that go one way; prepared, checked and sent by three people."""

    __tablename__ = "settlement_payout_batch"
    __table_args__ = (
        sa.CheckConstraint("total >= 0 AND count > 0", name="not_empty"),
        sa.CheckConstraint("checked_by_id IS NULL OR checked_by_id <> prepared_by_id", name="checker_is_another"),
        sa.CheckConstraint(
            "sent_by_id IS NULL OR (checked_by_id IS NOT NULL AND sent_by_id <> prepared_by_id"
            " AND sent_by_id <> checked_by_id)", name="payer_is_another"),
        sa.CheckConstraint("state NOT IN ('sent', 'done') OR sent_at IS NOT NULL", name="sent_at_known"),
        sa.CheckConstraint("state NOT IN ('checked', 'sent', 'done') OR checked_at IS NOT NULL",
                           name="checked_at_known"),
        {"info": {"rules": [(guards.refuse_update, (
            "settlement_payout_batch_frozen", "settlement_payout_batch", BATCH_CHANGED, "a batch keeps what it is"))]}},
    )  # fmt: skip

    number: Mapped[str] = mapped_column(unique=True)
    place: Mapped[str] = mapped_column(index=True)
    channel: Mapped[Channel]
    state: Mapped[BatchState] = mapped_column(index=True)
    total: Mapped[Money]
    count: Mapped[int]
    sha256: Mapped[str]  # over every line: what was prepared is what is checked and sent
    parked_reason: Mapped[str] = mapped_column(default="")
    prepared_at: Mapped[datetime]
    prepared_by: Mapped[str]
    prepared_by_id: Mapped[UUID]
    released_at: Mapped[datetime | None]
    released_by: Mapped[str | None]
    released_by_id: Mapped[UUID | None]
    checked_at: Mapped[datetime | None]
    checked_by: Mapped[str | None]
    checked_by_id: Mapped[UUID | None]
    sent_at: Mapped[datetime | None]
    sent_by: Mapped[str | None]
    sent_by_id: Mapped[UUID | None]
    ended_at: Mapped[datetime | None]
    words: Mapped[str] = mapped_column(default="")  # why it was released or cancelled


class Payout(Entity):
    """One payout of one statement to one account, under one key."""

    __tablename__ = "settlement_payout"
    __table_args__ = (
        sa.CheckConstraint("gross > 0 AND netted >= 0 AND amount >= 0 AND amount = gross - netted", name="adds_up"),
        sa.CheckConstraint(TREASURY_NETTED, name="treasury_never_netted"),
        sa.CheckConstraint("destination <> 'held'", name="goes_somewhere"),
        sa.CheckConstraint("(state IN ('confirmed', 'returned', 'cancelled')) = (ended_at IS NOT NULL)",
                           name="ended_at_known"),
        {"info": {"rules": [
            (guards.refuse_insert, ("settlement_payout_own", "settlement_payout", NOT_ITS_OWN, "not its own account")),
            (guards.refuse_update, ("settlement_payout_frozen", "settlement_payout", PAYOUT_CHANGED,
                                    "a payout keeps what it is")),
            (guards.refuse_update, ("settlement_payout_three", "settlement_payout", NOT_SENT_BY_THREE,
                                    "three people prepare, check and send")),
        ]}},
    )  # fmt: skip

    number: Mapped[str] = mapped_column(unique=True)
    batch_id: Mapped[UUID] = mapped_column(sa.ForeignKey("settlement_payout_batch.id"), index=True)
    place: Mapped[str] = mapped_column(index=True)
    statement_id: Mapped[UUID] = mapped_column(sa.ForeignKey("settlement_statement.id"), index=True)
    party_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)  # kept, whoever is paid
    destination: Mapped[PayeeKind]
    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("settlement_payee_account.id"), index=True)
    sequence: Mapped[int]  # which try for this statement
    gross: Mapped[Money]
    netted: Mapped[Money]
    amount: Mapped[Money]
    key: Mapped[str] = mapped_column(unique=True)  # the idempotency key towards the provider, see ``rules.key_of``
    shorts: Mapped[int] = mapped_column(default=0)  # how often the provider's balance did not cover it
    state: Mapped[PayoutState] = mapped_column(default=PayoutState.PREPARED, index=True)
    provider_id: Mapped[str | None] = mapped_column(unique=True)
    bank_line: Mapped[str | None] = mapped_column(unique=True)
    words: Mapped[str] = mapped_column(default="")  # what the bank or provider said last
    sent_at: Mapped[datetime | None] = mapped_column(index=True)
    answered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class PayoutItem(Entity):
    """What of one order a payout pays; ``slot`` is unique while the payout lives, so nothing is paid twice."""

    __tablename__ = "settlement_payout_item"
    __table_args__ = (
        sa.CheckConstraint("amount > 0", name="positive"),
        {"info": {"rules": [(guards.refuse_update, (
            "settlement_payout_item_frozen", "settlement_payout_item", ITEM_CHANGED, "an item keeps what it is"))]}},
    )  # fmt: skip

    payout_id: Mapped[UUID] = mapped_column(sa.ForeignKey("settlement_payout.id"), index=True)
    statement_id: Mapped[UUID] = mapped_column(sa.ForeignKey("settlement_statement.id"), index=True)
    order_number: Mapped[str] = mapped_column(index=True)
    account: Mapped[str]  # of the journal
    amount: Mapped[Money]
    slot: Mapped[str | None] = mapped_column(unique=True)
