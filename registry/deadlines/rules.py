"""Legal clocks: the last day of a seat, pauses, days left, and the moment at which silence consents. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from kernel.calendar import DAY, FIRST_REST_WEEKDAY, WEEKDAY_NAMES, WorkingCalendar, business_date, start_of_day
from kernel.errors import Conflict


class ClockState(StrEnum):
    """How a legal clock stands today."""

    NO_DEADLINE = "no_deadline"
    RUNNING = "running"
    WARNING = "warning"
    OVERDUE = "overdue"
    PAUSED = "paused"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Clock:
    """The legal clock of a review as its readers see it; ``days_left`` counts working days after today."""

    state: ClockState
    due_date: date | None
    days_left: int | None


@dataclass(frozen=True, slots=True)
class Pause:
    """A time during which the clock stood still, from one business date to another."""

    start: date
    end: date


class TooLate(Conflict):
    """The opinion came after the moment at which silence already counted as consent."""

    code = "data_request.too_late"


def silence_begins(due_date: date) -> datetime:
    """Return the first moment after the last day for an opinion: Beijing midnight of the day after (RVW-05)."""
    return start_of_day(due_date + DAY)


def is_late(due_date: date | None, now: datetime) -> bool:
    """Say whether the last day for an opinion is over."""
    return due_date is not None and business_date(now) > due_date


def refuse_late_opinion(due_date: date | None, now: datetime, *, silence_consents: bool) -> None:
    """Refuse an opinion that comes after silence already counted as consent.

    Where silence does not count, a late opinion is late but still an opinion.

    Raises:
        TooLate: the last day is over and silence counts as consent.

    Source:
        RVW-05.
    """
    if silence_consents and is_late(due_date, now):
        raise TooLate(
            f"审核期限已于 {due_date} 届满，超期未审核视为同意（RVW-05），不能再提交意见；如有异议请按暂停授权程序办理",
            detail_en=f"Silence counted as consent after {due_date}; the opinion comes too late",
            rule="RVW-05",
        )


def last_day(calendar: WorkingCalendar, opened_on: date, days: int, pauses: Iterable[Pause] = ()) -> date:
    """Return the last day of a seat: its working days after the opening, and those during which it was paused.

    A pause adds the working days after the day of the pause, up to and including the day of the resumption: as many
    working days remain after the resumption as remained after the day on which the clock was stopped. The day of an
    event is never counted (§5), so a clock that is stopped and started on one day gains nothing.

    Args:
        calendar: working days of China.
        opened_on: the business date on which the seat was opened.
        days: working days that the law gives.
        pauses: what stopped the clock; pauses that ended before the opening add nothing.

    Raises:
        CalendarGap: the term runs into a year without a holiday table.
    """
    paused = sum(calendar.working_days_between(max(pause.start, opened_on), pause.end) for pause in pauses)
    return calendar.add_working_days(opened_on, days + paused)


def clock(
    calendar: WorkingCalendar,
    *,
    is_open: bool,
    is_paused: bool,
    due_date: date | None,
    today: date,
    warning: int | None,
) -> Clock:
    """Return how the clock of a review stands.

    Args:
        calendar: working days of China.
        is_open: somebody must still decide.
        is_paused: the clock stands still.
        due_date: the earliest last day of the open seats; ``None`` where the law gives none.
        today: the business date.
        warning: working days before the last day from which on it warns (``review.warning_working_days``);
            ``None`` never warns.

    Raises:
        CalendarGap: the last day lies in a year without a holiday table.
    """
    if not is_open:
        return Clock(ClockState.CLOSED, due_date, None)
    if is_paused:
        return Clock(ClockState.PAUSED, due_date, None)
    if due_date is None:
        return Clock(ClockState.NO_DEADLINE, None, None)
    if today > due_date:
        return Clock(ClockState.OVERDUE, due_date, None)
    left = calendar.working_days_between(today, due_date)
    is_near = warning is not None and left <= warning
    return Clock(ClockState.WARNING if is_near else ClockState.RUNNING, due_date, left)


def may_move(old: date, new: date, today: date, *, silence_consents: bool) -> bool:
    """Say whether a deadline follows a changed holiday table.

    It does not move when nothing differs. It is not brought forward to a day that is over already, for nobody could
    keep it. Where silence consents, a last day that is over stays: silence has consented.
    """
    if old == new or (silence_consents and today > old):
        return False
    return not new < min(old, today)


def why_moved(calendar: WorkingCalendar, opened_on: date, old: date, new: date) -> tuple[list[int], list[str]]:
    """Return the years of the holiday tables that were asked, and the days in them that depart from Monday-to-Friday.

    Raises:
        CalendarGap: a day lies in a year without a holiday table.
    """
    end = max(old, new)
    rests = [f"{day} {name}" for day, name in calendar.skipped(opened_on, end) if name not in WEEKDAY_NAMES]
    weekend = (day for day in _days(opened_on, end) if day.weekday() >= FIRST_REST_WEEKDAY)
    works = [f"{day} 调休上班" for day in weekend if calendar.is_working_day(day)]
    return list(range(opened_on.year, end.year + 1)), sorted([*rests, *works])


def _days(start: date, end: date) -> Iterable[date]:
    return (start + DAY * offset for offset in range(1, (end - start).days + 1))
