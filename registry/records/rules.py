"""The clock of the first application, and what counts as a registration elsewhere. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from kernel.calendar import WorkingCalendar
from kernel.errors import Conflict, Invalid


class RecordKind(StrEnum):
    """Where a product may be registered besides the code of this register (REG-10)."""

    NATIONAL_CODE = "national_code"
    LOCAL_RECORD = "local_record"
    FILING = "filing"


class RecordEnded(Conflict):
    """The record has ended already."""

    code = "record.ended"


class PeriodReversed(Invalid):
    """A record that ends before it begins."""

    code = "record.period_reversed"


class DeliveredInFuture(Invalid):
    """A delivery is stated after it happened."""

    code = "record.delivered_in_future"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it came in, before it is kept as evidence."""

    content: bytes
    name: str
    media_type: str = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class ApplicationClock:
    """The term within which the first registration has to be applied for."""

    start: date
    due: date
    working_days: int
    is_legacy: bool
    citation: str

    def is_overdue(self, on: date) -> bool:
        """Say whether the last day is over."""
        return on > self.due

    def late_days(self, on: date) -> int:
        """Return how many days the last day is over; zero in time."""
        return max((on - self.due).days, 0)


def application_clock(
    *,
    delivered_on: date,
    operation_started_on: date,
    working_days: int,
    legacy_working_days: int,
    measure_in_force_on: date,
    citation: str,
    calendar: WorkingCalendar,
) -> ApplicationClock:
    """Return the term of the first application: it runs from the later of operation and delivery.

    Where both lie before the measure came into force, the longer transitional term runs from that day.

    Args:
        delivered_on: first day on which the product was delivered.
        operation_started_on: first day of the authorized operation.
        working_days: term after the delivery.
        legacy_working_days: term for what is older than the measure.
        measure_in_force_on: first day of the measure.
        citation: act and article, as shown.
        calendar: the day of the event is not counted.

    Raises:
        CalendarGap: the term runs into a year without a holiday table.

    Source:
        发改数据规〔2025〕26号 第九条（一） (REG-04).
    """
    start, days = max(delivered_on, operation_started_on), working_days
    is_legacy = start < measure_in_force_on
    if is_legacy:
        start, days = measure_in_force_on, legacy_working_days
    return ApplicationClock(start, calendar.add_working_days(start, days), days, is_legacy, citation)


def stands(valid_from: date, valid_until: date | None, ended_on: date | None, on: date) -> bool:
    """Say whether a record counts on that day; ``valid_until`` is its last day, ``ended_on`` the first without it."""
    return valid_from <= on and (valid_until is None or on <= valid_until) and (ended_on is None or on < ended_on)


def check_period(valid_from: date, valid_until: date | None) -> None:
    """Refuse a record that ends before it begins.

    Raises:
        PeriodReversed: the last day lies before the first.
    """
    if valid_until is not None and valid_until < valid_from:
        raise PeriodReversed(
            f"登记的有效期止 {valid_until} 早于起始日 {valid_from}，请核对登记凭证（REG-10）",
            detail_en="The record ends before it begins",
            rule="REG-10",
            errors=[{"pointer": "/valid_until", "code": "before_start", "message": "须不早于起始日"}],
        )


def check_delivered(delivered_on: date, today: date) -> None:
    """Refuse to state a delivery that has not happened.

    Raises:
        DeliveredInFuture: the day lies after today.
    """
    if delivered_on > today:
        raise DeliveredInFuture(
            f"交付日期 {delivered_on} 晚于今日 {today}：交付后再登记交付日期，首次登记的申请期限自该日起算（REG-04）",
            detail_en=f"{delivered_on} lies in the future",
            rule="REG-04",
            errors=[{"pointer": "/delivered_on", "code": "future", "message": f"须不晚于 {today}"}],
        )
