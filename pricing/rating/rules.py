"""Tariff models and what a quantity costs under them; exact, and rounded once to the fen."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from math import ceil
from typing import Any

from kernel.errors import Invalid
from kernel.money import ZERO, Money, UnitPrice, decimal_text, round_half_up
from kernel.reading import Reader

FREE = UnitPrice(0)
NONE = Fraction(0)


class ModelKind(StrEnum):
    """The ways of charging."""

    PER_UNIT = "per_unit"  # every unit at one price
    GRADUATED = "graduated"  # each band at its own price (差额累进)
    VOLUME = "volume"  # the whole quantity at the price of the band it reaches (全额累进)
    PACKAGE = "package"  # begun packages
    GRADUATED_PERCENTAGE = "graduated_percentage"  # bands of a turnover, each at its own fraction
    FLAT = "flat"  # one fee, whatever the quantity
    INCLUDED_OVERAGE = "included_overage"  # one fee with an allowance, and a price beyond it


BANDED = (ModelKind.GRADUATED, ModelKind.VOLUME, ModelKind.GRADUATED_PERCENTAGE)


class QuantityNegative(Invalid):
    """Nobody uses less than nothing."""

    code = "pricing.quantity_negative"
    title = "数量不能为负"
    title_en = "The quantity is negative"


@dataclass(frozen=True, slots=True)
class Tier:
    """One band: up to and including ``up_to``; a flat fee is added once when the band is entered."""

    up_to: Fraction | None
    unit_price: UnitPrice
    flat_fee: UnitPrice = FREE


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the working: a band, or an adjustment to the minimum or maximum spend (then without a band)."""

    band: int | None
    quantity: Fraction
    unit_price: UnitPrice
    flat_fee: Fraction
    exact: Fraction
    adjustment: str | None = None


@dataclass(frozen=True, slots=True)
class Rated:
    """What a quantity costs: ``amount`` is ``exact`` rounded once; the lines add up to ``exact``."""

    amount: Money
    exact: Fraction
    increment: Money | None
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class TariffModel:
    """One way of charging with its numbers; read it with ``from_dict``, which refuses what makes no sense."""

    kind: ModelKind
    tiers: tuple[Tier, ...] = ()
    unit_price: UnitPrice = FREE
    flat_fee: UnitPrice = FREE
    package_size: int = 1
    package_price: UnitPrice = FREE
    free_units: Fraction = NONE
    included: Fraction = NONE
    minimum_spend: Money | None = None
    maximum_spend: Money | None = None

    @classmethod
    def from_dict(cls, payload: object) -> "TariffModel":
        """Read a model as the API and the files write it.

        Raises:
            Unreadable: a field is missing, unknown or makes no sense; every one is named.
        """
        reader = Reader(payload)
        model = cls.read(reader)
        reader.close()
        return model

    @classmethod
    def read(cls, reader: Reader) -> "TariffModel":
        """Read the model's own keys; problems are noted in the reader, whose owner must close it before use."""
        noted = len(reader.problems)
        kind = reader.choice("model", ModelKind)
        if len(reader.problems) > noted:  # without the model no other key can be judged
            reader.ignore(*reader.keys())
            return cls(kind)
        fields: dict[str, Any] = {"kind": kind, **_READ[kind](reader)}
        for bound in ("minimum_spend", "maximum_spend"):
            reader.ignore(bound)
            if reader.has(bound):
                fields[bound] = reader.money(bound)
        model = cls(**fields)
        low, high = model.minimum_spend, model.maximum_spend
        if low is not None and high is not None and low > high:
            reader.complain("minimum_spend", "above_maximum", "最低消费高于最高消费", "is above maximum_spend")
        return model

    def to_dict(self) -> dict[str, Any]:
        """Return the canonical writing; ``from_dict`` reads it back to an equal model."""
        written: dict[str, Any] = {"model": str(self.kind)}
        if self.kind in BANDED:
            written["tiers"] = [
                {
                    "up_to": None if tier.up_to is None else decimal_text(tier.up_to),
                    "unit_price": tier.unit_price.text(),
                    "flat_fee": tier.flat_fee.text(),
                }
                for tier in self.tiers
            ]
        for name in _WRITTEN[self.kind]:
            value = getattr(self, name)
            written[name] = value.text() if isinstance(value, UnitPrice) else decimal_text(value)
        if self.free_units:
            written["free_units"] = decimal_text(self.free_units)
        for bound, spend in (("minimum_spend", self.minimum_spend), ("maximum_spend", self.maximum_spend)):
            if spend is not None:
                written[bound] = spend.text()
        return written


def rate(model: TariffModel, quantity: Fraction, previously_used: Fraction | None = None) -> Rated:
    """Return what a quantity costs by itself, and what it adds on top of earlier use in the same billing period.

    ``increment`` is the rounded price of earlier use and quantity together less the rounded price of earlier use
    alone, so that the increments of a period always add up to the price of the period. Where nothing was used before,
    nothing was charged before either, and the increment holds the fee for entering the first band.

    Args:
        model: the tariff.
        quantity: in charge units; in yuan for ``graduated_percentage``.
        previously_used: what was used before in the period, when an increment is wanted.

    Raises:
        QuantityNegative: one of the quantities is below zero.

    Source:
        发改价格〔2025〕65号, 三（二）: 按产品数量、服务次数、服务时间、数据调用量计费.
    """
    lines = _lines(model, quantity)
    exact = sum((line.exact for line in lines), NONE)
    increment = None
    if previously_used is not None:
        earlier = _amount(model, previously_used) if previously_used else ZERO
        increment = _amount(model, previously_used + quantity) - earlier
    return Rated(round_half_up(exact), exact, increment, lines)


def exact_price(model: TariffModel, quantity: Fraction) -> Fraction:
    """Return the unrounded price of a quantity in yuan.

    Raises:
        QuantityNegative: the quantity is below zero.
    """
    return sum((line.exact for line in _lines(model, quantity)), NONE)


def _amount(model: TariffModel, quantity: Fraction) -> Money:
    return round_half_up(exact_price(model, quantity))


def _lines(model: TariffModel, quantity: Fraction) -> tuple[Line, ...]:
    if quantity < 0:
        raise QuantityNegative(f"数量 {decimal_text(quantity)} 小于零，无法计费。", detail_en="Quantity below zero.")
    lines = _PRICE[model.kind](model, max(quantity - model.free_units, NONE))
    exact = sum((line.exact for line in lines), NONE)
    if model.minimum_spend is not None and exact < model.minimum_spend.exact_yuan():
        lines.append(_adjustment("minimum_spend", model.minimum_spend.exact_yuan() - exact))
    if model.maximum_spend is not None and exact > model.maximum_spend.exact_yuan():
        lines.append(_adjustment("maximum_spend", model.maximum_spend.exact_yuan() - exact))
    return tuple(lines)


def _adjustment(name: str, difference: Fraction) -> Line:
    return Line(None, NONE, FREE, difference, difference, name)


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


def _begun(quantity: Fraction, size: int) -> int:
    return ceil(Fraction(quantity, size))


def _read_per_unit(reader: Reader) -> dict[str, Any]:
    return {"unit_price": reader.unit_price("unit_price"), "free_units": _optional(reader, "free_units")}


def _read_flat(reader: Reader) -> dict[str, Any]:
    names = [name for name in ("flat_fee", "unit_price", "package_price") if reader.has(name)] or ["flat_fee"]
    for name in names[1:]:
        reader.ignore(name)
        reader.complain(name, "twice", "固定收费只能写一个价格", "a flat tariff has one price")
    return {"flat_fee": reader.unit_price(names[0])}


def _read_package(reader: Reader) -> dict[str, Any]:
    return {
        "package_size": _package_size(reader),
        "package_price": reader.unit_price("package_price"),
        "free_units": _optional(reader, "free_units"),
    }


def _read_overage(reader: Reader) -> dict[str, Any]:
    """Read fee, allowance and overage; ``package_price`` is the fee, or the price of a block beside a ``flat_fee``."""
    by_block = reader.has("flat_fee") and reader.has("package_price")
    fee = "flat_fee" if by_block or not reader.has("package_price") else "package_price"
    return {
        "flat_fee": reader.unit_price(fee),
        "included": reader.number("included"),
        "unit_price": reader.unit_price("package_price" if by_block else "unit_price"),
        "package_size": _package_size(reader) if reader.has("package_size") else 1,
    }


def _read_banded(reader: Reader) -> dict[str, Any]:
    tiers: list[Tier] = []
    lower, rows = NONE, reader.children("tiers")
    for position, row in enumerate(rows, start=1):
        fee = row.unit_price("flat_fee") if row.has("flat_fee") else FREE
        bound = row.number("up_to") if row.has("up_to") else None
        row.ignore("up_to", "flat_fee")
        tiers.append(Tier(bound, row.unit_price("unit_price"), fee))
        row.leave()
        if position == len(rows) and bound is not None:
            row.complain("up_to", "last_band_bounded", "最后一档必须没有上限（null）", "the last band must be open")
        if position < len(rows) and bound is None:
            row.complain("up_to", "open_band_not_last", "只有最后一档可以没有上限", "only the last band may be open")
        if bound is not None and bound <= lower:
            row.complain("up_to", "not_rising", "各档上限必须逐档提高且大于零", "bounds must rise from above zero")
        lower = lower if bound is None else max(bound, lower)
    return {"tiers": tuple(tiers), "free_units": _optional(reader, "free_units")}


def _optional(reader: Reader, key: str) -> Fraction:
    reader.ignore(key)
    return reader.number(key) if reader.has(key) else NONE


def _package_size(reader: Reader) -> int:
    size = reader.number("package_size")
    if reader.has("package_size") and (size < 1 or size.denominator != 1):
        reader.complain("package_size", "not_whole", "每包数量必须是不小于 1 的整数", "must be a whole number from 1")
        return 1
    return max(size.numerator, 1)


_READ: dict[ModelKind, Callable[[Reader], dict[str, Any]]] = {
    ModelKind.PER_UNIT: _read_per_unit,
    ModelKind.GRADUATED: _read_banded,
    ModelKind.VOLUME: _read_banded,
    ModelKind.PACKAGE: _read_package,
    ModelKind.GRADUATED_PERCENTAGE: _read_banded,
    ModelKind.FLAT: _read_flat,
    ModelKind.INCLUDED_OVERAGE: _read_overage,
}
_WRITTEN: dict[ModelKind, tuple[str, ...]] = {
    ModelKind.PER_UNIT: ("unit_price",),
    ModelKind.GRADUATED: (),
    ModelKind.VOLUME: (),
    ModelKind.PACKAGE: ("package_size", "package_price"),
    ModelKind.GRADUATED_PERCENTAGE: (),
    ModelKind.FLAT: ("flat_fee",),
    ModelKind.INCLUDED_OVERAGE: ("flat_fee", "included", "unit_price", "package_size"),
}
_PRICE: dict[ModelKind, Callable[[TariffModel, Fraction], list[Line]]] = {
    ModelKind.PER_UNIT: _price_per_unit,
    ModelKind.GRADUATED: _price_graduated,
    ModelKind.VOLUME: _price_volume,
    ModelKind.PACKAGE: _price_package,
    ModelKind.GRADUATED_PERCENTAGE: _price_graduated,
    ModelKind.FLAT: _price_flat,
    ModelKind.INCLUDED_OVERAGE: _price_overage,
}
