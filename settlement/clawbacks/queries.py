"""Reading what came back of sales, what parties owe of it, and what they still hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, Session

from kernel.db import MoneyType
from kernel.errors import NotFound
from kernel.identity import ROLES_OF, WATCHERS, Actor, Permission
from kernel.money import ZERO, Money
from market.orders.model import Order
from market.payments.model import Payment
from market.refunds.model import ProviderDispute, Refund
from settlement.clawbacks.model import Clawback, ClawbackNetting, ClawbackRecovery
from settlement.clawbacks.rules import HELD, ClawbackKind, Holding, Owed
from settlement.ledger.model import JournalEntry, JournalLine
from settlement.ledger.rules import PAYEE_ACCOUNTS, Cause

# statements, shares and payouts are floors above the journal's intake, which calls this: known by their tables only
STATEMENT = sa.table(
    "settlement_statement", sa.column("id", sa.Uuid()), sa.column("run_id", sa.Uuid()),
    sa.column("party_id", sa.Uuid()), sa.column("number", sa.Text), sa.column("period_start", sa.Date),
)  # fmt: skip
SHARE = sa.table(
    "settlement_share_line", sa.column("run_id", sa.Uuid()), sa.column("revenue_line_id", sa.Uuid()),
    sa.column("party_id", sa.Uuid()), sa.column("amount", MoneyType()), sa.column("payee_kind", sa.Text),
)  # fmt: skip
REVENUE = sa.table("settlement_revenue_line", sa.column("id", sa.Uuid()), sa.column("order_id", sa.Uuid()))
ITEM = sa.table(
    "settlement_payout_item", sa.column("payout_id", sa.Uuid()), sa.column("statement_id", sa.Uuid()),
    sa.column("order_number", sa.Text), sa.column("account", sa.Text),
)  # fmt: skip
PAYOUT = sa.table(
    "settlement_payout", sa.column("id", sa.Uuid()), sa.column("state", sa.Text), sa.column("destination", sa.Text)
)
PAID = ("sent", "unknown", "confirmed")
TREASURY = "treasury_non_tax"
BACK = (Cause.REFUND_PAID, Cause.DISPUTE_LOST)
HEADS = tuple(PAYEE_ACCOUNTS.values())


class NoSuchClawback(NotFound):
    """There is no such receivable, or none that the actor may know of."""

    code = "clawback.not_found"


@dataclass(frozen=True, slots=True)
class Held:
    """What a party holds of a sale by one statement, and which way it was paid out."""

    holding: Holding
    is_treasury: bool


@dataclass(frozen=True, slots=True)
class Balance:
    """A receivable with what is left of it."""

    clawback: Clawback
    left: Money


def untaken(session: Session, *, place: str | None, limit: int) -> list[tuple[JournalEntry, list[JournalLine]]]:
    """Return entries of money given back by parties that nobody has spread over statements, oldest first."""
    by_party = sa.or_(*(JournalLine.account.startswith(f"{head}:") for head in HEADS))
    has_party = sa.exists().where(JournalLine.entry_id == JournalEntry.id, JournalLine.amount > ZERO, by_party)
    is_taken = sa.exists().where(Clawback.entry_id == JournalEntry.id)
    query = sa.select(JournalEntry).where(JournalEntry.cause.in_(BACK), has_party, ~is_taken)
    if place is not None:
        query = query.where(JournalEntry.place == place)
    found = []
    for entry in session.scalars(query.order_by(JournalEntry.booked_at, JournalEntry.id).limit(limit)).all():
        lines = sa.select(JournalLine).where(JournalLine.entry_id == entry.id, JournalLine.amount > ZERO, by_party)
        found.append((entry, list(session.scalars(lines.order_by(JournalLine.position)))))
    return found


def order_of(session: Session, entry: JournalEntry) -> Order:
    """Return the order whose money an entry gives back."""
    identity = UUID(hex=entry.cause_id)
    payment = (
        sa.select(Refund.payment_id).where(Refund.id == identity)
        if entry.cause is Cause.REFUND_PAID
        else sa.select(ProviderDispute.payment_id).where(ProviderDispute.id == identity)
    )
    query = sa.select(Order).join(Payment, Payment.order_id == Order.id)
    return session.scalars(query.where(Payment.id == payment.scalar_subquery())).one()


def held_of_sale(session: Session, *, party_id: UUID, account: str, order: Order) -> dict[UUID, Held]:
    """Return, by statement, what a party still holds of a sale on one account: oldest statement first."""
    kind = next(kind for kind, head in PAYEE_ACCOUNTS.items() if account.startswith(f"{head}:"))
    earned = (
        sa.select(STATEMENT.c.id, sa.func.sum(SHARE.c.amount))
        .select_from(SHARE)
        .join(REVENUE, REVENUE.c.id == SHARE.c.revenue_line_id)
        .join(
            STATEMENT, sa.and_(STATEMENT.c.run_id == SHARE.c.run_id, STATEMENT.c.party_id == SHARE.c.party_id)
        )
        .where(SHARE.c.party_id == party_id, SHARE.c.payee_kind == kind, REVENUE.c.order_id == order.id)
        .group_by(STATEMENT.c.id, STATEMENT.c.period_start)
        .order_by(STATEMENT.c.period_start, STATEMENT.c.id)
    )  # fmt: skip
    back = (
        sa.select(Clawback.statement_id, sa.func.sum(Clawback.amount))
        .where(
            Clawback.party_id == party_id, Clawback.account == account, Clawback.order_number == order.number
        )
        .group_by(Clawback.statement_id)
    )  # fmt: skip
    given: dict[UUID, Money] = dict(session.execute(back).all())
    paid = dict(session.execute(
        sa.select(ITEM.c.statement_id, PAYOUT.c.destination)
        .join(PAYOUT, PAYOUT.c.id == ITEM.c.payout_id)
        .where(ITEM.c.order_number == order.number, ITEM.c.account == account, PAYOUT.c.state.in_(PAID))
    ).all())  # fmt: skip
    return {
        statement: Held(Holding(statement.hex, amount - given.get(statement, ZERO), statement in paid),
                        paid.get(statement) == TREASURY)
        for statement, amount in session.execute(earned)
    }  # fmt: skip


def reduced(session: Session, statement_ids: Iterable[UUID]) -> dict[tuple[UUID, str, str], Money]:
    """Return by how much refunds before payout reduced statements: by statement, order number and account."""
    query = (
        sa.select(Clawback.statement_id, Clawback.order_number, Clawback.account, sa.func.sum(Clawback.amount))
        .where(Clawback.statement_id.in_(set(statement_ids)), Clawback.kind == ClawbackKind.REDUCED)
        .group_by(Clawback.statement_id, Clawback.order_number, Clawback.account)
    )
    return {(statement, order, account): amount for statement, order, account, amount in session.execute(query)}


def listed(actor: Actor, *, place: str | None = None) -> sa.Select[Clawback]:
    """Return the query of the receivables that the actor may read."""
    reached: list[sa.ColumnElement[bool]] = []
    for grant in actor.grants:
        if grant.role not in ROLES_OF[Permission.CLAWBACK_READ]:
            continue
        if grant.role in WATCHERS:
            reached.append(sa.true() if grant.place is None else Clawback.place == grant.place)
        elif grant.org_id is not None:
            reached.append(Clawback.party_id == grant.org_id)
    query = sa.select(Clawback).where(Clawback.kind == ClawbackKind.RECEIVABLE, sa.or_(sa.false(), *reached))
    return query if place is None else query.where(Clawback.place == place)


def visible(session: Session, actor: Actor, clawback_id: UUID, *, lock: bool = False) -> Clawback:
    """Return one receivable.

    Raises:
        NoSuchClawback: there is none that the actor may know of.
    """
    query = listed(actor).where(Clawback.id == clawback_id)
    found = session.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise NoSuchClawback(f"没有编号为 {clawback_id} 的应收款", detail_en="No such receivable")
    return found


def visible_recovery(session: Session, actor: Actor, recovery_id: UUID) -> ClawbackRecovery:
    """Return one repayment or write-off.

    Raises:
        NoSuchClawback: there is none that the actor may know of.
    """
    mine = listed(actor).with_only_columns(Clawback.id)
    query = sa.select(ClawbackRecovery).where(
        ClawbackRecovery.id == recovery_id, ClawbackRecovery.clawback_id.in_(mine)
    )
    found = session.scalar(query.with_for_update().execution_options(populate_existing=True))
    if found is None:
        raise NoSuchClawback(f"没有编号为 {recovery_id} 的办理", detail_en="No such recovery")
    return found


def left(session: Session, clawbacks: Sequence[Clawback]) -> list[Balance]:
    """Return what is left of receivables after netting, repayment and write-off, whether confirmed or asked for."""
    ids = {one.id for one in clawbacks}
    taken = _summed(session, ClawbackNetting.clawback_id, ClawbackNetting.amount,
                    ClawbackNetting.clawback_id.in_(ids), ClawbackNetting.released_at.is_(None))  # fmt: skip
    ended = _summed(session, ClawbackRecovery.clawback_id, ClawbackRecovery.amount,
                    ClawbackRecovery.clawback_id.in_(ids), ClawbackRecovery.state.in_(HELD))  # fmt: skip
    return [Balance(one, one.amount - taken.get(one.id, ZERO) - ended.get(one.id, ZERO)) for one in clawbacks]


def left_column() -> sa.ColumnElement[Money]:
    """Return the same of each receivable as an expression of the database, for lists that sort by it and add it up."""
    netted = sa.select(sa.func.sum(ClawbackNetting.amount)).where(
        ClawbackNetting.clawback_id == Clawback.id, ClawbackNetting.released_at.is_(None)
    )
    ended = sa.select(sa.func.sum(ClawbackRecovery.amount)).where(
        ClawbackRecovery.clawback_id == Clawback.id, ClawbackRecovery.state.in_(HELD)
    )
    off = [sa.func.coalesce(sa.type_coerce(one.scalar_subquery(), sa.BigInteger), 0) for one in (netted, ended)]
    return sa.type_coerce(sa.type_coerce(Clawback.amount, sa.BigInteger) - off[0] - off[1], MoneyType())


def _summed(
    session: Session, key: InstrumentedAttribute[UUID], amount: InstrumentedAttribute[Money],
    *conditions: sa.ColumnElement[bool],
) -> dict[UUID, Money]:  # fmt: skip
    query = sa.select(key, sa.func.sum(amount)).where(*conditions).group_by(key)
    return dict(session.execute(query).all())


def owed(session: Session, *, place: str, party_id: UUID) -> list[Owed]:
    """Return what a party owes at a place and may be netted, oldest first; never what the treasury holds."""
    query = sa.select(Clawback).where(
        Clawback.place == place, Clawback.party_id == party_id, Clawback.kind == ClawbackKind.RECEIVABLE,
        Clawback.is_treasury.is_(False),
    )  # fmt: skip
    found = session.scalars(query.order_by(Clawback.raised_at, Clawback.id)).all()
    return [Owed(one.clawback.id.hex, one.left) for one in left(session, found) if one.left > ZERO]


def nettings_of(session: Session, payout_ids: Iterable[UUID]) -> list[ClawbackNetting]:
    """Return what payouts net and have not released."""
    query = sa.select(ClawbackNetting).where(
        ClawbackNetting.payout_id.in_(set(payout_ids)), ClawbackNetting.released_at.is_(None)
    )
    return list(session.scalars(query.order_by(ClawbackNetting.id)))


def recoveries_of(session: Session, clawback_id: UUID) -> Sequence[ClawbackRecovery]:
    """Return repayments and write-offs of a receivable, oldest first."""
    query = sa.select(ClawbackRecovery).where(ClawbackRecovery.clawback_id == clawback_id)
    return session.scalars(query.order_by(ClawbackRecovery.asked_at, ClawbackRecovery.id)).all()
