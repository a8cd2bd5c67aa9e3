"""A price change: announced in time, each from its own date, and never in an order that stands."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kernel.calendar import business_date
from kernel.money import Money
from pricing.exemptions.rules import Purpose
from pricing.price_changes.rules import RiseTooSoon
from pricing.tariffs import commands, queries
from pricing.tariffs.rules import Regime
from pricing.value_bases import queries as value_bases
from pricing.value_bases.rules import ValuationMethod, ValueBasisUnusable
from tests.make import market as sales
from tests.make import negotiated as market
from tests.make import pricing as make
from tests.make import registry_base as base

MARKET = Regime.MARKET_VALUE_BASED
SOON, LATER = make.TODAY + timedelta(days=6), make.TODAY + timedelta(days=7)


def one(amount):
    return {"model": "per_unit", "unit_price": amount}


@pytest.fixture
def product(session):
    return market.make_market_product(session)


def test_two_changes_in_one_cycle_each_apply_from_their_date(session, product):
    """Kill Bill #2291: with two changes in one cycle the oldest price won, with no error and no log."""
    buyer = make.make_buyer(session)
    make.make_tariff(session, product, one("1.20"), regime=MARKET, effective_from=LATER)
    make.make_tariff(session, product, one("0.90"), regime=MARKET, effective_from=LATER + timedelta(days=7))
    paid = [
        queries.price(
            session, product, purpose=Purpose.INDUSTRY_DEVELOPMENT, buyer_id=buyer.id, quantity=10,
            on=make.TODAY + timedelta(days=day), book=base.book(),
        ).amount.text()
        for day in (0, 6, 7, 13, 14, 30)
    ]  # fmt: skip
    assert paid == ["10.00", "10.00", "12.00", "12.00", "9.00", "9.00"]


def test_a_rise_needs_the_notice_of_the_place_and_a_fall_needs_none(session, product):
    with pytest.raises(RiseTooSoon) as refused:
        make.make_tariff(session, product, one("1.01"), regime=MARKET, effective_from=SOON)
    assert refused.value.errors[0]["limit"] == str(LATER)
    with pytest.raises(RiseTooSoon):  # another unit cannot be compared
        make.make_tariff(
            session, product, one("0.50"), regime=MARKET, effective_from=SOON, unit=commands.ChargeUnit.PER_ITEM
        )
    make.make_tariff(session, product, one("0.99"), regime=MARKET, effective_from=SOON)
    make.make_tariff(session, product, one("1.01"), regime=MARKET, effective_from=LATER)


def test_where_no_text_names_a_notice_none_is_asked(session, product):
    made = commands.set_tariff(
        session, make.seller_of(session, product), product_id=product.id, regime=MARKET,
        charge_unit=commands.ChargeUnit.PER_USE, model=one("1.50"), effective_from=SOON, now=make.NOW, book=base.book(),
        value_basis=make.VALUE,
    )  # fmt: skip
    assert made.effective_from == SOON


@pytest.mark.both_databases
def test_misses_and_the_value_behind_a_market_price_are_stated_with_it_and_stay(session, product):
    basis = {
        "scenario": "普惠信贷", "benefit": "每笔节约 3 元", "method": ValuationMethod.INCOME, "comparables": [],
    }  # fmt: skip
    first = queries.tariff_at(session, product.id, make.TODAY)
    made = make.make_tariff(
        session, product, one("0.90"), regime=MARKET, effective_from=SOON, charges_misses=True, value_basis=basis
    )
    assert (first.charges_misses, made.charges_misses) == (False, True)
    assert value_bases.of_tariffs(session, [first.id, made.id])[made.id].scenario == "普惠信贷"
    guided = make.make_capped_product(session)
    with pytest.raises(ValueBasisUnusable):
        make.make_tariff(session, guided, value_basis=basis)


def test_an_order_keeps_price_and_amount_whatever_is_published_after_it(session):
    product, buyer = sales.make_offer(session), sales.buyer_of(session)
    order = sales.make_order(session, product, buyer)
    frozen = (order.tariff_id, order.amount)
    dearer = sales.SALE + timedelta(days=7)
    make.make_tariff(session, product, one("0.90"), regime=MARKET, effective_from=business_date(dearer), now=sales.SALE)
    session.expire_all()
    assert (order.tariff_id, order.amount) == frozen == (order.tariff_id, Money.yuan("800.00"))
    assert sales.make_quote(session, product, buyer, now=dearer).amount == Money.yuan("900.00")
