"""States of a payment, over every pair; the amount to the fen; references that notice typing mistakes."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import Money
from market.payments.gateway import BankTransfer, gateway, is_reference
from market.payments.rules import (
    AmountDiffers,
    Answer,
    AttemptState,
    PaymentEvent,
    PaymentMethod,
    PaymentState,
    WrongState,
    after,
    after_answer,
    must_match,
)

STEPS = {
    (PaymentState.EXPECTED, PaymentEvent.CAPTURE): PaymentState.CAPTURED,
    (PaymentState.EXPECTED, PaymentEvent.VOID): PaymentState.VOID,
    (PaymentState.CAPTURED, PaymentEvent.REFUND): PaymentState.REFUNDED,
}


@pytest.mark.parametrize(("state", "event"), list(product(PaymentState, PaymentEvent)))
def test_a_payment_takes_exactly_the_steps_of_its_table(state, event):
    if (state, event) in STEPS:
        assert after(state, event) is STEPS[state, event]
    else:
        with pytest.raises(WrongState):
            after(state, event)


def test_one_fen_short_is_refused_and_the_words_say_so():
    with pytest.raises(AmountDiffers, match=r"应付 800.00 元，到账 799.99 元，少 0.01 元") as caught:
        must_match("ORD202600000136", Money.yuan("800.00"), Money.yuan("799.99"))
    assert caught.value.errors[0]["difference"] == "0.01"


@given(st.integers(1, 10**12), st.integers(0, 10**12))
def test_every_difference_is_named_with_its_direction(expected, received):
    if expected == received:
        must_match("R", Money(expected), Money(received))
        return
    with pytest.raises(AmountDiffers) as caught:
        must_match("R", Money(expected), Money(received))
    gap = Money(abs(expected - received)).text()
    assert caught.value.errors[0]["message"] == f"{'少' if received < expected else '多'} {gap} 元"


@given(st.integers(1, 999_999), st.data())
def test_a_mistyped_digit_of_a_reference_is_noticed(number, data):
    reference = BankTransfer().reference(f"ORD-2026-{number:06d}")
    assert is_reference(reference)
    at = data.draw(st.integers(3, len(reference) - 1))
    wrong = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != reference[at]]))
    assert not is_reference(reference[:at] + wrong + reference[at + 1 :])


def test_a_bank_transfer_says_how_much_to_whom_and_with_which_remark():
    words = gateway(PaymentMethod.BANK_TRANSFER).instructions("ORD202600000136", Money.yuan("1234.50"), payee="甲公司")
    assert words.amount == Money.yuan("1234.50")
    assert all(part in words.text for part in ("1,234.50", "甲公司", "ORD202600000136"))


KNOWN_BY_STATE = {
    # the answers in the order of Answer: pending, succeeded, failed, cancelled, unknown, mismatch
    AttemptState.ASKED: "pending succeeded failed cancelled unknown parked",
    AttemptState.PENDING: "pending succeeded failed cancelled pending parked",
    AttemptState.UNKNOWN: "pending succeeded failed cancelled unknown parked",
    AttemptState.SUCCEEDED: " ".join(["succeeded"] * 6),
    AttemptState.FAILED: "failed succeeded failed failed failed parked",
    AttemptState.CANCELLED: "cancelled succeeded cancelled cancelled cancelled parked",
    AttemptState.PARKED: " ".join(["parked"] * 6),
}


@pytest.mark.parametrize("state", list(AttemptState))
def test_every_answer_about_a_try_leads_to_the_state_written_down(state):
    assert [after_answer(state, answer).value for answer in Answer] == KNOWN_BY_STATE[state].split()


@given(st.sampled_from(list(AttemptState)), st.lists(st.sampled_from(list(Answer)), max_size=8))
def test_money_that_came_is_never_forgotten_and_repetition_changes_nothing(state, answers):
    for answer in answers:
        following = after_answer(state, answer)
        assert after_answer(following, answer) is following
        if state in (AttemptState.SUCCEEDED, AttemptState.PARKED):
            assert following is state
        state = following
