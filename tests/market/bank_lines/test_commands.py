"""Statements are taken whole, each line counts once, and what does not fit waits for two people."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from kernel.db import new_id
from kernel.errors import NotAllowed
from kernel.identity import Role
from kernel.money import Money
from kernel.policy import NoSuchPlace
from market.bank_lines import commands, queries
from market.bank_lines.commands import LineKnown, SecondPersonNeeded, ShareDiffers
from market.bank_lines.model import BankFile, BankLine, LineShare
from market.bank_lines.rules import LineState, Reason, WrongState
from market.bank_lines.sheets import StatementRefused
from market.contracts import commands as contracts
from market.entitlements import queries as entitlements
from market.orders import queries as orders
from market.payments import commands as payments
from market.payments import queries as payment_queries
from market.payments.gateway import reference_of
from market.payments.rules import PaymentState
from settlement.intake.commands import take_in_payments
from settlement.ledger.queries import balance, trial_balance
from tests.make import market as make
from tests.make import paying
from tests.make import registry_base as base

HEADING = "流水号,交易时间,收入金额,支出金额,对方户名,附言"
DAY = make.SALE + timedelta(days=1)


def take(session, *rows: str, name: str = "2026-07.csv"):
    content = "\n".join([HEADING, *rows]).encode()
    return commands.import_file(session, make.finance(), place=base.PLACE, file_name=name, content=content, now=DAY,
                                book=make.LAW)  # fmt: skip


def state(session, payment) -> PaymentState:
    return payment_queries.by_reference(session, payment.reference).state


def lines(session) -> dict[str, tuple]:
    return {one.serial: (one.state, one.reason) for one in session.scalars(sa.select(BankLine))}


@pytest.mark.both_databases
def test_a_statement_pays_by_one_line_for_two_orders_two_lines_for_one_and_queues_the_rest(session):
    whole, half, together, other, short = paying.make_due(session, 5)
    payer = paying.name_of(session, whole)
    take(
        session,
        f"1,2026-07-20 11:00,800.00,,{payer},{whole.reference}",
        f"2,2026-07-20 11:01,1600.00,,{payer},货款 {together.reference} 及 {other.reference}",
        f"3,2026-07-20 11:02,300.00,,{payer},{half.reference}",
        f"4,2026-07-20 11:03,500.00,,{payer},{half.reference}",
        f"5,2026-07-20 11:04,799.99,,{payer},{short.reference}",
        f"6,2026-07-20 11:05,800.00,,过路人,{short.reference}",
        "7,2026-07-20 11:06,12.00,,某公司,不知何款",
        "8,2026-07-20 11:07,,100.00,某供应商,付款",
    )
    assert [state(session, one) for one in (whole, half, together, other)] == [PaymentState.CAPTURED] * 4
    assert state(session, short) is PaymentState.EXPECTED
    assert lines(session) == {
        **dict.fromkeys("1234", (LineState.MATCHED, None)),
        "5": (LineState.QUEUED, Reason.SHORT), "6": (LineState.QUEUED, Reason.OVER),
        "7": (LineState.QUEUED, Reason.NO_REFERENCE), "8": (LineState.OUTGOING, None),
    }  # fmt: skip
    assert entitlements.of_order(session, half.order_id) is not None
    take_in_payments(session, make.finance(), now=DAY)
    assert balance(session, f"asset:bank:{base.PLACE}") == Money.yuan("4811.99")
    assert balance(session, f"liability:unapplied:{base.PLACE}") == -Money.yuan("1611.99")
    assert sum((amount for _, amount in trial_balance(session, place=base.PLACE)), Money(0)) == Money(0)
    assert take_in_payments(session, make.finance(), now=DAY) == 0


def test_the_same_statement_again_changes_nothing_and_a_longer_one_adds_what_is_new(session):
    first, second = paying.make_due(session, 2)
    payer = paying.name_of(session, first)
    rows = [f"{place},2026-07-20 11:00,800.00,,{payer},{one.reference}" for place, one in enumerate((first, second))]
    assert take(session, rows[0]).id == take(session, rows[0]).id
    assert take(session, *rows, name="longer.csv").known == 1
    assert [state(session, one) for one in (first, second)] == [PaymentState.CAPTURED] * 2
    assert session.scalar(sa.select(sa.func.count()).select_from(BankFile)) == 2


def test_one_wrong_row_and_nothing_of_the_file_is_taken(session):
    (due,) = paying.make_due(session)
    payer = paying.name_of(session, due)
    make.pay(session, due_order(session, due), bank_line="HAND")
    take(session, f"1,2026-07-20 11:00,5.00,,{payer},x")
    for row, words in (
        ("1,2026-07-20 11:00,6.00,,x,x", "早先为 5.00 元"),
        ("HAND,2026-07-20 11:00,6.00,,x,x", "已手工记入"),
        ("2,2026-07-22 11:00,6.00,,x,x", "晚于现在"),
    ):
        with pytest.raises(StatementRefused, match=words):
            take(session, f"9,2026-07-20 11:00,5.00,,{payer},x", row)
    assert lines(session) == {"1": (LineState.QUEUED, Reason.NO_REFERENCE)}


def due_order(session, payment):
    return orders.get(session, payment.order_id)


@pytest.mark.both_databases
def test_a_line_recorded_by_hand_is_not_counted_again_and_an_imported_one_not_recorded_by_hand(session):
    first, second = paying.make_due(session, 2)
    make.pay(session, due_order(session, first), bank_line="HAND")
    take(session, f"HAND,2026-07-20 09:55,800.00,,x,{first.reference}", "LOOSE,2026-07-20 11:00,800.00,,x,无")
    assert lines(session)["HAND"] == (LineState.RECORDED, None)
    with pytest.raises(payments.BankLineUsed, match="对账单"):
        make.pay(session, due_order(session, second), bank_line="LOOSE")
    with pytest.raises(LineKnown):
        paying.enter(session, "LOOSE", "800.00", second.reference, "x")
    take_in_payments(session, make.finance(), now=DAY)
    assert balance(session, f"asset:bank:{base.PLACE}") == Money.yuan("1600.00")


def test_money_that_came_before_the_contract_is_matched_when_the_order_is_concluded(session):
    product, buyer = make.make_offer(session), make.buyer_of(session)
    order = make.make_order(session, product, buyer)
    line = paying.enter(session, "EARLY", "800.00", reference_of(order.number), "x", now=DAY)
    assert line.reason is Reason.UNKNOWN_REFERENCE
    make.sign_both(session, order, buyer, now=DAY)
    due = paying.payment_of(session, order)
    assert commands.match_waiting(session, make.finance(), place=base.PLACE, now=DAY, book=make.LAW) == 0
    assert line.reason is Reason.PAYER_DIFFERS
    commands.assign(session, make.finance(), line.id, shares=[{"reference": due.reference, "amount": due.amount}],
                    note="母公司代付，有说明函", accept_payer=True, now=DAY, book=make.LAW)  # fmt: skip
    assert (line.state, state(session, due)) == (LineState.DECIDED, PaymentState.CAPTURED)
    again = make.make_order(session, product, buyer, now=DAY)
    make.sign_both(session, again, buyer, now=DAY)
    known = paying.enter(session, "LATER", "800.00", paying.payment_of(session, again).reference, " X ", now=DAY)
    assert known.state is LineState.MATCHED


def test_a_person_divides_a_line_and_no_share_is_more_than_is_expected(session):
    first, second = paying.make_due(session, 2)
    line = paying.enter(session, "1", "1000.00", "两笔货款", "x")

    def assign(*shares):
        return commands.assign(
            session, make.finance(), line.id, note="对账函", now=DAY, book=make.LAW,
            shares=[{"reference": one.reference, "amount": Money.yuan(amount)} for one, amount in shares],
        )  # fmt: skip

    for wrong in ([(first, "800.00")], [(first, "800.01"), (second, "199.99")], [(first, "500"), (first, "500")]):
        with pytest.raises(ShareDiffers):
            assign(*wrong)
    assign((first, "800.00"), (second, "200.00"))
    assert (state(session, first), state(session, second)) == (PaymentState.CAPTURED, PaymentState.EXPECTED)
    with pytest.raises(WrongState):
        assign((second, "600.00"))
    rest = paying.enter(session, "2", "600.00", second.reference, paying.name_of(session, second), now=DAY)
    assert (rest.state, state(session, second)) == (LineState.MATCHED, PaymentState.CAPTURED)


def test_money_for_a_cancelled_order_goes_back_by_two_people(session):
    (due,) = paying.make_due(session)
    contracts.cancel(session, paying.buyer(due), due_order(session, due).number, reason="预算取消", now=make.SALE)
    line = paying.enter(session, "1", "800.00", due.reference, paying.name_of(session, due), now=DAY)
    assert line.reason is Reason.NOT_EXPECTED
    decider = replace(make.finance(), grants=(*make.finance().grants, *paying.payer().grants))
    commands.return_line(session, decider, line.id, note="订单已取消", now=DAY)
    with pytest.raises(SecondPersonNeeded):
        commands.confirm_return(session, decider, line.id, serial="OUT-1", now=DAY)
    with pytest.raises(NotAllowed):
        commands.confirm_return(session, make.finance(), line.id, serial="OUT-1", now=DAY)
    commands.confirm_return(session, paying.payer(), line.id, serial="OUT-1", now=DAY)
    take_in_payments(session, make.finance(), now=DAY)
    assert balance(session, f"asset:bank:{base.PLACE}") == Money(0)
    assert balance(session, f"liability:unapplied:{base.PLACE}") == Money(0)


def test_no_line_is_taken_for_a_place_that_there_is_not(session):
    told = {"place": "nowhere", "now": make.SALE, "book": make.LAW}
    anywhere = base.actor(Role.FINANCE_PREPARER)
    with pytest.raises(NoSuchPlace):
        commands.import_file(session, anywhere, file_name="a.csv", content=b"x", **told)
    with pytest.raises(NoSuchPlace):
        commands.record_line(session, anywhere, serial="1", booked_at=make.SALE, amount=Money.yuan("1.00"),
                             payer_name="x", remark="x", **told)  # fmt: skip


def test_lines_are_for_finance_of_the_place(session):
    line = paying.enter(session, "1", "800.00", "无", "x")
    for stranger in (base.actor(Role.FINANCE_PREPARER, place="futian"), base.actor(Role.BUYER), make.buyer_of(session)):
        assert session.scalars(queries.listed(stranger)).all() == []
        with pytest.raises((NotAllowed, queries.NoSuchLine)):
            commands.return_line(session, stranger, line.id, note="x", now=DAY)


@pytest.mark.both_databases
def test_the_database_gives_no_line_out_twice(session):
    (due,) = paying.make_due(session)
    line = paying.enter(session, "1", "800.00", due.reference, paying.name_of(session, due))
    (share,) = queries.shares(session, line.id)
    for amount in (1, 80_000):
        savepoint = session.begin_nested()
        with pytest.raises(DBAPIError):
            session.execute(sa.insert(LineShare).values(
                id=new_id(), version=1, line_id=line.id, place=line.place, payment_id=share.payment_id,
                amount=Money(amount), made_at=DAY, made_by="x"))  # fmt: skip
        savepoint.rollback()
    savepoint = session.begin_nested()
    with pytest.raises(DBAPIError):
        session.execute(sa.update(BankLine).values(amount=Money(1)))
    savepoint.rollback()
