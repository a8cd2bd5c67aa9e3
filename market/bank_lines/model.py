"""Statements of the bank, their lines, and what each line went to."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel import guards
from kernel.db import Entity
from kernel.money import Money
from market.bank_lines.rules import LineState, Reason

CHANGED = (
    "NEW.amount <> OLD.amount OR NEW.serial <> OLD.serial OR NEW.place <> OLD.place OR NEW.booked_at <> OLD.booked_at"
    " OR NEW.payer_name <> OLD.payer_name OR NEW.remark <> OLD.remark"
)
SPENT = (
    "NEW.amount + (SELECT coalesce(sum(s.amount), 0) FROM market_bank_line_share AS s WHERE s.line_id = NEW.line_id"
    " AND NOT EXISTS (SELECT 1 FROM market_bank_line_release AS r WHERE r.share_id = s.id))"
    " > (SELECT l.amount FROM market_bank_line AS l WHERE l.id = NEW.line_id)"
)


class BankFile(Entity):
    """One imported statement: taken as a whole or not at all."""

    __tablename__ = "market_bank_file"
    __table_args__ = (sa.UniqueConstraint("place", "sha256"), {"info": {"guard": "append_only"}})

    place: Mapped[str] = mapped_column(index=True)
    name: Mapped[str]
    sha256: Mapped[str]
    row_count: Mapped[int]
    known: Mapped[int]  # lines that stood in an earlier statement
    imported_at: Mapped[datetime]
    imported_by: Mapped[str]


class BankLine(Entity):
    """One line, as the bank wrote it; only what becomes of it moves."""

    __tablename__ = "market_bank_line"
    __table_args__ = (
        sa.UniqueConstraint("place", "serial"),
        sa.CheckConstraint("amount > 0", name="positive"),
        sa.CheckConstraint("(state = 'queued') = (reason IS NOT NULL)", name="queued_with_reason"),
        sa.CheckConstraint("(state = 'returned') = (returned_at IS NOT NULL)", name="returned_at_known"),
        {"info": {"rules": [(guards.refuse_update, (
            "market_bank_line_frozen", "market_bank_line", CHANGED, "a line stays as the bank wrote it"))]}},
    )  # fmt: skip

    place: Mapped[str] = mapped_column(index=True)
    serial: Mapped[str]  # the bank's own number of the line
    booked_at: Mapped[datetime] = mapped_column(index=True)  # when the bank credited it
    amount: Mapped[Money]
    payer_name: Mapped[str]
    payer_account: Mapped[str]
    remark: Mapped[str]
    references: Mapped[list[Any]]
    file_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("market_bank_file.id"), index=True)
    line_number: Mapped[int]
    entered_at: Mapped[datetime]
    entered_by: Mapped[str]
    state: Mapped[LineState] = mapped_column(index=True)
    reason: Mapped[Reason | None]
    gap: Mapped[Money | None]  # by how much it is short or over
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    decided_by_id: Mapped[UUID | None]
    note: Mapped[str] = mapped_column(default="")
    returned_at: Mapped[datetime | None]
    returned_by: Mapped[str | None]
    returned_serial: Mapped[str | None] = mapped_column(unique=True)


class LineShare(Entity):
    """What part of a line went to a payment, to an account, or to a monthly statement."""

    __tablename__ = "market_bank_line_share"
    __table_args__ = (
        sa.CheckConstraint("amount > 0", name="positive"),
        sa.CheckConstraint(
            "(payment_id IS NOT NULL AND account_id IS NULL AND statement_id IS NULL)"
            " OR (payment_id IS NULL AND account_id IS NOT NULL)",
            name="goes_to_one",
        ),
        {"info": {"guard": "append_only", "rules": [(guards.refuse_insert, (
            "market_bank_line_share_covered", "market_bank_line_share", SPENT, "a line goes nowhere twice"))]}},
    )  # fmt: skip

    line_id: Mapped[UUID] = mapped_column(sa.ForeignKey("market_bank_line.id"), index=True)
    place: Mapped[str] = mapped_column(index=True)
    payment_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("market_payment.id"), index=True)
    account_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("market_buyer_account.id"), index=True)
    statement_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("market_monthly_statement.id"), index=True)
    amount: Mapped[Money]
    made_at: Mapped[datetime]
    made_by: Mapped[str]


class LineRelease(Entity):
    """A share that was taken back before it paid anything: the money waits for a person again."""

    __tablename__ = "market_bank_line_release"
    __table_args__ = ({"info": {"guard": "append_only"}},)

    share_id: Mapped[UUID] = mapped_column(sa.ForeignKey("market_bank_line_share.id"), unique=True)
    note: Mapped[str]
    released_at: Mapped[datetime]
    released_by: Mapped[str]


class PayerName(Entity):
    """A name under which somebody pays for a buyer, accepted by a person once."""

    __tablename__ = "market_payer_name"
    __table_args__ = (sa.UniqueConstraint("buyer_id", "plain"), {"info": {"guard": "append_only"}})

    buyer_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    plain: Mapped[str]
    name: Mapped[str]
    accepted_at: Mapped[datetime]
    accepted_by: Mapped[str]
