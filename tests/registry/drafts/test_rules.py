"""The steps of the guided form and what they still lack."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.drafts.rules import (
    HELD,
    NEEDED,
    STEP_TITLES,
    TRANSITIONS,
    DraftEvent,
    DraftIncomplete,
    DraftState,
    Step,
    UnknownContent,
    WrongDraftState,
    after,
    assembled,
    check_content,
    missing,
    refuse_incomplete,
)

FULL = {step.value: dict.fromkeys(HELD[step], "x") for step in Step}


@pytest.mark.parametrize(("state", "event"), list(product(DraftState, DraftEvent)))
def test_each_pair_of_state_and_event_is_allowed_by_the_table_or_refused(state: DraftState, event: DraftEvent) -> None:
    if (state, event) in TRANSITIONS:
        assert after(state, event) is TRANSITIONS[state, event]
    else:
        with pytest.raises(WrongDraftState):
            after(state, event)


def test_a_complete_draft_lacks_nothing_and_an_empty_one_everything_needed() -> None:
    assert missing(FULL) == {}
    refuse_incomplete(FULL)
    assert missing({}) == {step: list(names) for step, names in NEEDED.items() if names}
    with pytest.raises(DraftIncomplete, match=STEP_TITLES[Step.DATA]) as refusal:
        refuse_incomplete(FULL | {"data": {}})
    assert [error["pointer"] for error in refusal.value.errors] == ["/data/inputs"]


@given(st.sampled_from(Step), st.sampled_from(Step))
def test_a_step_holds_its_own_names_and_no_others(step: Step, other: Step) -> None:
    check_content(step, dict.fromkeys(HELD[step], ""))
    if other is not step:
        with pytest.raises(UnknownContent):
            check_content(step, dict.fromkeys(HELD[other], ""))


def test_the_steps_together_are_the_product() -> None:
    assert set(assembled(FULL)) == {name for names in HELD.values() for name in names}
    assert assembled({"delivery": {"title": "甲"}}) == {"title": "甲"}
