"""What is earned never exceeds what was paid, never falls, and adds up to it."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from kernel.money import Money, total
from pricing.exemptions.rules import Purpose
from pricing.rating.rules import TariffModel, rate
from settlement.revenue.rules import UseClass, earned_by_time, earned_by_use, use_class_of

MODELS = [
    {"model": "per_unit", "unit_price": "0.8333"},
    {"model": "volume", "tiers": [{"up_to": "9", "unit_price": "3"}, {"up_to": None, "unit_price": "0.7"}]},
    {"model": "graduated", "tiers": [{"up_to": "9", "unit_price": "3.111"}, {"up_to": None, "unit_price": "0.7"}]},
    {"model": "package", "package_size": "7", "package_price": "9.99"},
    {"model": "per_unit", "unit_price": "0.1", "minimum_spend": "5.00", "maximum_spend": "7.00"},
]


@given(st.sampled_from(MODELS), st.lists(st.integers(0, 20), min_size=1, max_size=12))
def test_periods_by_use_add_up_to_the_amount_once_everything_is_used(
    written: dict[str, object], uses: list[int]
) -> None:
    model, bought = TariffModel.from_dict(written), max(sum(uses), 1)
    limit = rate(model, Fraction(bought)).amount
    taken, billable, parts = Money(0), 0, []
    for count in [*uses, bought - sum(uses)]:
        billable += count
        earned = earned_by_use(model, billable, limit=limit, before=taken, bought=bought)
        assert Money(0) <= earned.amount
        assert earned.cumulative <= limit
        taken = earned.cumulative
        parts.append(earned.amount)
    assert total(parts) == limit


@given(st.integers(1, 800), st.integers(0, 10**9), st.lists(st.integers(0, 900), min_size=1, max_size=10))
def test_periods_by_time_add_up_to_the_amount_once_the_term_is_over(days: int, fen: int, steps: list[int]) -> None:
    first, limit = date(2026, 7, 20), Money(fen)
    last, taken, parts = first + timedelta(days - 1), Money(0), []
    for step in [*sorted(steps), days]:
        earned = earned_by_time(first, last, first + timedelta(step), limit=limit, before=taken)
        taken = earned.cumulative
        parts.append(earned.amount)
    assert total(parts) == limit
    assert min(parts) >= Money(0)


def test_a_term_that_has_not_begun_has_earned_nothing() -> None:
    earned = earned_by_time(date(2026, 9, 1), date(2026, 9, 30), date(2026, 8, 1), limit=Money(500), before=Money(0))
    assert earned.amount == Money(0)


def test_governance_and_welfare_are_use_in_the_public_interest() -> None:
    assert {purpose for purpose in Purpose if use_class_of(purpose) is UseClass.PUBLIC_INTEREST} == {
        Purpose.PUBLIC_GOVERNANCE,
        Purpose.PUBLIC_WELFARE,
    }
