"""From the unit put aside to the use counted or given back; not knowing is a state of its own. Pure."""

from __future__ import annotations

from enum import StrEnum

from kernel.errors import Conflict
from registry.parties.rules import N_


class ReservationState(StrEnum):
    """Where a call stands that another platform answers."""

    PENDING = "pending"  # it was sent, or is about to be
    UNKNOWN = "unknown"  # it was sent and nothing came back: the same reference finds out
    SETTLED = "settled"  # answered and noted once
    RELEASED = "released"  # not answered, the unit was given back; the same reference may try again


class ReservationEvent(StrEnum):
    """What can happen to it."""

    ANSWER = "answer"
    FAIL = "fail"
    LOSE = "lose"
    RETRY = "retry"
    GIVE_UP = "give_up"


TITLES = {
    ReservationState.PENDING: N_("等待运营平台应答"),
    ReservationState.UNKNOWN: N_("结果未知"),
    ReservationState.SETTLED: N_("已应答并计量"),
    ReservationState.RELEASED: N_("未成功，已退还"),
}
HOLDING = (ReservationState.PENDING, ReservationState.UNKNOWN)
TRANSITIONS: dict[tuple[ReservationState, ReservationEvent], ReservationState] = {
    (ReservationState.PENDING, ReservationEvent.ANSWER): ReservationState.SETTLED,
    (ReservationState.PENDING, ReservationEvent.FAIL): ReservationState.RELEASED,
    (ReservationState.PENDING, ReservationEvent.LOSE): ReservationState.UNKNOWN,
    (ReservationState.PENDING, ReservationEvent.RETRY): ReservationState.PENDING,  # whoever asked is gone
    (ReservationState.PENDING, ReservationEvent.GIVE_UP): ReservationState.RELEASED,
    (ReservationState.UNKNOWN, ReservationEvent.ANSWER): ReservationState.SETTLED,  # a slow one comes back after all
    (ReservationState.UNKNOWN, ReservationEvent.RETRY): ReservationState.PENDING,
    (ReservationState.UNKNOWN, ReservationEvent.GIVE_UP): ReservationState.RELEASED,
    (ReservationState.RELEASED, ReservationEvent.ANSWER): ReservationState.SETTLED,
    (ReservationState.RELEASED, ReservationEvent.RETRY): ReservationState.PENDING,
    (ReservationState.SETTLED, ReservationEvent.ANSWER): ReservationState.SETTLED,  # of two tries the first counted
}


class WrongReservationState(Conflict):
    """The call does not admit this step now."""

    code = "reservation.wrong_state"


class InProgress(Conflict):
    """The same call is being answered at this moment."""

    code = "reservation.in_progress"
    title = "同一调用正在处理"
    title_en = "The same call is in progress"
    retryable = True


def after(state: ReservationState, event: ReservationEvent) -> ReservationState:
    """Return the state that follows.

    Raises:
        WrongReservationState: the event is not possible in that state.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise WrongReservationState(
            f"该调用目前“{TITLES[state]}”，不能{event}", detail_en=f"A call in state {state} does not admit {event}"
        ) from None


def is_stale(state: ReservationState, event: ReservationEvent, *, is_latest: bool) -> bool:
    """Say whether the end of a try tells nothing any more: it failed, and another try began or ended meanwhile."""
    if event is ReservationEvent.ANSWER:
        return False
    waiting = HOLDING if event is ReservationEvent.GIVE_UP else (ReservationState.PENDING,)
    return not is_latest or state not in waiting
