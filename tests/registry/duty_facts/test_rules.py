"""Which own assessment covers which period."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from kernel.calendar import DAY, Period
from registry.duty_facts.rules import SelfAssessed, assessed_on

days = st.dates(date(2025, 1, 1), date(2030, 12, 31))
periods = st.builds(lambda start, length: Period(start, start + timedelta(days=length)), days, st.integers(1, 800))
assessments = st.lists(st.builds(SelfAssessed, periods, days), max_size=6)


@given(assessments, periods)
def test_the_first_assessment_over_the_whole_period_counts(said: list[SelfAssessed], period: Period) -> None:
    whole = [one.on for one in said if all(one.period.contains(day) for day in (period.start, period.end - DAY))]
    assert assessed_on(said, period) == min(whole, default=None)


def test_half_a_year_does_not_stand_for_the_year_but_the_year_for_the_half() -> None:
    half, year = Period(date(2026, 7, 1), date(2027, 1, 1)), Period.year(2026)
    assert assessed_on([SelfAssessed(half, date(2027, 1, 5))], year) is None
    assert assessed_on([SelfAssessed(year, date(2027, 1, 5))], half) == date(2027, 1, 5)
