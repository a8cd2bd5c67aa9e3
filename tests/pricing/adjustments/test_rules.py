"""What prices should become, and how far an adjustment may come."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import Money, UnitPrice, total
from pricing.adjustments.rules import (
    TRANSITIONS,
    AdjustmentAct,
    AdjustmentState,
    Charged,
    StepTooCoarse,
    WrongState,
    after,
    proposals,
)

CENT = UnitPrice.yuan("0.01")


@pytest.mark.parametrize("state", AdjustmentState)
@pytest.mark.parametrize("act", AdjustmentAct)
def test_every_pair_of_state_and_act_is_allowed_or_refused(state, act):
    if (state, act) in TRANSITIONS:
        assert after(state, act, "ADJ-1") is TRANSITIONS[state, act]
    else:
        with pytest.raises(WrongState, match="ADJ-1"):
            after(state, act, "ADJ-1")


def test_what_is_finished_stays_finished():
    finished = {AdjustmentState.REFUSED, AdjustmentState.CARRIED_OUT, AdjustmentState.SUPERSEDED}
    assert {state for state, _ in TRANSITIONS}.isdisjoint(finished)


def test_all_prices_move_by_one_factor_and_are_rounded_down_to_the_step():
    charged = [
        Charged("A", UnitPrice.yuan("0.80"), Money.yuan("4000000.00")),
        Charged("B", UnitPrice.yuan("300"), Money.yuan("6000000.00")),
        Charged("C", UnitPrice.yuan("9"), Money(0)),
    ]
    found = proposals(charged, Money.yuan("8257824.00"), Money.yuan("10000000.00"), CENT)
    assert [(one.charged.key, one.proposed.text()) for one in found] == [("A", "0.66"), ("B", "247.73")]
    assert [one.expected for one in found] == [Fraction(3_300_000), Fraction(4_954_600)]


def test_a_price_rises_no_higher_than_its_cap():
    charged = [Charged("A", UnitPrice.yuan("0.70"), Money.yuan("7000000.00"), UnitPrice.yuan("0.80"))]
    (found,) = proposals(charged, Money.yuan("8257824.00"), Money.yuan("7000000.00"), CENT)
    assert found.proposed == UnitPrice.yuan("0.80")


def test_a_step_that_leaves_nothing_of_a_price_is_refused():
    charged = [Charged("A", UnitPrice.yuan("0.004"), Money(100))]
    with pytest.raises(StepTooCoarse, match="更小的档位"):
        proposals(charged, Money(90), Money(100), CENT)
    (found,) = proposals(charged, Money(90), Money(100), UnitPrice.yuan("0.0001"))
    assert found.proposed == UnitPrice.yuan("0.0036")


def test_where_nothing_was_earned_nothing_is_proposed():
    assert proposals([Charged("A", CENT, Money(0))], Money(100), Money(0), CENT) == []


prices = st.integers(1, 10**12).map(UnitPrice)
earned = st.integers(1, 10**12).map(Money)


@given(st.lists(st.tuples(prices, earned), min_size=1, max_size=6), st.integers(1, 10**13).map(Money))
def test_at_the_same_volumes_the_proposals_earn_what_is_permitted_and_no_more(products, permitted):
    charged = [Charged(str(number), price, amount) for number, (price, amount) in enumerate(products)]
    actual = total(amount for _, amount in products)
    try:
        found = proposals(charged, permitted, actual, UnitPrice(1))
    except StepTooCoarse:
        assert any(price.units * permitted.fen < actual.fen for price, _ in products)
        return
    expected = sum(one.expected for one in found)
    lost = sum(one.charged.revenue.exact_yuan() / one.charged.current.units for one in found)
    assert permitted.exact_yuan() - lost < expected <= permitted.exact_yuan()
