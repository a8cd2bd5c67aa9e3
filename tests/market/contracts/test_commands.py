"""Contracts are drafted with the order, signed by both sides over the same text, and open what costs nothing."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from kernel.errors import NotAllowed
from kernel.identity import Role
from market.contracts import commands, queries
from market.contracts.model import Contract
from market.contracts.rules import HEADINGS, AlreadySigned, AnotherText, SignatureState, text_sha256
from market.entitlements import queries as entitlements
from market.entitlements.queries import Closed
from market.orders import queries as orders
from market.orders.rules import OrderState, WrongState
from market.payments import queries as payments
from pricing.exemptions.rules import Purpose
from registry.parties import commands as parties
from registry.parties.model import Party
from tests.make import market as make
from tests.make import pricing as prices
from tests.make import registry_base as base


@pytest.fixture
def buyer(session):
    """Somebody who buys."""
    return make.buyer_of(session)


@pytest.fixture
def order(session, buyer):
    """An order of 800.00, not yet signed."""
    return make.make_order(session, make.make_offer(session), buyer)


def seller_of(order):
    return base.actor(Role.MERCHANT, org_id=order.seller_id, place=order.place)


def contract_of(session, order) -> Contract:
    return queries.of_order(session, order.id)


def sign(session, person, contract, sha256=None):
    return commands.sign(session, person, contract.id, sha256=sha256 or contract.sha256, now=make.SALE, book=make.LAW)


@pytest.mark.both_databases
def test_the_contract_names_parties_product_price_purpose_and_term_and_its_digest_fits(session, order):
    contract = contract_of(session, order)
    names = session.scalars(sa.select(Party.name).where(Party.id.in_([order.buyer_id, order.seller_id]))).all()
    for words in (*names, *HEADINGS.values(), "800.00 元（大写捌佰元整，", order.scenario, "产业发展", "12 个月",
                  contract.number, make.VENUES["xinchang"], "信用评分"):  # fmt: skip
        assert words in contract.text
    assert contract.sha256 == text_sha256(contract.text)
    assert contract.state is SignatureState.DRAFTED


@pytest.mark.both_databases
@pytest.mark.parametrize("first", ["buyer", "seller"])
def test_the_second_signature_concludes_whoever_signs_first(session, buyer, order, first):
    contract, seller = contract_of(session, order), seller_of(order)
    people = [buyer, seller] if first == "buyer" else [seller, buyer]
    assert sign(session, people[0], contract).state.value == f"{first}_signed"
    assert orders.get(session, order.id).state is OrderState.PLACED
    assert sign(session, people[1], contract).state is SignatureState.CONCLUDED
    assert orders.get(session, order.id).state is OrderState.CONTRACTED
    assert payments.of_order(session, order.id).amount == order.amount
    assert entitlements.of_order(session, order.id) is None


def test_a_side_signs_once_and_only_the_text_it_read(session, buyer, order):
    contract = contract_of(session, order)
    with pytest.raises(AnotherText):
        sign(session, buyer, contract, "0" * 64)
    sign(session, buyer, contract, contract.sha256.upper())
    with pytest.raises(AlreadySigned):
        sign(session, buyer, contract)


def test_nobody_signs_for_somebody_else(session, order):
    contract = contract_of(session, order)
    operated = base.actor(Role.SUPERVISOR, place=order.place)
    with pytest.raises(commands.NotAParty):
        sign(session, operated, contract)
    with pytest.raises(queries.NoSuchContract):
        sign(session, make.buyer_of(session), contract)
    reader = base.actor(Role.AUDITOR, org_id=order.buyer_id)
    with pytest.raises((NotAllowed, queries.NoSuchContract)):
        sign(session, reader, contract)


@pytest.mark.both_databases
def test_an_order_of_nothing_opens_with_the_second_signature(session):
    product, bureau = make.make_offer(session), prices.make_buyer(session)
    prices.make_exemption(session, product, bureau)
    buyer = make.buyer_of(session, bureau)
    order = make.make_order(session, product, buyer, purpose=Purpose.PUBLIC_WELFARE, quantity=120_000)
    assert "不收取任何费用" in contract_of(session, order).text
    make.sign_both(session, order, buyer)
    assert orders.get(session, order.id).state is OrderState.FULFILLED
    assert entitlements.of_order(session, order.id).quota == 120_000


def test_nothing_is_signed_while_a_gate_is_closed(session, buyer, order):
    parties.suspend(session, base.supervisor(), order.seller_id, reason="整改", now=make.SALE)
    with pytest.raises(Closed, match="seller_in_order"):
        sign(session, buyer, contract_of(session, order))


def test_an_order_is_called_off_by_either_side_before_it_is_paid_and_not_after(session, buyer, order):
    with pytest.raises(commands.NotAParty):
        commands.cancel(session, base.supervisor(), order.number, reason="x", now=make.SALE)
    commands.cancel(session, seller_of(order), order.number, reason="无法供货", now=make.SALE)
    with pytest.raises(WrongState):
        sign(session, buyer, contract_of(session, order))
    paid = make.make_order(session, make.make_offer(session), buyer)
    make.sign_both(session, paid, buyer)
    make.pay(session, paid)
    with pytest.raises(WrongState):
        commands.cancel(session, buyer, paid.number, reason="x", now=make.SALE)


@pytest.mark.both_databases
def test_the_database_keeps_text_and_signatures(session, buyer, order):
    contract = sign(session, buyer, contract_of(session, order))
    session.flush()
    for values in ({"text": "改"}, {"sha256": "1" * 64}, {"buyer_signed_at": None, "buyer_signed_by": None}):
        savepoint = session.begin_nested()
        with pytest.raises(DBAPIError):
            session.execute(sa.update(Contract).where(Contract.id == contract.id).values(values))
        savepoint.rollback()


def test_a_trade_shows_everything_that_hangs_on_an_order_to_its_parties_only(session, buyer, order):
    seen = queries.trade(session, buyer, order.number, now=make.SALE)
    assert (seen.contract.order_id, seen.payment, seen.entitlement) == (order.id, None, None)
    make.sign_both(session, order, buyer)
    make.pay(session, order)
    for person in (buyer, seller_of(order), base.supervisor(), make.finance()):
        seen = queries.trade(session, person, order.number, now=make.SALE)
        assert seen.instructions.reference == seen.payment.reference
        assert seen.entitlement.order_id == order.id
    for person in (make.buyer_of(session), base.supervisor("puer"), make.finance("puer")):
        with pytest.raises(orders.NoSuchOrder):
            queries.trade(session, person, order.number, now=make.SALE)
