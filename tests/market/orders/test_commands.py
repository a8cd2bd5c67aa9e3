"""Quotes that explain themselves and expire; orders that are placed once and checked anew."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import DBAPIError, IntegrityError

from kernel.calendar import business_date
from kernel.db import new_id
from kernel.errors import NotAllowed
from kernel.identity import Role
from kernel.money import ZERO, Money
from market.listings.queries import NoSuchListing, NotListed
from market.orders import commands, queries
from market.orders.model import Order, Quote
from market.orders.rules import OrderState, PriceChanged, QuoteExpired, VersionChanged
from market.venues.rules import PublicChannelOnly
from pricing.costs.rules import ChargeUnit
from pricing.exemptions import commands as exemptions
from pricing.exemptions.rules import Purpose
from pricing.tariffs.queries import ExemptionRequired
from pricing.tariffs.rules import PriceReason, Regime
from registry.parties import commands as parties
from registry.products.model import Product
from registry.resources.rules import AccessKind
from tests.make import market as make
from tests.make import pricing as prices
from tests.make import registry_base as base
from tests.make import registry_products as registry


def place(session, buyer, quote, *, reference="PO-1", now=make.SALE) -> Order:
    return commands.place(session, buyer, quote_number=quote.number, client_reference=reference, now=now, book=make.LAW)


@pytest.mark.both_databases
def test_a_quote_keeps_amount_explanation_and_seven_days(session):
    product = make.make_guided_offer(session)
    quote = make.make_quote(session, product, make.buyer_of(session), quantity=1000)
    assert (quote.amount, quote.shadow_amount, quote.reason) == (
        Money.yuan("800.00"), Money.yuan("800.00"), PriceReason.TARIFF,
    )  # fmt: skip
    assert quote.valid_until - quote.made_at == timedelta(days=7)
    assert (quote.explanation["value"], quote.scenario, quote.term_months) == ("¥ 800.00", make.SCENARIO, 12)
    assert "65号" in str(quote.explanation)


@pytest.mark.both_databases
def test_the_same_reference_gives_the_same_order_however_often_it_is_sent(session):
    buyer = make.buyer_of(session)
    quote = make.make_quote(session, make.make_offer(session), buyer)
    first = place(session, buyer, quote)
    assert [place(session, buyer, quote).id for _ in range(3)] == [first.id] * 3
    assert session.scalar(sa.select(sa.func.count()).select_from(Order)) == 1


def test_a_reference_names_one_order_and_a_quote_becomes_one(session):
    buyer, product = make.buyer_of(session), make.make_offer(session)
    quote, other = make.make_quote(session, product, buyer), make.make_quote(session, product, buyer)
    order = place(session, buyer, quote)
    with pytest.raises(commands.ReferenceUsed, match=order.number):
        place(session, buyer, other)
    with pytest.raises(commands.QuoteUsed, match=order.number):
        place(session, buyer, quote, reference="PO-2")
    assert place(session, buyer, other, reference="PO-2").id != order.id


def test_two_buyers_may_use_the_same_reference(session):
    product = make.make_offer(session)
    orders = [place(session, buyer, make.make_quote(session, product, buyer))
              for buyer in (make.buyer_of(session), make.buyer_of(session))]  # fmt: skip
    assert len({order.id for order in orders}) == 2


def test_a_quote_is_ordered_in_its_last_moment_and_refused_a_microsecond_later(session):
    buyer, product = make.buyer_of(session), make.make_offer(session)
    quote, late = make.make_quote(session, product, buyer), make.make_quote(session, product, buyer)
    assert place(session, buyer, quote, now=quote.valid_until).state is OrderState.PLACED
    with pytest.raises(QuoteExpired):
        place(session, buyer, late, reference="PO-2", now=late.valid_until + timedelta(microseconds=1))


def test_a_price_changed_in_the_meantime_voids_the_quote_and_a_changed_version_too(session):
    buyer, product = make.buyer_of(session), make.make_offer(session)
    quote, tomorrow = make.make_quote(session, product, buyer), make.SALE + timedelta(days=1)
    cheaper = {"model": "per_unit", "unit_price": "0.70"}
    prices.make_tariff(session, product, cheaper, regime=Regime.MARKET_VALUE_BASED,
                       effective_from=business_date(tomorrow), now=make.SALE)  # fmt: skip
    with pytest.raises(PriceChanged, match=r"800\.00 元.*700\.00 元"):
        place(session, buyer, quote, now=tomorrow)
    registry.add_version(session, product, now=make.SALE)
    registry.make_review(session, product, now=make.SALE)
    with pytest.raises(VersionChanged):
        place(session, buyer, quote)


@pytest.mark.both_databases
def test_a_cap_cut_below_the_price_stops_quotes_and_open_quotes(session):
    product = make.make_guided_offer(session)
    buyer, tomorrow = make.buyer_of(session), make.SALE + timedelta(days=1)
    quote = make.make_quote(session, product, buyer)
    ceiling = session.scalar(sa.select(prices.Ceiling))
    prices.set_caps(
        session, ceiling, [prices.cap(product, "0.79")], effective_from=business_date(tomorrow), now=make.SALE
    )
    for attempt in (lambda: make.make_quote(session, product, buyer, now=tomorrow),
                    lambda: place(session, buyer, quote, now=tomorrow)):  # fmt: skip
        with pytest.raises(NotListed) as caught:
            attempt()
        assert [error["pointer"] for error in caught.value.errors] == ["/gates/price"]
    assert place(session, buyer, quote).amount == Money.yuan("800.00")  # today the old cap is still in force


# boundary of the cap: one hundred-millionth of a yuan below, at, and above
@pytest.mark.parametrize(("cap", "sells"), [("0.80000001", True), ("0.80", True), ("0.79999999", False)])
def test_a_price_is_charged_up_to_the_cap_and_not_above(session, cap, sells):
    product = make.make_guided_offer(session)
    ceiling = session.scalar(sa.select(prices.Ceiling))
    prices.set_caps(
        session, ceiling, [prices.cap(product, cap)], effective_from=business_date(make.SALE), now=make.SALE
    )
    buyer = make.buyer_of(session)
    if sells:
        assert make.make_quote(session, product, buyer).amount == Money.yuan("800.00")
    else:
        with pytest.raises(NotListed):
            make.make_quote(session, product, buyer)


@pytest.mark.both_databases
def test_public_interest_use_is_free_with_an_approval_and_refused_without(session):
    product, bureau = make.make_offer(session), prices.make_buyer(session, name="示例防汛办")
    buyer = make.buyer_of(session, bureau)
    with pytest.raises(ExemptionRequired):
        make.make_quote(session, product, buyer, purpose=Purpose.PUBLIC_WELFARE)
    exemption = prices.make_exemption(session, product, bureau, quota=120_000)
    quote = make.make_quote(session, product, buyer, purpose=Purpose.PUBLIC_WELFARE, quantity=120_000)
    assert (quote.amount, quote.shadow_amount, quote.reason) == (
        ZERO, Money.yuan("96000.00"), PriceReason.PUBLIC_INTEREST,
    )  # fmt: skip
    order = place(session, buyer, quote)
    assert (order.amount, order.exemption_id, order.quantity) == (ZERO, exemption.id, 120_000)
    assert make.make_quote(session, product, buyer).amount == Money.yuan("800.00")  # industry use of the same buyer


def test_an_exemption_frees_its_quota_over_all_orders_and_no_more(session):
    product, bureau = make.make_offer(session), prices.make_buyer(session)
    buyer = make.buyer_of(session, bureau)
    prices.make_exemption(session, product, bureau, quota=100)
    wanted = {"purpose": Purpose.PUBLIC_WELFARE}
    first, second = (make.make_quote(session, product, buyer, quantity=60, **wanted) for _ in range(2))
    place(session, buyer, first)
    with pytest.raises(ExemptionRequired):
        place(session, buyer, second, reference="PO-2")
    make.make_quote(session, product, buyer, quantity=40, **wanted)
    with pytest.raises(ExemptionRequired):
        make.make_quote(session, product, buyer, quantity=41, **wanted)


def test_a_revoked_exemption_no_longer_frees_an_open_quote(session):
    product, bureau = make.make_offer(session), prices.make_buyer(session)
    buyer = make.buyer_of(session, bureau)
    exemption = prices.make_exemption(session, product, bureau)
    quote = make.make_quote(session, product, buyer, purpose=Purpose.PUBLIC_WELFARE)
    exemptions.revoke(session, base.supervisor(product.place), exemption.id, reason="改作商用", now=make.SALE)
    with pytest.raises(ExemptionRequired):
        place(session, buyer, quote)


def test_the_department_that_gave_data_free_reuses_the_product_free_and_one_that_was_paid_does_not(session):
    free, paid = base.make_department(session), base.make_department(session)
    scope = [base.make_resource(session, free), base.make_resource(session, paid, access=AccessKind.PAID)]
    registry.make_reviewers(session, "xinchang")
    product = make.make_offer(session, agreement=base.make_agreement(session, scope=scope))
    giver = base.acting_for(free, Role.SOURCE)
    quote = make.make_quote(session, product, giver)
    assert (quote.amount, quote.shadow_amount, quote.reason) == (
        ZERO, Money.yuan("800.00"), PriceReason.SOURCE_REUSE,
    )  # fmt: skip
    assert make.make_quote(session, product, base.acting_for(paid, Role.SOURCE)).amount == Money.yuan("800.00")


def test_nobody_buys_who_is_no_buyer_in_good_standing(session):
    product = make.make_offer(session)
    merchant = registry.make_merchant(session)
    with pytest.raises(commands.NotABuyer):
        make.make_quote(session, product, make.buyer_of(session, merchant))
    suspended = prices.make_buyer(session)
    parties.suspend(session, base.supervisor(), suspended.id, reason="失信", now=make.SALE)
    with pytest.raises(commands.NotABuyer):
        make.make_quote(session, product, make.buyer_of(session, suspended))
    for person in (base.supervisor(), base.acting_for(merchant, Role.MERCHANT)):
        with pytest.raises(NotAllowed):
            make.make_quote(session, product, person)


def test_a_product_that_was_never_offered_is_not_known_to_a_buyer(session):
    with pytest.raises(NoSuchListing):
        make.make_quote(session, registry.make_sellable(session), make.buyer_of(session))


def test_a_quote_belongs_to_the_buyer_it_was_made_for(session):
    quote = make.make_quote(session, make.make_offer(session), make.buyer_of(session))
    with pytest.raises(queries.NoSuchQuote):
        place(session, make.buyer_of(session), quote)


def test_a_monthly_price_is_bought_for_as_many_months_as_it_is_used(session):
    product = make.make_offer(session, unit=ChargeUnit.PER_PERIOD, model={"model": "per_unit", "unit_price": "88.00"})
    buyer = make.buyer_of(session)
    quote = make.make_quote(session, product, buyer, quantity=3)
    assert (quote.amount, quote.term_months) == (Money.yuan("264.00"), 3)
    with pytest.raises(commands.TermDiffers):
        make.make_quote(session, product, buyer, quantity=3, term_months=12)


def test_through_the_public_interest_channel_nothing_is_sold(session):
    product = registry.make_sellable(session, place="futian")
    prices.make_tariff(session, product, regime=Regime.MARKET_VALUE_BASED, effective_from=business_date(make.SALE),
                       now=make.SALE)  # fmt: skip
    make.make_listing(session, product, venue="public_interest")
    bureau = prices.make_buyer(session)
    with pytest.raises(PublicChannelOnly):
        make.make_quote(session, product, make.buyer_of(session, bureau))
    prices.make_exemption(session, product, bureau)
    quote = make.make_quote(session, product, make.buyer_of(session, bureau), purpose=Purpose.PUBLIC_WELFARE)
    assert quote.amount == ZERO


@pytest.mark.both_databases
def test_the_database_refuses_a_charge_for_public_interest_and_any_change_of_what_was_bought(session):
    order = make.make_order(session, make.make_offer(session), make.buyer_of(session))
    values = {column.name: getattr(order, column.name) for column in Order.__table__.columns}
    charged = values | {"id": new_id(), "number": "ORD-X", "client_reference": "X", "purpose": Purpose.PUBLIC_WELFARE}
    refused = (
        (IntegrityError, sa.insert(Order).values(charged)),
        (DBAPIError, sa.update(Order).values(amount=Money(1))),
        (DBAPIError, sa.update(Order).values(purpose=Purpose.SECTOR_DEVELOPMENT)),
        (DBAPIError, sa.update(Quote).values(amount=Money(1))),
        (DBAPIError, sa.delete(Quote)),
    )
    for error, statement in refused:
        savepoint = session.begin_nested()
        with pytest.raises(error):
            session.execute(statement)
        savepoint.rollback()


BUYERS = st.sampled_from(["approved", "giver", "stranger"])
CASES = st.tuples(st.sampled_from(list(Purpose)), BUYERS, st.integers(1, 10**6))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(case=CASES)
def test_use_in_the_public_interest_never_costs_a_fen_whoever_asks_for_how_much(session, world, case):
    purpose, who, quantity = case
    is_public = purpose in (Purpose.PUBLIC_GOVERNANCE, Purpose.PUBLIC_WELFARE)
    is_approved = who == "giver" or (who == "approved" and purpose is Purpose.PUBLIC_WELFARE)
    savepoint = session.begin_nested()
    wanted = {"purpose": purpose, "quantity": quantity}
    if is_public and not is_approved:
        with pytest.raises(ExemptionRequired):
            make.make_quote(session, world["product"], world[who], **wanted)
    else:
        quote = make.make_quote(session, world["product"], world[who], **wanted)
        order = place(session, world[who], quote)
        is_free = is_public or who == "giver"
        assert order.amount == quote.amount == (ZERO if is_free else Money(80 * quantity))
    savepoint.rollback()


@pytest.fixture
def world(session) -> dict[str, object]:
    """One product, somebody with an approval for public welfare, the department that gave data, and a stranger."""
    registry.make_reviewers(session, "xinchang")
    department = base.make_department(session)
    scope = [base.make_resource(session, department)]
    product: Product = make.make_offer(session, agreement=base.make_agreement(session, scope=scope))
    approved = prices.make_buyer(session)
    prices.make_exemption(session, product, approved)
    return {
        "product": product, "approved": make.buyer_of(session, approved),
        "giver": base.acting_for(department, Role.SOURCE), "stranger": make.buyer_of(session),
    }  # fmt: skip
