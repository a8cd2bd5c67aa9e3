"""What becomes of a complaint about a fee."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pricing.complaints.rules import (
    TRANSITIONS,
    AdjustmentMissing,
    AdjustmentUnfit,
    ComplaintAct,
    ComplaintState,
    Outcome,
    TooManyComplaints,
    WrongState,
    after,
    must_name_adjustment,
    refuse_flood,
)

NUMBER = "PCO-2026-000001"


@pytest.mark.parametrize("state", ComplaintState)
@pytest.mark.parametrize("act", ComplaintAct)
def test_every_pair_of_state_and_act_is_in_the_table_or_refused(state, act):
    if (state, act) in TRANSITIONS:
        assert after(state, act, NUMBER) is TRANSITIONS[state, act]
    else:
        with pytest.raises(WrongState, match=NUMBER):
            after(state, act, NUMBER)


def test_as_many_complaints_as_are_admitted_pass_and_one_more_waits():
    refuse_flood(4, 5, timedelta(minutes=10))
    with pytest.raises(TooManyComplaints) as refused:
        refuse_flood(5, 5, timedelta(minutes=10))
    assert refused.value.headers == {"Retry-After": "600"}


@pytest.mark.parametrize(
    "outcome, is_named, is_newer, refusal",
    [
        (Outcome.ADJUST, True, True, None),
        (Outcome.ADJUST, False, True, AdjustmentMissing),
        (Outcome.ADJUST, True, False, AdjustmentUnfit),
        (Outcome.KEEP, False, True, None),
        (Outcome.KEEP, True, True, AdjustmentUnfit),
    ],
)
def test_an_adjustment_is_named_exactly_where_one_was_decided(outcome, is_named, is_newer, refusal):
    if refusal is None:
        must_name_adjustment(NUMBER, outcome, is_named=is_named, is_newer=is_newer)
    else:
        with pytest.raises(refusal, match=NUMBER):
            must_name_adjustment(NUMBER, outcome, is_named=is_named, is_newer=is_newer)
