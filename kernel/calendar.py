"""Beijing dates, periods, and the working-day calendar of China; pure: no clock is read here."""

import re
from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from typing import Self

import chinese_calendar
from chinese_calendar.constants import holidays as library_holidays

from kernel.errors import Invalid

# China has had one time zone without summer time since 1991; a fixed offset needs no tz database on the machine.
BEIJING = timezone(timedelta(hours=8), "Asia/Shanghai")
DAY = timedelta(days=1)
MONTHS_PER_YEAR = 12
MONTHS_PER_QUARTER = 3
MONTH_TEXT = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
YEARS = (1900, 9998)  # what people write; a day before or after them still exists

LIBRARY_YEARS = range(min(library_holidays).year, max(library_holidays).year + 1)
HOLIDAY_NAMES = {
    "New Year's Day": "元旦",
    "Spring Festival": "春节",
    "Tomb-sweeping Day": "清明节",
    "Labour Day": "劳动节",
    "Dragon Boat Festival": "端午节",
    "National Day": "国庆节",
    "Mid-autumn Festival": "中秋节",
    "Anti-Fascist 70th Day": "抗战胜利纪念日",
}
WEEKDAY_NAMES = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")
FIRST_REST_WEEKDAY = WEEKDAY_NAMES.index("周六")


class CalendarGap(Invalid):
    """A deadline runs into a year whose holidays nobody has entered yet."""

    code = "calendar.gap"
    title = "节假日表未覆盖该年度"
    title_en = "No holiday table for that year"


class NotAPeriod(Invalid):
    """A text or a pair of dates that is no period."""

    code = "calendar.not_a_period"
    title = "期间格式不正确"
    title_en = "Not a period"


def business_date(moment: datetime) -> date:
    """Return the Beijing date on which a moment falls; this, and never ``.date()``, decides periods and deadlines.

    Raises:
        ValueError: the moment carries no time zone.
    """
    if moment.tzinfo is BEIJING:
        return moment.date()
    if moment.tzinfo is None or moment.utcoffset() is None:
        raise ValueError("a moment needs a time zone; a naive datetime has no business date")
    return moment.astimezone(BEIJING).date()


def start_of_day(day: date) -> datetime:
    """Return the first moment of a Beijing date, with its zone."""
    return datetime.combine(day, time.min, tzinfo=BEIJING)


def add_months(day: date, months: int) -> date:
    """Return the same day so many months on; where that month is shorter, its last day."""
    year, month_index = divmod(day.year * MONTHS_PER_YEAR + day.month - 1 + months, MONTHS_PER_YEAR)
    month = month_index + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


@dataclass(frozen=True, order=True, slots=True)
class Period:
    """Days from ``start`` up to but not including ``end``."""

    start: date
    end: date

    def __post_init__(self) -> None:
        for bound in (self.start, self.end):
            if type(bound) is not date:
                raise TypeError("a period is bounded by dates, not moments")
        if self.end <= self.start:
            raise NotAPeriod(f"期间的结束日（不含）{self.end} 必须晚于开始日 {self.start}。")

    @classmethod
    def month(cls, text: object) -> Self:
        """Return the month written ``"2026-10"``.

        Raises:
            NotAPeriod: the text is not a month.
        """
        if not isinstance(text, str) or MONTH_TEXT.fullmatch(text) is None or not _is_usual(text):
            raise NotAPeriod(f"“{str(text)[:20]}”不是月份：请写成 2026-10。", detail_en="Write the month as 2026-10.")
        return cls.month_of(date.fromisoformat(f"{text}-01"))

    @classmethod
    def month_of(cls, day: date) -> Self:
        """Return the calendar month in which a day lies."""
        first = day.replace(day=1)
        return cls(first, add_months(first, 1))

    @classmethod
    def year(cls, year: int) -> Self:
        """Return a calendar year, which is also the accounting year."""
        return cls(date(year, 1, 1), date(year + 1, 1, 1))

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.end - self.start).days

    @property
    def last_day(self) -> date:
        """The last day that belongs to it."""
        return self.end - DAY

    def contains(self, day: date) -> bool:
        """Say whether a day belongs to the period."""
        return self.start <= day < self.end

    def overlap(self, other: "Period") -> "Period | None":
        """Return the common part, or None."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Period(start, end) if start < end else None

    def __iter__(self) -> Iterator[date]:
        return (self.start + DAY * offset for offset in range(self.days))

    def text(self) -> str:
        """Return ``2026-10`` for a whole month, ``2026`` for a year, else both days, the last one included."""
        if self.start.day == 1 and self.end == add_months(self.start, 1):
            return f"{self.start.year:04d}-{self.start.month:02d}"
        if self.start == date(self.start.year, 1, 1) and self.end == add_months(self.start, MONTHS_PER_YEAR):
            return f"{self.start.year:04d}"
        return f"{self.start.isoformat()} 至 {self.last_day.isoformat()}"


def _is_usual(text: str) -> bool:
    return YEARS[0] <= int(text[:4]) <= YEARS[1]


class WorkingCalendar:
    """Working days of China: tables handed in first, then the library's, then nothing but a refusal.

    A year's table names the days that depart from Monday-to-Friday (``True`` works, ``False`` rests) and wins over the
    library day by day, so that one corrected day needs one line.

    Args:
        tables: ``{2027: {date(2027, 1, 1): False}}``.
        names: why a day rests, for the explanation; optional.
    """

    def __init__(
        self, tables: Mapping[int, Mapping[date, bool]] | None = None, names: Mapping[date, str] | None = None
    ) -> None:
        self._tables = {year: dict(table) for year, table in (tables or {}).items()}
        self._names = dict(names or {})
        for year, table in self._tables.items():
            for day in table:
                if day.year != year:
                    raise Invalid(f"{year} 年的节假日表里出现了 {day.isoformat()}，请移到相应年度。")

    def covers(self, year: int) -> bool:
        """Say whether the holidays of a year are known."""
        return year in self._tables or year in LIBRARY_YEARS

    def first_year_without_table(self, today: date) -> int:
        """Return the first year from today's on whose holidays must still be entered."""
        year = today.year
        while self.covers(year):
            year += 1
        return year

    def is_working_day(self, day: date) -> bool:
        """Say whether offices work on that day.

        Raises:
            CalendarGap: nobody entered the holidays of that year.
        """
        if not self.covers(day.year):
            raise CalendarGap(
                f"{day.year} 年的节假日安排尚未录入，不能推算到 {day.isoformat()} 的工作日期限；"
                f"请按国务院办公厅通知补充 policies/holidays/{day.year}.yaml 后重试。",
                detail_en=f"No holidays for {day.year}; add policies/holidays/{day.year}.yaml.",
                errors=[{"pointer": "", "code": "calendar.gap", "message": "缺少节假日表", "year": day.year}],
            )
        table = self._tables.get(day.year, {})
        if day in table:
            return table[day]
        if day.year in LIBRARY_YEARS:
            return bool(chinese_calendar.is_workday(day))
        return day.weekday() < FIRST_REST_WEEKDAY

    def add_working_days(self, start: date, days: int) -> date:
        """Return the last day of a term of working days; the day of the event is not counted.

        Raises:
            CalendarGap: the term runs into a year without a table.
            Invalid: ``days`` is negative.
        """
        if days < 0:
            raise Invalid("工作日天数不能为负数。", detail_en="Working days cannot be negative.")
        day, left = start, days
        while left:
            day += DAY
            left -= self.is_working_day(day)
        return day

    def working_days_between(self, start: date, end: date) -> int:
        """Count the working days after ``start`` up to and including ``end``.

        Raises:
            CalendarGap: the days run into a year without a table.
        """
        return sum(self.is_working_day(day) for day in _days_after(start, end))

    def skipped(self, start: date, due: date) -> list[tuple[date, str]]:
        """Return the days after ``start`` up to ``due`` that did not count, each with the reason.

        Raises:
            CalendarGap: the days run into a year without a table.
        """
        return [(day, self._why(day)) for day in _days_after(start, due) if not self.is_working_day(day)]

    def _why(self, day: date) -> str:
        if day in self._names:
            return self._names[day]
        if day.year in LIBRARY_YEARS and day not in self._tables.get(day.year, {}):
            name = chinese_calendar.get_holiday_detail(day)[1]
            if name:
                return HOLIDAY_NAMES.get(str(name), str(name))
        return WEEKDAY_NAMES[day.weekday()] if day.weekday() >= FIRST_REST_WEEKDAY else "节假日表所列休息日"


def _days_after(start: date, end: date) -> Iterator[date]:
    return (start + DAY * offset for offset in range(1, (end - start).days + 1))
