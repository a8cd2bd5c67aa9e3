"""What a selection needs, and the states it passes through."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import product

import pytest

from registry.policy import RegistryPolicy
from registry.selections.rules import (
    TRANSITIONS,
    NotPassed,
    ResultFilingMissing,
    SelectionEvent,
    SelectionState,
    StatusApprovalMissing,
    WrongState,
    after,
    check_candidate,
    check_result_filing,
    check_status_approval,
    is_selected,
)
from tests.make import registry_base as make

ON = date(2026, 7, 1)


@pytest.mark.parametrize(("state", "event"), list(product(SelectionState, SelectionEvent)))
def test_every_pair_of_state_and_event_is_allowed_by_the_table_or_refused(
    state: SelectionState, event: SelectionEvent
) -> None:
    if (state, event) in TRANSITIONS:
        assert after(state, event) is TRANSITIONS[state, event]
    else:
        with pytest.raises(WrongState):
            after(state, event)


@pytest.mark.parametrize("place", ["puer", "quzhou", "futian", "xinchang", "guangzhou"])
def test_only_futian_wants_the_district_government_and_only_xinchang_the_filing(place: str) -> None:
    policy = RegistryPolicy.at(make.book(), place, ON)
    if place == "futian":
        with pytest.raises(StatusApprovalMissing) as refused:
            check_status_approval(" ", policy.operator_status_approved_by)
        assert "区人民政府" in refused.value.detail
    else:
        assert check_status_approval(None, policy.operator_status_approved_by) is None
    if place == "xinchang":
        with pytest.raises(ResultFilingMissing):
            check_result_filing("", policy.disclosure_selection_result_required)
    else:
        assert check_result_filing("", policy.disclosure_selection_result_required) is None
    assert check_status_approval(" 福府1号 ", policy.operator_status_approved_by) == "福府1号"
    assert check_result_filing(" 备1号 ", policy.disclosure_selection_result_required) == "备1号"


def test_only_an_application_to_this_call_that_passed_is_selected() -> None:
    check_candidate("APP-1", has_passed=True, of_this_call=True)
    for has_passed, of_this_call in ((False, True), (True, False), (False, False)):
        with pytest.raises(NotPassed):
            check_candidate("APP-1", has_passed=has_passed, of_this_call=of_this_call)


@pytest.mark.parametrize("state", list(SelectionState))
def test_a_selection_counts_from_the_day_of_its_publication(state: SelectionState) -> None:
    days = [ON - timedelta(days=1), ON, ON + timedelta(days=900)]
    expected = [False, True, True] if state is SelectionState.PUBLISHED else [False] * 3
    assert [is_selected(state, ON, day) for day in days] == expected
    assert not is_selected(state, None, ON)
