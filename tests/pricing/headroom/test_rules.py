"""What the year will earn, and when a limit is reached."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.calendar import DAY, Period
from kernel.errors import Invalid
from kernel.money import ZERO, Money, total
from pricing.headroom.rules import Accrued, by_period, forecast, reach, shares_watched, standing

YEAR = Period.year(2026)
SHARES = (Decimal("0.90"), Decimal(1))


def months(*amounts: str) -> list[tuple[Period, Money]]:
    return [(Period.month(f"2026-{number:02}"), Money.yuan(text)) for number, text in enumerate(amounts, start=1)]


def test_the_year_goes_on_at_the_mean_of_its_last_full_months_and_between_the_slowest_and_the_fastest():
    earned = [*months("310.00", "280.00", "620.00"), (Period(date(2026, 4, 1), date(2026, 4, 11)), Money.yuan("5.00"))]
    until = date(2026, 4, 11)
    found = forecast(earned, until, YEAR, 2)
    assert found is not None
    left = (YEAR.end - until).days
    assert found.daily == Fraction(900, 59)
    assert found.expected == 1215 + Fraction(900, 59) * left
    assert (found.low, found.high) == (1215 + 10 * left, 1215 + 20 * left)
    assert [period.text() for period in found.basis] == ["2026-02", "2026-03"]
    everything = forecast(earned, until, YEAR, None)
    assert everything is not None
    assert everything.daily == Fraction(1210, 90)


def test_before_the_first_full_month_the_days_so_far_are_taken():
    found = forecast([(Period(YEAR.start, date(2026, 1, 11)), Money.yuan("100.00"))], date(2026, 1, 11), YEAR, 3)
    assert found is not None
    assert found.daily == 10
    assert forecast([], YEAR.start + DAY, YEAR, 3) is None


def test_the_day_on_which_a_share_is_reached_is_the_first_on_which_it_is():
    earned = months("310.00")  # ten yuan a day
    until = date(2026, 2, 1)
    found = forecast(earned, until, YEAR, None)
    accrued = Money.yuan("310.00")
    assert reach(accrued, Money.yuan("320.00"), Decimal(1), found, until, YEAR).on == date(2026, 2, 1)
    assert reach(accrued, Money.yuan("320.01"), Decimal(1), found, until, YEAR).on == date(2026, 2, 2)
    assert reach(accrued, Money.yuan("3650.00"), Decimal(1), found, until, YEAR).on == date(2026, 12, 31)
    assert reach(accrued, Money.yuan("3650.01"), Decimal(1), found, until, YEAR).on is None
    assert reach(accrued, Money.yuan("310.00"), Decimal(1), found, until, YEAR).is_reached
    assert reach(accrued, Money.yuan("310.01"), Decimal(1), None, until, YEAR).on is None


def test_exactly_at_the_share_the_alarm_is_raised_and_a_fen_below_it_is_not():
    below, at = (
        standing(months(amount), Money.yuan("100.00"), SHARES, date(2026, 2, 1), YEAR, None)
        for amount in ("89.99", "90.00")
    )
    assert [one.is_reached for one in below.reaches] == [False, False]
    assert [one.is_reached for one in at.reaches] == [True, False]
    assert (at.left, at.share) == (Money.yuan("10.00"), Fraction(9, 10))


def test_of_no_limit_everything_is_used_up_once_anything_is_earned():
    assert standing(months("0.01"), ZERO, SHARES, date(2026, 2, 1), YEAR, None).share == 1
    assert standing(months("0.00"), ZERO, SHARES, date(2026, 2, 1), YEAR, None).share == 0


def test_without_a_rule_only_the_whole_is_watched():
    assert shares_watched(None) == shares_watched(Decimal("1.2")) == (Decimal(1),)
    assert shares_watched(Decimal("0.9")) == (Decimal("0.9"), Decimal(1))
    with pytest.raises(Invalid):
        reach(ZERO, Money(1), Decimal(0), None, YEAR.start, YEAR)


def test_products_of_one_period_add_up():
    january = Period.month("2026-01")
    assert by_period([Accrued(january, "A", Money(1)), Accrued(january, "B", Money(2))]) == [(january, Money(3))]


@given(st.lists(st.integers(0, 10**10).map(Money), min_size=1, max_size=11), st.integers(1, 12))
def test_the_forecast_lies_between_low_and_high_and_never_below_what_is_earned(amounts, window):
    earned = [(Period.month(f"2026-{number:02}"), amount) for number, amount in enumerate(amounts, start=1)]
    found = forecast(earned, earned[-1][0].end, YEAR, window)
    assert found is not None
    assert total(amounts).exact_yuan() <= found.low <= found.expected <= found.high
