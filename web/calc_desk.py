"""What the calculators share: the book and the calendar beside the input, and how figures are written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from kernel.calendar import WorkingCalendar
from kernel.money import decimal_text
from kernel.policy import Cited, PolicyBook
from kernel.reading import Reader

# quantities carry 12 decimals, prices 8, coefficients of a band and of a grade 8 each: nothing is cut off
EXACT_DIGITS = 36
SHOWN_DIGITS = 12


class Desk:
    """What a calculator may look up beside its input."""

    def __init__(self, book: PolicyBook | None, calendar: WorkingCalendar | None) -> None:
        self._book = book
        self.calendar = calendar or WorkingCalendar()

    def find(self, place: str, name: str, on: date) -> Cited:
        """Return a value from the book of rules."""
        if self._book is None:
            raise TypeError("this calculator needs the book of rules")
        return self._book.find(place, name, on=on)


Calculator = Callable[[Reader, Desk], dict[str, Any]]


def optional(reader: Reader, key: str, read: Callable[[str], Any]) -> Any:
    """Read a key that may be missing."""
    reader.ignore(key)
    return read(key) if reader.has(key) else None


def exact_decimal(number: Fraction) -> Decimal:
    """Return a number that was read from text as a decimal, with as many digits as the text can have."""
    return Decimal(decimal_text(number, SHOWN_DIGITS))


def sources(*cited: Cited) -> list[dict[str, str]]:
    """Return rule, document and article of the values that a figure rests on."""
    return [{"rule": one.source.rule, "document": one.source.number, "article": one.source.article} for one in cited]
