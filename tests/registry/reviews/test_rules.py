"""A review goes through its stages in order, is returned once at most, and passes only when everything was checked."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.reviews.rules import (
    CHECK_TITLES,
    OPEN_STATES,
    STAGES,
    TRANSITIONS,
    ChecklistIncomplete,
    Decision,
    DefectsMissing,
    Finding,
    FindingsOpen,
    ReturnedBefore,
    ReviewEvent,
    ReviewState,
    StageState,
    WrongState,
    after,
    check_decision,
    event_of,
    stage_after,
)

REQUIRED = tuple(CHECK_TITLES)
ALL = dict.fromkeys(REQUIRED, True)


def finding(*, is_met: bool, is_binding: bool = True) -> Finding:
    """What a check found."""
    return Finding("within_scope", "在授权范围内", is_met, "资源 R-1", "RVW-06", "27号 第十四条", is_binding)


def decide(decision: Decision, **changed: object) -> None:
    """Check a decision of which everything else is in order."""
    values = {"round_number": 1, "checklist": ALL, "required": REQUIRED, "defects": ["样例过少"], "findings": []}
    check_decision(decision, **(values | changed))  # type: ignore[arg-type]


@pytest.mark.parametrize(("state", "event"), list(product(ReviewState, ReviewEvent)))
def test_every_state_admits_exactly_the_events_of_the_table(state: ReviewState, event: ReviewEvent) -> None:
    if (state, event) in TRANSITIONS:
        assert after(state, event) is TRANSITIONS[state, event]
    else:
        with pytest.raises(WrongState, match=str(state)):
            after(state, event)


def test_nothing_follows_a_decision() -> None:
    closed = set(ReviewState) - {*OPEN_STATES, ReviewState.RETURNED}
    assert not [state for state, _ in TRANSITIONS if state in closed]


@pytest.mark.parametrize(
    ("decision", "is_last", "event", "stage"),
    [
        (Decision.AGREE, False, ReviewEvent.STAGE_AGREED, StageState.AGREED),
        (Decision.AGREE, True, ReviewEvent.ALL_AGREED, StageState.AGREED),
        (Decision.REFUSE, False, ReviewEvent.REFUSED, StageState.REFUSED),
        (Decision.REFUSE, True, ReviewEvent.REFUSED, StageState.REFUSED),
        (Decision.RETURN_ONCE, False, ReviewEvent.RETURNED, StageState.RETURNED),
        (Decision.RETURN_ONCE, True, ReviewEvent.RETURNED, StageState.RETURNED),
    ],
)
def test_a_stage_decides_for_the_review(
    decision: Decision, is_last: bool, event: ReviewEvent, stage: StageState
) -> None:
    assert event_of(decision, is_last_stage=is_last) is event
    assert stage_after(decision) is stage


@given(st.sets(st.sampled_from(REQUIRED)))
def test_agreement_needs_every_point_and_names_those_that_are_missing(confirmed: set[str]) -> None:
    checklist = dict.fromkeys(confirmed, True)
    if confirmed == set(REQUIRED):
        decide(Decision.AGREE, checklist=checklist)
        return
    with pytest.raises(ChecklistIncomplete) as refusal:
        decide(Decision.AGREE, checklist=checklist)
    assert set(refusal.value.errors[0]["points"]) == set(REQUIRED) - confirmed


def test_agreement_waits_for_binding_findings_and_for_no_other() -> None:
    decide(Decision.AGREE, findings=[finding(is_met=True), finding(is_met=False, is_binding=False)])
    with pytest.raises(FindingsOpen, match="资源 R-1"):
        decide(Decision.AGREE, findings=[finding(is_met=False)])


def test_a_refusal_needs_neither_checklist_nor_findings() -> None:
    decide(Decision.REFUSE, checklist={}, findings=[finding(is_met=False)], defects=[])


def test_a_review_is_returned_once_with_all_defects() -> None:
    decide(Decision.RETURN_ONCE)
    with pytest.raises(ReturnedBefore, match="一次性"):
        decide(Decision.RETURN_ONCE, round_number=2)
    for nothing in ([], ["  "]):
        with pytest.raises(DefectsMissing):
            decide(Decision.RETURN_ONCE, defects=nothing)


def test_every_stage_of_the_register_is_known() -> None:
    register = {"filing", "data_authority", "source_department", "municipal_data_agency", "operating_institution"}
    assert set(STAGES) == register
