"""A part that came for an order that was cancelled or paid otherwise is found again and goes back: no fen is stuck."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kernel.money import ZERO, Money
from market.bank_lines import commands, queries
from market.bank_lines.commands import ShareUsed
from market.bank_lines.rules import LineState, Reason, WrongState
from market.buyer_accounts import commands as accounts
from market.contracts import commands as contracts
from market.orders import queries as orders
from market.payments import commands as payments
from market.payments import queries as payment_queries
from market.payments.rules import PartlyPaid, PaymentMethod, PaymentState
from settlement.intake.commands import take_in_payments
from settlement.ledger.queries import balance
from tests.make import market as make
from tests.make import paying
from tests.make import registry_base as base

DAY = make.SALE + timedelta(days=1)


def claim(session, line, *shares):
    """Decide by hand what a line is for."""
    given = [{"reference": one.reference, "amount": Money.yuan(amount)} for one, amount in shares]
    commands.assign(session, make.finance(), line.id, shares=given, note="对账函", now=DAY, book=make.LAW)


def order_of(session, payment):
    return orders.get(session, payment.order_id)


@pytest.mark.both_databases
def test_while_a_part_has_come_the_whole_is_taken_in_no_other_way(session):
    (due,) = paying.make_due(session)
    account = paying.make_account(session, due, balance="900.00")
    line = paying.enter(session, "1", "300.00", "无编号", "母公司", now=DAY)
    claim(session, line, (due, "300.00"))
    for whole in (
        lambda: accounts.pay_from_balance(session, paying.buyer(due), due.id, now=DAY, book=make.LAW),
        lambda: payments.begin(session, paying.buyer(due), due.id, method=PaymentMethod.STRIPE, return_url="", now=DAY),
        lambda: make.pay(session, order_of(session, due), bank_line="HAND"),
    ):
        with pytest.raises(PartlyPaid, match=r"还差 500\.00 元"):
            whole()
    commands.reopen(session, make.finance(), line.id, note="付错订单", now=DAY)
    assert (line.state, line.reason, payment_queries.put_by_lines(session, due.id)) == (
        LineState.QUEUED, Reason.REOPENED, ZERO,
    )  # fmt: skip
    accounts.pay_from_balance(session, paying.buyer(due), due.id, now=DAY, book=make.LAW)
    take_in_payments(session, make.finance(), now=DAY)
    assert balance(session, f"liability:unapplied:{base.PLACE}") == -Money.yuan("300")
    assert balance(session, f"asset:bank:{base.PLACE}") == Money.yuan("1200")
    assert account.reference


def test_a_part_for_an_order_that_was_cancelled_is_listed_and_goes_back(session):
    (due,) = paying.make_due(session)
    line = paying.enter(session, "1", "300.00", "无编号", "母公司", now=DAY)
    claim(session, line, (due, "300.00"))
    assert queries.stranded(session, make.finance()) == []
    contracts.cancel(session, paying.buyer(due), order_of(session, due).number, reason="预算取消", now=DAY)
    assert [one.id for one in queries.stranded(session, make.finance())] == [line.id]
    commands.reopen(session, make.finance(), line.id, note="订单已取消", now=DAY)
    assert queries.stranded(session, make.finance()) == []
    commands.return_line(session, make.finance(), line.id, note="订单已取消", now=DAY)
    commands.confirm_return(session, paying.payer(), line.id, serial="OUT-1", now=DAY)
    take_in_payments(session, make.finance(), now=DAY)
    assert balance(session, f"liability:unapplied:{base.PLACE}") == ZERO


@pytest.mark.both_databases
def test_money_taken_back_from_one_order_pays_another_and_is_given_out_once(session):
    wrong, right = paying.make_due(session, 2)
    line = paying.enter(session, "1", "300.00", "无编号", "母公司", now=DAY)
    claim(session, line, (wrong, "300.00"))
    commands.reopen(session, make.finance(), line.id, note="付错订单", now=DAY)
    claim(session, line, (right, "300.00"))
    rest = paying.enter(session, "2", "500.00", right.reference, paying.name_of(session, right), now=DAY)
    assert (rest.state, right.state, wrong.state) == (
        LineState.MATCHED, PaymentState.CAPTURED, PaymentState.EXPECTED,
    )  # fmt: skip
    with pytest.raises(ShareUsed):
        commands.reopen(session, make.finance(), line.id, note="再改", now=DAY)
    with pytest.raises(WrongState):
        commands.reopen(session, make.finance(), rest.id, note="再改", now=DAY)


def test_a_return_that_was_not_sent_is_taken_back(session):
    line = paying.enter(session, "1", "300.00", "无编号", "母公司", now=DAY)
    commands.return_line(session, make.finance(), line.id, note="退回", now=DAY)
    commands.reopen(session, make.finance(), line.id, note="找到订单了", now=DAY)
    assert (line.state, line.decided_by) == (LineState.QUEUED, None)
    with pytest.raises(WrongState):
        commands.confirm_return(session, paying.payer(), line.id, serial="OUT-1", now=DAY)
