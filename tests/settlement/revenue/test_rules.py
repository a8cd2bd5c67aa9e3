"""What is earned never exceeds what was paid, never falls, and adds up to it."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from kernel.money import Money, total
from pricing.exemptions.rules import Purpose
from pricing.rating.rules import TariffModel, rate
from settlement.revenue.rules import RedLetter, UseClass, divided, earned_by_time, earned_by_use, use_class_of

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


@given(
    st.dictionaries(st.sampled_from("abcd"), st.integers(1, 10**6).map(Money), min_size=1),
    st.lists(
        st.tuples(st.integers(1, 10**6), st.dictionaries(st.sampled_from("abcd"), st.integers(0, 10**6).map(Money))),
        max_size=5,
    ),
)
def test_red_letters_are_divided_to_the_fen_and_credit_no_order_beyond_its_line(
    lines: dict[str, Money], asked: list[tuple[int, dict[str, Money]]]
) -> None:
    left, letters = total(lines.values()), list[RedLetter]()
    for wish, returned in asked:
        amount = min(Money(wish), left)
        if amount:
            letters.append(RedLetter(amount, returned))
            left -= amount
    parts = divided(lines, letters)
    assert [total(one.values()) for one in parts] == [letter.amount for letter in letters]
    for order, line in lines.items():
        assert all(one[order] >= Money(0) for one in parts)
        assert total(one[order] for one in parts) <= line


def test_each_red_letter_is_about_the_money_that_had_gone_back_when_it_was_asked_for() -> None:
    lines = {"a": Money(80_00), "b": Money(80_00)}
    first = RedLetter(Money(30_00), {"a": Money(30_00)})
    second = RedLetter(Money(5_00), {"a": Money(30_00), "b": Money(5_00)})
    beyond = RedLetter(Money(25_00), {"a": Money(30_00), "b": Money(5_00)})
    assert divided(lines, [first, second, beyond]) == [
        {"a": Money(30_00), "b": Money(0)}, {"a": Money(0), "b": Money(5_00)},
        {"a": Money(10_00), "b": Money(15_00)},  # 25.00 by what was left: 50.00 and 75.00
    ]  # fmt: skip
