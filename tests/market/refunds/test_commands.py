"""What goes back is asked by one person, approved by another, never more than came, and in full it ends the order."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from kernel.db import Database, new_id
from kernel.errors import NotAllowed
from kernel.identity import Role
from kernel.money import ZERO, Money, total
from market.buyer_accounts import commands as accounts
from market.buyer_accounts import queries as purse
from market.entitlements import queries as entitlements
from market.orders import queries as orders
from market.orders.rules import OrderState
from market.payments import queries as payments
from market.payments.rules import Answer, Outcome, PaymentState
from market.refunds import commands, queries
from market.refunds.commands import NotByBank, ReferenceUsed, SecondPersonNeeded
from market.refunds.model import Refund
from market.refunds.rules import MoreThanPaid, RefundAct, RefundState, WrongState
from registry.agreements.model import Agreement
from settlement.intake.commands import take_in_payments
from settlement.ledger.queries import balance
from tests.make import market as make
from tests.make import paying
from tests.make import registry_base as base
from tests.market.orders.test_races import prepared, together

LATER = make.SALE + timedelta(days=2)


@pytest.fixture
def paid(session):
    """A payment of 800.00 that came by bank transfer."""
    (due,) = paying.make_due(session)
    return make.pay(session, orders.get(session, due.order_id))


def transfer(session, refund, line, now=LATER):
    return commands.confirm_transfer(session, paying.payer(), refund.id, bank_line=line, paid_at=now, now=now)


@pytest.mark.both_databases
def test_a_part_goes_back_and_the_order_stays_the_rest_goes_back_and_everything_ends(session, paid):
    part = paying.give_back(session, paid, "300.00", reference="R-1", now=LATER)
    assert part.state is RefundState.APPROVED
    transfer(session, part, "OUT-1")
    order = orders.get(session, paid.order_id)
    assert (order.state, payments.locked(session, paid.id).state) == (OrderState.FULFILLED, PaymentState.CAPTURED)
    rest = paying.give_back(session, paid, "500.00", reference="R-2", now=LATER)
    transfer(session, rest, "OUT-2")
    order = orders.get(session, paid.order_id)
    assert (order.state, payments.locked(session, paid.id).state) == (OrderState.REFUNDED, PaymentState.REFUNDED)
    entitlement = entitlements.of_order(session, order.id)
    assert not entitlements.holds(session, entitlement, LATER, book=make.LAW)
    take_in_payments(session, make.finance(), now=LATER)
    for account in (f"asset:bank:{base.PLACE}", f"liability:unearned:{order.number}"):
        assert balance(session, account) == ZERO
    assert take_in_payments(session, make.finance(), now=LATER) == 0


def test_what_is_asked_for_is_held_and_let_go_when_refused_or_withdrawn(session, paid):
    first = paying.ask_back(session, paid, "800.00", reference="R-1")
    with pytest.raises(MoreThanPaid, match=r"尚可退 0\.00 元"):
        paying.ask_back(session, paid, "0.01", reference="R-2")
    commands.decide(session, paying.checker(), first.id, act=RefundAct.REFUSE, reason="已使用", now=LATER)
    second = paying.ask_back(session, paid, "800.00", reference="R-3")
    commands.withdraw(session, paying.buyer(paid), second.id, now=LATER)
    assert queries.left(session, paid) == Money.yuan("800.00")
    with pytest.raises(WrongState):
        commands.withdraw(session, paying.buyer(paid), second.id, now=LATER)


def test_the_same_reference_is_the_same_refund(session, paid):
    first = paying.ask_back(session, paid, "10.00")
    assert paying.ask_back(session, paid, "10.00").id == first.id
    with pytest.raises(ReferenceUsed):
        paying.ask_back(session, paid, "11.00")


def test_three_people_stand_behind_a_refund(session, paid):
    asker = base.actor(Role.FINANCE_PREPARER, place=base.PLACE)
    refund = commands.ask(session, asker, paid.id, amount=Money.yuan("1.00"), reason="x", client_reference="R",
                          now=LATER)  # fmt: skip
    both = base.actor(Role.FINANCE_CHECKER, place=base.PLACE)
    for person in (asker, base.actor(Role.BUYER), base.actor(Role.FINANCE_CHECKER, place="futian")):
        with pytest.raises((NotAllowed, queries.NoSuchRefund)):
            commands.decide(session, person, refund.id, act=RefundAct.APPROVE, reason="x", now=LATER)
    with pytest.raises(WrongState):
        transfer(session, refund, "OUT-1")
    commands.decide(session, both, refund.id, act=RefundAct.APPROVE, reason="x", now=LATER)
    same = replace(both, grants=(*both.grants, *paying.payer().grants))
    with pytest.raises(SecondPersonNeeded):
        commands.confirm_transfer(session, same, refund.id, bank_line="OUT-1", paid_at=LATER, now=LATER)
    assert transfer(session, refund, "OUT-1").state is RefundState.DONE
    with pytest.raises(WrongState):
        transfer(session, refund, "OUT-2")


@pytest.mark.both_databases
def test_refunds_in_the_same_moment_never_exceed_what_came(database_url):
    database = Database(database_url)

    def prepare(session):
        due = paying.make_due(session, 3)
        return [make.pay(session, orders.get(session, one.order_id)) for one in due]

    for payment in prepared(database, prepare):

        def act(session, amount, payment=payment):
            return paying.ask_back(session, payment, amount, reference=f"R-{amount}").amount

        amounts = [f"{300 + place}.00" for place in range(8)]  # three times what was paid
        found = together(database, *(lambda session, amount=amount: act(session, amount) for amount in amounts))
        given = [one for one in found if isinstance(one, Money)]
        assert len(given) == 2
        assert total(given) <= payment.amount
        assert all(isinstance(one, MoreThanPaid | Money) for one in found)
    database.engine.dispose()


def test_a_payment_from_the_balance_goes_back_to_the_balance_at_once(session):
    (due,) = paying.make_due(session)
    account = paying.make_account(session, due, balance="800.00")
    accounts.pay_from_balance(session, paying.buyer(due), due.id, now=make.SALE, book=make.LAW)
    refund = paying.give_back(session, due, "800.00")
    assert (refund.state, purse.balance(session, account.id)) == (RefundState.DONE, Money.yuan("800.00"))
    with pytest.raises(NotByBank):
        transfer(session, refund, "OUT-1")
    take_in_payments(session, make.finance(), now=LATER)
    assert balance(session, f"asset:bank:{base.PLACE}") == Money.yuan("800.00")
    assert balance(session, f"liability:unearned:{orders.get(session, due.order_id).number}") == ZERO


def test_an_answer_of_the_provider_is_believed_about_approved_refunds_only(session, paid):
    refund = paying.ask_back(session, paid, "10.00")
    done = Outcome(Answer.SUCCEEDED, provider_id="re_1", amount=refund.amount, at=LATER)
    assert commands.note(session, paying.follower(), refund.id, done, now=LATER).state is RefundState.ASKED
    with pytest.raises(NotAllowed):
        commands.note(session, paying.buyer(paid), refund.id, done, now=LATER)


@pytest.mark.both_databases
def test_the_database_itself_refuses_to_give_back_more_than_came(session, paid):
    refund = paying.ask_back(session, paid, "700.00")
    session.flush()
    columns = {column.name: getattr(refund, column.name) for column in Refund.__table__.columns}
    more = columns | {"id": new_id(), "number": "RFD-X", "key": "x", "client_reference": "x",
                      "amount": Money.yuan("100.01")}  # fmt: skip
    for statement in (sa.insert(Refund).values(more), sa.update(Refund).values(amount=Money(1))):
        savepoint = session.begin_nested()
        with pytest.raises(DBAPIError):
            session.execute(statement)
        savepoint.rollback()


def test_who_only_reads_a_payment_asks_for_no_refund_and_a_buyer_from_afar_does(session, paid):
    order = orders.get(session, paid.order_id)
    operating = session.get_one(Agreement, order.agreement_id).operating_institution_id
    afar = base.actor(Role.BUYER, org_id=paid.buyer_id, place="futian")
    told = {"amount": Money.yuan("1.00"), "reason": "数据不符合约定", "now": LATER}
    operator = base.actor(Role.OPERATOR, org_id=operating, place=base.PLACE)
    assert operating != order.seller_id
    assert payments.visible(session, operator, paid.id).id == paid.id
    with pytest.raises(NotAllowed):
        commands.ask(session, operator, paid.id, client_reference="R-1", **told)
    asked = commands.ask(session, afar, paid.id, client_reference="R-2", **told)
    assert commands.withdraw(session, afar, asked.id, now=LATER).state is RefundState.WITHDRAWN
