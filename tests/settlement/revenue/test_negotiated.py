"""A negotiated price from the offer to the settlement: agreed, quoted, ordered, signed and earned by its own model."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.calendar import business_date
from kernel.money import Money
from market.contracts import queries as contracts
from market.orders import queries as orders
from market.orders.rules import QuoteState
from pricing.classes import commands as classes
from pricing.negotiated.rules import AgreedAboveCap
from pricing.tariffs.rules import PriceReason
from registry.parties.model import Party
from settlement.revenue.model import RevenueLine
from tests.make import market
from tests.make import negotiated as agreed
from tests.make import pricing as prices
from tests.make import settlement as make

TODAY = business_date(market.SALE)
# 100 uses for 200.00, each further one 1.00: the listed price is 5.30 a use
CHEAPER = {"model": "included_overage", "flat_fee": "200.00", "included": "100", "unit_price": "1.00"}


@pytest.mark.both_databases
def test_what_was_agreed_is_quoted_ordered_signed_and_earned_and_nobody_else_pays_it(session: Session) -> None:
    world = make.make_world(session)
    party = session.get_one(Party, world.buyer.org_id)
    number = agreed.agree(session, world.scores, party, CHEAPER, market.SALE)
    bought = market.make_entitlement(session, world.scores, world.buyer, quantity=200)
    order = orders.get(session, bought.order_id)
    assert (order.amount, order.reason) == (Money.yuan("300.00"), PriceReason.NEGOTIATED)
    contract = contracts.of_order(session, order.id)
    assert contract is not None
    assert number in contract.text
    stranger = market.make_quote(session, world.scores, market.buyer_of(session), quantity=200)
    assert (stranger.amount, stranger.reason) == (Money.yuan("1060.00"), PriceReason.TARIFF)
    make.use(session, bought, 100, prefix="agreed")
    make.use(session, world.scores_bought, 100, prefix="listed")
    make.settle(session)
    earned = {
        line.entitlement_id: (line.gross, line.rating["agreed"])
        for line in session.scalars(sa.select(RevenueLine))
    }  # fmt: skip
    assert earned[bought.id] == (Money.yuan("200.00"), number)  # by the tariff it would have been the whole 300.00
    assert earned[world.scores_bought.id] == (Money.yuan("530.00"), None)


@pytest.mark.both_databases
def test_a_cap_below_what_was_agreed_closes_the_quote_in_words_and_the_next_quote_is_refused(session: Session) -> None:
    product = market.make_guided_offer(session)
    party = prices.make_buyer(session)
    buyer = market.buyer_of(session, party)
    number = agreed.agree(session, product, party, {"model": "per_unit", "unit_price": "0.79"}, market.SALE)
    quote = market.make_quote(session, product, buyer)
    assert (quote.amount, quote.reason) == (Money.yuan("790.00"), PriceReason.NEGOTIATED)
    tomorrow = market.SALE + timedelta(days=1)
    day = business_date(tomorrow)
    ceiling = session.scalars(sa.select(prices.Ceiling)).one()
    prices.set_caps(session, ceiling, [prices.cap(product, "0.78")], effective_from=day, now=market.SALE)
    prices.make_tariff(
        session, product, {"model": "per_unit", "unit_price": "0.60"}, effective_from=day, now=market.SALE
    )
    standing = orders.state_of(session, quote, now=tomorrow, book=market.LAW)
    assert standing.state is QuoteState.CLOSED_BY_CAP
    assert number in str(standing.closed_because)
    with pytest.raises(AgreedAboveCap) as refused:
        market.make_quote(session, product, buyer, now=tomorrow)
    assert refused.value.detail == standing.closed_because
    assert (refused.value.rule, refused.value.status) == ("PRC-05", 409)


def test_a_graded_order_is_earned_by_its_graded_price(session: Session) -> None:
    graded = {**make.PRICE, "coefficients": {"contribution": {"甲级": "0.5"}}}
    world = make.make_world(session, price=graded)
    classes.admit_to_class(
        session, prices.seller_of(session, world.scores), product_id=world.scores.id, buyer_class="甲级",
        party_id=world.buyer.org_id, rule=prices.CLASS_RULE, since=TODAY, now=market.SALE,
    )  # fmt: skip
    bought = market.make_entitlement(session, world.scores, world.buyer, quantity=200)
    assert make.amount_of(session, bought) == "530.00"
    make.use(session, bought, 100)
    make.settle(session)
    line = session.scalars(sa.select(RevenueLine).where(RevenueLine.entitlement_id == bought.id)).one()
    assert (line.gross, line.rating["grade"]) == (Money.yuan("265.00"), "甲级")
