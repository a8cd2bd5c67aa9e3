"""Months of the books: every step from every state, and the two persons who take them."""

from __future__ import annotations

from datetime import date

import pytest

from kernel.calendar import Period
from settlement.closing.checks import CHECKS
from settlement.closing.rules import (
    BLOCKER_TITLES,
    Blocker,
    ClosingEvent,
    ClosingState,
    Item,
    NotAMonth,
    NotReady,
    SameCloser,
    WrongState,
    after,
    must_be_a_month,
    must_be_clear,
    must_be_somebody_else,
)

ALLOWED = {
    (ClosingState.OPEN, ClosingEvent.START): ClosingState.CLOSING,
    (ClosingState.CLOSING, ClosingEvent.START): ClosingState.CLOSING,
    (ClosingState.CLOSING, ClosingEvent.GIVE_UP): ClosingState.OPEN,
    (ClosingState.CLOSING, ClosingEvent.CLOSE): ClosingState.CLOSED,
}
BLOCKERS_MIN = 12


@pytest.mark.parametrize("state", ClosingState)
@pytest.mark.parametrize("event", ClosingEvent)
def test_only_the_steps_of_the_table_are_possible(state: ClosingState, event: ClosingEvent) -> None:
    if (state, event) in ALLOWED:
        assert after(state, event) is ALLOWED[state, event]
    else:
        with pytest.raises(WrongState):
            after(state, event)


@pytest.mark.parametrize("blocker", Blocker)
def test_each_blocker_alone_keeps_a_month_open_and_is_named(blocker: Blocker) -> None:
    items = [Item(one, int(one is blocker), "某事") for one in Blocker]
    with pytest.raises(NotReady) as refused:
        must_be_clear(items)
    assert [error["code"] for error in refused.value.errors] == [str(blocker)]
    assert BLOCKER_TITLES[blocker] in refused.value.detail


def test_a_clear_list_lets_a_month_be_closed_and_has_at_least_twelve_lines() -> None:
    must_be_clear([Item(one, 0, "") for one in Blocker])
    assert len(CHECKS) == len(Blocker) >= BLOCKERS_MIN


def test_books_are_closed_by_whole_months_only() -> None:
    must_be_a_month(Period(date(2026, 8, 1), date(2026, 9, 1)))
    for period in (Period(date(2026, 8, 2), date(2026, 9, 1)), Period(date(2026, 7, 1), date(2026, 9, 1))):
        with pytest.raises(NotAMonth):
            must_be_a_month(period)


def test_who_starts_does_not_finish() -> None:
    must_be_somebody_else(is_same=False)
    with pytest.raises(SameCloser):
        must_be_somebody_else(is_same=True)
