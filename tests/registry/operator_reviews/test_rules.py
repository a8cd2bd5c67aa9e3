"""How long an operator-level review is valid, and the states it passes through."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.operator_reviews.rules import (
    TRANSITIONS,
    OperatorReviewEvent,
    OperatorReviewState,
    StatementsMissing,
    WrongState,
    after,
    check_complete,
    is_valid,
    lacking,
    valid_until,
)
from registry.policy import RegistryPolicy
from tests.make import registry_base as make

PASSED = date(2026, 7, 1)
DAY = timedelta(days=1)


@pytest.mark.parametrize(("state", "event"), list(product(OperatorReviewState, OperatorReviewEvent)))
def test_every_pair_of_state_and_event_is_allowed_by_the_table_or_refused(
    state: OperatorReviewState, event: OperatorReviewEvent
) -> None:
    if (state, event) in TRANSITIONS:
        assert after(state, event) is TRANSITIONS[state, event]
    else:
        with pytest.raises(WrongState):
            after(state, event)


def test_in_xinchang_a_result_is_valid_for_two_years_from_the_day_it_passed() -> None:
    years = RegistryPolicy.at(make.book(), "xinchang", PASSED).operator_review_validity_years
    assert years is not None
    assert valid_until(PASSED, years) == date(2028, 7, 1)
    assert valid_until(date(2028, 2, 29), years) == date(2030, 2, 28)
    assert valid_until(PASSED, None) is None
    silent = [place for place in make.book().places() if place != "xinchang"]
    assert all(RegistryPolicy.at(make.book(), place, PASSED).operator_review_validity_years is None for place in silent)


@given(st.integers(-5, 900), st.sampled_from(OperatorReviewState))
def test_time_alone_ends_a_review(days: int, state: OperatorReviewState) -> None:
    until, on = date(2028, 7, 1), PASSED + timedelta(days=days)
    expected = state is OperatorReviewState.PASSED and PASSED <= on < until
    assert is_valid(state, PASSED, until, on) is expected
    assert is_valid(OperatorReviewState.PASSED, PASSED, None, on) is (PASSED <= on)


def test_statements_and_evidence_are_listed_when_they_are_missing() -> None:
    assert lacking({"basic_security": "有", "technical_security": "有"}, "0" * 64) == []
    with pytest.raises(StatementsMissing) as refused:
        check_complete("OPR-1", lacking({"basic_security": " "}, None))
    assert [error["pointer"] for error in refused.value.errors] == [
        "/statements/basic_security", "/statements/technical_security", "/evidence"
    ]  # fmt: skip
