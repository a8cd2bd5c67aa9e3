"""What becomes of a dispute, who is heard first, and exactly what is frozen."""

from __future__ import annotations

from datetime import date
from itertools import product
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import ZERO, Money
from market.disputes import rules
from market.disputes.rules import DisputeAct, DisputeState, Held, Outcome

ORDER = UUID(int=7)
DISPUTED = Money(1000)
FITTING = {
    (DisputeState.MEDIATION, Outcome.SETTLED, 0), (DisputeState.MEDIATION, Outcome.SETTLED, 400),
    (DisputeState.MEDIATION, Outcome.SETTLED, 1000), (DisputeState.REVIEW, Outcome.UPHELD, 1000),
    (DisputeState.REVIEW, Outcome.PARTLY, 400), (DisputeState.REVIEW, Outcome.DISMISSED, 0),
}  # fmt: skip


@pytest.mark.parametrize(("state", "act"), list(product(DisputeState, DisputeAct)))
def test_every_state_and_every_act(state, act):
    if (state, act) in rules.TRANSITIONS:
        assert rules.after(state, act, "DSP") is rules.TRANSITIONS[state, act]
    else:
        with pytest.raises(rules.WrongState):
            rules.after(state, act, "DSP")


@pytest.mark.parametrize(("state", "outcome", "fen"), list(product(rules.DECIDABLE, Outcome, [0, 400, 1000, 1001])))
def test_an_outcome_fits_the_way_and_the_award_fits_the_outcome(state, outcome, fen):
    if (state, outcome, fen) in FITTING:
        rules.must_fit(state, outcome, DISPUTED, Money(fen))
    else:
        with pytest.raises(rules.OutcomeUnfit):
            rules.must_fit(state, outcome, DISPUTED, Money(fen))


def test_a_matter_without_money_can_be_upheld_in_part():
    for outcome in (Outcome.UPHELD, Outcome.PARTLY, Outcome.DISMISSED):
        rules.must_fit(DisputeState.REVIEW, outcome, ZERO, ZERO)


def test_the_other_side_is_heard_or_its_days_are_over():
    until = date(2026, 8, 10)
    rules.must_be_heard("DSP", has_spoken=True, answer_until=until, today=date(2026, 8, 1))
    rules.must_be_heard("DSP", has_spoken=False, answer_until=until, today=date(2026, 8, 11))
    with pytest.raises(rules.NotHeard):
        rules.must_be_heard("DSP", has_spoken=False, answer_until=until, today=until)


def test_the_last_day_of_the_answer_comes_from_the_place_or_from_the_officer():
    today, rule, given_day = date(2026, 8, 1), date(2026, 8, 14), date(2026, 8, 5)
    assert rules.answer_date(rule, given_day, today) == rule
    assert rules.answer_date(None, given_day, today) == given_day
    for wrong in (None, date(2026, 7, 31)):
        with pytest.raises(rules.AnswerDateNeeded):
            rules.answer_date(None, wrong, today)


def test_of_an_order_something_and_at_most_all_is_disputed():
    assert rules.must_be_of_the_order("ORD", DISPUTED, DISPUTED) == DISPUTED
    for amount in (ZERO, Money(1001)):
        with pytest.raises(rules.LineUnfit):
            rules.must_be_of_the_order("ORD", amount, DISPUTED)


@given(st.integers(0, 10**6), st.lists(st.integers(1, 10**6), max_size=5))
def test_what_is_frozen_and_what_is_paid_are_the_order_and_never_more(order_fen, amounts):
    held = [Held(ORDER, f"DSP-{number}", None, Money(fen)) for number, fen in enumerate(amounts)]
    found = rules.frozen(ORDER, Money(order_fen), held)
    assert found.amount + found.free == Money(order_fen)
    assert ZERO <= found.amount == Money(min(sum(amounts), order_fen))
