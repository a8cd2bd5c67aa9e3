"""How a price reads in words, how long it counted, and the steps of a plot. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from kernel.money import UnitPrice, decimal_text

LISTING_ARTICLE = "发改价格〔2025〕65号 五"
DANGEROUS_STARTS = ("=", "+", "-", "@", "\t", "\r")
PER_UNIT = {
    "per_item": ("元/件", "yuan per item"),
    "per_use": ("元/次", "yuan per use"),
    "per_period": ("元/月", "yuan per month"),
    "per_data_volume": ("元/GB", "yuan per GB"),
}
PHRASES = {
    "plain": ("{price} {unit}", "{price} {unit}"),
    "band": ("{low}至{high}：{price} {unit}", "{low} to {high}: {price} {unit}"),
    "last_band": ("{low}以上：{price} {unit}", "above {low}: {price} {unit}"),
    "entry": ("（另加 {fee} 元）", " (plus {fee} yuan)"),
    "volume": ("全部按所达档价", "all units at the price of the band reached"),
    "graduated": ("各档分别计价", "each band at its own price"),
    "percentage": ("按金额比例", "fractions of the turnover"),
    "pack": ("每包 {size} 个计费单位 {price} 元", "{price} yuan per pack of {size}"),
    "flat": ("固定费用 {price} 元", "{price} yuan flat"),
    "included": ("含 {size}，共 {price} 元", "{size} included for {price} yuan"),
    "overage": ("超出部分 {price} {unit}", "beyond it {price} {unit}"),
    "coefficient": ("{span} × {factor}", "{span} × {factor}"),
    "free": ("每单前 {size} 免费", "the first {size} of an order are free"),
    "minimum_spend": ("最低 {price} 元", "at least {price} yuan"),
    "maximum_spend": ("最高 {price} 元", "at most {price} yuan"),
    "waived_up_to": ("不超过 {price} 元的免收", "bills up to {price} yuan are waived"),
    "grade": ("贡献等级“{grade}” × {factor}", "contribution grade {grade} × {factor}"),
    "dedup": ("同一对象 {days} 日内只计一次", "the same subject once in {days} days"),
}


class Phase(StrEnum):
    """When a price or cap counts: 曾执行, 执行中, 已公布未执行."""

    FORMER = "former"
    PRESENT = "present"
    ANNOUNCED = "announced"


class What(StrEnum):
    """What stands on the timeline: 收费标准 or 上限收费标准."""

    PRICE = "price"
    CAP = "cap"


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when something counts; both days included, no last day while nothing follows."""

    first_day: date
    last_day: date | None
    phase: Phase


def spans(first_days: Sequence[date], today: date) -> list[Span]:
    """Return how long each of several prices of one scope counts, given the first days in order."""
    found = []
    for position, first_day in enumerate(first_days):
        later = first_days[position + 1 : position + 2]
        last_day = later[0] - timedelta(days=1) if later else None
        if first_day > today:
            phase = Phase.ANNOUNCED
        else:
            phase = Phase.FORMER if last_day is not None and last_day < today else Phase.PRESENT
        found.append(Span(first_day, last_day, phase))
    return found


def steps(values: Iterable[tuple[date, UnitPrice]], until: date) -> list[tuple[date, Decimal]]:
    """Return the corners of a step line: every value holds until the next one begins, the last until ``until``."""
    corners: list[tuple[date, Decimal]] = []
    for first_day, value in values:
        if corners:
            corners.append((first_day, corners[-1][1]))
        corners.append((first_day, value.decimal))
    if corners and until > corners[-1][0]:
        corners.append((until, corners[-1][1]))
    return corners


def headroom(highest: UnitPrice, cap: UnitPrice | None) -> str | None:
    """Return what is left between price and cap in yuan, as text; negative above the cap, None where there is none."""
    return None if cap is None else decimal_text(cap.exact_yuan() - highest.exact_yuan())


def in_words(model: Mapping[str, Any], unit: str, *, dedup_days: int | None = None, english: bool = False) -> list[str]:
    """Return what is charged as a list of short sentences, with every number that the price has.

    Args:
        model: the way of charging as a tariff stores it.
        unit: the charge unit's value, such as ``per_use``.
        dedup_days: window in which repeated use of one subject is charged once.
        english: the language; Chinese otherwise.
    """
    language = int(english)
    per_unit = PER_UNIT.get(unit, (unit, unit))[language]

    def say(name: str, **values: object) -> str:
        return PHRASES[name][language].format(unit=per_unit, **values)

    found = [*_bands(model, say), *_others(model, say)]
    for name in ("minimum_spend", "maximum_spend", "waived_up_to"):
        if name in model:
            found.append(say(name, price=model[name]))
    for grade, factor in model.get("coefficients", {}).get("contribution", {}).items():
        found.append(say("grade", grade=grade, factor=factor))
    if dedup_days:
        found.append(say("dedup", days=dedup_days))
    return found


def _bands(model: Mapping[str, Any], say: Any) -> list[str]:
    found, low = [], "0"
    for tier in model.get("tiers", ()):
        high, name = tier["up_to"], "last_band" if tier["up_to"] is None else "band"
        fee = say("entry", fee=tier["flat_fee"]) if tier["flat_fee"] != "0" else ""
        found.append(say(name, low=low, high=high, price=tier["unit_price"]) + fee)
        low = high or low
    kind = {"graduated": "graduated", "volume": "volume", "graduated_percentage": "percentage"}.get(model["model"])
    return [*found, say(kind)] if kind else found


def _others(model: Mapping[str, Any], say: Any) -> list[str]:
    kind, found = model["model"], []
    if kind in ("per_unit", "volume_coefficient"):
        found.append(say("plain", price=model["unit_price"]))
    elif kind == "package":
        found.append(say("pack", size=model["package_size"], price=model["package_price"]))
    elif kind == "flat":
        found.append(say("flat", price=model["flat_fee"]))
    elif kind == "included_overage":
        found += [say("included", size=model["included"], price=model["flat_fee"]),
                  say("overage", price=model["unit_price"])]  # fmt: skip
    found += [say("pack", size=pack["quantity"], price=pack["price"]) for pack in model.get("packs", ())]
    low = "0"
    for band in model.get("bands", ()):
        span = f"{low}–{band['up_to']}" if band["up_to"] else f"> {low}"
        found.append(say("coefficient", span=span, factor=band["coefficient"]))
        low = band["up_to"] or low
    if model.get("free_units"):
        found.append(say("free", size=model["free_units"]))
    return found


def cell(text: object) -> str:
    """Return a text that no spreadsheet program takes for a formula; nothing becomes an empty text."""
    plain = "" if text is None else str(text)
    return f"'{plain}" if plain.startswith(DANGEROUS_STARTS) else plain
