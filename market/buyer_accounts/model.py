"""Accounts of buyers: every movement is a line that is never changed; balances are sums and are never stored."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel import guards
from kernel.db import Entity
from kernel.money import Money
from market.buyer_accounts.rules import LimitState, LineKind, Purse

BELOW_ZERO = (
    "NEW.amount < 0 AND NEW.amount + (SELECT coalesce(sum(l.amount), 0) FROM market_buyer_account_line AS l"
    " WHERE l.account_id = NEW.account_id AND l.purse = NEW.purse) < 0"
)


class BuyerAccount(Entity):
    """One account of one buyer at one place."""

    __tablename__ = "market_buyer_account"
    __table_args__ = (sa.UniqueConstraint("place", "buyer_id"),)

    number: Mapped[str] = mapped_column(unique=True)
    place: Mapped[str] = mapped_column(index=True)
    buyer_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    reference: Mapped[str] = mapped_column(unique=True)  # the remark of a transfer that tops it up
    opened_at: Mapped[datetime]
    opened_by: Mapped[str]


class CreditLimit(Entity):
    """How much a buyer may owe and how many days it has to pay a statement; the newest confirmed one applies."""

    __tablename__ = "market_credit_limit"
    __table_args__ = (
        sa.CheckConstraint("amount >= 0 AND due_days >= 1", name="positive"),
        sa.CheckConstraint("(state = 'proposed') = (decided_at IS NULL)", name="decided_when_closed"),
        sa.CheckConstraint("decided_by_id IS NULL OR decided_by_id <> proposed_by_id", name="two_persons"),
    )

    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("market_buyer_account.id"), index=True)
    place: Mapped[str] = mapped_column(index=True)
    amount: Mapped[Money]
    due_days: Mapped[int]
    basis: Mapped[str]  # the agreement with the buyer on which it rests
    state: Mapped[LimitState] = mapped_column(default=LimitState.PROPOSED, index=True)
    proposed_at: Mapped[datetime]
    proposed_by: Mapped[str]
    proposed_by_id: Mapped[UUID]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    decided_by_id: Mapped[UUID | None]


class MonthlyStatement(Entity):
    """What a buyer has to pay for one month; frozen when issued."""

    __tablename__ = "market_monthly_statement"
    __table_args__ = (
        sa.UniqueConstraint("account_id", "month"),
        sa.CheckConstraint("amount > 0", name="positive"),
        {"info": {"guard": "append_only"}},
    )

    number: Mapped[str] = mapped_column(unique=True)
    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("market_buyer_account.id"), index=True)
    place: Mapped[str] = mapped_column(index=True)
    month: Mapped[str]
    amount: Mapped[Money]
    reference: Mapped[str] = mapped_column(unique=True)  # the remark of the transfer that pays it
    lines: Mapped[list[Any]]
    issued_at: Mapped[datetime]
    due_date: Mapped[date] = mapped_column(index=True)


class AccountLine(Entity):
    """One movement: prepaid money up or down, or what is owed up or down."""

    __tablename__ = "market_buyer_account_line"
    __table_args__ = (
        sa.CheckConstraint("amount <> 0", name="not_zero"),
        sa.CheckConstraint("(kind IN ('charge', 'credit', 'repayment')) = (purse = 'monthly')", name="kind_of_purse"),
        sa.CheckConstraint("(kind = 'repayment') = (statement_id IS NOT NULL)", name="repays_a_statement"),
        {"info": {"guard": "append_only", "rules": [(guards.refuse_insert, (
            "market_buyer_account_line_covered", "market_buyer_account_line", BELOW_ZERO,
            "neither a balance nor what is owed goes below zero"))]}},
    )  # fmt: skip

    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("market_buyer_account.id"), index=True)
    place: Mapped[str] = mapped_column(index=True)
    purse: Mapped[Purse]
    kind: Mapped[LineKind]
    amount: Mapped[Money]  # of the balance, or of what is owed: up is positive
    evidence: Mapped[str] = mapped_column(unique=True)  # what moved it; moves it once
    text: Mapped[str]
    statement_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("market_monthly_statement.id"), index=True)
    at: Mapped[datetime] = mapped_column(index=True)
    made_by: Mapped[str]
