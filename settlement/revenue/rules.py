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
from typing import Any

from kernel.calendar import DAY
from kernel.money import Money, decimal_text, total
from pricing.exemptions.rules import Purpose
from pricing.rating.rules import TariffModel, rate


class UseClass(StrEnum):
    """The two classes of the product list (27号 第九条（七）)."""

    INDUSTRY = "industry"
    PUBLIC_INTEREST = "public_interest"


PUBLIC_PURPOSES = (Purpose.PUBLIC_GOVERNANCE, Purpose.PUBLIC_WELFARE)


@dataclass(frozen=True, slots=True)
class Metered:
    """What is charged by one tariff: units so far, under the number by which the tariff is known."""

    tariff: str
    model: TariffModel
    billable: int


@dataclass(frozen=True, slots=True)
class Earned:
    """What a period earned, and the working: cumulative price, what earlier settlements took, the limit."""

    amount: Money
    cumulative: Money
    working: dict[str, Any]


def use_class_of(purpose: Purpose) -> UseClass:
    """Return the class of use of a declared purpose."""
    return UseClass.PUBLIC_INTEREST if purpose in PUBLIC_PURPOSES else UseClass.INDUSTRY


def earned_by_use(metered: Sequence[Metered], *, limit: Money, before: Money, is_used_up: bool) -> Earned:
    """Return what a period earned of an order that is charged by use.

    Args:
        metered: charged units since the order began, by tariff.
        limit: amount of the order; no more is ever earned.
        before: what earlier settlements took.
        is_used_up: all bought units are charged, so the whole amount is earned.

    Source:
        发改价格〔2025〕65号 三（二）; REV-03 (the parts add up to the whole).
    """
    prices = {item.tariff: rate(item.model, Fraction(item.billable)).amount for item in metered if item.billable}
    price = limit if is_used_up else min(total(prices.values()), limit)
    cumulative = max(price, before)
    working = {
        "basis": "use",
        "units": {item.tariff: item.billable for item in metered},
        "priced": {tariff: amount.text() for tariff, amount in sorted(prices.items())},
        "limit": limit.text(), "cumulative": cumulative.text(), "before": before.text(), "used_up": is_used_up,
    }  # fmt: skip
    return Earned(cumulative - before, cumulative, working)


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


def by_tariff(units: Mapping[str, int], tariffs: Mapping[str, tuple[str, TariffModel]]) -> list[Metered]:
    """Return the units of each kind of subject under the tariff that prices the kind.

    Args:
        units: kind of subject → charged units.
        tariffs: kind of subject → number and model of its tariff.
    """
    sums: dict[str, int] = {}
    models: dict[str, TariffModel] = {}
    for kind, count in units.items():
        number, model = tariffs[kind]
        sums[number] = sums.get(number, 0) + count
        models[number] = model
    return [Metered(number, models[number], sums[number]) for number in sorted(sums)]
