"""Batches and payouts take their steps and no others; an odd amount is noticed; legs balance."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import ZERO, Money, total
from settlement.payouts import rules
from settlement.payouts.rules import (
    BATCH_TRANSITIONS,
    ENDED,
    PAYOUT_TRANSITIONS,
    BatchEvent,
    BatchState,
    PayoutEvent,
    PayoutState,
    WrongState,
)

fen = st.integers(1, 10**12).map(Money)


@pytest.mark.parametrize("state", BatchState)
@pytest.mark.parametrize("event", BatchEvent)
def test_a_batch_takes_its_steps_and_no_others(state: BatchState, event: BatchEvent) -> None:
    if (state, event) in BATCH_TRANSITIONS:
        assert rules.batch_after(state, event, "B") is BATCH_TRANSITIONS[state, event]
    else:
        with pytest.raises(WrongState):
            rules.batch_after(state, event, "B")


@pytest.mark.parametrize("state", PayoutState)
@pytest.mark.parametrize("event", PayoutEvent)
def test_a_payout_takes_its_steps_and_no_others(state: PayoutState, event: PayoutEvent) -> None:
    if (state, event) in PAYOUT_TRANSITIONS:
        assert rules.payout_after(state, event, "P") is PAYOUT_TRANSITIONS[state, event]
        assert state not in ENDED
    else:
        with pytest.raises(WrongState):
            rules.payout_after(state, event, "P")


@pytest.mark.parametrize(("amount", "before", "is_odd"), [
    (300, [100, 90], False), (301, [100, 90], True), (10**9, [], False), (1, [1], False), (4, [1], True),
])  # fmt: skip
def test_more_than_three_times_the_largest_is_odd(amount: int, before: list[int], is_odd: bool) -> None:
    assert rules.is_odd(Money(amount), [Money(one) for one in before], 3) is is_odd


def test_a12_of_ten_thousand_ordinary_amounts_none_is_odd_and_every_planted_one_is() -> None:
    chance, factor = random.Random(12), 3
    for _ in range(10_000):
        before = [Money(chance.randint(1, 10**12)) for _ in range(chance.randint(0, 12))]
        largest = max((one.fen for one in before), default=10**15)
        ordinary = chance.choice([1, largest, factor * largest, chance.randint(1, factor * largest)])
        assert not rules.is_odd(Money(ordinary), before, factor)
        for planted in (factor * largest + 1, chance.randint(factor * largest + 1, 10**15)) if before else ():
            assert rules.is_odd(Money(planted), before, factor)


@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), fen, min_size=1), st.data())
def test_the_legs_of_a_payout_balance_and_turn(owed: dict[str, Money], data: st.DataObject) -> None:
    gross = total(owed.values())
    off = Money(data.draw(st.integers(0, gross.fen)))
    legs = rules.sending_legs(owed, {"r": off} if off else {}, "t")
    assert total(leg.amount for leg in legs) == ZERO
    assert all(leg.amount for leg in legs)
    assert [leg.amount for leg in rules.turned(legs)] == [-leg.amount for leg in legs]
