"""Evaluation cycles: their years, their excess, and that exactly the excess is given back."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import Invalid
from kernel.money import ZERO, Money, total
from pricing.assessments.rules import YearResult
from pricing.cycles.rules import (
    CycleUnusable,
    Result,
    SmoothingNotAllowed,
    Span,
    derived,
    due,
    must_be_a_cycle,
    must_be_smoothable,
    plan,
    result,
    revised,
)
from tests.cases import cases, name_of

FIFTH = Decimal("0.20")
amounts = st.integers(0, 10**11).map(Money)


@pytest.mark.parametrize("case", cases("permitted_revenue", kind="cycle_clawback"), ids=name_of)
def test_the_cases_of_the_notice_come_out(case):
    year = YearResult(Money.yuan(case["max_allowed_revenue_cycle"]), Money.yuan(case["actual_revenue_cycle"]))
    assert result([year]).excess == Money.yuan(case["expected_deduction_next_cycle"])


def test_the_worked_example_is_deducted_at_once_or_in_two_years():
    actual = (Money.yuan(text) for text in ("8600000.00", "8200000.00", "8900000.00"))
    found = result([YearResult(Money.yuan("8000000.00"), one) for one in actual])
    assert (found.permitted.text(), found.actual.text(), found.excess.text()) == (
        "24000000.00", "25700000.00", "1700000.00",
    )  # fmt: skip
    base = Money.yuan("25500000.00")
    assert [(year, (base - part).text()) for year, part in plan(found.excess, 2026, 1)] == [(2026, "23800000.00")]
    assert [(base - part).text() for _, part in plan(found.excess, 2026, 2)] == ["24650000.00", "24650000.00"]


def test_a_shortfall_gives_no_claim():
    found = result([YearResult(Money(300), Money(100)), YearResult(Money(300), Money(400))])
    assert found.excess == ZERO
    assert plan(found.excess, 2026, 3) == []


def test_a_cycle_is_no_longer_than_the_rules_permit_and_overlaps_no_other():
    must_be_a_cycle(Span(2026, 2028), 3, [Span(2023, 2025), Span(2029, 2029)])
    with pytest.raises(CycleUnusable, match="上限 3 年"):
        must_be_a_cycle(Span(2026, 2029), 3, [])
    with pytest.raises(CycleUnusable, match="2023–2026"):
        must_be_a_cycle(Span(2026, 2028), 3, [Span(2023, 2026)])
    with pytest.raises(CycleUnusable, match="早于"):
        must_be_a_cycle(Span(2026, 2025), 3, [])


def test_cycles_are_derived_from_the_years_with_a_ceiling_around_those_that_were_opened():
    assert derived([2026, 2027, 2028, 2029], 3, []) == [Span(2026, 2028), Span(2029, 2031)]
    assert derived([2024, 2026, 2027, 2028], 3, [Span(2026, 2027)]) == [Span(2024, 2025), Span(2028, 2030)]
    assert derived([2026], 3, [Span(2026, 2026)]) == []


@given(st.sets(st.integers(2000, 2040), max_size=12), st.integers(1, 3))
def test_derived_cycles_hold_every_year_once_and_are_short_enough(years, longest):
    found = derived(years, longest, [])
    held = [year for span in found for year in span.years]
    assert len(held) == len(set(held))
    assert years <= set(held)
    assert all(len(span.years) <= longest for span in found)


def test_only_a_large_excess_is_spread():
    small, large = (Result(Money(1000), Money(1000 + excess), Money(excess)) for excess in (200, 201))
    must_be_smoothable(large, 2, FIFTH, "")
    must_be_smoothable(small, 1, FIFTH, "")
    with pytest.raises(SmoothingNotAllowed, match="首年一次扣减"):
        must_be_smoothable(small, 2, FIFTH, "")
    with pytest.raises(SmoothingNotAllowed, match="写明认定理由"):
        must_be_smoothable(large, 2, None, " ")
    must_be_smoothable(small, 2, None, "超出较多，经会商认定")
    with pytest.raises(Invalid):
        must_be_smoothable(large, 0, FIFTH, "")


@given(amounts, amounts, st.integers(1, 5), st.integers(1, 5))
def test_a_corrected_plan_becomes_the_wanted_one_to_the_fen(before, after, spread, wider):
    first, wanted = plan(before, 2026, spread), plan(after, 2026, wider)
    corrected = [*first, *revised(first, wanted)]
    assert revised(corrected, wanted) == []
    assert total(amount for _, amount in corrected) == after


def simulated(years: list[YearResult], longest: int, spread: int) -> tuple[Money, Money]:
    """Run cycle after cycle; each ceiling deducts what is due as far as it goes. Return all excess and all deducted."""
    planned: list[tuple[int, Money]] = []
    deducted: list[tuple[int, Money]] = []
    cycle: list[YearResult] = []
    excess, year = ZERO, 2026
    for one in years:
        given_back = min(due(planned, deducted, year), one.permitted)
        deducted.append((year, given_back))
        cycle.append(YearResult(one.permitted - given_back, one.actual))
        year += 1
        if len(cycle) == longest:
            found = result(cycle)
            planned += plan(found.excess, year, spread)
            excess, cycle = excess + found.excess, []
    while owed := due(planned, deducted, year + spread):  # nobody earns any more: the rest is given back
        deducted.append((year, owed))
        year += 1
    return excess, total(amount for _, amount in deducted)


results = st.builds(YearResult, st.integers(0, 10**9).map(Money), st.integers(0, 2 * 10**9).map(Money))


@given(st.lists(results, min_size=6, max_size=6), st.integers(1, 3), st.integers(1, 4))
def test_over_six_years_the_deductions_are_the_excess_to_the_fen(years, longest, spread):
    excess, deducted = simulated(years, longest, spread)
    assert deducted == excess


@given(st.lists(st.integers(0, 10**8), min_size=24, max_size=24), st.integers(0, 10**9))
def test_over_twenty_four_months_the_deductions_are_the_excess_to_the_fen(months, permitted):
    yearly = [YearResult(Money(permitted), Money(sum(months[start : start + 12]))) for start in (0, 12)]
    excess, deducted = simulated(yearly, 1, 1)
    assert deducted == excess >= max(yearly[0].actual - yearly[0].permitted, ZERO)


def test_what_was_too_large_for_a_year_moves_on_to_the_next():
    planned = [(2026, Money(100)), (2027, Money(50))]
    assert due(planned, [], 2025) == ZERO
    assert due(planned, [], 2026) == Money(100)
    assert due(planned, [(2026, Money(30))], 2027) == Money(120)
    assert due(planned, [(2026, Money(30)), (2027, Money(120))], 2028) == ZERO
    assert due([*planned, (2026, Money(-40))], [(2026, Money(100))], 2027) == Money(10)
