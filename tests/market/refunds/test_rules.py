"""States of a refund over every pair, answers in any order, and never more than is left."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import Money
from market.payments.rules import Answer
from market.refunds.rules import (
    OPEN,
    TRANSITIONS,
    DisputeStage,
    MoreThanPaid,
    RefundAct,
    RefundState,
    WrongState,
    after,
    after_answer,
    must_be_left,
    stage_of,
)


@pytest.mark.parametrize(("state", "act"), list(product(RefundState, RefundAct)))
def test_only_a_refund_that_was_asked_for_is_decided_or_withdrawn(state, act):
    if (state, act) in TRANSITIONS:
        assert after(state, act, "RFD-1") is TRANSITIONS[state, act]
        return
    with pytest.raises(WrongState, match="RFD-1"):
        after(state, act, "RFD-1")


KNOWN_BY_STATE = {
    # the answers in the order of Answer: pending, succeeded, failed, cancelled, unknown, mismatch
    RefundState.APPROVED: "pending done failed failed unknown unknown",
    RefundState.PENDING: "pending done failed failed pending pending",
    RefundState.UNKNOWN: "pending done failed failed unknown unknown",
}


@pytest.mark.parametrize("state", list(RefundState))
def test_every_answer_leads_to_the_state_written_down(state):
    wanted = KNOWN_BY_STATE.get(state, " ".join([state.value] * len(Answer)))
    assert [after_answer(state, answer).value for answer in Answer] == wanted.split()


@given(st.sampled_from(list(RefundState)), st.lists(st.sampled_from(list(Answer)), max_size=8))
def test_nothing_is_given_back_that_nobody_approved(state, answers):
    was_open = state in OPEN or state is RefundState.DONE
    for answer in answers:
        state = after_answer(state, answer)
    assert was_open or state is not RefundState.DONE


@given(st.integers(0, 10**6).map(Money), st.integers(1, 10**6).map(Money))
def test_no_more_is_given_back_than_is_left(left, amount):
    if amount <= left:
        must_be_left("PAY-1", left, amount)
        return
    with pytest.raises(MoreThanPaid) as caught:
        must_be_left("PAY-1", left, amount)
    assert caught.value.errors[0]["limit"] == left.text()


def test_an_inquiry_of_the_bank_moves_no_money():
    assert stage_of("warning_needs_response") is None
    assert [stage_of(word) for word in ("needs_response", "under_review", "won", "lost")] == [
        DisputeStage.OPENED, DisputeStage.OPENED, DisputeStage.WON, DisputeStage.LOST,
    ]  # fmt: skip
