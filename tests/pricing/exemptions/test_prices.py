"""Public-interest use costs exactly nothing, whatever the quantity, day, class and place (B1)."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernel.money import ZERO
from pricing.exemptions import commands
from pricing.exemptions.rules import AmendmentAct, Purpose
from pricing.tariffs import queries
from pricing.tariffs.rules import PriceReason, Regime
from tests.make import pricing as make
from tests.make import registry_base as base

PLACES = ("xinchang", "puer")
FREE = (Purpose.PUBLIC_GOVERNANCE, Purpose.PUBLIC_WELFARE)
LAST = make.TODAY + timedelta(days=30)
BANDS = {
    "model": "graduated", "minimum_spend": "50.00",
    "tiers": [{"up_to": "1000", "unit_price": "0.80", "flat_fee": "9.99"}, {"up_to": None, "unit_price": "0.50"}],
}  # fmt: skip
LAW = base.book(demonstration=True)
days = st.integers(0, 120).map(lambda number: make.TODAY + timedelta(days=number))
quantities = st.integers(1, 10**9) | st.fractions(1, 10**6, max_denominator=10**6)


@pytest.fixture
def worlds(session):
    """Per place: a product with a price, a grantee with an approved, an amended and a renewed exemption."""
    found = {}
    for place in PLACES:
        product = make.make_product(session, place=place)
        make.make_tariff(session, product, BANDS, regime=Regime.TRIAL, guidance="试行")
        grantee = make.make_buyer(session, place=place)
        person, buyer = base.supervisor(place), make.buyer(grantee)
        for purpose in FREE:
            made = make.make_exemption(session, product, grantee, purpose=purpose, quota=10, valid_until=make.TODAY)
            asked = commands.ask_amendment(
                session, buyer, made.id, reason="增加", valid_until=LAST, quota=None, now=make.NOW, book=LAW
            )
            commands.decide_amendment(
                session, person, made.id, asked.id, act=AmendmentAct.AGREE, reason="同意", now=make.NOW
            )
            new = commands.renew(
                session, buyer, made.id, reason="继续", valid_until=LAST + timedelta(days=30), now=make.NOW, book=LAW
            )
            commands.approve(session, person, new.id, now=make.NOW)
        found[place] = (product, grantee)
    return found


def test_free_use_costs_exactly_nothing_at_every_place_day_purpose_and_quantity(session, worlds):
    @settings(max_examples=80, suppress_health_check=list(HealthCheck))
    @given(place=st.sampled_from(PLACES), purpose=st.sampled_from(list(Purpose)), quantity=quantities, on=days,
           is_grantee=st.booleans())  # fmt: skip
    def holds(place, purpose, quantity, on, is_grantee):
        product, grantee = worlds[place]
        buyer_id = grantee.id if is_grantee else worlds[PLACES[place == PLACES[0]]][1].id
        asked = {"purpose": purpose, "buyer_id": buyer_id, "quantity": quantity, "on": on, "book": LAW}
        if purpose not in FREE:
            assert queries.price(session, product, **asked).amount > ZERO
        elif is_grantee and on <= LAST + timedelta(days=30):
            found = queries.price(session, product, **asked)
            assert (found.amount, found.reason) == (ZERO, PriceReason.PUBLIC_INTEREST)
            assert found.explanation["value"].removeprefix("¥").strip() == "0.00"
            assert found.shadow_amount > ZERO
        else:  # never charged, and not free without an approval either
            with pytest.raises(queries.ExemptionRequired):
                queries.price(session, product, **asked)

    holds()


def test_a_renewal_takes_over_on_the_very_next_day(session, worlds):
    product, grantee = worlds["xinchang"]
    asked = {"purpose": FREE[0], "buyer_id": grantee.id, "quantity": Fraction(1, 3), "book": LAW}
    numbers = [
        queries.price(session, product, on=LAST + timedelta(days=step), **asked).exemption.number for step in (0, 1)
    ]
    assert len(set(numbers)) == 2
    with pytest.raises(queries.ExemptionRequired):
        queries.price(session, product, on=LAST + timedelta(days=31), **asked)
