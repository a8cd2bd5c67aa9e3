"""The bank line that pays an order to the fen opens access at once; anything else changes nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from kernel.audit import AuditLine
from kernel.errors import NotAllowed
from kernel.identity import Role
from kernel.money import Money
from market.contracts import commands as contracts
from market.entitlements import queries as entitlements
from market.orders import queries as orders
from market.orders.rules import OrderState
from market.payments import commands, queries
from market.payments.model import Payment
from market.payments.rules import AmountDiffers, PaymentState, WrongState
from pricing.exemptions.rules import Purpose
from registry.parties import commands as parties
from registry.products import queries as products
from tests.make import market as make
from tests.make import pricing as prices
from tests.make import registry_base as base
from tests.make import registry_products as registry


@pytest.fixture
def order(session):
    """A concluded order of 800.00 that waits for its money."""
    buyer = make.buyer_of(session)
    made = make.make_order(session, make.make_offer(session), buyer)
    make.sign_both(session, made, buyer)
    return made


def state_of(session, order) -> tuple:
    payment = queries.of_order(session, order.id)
    return orders.get(session, order.id).state, payment.state, entitlements.of_order(session, order.id)


@pytest.mark.both_databases
def test_the_exact_amount_pays_the_order_and_opens_access_in_one_step(session, order):
    payment = make.pay(session, order, bank_line="ICBC-1")
    found, captured, entitlement = state_of(session, order)
    assert (found, captured) == (OrderState.FULFILLED, PaymentState.CAPTURED)
    assert (entitlement.quota, entitlement.purpose, entitlement.scenario) == (1000, order.purpose, order.scenario)
    assert (payment.bank_line, payment.amount) == ("ICBC-1", Money.yuan("800.00"))
    actions = session.scalars(sa.select(AuditLine.action).order_by(AuditLine.id)).all()
    assert [one for one in actions if one in ("payment.capture", "entitlement.grant")] == [
        "payment.capture", "entitlement.grant",
    ]  # fmt: skip


@pytest.mark.both_databases
@pytest.mark.parametrize(
    ("amount", "words"), [("799.99", "少 0.01 元"), ("800.01", "多 0.01 元"), ("80000", "多 79200.00 元")]
)
def test_another_amount_is_refused_with_the_difference_and_nothing_is_recorded(session, order, amount, words):
    with pytest.raises(AmountDiffers, match=words):
        make.pay(session, order, amount=Money.yuan(amount))
    assert state_of(session, order) == (OrderState.CONTRACTED, PaymentState.EXPECTED, None)
    make.pay(session, order)


@pytest.mark.both_databases
def test_a_bank_line_is_taken_once_whatever_it_is_said_to_pay(session, order):
    buyer = make.buyer_of(session)
    other = make.make_order(session, make.make_offer(session), buyer)
    make.sign_both(session, other, buyer)
    make.pay(session, order, bank_line="ICBC-1")
    with pytest.raises(commands.BankLineUsed, match="ICBC-1"):
        make.pay(session, other, bank_line="ICBC-1")
    with pytest.raises(commands.BankLineUsed):
        make.pay(session, order, bank_line="ICBC-1")
    with pytest.raises(WrongState):
        make.pay(session, order, bank_line="ICBC-2")
    assert state_of(session, other)[0] is OrderState.CONTRACTED


def test_an_unknown_reference_is_refused_and_a_mistyped_one_is_called_so(session, order):
    reference = queries.of_order(session, order.id).reference
    with pytest.raises(commands.UnknownReference) as caught:
        make.pay(session, order, reference="ORD202600099997")
    with pytest.raises(commands.UnknownReference, match="校验位不符"):
        make.pay(session, order, reference=reference[:-1] + str((int(reference[-1]) + 1) % 10))
    assert caught.value.status == 404
    assert make.pay(session, order, reference=f"  {reference.lower()} ").state is PaymentState.CAPTURED


def test_only_the_preparer_of_the_place_records_bank_lines(session, order):
    values = {"bank_line": "ICBC-1", "reference": queries.of_order(session, order.id).reference, "payer_name": "x",
              "amount": order.amount, "captured_at": make.SALE, "now": make.SALE}  # fmt: skip
    for person in (base.actor(Role.FINANCE_CHECKER, place="xinchang"), base.actor(Role.BUYER, org_id=order.buyer_id)):
        with pytest.raises(NotAllowed):
            commands.record_bank_line(session, person, **values, book=make.LAW)
    with pytest.raises(commands.UnknownReference):
        commands.record_bank_line(session, make.finance("puer"), **values, book=make.LAW)
    assert state_of(session, order)[1] is PaymentState.EXPECTED


def test_money_cannot_have_come_later_than_now(session, order):
    with pytest.raises(commands.CapturedInTheFuture):
        make.pay(session, order, captured_at=make.SALE + timedelta(seconds=1))


@pytest.mark.both_databases
def test_money_that_comes_while_a_gate_is_closed_is_booked_and_opens_when_the_gate_does(session, order):
    supervisor, second = base.supervisor(), base.supervisor()
    parties.suspend(session, supervisor, order.seller_id, reason="整改", now=make.SALE)
    make.pay(session, order)
    assert state_of(session, order) == (OrderState.PAID, PaymentState.CAPTURED, None)
    with pytest.raises(commands.NotWaiting):
        commands.open_waiting(session, make.finance(), order.number, now=make.SALE, book=make.LAW)
    parties.restore(session, supervisor, order.seller_id, now=make.SALE)
    parties.restore(session, second, order.seller_id, now=make.SALE)
    later = make.SALE + timedelta(days=3)
    commands.open_waiting(session, make.finance(), order.number, now=later, book=make.LAW)
    found, _, entitlement = state_of(session, order)
    assert (found, entitlement.granted_at) == (OrderState.FULFILLED, later)


def test_a_newer_version_without_review_does_not_keep_a_paid_order_shut(session, order):
    registry.add_version(session, products.get(session, order.product_id), now=make.SALE)
    make.pay(session, order)
    assert state_of(session, order)[0] is OrderState.FULFILLED


def test_no_payment_is_expected_of_an_order_of_nothing(session):
    bureau, product = prices.make_buyer(session), make.make_offer(session)
    prices.make_exemption(session, product, bureau)
    buyer = make.buyer_of(session, bureau)
    free = make.make_order(session, product, buyer, purpose=Purpose.PUBLIC_WELFARE)
    make.sign_both(session, free, buyer)
    assert queries.of_order(session, free.id) is None
    assert orders.get(session, free.id).state is OrderState.FULFILLED


def test_a_cancelled_order_expects_no_money_any_more(session, order):
    buyer = base.actor(Role.BUYER, org_id=order.buyer_id)
    contracts.cancel(session, buyer, order.number, reason="预算取消", now=make.SALE)
    assert state_of(session, order) == (OrderState.CANCELLED, PaymentState.VOID, None)
    with pytest.raises(WrongState):
        make.pay(session, order)


@pytest.mark.both_databases
def test_the_database_keeps_amount_and_bank_line(session, order):
    make.pay(session, order, bank_line="ICBC-1")
    session.flush()
    for values in ({"amount": Money(1)}, {"bank_line": "ICBC-9"}, {"captured_at": make.SALE}, {"reference": "X"}):
        savepoint = session.begin_nested()
        with pytest.raises(DBAPIError):
            session.execute(sa.update(Payment).values(values))
        savepoint.rollback()
