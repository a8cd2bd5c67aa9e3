"""A billing period in which prices change: each applies exactly from its date, and the parts add up. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from itertools import pairwise
from typing import TypeVar

from kernel.calendar import Period
from kernel.errors import Invalid
from kernel.money import ZERO, Money, decimal_text, round_half_up
from pricing.rating.rules import NONE, ModelKind, QuantityNegative, TariffModel, adjustments, counted, factor_of

T = TypeVar("T")


class PeriodUnpriced(Invalid):
    """On the first day of the period no price was in force."""

    code = "pricing.period_unpriced"
    title = "期间开始时没有价格"
    title_en = "No price is in force when the period begins"


class ChangedTwice(Invalid):
    """Two different prices would begin on the same day."""

    code = "pricing.changed_twice"
    title = "同一日有两个不同的价格"
    title_en = "Two prices begin on the same day"


class UseOutsidePeriod(Invalid):
    """A use lies outside the period that is rated."""

    code = "pricing.use_outside_period"
    title = "使用日期不在计费期间内"
    title_en = "A use lies outside the period"


@dataclass(frozen=True, slots=True)
class Part:
    """The days of one price: what was used in them, its exact price, and the fen it adds to the bill."""

    period: Period
    model: TariffModel
    quantity: Fraction
    exact: Fraction
    amount: Money


@dataclass(frozen=True, slots=True)
class RatedPeriod:
    """A whole period: ``amount`` is ``exact`` rounded once, and the parts add up to both."""

    amount: Money
    exact: Fraction
    parts: tuple[Part, ...]


def segments(changes: Iterable[tuple[date, T]], period: Period) -> list[tuple[Period, T]]:
    """Return what was in force on which days of a period, in order; together the parts are the whole period.

    A change counts from its own day on, so that day belongs to the new price. Changes may come in any order; those
    from the end of the period on, and those that a later one replaced before it began, change nothing.

    Args:
        changes: (first day, what begins then).
        period: the days to cover, its end not included.

    Raises:
        PeriodUnpriced: nothing was in force on the first day.
        ChangedTwice: two different things begin on one day.

    Source:
        PRC-05; 发改价格〔2025〕65号 五: 价目公示, 不得收取未予标明的费用.
    """
    begun: dict[date, T] = {}
    for day, value in changes:
        if begun.setdefault(day, value) != value:
            raise ChangedTwice(
                f"{day} 有两个不同的价格生效，无法判断按哪一个计费，请先更正。",
                detail_en=f"Two different prices begin on {day}.",
                rule="PRC-05",
            )
    before = [day for day in begun if day <= period.start]
    if not before:
        raise PeriodUnpriced(
            f"{period.start} 尚无生效的价格，该期间（{period.text()}）不能计费，请补充当时的价格。",
            detail_en=f"No price is in force on {period.start}.",
            rule="PRC-05",
        )
    inside = sorted(day for day in begun if period.start < day < period.end)
    bounds = [period.start, *inside, period.end]
    values = [begun[max(before)], *(begun[day] for day in inside)]
    return [(Period(first, end), value) for (first, end), value in zip(pairwise(bounds), values, strict=True)]


def rate_period(
    changes: Iterable[tuple[date, TariffModel]],
    used: Iterable[tuple[date, Fraction]],
    period: Period,
    *,
    carry: bool = True,
    grade: str | None = None,
) -> RatedPeriod:
    """Return what the use of a billing period costs when the price changes within it, once or often.

    What is counted (bands, free units, allowance, begun packs) goes on counting across a change: a unit is charged at
    the price of its day, in the band that the period's quantity has reached by then. A buyer who has earned a cheaper
    band keeps it when the seller changes the price, and nobody gets an allowance twice. Where the whole quantity moves
    to one band (``volume``), that is the band of the whole period. What belongs to the period as a whole (fixed fees,
    minimum, maximum, waiver) counts for each price by its share of the days. A price filed again unchanged therefore
    changes nothing.

    Repeated queries are taken out before (``tariffs.rules.billable``), over the whole period: a window that was opened
    under the old price stays open under the new one.

    Args:
        changes: (first day, tariff).
        used: (day, quantity), in any order.
        period: the billing period.
        carry: False lets each price start counting from nothing.
        grade: the buyer's contribution grade.

    Raises:
        PeriodUnpriced: no price was in force on the first day.
        ChangedTwice: two different prices begin on one day.
        UseOutsidePeriod: something was used on another day.
        QuantityNegative: less than nothing was used.
        GradeUnknown: one of the tariffs has grades, but not this one.
    """
    stretches = _merged(segments(changes, period))
    quantities = [NONE] * len(stretches)
    for day, quantity in used:
        if quantity < 0:
            raise QuantityNegative(f"{day} 的数量 {decimal_text(quantity)} 小于零。", detail_en="Quantity below zero.")
        quantities[_place(stretches, day, period)] += quantity
    whole, before, exact, billed = sum(quantities, NONE), NONE, NONE, ZERO
    parts = []
    for (days, model), quantity in zip(stretches, quantities, strict=True):
        share = Fraction(days.days, period.days)
        span = (before, whole) if carry else (NONE, quantity)
        price = _price_of(model, quantity, *span, share) * factor_of(model, grade)
        price += sum((line.exact for line in adjustments(model, price, share)), NONE)
        before, exact = before + quantity, exact + price
        parts.append(Part(days, model, quantity, price, round_half_up(exact) - billed))
        billed = round_half_up(exact)
    return RatedPeriod(billed, exact, tuple(parts))


def _merged(stretches: Sequence[tuple[Period, TariffModel]]) -> list[tuple[Period, TariffModel]]:
    """Join neighbours with the same price."""
    found = [stretches[0]]
    for days, model in stretches[1:]:
        earlier, same = found[-1]
        if model == same:
            found[-1] = (Period(earlier.start, days.end), model)
        else:
            found.append((days, model))
    return found


def _place(stretches: Sequence[tuple[Period, TariffModel]], day: date, period: Period) -> int:
    for position, (days, _) in enumerate(stretches):
        if days.contains(day):
            return position
    raise UseOutsidePeriod(
        f"{day} 不在计费期间 {period.text()} 内，请移到所属期间。",
        detail_en=f"{day} is outside the period.",
        rule="PRC-05",
    )


def _price_of(model: TariffModel, quantity: Fraction, before: Fraction, whole: Fraction, share: Fraction) -> Fraction:
    """Return what a quantity adds behind earlier use, and the share of the fixed fee."""
    if model.kind is ModelKind.VOLUME:
        reached = counted(model, whole)[0]
        charged = max(before + quantity - model.free_units, NONE) - max(before - model.free_units, NONE)
        return reached.unit_price.times(charged) + reached.flat_fee * share
    fixed, earlier, later = (
        sum((line.exact for line in counted(model, used)), NONE) for used in (NONE, before, before + quantity)
    )
    return later - earlier + fixed * share
