"""States, receipts and materials of a registration, and the numbers of the measure in the policy files."""

from __future__ import annotations

from datetime import date
from itertools import product

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

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
from tests.make.registry_base import book

days = st.dates(date(2025, 3, 1), date(2035, 12, 31))


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


def test_the_numbers_of_the_measure_stand_in_the_policy_files_of_every_place() -> None:
    printed = {
        "first_application_working_days": 20, "legacy_application_working_days": 30, "acceptance_working_days": 3,
        "review_working_days": 20, "notice_working_days": 10, "cancellation_working_days": 10, "validity_years": 3,
        "renewal_window_days": 60, "renewal_years_max": 3,
    }  # fmt: skip
    for place in book().places():
        for name, number in printed.items():
            assert book().find(place, f"registration.{name}", on=date(2026, 7, 1)).integer() == number, (place, name)


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
