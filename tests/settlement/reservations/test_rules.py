"""Every step of a call that another platform answers, allowed and refused."""

from __future__ import annotations

from itertools import product

import pytest

from settlement.reservations.rules import (
    HOLDING,
    TRANSITIONS,
    ReservationEvent,
    ReservationState,
    WrongReservationState,
    after,
    is_stale,
)

PAIRS = list(product(ReservationState, ReservationEvent))
FORBIDDEN = {
    (ReservationState.UNKNOWN, ReservationEvent.FAIL), (ReservationState.UNKNOWN, ReservationEvent.LOSE),
    (ReservationState.RELEASED, ReservationEvent.FAIL), (ReservationState.RELEASED, ReservationEvent.LOSE),
    (ReservationState.RELEASED, ReservationEvent.GIVE_UP), (ReservationState.SETTLED, ReservationEvent.FAIL),
    (ReservationState.SETTLED, ReservationEvent.LOSE), (ReservationState.SETTLED, ReservationEvent.RETRY),
    (ReservationState.SETTLED, ReservationEvent.GIVE_UP),
}  # fmt: skip


@pytest.mark.parametrize(("state", "event"), PAIRS)
def test_each_pair_moves_or_is_refused(state: ReservationState, event: ReservationEvent) -> None:
    assert ((state, event) in TRANSITIONS) is ((state, event) not in FORBIDDEN)
    if (state, event) in FORBIDDEN:
        with pytest.raises(WrongReservationState):
            after(state, event)
    else:
        assert isinstance(after(state, event), ReservationState)


@pytest.mark.parametrize(("state", "event"), sorted(FORBIDDEN, key=str))
def test_the_end_of_a_try_that_the_table_refuses_is_stale_unless_it_is_a_retry(
    state: ReservationState, event: ReservationEvent
) -> None:
    assert is_stale(state, event, is_latest=True)


def test_an_answer_is_never_stale_and_a_failure_of_an_older_try_always() -> None:
    assert not any(is_stale(state, ReservationEvent.ANSWER, is_latest=False) for state in ReservationState)
    assert is_stale(ReservationState.PENDING, ReservationEvent.FAIL, is_latest=False)
    assert not is_stale(ReservationState.PENDING, ReservationEvent.LOSE, is_latest=True)


def test_a_unit_is_held_exactly_while_the_end_is_open() -> None:
    assert HOLDING == (ReservationState.PENDING, ReservationState.UNKNOWN)
    assert after(ReservationState.UNKNOWN, ReservationEvent.GIVE_UP) is ReservationState.RELEASED
