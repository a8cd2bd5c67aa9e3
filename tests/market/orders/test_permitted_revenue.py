"""Where the place says so, paid orders stop when the permitted revenue is earned, to the fen; free use goes on (B3)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from kernel.calendar import Period, business_date
from kernel.identity import Role
from kernel.money import Money
from market.orders import commands, queries
from market.orders.queries import RevenueExhausted
from market.orders.rules import QuoteState
from pricing.exemptions.rules import Purpose
from pricing.headroom import commands as headroom
from pricing.headroom.rules import Accrued
from registry.products.model import Product
from tests.make import market as make
from tests.make import pricing as prices
from tests.make import registry_base as base

PERMITTED = "8257824.00"
JULY = business_date(make.SALE).replace(day=1)


def read(session: Session, product: Product, amount: str, hours: int) -> None:
    """Keep a reading of what the year has brought so far."""
    until = business_date(make.SALE)
    earned = [Accrued(Period(JULY, until), product.code, Money.yuan(amount))]
    headroom.read(
        session, base.actor(Role.SCHEDULER), agreement_id=product.agreement_id, accrued=earned, until=until,
        now=make.SALE + timedelta(hours=hours), book=make.LAW,
    )  # fmt: skip


@pytest.mark.both_databases
def test_one_fen_below_is_sold_and_at_the_permitted_revenue_quote_and_order_are_refused(session: Session) -> None:
    product, party = make.make_guided_offer(session, place="futian"), prices.make_buyer(session)
    buyer = make.buyer_of(session, party)
    prices.make_exemption(session, product, party)
    read(session, product, "8257823.99", 0)
    make.make_order(session, product, buyer)
    quote = make.make_quote(session, product, buyer)
    read(session, product, PERMITTED, 1)
    with pytest.raises(RevenueExhausted) as refused:
        make.make_quote(session, product, buyer)
    assert (refused.value.rule, refused.value.errors[0]["pointer"]) == ("PRC-07", "/gates/revenue")
    assert "最高准许收入" in refused.value.detail
    assert refused.value.article
    with pytest.raises(RevenueExhausted):
        commands.place(session, buyer, quote_number=quote.number, client_reference="PO-9", now=make.SALE, book=make.LAW)
    standing = queries.state_of(session, quote, now=make.SALE, book=make.LAW)
    assert (standing.state, standing.closed_because) == (QuoteState.CLOSED_BY_GATE, refused.value.detail)
    free = make.make_order(session, product, buyer, purpose=Purpose.PUBLIC_WELFARE)
    assert free.amount == Money(0)


def test_where_no_text_says_so_and_for_a_merchants_own_price_nothing_stops(session: Session) -> None:
    for offered in (make.make_guided_offer(session), make.make_offer(session, place="futian")):
        if offered.agreement.operating_institution_id == offered.owner_id:
            read(session, offered, PERMITTED, 0)
        else:
            prices.make_ceiling(session, offered.agreement)
            read(session, offered, PERMITTED, 0)
        assert make.make_order(session, offered, make.buyer_of(session)).amount == Money.yuan("800.00")
