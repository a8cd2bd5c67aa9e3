"""The yearly deviation and what a period earned above its ceiling."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.calendar import DAY, Period
from kernel.errors import Invalid
from kernel.money import ZERO, Money, total
from pricing.assessments.rules import (
    Action,
    Basis,
    Determined,
    Direction,
    Earned,
    NothingPermitted,
    NotSettled,
    Revenue,
    Settled,
    YearNotOver,
    YearResult,
    counted,
    deviation,
    must_be_assessable,
    over_recovery,
    share_text,
    uncovered,
)
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


Y2026 = Period.year(2026)
JULY_ON = Period(date(2026, 7, 1), date(2028, 7, 1))
AFTER = date(2027, 1, 1)


def settled(*months: str) -> list[Settled]:
    return [Settled(f"SET-{month}", Period.month(month)) for month in months]


def test_a_year_is_assessed_when_it_is_over_and_every_day_of_operation_is_settled():
    halves = [Settled("SET-1", Period(date(2026, 7, 1), date(2026, 10, 1))), *settled("2026-10", "2026-11", "2026-12")]
    must_be_assessable(2026, JULY_ON, halves, AFTER)
    with pytest.raises(YearNotOver, match="2027-01-01"):
        must_be_assessable(2026, JULY_ON, halves, AFTER - DAY)
    with pytest.raises(NotSettled, match="2026-12"):
        must_be_assessable(2026, JULY_ON, halves[:-1], AFTER)
    with pytest.raises(NotSettled, match="2026-07-01 至 2026-09-30"):
        must_be_assessable(2026, JULY_ON, halves[1:], AFTER)


def test_a_settlement_across_the_year_cannot_be_divided():
    crossing = [Settled("SET-9", Period(date(2026, 1, 1), date(2027, 2, 1)))]
    with pytest.raises(NotSettled, match="SET-9"):
        must_be_assessable(2026, JULY_ON, crossing, AFTER)


days = st.integers(0, 60).map(lambda number: Y2026.start + DAY * number)
periods = st.tuples(days, st.integers(1, 20)).map(lambda one: Period(one[0], one[0] + DAY * one[1]))


@given(periods, st.lists(periods, max_size=5))
def test_what_is_not_covered_is_every_day_that_no_period_holds(wanted, covering):
    open_days = {day for part in uncovered(wanted, covering) for day in part}
    assert open_days == {day for day in wanted if not any(period.contains(day) for period in covering)}


def test_of_several_determinations_each_counted_until_the_next_one():
    first, second, third = (
        Determined(f"CEIL-{number}", Money(number), on)
        for number, on in enumerate((date(2025, 12, 1), date(2026, 3, 10), date(2026, 8, 1)), start=1)
    )
    spans = [(one.number, span and span.text()) for one, span in counted([first, second, third], 2026)]
    assert spans == [
        ("CEIL-1", "2026-01-01 至 2026-03-09"), ("CEIL-2", "2026-03-10 至 2026-07-31"),
        ("CEIL-3", "2026-08-01 至 2026-12-31"),
    ]  # fmt: skip
    late = Determined("CEIL-4", Money(4), date(2027, 2, 1))
    assert [span for _, span in counted([first, late], 2026)] == [Y2026, None]
    replaced = Determined("CEIL-2", Money(2), first.on)
    assert [span for _, span in counted([first, replaced], 2026)] == [None, Y2026]


def test_revenue_adds_up_by_product_and_by_period_on_either_basis():
    january, march = Period.month("2026-01"), Period.month("2026-03")
    found = Revenue(
        tuple(settled("2026-01", "2026-02", "2026-03")),
        (Earned(january, "B", Money(100), Money(6), 1), Earned(march, "B", Money(50), Money(3), 1),
         Earned(march, "A", Money(1), Money(0), 1)),
    )  # fmt: skip
    assert (found.total(Basis.NET_OF_TAX), found.total(Basis.WITH_TAX)) == (Money(151), Money(160))
    assert found.by_product(Basis.WITH_TAX) == {"A": Money(1), "B": Money(159)}
    assert list(found.by_period(Basis.NET_OF_TAX).values()) == [Money(100), ZERO, Money(51)]


@pytest.mark.parametrize(
    ("actual", "text"),
    [("9083606.40", "+10%"), ("7000000.00", "-15.23%"), ("8257824.00", "0%")],
)
def test_the_deviation_is_shown_with_its_sign(actual, text):
    assert share_text(Money.yuan("8257824.00"), Money.yuan(actual)) == text
    assert share_text(ZERO, Money.yuan(actual)) == "0%"
