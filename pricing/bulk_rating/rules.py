"""Tariff models as tables of whole numbers, so that a machine for sets can price with them exactly. Pure.

A price is ``(base + price × units) × factor`` in whole parts of a yuan, where units are counted from the origin of a
band, or are begun blocks. What a model needs in decimals is multiplied away, so that nothing is ever rounded before
the fen; whether the numbers fit a machine word is known before the first line is priced.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, floor

from kernel.money import FEN_DIGITS, TEN
from pricing.packs.rules import Pack
from pricing.tariff_models.rules import NONE, ModelKind, TariffModel


@dataclass(frozen=True, slots=True)
class Stretch:
    """A piece of the price curve in yuan: beyond ``lower`` each unit, or each begun block of ``size``, costs more."""

    lower: Fraction
    upper: Fraction | None
    base: Fraction
    price: Fraction
    size: int = 0  # 0: in proportion


@dataclass(frozen=True, slots=True)
class Piece:
    """The same in whole numbers, for quantities above ``after`` up to and including ``up_to``."""

    after: int
    up_to: int
    origin: int
    base: int
    price: int
    size: int


@dataclass(frozen=True, slots=True)
class Pairing:
    """As many packs as fit of one kind, and the rest in packs of one kind (perhaps the same)."""

    first: int
    first_price: int
    rest: int
    rest_price: int


@dataclass(frozen=True, slots=True)
class Table:
    """One tariff in whole numbers.

    Attributes:
        scale: what a quantity of the batch is multiplied by.
        unit: one charge unit in scaled quantity, where packs are counted.
        fen: one fen in the parts in which prices are counted.
        one: the factor of a buyer without a grade; ``factors`` those of the grades.
        most: None where there is no maximum.
        waived_fen: None where nothing is waived.
        bound: no number that turns up while a line of the batch is priced is larger.
    """

    scale: int
    unit: int
    free: int
    fen: int
    one: int
    factors: tuple[tuple[str, int], ...]
    least: int
    most: int | None
    waived_fen: int | None
    pieces: tuple[Piece, ...]
    pairings: tuple[Pairing, ...]
    bound: int


def decimals(number: Fraction) -> int | None:
    """Return how many decimals a number has; None where no decimal writes it."""
    for digits in range(number.denominator.bit_length() + 1):
        if TEN**digits % number.denominator == 0:
            return digits
    return None


def compile_model(model: TariffModel, digits: int, largest: Fraction) -> Table | None:
    """Return the model in whole numbers; None where a number of it has no end in decimals.

    Args:
        model: the tariff.
        digits: decimals of the quantities of the batch.
        largest: the largest quantity that will be priced.
    """
    stretches = stretches_of(model)
    quantities = [model.free_units, *(row.lower for row in stretches)]
    prices = [amount for row in stretches for amount in (row.price, row.base)]
    prices += [pack.price.exact_yuan() for pack in model.packs]
    factors = [factor for _, factor in model.contribution]
    found = [_most_decimals(numbers) for numbers in (quantities, prices, factors)]
    if any(places is None for places in found):
        return None
    in_quantity, in_price, in_factor = (places or 0 for places in found)
    in_quantity = max(in_quantity, digits)
    is_linear = any(row.price and not row.size for row in stretches)
    counted = max(in_price + (in_quantity if is_linear else 0), FEN_DIGITS)  # decimals before the factor
    scale, factor, parts = TEN**in_quantity, TEN**in_factor, TEN ** (counted + in_factor)
    reach = ceil(largest * scale)
    pieces = tuple(_pieces(stretches, scale, TEN**counted, reach))
    pairings = tuple(_pairings(model.packs, TEN**counted))
    table = Table(
        scale=TEN ** (in_quantity - digits),
        unit=scale,
        free=int(model.free_units * scale),
        fen=TEN ** (counted + in_factor - FEN_DIGITS),
        one=factor,
        factors=tuple((grade, int(value * factor)) for grade, value in model.contribution),
        least=int(model.minimum_spend.exact_yuan() * parts) if model.minimum_spend else 0,
        most=None if model.maximum_spend is None else int(model.maximum_spend.exact_yuan() * parts),
        waived_fen=None if model.waived_up_to is None else model.waived_up_to.fen,
        pieces=pieces,
        pairings=pairings,
        bound=0,
    )
    return _with_bound(table, reach)


def stretches_of(model: TariffModel) -> list[Stretch]:
    """Return the price curve of a model before any grade, minimum, maximum or waiver; of packs there is none."""
    if model.kind is ModelKind.PACKAGE_TABLE:
        return []
    if model.kind is ModelKind.VOLUME:
        return _volume(model)
    if model.tiers or model.bands:
        return _graduated(model)
    if model.kind is ModelKind.PACKAGE:
        return [Stretch(NONE, None, NONE, model.package_price.exact_yuan(), model.package_size)]
    fee, price = model.flat_fee.exact_yuan(), model.unit_price.exact_yuan()
    if model.kind is ModelKind.INCLUDED_OVERAGE:
        size = 0 if model.package_size == 1 else model.package_size
        return [Stretch(NONE, model.included, fee, NONE), Stretch(model.included, None, fee, price, size)]
    return [Stretch(NONE, None, fee, price)]


def _volume(model: TariffModel) -> list[Stretch]:
    found, lower = [], NONE
    for tier in model.tiers:
        price = tier.unit_price.exact_yuan()
        found.append(Stretch(lower, tier.up_to, tier.flat_fee.exact_yuan() + price * lower, price))
        lower = lower if tier.up_to is None else tier.up_to
    return found


def _graduated(model: TariffModel) -> list[Stretch]:
    rows = [(tier.up_to, tier.unit_price.exact_yuan(), tier.flat_fee.exact_yuan()) for tier in model.tiers]
    rows += [(band.up_to, model.unit_price.exact_yuan() * band.coefficient, NONE) for band in model.bands]
    found, lower, base = [], NONE, NONE
    for upper, price, fee in rows:
        base += fee
        found.append(Stretch(lower, upper, base, price))
        if upper is not None:
            base, lower = base + price * (upper - lower), upper
    return found


def _most_decimals(numbers: Sequence[Fraction]) -> int | None:
    found = [decimals(number) for number in numbers]
    return None if None in found else max((places for places in found if places is not None), default=0)


def _pieces(stretches: Sequence[Stretch], scale: int, parts: int, reach: int) -> list[Piece]:
    found = []
    for position, row in enumerate(stretches):
        origin = int(row.lower * scale)
        up_to = reach if row.upper is None else min(reach, floor(row.upper * scale))
        price = row.price * parts if row.size else Fraction(row.price * parts, scale)
        after = -1 if position == 0 else origin
        if up_to > after:
            found.append(Piece(after, up_to, origin, int(row.base * parts), int(price), row.size * scale))
    return found


def _pairings(packs: Sequence[Pack], parts: int) -> list[Pairing]:
    prices = [(pack.quantity, int(pack.price.exact_yuan() * parts)) for pack in packs]
    return [Pairing(*first, *rest) for first in prices for rest in prices]


def _with_bound(table: Table, reach: int) -> Table:
    """Return the table with the largest number that can turn up."""
    factor = max([table.one, *(value for _, value in table.factors)])
    units = ceil(Fraction(reach, table.unit)) + 1
    prices = [piece.base + piece.price * _steps(piece, reach) for piece in table.pieces]
    prices += [(pair.first_price + pair.rest_price) * units + pair.first + pair.rest for pair in table.pairings]
    numbers = [reach + piece.size + piece.origin for piece in table.pieces]
    numbers += [reach + table.unit, table.free, table.least, table.most or 0, table.waived_fen or 0]
    bound = max([price * factor + table.fen for price in prices] + numbers)
    return replace(table, bound=bound)


def _steps(piece: Piece, reach: int) -> int:
    return reach // piece.size + 1 if piece.size else reach
