"""The yearly deviation and what a period earned above its ceiling."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import Invalid
from kernel.money import ZERO, Money, total
from pricing.assessments.rules import Action, Direction, NothingPermitted, YearResult, deviation, over_recovery
from tests.cases import cases, name_of

TENTH = Decimal("0.10")
ACTIONS = {"adjust_specific_price": Action.ADJUST_PRICES, "adjust_ceiling": Action.ADJUST_CAPS}
amounts = st.integers(0, 10**13).map(Money)


@pytest.mark.parametrize("case", cases("permitted_revenue", kind="yearly_deviation"), ids=name_of)
def test_up_to_a_tenth_prices_are_adjusted_and_above_it_caps(case):
    found = deviation(Money.yuan(case["max_allowed_revenue"]), Money.yuan(case["actual_revenue"]), TENTH)
    assert found.action is ACTIONS[case["expected_action"]]


@pytest.mark.parametrize(
    ("actual", "direction", "action", "share"),
    [
        ("9083606.40", Direction.OVER, Action.ADJUST_PRICES, Fraction(1, 10)),
        ("9083606.41", Direction.OVER, Action.ADJUST_CAPS, Fraction(82578241, 825782400)),
        ("7000000.00", Direction.UNDER, Action.ADJUST_CAPS, Fraction(125782400, 825782400)),
        ("8257824.00", Direction.NONE, Action.NONE, 0),
    ],
)
def test_the_worked_examples_of_the_rule_come_out(actual, direction, action, share):
    found = deviation(Money.yuan("8257824.00"), Money.yuan(actual), TENTH)
    assert (found.direction, found.action, found.share) == (direction, action, share)


def test_a_deviation_from_nothing_has_no_size():
    assert deviation(ZERO, ZERO, TENTH).action is Action.NONE
    with pytest.raises(NothingPermitted):
        deviation(ZERO, Money(1), TENTH)


@pytest.mark.parametrize("figures", [(Money(-1), ZERO, TENTH), (ZERO, Money(-1), TENTH), (ZERO, ZERO, Decimal("-1"))])
def test_a_deviation_has_no_negative_inputs(figures):
    with pytest.raises(Invalid):
        deviation(*figures)


@given(amounts.filter(bool), st.integers(0, 10**12).map(Money))
def test_both_directions_are_treated_alike(permitted, distance):
    distance = min(distance, permitted)
    over = deviation(permitted, permitted + distance, TENTH)
    below = deviation(permitted, permitted - distance, TENTH)
    assert (over.share, over.action) == (below.share, below.action)
    assert (over.action is Action.ADJUST_CAPS) == (10 * distance.fen > permitted.fen)


@pytest.mark.parametrize("case", cases("permitted_revenue", kind="cycle_clawback"), ids=name_of)
def test_only_what_a_cycle_earned_above_its_ceiling_is_deducted(case):
    year = YearResult(Money.yuan(case["max_allowed_revenue_cycle"]), Money.yuan(case["actual_revenue_cycle"]))
    assert over_recovery([year]).excess == Money.yuan(case["expected_deduction_next_cycle"])


def test_a_large_excess_is_spread_and_years_within_a_period_offset_each_other():
    permitted = Money.yuan("8000000.00")
    years = [YearResult(permitted, Money.yuan(actual)) for actual in ("8600000.00", "8200000.00", "8900000.00")]
    assert over_recovery(years).deductions == (Money.yuan("1700000.00"),)
    assert over_recovery(years, 2).deductions == (Money.yuan("850000.00"),) * 2
    assert over_recovery([*years, YearResult(permitted, Money.yuan("6300000.00"))]).excess == ZERO


@given(st.lists(st.builds(YearResult, amounts, amounts), min_size=1, max_size=5), st.integers(1, 7))
def test_the_deductions_add_up_and_differ_by_a_fen_at_most(years, cycles):
    found = over_recovery(years, cycles)
    assert total(found.deductions) == found.excess >= ZERO
    assert len(found.deductions) == cycles
    assert max(found.deductions) - min(found.deductions) <= Money(1)
    assert list(found.deductions) == sorted(found.deductions, reverse=True)


def test_a_period_has_years_and_something_to_spread_over():
    with pytest.raises(Invalid):
        over_recovery([])
    with pytest.raises(Invalid):
        over_recovery([YearResult(ZERO, ZERO)], 0)
