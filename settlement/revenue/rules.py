"""What an order has earned so far, and what of it belongs to a period. Pure.

Everything is cumulative: a period earns what was earned by its end less what earlier settlements took. So the
periods of an order add up to its amount to the fen, whatever the rounding, and late events need no special case.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from typing import Any

from kernel.calendar import DAY, Period
from kernel.money import ZERO, Money, allocate, decimal_text, total
from pricing.exemptions.rules import Purpose
from pricing.rating.rules import TariffModel, rate


class UseClass(StrEnum):
    """The two classes of the product list (27号 第九条（七）)."""

    INDUSTRY = "industry"
    PUBLIC_INTEREST = "public_interest"


PUBLIC_PURPOSES = (Purpose.PUBLIC_GOVERNANCE, Purpose.PUBLIC_WELFARE)


@dataclass(frozen=True, slots=True)
class Earned:
    """What a period earned, and the working: cumulative price, what earlier settlements took, the limit."""

    amount: Money
    cumulative: Money
    working: dict[str, Any]


def use_class_of(purpose: Purpose) -> UseClass:
    """Return the class of use of a declared purpose."""
    return UseClass.PUBLIC_INTEREST if purpose in PUBLIC_PURPOSES else UseClass.INDUSTRY


def earned_by_use(
    model: TariffModel, billable: int, *, limit: Money, before: Money, bought: int, grade: str | None = None
) -> Earned:
    """Return what a period earned of an order that is charged by use.

    Args:
        model: the tariff of the order.
        billable: charged units since the order began.
        limit: amount of the order; no more is ever earned.
        before: what earlier settlements took.
        bought: units of the order; once all are charged, the whole amount is earned.
        grade: contribution grade of the buyer, where the model has a coefficient for it.

    Source:
        发改价格〔2025〕65号 三（二）; REV-03 (the parts add up to the whole).
    """
    price = rate(model, Fraction(billable), grade=grade).amount if billable else ZERO
    cumulative = max(limit if billable >= bought else min(price, limit), before)
    working = {
        "basis": "use", "units": billable, "bought": bought, "price": price.text(), "limit": limit.text(),
        "cumulative": cumulative.text(), "before": before.text(),
    }  # fmt: skip
    return Earned(cumulative - before, cumulative, working)


@lru_cache  # a month has many orders of one term and price, and nobody changes what is returned
def earned_by_time(first: date, last: date, end: date, *, limit: Money, before: Money) -> Earned:
    """Return what a period earned of an order that is charged by time: day by day, evenly.

    Args:
        first: first day of the term.
        last: last day of the term.
        end: first day after the period.
        limit: amount of the order.
        before: what earlier settlements took.
    """
    days = (last - first + DAY).days
    elapsed = min(max((end - first).days, 0), days)
    cumulative = max(limit.times(Fraction(elapsed, days)), before)
    working = {
        "basis": "time", "days": days, "elapsed": elapsed, "portion": decimal_text(Fraction(elapsed, days)),
        "limit": limit.text(), "cumulative": cumulative.text(), "before": before.text(),
    }  # fmt: skip
    return Earned(cumulative - before, cumulative, working)


@dataclass(frozen=True, slots=True)
class Month:
    """What one month recognises of an order that is charged by time."""

    month: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Recognition:
    """How far the money of one order is revenue; every amount with tax.

    ``invoiced`` are first invoices that were issued, ``credited`` the red letters against them (positive). What was
    paid and not given back is either recognised or deferred; what was invoiced and is not recognised yet is billed
    in advance, and the other way round not billed yet.
    """

    order: str
    product: str
    agreement: str
    use_class: UseClass
    amount: Money
    paid: Money
    given_back: Money
    invoiced: Money
    credited: Money
    recognised: Money
    to_come: tuple[Month, ...] = ()

    @property
    def deferred(self) -> Money:
        """What was paid and is neither given back nor earned: the balance of unearned revenue."""
        return self.paid - self.given_back - self.recognised

    @property
    def billed_ahead(self) -> Money:
        """What stands on invoices and is not earned; below zero: earned and on no invoice."""
        return self.invoiced - self.credited - self.recognised


@dataclass(frozen=True, slots=True)
class RedLetter:
    """A red letter to an invoice of several orders: its amount (positive), and what had gone back by then.

    ``returned`` is by order, from the beginning until the letter was asked for.
    """

    amount: Money
    returned: Mapping[str, Money]


def divided(lines: Mapping[str, Money], letters: Sequence[RedLetter]) -> list[dict[str, Money]]:
    """Return what each red letter takes from each order of an invoice; every letter is divided on its own, in its turn.

    A letter is about the money that had gone back by then and stood on no letter before it; what it takes beyond that
    is divided by what is left of each order. The parts of a letter are the letter to the fen, and no order is credited
    more than its line.

    Args:
        lines: what the invoice says of each order.
        letters: in the order in which they were asked for; together no more than the invoice.
    """
    found: list[dict[str, Money]] = []
    taken = dict.fromkeys(lines, ZERO)
    for letter in letters:
        left = {order: line - taken[order] for order, line in lines.items()}
        due = {
            order: min(max(letter.returned.get(order, ZERO) - taken[order], ZERO), rest) for order, rest in left.items()
        }
        of_returns = min(letter.amount, total(due.values()))
        parts = dict.fromkeys(lines, ZERO)
        beyond = {order: rest - due[order] for order, rest in left.items()}
        for amount, weights in ((of_returns, due), (letter.amount - of_returns, beyond)):
            if amount:
                shares = allocate(amount, {order: weight.fen for order, weight in weights.items()})
                parts = {order: part + shares[order] for order, part in parts.items()}
        taken = {order: taken[order] + part for order, part in parts.items()}
        found.append(parts)
    return found


def months_of_term(first: date, last: date, *, amount: Money) -> list[Month]:
    """Return what each calendar month of a term recognises: day by day, evenly; together the amount to the fen."""
    found, before, start = [], ZERO, Period.month_of(first)
    while start.start <= last:
        earned = earned_by_time(first, last, start.end, limit=amount, before=before)
        before = earned.cumulative
        found.append(Month(f"{start.start:%Y-%m}", earned.amount))
        start = Period.month_of(start.end)
    return found
