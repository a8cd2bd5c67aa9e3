"""Deadlines, validity and states of a registration, with the worked examples of the measure."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import product

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kernel.calendar import DAY, Period, WorkingCalendar, add_months
from registry.registrations.rules import (
    FOLLOWS_A_CODE,
    RUNNING,
    TRANSITIONS,
    Acceptance,
    DefectsMissing,
    MaterialsMissing,
    RegistrationEvent,
    RegistrationKind,
    RegistrationState,
    ReturnedBefore,
    WrongState,
    after,
    check_materials,
    check_receipt,
    is_effective,
    missing_materials,
    refuse_without_words,
)
from registry.terms.rules import (
    AgreementEnded,
    NoticeOver,
    NoticeRunning,
    OutsideRenewalWindow,
    notice_period,
    refuse_before_notice_ends,
    refuse_outside_notice,
    refuse_outside_window,
    renewal_window,
    validity,
)
from tests.make.registry_base import book

CALENDAR = WorkingCalendar()
LONG = Period(date(2025, 1, 1), date(2030, 1, 1))
days = st.dates(date(2025, 3, 1), date(2035, 12, 31))
terms = st.builds(lambda start, length: Period(start, start + timedelta(days=length)), days, st.integers(1, 365 * 5))


@pytest.mark.parametrize(("state", "event"), list(product(RegistrationState, RegistrationEvent)))
def test_every_state_admits_exactly_the_events_of_the_table(state: RegistrationState, event: RegistrationEvent) -> None:
    if (state, event) in TRANSITIONS:
        assert after(state, event) is TRANSITIONS[state, event]
    else:
        with pytest.raises(WrongState, match=str(state)):
            after(state, event)


def test_what_has_ended_never_begins_again() -> None:
    begun = {state for state, _ in TRANSITIONS}
    assert begun == {*RUNNING, RegistrationState.CODED}
    reached = {after(state, event) for state, event in TRANSITIONS if state is RegistrationState.CODED}
    assert reached == {RegistrationState.REPLACED, RegistrationState.CANCELLED, RegistrationState.REVOKED}


def test_a_code_comes_only_out_of_the_public_notice() -> None:
    assert [pair for pair, state in TRANSITIONS.items() if state is RegistrationState.CODED] == [
        (RegistrationState.PUBLIC_NOTICE, RegistrationEvent.ASSIGN_CODE)
    ]


# 公共数据资源登记管理暂行办法 (发改数据规〔2025〕26号, effective 2025-03-01): the deadlines of Art. 9-12, worked on
# the calendar; the day after the start is day 1.
@pytest.mark.parametrize(
    ("what", "start", "working_days", "last_day"),
    [
        ("acceptance", date(2025, 6, 9), 3, date(2025, 6, 12)),
        ("public notice", date(2025, 6, 9), 10, date(2025, 6, 23)),
        ("formal review over the October holiday", date(2025, 9, 22), 20, date(2025, 10, 24)),
        ("acceptance (REG-04)", date(2026, 7, 1), 3, date(2026, 7, 6)),
        ("formal review (REG-04)", date(2026, 7, 6), 20, date(2026, 8, 3)),
        ("first application after delivery (REG-04)", date(2026, 7, 1), 20, date(2026, 7, 29)),
    ],
)
def test_a_deadline_is_its_last_working_day(what: str, start: date, working_days: int, last_day: date) -> None:
    assert CALENDAR.add_working_days(start, working_days) == last_day, what


def test_the_numbers_of_the_measure_stand_in_the_policy_files_of_every_place() -> None:
    printed = {
        "first_application_working_days": 20, "legacy_application_working_days": 30, "acceptance_working_days": 3,
        "review_working_days": 20, "notice_working_days": 10, "cancellation_working_days": 10, "validity_years": 3,
        "renewal_window_days": 60, "renewal_years_max": 3,
    }  # fmt: skip
    for place in book().places():
        for name, number in printed.items():
            assert book().find(place, f"registration.{name}", on=date(2026, 7, 1)).integer() == number, (place, name)


def test_the_term_of_an_authorization_may_be_five_years() -> None:
    assert book().find("quzhou", "agreement.term_years_max", on=date(2026, 7, 1)).integer() == 5


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


@given(days, days, days)
def test_a_registration_is_effective_on_its_days_and_ends_by_time_alone(start: date, end: date, on: date) -> None:
    assume(start <= end)
    assert is_effective(RegistrationState.CODED, start, end, on) == (start <= on <= end)


@pytest.mark.parametrize("state", sorted(set(RegistrationState) - {RegistrationState.CODED}))
def test_only_a_coded_registration_is_effective(state: RegistrationState) -> None:
    assert not is_effective(state, date(2026, 1, 1), date(2027, 1, 1), date(2026, 6, 1))
    assert not is_effective(RegistrationState.CODED, None, None, date(2026, 6, 1))


def test_an_application_is_returned_once_with_all_defects_and_refused_with_a_reason() -> None:
    check_receipt(Acceptance.ACCEPT, reason="", defects=[], was_returned=True)
    check_receipt(Acceptance.RETURN_ONCE, reason="", defects=["缺评估"], was_returned=False)
    with pytest.raises(ReturnedBefore):
        check_receipt(Acceptance.RETURN_ONCE, reason="", defects=["缺评估"], was_returned=True)
    with pytest.raises(DefectsMissing):
        check_receipt(Acceptance.RETURN_ONCE, reason="", defects=[], was_returned=False)
    with pytest.raises(DefectsMissing):
        check_receipt(Acceptance.NOT_ACCEPT, reason=" ", defects=[], was_returned=False)
    refuse_without_words("不符合登记范围", "须说明理由")


def test_missing_materials_are_all_named_at_once() -> None:
    required = book().find("xinchang", "registration.materials_required", on=date(2026, 7, 1))
    found = dict.fromkeys(required.items(), "有") | {"scenario": " ", "security_risk_assessment": ""}
    assert missing_materials(found, required.items()) == ["scenario", "security_risk_assessment"]
    with pytest.raises(MaterialsMissing, match="应用场景、数据安全风险评估") as refusal:
        check_materials(found, required)
    assert [error["pointer"] for error in refusal.value.errors] == ["/scenario", "/security_risk_assessment"]
    check_materials(found, None)


def test_only_a_first_registration_needs_no_code_before_it() -> None:
    assert set(RegistrationKind) - set(FOLLOWS_A_CODE) == {RegistrationKind.FIRST, RegistrationKind.REVOCATION}
