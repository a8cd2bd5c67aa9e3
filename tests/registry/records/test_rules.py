"""The clock of the first application (REG-04), and what counts as a registration elsewhere (REG-10)."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.calendar import CalendarGap, WorkingCalendar
from registry.records.rules import (
    ApplicationClock,
    DeliveredInFuture,
    PeriodReversed,
    application_clock,
    check_delivered,
    check_period,
    stands,
)

MEASURE = date(2025, 3, 1)
days = st.dates(date(2025, 1, 1), date(2026, 10, 31))


def clock(delivered_on: date, started_on: date = date(2025, 6, 1)) -> ApplicationClock:
    """The clock of a product."""
    return application_clock(
        delivered_on=delivered_on, operation_started_on=started_on, working_days=20, legacy_working_days=30,
        measure_in_force_on=MEASURE, citation="26号 第九条（一）", calendar=WorkingCalendar(),
    )  # fmt: skip


def test_the_worked_example_delivered_on_1_july_2026_is_due_on_29_july() -> None:
    found = clock(date(2026, 7, 1))
    assert (found.start, found.due, found.working_days, found.is_legacy) == (
        date(2026, 7, 1), date(2026, 7, 29), 20, False,
    )  # fmt: skip
    assert (found.is_overdue(date(2026, 7, 29)), found.late_days(date(2026, 7, 29))) == (False, 0)
    assert (found.is_overdue(date(2026, 7, 30)), found.late_days(date(2026, 8, 5))) == (True, 7)


def test_what_was_delivered_before_the_operation_counts_from_its_start() -> None:
    assert clock(date(2025, 5, 1), date(2025, 6, 3)).start == date(2025, 6, 3)


def test_what_is_older_than_the_measure_has_thirty_working_days_from_1_march_2025() -> None:
    found = clock(date(2024, 12, 1), date(2024, 1, 1))
    # 2025-03-01 is a Saturday; no holiday until Tomb-sweeping Day on Friday 4 April
    assert (found.start, found.due, found.is_legacy) == (MEASURE, date(2025, 4, 14), True)
    assert not clock(date(2025, 3, 1), date(2024, 1, 1)).is_legacy
    assert clock(date(2025, 2, 28), date(2024, 1, 1)).is_legacy


@given(days, days)
def test_the_last_day_is_a_working_day_after_both_events(delivered_on: date, started_on: date) -> None:
    found = clock(delivered_on, started_on)
    assert found.due > max(delivered_on, started_on)
    assert WorkingCalendar().is_working_day(found.due)
    assert WorkingCalendar().working_days_between(found.start, found.due) == found.working_days


def test_a_term_into_a_year_without_holidays_is_refused() -> None:
    with pytest.raises(CalendarGap, match="2027"):
        clock(date(2026, 12, 30))


@given(days, st.none() | days, st.none() | days, days)
def test_a_record_counts_from_its_first_to_its_last_day_and_not_from_its_end_on(
    start: date, last: date | None, end: date | None, on: date
) -> None:
    expected = start <= on and (last is None or on <= last) and (end is None or on < end)
    assert stands(start, last, end, on) is expected


def test_a_record_that_ends_before_it_begins_and_a_delivery_to_come_are_refused() -> None:
    check_period(date(2026, 1, 1), None)
    check_period(date(2026, 1, 1), date(2026, 1, 1))
    with pytest.raises(PeriodReversed):
        check_period(date(2026, 1, 2), date(2026, 1, 1))
    today = date(2026, 7, 1)
    check_delivered(today, today)
    with pytest.raises(DeliveredInFuture, match="交付后"):
        check_delivered(today + timedelta(days=1), today)
