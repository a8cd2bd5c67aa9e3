"""Periods of repeated work: each has one name, none is doubled or lost, whatever the clock does (F8)."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.calendar import BEIJING
from kernel.schedule import (
    CATCH_UP_MAX,
    HOUR,
    MINUTE,
    Cadence,
    Daily,
    Every,
    Monthly,
    back_off,
    between,
    expected,
    follows,
    waiting,
)

CADENCES: list[Cadence] = [
    Every(timedelta(seconds=5)),
    Every(MINUTE),
    Every(10 * MINUTE),
    Every(HOUR),
    Daily(),
    Monthly(),
]
moments = st.integers(0, 5 * 366 * 24 * 3600).map(lambda s: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=s))


def beijing(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=BEIJING)


@given(moments, st.sampled_from(CADENCES))
def test_every_moment_lies_in_one_period_that_has_begun_and_before_the_next(moment: datetime, cadence: Cadence) -> None:
    slot = cadence.slot(moment)
    assert slot.starts_at <= moment < cadence.after(slot).starts_at
    assert cadence.slot(slot.starts_at) == slot
    assert follows(cadence, moment) == cadence.after(slot).starts_at


@given(moments, st.sampled_from(CADENCES), st.integers(1, 40))
def test_the_periods_between_two_moments_follow_each_other_without_a_gap(
    moment: datetime, cadence: Cadence, count: int
) -> None:
    slot = cadence.slot(moment)
    for _step in range(count):
        slot = cadence.after(slot)
    found = list(between(cadence, moment, slot.starts_at))
    assert len(found) == len({one.name for one in found}) == count
    assert all(cadence.after(one) == following for one, following in pairwise(found))


def test_a_day_is_a_beijing_date_over_month_and_year_end_and_february_29() -> None:
    daily = Daily(time(0, 5))
    names = {
        beijing(2027, 1, 1, 0, 4, 59): "2026-12-31",
        beijing(2027, 1, 1, 0, 5): "2027-01-01",
        beijing(2028, 2, 29, 12): "2028-02-29",
        beijing(2028, 3, 1, 0, 4): "2028-02-29",
        beijing(2027, 3, 1, 0, 5): "2027-03-01",
        datetime(2026, 11, 30, 16, 5, tzinfo=UTC): "2026-12-01",
    }
    assert {moment: daily.slot(moment).name for moment in names} == names
    leap = [slot.name for slot in between(daily, beijing(2028, 2, 27, 9), beijing(2028, 3, 1, 9))]
    assert leap == ["2028-02-28", "2028-02-29", "2028-03-01"]


def test_a_month_is_due_from_its_first_day_on() -> None:
    monthly = Monthly(time(0, 10))
    assert monthly.slot(beijing(2027, 1, 1, 0, 9)).name == "2026-12"
    assert monthly.slot(beijing(2027, 1, 1, 0, 10)).name == "2027-01"
    assert [one.name for one in between(monthly, beijing(2027, 12, 31), beijing(2028, 3, 1, 1))] == [
        "2028-01", "2028-02", "2028-03",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("length", "words"),
    [(MINUTE, "minute"), (5 * MINUTE, "5 minutes"), (HOUR, "hour"), (timedelta(seconds=5), "5 seconds")],
)  # fmt: skip
def test_how_often_is_said_as_in_the_manual(length: timedelta, words: str) -> None:
    assert Every(length).words == words


def test_work_that_was_never_done_is_due_once() -> None:
    now = beijing(2026, 11, 22, 10, 0, 30)
    slots, missed = waiting(Every(MINUTE), settled_until=None, now=now, each=True)
    assert ([slot.starts_at for slot in slots], missed) == ([beijing(2026, 11, 22, 10)], 0)


def test_after_a_stand_still_the_newest_period_makes_up_for_all_and_says_for_how_many() -> None:
    now = beijing(2026, 11, 22, 10)
    slots, missed = waiting(Every(MINUTE), settled_until=now - 26 * HOUR, now=now, each=False)
    assert ([slot.starts_at for slot in slots], missed) == ([now], 26 * 60 - 1)
    assert waiting(Every(MINUTE), settled_until=now, now=now, each=False) == ([], 0)


def test_work_of_each_day_is_made_up_for_day_by_day_and_in_order() -> None:
    slots, missed = waiting(Daily(), settled_until=beijing(2026, 12, 29, 0, 5), now=beijing(2027, 1, 2, 9), each=True)
    assert ([slot.name for slot in slots], missed) == (["2026-12-30", "2026-12-31", "2027-01-01", "2027-01-02"], 0)


def test_what_is_older_than_the_longest_catching_up_is_counted_as_missed() -> None:
    now = beijing(2026, 11, 22, 10)
    slots, missed = waiting(Daily(), settled_until=now - timedelta(days=CATCH_UP_MAX + 10, hours=9), now=now, each=True)
    assert (len(slots), missed, slots[-1].name) == (CATCH_UP_MAX, 10, "2026-11-22")


@given(moments, st.sampled_from(CADENCES))
def test_a_period_is_late_only_after_its_grace(moment: datetime, cadence: Cadence) -> None:
    must = expected(cadence, moment)
    assert must.starts_at + cadence.grace <= moment
    assert cadence.after(must).starts_at + cadence.grace > moment


def test_a_failed_period_rests_a_minute_then_twice_as_long_and_never_more_than_an_hour() -> None:
    assert [back_off(attempts) for attempts in (1, 2, 3, 7, 8, 1000)] == [
        MINUTE,
        2 * MINUTE,
        4 * MINUTE,
        HOUR,
        HOUR,
        HOUR,
    ]
