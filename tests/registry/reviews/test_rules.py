"""A review goes through its stages in order, is returned once at most, and passes only when everything was checked."""

from __future__ import annotations

from datetime import date
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.calendar import WorkingCalendar
from kernel.errors import DomainError
from registry.procedures.rules import CHECK_TITLES, STAGES, Finding, Procedure, RefusalGround
from registry.reviews.rules import (
    OPEN_STATES,
    TRANSITIONS,
    WHILE_PAUSED,
    AppealedBefore,
    AppealTooLate,
    ChecklistIncomplete,
    Decision,
    DefectsMissing,
    FindingsOpen,
    GroundMissing,
    NotPaused,
    Paused,
    ReturnedBefore,
    ReturnNotOffered,
    ReviewEvent,
    ReviewState,
    StageState,
    WrongState,
    after,
    check_appeal,
    check_decision,
    check_ground,
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


@pytest.mark.parametrize(("state", "event", "is_paused"), list(product(ReviewState, ReviewEvent, [False, True])))
def test_every_state_admits_exactly_the_events_of_the_table(
    state: ReviewState, event: ReviewEvent, is_paused: bool
) -> None:
    if (state, event) not in TRANSITIONS:
        expected: type[DomainError] | None = WrongState
    elif is_paused and event not in WHILE_PAUSED:
        expected = Paused
    elif event is ReviewEvent.RESUMED and not is_paused:
        expected = NotPaused
    else:
        assert after(state, event, is_paused=is_paused) is TRANSITIONS[state, event]
        return
    with pytest.raises(expected):
        after(state, event, is_paused=is_paused)


def test_of_a_conclusion_only_a_refusal_has_a_sequel_and_that_is_the_appeal() -> None:
    closed = set(ReviewState) - {*OPEN_STATES, ReviewState.RETURNED}
    sequels = {pair for pair in TRANSITIONS if pair[0] in closed}
    assert sequels == {(ReviewState.REFUSED, ReviewEvent.APPEALED)}
    assert TRANSITIONS[ReviewState.REFUSED, ReviewEvent.APPEALED] is ReviewState.REFUSED


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
    assert event_of(decision, is_last=is_last) is event
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


def test_a_data_request_is_not_returned() -> None:
    with pytest.raises(ReturnNotOffered):
        decide(Decision.RETURN_ONCE, procedure=Procedure.DATA_REQUEST)


@pytest.mark.parametrize("decision", list(Decision))
@pytest.mark.parametrize("kind", sorted(STAGES))
def test_only_an_operators_refusal_needs_a_ground_of_the_closed_list(kind: str, decision: Decision) -> None:
    check_ground(kind, decision, RefusalGround.OUTSIDE_SCOPE)
    if kind == "operator_check" and decision is Decision.REFUSE:
        with pytest.raises(GroundMissing, match="SEP-02"):
            check_ground(kind, decision, None)
    else:
        check_ground(kind, decision, None)


def appeal(today: date, *, is_appeal: bool = False) -> None:
    """Appeal against a refusal of Wednesday 1 July within five working days."""
    check_appeal(
        WorkingCalendar(), decided_on=date(2026, 7, 1), today=today, days=5, is_appeal=is_appeal,
        procedure=Procedure.PRODUCT,
    )  # fmt: skip


def test_a_refusal_is_appealed_until_the_last_working_day_and_once() -> None:
    appeal(date(2026, 7, 8))
    with pytest.raises(AppealTooLate, match="2026-07-08"):
        appeal(date(2026, 7, 9))
    with pytest.raises(AppealedBefore, match="最终"):
        appeal(date(2026, 7, 1), is_appeal=True)
