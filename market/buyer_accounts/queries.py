"""Reading accounts of buyers; every balance is a sum."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.errors import NotFound
from kernel.identity import FINANCE, ROLES_OF, WATCHERS, Actor, Permission
from kernel.money import ZERO, Money
from market.buyer_accounts.model import AccountLine, BuyerAccount, CreditLimit, MonthlyStatement
from market.buyer_accounts.rules import LimitState, LineKind, Purse

SUM = sa.func.sum


class NoSuchAccount(NotFound):
    """There is no such account, or none that the actor may know of."""

    code = "buyer_account.not_found"


def listed(actor: Actor) -> sa.Select[BuyerAccount]:
    """Return the query of the actor's own accounts; finance and auditors see those of their places."""
    reached: list[sa.ColumnElement[bool]] = []
    for grant in actor.grants:
        if grant.role not in ROLES_OF[Permission.BUYER_ACCOUNT_READ]:
            continue
        if grant.role in WATCHERS or grant.role in FINANCE:
            reached.append(sa.true() if grant.place is None else BuyerAccount.place == grant.place)
        elif grant.org_id is not None:
            reached.append(BuyerAccount.buyer_id == grant.org_id)
    return sa.select(BuyerAccount).where(sa.or_(sa.false(), *reached))


def visible(session: Session, actor: Actor, account_id: UUID) -> BuyerAccount:
    """Return one account.

    Raises:
        NoSuchAccount: there is none that the actor may know of.
    """
    return _one(session.scalar(listed(actor).where(BuyerAccount.id == account_id)), str(account_id))


def locked(session: Session, account_id: UUID) -> BuyerAccount:
    """Return the account, locked: whoever moves it waits for whoever moves it now.

    Raises:
        NoSuchAccount: there is none.
    """
    query = sa.select(BuyerAccount).where(BuyerAccount.id == account_id)
    found = session.scalar(query.with_for_update().execution_options(populate_existing=True))
    return _one(found, str(account_id))


def _one(found: BuyerAccount | None, name: str) -> BuyerAccount:
    if found is None:
        raise NoSuchAccount(f"没有账户 {name}，或不属于本单位；可先开立预付及月结账户", detail_en=f"No account {name}")
    return found


def of_buyer(session: Session, place: str, buyer_id: UUID) -> BuyerAccount | None:
    """Return the account of a buyer at a place, or None."""
    return session.scalar(sa.select(BuyerAccount).where(BuyerAccount.place == place, BuyerAccount.buyer_id == buyer_id))


def by_reference(session: Session, reference: str) -> BuyerAccount | MonthlyStatement | None:
    """Return the account or the statement that a remark names, or None."""
    account = session.scalar(sa.select(BuyerAccount).where(BuyerAccount.reference == reference))
    return account or session.scalar(sa.select(MonthlyStatement).where(MonthlyStatement.reference == reference))


def balance(session: Session, account_id: UUID) -> Money:
    """Return the prepaid balance."""
    return _sum(session, AccountLine.account_id == account_id, AccountLine.purse == Purse.PREPAID)


def owed(session: Session, account_id: UUID) -> Money:
    """Return what the buyer owes on the monthly account."""
    return _sum(session, AccountLine.account_id == account_id, AccountLine.purse == Purse.MONTHLY)


def _sum(session: Session, *conditions: sa.ColumnElement[bool]) -> Money:
    found: Money | None = session.scalar(sa.select(SUM(AccountLine.amount)).where(*conditions))
    return found if found is not None else ZERO


def unstated(session: Session, account_id: UUID, *, before: datetime | None = None) -> Money:
    """Return the charges, less credits, that no statement has asked for; up to a moment where one is given."""
    charged = [AccountLine.account_id == account_id, AccountLine.kind.in_((LineKind.CHARGE, LineKind.CREDIT))]
    if before is not None:
        charged.append(AccountLine.at < before)
    query = sa.select(SUM(MonthlyStatement.amount)).where(MonthlyStatement.account_id == account_id)
    asked: Money | None = session.scalar(query)
    return _sum(session, *charged) - (asked if asked is not None else ZERO)


def lines(session: Session, account_id: UUID, *, limit: int) -> Sequence[AccountLine]:
    """Return the newest movements, the newest first."""
    query = sa.select(AccountLine).where(AccountLine.account_id == account_id)
    return session.scalars(query.order_by(AccountLine.at.desc(), AccountLine.id.desc()).limit(limit)).all()


def charges(session: Session, account_id: UUID, start: datetime, end: datetime) -> Sequence[AccountLine]:
    """Return the charges and credits of ``[start, end)``, the oldest first."""
    query = sa.select(AccountLine).where(
        AccountLine.account_id == account_id,
        AccountLine.kind.in_((LineKind.CHARGE, LineKind.CREDIT)),
        AccountLine.at >= start,
        AccountLine.at < end,
    )
    return session.scalars(query.order_by(AccountLine.at, AccountLine.id)).all()


def limit_in_force(session: Session, account_id: UUID) -> CreditLimit | None:
    """Return the newest confirmed credit limit, or None: without one nothing is bought on account."""
    query = sa.select(CreditLimit).where(
        CreditLimit.account_id == account_id, CreditLimit.state == LimitState.CONFIRMED
    )
    return session.scalar(query.order_by(CreditLimit.decided_at.desc(), CreditLimit.id.desc()).limit(1))


def limits(session: Session, account_id: UUID) -> Sequence[CreditLimit]:
    """Return every limit that was proposed, the newest first."""
    query = sa.select(CreditLimit).where(CreditLimit.account_id == account_id)
    return session.scalars(query.order_by(CreditLimit.id.desc())).all()


def proposed(session: Session, actor: Actor) -> Sequence[tuple[CreditLimit, BuyerAccount]]:
    """Return the limits within the actor's scope that wait for a second person, the oldest first."""
    mine = listed(actor).with_only_columns(BuyerAccount.id)
    query = (
        sa.select(CreditLimit, BuyerAccount)
        .join(BuyerAccount, BuyerAccount.id == CreditLimit.account_id)
        .where(CreditLimit.state == LimitState.PROPOSED, BuyerAccount.id.in_(mine))
        .order_by(CreditLimit.proposed_at, CreditLimit.id)
    )
    return [(limit, account) for limit, account in session.execute(query)]


def visible_limit(session: Session, actor: Actor, limit_id: UUID) -> CreditLimit:
    """Return one credit limit of an account.

    Raises:
        NoSuchAccount: there is none that the actor may know of.
    """
    mine = listed(actor).with_only_columns(BuyerAccount.id)
    found = session.scalar(sa.select(CreditLimit).where(CreditLimit.id == limit_id, CreditLimit.account_id.in_(mine)))
    if found is None:
        raise NoSuchAccount(f"没有编号为 {limit_id} 的额度，或不在您的范围内", detail_en="No such limit")
    return found


def statement(session: Session, account_id: UUID, number: str) -> MonthlyStatement:
    """Return one statement of an account.

    Raises:
        NoSuchAccount: there is none with that number.
    """
    query = sa.select(MonthlyStatement).where(
        MonthlyStatement.account_id == account_id, MonthlyStatement.number == number
    )
    found = session.scalar(query)
    if found is None:
        raise NoSuchAccount(f"没有编号为 {number[:40]} 的月结账单", detail_en="No such statement")
    return found


def repayments(session: Session, statement_id: UUID) -> Sequence[AccountLine]:
    """Return what was paid of a statement, the first payment on top."""
    query = sa.select(AccountLine).where(AccountLine.statement_id == statement_id)
    return session.scalars(query.order_by(AccountLine.at, AccountLine.id)).all()


def statements(session: Session, account_id: UUID) -> list[tuple[MonthlyStatement, Money]]:
    """Return the statements, the newest first, each with what is still open of it."""
    query = sa.select(MonthlyStatement).where(MonthlyStatement.account_id == account_id)
    found = session.scalars(query.order_by(MonthlyStatement.month.desc())).all()
    return [(one, open_amount(session, one)) for one in found]


def open_amount(session: Session, statement: MonthlyStatement) -> Money:
    """Return what is still to be paid of a statement."""
    return statement.amount + _sum(session, AccountLine.statement_id == statement.id)


def overdue(session: Session, account_id: UUID, today: date) -> list[MonthlyStatement]:
    """Return the statements whose last day has passed without full payment."""
    return [one for one, left in statements(session, account_id) if left and one.due_date < today]


def to_state(session: Session, *, before: datetime, month: str, place: str | None = None) -> Sequence[BuyerAccount]:
    """Return the accounts with charges before that moment that have no statement of the month yet."""
    charged = sa.exists().where(
        AccountLine.account_id == BuyerAccount.id, AccountLine.kind == LineKind.CHARGE, AccountLine.at < before
    )
    stated = sa.exists().where(MonthlyStatement.account_id == BuyerAccount.id, MonthlyStatement.month == month)
    query = sa.select(BuyerAccount).where(charged, ~stated).order_by(BuyerAccount.id)
    return session.scalars(query if place is None else query.where(BuyerAccount.place == place)).all()
