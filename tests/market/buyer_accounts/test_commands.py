"""A balance is never below zero, what is owed never above the limit, and each month is stated to the fen."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from kernel.db import Database, new_id
from kernel.errors import DomainError, NotAllowed
from kernel.identity import Role
from kernel.money import ZERO, Money
from kernel.policy import NoSuchPlace
from market.bank_lines.rules import LineState
from market.buyer_accounts import commands, queries
from market.buyer_accounts.commands import NoCredit, Overdue, SecondPersonNeeded, StatementDiffers
from market.buyer_accounts.model import AccountLine
from market.buyer_accounts.queries import NoSuchAccount
from market.buyer_accounts.rules import BalanceShort, LimitAct, LimitExceeded
from market.entitlements import queries as entitlements
from market.payments.rules import PaymentMethod, PaymentState, WrongState
from registry.parties.model import Party
from settlement.intake.commands import take_in_payments
from settlement.ledger.queries import balance as booked
from tests.make import market as make
from tests.make import paying
from tests.make import registry_base as base
from tests.market.orders.test_races import prepared, together

AUGUST = datetime(2026, 8, 1, 2, 0, tzinfo=UTC)
JULY = "2026-07"


def pay(session, payment, act=commands.pay_from_balance, now=make.SALE):
    return act(session, paying.buyer(payment), payment.id, now=now, book=make.LAW)


@pytest.mark.both_databases
def test_money_paid_in_advance_pays_orders_until_it_is_used_up(session):
    first, second = paying.make_due(session, 2)
    account = paying.make_account(session, first, balance="1599.99")
    paid = pay(session, first)
    assert (paid.state, paid.method) == (PaymentState.CAPTURED, PaymentMethod.BALANCE)
    assert entitlements.of_order(session, first.order_id) is not None
    with pytest.raises(BalanceShort, match=r"还差 0\.01 元"):
        pay(session, second)
    with pytest.raises(WrongState):
        pay(session, first)
    assert queries.balance(session, account.id) == Money.yuan("799.99")
    take_in_payments(session, make.finance(), now=make.SALE)
    code = booked_code(session, account)
    assert booked(session, f"liability:prepaid:{code}") == -Money.yuan("799.99")
    assert booked(session, f"asset:bank:{base.PLACE}") == Money.yuan("1599.99")
    assert booked(session, f"liability:unapplied:{base.PLACE}") == ZERO


def booked_code(session, account) -> str:
    return session.get_one(Party, account.buyer_id).uscc


@pytest.mark.both_databases
def test_two_orders_never_spend_the_same_balance(database_url):
    database = Database(database_url)

    def prepare(session):
        due = paying.make_due(session, 4)
        account = paying.make_account(session, due[0], balance="1600.00")
        return due, account.id

    due, account_id = prepared(database, prepare)
    acts = [lambda session, one=one: pay(session, one).number for one in due]
    results = together(database, *acts)
    assert sorted(isinstance(one, BalanceShort) for one in results) == [False, False, True, True]
    with database.new_session() as session:
        assert queries.balance(session, account_id) == ZERO
    database.engine.dispose()


def test_one_account_per_buyer_and_place_and_nobody_opens_it_for_another(session):
    (due,) = paying.make_due(session)
    account = commands.open_account(session, paying.buyer(due), place=base.PLACE, now=make.SALE, book=make.LAW)
    told = {"buyer_id": due.buyer_id, "now": make.SALE, "book": make.LAW}
    again = commands.open_account(session, make.finance(), place=base.PLACE, **told)
    assert again.id == account.id
    for stranger in (base.actor(Role.BUYER, org_id=new_id()), base.actor(Role.FINANCE_PREPARER, place="futian")):
        with pytest.raises(NotAllowed):
            commands.open_account(session, stranger, place=base.PLACE, **told)
        with pytest.raises(NoSuchAccount):
            queries.visible(session, stranger, account.id)


def test_an_account_is_opened_at_a_place_that_there_is(session):
    (due,) = paying.make_due(session)
    with pytest.raises(NoSuchPlace):
        commands.open_account(session, paying.buyer(due), place="nowhere", now=make.SALE, book=make.LAW)


def test_a_credit_limit_needs_two_people_and_without_one_nothing_is_bought_on_account(session):
    (due,) = paying.make_due(session)
    with pytest.raises(NoSuchAccount):
        pay(session, due, commands.pay_on_account)
    account = paying.make_account(session, due)
    limit = commands.propose_limit(session, make.finance(), account.id, amount=Money.yuan("1000"), due_days=15,
                                   basis="框架协议", now=make.SALE)  # fmt: skip
    with pytest.raises(NoCredit):
        pay(session, due, commands.pay_on_account)
    with pytest.raises(NotAllowed):
        commands.decide_limit(session, make.finance(), limit.id, act=LimitAct.CONFIRM, now=make.SALE)
    interested = base.actor(Role.FINANCE_CHECKER, org_id=due.buyer_id, place=base.PLACE)
    with pytest.raises((SecondPersonNeeded, NotAllowed)):
        commands.decide_limit(session, interested, limit.id, act=LimitAct.CONFIRM, now=make.SALE)
    commands.decide_limit(session, paying.checker(), limit.id, act=LimitAct.CONFIRM, now=make.SALE)
    assert pay(session, due, commands.pay_on_account).method is PaymentMethod.MONTHLY_ACCOUNT


@pytest.mark.both_databases
def test_a_month_on_account_is_stated_once_repaid_to_the_fen_and_the_books_agree(session):
    first, second, third = paying.make_due(session, 3)
    account = paying.make_account(session, first, credit="1600.00")
    for one in (first, second):
        pay(session, one, commands.pay_on_account)
    with pytest.raises(LimitExceeded, match=r"可用 0\.00 元"):
        pay(session, third, commands.pay_on_account)
    with pytest.raises(StatementDiffers, match="尚未结束"):
        commands.issue_statements(session, make.finance(), month=JULY, now=make.SALE)
    assert [commands.issue_statements(session, make.finance(), month=JULY, now=AUGUST) for _ in range(2)] == [1, 0]
    ((statement, left),) = queries.statements(session, account.id)
    assert (statement.amount, left, statement.due_date) == (Money.yuan("1600"), Money.yuan("1600"), date(2026, 8, 16))
    assert [line["amount"] for line in statement.lines] == ["800.00", "800.00"]
    payer = paying.name_of(session, first)
    short = paying.enter(session, "M1", "1599.99", statement.reference, payer, now=AUGUST)
    late = datetime(2026, 8, 17, 2, 0, tzinfo=UTC)
    with pytest.raises(Overdue):
        pay(session, third, commands.pay_on_account, now=late)
    rest = paying.enter(session, "M2", "0.01", statement.reference, payer, now=late)
    assert (short.state, rest.state) == (LineState.MATCHED, LineState.MATCHED)
    assert (queries.open_amount(session, statement), queries.owed(session, account.id)) == (ZERO, ZERO)
    take_in_payments(session, make.finance(), now=late)
    assert booked(session, f"asset:receivable:{booked_code(session, account)}") == ZERO
    assert booked(session, f"asset:bank:{base.PLACE}") == Money.yuan("1600.00")
    assert booked(session, f"liability:unapplied:{base.PLACE}") == ZERO


@pytest.mark.both_databases
def test_two_orders_never_use_the_same_credit(database_url):
    database = Database(database_url)

    def prepare(session):
        due = paying.make_due(session, 3)
        return due, paying.make_account(session, due[0], credit="800.00").id

    due, account_id = prepared(database, prepare)
    acts = [lambda session, one=one: pay(session, one, commands.pay_on_account).number for one in due]
    results = together(database, *acts)
    assert sorted(isinstance(one, DomainError) for one in results) == [False, True, True]
    with database.new_session() as session:
        assert queries.owed(session, account_id) == Money.yuan("800.00")
    database.engine.dispose()


def test_a_refund_lowers_what_is_not_yet_stated_and_the_rest_becomes_balance(session):
    first, second = paying.make_due(session, 2)
    account = paying.make_account(session, first, credit="1600.00")
    pay(session, first, commands.pay_on_account)
    commands.issue_statements(session, make.finance(), month=JULY, now=AUGUST)
    pay(session, second, commands.pay_on_account, now=AUGUST)
    paying.give_back(session, first, "800.00", now=AUGUST + timedelta(days=1))
    assert (queries.owed(session, account.id), queries.balance(session, account.id)) == (Money.yuan("800"), ZERO)
    paying.give_back(session, second, "300.00", now=AUGUST + timedelta(days=1))
    assert (queries.owed(session, account.id), queries.balance(session, account.id)) == (
        Money.yuan("800"), Money.yuan("300"),
    )  # fmt: skip
    commands.issue_statements(session, make.finance(), month="2026-08", now=AUGUST + timedelta(days=40))
    assert [one.month for one, _ in queries.statements(session, account.id)] == [JULY]
    take_in_payments(session, make.finance(), now=AUGUST + timedelta(days=2))
    assert booked(session, f"asset:receivable:{booked_code(session, account)}") == Money.yuan("800.00")
    assert booked(session, f"liability:prepaid:{booked_code(session, account)}") == -Money.yuan("300.00")


@pytest.mark.both_databases
def test_the_database_itself_keeps_a_balance_above_zero(session):
    (due,) = paying.make_due(session)
    account = paying.make_account(session, due, balance="10.00")
    session.flush()
    taken = sa.insert(AccountLine).values(
        id=new_id(), version=1, account_id=account.id, place=account.place, purse="prepaid", kind="payment",
        amount=Money(-1001), evidence="x", text="x", at=make.SALE, made_by="x",
    )  # fmt: skip
    for statement in (taken, sa.update(AccountLine).values(text="y"), sa.delete(AccountLine)):
        savepoint = session.begin_nested()
        with pytest.raises(DBAPIError):
            session.execute(statement)
        savepoint.rollback()
