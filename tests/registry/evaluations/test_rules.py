"""Evaluations go step by step, with exact scores and never by the authority alone."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.calendar import NotAPeriod
from registry.evaluations.rules import (
    EVENT_TITLES,
    INDEX_TITLES,
    STATE_TITLES,
    TRANSITIONS,
    EvaluationEvent,
    EvaluationState,
    Participant,
    ParticipantsMissing,
    Participation,
    PeriodNotOver,
    ScoresIncomplete,
    SelfAssessmentMissing,
    WrongState,
    after,
    check_participants,
    check_period,
    check_silence,
    checked_scores,
    possible,
)

INDICES = tuple(INDEX_TITLES)
scores = st.decimals(0, 1000, places=2).map(str)


@pytest.mark.parametrize(("state", "event"), list(product(EvaluationState, EvaluationEvent)))
def test_every_state_admits_exactly_the_events_of_the_table(state: EvaluationState, event: EvaluationEvent) -> None:
    if (state, event) in TRANSITIONS:
        assert after(state, event) is TRANSITIONS[state, event]
        assert event in possible(state)
    else:
        with pytest.raises(WrongState, match=STATE_TITLES[state]):
            after(state, event)
    assert set(EVENT_TITLES) == set(EvaluationEvent)


@given(st.dictionaries(st.sampled_from(INDICES), scores))
def test_every_index_needs_its_score_and_scores_stay_exact(given_scores: dict[str, str]) -> None:
    missing = [index for index in INDICES if index not in given_scores]
    if missing:
        with pytest.raises(ScoresIncomplete) as refused:
            checked_scores(given_scores, INDICES)
        assert [error["message"] for error in refused.value.errors] == missing
    else:
        kept = checked_scores(given_scores, INDICES)
        assert {index: Decimal(text) for index, text in kept.items()} == {
            index: Decimal(text) for index, text in given_scores.items()
        }


@pytest.mark.parametrize("text", ["", "good", "-1", "NaN", "Infinity", "1,5"])
def test_what_is_no_number_is_no_score(text: str) -> None:
    with pytest.raises(ScoresIncomplete):
        checked_scores({"own": text}, ())


def test_where_the_rules_name_no_index_those_given_count_and_else_an_unknown_one_is_refused() -> None:
    assert checked_scores({"b": "92.50", "a": "1e1"}, ()) == {"a": "10", "b": "92.50"}
    with pytest.raises(ScoresIncomplete):
        checked_scores(dict.fromkeys((*INDICES, "beauty"), "1"), INDICES)


def test_somebody_else_takes_part() -> None:
    check_participants([Participant("县财政局", Participation.COORDINATION_MEMBER)])
    with pytest.raises(ParticipantsMissing):
        check_participants([])


def test_silence_is_waited_for_and_no_way_out() -> None:
    due = date(2027, 8, 1)
    with pytest.raises(SelfAssessmentMissing):
        check_silence("EVA-1", EvaluationState.OPENED, due, due)
    check_silence("EVA-1", EvaluationState.OPENED, due, date(2027, 8, 2))
    check_silence("EVA-1", EvaluationState.SELF_ASSESSED, due, date(2027, 7, 1))


def test_only_what_is_over_is_evaluated() -> None:
    check_period(date(2026, 7, 1), date(2027, 7, 1), date(2027, 7, 1))
    with pytest.raises(PeriodNotOver):
        check_period(date(2026, 7, 1), date(2027, 7, 1), date(2027, 6, 30))
    with pytest.raises(NotAPeriod):
        check_period(date(2026, 7, 1), date(2026, 7, 1), date(2027, 7, 1))
