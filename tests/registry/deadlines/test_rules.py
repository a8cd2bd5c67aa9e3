"""Legal clocks: last days, pauses, silence, and deadlines that follow a new holiday table."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.calendar import WorkingCalendar
from registry.deadlines.rules import (
    ClockState,
    Pause,
    TooLate,
    clock,
    is_late,
    last_day,
    may_move,
    refuse_late_opinion,
    silence_begins,
    why_moved,
)

CALENDAR = WorkingCalendar()
DUE = date(2026, 7, 8)
LAST_MOMENT = datetime(2026, 7, 8, 15, 59, 59, tzinfo=UTC)  # one second before midnight in Beijing
DAYS = st.dates(date(2026, 1, 5), date(2026, 6, 30))


def test_silence_begins_at_beijing_midnight_after_the_last_day() -> None:
    assert silence_begins(DUE) == LAST_MOMENT + timedelta(seconds=1)
    assert not is_late(DUE, LAST_MOMENT)
    assert is_late(DUE, silence_begins(DUE))
    assert not is_late(None, LAST_MOMENT)


def test_an_opinion_in_the_last_second_counts_and_one_second_later_it_does_not() -> None:
    refuse_late_opinion(DUE, LAST_MOMENT, silence_consents=True)
    with pytest.raises(TooLate, match="视为同意"):
        refuse_late_opinion(DUE, silence_begins(DUE), silence_consents=True)


def test_where_silence_does_not_consent_a_late_opinion_is_still_an_opinion() -> None:
    refuse_late_opinion(DUE, silence_begins(DUE) + timedelta(days=100), silence_consents=False)
    refuse_late_opinion(None, LAST_MOMENT, silence_consents=True)


def test_five_working_days_from_wednesday_1_july_end_on_8_july() -> None:
    assert last_day(CALENDAR, date(2026, 7, 1), 5) == DUE


def test_a_pause_from_thursday_to_monday_gives_two_working_days_back() -> None:
    pause = Pause(date(2026, 7, 2), date(2026, 7, 6))  # Friday and Monday stood still
    assert last_day(CALENDAR, date(2026, 7, 1), 5, [pause]) == date(2026, 7, 10)
    assert last_day(CALENDAR, date(2026, 7, 1), 5, [Pause(date(2026, 7, 2), date(2026, 7, 2))]) == DUE
    before_the_opening = Pause(date(2026, 6, 1), date(2026, 6, 20))
    assert last_day(CALENDAR, date(2026, 7, 1), 5, [before_the_opening]) == DUE


@given(DAYS, st.integers(1, 30), st.integers(0, 20), st.integers(0, 40))
def test_as_many_working_days_remain_after_the_resumption_as_remained_after_the_pause(
    opened_on: date, days: int, until_pause: int, length: int
) -> None:
    start = opened_on + timedelta(days=until_pause)
    end = start + timedelta(days=length)
    due = last_day(CALENDAR, opened_on, days)
    later = last_day(CALENDAR, opened_on, days, [Pause(start, end)])
    if start <= due:
        left = CALENDAR.working_days_between(start, due)
        assert CALENDAR.working_days_between(end, later) == left


def stands(today: date, **changed: object) -> tuple[ClockState, int | None]:
    """How the clock of a review due on 8 July stands."""
    values = {"is_open": True, "is_paused": False, "due_date": DUE, "today": today, "warning": 2} | changed
    found = clock(CALENDAR, **values)  # type: ignore[arg-type]
    return found.state, found.days_left


def test_a_clock_runs_warns_and_is_overdue() -> None:
    assert stands(date(2026, 7, 3)) == (ClockState.RUNNING, 3)
    assert stands(date(2026, 7, 6)) == (ClockState.WARNING, 2)
    assert stands(DUE) == (ClockState.WARNING, 0)
    assert stands(DUE, warning=None) == (ClockState.RUNNING, 0)
    assert stands(date(2026, 7, 9)) == (ClockState.OVERDUE, None)


def test_a_paused_a_closed_and_an_unlimited_review_are_never_late() -> None:
    late = date(2027, 1, 1)
    assert stands(late, is_paused=True) == (ClockState.PAUSED, None)
    assert stands(late, is_open=False) == (ClockState.CLOSED, None)
    assert stands(late, due_date=None) == (ClockState.NO_DEADLINE, None)


@pytest.mark.parametrize(
    ("old", "new", "today", "silence", "moves"),
    [
        ("2026-07-08", "2026-07-08", "2026-07-01", False, False),  # nothing differs
        ("2026-07-08", "2026-07-09", "2026-07-01", False, True),
        ("2026-07-08", "2026-07-07", "2026-07-01", False, True),
        ("2026-07-08", "2026-07-07", "2026-07-07", False, True),  # today is still left
        ("2026-07-08", "2026-07-07", "2026-07-08", False, False),  # not to a day that is over
        ("2026-07-08", "2026-07-10", "2026-07-09", False, True),  # late, but in time by the new table
        ("2026-07-08", "2026-07-10", "2026-07-09", True, False),  # silence has consented already
        ("2026-07-08", "2026-07-10", "2026-07-08", True, True),
    ],
)
def test_a_deadline_follows_the_table_but_not_into_the_past(
    old: str, new: str, today: str, silence: bool, moves: bool
) -> None:
    days = [date.fromisoformat(text) for text in (old, new, today)]
    assert may_move(*days, silence_consents=silence) is moves


def test_the_reason_names_the_table_and_the_days_that_departed() -> None:
    calendar = WorkingCalendar(
        {2026: {date(2026, 7, 3): False, date(2026, 7, 4): True}}, {date(2026, 7, 3): "临时放假"}
    )
    years, days = why_moved(calendar, date(2026, 7, 1), DUE, date(2026, 7, 8))
    assert (years, days) == ([2026], ["2026-07-03 临时放假", "2026-07-04 调休上班"])
