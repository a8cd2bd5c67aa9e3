"""Promises B1, B2 and B4 over many random orders: free is free, nothing lies above its cap, every amount recomputes."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.calendar import business_date
from kernel.errors import DomainError
from kernel.money import ZERO, Money, UnitPrice, round_half_up
from market.contracts import queries as contracts
from market.grounds.queries import digest
from market.orders import commands, queries
from market.orders.model import Order, Quote
from market.orders.queries import QuoteClosedByCap
from market.payments.model import Payment
from pricing.classes import commands as classes
from pricing.exemptions import commands as exemptions
from pricing.exemptions.rules import Purpose
from pricing.tariffs.queries import ExemptionRequired
from pricing.tariffs.rules import PriceAboveCap, TariffModel, rate
from registry.parties.model import Party
from registry.products.model import Product
from settlement.ledger.model import JournalEntry
from tests.make import market as make
from tests.make import negotiated as agreed
from tests.make import pricing as prices
from tests.make import registry_base as base

TODAY = business_date(make.SALE)
NOTICE = 8  # more days than any place asks for before a rise
PUBLIC = (Purpose.PUBLIC_GOVERNANCE, Purpose.PUBLIC_WELFARE)
CHARGED = (Purpose.INDUSTRY_DEVELOPMENT, Purpose.SECTOR_DEVELOPMENT)
GRADED = {
    "model": "volume", "tiers": [{"up_to": "100", "unit_price": "0.70"}, {"up_to": None, "unit_price": "0.50"}],
    "coefficients": {"contribution": {"甲级": "0.9"}},
}  # fmt: skip
LUMPY = {"model": "package", "package_size": "20", "package_price": "250.00"}


def offers(session: Session) -> list[Product]:
    """A guided price, a graded one of a merchant, and packs at a third place; each with a class for some buyers."""
    return [
        make.make_guided_offer(session), make.make_offer(session, place="puer", model=GRADED),
        make.make_offer(session, place="futian", model=LUMPY),
    ]  # fmt: skip


def buyers(session: Session, products: list[Product]) -> list[Party]:
    """One with exemptions that were renewed, one of a grade, one with a negotiated price, one with nothing."""
    bureau, graded, bargaining, plain = found = [prices.make_buyer(session) for _ in range(4)]
    for product in products:
        for purpose in PUBLIC:
            first = prices.make_exemption(
                session, product, bureau, purpose=purpose, valid_until=TODAY + timedelta(days=60)
            )
            again = exemptions.renew(
                session, prices.buyer(bureau), first.id, reason="续用", valid_until=TODAY + timedelta(days=120),
                now=make.SALE, book=make.LAW,
            )  # fmt: skip
            exemptions.approve(session, base.supervisor(product.place), again.id, now=make.SALE)
    classes.admit_to_class(
        session, prices.seller_of(session, products[1]), product_id=products[1].id, buyer_class="甲级",
        party_id=graded.id, rule=prices.CLASS_RULE, since=TODAY, now=make.SALE,
    )  # fmt: skip
    agreed.agree(session, products[2], bargaining, {"model": "per_unit", "unit_price": "9.99"}, make.SALE)
    assert plain.name
    return found


def test_public_use_costs_nothing_or_is_refused_over_two_thousand_random_purchases(session: Session) -> None:
    products, dice, seen = offers(session), random.Random(20261122), Counter[str]()
    parties = buyers(session, products)
    for _ in range(2000):
        product, party = dice.choice(products), dice.choice(parties)
        purpose, quantity = dice.choice(PUBLIC + CHARGED[:1]), dice.choice((1, 19, 21, 100, dice.randint(1, 10**7)))
        day = make.SALE + timedelta(days=dice.randint(0, 150))  # before, after and past the renewal
        try:
            found = queries.priced(session, product, party.id, purpose, quantity, None, now=day, book=make.LAW)
        except ExemptionRequired:
            assert purpose in PUBLIC
            seen["refused"] += 1
            continue
        assert (found.amount == ZERO) == (purpose in PUBLIC)
        assert found.shadow_amount > ZERO
        seen[found.reason] += 1
    assert set(seen) == {"refused", "public_interest", "tariff", "negotiated"}


@pytest.mark.both_databases
def test_a_free_order_stays_free_when_quoted_ordered_signed_and_renewed(session: Session) -> None:
    product = make.make_guided_offer(session)
    party = buyers(session, [product, make.make_offer(session, model=GRADED), make.make_offer(session)])[0]
    buyer = make.buyer_of(session, party)
    for number, purpose in enumerate(PUBLIC * 2):
        now = make.SALE + timedelta(days=61 if number > 1 else 0)  # the second pair under the renewed exemption
        order = make.make_order(session, product, buyer, purpose=purpose, quantity=10 ** (number + 1), now=now)
        make.sign_both(session, order, buyer, now=now)
        assert (order.amount, order.shadow_amount > ZERO) == (ZERO, True)
        assert "不收取任何费用" in contracts.of_order(session, order.id).text
        with pytest.raises(sa.exc.DBAPIError), session.begin_nested():
            session.execute(sa.update(Order).where(Order.id == order.id).values(amount=Money(1)))
    for table in (Payment, JournalEntry):
        assert session.scalar(sa.select(sa.func.count()).select_from(table)) == 0


@pytest.mark.both_databases
def test_one_unit_below_and_at_the_cap_is_published_quoted_and_ordered_and_one_above_never(session: Session) -> None:
    product, buyer = make.make_guided_offer(session, cap="0.80000001"), make.buyer_of(session)
    for day, amount in enumerate(("0.80000000", "0.80000001"), start=NOTICE):
        now = make.SALE + timedelta(days=day)
        one = {"model": "per_unit", "unit_price": amount}
        prices.make_tariff(session, product, one, effective_from=business_date(now), now=make.SALE)
        order = make.make_order(session, product, buyer, quantity=10**8, now=now)
        assert order.amount == round_half_up(UnitPrice.yuan(amount).times(10**8))
    above = {"model": "per_unit", "unit_price": "0.80000002"}
    with pytest.raises(PriceAboveCap):
        prices.make_tariff(session, product, above, effective_from=TODAY + timedelta(days=NOTICE + 2), now=make.SALE)
    quote = make.make_quote(session, product, buyer, now=now)
    ceiling = session.scalars(sa.select(prices.Ceiling)).one()
    lowered = now + timedelta(days=1)
    prices.set_caps(
        session, ceiling, [prices.cap(product, "0.80000000")], effective_from=business_date(lowered), now=now
    )
    with pytest.raises(QuoteClosedByCap):
        commands.place(session, buyer, quote_number=quote.number, client_reference="PO", now=lowered, book=make.LAW)
    with pytest.raises(DomainError):
        make.make_quote(session, product, buyer, now=lowered)


def test_two_hundred_orders_recompute_equal_from_what_their_quotes_keep(session: Session) -> None:
    products, dice = offers(session), random.Random(7)
    parties = [make.buyer_of(session, party) for party in buyers(session, products)]
    for _ in range(200):
        product, buyer = dice.choice(products), dice.choice(parties)
        purpose = dice.choice(CHARGED if buyer is not parties[0] else PUBLIC)
        quote = make.make_quote(session, product, buyer, purpose=purpose, quantity=dice.randint(1, 10**5))
        commands.place(
            session, buyer, quote_number=quote.number, client_reference=quote.number, now=make.SALE, book=make.LAW
        )
    session.flush()
    session.expire_all()
    reasons = Counter[str]()
    for order, quote in session.execute(sa.select(Order, Quote).join(Quote, Quote.id == Order.quote_id)):
        kept: dict[str, Any] = quote.inputs
        model = TariffModel.from_dict((kept["agreed"] or kept["tariff"])["model"])
        amount = rate(model, Fraction(kept["quantity"]), grade=kept["grade"]).amount
        assert (ZERO if kept["exemption"] else amount, amount) == (order.amount, order.shadow_amount)
        assert digest(queries.document(quote)) == quote.digest
        reasons[order.reason] += 1
    assert set(reasons) == {"public_interest", "tariff", "negotiated"}
    assert sum(reasons.values()) == 200
