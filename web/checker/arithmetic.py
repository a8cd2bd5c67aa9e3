"""What a quantity costs, worked out a second time on plain JSON, apart from the rules that made the amounts."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import ceil, floor
from typing import Any

ZERO = Fraction(0)
FEN = 100
UNITS = 10**8  # a unit price is stored in hundred-millionths of a yuan


def cost(model: dict[str, Any], quantity: Fraction, grade: str | None = None) -> Fraction:
    """Return the exact price in yuan: bands or packs, times the grade, then minimum, maximum and waiver."""
    exact = _before_adjustments(model, max(quantity - Fraction(model.get("free_units", "0")), ZERO))
    grades = model.get("coefficients", {}).get("contribution", {})
    if grade is not None and grades:
        exact *= Fraction(grades[grade])
    if "minimum_spend" in model:
        exact = max(exact, Fraction(model["minimum_spend"]))
    if "maximum_spend" in model:
        exact = min(exact, Fraction(model["maximum_spend"]))
    waived = model.get("waived_up_to")
    return ZERO if waived is not None and fen(exact) <= fen(Fraction(waived)) else exact


def fen(yuan: Fraction) -> int:
    """Round an amount that is not negative to whole fen, halves up: the one rounding of an order."""
    return floor(yuan * FEN + Fraction(1, 2))


def telling_quantities(model: dict[str, Any]) -> list[int]:
    """Return the whole quantities at which an average price can be highest: the ends of bands and packs, and one on."""
    free = floor(Fraction(model.get("free_units", "0")))
    found = {1, free + 1}
    for end in _ends(model):
        found |= {free + floor(end), free + floor(end) + 1}
    return sorted(quantity for quantity in found if quantity >= 1)


def _ends(model: dict[str, Any]) -> Iterator[Fraction]:
    for row in (*model.get("tiers", ()), *model.get("bands", ())):
        if row["up_to"] is not None:
            yield Fraction(row["up_to"])
    for name in ("included", "package_size"):
        if name in model:
            yield Fraction(model[name])
    for pack in model.get("packs", ()):
        yield Fraction(pack["quantity"])


def _before_adjustments(model: dict[str, Any], quantity: Fraction) -> Fraction:
    kind = model["model"]
    if kind == "per_unit":
        return quantity * Fraction(model["unit_price"])
    if kind == "flat":
        return Fraction(model["flat_fee"])
    if kind == "package":
        return ceil(quantity / Fraction(model["package_size"])) * Fraction(model["package_price"])
    if kind == "included_overage":
        return _overage(model, quantity)
    if kind == "volume":
        tier = next(tier for tier in model["tiers"] if tier["up_to"] is None or quantity <= Fraction(tier["up_to"]))
        return quantity * Fraction(tier["unit_price"]) + Fraction(tier["flat_fee"])
    if kind in ("graduated", "graduated_percentage"):
        return sum((part * Fraction(tier["unit_price"]) + Fraction(tier["flat_fee"])
                    for tier, part in _reached(model["tiers"], quantity)), ZERO)  # fmt: skip
    if kind == "volume_coefficient":
        price = Fraction(model["unit_price"])
        return sum((part * price * Fraction(band["coefficient"])
                    for band, part in _reached(model["bands"], quantity)), ZERO)  # fmt: skip
    if kind == "package_table":
        return _packs(model["packs"], ceil(quantity))
    raise KeyError(kind)


def _overage(model: dict[str, Any], quantity: Fraction) -> Fraction:
    over, size = quantity - Fraction(model["included"]), Fraction(model["package_size"])
    blocks = ZERO if over <= 0 else (over if size == 1 else Fraction(ceil(over / size)))
    return Fraction(model["flat_fee"]) + blocks * Fraction(model["unit_price"])


def _reached(rows: list[dict[str, Any]], quantity: Fraction) -> Iterator[tuple[dict[str, Any], Fraction]]:
    """Yield the bands that a quantity reaches, each with its part; the first one is always reached."""
    low = ZERO
    for row in rows:
        high = quantity if row["up_to"] is None else min(quantity, Fraction(row["up_to"]))
        yield row, high - low
        if high == quantity:
            return
        low = high


def _packs(packs: list[dict[str, Any]], wanted: int) -> Fraction:
    """Return the least for which posted packs cover a quantity: of one kind, or as many as fit and one other kind."""
    if not wanted:
        return ZERO
    sizes = [(int(pack["quantity"]), Fraction(pack["price"])) for pack in packs]
    offers = [ceil(Fraction(wanted, size)) * price for size, price in sizes]
    for size, price in sizes:
        fitting, rest = divmod(wanted, size)
        if fitting and rest:
            offers += [fitting * price + ceil(Fraction(rest, other)) * posted for other, posted in sizes]
    return min(offers)
