"""What may be filed as a price: cap check at every quantity, counting of repeated use, tax, package tables."""

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor

from kernel.errors import Invalid
from kernel.money import UNITS_PER_YUAN, ZERO, Money, UnitPrice, decimal_text, fraction, round_half_up
from pricing.costs.rules import ChargeUnit
from pricing.packs.rules import Arbitrage, Pack, arbitrage, headline_unit_price
from pricing.rating.rules import BANDED, HALF_FEN, NONE, ModelKind, Rated, TariffModel, Tier, exact_price, rate
from pricing.tariff_models.rules import ONE

__all__ = [
    "Arbitrage",
    "CapMissing",
    "ChargeUnit",
    "CoefficientUncapped",
    "ModelKind",
    "NotFreeOfCharge",
    "Pack",
    "PriceAboveCap",
    "PriceReason",
    "Rated",
    "Regime",
    "TariffModel",
    "Tier",
    "arbitrage",
    "billable",
    "blended_unit_price",
    "check_price",
    "check_under_cap",
    "dearest_unit",
    "effective_unit_price_max",
    "headline_unit_price",
    "highest_unit_price",
    "nominal_unit_price",
    "rate",
    "split_tax",
]

CAP_ARTICLE = "发改价格〔2025〕65号 二"
FREE_ARTICLE = "发改价格〔2025〕65号 一"


class Regime(StrEnum):
    """How a price comes about."""

    GOV_GUIDED = "gov_guided"  # 政府指导价: under a cap
    TRIAL = "trial"  # 试行收费: before the first complete year
    MARKET_VALUE_BASED = "market_value_based"  # 市场调节: re-developed by somebody else
    BREAK_EVEN = "break_even"  # 保本微利
    FREE_PUBLIC_INTEREST = "free_public_interest"  # 公共治理、公益事业: free of charge


# the operator's own service fee, whatever the regime by which it is set; PRC-10 puts break-even under the same ceiling
SERVICE_FEES = (Regime.GOV_GUIDED, Regime.TRIAL, Regime.BREAK_EVEN)


class PriceReason(StrEnum):
    """Why an order costs what it costs."""

    TARIFF = "tariff"
    PUBLIC_INTEREST = "public_interest"  # PUB-01: free for governance and welfare
    SOURCE_REUSE = "source_reuse"  # REU-01: free for who provided the data free
    NEGOTIATED = "negotiated"  # SEP-03: agreed on by a published rule (面议)


class PriceAboveCap(Invalid):
    """Some quantity would pay more per unit than the cap allows."""

    code = "pricing.price_above_cap"
    title = "价格超过上限收费标准"
    title_en = "The price is above the cap"


class NotFreeOfCharge(Invalid):
    """Public governance and public-interest use must be free."""

    code = "pricing.not_free_of_charge"
    title = "公共治理、公益事业用途应当免费"
    title_en = "Use in the public interest is free of charge"


class CapMissing(Invalid):
    """A government-guided price needs a cap before it can be filed."""

    code = "pricing.cap_missing"
    title = "没有上限收费标准"
    title_en = "There is no cap"


class CoefficientUncapped(Invalid):
    """A coefficient above 1 raises the posted price, and no cap watches it."""

    code = "pricing.coefficient_uncapped"
    title = "系数大于 1 须有上限收费标准"
    title_en = "A coefficient above 1 needs a cap"


def blended_unit_price(model: TariffModel, quantity: Fraction, grade: str | None = None) -> Fraction:
    """Return what one unit costs on average when so many are bought, in yuan, exact.

    Raises:
        Invalid: the quantity is not above zero.
    """
    if quantity <= 0:
        raise Invalid("平均单价需要大于零的数量。", detail_en="The quantity must be above zero.")
    return Fraction(exact_price(model, quantity, grade), quantity)


def effective_unit_price_max(model: TariffModel, quantities: Iterable[Fraction], grade: str | None = None) -> Fraction:
    """Return the highest average price per unit among the quantities given, in yuan, exact.

    Raises:
        Invalid: a quantity is not above zero, or there is none.
    """
    prices = [blended_unit_price(model, quantity, grade) for quantity in quantities]
    if not prices:
        raise Invalid("请给出至少一个数量。", detail_en="Give at least one quantity.")
    return max(prices)


def highest_unit_price(model: TariffModel, set_up_fee: Money = ZERO) -> tuple[Fraction, int | None]:
    """Return the highest average price per unit over all whole quantities from 1, and where it lies.

    A set-up fee is paid once whatever the quantity, and counts.

    The buyer is the one whose contribution grade pays most. The price curve is a straight line or even steps between
    few turning points, so looking there is enough; of a package table one unit is the dearest, because as many of the
    cheapest pack as there are units never cost more. Where the average only approaches its highest value as the
    quantity grows, the second part is None.
    """
    grade = model.dearest_grade

    def average(quantity: int) -> Fraction:
        return blended_unit_price(model, Fraction(quantity), grade) + Fraction(set_up_fee.exact_yuan(), quantity)

    at = max(sorted(_turning_points(model)), key=lambda quantity: (average(quantity), -quantity))
    limit = NONE if model.maximum_spend is not None else _slope_at_the_end(model)
    return (limit, None) if limit > average(at) else (average(at), at)


def nominal_unit_price(model: TariffModel) -> Fraction:
    """Return the highest price per unit that the tariff names in any band, fixed fees left aside, in yuan."""
    if model.kind in BANDED:
        return max(tier.unit_price.exact_yuan() for tier in model.tiers) * model.highest_coefficient
    if model.kind is ModelKind.VOLUME_COEFFICIENT:
        return model.unit_price.exact_yuan() * model.highest_coefficient
    if model.kind is ModelKind.PACKAGE_TABLE:
        posted = max(Fraction(pack.price.exact_yuan(), pack.quantity) for pack in model.packs)
        return posted * model.highest_coefficient
    return _slope_at_the_end(model)


def dearest_unit(model: TariffModel) -> UnitPrice:
    """Return the most that one unit can cost under the tariff, nominal or on average, rounded up to 10⁻⁸ yuan.

    A cap has whole 10⁻⁸ yuan, so that the rounded price is above it exactly when the price is.
    """
    highest, _ = highest_unit_price(model)
    return UnitPrice(ceil(max(highest, nominal_unit_price(model)) * UNITS_PER_YUAN))


def check_under_cap(model: TariffModel, cap: UnitPrice, set_up_fee: Money = ZERO) -> None:
    """Refuse a tariff under which any whole quantity from 1 would pay more per unit than the cap.

    Raises:
        PriceAboveCap: names the quantity and its average price.

    Source:
        PRC-05; 发改价格〔2025〕65号, 二: 具体收费标准不得超过上限收费标准.
    """
    highest, at = highest_unit_price(model, set_up_fee)
    if highest <= cap.exact_yuan():
        return
    where = "数量足够大" if at is None else f"数量为 {at} "
    where_en = "at large quantities" if at is None else f"at quantity {at}"
    price = decimal_text(highest)
    raise PriceAboveCap(
        f"{where}时平均单价 {price} 元高于上限 {cap.text()} 元，请调低价格或向授权主体申请调整上限。",
        detail_en=f"{where_en} the average unit price {price} is above the cap {cap.text()}.",
        errors=[
            {
                "pointer": "",
                "code": "above_max",
                "message": f"平均单价 {price} 元，上限 {cap.text()} 元",
                "message_en": f"average {price}, cap {cap.text()}",
                "limit": cap.text(),
                "found": price,
                "quantity": None if at is None else str(at),
            }
        ],
        rule="PRC-05",
        article=CAP_ARTICLE,
    )


def check_price(regime: Regime, model: TariffModel, cap: UnitPrice | None) -> None:
    """Refuse a price that its regime does not permit.

    Raises:
        NotFreeOfCharge: public-interest use with any charge.
        CapMissing: a government-guided price without a cap.
        PriceAboveCap: above the cap, where there is one.
        CoefficientUncapped: a coefficient above 1 without a cap.

    Source:
        发改价格〔2025〕65号, 一 (免费) and 二 (上限).
    """
    if regime is Regime.FREE_PUBLIC_INTEREST:
        highest, _ = highest_unit_price(model)
        if highest > 0 or exact_price(model, NONE) > 0:
            raise NotFreeOfCharge(
                "用于公共治理、公益事业的产品和服务应当免费提供，请将价格改为 0。",
                detail_en="Products for public governance and public interest are free.",
                rule="PUB-01",
                article=FREE_ARTICLE,
            )
        return
    if cap is not None:
        check_under_cap(model, cap)
    elif regime is Regime.GOV_GUIDED:
        raise CapMissing(
            "政府指导价产品须先由授权主体制定上限收费标准，再申报具体价格。",
            detail_en="Set the cap before filing a price.",
            rule="PRC-04",
            article=CAP_ARTICLE,
        )
    elif model.highest_coefficient > 1:
        raise CoefficientUncapped(
            f"最高系数 {decimal_text(model.highest_coefficient)} 会使价格高于公布的价格，"
            "而该产品没有上限收费标准；请改为不大于 1 的系数，或先制定上限。",
            detail_en="A coefficient above 1 needs a cap; lower it, or set the cap first.",
            rule="PRC-05",
            article=CAP_ARTICLE,
        )


def billable(events: Iterable[tuple[str, int]], window_days: int) -> list[tuple[str, int]]:
    """Return the queries that are charged: per subject, the one that opens a window of days.

    A repeated query inside the window is free; the first one after it opens the next window. Who pays and what was
    asked belong into the subject; different subjects never merge.

    Args:
        events: (subject, number of the day), in any order.
        window_days: length of a window, its first day included.

    Raises:
        Invalid: the window is shorter than a day.

    Source:
        发改价格〔2025〕668号 (征信服务): 同一用户同一对象在期限内重复查询按一次计费.
    """
    if window_days < 1:
        raise Invalid("去重期限至少为 1 天。", detail_en="A window has at least one day.")
    opened: dict[str, int] = {}
    charged = []
    for subject, day in sorted(events, key=lambda event: event[1]):
        if subject not in opened or day >= opened[subject] + window_days:
            opened[subject] = day
            charged.append((subject, day))
    return charged


def split_tax(gross: Money, tax_rate: Decimal) -> tuple[Money, Money]:
    """Split a price into the part without tax and the tax, which always add up to the price.

    The first part is rounded half up to the fen and the tax is the difference.

    Raises:
        Invalid: the rate is negative.

    Source:
        增值税法 (2024-12-25), 第七条: 价款与税额分别列明.
    """
    if tax_rate < 0:
        raise Invalid("税率不能为负数。", detail_en="A tax rate cannot be negative.")
    base = round_half_up(Fraction(gross.exact_yuan(), 1 + fraction(tax_rate)))
    return base, gross - base


def _turning_points(model: TariffModel) -> set[int]:
    """Return the whole quantities at which the average price can be highest."""
    free = model.free_units
    bounds = [tier.up_to for tier in model.tiers if tier.up_to is not None]
    bounds += [band.up_to for band in model.bands if band.up_to is not None]
    if model.kind is ModelKind.INCLUDED_OVERAGE:
        bounds.append(model.included)
    points = {1, floor(free), floor(free) + 1}
    points |= {floor(free + bound) + step for bound in bounds for step in (0, 1)}
    points = {point for point in points if point >= 1}
    if model.maximum_spend is not None:
        points |= _where_spend_is_reached(model, sorted(points), model.maximum_spend.exact_yuan())
    if model.waived_up_to is not None:  # waived until the bill is rounded up beyond it
        points |= _where_spend_is_reached(model, sorted(points), model.waived_up_to.exact_yuan() + HALF_FEN)
    return {point for point in points if point >= 1}


def _where_spend_is_reached(model: TariffModel, points: list[int], spend: Fraction) -> set[int]:
    """Return the quantities around which the price first reaches a spend, in every stretch between turning points."""
    priced = replace(model, waived_up_to=None)

    def reaches(quantity: int) -> bool:
        return exact_price(priced, Fraction(quantity), model.dearest_grade) >= spend

    beyond = points[-1]
    if _slope_at_the_end(model) and (model.maximum_spend is None or model.maximum_spend.exact_yuan() >= spend):
        while not reaches(beyond):
            beyond *= 2
    found: set[int] = set()
    for low, high in pairwise([*points, beyond]):
        if reaches(low) or not reaches(high):
            continue
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if reaches(middle) else (middle, high)
        found |= {low, high, high - model.package_size}
    return found


def _slope_at_the_end(model: TariffModel) -> Fraction:
    """Return the price of one more unit, on average, at large quantities, for the grade that pays most."""
    return _slope(model) * max([ONE, *(factor for _, factor in model.contribution)])


def _slope(model: TariffModel) -> Fraction:
    if model.kind in BANDED:
        return model.tiers[-1].unit_price.exact_yuan()
    if model.kind is ModelKind.PACKAGE:
        return Fraction(model.package_price.exact_yuan(), model.package_size)
    if model.kind is ModelKind.INCLUDED_OVERAGE:
        return Fraction(model.unit_price.exact_yuan(), model.package_size)
    if model.kind is ModelKind.PACKAGE_TABLE:
        return headline_unit_price(model.packs)
    if model.kind is ModelKind.VOLUME_COEFFICIENT:
        return model.unit_price.exact_yuan() * model.bands[-1].coefficient
    return model.unit_price.exact_yuan() if model.kind is ModelKind.PER_UNIT else NONE
