"""How a price reads in words, in both languages, and as a line of an explanation. Pure."""

from collections.abc import Mapping
from typing import Any

from pricing.costs.rules import node

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
    "misses": ("查询即计费，未查得也计", "every query is charged, also one that finds nothing"),
    "dedup": ("同一对象 {days} 日内只计一次", "the same subject once in {days} days"),
}
ROUNDING = "各行精确相加，按订单合计一次四舍五入到分"


def in_words(
    model: Mapping[str, Any],
    unit: str,
    *,
    dedup_days: int | None = None,
    charges_misses: bool = False,
    english: bool = False,
) -> list[str]:
    """Return what is charged as a list of short sentences, with every number that the price has.

    Args:
        model: the way of charging as a tariff stores it.
        unit: the charge unit's value, such as ``per_use``.
        dedup_days: window in which repeated use of one subject is charged once.
        charges_misses: whether a query that finds nothing is charged as well.
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
    if charges_misses:
        found.append(say("misses"))
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


def model_node(
    model: Mapping[str, Any], unit: str, *, dedup_days: int | None = None, charges_misses: bool = False
) -> dict[str, Any]:
    """Return the way of charging with all its numbers and its one rounding point, as a line of an explanation."""
    words = in_words(model, unit, dedup_days=dedup_days, charges_misses=charges_misses)
    lines = [node("条款", one) for one in words[1:]]
    return node("计费方式", words[0], lines=[*lines, node("舍入", ROUNDING)])
