"""From stored revenue and shares to the journal, inside the database: no line travels through this process."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel import audit, bulk, numbering
from kernel.calendar import Period
from kernel.identity import Actor, Permission
from kernel.money import ZERO
from market.entitlements.model import Entitlement
from market.orders.model import Order
from registry.agreements.model import Agreement
from registry.parties.model import Party
from registry.products.model import Product
from settlement.ledger.model import JournalEntry, JournalLine
from settlement.ledger.queries import series
from settlement.ledger.rules import PAYEE_ACCOUNTS, Cause, output_tax, unearned
from settlement.revenue.model import RevenueLine
from settlement.splits.model import ShareLine
from settlement.splits.rules import PayeeKind

LINE = ("entry_id", "position", "account", "amount")
HEADER = ("id", "place", "year", "number", "cause", "cause_id", "entry_date", "text", "booked_at", "booked_by",
          "agreement", "product", "use_class")  # fmt: skip


def book_revenue(session: Session, actor: Actor, *, run_id: UUID, place: str, period: Period, now: datetime) -> int:
    """Book every line of revenue of a settlement that earned something; return how many vouchers were made.

    An entry leads from what was paid in advance to output tax and everybody's account, is dated on the last day of the
    period, and carries the identity of its line of revenue. Numbers follow the entitlements without a gap.

    Raises:
        NotAllowed: the actor takes no part in the books of this place.
    """
    actor.must(Permission.INTAKE, place=place)
    earned = (RevenueLine.run_id == run_id, RevenueLine.gross != ZERO)
    count = session.scalars(sa.select(sa.func.count()).select_from(RevenueLine).where(*earned)).one()
    if not count:
        return 0
    year = period.last_day.year
    first = numbering.take_block(session, series(place, year), count)
    name = _in_order(session, Entitlement.number)
    headers = (
        sa.select(
            RevenueLine.id, sa.literal(place), sa.literal(year),
            sa.func.row_number().over(order_by=name) + (first - 1),
            sa.literal(Cause.REVENUE_EARNED, JournalEntry.cause.type),
            sa.literal(f"{place}/{period.start}/") + Entitlement.number, sa.literal(period.last_day),
            sa.literal("订单 ") + Order.number + sa.literal(" 收入"), sa.literal(now, JournalEntry.booked_at.type),
            sa.literal(actor.name), Agreement.number, Product.code, sa.cast(RevenueLine.use_class, sa.Text),
        )
        .join(Entitlement, Entitlement.id == RevenueLine.entitlement_id)
        .join(Order, Order.id == RevenueLine.order_id)
        .join(Product, Product.id == RevenueLine.product_id)
        .join(Agreement, Agreement.id == RevenueLine.agreement_id)
        .where(*earned)
        .order_by(name)
    )  # fmt: skip
    session.execute(sa.insert(JournalLine).from_select(LINE, _lines(session, place, run_id)))
    session.execute(sa.insert(JournalEntry).from_select(HEADER, headers))
    for table in (JournalLine, JournalEntry):
        bulk.look_over(session, table, count)
    audit.record(
        session, actor, "ledger.book", ("settlement_run", str(run_id)), at=now, note=str(Cause.REVENUE_EARNED),
        detail={"first": first, "last": first + count - 1, "count": count},
    )  # fmt: skip
    return int(count)


def _lines(session: Session, place: str, run_id: UUID) -> sa.Select[Any]:
    """Return the legs of every entry: what was paid in advance first, then the credits by name of the account."""
    own = RevenueLine.run_id == run_id
    head = sa.case(*((ShareLine.payee_kind == PayeeKind(kind), name) for kind, name in PAYEE_ACCOUNTS.items()))
    payee = head + sa.literal(":") + Party.uscc
    parts = sa.union_all(
        sa.select(RevenueLine.id.label("entry_id"), sa.literal(0).label("rank"),
                  (sa.literal(unearned("")) + Order.number).label("account"),
                  sa.cast(RevenueLine.gross, sa.BigInteger).label("fen"))
        .join(Order, Order.id == RevenueLine.order_id)
        .where(own, RevenueLine.gross != ZERO),
        sa.select(RevenueLine.id, sa.literal(1), sa.literal(output_tax(place)),
                  -sa.cast(RevenueLine.tax, sa.BigInteger))
        .where(own, RevenueLine.tax != ZERO),
        sa.select(ShareLine.revenue_line_id, sa.literal(1), payee,
                  sa.cast(-sa.func.sum(sa.cast(ShareLine.amount, sa.BigInteger)), sa.BigInteger))
        .join(Party, Party.id == ShareLine.party_id)
        .where(ShareLine.run_id == run_id, ShareLine.amount != ZERO)
        .group_by(ShareLine.revenue_line_id, payee),
    ).subquery("parts")  # fmt: skip
    order = (parts.c.rank, _in_order(session, parts.c.account))
    position = sa.func.row_number().over(partition_by=parts.c.entry_id, order_by=order) - 1
    return sa.select(parts.c.entry_id, position, parts.c.account, parts.c.fen)


def _in_order(session: Session, name: Any) -> sa.ColumnElement[str]:
    """Return a name to sort by, character by character on either database."""
    is_postgresql = session.get_bind().dialect.name == "postgresql"
    return sa.collate(name, "C") if is_postgresql else sa.type_coerce(name, sa.Text)
