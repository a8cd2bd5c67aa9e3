"""Public notice, validity, renewal window: the terms of the measure, worked on the calendar.

Every case of ``tests/cases/registration_deadlines.json`` is used here against the rule that the application asks:
deadlines and the public notice by :func:`test_a_deadline_is_its_last_working_day` (the notice also by
:func:`test_the_notice_of_the_case_ends_on_its_day`), validity, renewal window and the longest authorization by the
tests that name them. ``tests/kernel/test_calendar.py`` uses the same cases on the arithmetic of the calendar alone.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.calendar import DAY, Period, WorkingCalendar, add_months
from registry.clauses.rules import Term, TermLimits, TermNotAllowed, check_term
from registry.policy import RegistryPolicy
from registry.terms.rules import (
    AgreementEnded,
    NoticeOver,
    NoticeRunning,
    OutsideRenewalWindow,
    moved_notice_end,
    notice_period,
    refuse_before_notice_ends,
    refuse_outside_notice,
    refuse_outside_window,
    renewal_window,
    validity,
)
from tests.cases import cases, name_of
from tests.make.registry_base import book

CALENDAR = WorkingCalendar()
CASES = "registration_deadlines"
LONG = Period(date(2025, 1, 1), date(2030, 1, 1))
days = st.dates(date(2025, 3, 1), date(2035, 12, 31))
terms = st.builds(lambda start, length: Period(start, start + timedelta(days=length)), days, st.integers(1, 365 * 5))


def only(kind: str) -> dict[str, Any]:
    """The one case of a kind."""
    (case,) = cases(CASES, kind=kind)
    return case


def day(case: dict[str, Any], name: str) -> date:
    """A day of a case."""
    return date.fromisoformat(case[name])


def test_every_case_of_the_file_is_of_a_kind_that_is_used_here() -> None:
    kinds = [case["kind"] for case in cases(CASES)]
    assert sorted(kinds) == ["authorisation term", "deadline", "deadline", "deadline", "renewal", "validity"]


@pytest.mark.parametrize("case", cases(CASES, kind="deadline"), ids=name_of)
def test_a_deadline_is_its_last_working_day(case: dict[str, Any]) -> None:
    assert CALENDAR.add_working_days(day(case, "start"), case["working_days"]) == day(case, "expected_last_day")


def test_the_notice_of_the_case_ends_on_its_day() -> None:
    (case,) = [one for one in cases(CASES, kind="deadline") if one["working_days"] == 10]
    days_of_notice = RegistryPolicy.at(book(), "quzhou", day(case, "start")).registration_notice_working_days
    assert days_of_notice is not None
    assert days_of_notice.integer() == case["working_days"]
    start, end = notice_period(day(case, "start"), days_of_notice.integer(), CALENDAR)
    assert (start, end) == (day(case, "start") + DAY, day(case, "expected_last_day"))


def test_the_registration_of_the_case_ends_with_the_shorter_authorization() -> None:
    case = only("validity")
    ends = day(case, "authorisation_ends")
    agreement = Period(add_months(ends + DAY, -24), ends + DAY)
    found = validity(day(case, "code_assigned"), years=3, agreement=agreement)
    assert found == (day(case, "code_assigned"), day(case, "expected_expiry"))


def test_the_window_of_the_case_opens_on_its_day_and_the_next_period_follows() -> None:
    case = only("renewal")
    expiry, opens = day(case, "expiry"), day(case, "expected_window_opens")
    assert renewal_window(expiry, 60) == (opens, expiry)
    refuse_outside_window(opens, expiry, 60)
    with pytest.raises(OutsideRenewalWindow):
        refuse_outside_window(opens - DAY, expiry, 60)
    assert validity(expiry + DAY, years=3, agreement=LONG)[0] == day(case, "expected_next_period_starts")


def test_an_authorization_of_the_case_is_allowed_and_one_day_more_is_refused() -> None:
    case, start = only("authorisation term"), date(2026, 7, 1)
    limit = RegistryPolicy.at(book(), "quzhou", start).agreement_term_years_max
    assert limit is not None
    assert (limit.integer(), case["expected_valid"]) == (case["term_years"], True)
    end = add_months(start, 12 * case["term_years"])
    limits = TermLimits.of(limit, None, None)
    check_term(Term(start, end, None, None), limits)
    with pytest.raises(TermNotAllowed):
        check_term(Term(start, end + DAY, None, None), limits)


@pytest.mark.parametrize(
    ("what", "start", "working_days", "last_day"),
    [
        ("acceptance (REG-04)", date(2026, 7, 1), 3, date(2026, 7, 6)),
        ("formal review (REG-04)", date(2026, 7, 6), 20, date(2026, 8, 3)),
        ("first application after delivery (REG-04)", date(2026, 7, 1), 20, date(2026, 7, 29)),
    ],
)
def test_the_worked_example_of_the_rule_holds(what: str, start: date, working_days: int, last_day: date) -> None:
    assert CALENDAR.add_working_days(start, working_days) == last_day, what


def test_the_notice_runs_ten_working_days_from_the_day_after_the_review() -> None:
    assert notice_period(date(2026, 8, 3), 10, CALENDAR) == (date(2026, 8, 4), date(2026, 8, 17))
    refuse_before_notice_ends(date(2026, 8, 18), date(2026, 8, 17))
    with pytest.raises(NoticeRunning, match="2026-08-17"):
        refuse_before_notice_ends(date(2026, 8, 17), date(2026, 8, 17))


@pytest.mark.parametrize("today", [date(2026, 8, 3), date(2026, 8, 18)])
def test_an_objection_outside_the_notice_is_refused(today: date) -> None:
    with pytest.raises(NoticeOver, match="2026-08-04"):
        refuse_outside_notice(today, date(2026, 8, 4), date(2026, 8, 17))


@pytest.mark.parametrize(
    ("coded_on", "agreement", "last_day"),
    [
        (date(2026, 8, 18), LONG, date(2029, 8, 17)),
        (date(2026, 8, 18), Period(date(2026, 7, 1), date(2028, 7, 1)), date(2028, 6, 30)),
        (date(2025, 7, 1), Period(date(2024, 7, 1), date(2027, 7, 1)), date(2027, 6, 30)),  # three years exactly
        (date(2028, 2, 29), LONG, date(2031, 2, 27)),
    ],
)
def test_validity_is_three_years_or_the_term_of_a_short_authorization(
    coded_on: date, agreement: Period, last_day: date
) -> None:
    assert validity(coded_on, years=3, agreement=agreement) == (coded_on, last_day)


@given(days, terms, st.integers(1, 3))
def test_validity_is_never_longer_than_the_rule_nor_than_a_short_authorization(
    coded_on: date, agreement: Period, years: int
) -> None:
    is_short = agreement.end <= add_months(agreement.start, years * 12)
    if is_short and agreement.last_day < coded_on:
        with pytest.raises(AgreementEnded, match=str(agreement.last_day)):
            validity(coded_on, years=years, agreement=agreement)
        return
    start, end = validity(coded_on, years=years, agreement=agreement)
    assert start == coded_on <= end < add_months(coded_on, years * 12)
    assert not is_short or end <= agreement.last_day


def test_renewal_opens_sixty_days_before_the_last_day_and_closes_with_it() -> None:
    assert renewal_window(date(2028, 6, 30), 60) == (date(2028, 5, 1), date(2028, 6, 30))
    assert validity(date(2028, 6, 30) + DAY, years=3, agreement=LONG)[0] == date(2028, 7, 1)
    for inside in (date(2028, 5, 1), date(2028, 6, 30)):
        refuse_outside_window(inside, date(2028, 6, 30), 60)
    for outside in (date(2028, 4, 30), date(2028, 7, 1)):
        with pytest.raises(OutsideRenewalWindow, match="2028-05-01"):
            refuse_outside_window(outside, date(2028, 6, 30), 60)


@given(st.dates(date(2025, 3, 3), date(2026, 9, 30)), st.integers(1, 20), st.integers(-30, 30))
def test_a_moved_notice_is_never_shorter_than_announced_and_one_that_is_over_stays_over(
    passed_on: date, working_days: int, shift: int
) -> None:
    due = CALENDAR.add_working_days(passed_on, working_days)
    announced = due + timedelta(days=shift)
    moved = moved_notice_end(
        announced, passed_on=passed_on, working_days=working_days, today=passed_on, calendar=CALENDAR
    )
    assert moved == (max(announced, due) if passed_on <= announced else announced)
    later = announced + DAY
    assert moved_notice_end(
        announced, passed_on=passed_on, working_days=working_days, today=later, calendar=CALENDAR
    ) == announced  # fmt: skip
