"""When the settlement of a period is due, and from which day on one is reminded of it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from kernel.calendar import DAY, Period, WorkingCalendar


@dataclass(frozen=True, slots=True)
class Due:
    """A settlement that is not sealed: of which period, until which day, and whether one was reminded of it."""

    place: str
    period: Period
    due: date
    is_told: bool = False

    @property
    def name(self) -> str:
        """What the reminder is known by: one for each place and period."""
        return f"{self.place}/{self.period.text()}"


def due_day(last_intake: date, days: int, calendar: WorkingCalendar) -> date:
    """Return the day by which a settlement is to be sealed.

    Args:
        last_intake: the last day on which use of the period counts for it.
        days: working days that the place allows after it.
        calendar: which days are working days.
    """
    return calendar.add_working_days(last_intake, days)


def is_time(today: date, due: date, ahead: int, calendar: WorkingCalendar) -> bool:
    """Say whether the reminder is due: no more than so many working days are left, or the day has passed.

    Args:
        today: Beijing date.
        due: the day by which it is to be done.
        ahead: how many working days before it one is reminded.
        calendar: which days are working days.
    """
    return today >= due or calendar.add_working_days(today, ahead) >= due


def following(first: Period, until: date) -> list[Period]:
    """Return a calendar month and those after it that have ended or run on a day."""
    found = [first]
    while found[-1].end <= until:
        found.append(Period.month_of(found[-1].last_day + DAY))
    return found
