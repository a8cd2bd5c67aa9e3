"""Beijing dates, periods, and terms of working days."""

from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.calendar import (
    BEIJING,
    CalendarGap,
    NotAPeriod,
    Period,
    WorkingCalendar,
    add_months,
    business_date,
    start_of_day,
)
from kernel.errors import Invalid
from tests.cases import cases, name_of

days = st.dates(date(2024, 1, 1), date(2026, 6, 30))
china = WorkingCalendar()


def test_one_in_the_morning_in_beijing_belongs_to_the_new_day():
    assert business_date(datetime(2026, 10, 31, 17, 0, tzinfo=UTC)) == date(2026, 11, 1)
    assert business_date(datetime(2026, 10, 31, 15, 59, 59, tzinfo=UTC)) == date(2026, 10, 31)


def test_a_moment_without_a_zone_has_no_business_date():
    with pytest.raises(ValueError, match="time zone"):
        business_date(datetime(2026, 10, 31, 17, 0))  # noqa: DTZ001 - the very thing that is refused


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(0, 86399), st.integers(-12, 14))
def test_a_moment_lies_within_its_business_date(local_day, second, hours):
    midnight = datetime.combine(local_day, time.min, tzinfo=timezone(timedelta(hours=hours)))
    aware = midnight + timedelta(seconds=second)
    day = business_date(aware)
    assert start_of_day(day) <= aware < start_of_day(day + timedelta(days=1))
    assert start_of_day(day).tzinfo is BEIJING


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
        (date(2026, 3, 31), -1, date(2026, 2, 28)),
        (date(2026, 12, 15), 12, date(2027, 12, 15)),
    ],
)
def test_months_end_on_their_last_day(day, months, expected):
    assert add_months(day, months) == expected


def test_a_month_is_read_and_written():
    month = Period.month("2026-12")
    assert (month.start, month.end, month.days) == (date(2026, 12, 1), date(2027, 1, 1), 31)
    assert month.text() == "2026-12"
    assert month.last_day == date(2026, 12, 31)
    assert Period.month_of(date(2026, 12, 9)) == month
    assert Period.year(2026).text() == "2026"
    assert Period(date(2026, 1, 5), date(2026, 1, 8)).text() == "2026-01-05 至 2026-01-07"


@pytest.mark.parametrize(
    "text", ["2026-13", "2026-1", "202601", "0000-01", "0001-01", "9999-12", "", None, "２０２６-01", "2026-01 "]
)
def test_other_texts_are_no_month(text):
    with pytest.raises(NotAPeriod):
        Period.month(text)


def test_a_period_has_at_least_a_day_and_is_bounded_by_dates():
    with pytest.raises(NotAPeriod):
        Period(date(2026, 1, 1), date(2026, 1, 1))
    with pytest.raises(TypeError):
        Period(datetime(2026, 1, 1, tzinfo=UTC), date(2026, 1, 2))


@given(days, st.integers(1, 60), days, st.integers(1, 60))
def test_the_overlap_holds_exactly_the_common_days(first, first_days, second, second_days):
    one, other = Period(first, first + timedelta(first_days)), Period(second, second + timedelta(second_days))
    common = {day for day in one if other.contains(day)}
    overlap = one.overlap(other)
    assert set(overlap or ()) == common
    assert other.overlap(one) == overlap


@pytest.mark.parametrize("case", cases("registration_deadlines", kind="deadline"), ids=name_of)
def test_registration_terms_end_where_the_measure_says(case):
    due = china.add_working_days(date.fromisoformat(case["start"]), case["working_days"])
    assert due.isoformat() == case["expected_last_day"]


def test_a_registration_is_renewed_in_the_sixty_days_before_it_expires():
    case = next(iter(cases("registration_deadlines", kind="renewal")))
    expiry = date.fromisoformat(case["expiry"])
    assert (expiry - timedelta(days=60)).isoformat() == case["expected_window_opens"]
    assert Period(expiry, expiry + timedelta(days=1)).end.isoformat() == case["expected_next_period_starts"]


def test_a_registration_lasts_three_years_or_as_long_as_the_shorter_authorisation():
    case = next(iter(cases("registration_deadlines", kind="validity")))
    assigned, ends = (date.fromisoformat(case[key]) for key in ("code_assigned", "authorisation_ends"))
    assert min(add_months(assigned, 36) - timedelta(days=1), ends).isoformat() == case["expected_expiry"]


def test_the_longest_authorisation_is_five_years_to_the_day():
    case = next(iter(cases("registration_deadlines", kind="authorisation term")))
    assert case["expected_valid"]
    assert add_months(date(2026, 1, 1), 12 * case["term_years"]) == date(2031, 1, 1)


def test_the_term_skips_national_day_and_counts_the_saturday_worked_instead():
    start, due = date(2025, 9, 22), date(2025, 10, 24)
    skipped = dict(china.skipped(start, due))
    assert skipped[date(2025, 10, 1)] == "国庆节"
    assert skipped[date(2025, 10, 6)] == "中秋节"
    assert skipped[date(2025, 9, 27)] == "周六"
    assert date(2025, 9, 28) not in skipped
    assert date(2025, 10, 11) not in skipped


@given(days, st.integers(0, 60))
def test_a_term_holds_as_many_working_days_as_it_says(start, count):
    due = china.add_working_days(start, count)
    assert china.working_days_between(start, due) == count
    assert len(china.skipped(start, due)) == (due - start).days - count
    assert count == 0 or china.is_working_day(due)


@given(days, st.integers(0, 20), st.integers(0, 20))
def test_terms_can_be_joined(start, first, second):
    joined = china.add_working_days(china.add_working_days(start, first), second)
    assert joined == china.add_working_days(start, first + second)


def test_a_year_without_a_table_is_refused_with_what_to_do():
    year = china.first_year_without_table(date(2026, 11, 22))
    with pytest.raises(CalendarGap) as refusal:
        china.add_working_days(date(year - 1, 12, 28), 20)
    assert f"policies/holidays/{year}.yaml" in refusal.value.detail
    assert refusal.value.errors[0]["year"] == year
    assert not china.covers(year)


def test_a_table_handed_in_covers_its_year_and_corrects_single_days():
    year = china.first_year_without_table(date(2026, 11, 22))
    new_year, sunday = date(year, 1, 1), date(2026, 11, 1)
    calendar = WorkingCalendar({year: {new_year: False}, 2026: {sunday: True}}, {new_year: "元旦"})
    assert calendar.covers(year)
    assert calendar.is_working_day(sunday)
    assert not china.is_working_day(sunday)
    assert not calendar.is_working_day(date(2026, 10, 1))
    due = calendar.add_working_days(date(year - 1, 12, 31), 1)
    assert calendar.skipped(date(year - 1, 12, 31), due)[0] == (new_year, "元旦")
    assert calendar.first_year_without_table(date(2026, 11, 22)) == year + 1


def test_a_day_that_a_table_makes_free_says_so():
    thursday = date(2026, 11, 19)
    assert WorkingCalendar({2026: {thursday: False}}).skipped(date(2026, 11, 18), thursday) == [
        (thursday, "节假日表所列休息日")
    ]


def test_a_table_holds_only_its_own_year_and_terms_are_not_negative():
    with pytest.raises(Invalid):
        WorkingCalendar({2027: {date(2026, 1, 1): False}})
    with pytest.raises(Invalid):
        china.add_working_days(date(2026, 1, 1), -1)
