"""What a quantity costs under a tariff; exact, and rounded once to the fen. Pure.

The one rounding point: everything is exact fractions until the amount of a bill is rounded half up to the fen. In
this order the exact amount comes about: the bands or packs; the factor of the buyer's contribution grade on all of
that; the minimum and the maximum spend, which a grade therefore cannot undercut or exceed; the waiver of a small bill.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from kernel.errors import Invalid
from kernel.money import FEN_PER_YUAN, UNITS_PER_YUAN, ZERO, Money, UnitPrice, decimal_text, round_half_up
from pricing.packs.rules import cheapest
from pricing.tariff_models.rules import BANDED, FREE, NONE, ONE, Band, ModelKind, TariffModel, Tier

HALF_FEN = Fraction(1, 2 * FEN_PER_YUAN)
UNITS_PER_FEN = UNITS_PER_YUAN // FEN_PER_YUAN

__all__ = [
    "BANDED",
    "FREE",
    "HALF_FEN",
    "NONE",
    "Band",
    "GradeUnknown",
    "Line",
    "ModelKind",
    "QuantityNegative",
    "Rated",
    "TariffModel",
    "Tier",
    "adjustments",
    "counted",
    "exact_price",
    "factor_of",
    "rate",
]


class QuantityNegative(Invalid):
    """Nobody uses less than nothing."""

    code = "pricing.quantity_negative"
    title = "数量不能为负"
    title_en = "The quantity is negative"


class GradeUnknown(Invalid):
    """The tariff has contribution grades, and this is none of them."""

    code = "pricing.grade_unknown"
    title = "没有该贡献等级"
    title_en = "No such contribution grade"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the working: a band, packs of one size, or an adjustment (then without a band).

    Adjustments are ``coefficient``, ``minimum_spend``, ``maximum_spend`` and ``waived``. ``pack`` tells how many units
    each pack has, ``coefficient`` by what the line was multiplied.
    """

    band: int | None
    quantity: Fraction
    unit_price: UnitPrice
    flat_fee: Fraction
    exact: Fraction
    adjustment: str | None = None
    pack: int | None = None
    coefficient: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Rated:
    """What a quantity costs: ``amount`` is ``exact`` rounded once; the lines add up to ``exact``."""

    amount: Money
    exact: Fraction
    increment: Money | None
    lines: tuple[Line, ...]


def rate(
    model: TariffModel, quantity: Fraction, previously_used: Fraction | None = None, grade: str | None = None
) -> Rated:
    """Return what a quantity costs by itself, and what it adds on top of earlier use in the same billing period.

    ``increment`` is the rounded price of earlier use and quantity together less the rounded price of earlier use
    alone, so that the increments of a period always add up to the price of the period. Where nothing was used before,
    nothing was charged before either, and the increment holds the fee for entering the first band.

    Args:
        model: the tariff.
        quantity: in charge units; in yuan for ``graduated_percentage``.
        previously_used: what was used before in the period, when an increment is wanted.
        grade: the buyer's published contribution grade; without one, or where the tariff has no grades, factor 1.

    Raises:
        QuantityNegative: one of the quantities is below zero.
        GradeUnknown: the tariff has grades, but not this one.

    Source:
        发改价格〔2025〕65号, 三（二）: 按产品数量、服务次数、服务时间、数据调用量计费.
    """
    lines = _lines(model, quantity, grade)
    exact = _sum(lines)
    increment = None
    if previously_used is not None:
        earlier = _amount(model, previously_used, grade) if previously_used else ZERO
        increment = _amount(model, previously_used + quantity, grade) - earlier
    return Rated(round_half_up(exact), exact, increment, lines)


def exact_price(model: TariffModel, quantity: Fraction, grade: str | None = None) -> Fraction:
    """Return the unrounded price of a quantity in yuan.

    Raises:
        QuantityNegative: the quantity is below zero.
        GradeUnknown: the tariff has grades, but not this one.
    """
    return _sum(_lines(model, quantity, grade))


def factor_of(model: TariffModel, grade: str | None) -> Fraction:
    """Return by what the price is multiplied for a buyer of that contribution grade.

    Raises:
        GradeUnknown: the tariff has grades, but not this one.
    """
    if grade is None or not model.contribution:
        return ONE
    found = dict(model.contribution)
    if grade not in found:
        names = "、".join(found)
        raise GradeUnknown(
            f"收费标准没有贡献等级“{grade}”（已公布：{names}），请核对该单位的等级。",
            detail_en=f"The tariff has no contribution grade {grade}; it has {', '.join(found)}.",
            errors=[{"pointer": "/grade", "code": GradeUnknown.code, "message": f"只能是 {names} 之一"}],
        )
    return found[grade]


def _amount(model: TariffModel, quantity: Fraction, grade: str | None) -> Money:
    return round_half_up(exact_price(model, quantity, grade))


def _sum(lines: tuple[Line, ...] | list[Line]) -> Fraction:
    return sum((line.exact for line in lines), NONE)


def _lines(model: TariffModel, quantity: Fraction, grade: str | None) -> tuple[Line, ...]:
    if quantity < 0:
        raise QuantityNegative(f"数量 {decimal_text(quantity)} 小于零，无法计费。", detail_en="Quantity below zero.")
    factor = factor_of(model, grade)
    lines = counted(model, quantity)
    exact = _sum(lines)
    if factor != 1:
        lines.append(_adjustment("coefficient", exact * (factor - 1), factor))
    return (*lines, *adjustments(model, exact * factor))


def counted(model: TariffModel, quantity: Fraction) -> list[Line]:
    """Return the lines of bands, packs and fees alone, before any grade, minimum, maximum or waiver."""
    return _PRICE[model.kind](model, max(quantity - model.free_units, NONE))


def adjustments(model: TariffModel, exact: Fraction, share: Fraction = ONE) -> list[Line]:
    """Return what minimum, maximum and waiver change of a price; ``share`` is the part of the cycle it stands for."""
    found = []
    low, high, waived = (
        _part(spend, share) for spend in (model.minimum_spend, model.maximum_spend, model.waived_up_to)
    )
    if low is not None and exact < low:
        found.append(_adjustment("minimum_spend", low - exact))
        exact = low
    if high is not None and exact > high:
        found.append(_adjustment("maximum_spend", high - exact))
        exact = high
    if waived is not None and exact and exact < waived + HALF_FEN:  # rounded, the bill is not above it
        found.append(_adjustment("waived", -exact))
    return found


def _part(spend: Money | None, share: Fraction) -> Fraction | None:
    return None if spend is None else spend.exact_yuan() * share


def _adjustment(name: str, difference: Fraction, coefficient: Fraction | None = None) -> Line:
    return Line(None, NONE, FREE, difference, difference, name, coefficient=coefficient)


def _line(band: int, quantity: Fraction, price: UnitPrice, flat_fee: UnitPrice = FREE) -> Line:
    fee = flat_fee.exact_yuan()
    return Line(band, quantity, price, fee, price.times(quantity) + fee)


def _price_per_unit(model: TariffModel, quantity: Fraction) -> list[Line]:
    return [_line(1, quantity, model.unit_price)]


def _price_flat(model: TariffModel, quantity: Fraction) -> list[Line]:
    return [_line(1, NONE, FREE, model.flat_fee)]


def _price_package(model: TariffModel, quantity: Fraction) -> list[Line]:
    return [_line(1, Fraction(_begun(quantity, model.package_size)), model.package_price)]


def _price_overage(model: TariffModel, quantity: Fraction) -> list[Line]:
    over = max(quantity - model.included, NONE)
    lines = [_line(1, min(quantity, model.included), FREE, model.flat_fee)]
    if over:
        begun = over if model.package_size == 1 else Fraction(_begun(over, model.package_size))
        lines.append(_line(2, begun, model.unit_price))
    return lines


def _price_graduated(model: TariffModel, quantity: Fraction) -> list[Line]:
    lines, lower = [], NONE
    for band, tier in enumerate(model.tiers, start=1):
        upper = quantity if tier.up_to is None else min(quantity, tier.up_to)
        lines.append(_line(band, upper - lower, tier.unit_price, tier.flat_fee))
        if upper == quantity:
            break
        lower = upper
    return lines


def _price_volume(model: TariffModel, quantity: Fraction) -> list[Line]:
    for band, tier in enumerate(model.tiers, start=1):
        if tier.up_to is None or quantity <= tier.up_to:
            return [_line(band, quantity, tier.unit_price, tier.flat_fee)]
    raise AssertionError("the last band has no upper bound")


def _price_packs(model: TariffModel, quantity: Fraction) -> list[Line]:
    if not quantity:
        return []
    bought, _ = cheapest(model.packs, ceil(quantity))
    posted = {pack.quantity: (band, pack) for band, pack in enumerate(model.packs, start=1)}
    lines = []
    for count, size in bought:
        band, pack = posted[size]
        exact = count * pack.price.exact_yuan()
        lines.append(Line(band, Fraction(count), UnitPrice(pack.price.fen * UNITS_PER_FEN), NONE, exact, pack=size))
    return lines


def _price_coefficient(model: TariffModel, quantity: Fraction) -> list[Line]:
    lines, lower = [], NONE
    for number, band in enumerate(model.bands, start=1):
        upper = quantity if band.up_to is None else min(quantity, band.up_to)
        exact = model.unit_price.times(upper - lower) * band.coefficient
        lines.append(Line(number, upper - lower, model.unit_price, NONE, exact, coefficient=band.coefficient))
        if upper == quantity:
            break
        lower = upper
    return lines


def _begun(quantity: Fraction, size: int) -> int:
    return ceil(Fraction(quantity, size))


_PRICE: dict[ModelKind, Callable[[TariffModel, Fraction], list[Line]]] = {
    ModelKind.PER_UNIT: _price_per_unit,
    ModelKind.GRADUATED: _price_graduated,
    ModelKind.VOLUME: _price_volume,
    ModelKind.PACKAGE: _price_package,
    ModelKind.GRADUATED_PERCENTAGE: _price_graduated,
    ModelKind.FLAT: _price_flat,
    ModelKind.INCLUDED_OVERAGE: _price_overage,
    ModelKind.PACKAGE_TABLE: _price_packs,
    ModelKind.VOLUME_COEFFICIENT: _price_coefficient,
}
