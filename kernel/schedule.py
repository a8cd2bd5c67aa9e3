"""When repeated work is due: its periods, which of them wait, and when it is late. Pure: the moment is an argument.

A period is counted in Beijing time and has one name for ever. Which periods wait is derived from those that are done,
never from a clock that was read before: a clock that jumps can therefore neither repeat a period nor lose one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Protocol

from kernel.calendar import BEIJING, DAY, add_months, business_date

EPOCH = datetime(1970, 1, 1, tzinfo=BEIJING)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
LATE_PERIODS = 3  # so many periods without a finished run are late …
LATE_AT_LEAST = timedelta(minutes=3)  # … but a takeover must fit in
CATCH_UP_MAX = 400  # periods that are made up one by one: more than a year of days
ATTEMPTS_MAX = 8
BACK_OFF_MAX = HOUR


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """One period of a work: from which moment it is due, and its name."""

    starts_at: datetime
    name: str

    @property
    def day(self) -> date:
        """The Beijing date on which it is due."""
        return business_date(self.starts_at)


class Cadence(Protocol):
    """How often a work is due."""

    @property
    def words(self) -> str:
        """Say how often, as the manual does."""

    @property
    def grace(self) -> timedelta:
        """How long after its moment a period may stay undone before it is late."""

    def slot(self, now: datetime) -> Slot:
        """Return the newest period that is due at ``now``."""

    def after(self, slot: Slot) -> Slot:
        """Return the period that follows."""


@dataclass(frozen=True, slots=True)
class Every:
    """Equal stretches of time, counted from a Beijing midnight."""

    length: timedelta

    def __post_init__(self) -> None:
        assert self.length >= SECOND, "a stretch is a whole number of seconds"
        assert not self.length % SECOND, "a stretch is a whole number of seconds"

    @property
    def words(self) -> str:
        """Say how often, as the manual does."""
        units = ((HOUR, "hour"), (MINUTE, "minute"), (SECOND, "second"))
        unit, name = next((unit, name) for unit, name in units if not self.length % unit)
        count = self.length // unit
        return name if count == 1 else f"{count} {name}s"

    @property
    def grace(self) -> timedelta:
        """Three stretches, and at least what a takeover takes."""
        return max(LATE_PERIODS * self.length, LATE_AT_LEAST)

    def slot(self, now: datetime) -> Slot:
        """Return the stretch in which ``now`` lies."""
        return self._slot((now - EPOCH) // self.length)

    def after(self, slot: Slot) -> Slot:
        """Return the stretch that follows."""
        return self._slot((slot.starts_at - EPOCH) // self.length + 1)

    def _slot(self, number: int) -> Slot:
        starts_at = EPOCH + number * self.length
        return Slot(starts_at, starts_at.isoformat(timespec="seconds"))


@dataclass(frozen=True, slots=True)
class Daily:
    """Each Beijing date, from a time of that day on."""

    at: time = time(0, 5)
    words: str = "day"
    grace: timedelta = 2 * HOUR

    def slot(self, now: datetime) -> Slot:
        """Return the newest day whose time has come."""
        today = self._slot(business_date(now))
        return today if today.starts_at <= now else self._slot(business_date(now) - DAY)

    def after(self, slot: Slot) -> Slot:
        """Return the day that follows."""
        return self._slot(slot.day + DAY)

    def _slot(self, day: date) -> Slot:
        return Slot(datetime.combine(day, self.at, tzinfo=BEIJING), day.isoformat())


@dataclass(frozen=True, slots=True)
class Monthly:
    """Each calendar month, from a time of its first day on; what it is about is the month before."""

    at: time = time(0, 10)
    words: str = "month"
    grace: timedelta = DAY

    def slot(self, now: datetime) -> Slot:
        """Return the newest month whose time has come."""
        first = business_date(now).replace(day=1)
        this = self._slot(first)
        return this if this.starts_at <= now else self._slot(add_months(first, -1))

    def after(self, slot: Slot) -> Slot:
        """Return the month that follows."""
        return self._slot(add_months(slot.day, 1))

    def _slot(self, first: date) -> Slot:
        return Slot(datetime.combine(first, self.at, tzinfo=BEIJING), f"{first:%Y-%m}")


def between(cadence: Cadence, after: datetime, now: datetime) -> Iterator[Slot]:
    """Give the periods after the one in which ``after`` lies, up to the one of ``now``, oldest first."""
    current, slot = cadence.slot(now), cadence.slot(after)
    while slot < current:
        slot = cadence.after(slot)
        yield slot


def waiting(cadence: Cadence, *, settled_until: datetime | None, now: datetime, each: bool) -> tuple[list[Slot], int]:
    """Return the periods that are to be run now, oldest first, and how many more nobody ran.

    Args:
        cadence: how often the work is due.
        settled_until: beginning of the newest period that is done or given up; ``None`` when there is none yet.
        now: the present moment.
        each: every period has work of its own (a day's comparison). Otherwise the newest makes up for all before it:
            the work brings things into line with the present.
    """
    current = cadence.slot(now)
    if settled_until is None:
        return [current], 0
    if settled_until >= current.starts_at:
        return [], 0
    if not each:
        return [current], _count(cadence, settled_until, current) - 1
    count = _count(cadence, settled_until, current)
    skipped = max(count - CATCH_UP_MAX, 0)
    slots = [slot for number, slot in enumerate(between(cadence, settled_until, now)) if number >= skipped]
    return slots, skipped


def _count(cadence: Cadence, after: datetime, current: Slot) -> int:
    if isinstance(cadence, Every):  # a long stand-still of a work that is due every few seconds
        return (current.starts_at - cadence.slot(after).starts_at) // cadence.length
    return sum(1 for _slot in between(cadence, after, current.starts_at))


def expected(cadence: Cadence, now: datetime) -> Slot:
    """Return the newest period that must be done by ``now``; without it, or a later one, the work is late."""
    return cadence.slot(now - cadence.grace)


def back_off(attempts: int) -> timedelta:
    """Return how long a failed period rests before it is tried again: a minute, doubled each time, at most an hour."""
    doubled: int = 2 ** min(max(attempts - 1, 0), ATTEMPTS_MAX)
    return min(doubled * MINUTE, BACK_OFF_MAX)


def follows(cadence: Cadence, now: datetime) -> datetime:
    """Return when the next period begins."""
    return cadence.after(cadence.slot(now)).starts_at
