"""The ways of charging, read strictly from JSON and written canonically. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any

from kernel.money import UNITS_PER_YUAN, Money, UnitPrice, decimal_text
from kernel.reading import ENTRIES_MAX, Reader
from pricing.packs.rules import Pack

FREE = UnitPrice(0)
NONE = Fraction(0)
ONE = Fraction(1)


class ModelKind(StrEnum):
    """The ways of charging."""

    PER_UNIT = "per_unit"  # every unit at one price
    GRADUATED = "graduated"  # each band at its own price (差额累进)
    VOLUME = "volume"  # the whole quantity at the price of the band it reaches (全额累进)
    PACKAGE = "package"  # begun packages
    GRADUATED_PERCENTAGE = "graduated_percentage"  # bands of a turnover, each at its own fraction
    FLAT = "flat"  # one fee, whatever the quantity
    INCLUDED_OVERAGE = "included_overage"  # one fee with an allowance, and a price beyond it
    PACKAGE_TABLE = "package_table"  # posted packs (套餐), bought in the cheapest way that covers the quantity
    VOLUME_COEFFICIENT = "volume_coefficient"  # a base price, each band of it times its coefficient (超额累退)


BANDED = (ModelKind.GRADUATED, ModelKind.VOLUME, ModelKind.GRADUATED_PERCENTAGE)
SPENDS = ("minimum_spend", "maximum_spend", "waived_up_to")


@dataclass(frozen=True, slots=True)
class Tier:
    """One band: up to and including ``up_to``; a flat fee is added once when the band is entered."""

    up_to: Fraction | None
    unit_price: UnitPrice
    flat_fee: UnitPrice = FREE


@dataclass(frozen=True, slots=True)
class Band:
    """One band of a volume coefficient: up to and including ``up_to`` the base price counts ``coefficient`` times."""

    up_to: Fraction | None
    coefficient: Fraction


@dataclass(frozen=True, slots=True)
class TariffModel:
    """One way of charging with its numbers; read it with ``from_dict``, which refuses what makes no sense.

    Attributes:
        contribution: factor on the price of all bands by the buyer's published contribution grade.
        minimum_spend: least that is due, after the factor.
        maximum_spend: most that is due, after the factor.
        waived_up_to: a bill of no more than this is waived entirely; above it the whole is due.
    """

    kind: ModelKind
    tiers: tuple[Tier, ...] = ()
    unit_price: UnitPrice = FREE
    flat_fee: UnitPrice = FREE
    package_size: int = 1
    package_price: UnitPrice = FREE
    free_units: Fraction = NONE
    included: Fraction = NONE
    packs: tuple[Pack, ...] = ()
    bands: tuple[Band, ...] = ()
    contribution: tuple[tuple[str, Fraction], ...] = ()
    minimum_spend: Money | None = None
    maximum_spend: Money | None = None
    waived_up_to: Money | None = None

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
        for bound in SPENDS:
            reader.ignore(bound)
            if reader.has(bound):
                fields[bound] = reader.money(bound)
        fields["contribution"] = _read_contribution(reader)
        model = cls(**fields)
        _compare_spends(reader, model)
        return model

    @property
    def dearest_grade(self) -> str | None:
        """The contribution grade that pays most; None where nobody pays more than without a grade."""
        grade, factor = max(self.contribution, key=lambda entry: entry[1], default=(None, ONE))
        return grade if factor > 1 else None

    @property
    def highest_coefficient(self) -> Fraction:
        """The most that a contribution grade or a band multiplies its price by; at least 1 where a grade may lack."""
        volume = max((band.coefficient for band in self.bands), default=ONE)
        return volume * max([ONE, *(factor for _, factor in self.contribution)])

    def to_dict(self) -> dict[str, Any]:
        """Return the canonical writing; ``from_dict`` reads it back to an equal model."""
        written: dict[str, Any] = {"model": str(self.kind)}
        if self.kind in BANDED:
            written["tiers"] = [
                {"up_to": _bound(tier.up_to), "unit_price": tier.unit_price.text(), "flat_fee": tier.flat_fee.text()}
                for tier in self.tiers
            ]
        if self.packs:
            written["packs"] = [{"quantity": str(pack.quantity), "price": pack.price.text()} for pack in self.packs]
        for name in _WRITTEN[self.kind]:
            value = getattr(self, name)
            written[name] = value.text() if isinstance(value, UnitPrice) else decimal_text(value)
        if self.bands:
            written["bands"] = [
                {"up_to": _bound(band.up_to), "coefficient": decimal_text(band.coefficient)} for band in self.bands
            ]
        if self.free_units:
            written["free_units"] = decimal_text(self.free_units)
        for bound in SPENDS:
            spend = getattr(self, bound)
            if spend is not None:
                written[bound] = spend.text()
        if self.contribution:
            grades = {grade: decimal_text(factor) for grade, factor in self.contribution}
            written["coefficients"] = {"contribution": grades}
        return written


def _bound(up_to: Fraction | None) -> str | None:
    return None if up_to is None else decimal_text(up_to)


def _compare_spends(reader: Reader, model: TariffModel) -> None:
    low, high, waived = model.minimum_spend, model.maximum_spend, model.waived_up_to
    if low is not None and high is not None and low > high:
        reader.complain("minimum_spend", "above_maximum", "最低消费高于最高消费", "is above maximum_spend")
    if waived is not None and high is not None and waived >= high:
        reader.complain("waived_up_to", "above_maximum", "免收额不低于最高消费，将永远免费", "reaches maximum_spend")
    if waived is not None and model.packs:  # whether a dearer pack is due would hang on how packs are combined
        reader.complain("waived_up_to", "not_with_packs", "套餐表不能设免收额", "is not for a package table")


def _read_contribution(reader: Reader) -> tuple[tuple[str, Fraction], ...]:
    reader.ignore("coefficients")
    if not reader.has("coefficients"):
        return ()
    outer = reader.child("coefficients")
    table = outer.child("contribution")
    found = [(grade, _coefficient(table, grade)) for grade in table.keys()]
    if not found and outer.has("contribution"):
        outer.complain("contribution", "empty", "至少写一个贡献等级", "name at least one grade")
    if len(found) > ENTRIES_MAX or any(not grade.strip() for grade, _ in found):
        outer.complain("contribution", "not_allowed", "贡献等级名称为空或过多", "an empty name or too many grades")
    outer.leave()
    return tuple(sorted(found))


def _coefficient(reader: Reader, key: str) -> Fraction:
    """Read a coefficient with no more decimals than a unit price."""
    found = reader.number(key)
    if (found * UNITS_PER_YUAN).denominator != 1:
        reader.complain(key, "too_precise", "系数最多 8 位小数", "a coefficient has at most 8 decimals")
        return ONE
    return found


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
    tiers = []
    for row, bound in _rows_with_bounds(reader, "tiers"):
        row.ignore("flat_fee")
        fee = row.unit_price("flat_fee") if row.has("flat_fee") else FREE
        tiers.append(Tier(bound, row.unit_price("unit_price"), fee))
        row.leave()
    return {"tiers": tuple(tiers), "free_units": _optional(reader, "free_units")}


def _read_coefficient(reader: Reader) -> dict[str, Any]:
    bands = []
    for row, bound in _rows_with_bounds(reader, "bands"):
        bands.append(Band(bound, _coefficient(row, "coefficient")))
        row.leave()
    unit_price = reader.unit_price("unit_price")
    return {"unit_price": unit_price, "bands": tuple(bands), "free_units": _optional(reader, "free_units")}


def _rows_with_bounds(reader: Reader, key: str) -> list[tuple[Reader, Fraction | None]]:
    """Read the upper bounds of bands: rising from above zero, and only the last one open."""
    found: list[tuple[Reader, Fraction | None]] = []
    lower, rows = NONE, reader.children(key, most=ENTRIES_MAX)
    for position, row in enumerate(rows, start=1):
        row.ignore("up_to")
        bound = row.number("up_to") if row.has("up_to") else None
        if position == len(rows) and bound is not None:
            row.complain("up_to", "last_band_bounded", "最后一档必须没有上限（null）", "the last band must be open")
        if position < len(rows) and bound is None:
            row.complain("up_to", "open_band_not_last", "只有最后一档可以没有上限", "only the last band may be open")
        if bound is not None and bound <= lower:
            row.complain("up_to", "not_rising", "各档上限必须逐档提高且大于零", "bounds must rise from above zero")
        lower = lower if bound is None else max(bound, lower)
        found.append((row, bound))
    return found


def read_packs(reader: Reader) -> tuple[Pack, ...]:
    """Read the posted packs, from small to large; problems are noted in the reader."""
    packs: list[Pack] = []
    for row in reader.children("packs", most=ENTRIES_MAX):
        pack = Pack(_whole(row, "quantity", "每个套餐的数量"), row.money("price"))
        if packs and pack.quantity <= packs[-1].quantity:
            row.complain("quantity", "not_rising", "各套餐数量必须逐个提高", "quantities must rise from pack to pack")
        packs.append(pack)
        row.leave()
    return tuple(packs)


def _optional(reader: Reader, key: str) -> Fraction:
    reader.ignore(key)
    return reader.number(key) if reader.has(key) else NONE


def _package_size(reader: Reader) -> int:
    return _whole(reader, "package_size", "每包数量")


def _whole(reader: Reader, key: str, words: str) -> int:
    size = reader.number(key)
    if reader.has(key) and (size < 1 or size.denominator != 1):
        reader.complain(key, "not_whole", f"{words}必须是不小于 1 的整数", "must be a whole number from 1")
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
    ModelKind.PACKAGE_TABLE: lambda reader: {"packs": read_packs(reader)},
    ModelKind.VOLUME_COEFFICIENT: _read_coefficient,
}
_WRITTEN: dict[ModelKind, tuple[str, ...]] = {
    ModelKind.PER_UNIT: ("unit_price",),
    ModelKind.GRADUATED: (),
    ModelKind.VOLUME: (),
    ModelKind.PACKAGE: ("package_size", "package_price"),
    ModelKind.GRADUATED_PERCENTAGE: (),
    ModelKind.FLAT: ("flat_fee",),
    ModelKind.INCLUDED_OVERAGE: ("flat_fee", "included", "unit_price", "package_size"),
    ModelKind.PACKAGE_TABLE: (),
    ModelKind.VOLUME_COEFFICIENT: ("unit_price",),
}
