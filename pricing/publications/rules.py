"""How long a price counted, the steps of a plot, and cells that are no formulas. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from kernel.money import UnitPrice, decimal_text

DANGEROUS_STARTS = ("=", "+", "-", "@", "\t", "\r")


class Phase(StrEnum):
    """When a price or cap counts: 曾执行, 执行中, 已公布未执行."""

    FORMER = "former"
    PRESENT = "present"
    ANNOUNCED = "announced"


class What(StrEnum):
    """What stands on the timeline: 收费标准 or 上限收费标准."""

    PRICE = "price"
    CAP = "cap"


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when something counts; both days included, no last day while nothing follows."""

    first_day: date
    last_day: date | None
    phase: Phase


def spans(first_days: Sequence[date], today: date) -> list[Span]:
    """Return how long each of several prices of one scope counts, given the first days in order."""
    found = []
    for position, first_day in enumerate(first_days):
        later = first_days[position + 1 : position + 2]
        last_day = later[0] - timedelta(days=1) if later else None
        if first_day > today:
            phase = Phase.ANNOUNCED
        else:
            phase = Phase.FORMER if last_day is not None and last_day < today else Phase.PRESENT
        found.append(Span(first_day, last_day, phase))
    return found


def steps(values: Iterable[tuple[date, UnitPrice]], until: date) -> list[tuple[date, Decimal]]:
    """Return the corners of a step line: every value holds until the next one begins, the last until ``until``."""
    corners: list[tuple[date, Decimal]] = []
    for first_day, value in values:
        if corners:
            corners.append((first_day, corners[-1][1]))
        corners.append((first_day, value.decimal))
    if corners and until > corners[-1][0]:
        corners.append((until, corners[-1][1]))
    return corners


def headroom(highest: UnitPrice, cap: UnitPrice | None) -> str | None:
    """Return what is left between price and cap in yuan, as text; negative above the cap, None where there is none."""
    return None if cap is None else decimal_text(cap.exact_yuan() - highest.exact_yuan())


def cell(text: object) -> str:
    """Return a text that no spreadsheet program takes for a formula; nothing becomes an empty text."""
    plain = "" if text is None else str(text)
    return f"'{plain}" if plain.startswith(DANGEROUS_STARTS) else plain
