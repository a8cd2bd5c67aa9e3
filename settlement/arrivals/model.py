"""Which credit of the bank is which payout of the provider; what was taken back stays on record."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel import guards
from kernel.db import Entity
from kernel.money import Money

NOT_THE_LINE = (
    "NOT EXISTS (SELECT 1 FROM market_bank_line AS l WHERE l.id = NEW.bank_line_id AND l.place = NEW.place"
    " AND l.amount = NEW.amount) OR EXISTS (SELECT 1 FROM settlement_payout_arrival AS a"
    " WHERE a.bank_line_id = NEW.bank_line_id"
    " AND NOT EXISTS (SELECT 1 FROM settlement_payout_arrival_release AS r WHERE r.arrival_id = a.id))"
)
MORE_THAN_PAID_OUT = (
    "NEW.amount + (SELECT coalesce(sum(a.amount), 0) FROM settlement_payout_arrival AS a"
    " WHERE a.payout_id = NEW.payout_id"
    " AND NOT EXISTS (SELECT 1 FROM settlement_payout_arrival_release AS r WHERE r.arrival_id = a.id))"
    " > coalesce((SELECT p.amount FROM settlement_provider_line AS p"
    " WHERE p.id = NEW.payout_id AND p.place = NEW.place AND p.flow = 'payout'), 0)"
)


class Arrival(Entity):
    """One credit of the bank as (part of) one payout of the provider."""

    __tablename__ = "settlement_payout_arrival"
    __table_args__ = (
        sa.CheckConstraint("amount > 0", name="positive"),
        {"info": {"guard": "append_only", "rules": [
            (guards.refuse_insert, ("settlement_payout_arrival_line", "settlement_payout_arrival", NOT_THE_LINE,
                                    "a credit is one payout, in its whole amount")),
            (guards.refuse_insert, ("settlement_payout_arrival_covered", "settlement_payout_arrival",
                                    MORE_THAN_PAID_OUT, "no more arrives than was paid out")),
        ]}},
    )  # fmt: skip

    bank_line_id: Mapped[UUID] = mapped_column(sa.ForeignKey("market_bank_line.id"), index=True)
    payout_id: Mapped[UUID] = mapped_column(sa.ForeignKey("settlement_provider_line.id"), index=True)
    place: Mapped[str] = mapped_column(index=True)
    amount: Mapped[Money]
    note: Mapped[str]  # what a person decided it by; empty where the remark named the payout
    made_at: Mapped[datetime]
    made_by: Mapped[str]
    made_by_id: Mapped[UUID | None]


class ArrivalRelease(Entity):
    """An arrival that was taken back: the credit waits for a person again."""

    __tablename__ = "settlement_payout_arrival_release"
    __table_args__ = ({"info": {"guard": "append_only"}},)

    arrival_id: Mapped[UUID] = mapped_column(sa.ForeignKey("settlement_payout_arrival.id"), unique=True)
    note: Mapped[str]
    released_at: Mapped[datetime]
    released_by: Mapped[str]
