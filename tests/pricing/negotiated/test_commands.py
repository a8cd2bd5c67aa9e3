"""Negotiated prices: by a published rule, under the cap at every step, and used only while both hold."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from kernel.errors import NotAllowed
from kernel.money import Money
from pricing.equal_prices import checks
from pricing.exemptions.rules import Purpose
from pricing.negotiated import commands, queries
from pricing.negotiated.model import Negotiation
from pricing.negotiated.rules import AgreedAboveCap, NegotiationState, NotNegotiable, TermsUnusable, WrongState
from pricing.tariffs.queries import TariffAboveCap, price
from registry.agreements import queries as agreements
from tests.make import negotiated as market
from tests.make import pricing as make
from tests.make import registry_base as base

TOMORROW = make.TODAY + timedelta(days=1)
COUNTER = {
    "model": {"model": "per_unit", "unit_price": "0.40"}, "valid_from": TOMORROW, "valid_until": market.NEXT_MONTH,
    "answer_by": TOMORROW, "now": make.NOW,
}  # fmt: skip


@pytest.fixture
def product(session):
    found = market.make_market_product(session)
    market.make_negotiable(session, found)
    return found


@pytest.mark.both_databases
def test_an_offer_is_countered_and_accepted_and_the_buyer_pays_what_was_agreed(session, product):
    bank, seller = make.make_buyer(session), make.seller_of(session, product)
    made = market.make_offer(session, product, bank)
    with pytest.raises(WrongState):
        commands.accept(session, seller, made.id, now=make.NOW)  # the own offer
    commands.counter(session, make.buyer(bank), made.id, note="量大", **COUNTER)
    commands.accept(session, seller, made.id, now=make.NOW)
    assert made.state is NegotiationState.ACCEPTED
    assert [(one.side, one.act) for one in queries.rounds(session, made.id)] == [
        ("seller", None), ("buyer", "counter"), ("seller", "accept"),
    ]  # fmt: skip
    assert queries.agreed_price(session, product.id, bank.id, make.TODAY) is None
    agreed = queries.agreed_price(session, product.id, bank.id, TOMORROW)
    terms = {"purpose": Purpose.INDUSTRY_DEVELOPMENT, "buyer_id": bank.id, "quantity": 100, "book": base.book()}
    paid = price(session, product, on=TOMORROW, agreed=agreed, **terms)
    assert (paid.amount, price(session, product, on=TOMORROW, **terms).amount) == (
        Money.yuan("40.00"), Money.yuan("100.00"),
    )  # fmt: skip
    assert made.number in str(paid.explanation)
    assert market.RULE in str(paid.explanation)
    assert checks.run(session, on=TOMORROW) == []  # the deviation names its published rule
    for statement in (sa.update(Negotiation).values(rule="x"), sa.delete(Negotiation)):
        with pytest.raises(DBAPIError, match="never"), session.begin_nested():
            session.execute(statement)


def test_without_a_published_rule_nothing_is_offered_and_a_rule_taken_back_ends_what_is_open(session):
    product = market.make_market_product(session)
    bank = make.make_buyer(session)
    with pytest.raises(NotNegotiable):
        market.make_offer(session, product, bank)
    market.make_negotiable(session, product)
    made = market.make_offer(session, product, bank)
    market.make_negotiable(session, product, is_open=False, since=TOMORROW)
    with pytest.raises(NotNegotiable):
        commands.accept(session, make.buyer(bank), made.id, now=make.NOW + timedelta(days=1))
    with pytest.raises(TermsUnusable):
        market.make_negotiable(session, product, since=TOMORROW)


def test_time_alone_closes_an_open_negotiation(session, product):
    bank = make.make_buyer(session)
    made = market.make_offer(session, product, bank, answer_by=make.TODAY)
    for act in (commands.accept, commands.decline):
        with pytest.raises(WrongState) as refused:
            act(session, make.buyer(bank), made.id, now=make.NOW + timedelta(days=1))
        assert "已过期" in refused.value.detail
    is_expired = sa.select(Negotiation.id).where(queries.is_in(NegotiationState.EXPIRED, TOMORROW))
    assert session.scalars(is_expired).all() == [made.id]
    assert session.scalars(is_expired.where(queries.is_in(NegotiationState.OFFERED, TOMORROW))).all() == []


def test_only_the_two_sides_speak_and_each_may_end_its_part(session, product):
    bank, other = make.make_buyer(session), make.make_buyer(session)
    declined, withdrawn = (market.make_offer(session, product, bank) for _ in range(2))
    for person in (make.buyer(other), base.supervisor(market.PLACE)):
        with pytest.raises(NotAllowed):
            commands.accept(session, person, declined.id, now=make.NOW)
    with pytest.raises(queries.NoSuchNegotiation):
        queries.get(session, make.buyer(other), declined.id)
    commands.decline(session, make.buyer(bank), declined.id, now=make.NOW)
    commands.withdraw(session, make.seller_of(session, product), withdrawn.id, now=make.NOW)
    assert (declined.state, withdrawn.state) == (NegotiationState.DECLINED, NegotiationState.WITHDRAWN)
    assert queries.agreed_price(session, product.id, bank.id, make.TODAY) is None
    with pytest.raises(TermsUnusable):
        commands.offer(
            session, make.seller_of(session, product), product_id=product.id, buyer_id=product.owner_id,
            **{**COUNTER, "model": market.CHEAP},
        )  # fmt: skip


@pytest.mark.both_databases
def test_the_cap_now_in_force_binds_at_the_offer_at_acceptance_and_at_use(session):
    product = make.make_priced_product(session)  # guided, cap 0.80
    market.make_negotiable(session, product)
    bank = make.make_buyer(session)
    with pytest.raises(AgreedAboveCap):
        market.make_offer(session, product, bank, {"model": "per_unit", "unit_price": "0.81"})
    early, late = (
        market.make_offer(session, product, bank, {"model": "per_unit", "unit_price": "0.75"}) for _ in range(2)
    )
    commands.accept(session, make.buyer(bank), early.id, now=make.NOW)
    agreed = queries.agreed_price(session, product.id, bank.id, make.TODAY)
    assert agreed.number == early.number
    ceiling = make.make_ceiling(
        session, agreements.get(session, product.agreement_id), now=make.NOW + timedelta(hours=1)
    )
    make.set_caps(session, ceiling, [make.cap(product, "0.70")], effective_from=TOMORROW)
    with pytest.raises(AgreedAboveCap):
        commands.accept(session, make.buyer(bank), late.id, now=make.NOW + timedelta(days=1))
    with pytest.raises(AgreedAboveCap):
        queries.agreed_price(session, product.id, bank.id, TOMORROW)
    with pytest.raises(TariffAboveCap):
        price(
            session, product, purpose=Purpose.INDUSTRY_DEVELOPMENT, buyer_id=bank.id, quantity=1, on=TOMORROW,
            book=base.book(), agreed=agreed,
        )  # fmt: skip
