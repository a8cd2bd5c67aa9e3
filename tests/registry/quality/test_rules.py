"""The states of a quality ticket and the score that follows from tickets."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.quality.rules import (
    BY_DEPARTMENT,
    BY_REPORTER,
    TRANSITIONS,
    Category,
    Problem,
    ReasonMissing,
    Scale,
    TicketEvent,
    TicketState,
    WeightsWrong,
    WrongTicketState,
    after,
    check_reason,
    possible,
    score,
)

ON, SINCE = date(2026, 7, 1), date(2025, 7, 1)
SCALE = Scale(
    {
        Category.COMPLETENESS: Fraction(1, 4), Category.ACCURACY: Fraction(3, 10), Category.TIMELINESS: Fraction(1, 5),
        Category.CONSISTENCY: Fraction(3, 20), Category.OTHER: Fraction(1, 10),
    },
    Fraction(1, 5), Fraction(1, 20),
)  # fmt: skip
OPEN = Problem(Category.ACCURACY, date(2026, 6, 1), None, date(2026, 6, 2), date(2026, 6, 2), None)
dates = st.dates(date(2025, 1, 1), date(2027, 1, 1))
problems = st.lists(
    st.builds(
        Problem, category=st.sampled_from(Category), filed_on=dates, due_date=st.none() | dates,
        answered_on=st.none() | dates, accepted_on=st.none() | dates, resolved_on=st.none() | dates,
    ),
    max_size=12,
)  # fmt: skip


@pytest.mark.parametrize(("state", "event"), list(product(TicketState, TicketEvent)))
def test_each_pair_of_state_and_event_is_allowed_by_the_table_or_refused(
    state: TicketState, event: TicketEvent
) -> None:
    if (state, event) in TRANSITIONS:
        assert after(state, event) is TRANSITIONS[state, event]
        assert event in possible(state)
    else:
        with pytest.raises(WrongTicketState, match="RVW-08"):
            after(state, event)


def test_each_step_belongs_to_one_side() -> None:
    assert set(BY_DEPARTMENT) | set(BY_REPORTER) == set(TicketEvent)
    assert not set(BY_DEPARTMENT) & set(BY_REPORTER)


def test_a_refusal_and_a_reopening_give_a_reason() -> None:
    for event in (TicketEvent.REFUSE, TicketEvent.REOPEN):
        with pytest.raises(ReasonMissing):
            check_reason(event, "  ")
        check_reason(event, "未见该字段")
    check_reason(TicketEvent.ACCEPT, "")


def test_without_problems_the_score_is_one() -> None:
    assert score([], SCALE, since=SINCE, on=ON).value == 1


def test_an_open_accuracy_problem_costs_a_fifth_of_its_weight_and_a_resolved_one_a_twentieth() -> None:
    assert score([OPEN], SCALE, since=SINCE, on=ON).value == 1 - Fraction(3, 10) * Fraction(1, 5)
    resolved = replace(OPEN, resolved_on=ON)
    assert score([resolved], SCALE, since=SINCE, on=ON).value == 1 - Fraction(3, 10) * Fraction(1, 20)
    assert score([resolved], SCALE, since=SINCE, on=ON - timedelta(days=1)).lines[1].open_count == 1


def test_a_problem_counts_when_accepted_or_when_its_answer_is_late() -> None:
    unanswered = replace(OPEN, answered_on=None, accepted_on=None, due_date=ON)
    assert not unanswered.counts(ON)
    assert unanswered.counts(ON + timedelta(days=1))
    refused = replace(OPEN, accepted_on=None, due_date=date(2026, 6, 10))
    assert not refused.counts(ON)
    withdrawn = replace(unanswered, resolved_on=date(2026, 6, 5))
    assert not withdrawn.counts(ON + timedelta(days=9))


def test_an_old_resolved_problem_is_forgotten_and_an_old_open_one_is_not() -> None:
    old = replace(OPEN, filed_on=SINCE - timedelta(days=1))
    assert score([replace(old, resolved_on=ON)], SCALE, since=SINCE, on=ON).value == 1
    assert score([old], SCALE, since=SINCE, on=ON).value < 1


def test_weights_that_do_not_add_up_to_one_are_refused() -> None:
    with pytest.raises(WeightsWrong):
        score([], replace(SCALE, weights={Category.OTHER: Fraction(1, 2)}), since=SINCE, on=ON)


@given(problems)
def test_a_score_lies_between_nothing_and_one_and_never_rises_with_another_problem(found: list[Problem]) -> None:
    value = score(found, SCALE, since=SINCE, on=ON).value
    assert 0 <= value <= 1
    assert score([*found, OPEN], SCALE, since=SINCE, on=ON).value <= value


@given(problems)
def test_the_order_of_the_tickets_does_not_matter(found: list[Problem]) -> None:
    turned = list(reversed(found))
    assert score(found, SCALE, since=SINCE, on=ON) == score(turned, SCALE, since=SINCE, on=ON)
