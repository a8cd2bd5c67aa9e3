"""How reports are asked for and how their rows are gathered. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from kernel.calendar import MONTHS_PER_QUARTER, Period, add_months
from kernel.errors import Invalid
from kernel.money import ZERO, Money


class Dimension(StrEnum):
    """By what a report divides."""

    PRODUCT = "product"
    DEPARTMENT = "department"
    OPERATOR = "operator"
    PLACE = "place"
    DOMAIN = "domain"


class Grain(StrEnum):
    """How long one part of a report is."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    WHOLE = "whole"


class Measure(StrEnum):
    """What is told: revenue of sales, or what the parties received of it."""

    REVENUE = "revenue"
    SHARE = "share"


class FromAfterUntil(Invalid):
    """The first month of a report lies after the last one."""

    code = "report.from_after_until"
    title = "起始月份晚于截止月份"
    title_en = "The first month lies after the last"


DIMENSION_TITLES = {
    Dimension.PRODUCT: "产品", Dimension.DEPARTMENT: "数源部门", Dimension.OPERATOR: "运营机构",
    Dimension.PLACE: "地方", Dimension.DOMAIN: "领域",
}  # fmt: skip
GRAIN_TITLES = {Grain.MONTH: "按月", Grain.QUARTER: "按季", Grain.YEAR: "按年", Grain.WHOLE: "合计"}
MEASURE_TITLES = {Measure.REVENUE: "收入", Measure.SHARE: "分得"}
COUNTS = ("lines", "quantity", "billable")
AMOUNTS = ("gross", "tax", "net", "shadow", "share", "treasury", "own_account", "held")
OTHERS = ""  # key of whatever the dimension does not name


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a report: amounts in fen, ``part`` names the month, quarter or year."""

    key: str
    title: str
    part: str
    lines: int = 0
    quantity: int = 0
    billable: int = 0
    gross: Money = ZERO
    tax: Money = ZERO
    net: Money = ZERO
    shadow: Money = ZERO
    share: Money = ZERO
    treasury: Money = ZERO
    own_account: Money = ZERO
    held: Money = ZERO

    def plus(self, other: Row) -> Row:
        """Return both together, under the names of this one."""
        return replace(self, **{name: getattr(self, name) + getattr(other, name) for name in (*COUNTS, *AMOUNTS)})


def part_of(period: Period, grain: Grain) -> str:
    """Return the name of the part in which a settlement's period begins: ``2026-08``, ``2026 Q3``, ``2026``."""
    start = period.start
    names = {
        Grain.MONTH: Period.month_of(start).text(),
        Grain.QUARTER: f"{start.year} Q{(start.month - 1) // MONTHS_PER_QUARTER + 1}",
        Grain.YEAR: str(start.year),
        Grain.WHOLE: "",
    }
    return names[grain]


def gathered(facts: Iterable[Row]) -> list[Row]:
    """Return the rows of each part and key added up, by part and then by key; what has no key comes last."""
    found: dict[tuple[str, bool, str], Row] = {}
    for fact in facts:
        key = (fact.part, fact.key == OTHERS, fact.key)
        found[key] = found[key].plus(fact) if key in found else fact
    return [found[key] for key in sorted(found)]


def closed(rows: Sequence[Row]) -> Row:
    """Return the sum of all rows."""
    total = Row("合计", "", "")
    for row in rows:
        total = total.plus(row)
    return total


def ranked(rows: Sequence[Row], name: str) -> list[Row]:
    """Return the rows of all parts together by one amount, the largest first, equal ones by key; the rest last."""
    whole = gathered(replace(row, part="") for row in rows)
    return sorted(whole, key=lambda row: (row.key == OTHERS, -getattr(row, name).fen, row.key))


def months(since: str, until: str) -> Period:
    """Return the days from the first of one month to the last of another.

    Raises:
        NotAPeriod: one of them is no month.
        FromAfterUntil: the first lies after the last.
    """
    first, last = Period.month(since), Period.month(until)
    if first > last:
        raise FromAfterUntil(
            f"起始月份 {since} 晚于截止月份 {until}，请对调后重试", detail_en="The first month lies after the last"
        )
    return Period(first.start, last.end)


def months_of(period: Period) -> list[str]:
    """Return the names of the months of a period, in order."""
    found, day = [], period.start
    while day < period.end:
        found.append(Period.month_of(day).text())
        day = add_months(day, 1)
    return found
