"""How one price follows another: the quantities at which two are compared, rises and their notice, the history."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction
from math import floor
from typing import Generic, Protocol, TypeVar

from kernel.errors import Invalid
from kernel.money import UNITS_PER_YUAN, UnitPrice
from pricing.rating.rules import TariffModel, exact_price

ONE_DAY = timedelta(days=1)


class PriceStatus(StrEnum):
    """Where a price stands on a day."""

    PAST = "past"
    PRESENT = "present"
    ANNOUNCED = "announced"


class RiseTooSoon(Invalid):
    """A rise begins before the days of notice that the place demands are over."""

    code = "tariff.rise_too_soon"
    title = "涨价生效过早"
    title_en = "The rise begins too soon"


class Dated(Protocol):
    """A price as it stands on record."""

    @property
    def scope(self) -> str:
        """Whom it concerns."""

    @property
    def effective_from(self) -> date:
        """Its first day."""

    @property
    def unit_price_max(self) -> UnitPrice:
        """The most that one unit can cost."""

    @property
    def charge_unit(self) -> str:
        """By what it is charged."""


PriceT = TypeVar("PriceT", bound=Dated)


@dataclass(frozen=True, slots=True)
class Phase(Generic[PriceT]):
    """A price between its first and its last day; ``difference`` is to the one before, yuan per unit at most."""

    price: PriceT
    starts: date
    ends: date | None
    status: PriceStatus
    difference: Fraction | None


def edges(model: TariffModel) -> list[int]:
    """Return the whole quantities around which the price of a model turns: 1, and below, at and above each bound."""
    free = model.free_units
    bounds = {free, free + model.included, Fraction(model.package_size)}
    uppers = [*(tier.up_to for tier in model.tiers), *(band.up_to for band in model.bands)]
    bounds |= {free + upper for upper in uppers if upper is not None}
    bounds |= {Fraction(pack.quantity) for pack in model.packs}
    near = {floor(bound) + step for bound in bounds for step in (-1, 0, 1)}
    return sorted({1, *(quantity for quantity in near if quantity >= 1)})


def first_rise(before: TariffModel, after: TariffModel) -> int | None:
    """Return the smallest quantity at which the new price is the higher one, or None.

    Both are compared where either turns, at twice that, and so far out that only the price of one more unit counts.
    """
    turning = {*edges(before), *edges(after)}
    far = max(turning) * UNITS_PER_YUAN**2
    looked_at = sorted(turning | {2 * quantity for quantity in turning} | {far})
    return next(
        (
            quantity
            for quantity in looked_at
            if exact_price(after, Fraction(quantity)) > exact_price(before, Fraction(quantity))
        ),
        None,
    )


def is_odd(before: UnitPrice, after: UnitPrice, rate_max: Fraction) -> bool:
    """Say whether a price moves by more than that part of the price before it, up or down (A12).

    Exactly that part is ordinary. From nothing every price is odd, and so is nothing after a price.
    """
    return abs(after.units - before.units) > rate_max * before.units


def must_give_notice(effective_from: date, today: date, days: int, article: str, why: str) -> None:
    """Refuse a rise that begins before the days of notice are over.

    Args:
        effective_from: first day of the higher price.
        today: the day of publication.
        days: notice in days (policy ``pricing.notice_days_for_rise``).
        article: act and article of that number.
        why: what rises, in words.

    Raises:
        RiseTooSoon: names the first day on which the rise may begin.
    """
    earliest = today + timedelta(days=days)
    if effective_from < earliest:
        words = f"{why}，须提前 {days} 日公布（{article}），最早自 {earliest} 起执行"
        raise RiseTooSoon(
            f"{words}；请改填执行日期。",
            detail_en=f"A rise needs {days} days of notice: {earliest} at the earliest.",
            rule="PRC-05",
            article=article,
            errors=[{"pointer": "/effective_from", "code": RiseTooSoon.code, "message": words, "limit": str(earliest)}],
        )


def history(prices: Iterable[PriceT], today: date) -> list[Phase[PriceT]]:
    """Return past, present and announced prices with their days and differences, the latest first.

    Prices for the same subjects and buyers follow each other; each ends on the day before the next begins. A difference
    is named only between prices of one charge unit.
    """
    by_scope: dict[str, list[PriceT]] = defaultdict(list)
    for price in sorted(prices, key=lambda price: price.effective_from):
        by_scope[price.scope].append(price)
    found = [phase for row in by_scope.values() for phase in _phases(row, today)]
    return sorted(found, key=lambda phase: (-phase.starts.toordinal(), phase.price.scope))


def _phases(row: list[PriceT], today: date) -> list[Phase[PriceT]]:
    found = []
    for before, price, following in zip([None, *row], row, [*row[1:], None], strict=False):
        ends = None if following is None else following.effective_from - ONE_DAY
        if price.effective_from > today:
            status = PriceStatus.ANNOUNCED
        else:
            status = PriceStatus.PAST if ends is not None and ends < today else PriceStatus.PRESENT
        difference = None
        if before is not None and before.charge_unit == price.charge_unit:
            difference = price.unit_price_max.exact_yuan() - before.unit_price_max.exact_yuan()
        found.append(Phase(price, price.effective_from, ends, status, difference))
    return found
