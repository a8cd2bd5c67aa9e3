"""Which changes of price are odd (A12), the states of what is parked, and its terms as they are kept."""

from __future__ import annotations

import random
from datetime import date
from fractions import Fraction
from itertools import product
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import Invalid
from kernel.money import UnitPrice
from pricing.costs.rules import ChargeUnit
from pricing.parked_prices.rules import (
    TRANSITIONS,
    ParkedAct,
    ParkedState,
    SamePerson,
    WrongState,
    after,
    asked,
    kept,
    must_be_other,
    no_longer_possible,
)
from pricing.price_changes.rules import is_odd
from pricing.tariffs.checks import ODD_RATE_MAX
from pricing.tariffs.rules import Regime
from pricing.value_bases.rules import ValuationMethod

ORDINARY = 10_000
prices = st.integers(0, 10**17).map(UnitPrice)


@given(prices, prices)
def test_a_change_is_odd_exactly_when_it_is_more_than_half_of_the_price_before(before, after_it):
    low, high = Fraction(before.units, 2), Fraction(3 * before.units, 2)
    assert is_odd(before, after_it, ODD_RATE_MAX) is not (low <= after_it.units <= high)


@given(st.integers(1, 10**16).map(lambda half: 2 * half))
def test_exactly_half_is_ordinary_and_the_smallest_amount_beyond_is_odd(units):
    before, half = UnitPrice(units), units // 2
    for bound, beyond in ((units + half, 1), (units - half, -1)):
        assert not is_odd(before, UnitPrice(bound), ODD_RATE_MAX)
        assert is_odd(before, UnitPrice(bound + beyond), ODD_RATE_MAX)


@given(st.integers(1, 10**17).map(UnitPrice))
def test_from_nothing_and_to_nothing_is_odd_and_nothing_for_nothing_is_not(price):
    free = UnitPrice(0)
    assert is_odd(free, price, ODD_RATE_MAX)
    assert is_odd(price, free, ODD_RATE_MAX)
    assert not is_odd(free, free, ODD_RATE_MAX)


def test_none_of_ten_thousand_ordinary_changes_is_odd():
    """A12: 0 of 10,000 ordinary operations are parked; twenty planted ones are in test_commands."""
    chance, odd = random.Random(12), 0
    for _ in range(ORDINARY):
        before = chance.randrange(1, 10 ** chance.randrange(1, 18))
        change = Fraction(chance.randrange(-500, 501), 1000)
        odd += is_odd(UnitPrice(before), UnitPrice(before + int(before * change)), ODD_RATE_MAX)
    assert odd == 0


@pytest.mark.parametrize(("state", "act"), list(product(ParkedState, ParkedAct)))
def test_only_what_waits_is_released_or_withdrawn(state, act):
    if (state, act) in TRANSITIONS:
        assert state is ParkedState.WAITING
        assert after(state, act, "PRK-1") is TRANSITIONS[state, act]
    else:
        with pytest.raises(WrongState, match="PRK-1"):
            after(state, act, "PRK-1")


def test_nobody_releases_what_the_same_natural_person_asked_for():
    own, other = uuid4(), uuid4()
    must_be_other("PRK-1", uuid4(), {own, other})
    for account in (own, other):
        with pytest.raises(SamePerson, match="PRK-1"):
            must_be_other("PRK-1", account, {own, other})


def test_terms_are_kept_as_plain_text_and_come_back_as_they_were_asked_for():
    terms = {
        "regime": Regime.MARKET_VALUE_BASED, "charge_unit": ChargeUnit.PER_USE,
        "model": {"model": "per_unit", "unit_price": "0.00012"}, "effective_from": date(2026, 9, 1),
        "subject_kind": "企业", "dedup_days": 30, "charges_misses": True,
        "value_basis": {
            "scenario": "甲", "benefit": "乙", "method": ValuationMethod.MARKET,
            "comparables": [{"product": "丙", "price": UnitPrice.yuan("0.5"), "source": "丁"}],
        },
    }  # fmt: skip
    assert asked(kept({**terms, "buyer_class": None, "guidance": None})) == terms
    assert kept(terms)["value_basis"]["comparables"][0]["price"] == "0.5"


def test_a_release_that_comes_too_late_says_what_stands_against_it_and_what_to_do():
    refusal = no_longer_possible("PRK-1", Invalid("生效日已过。", rule="PRC-05"))
    assert str(refusal) == "停放的调价 PRK-1 已不能按原条件公布：生效日已过。请由卖方撤回后重新定价。"
    assert (refusal.status, refusal.rule) == (409, "PRC-05")
