"""Break-even pricing (保本微利): cost plus a small margin that the rules of the place must name."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from kernel.errors import Invalid
from kernel.money import UnitPrice, decimal_text, fraction


class MerchantService(StrEnum):
    """What an operator that may not sell products does for data merchants (CST-05)."""

    DATA_PROCESSING = "data_processing"
    COMPUTING = "computing"
    COMPLIANCE_SUPPORT = "compliance_support"


SERVICE_TITLES = {
    MerchantService.DATA_PROCESSING: "数据加工",
    MerchantService.COMPUTING: "算力支持",
    MerchantService.COMPLIANCE_SUPPORT: "合规支持",
}


class FeeAboveBreakEven(Invalid):
    """The fee leaves more than the small margin."""

    code = "service_fee.above_break_even"
    title = "服务费超过保本微利"
    title_en = "The fee is above break-even with a small margin"


def break_even_max(unit_cost: UnitPrice, margin_max: Decimal) -> Fraction:
    """Return the highest fee for one unit, in yuan and exact: cost plus the largest margin on it."""
    return unit_cost.exact_yuan() * (1 + fraction(margin_max))


def must_break_even(price: UnitPrice, unit_cost: UnitPrice, margin_max: Decimal, article: str) -> None:
    """Refuse a fee above break-even with a small margin.

    Args:
        price: the fee for one unit, yuan.
        unit_cost: what one unit costs the operator, yuan.
        margin_max: largest margin on cost, a fraction (policy ``pricing.service_fee.margin_max``).
        article: act and article of that margin.

    Raises:
        FeeAboveBreakEven: names cost, margin and limit.

    Source:
        PRC-10; 广州市公共数据授权运营管理暂行办法（保本微利）.
    """
    limit = break_even_max(unit_cost, margin_max)
    if price.exact_yuan() > limit:
        raise FeeAboveBreakEven(
            f"服务费 {price.text()} 元超过保本微利上限 {decimal_text(limit)} 元"
            f"（单位成本 {unit_cost.text()} 元，利润率最高 {decimal_text(margin_max)}，{article}），请调低。",
            detail_en=f"{price.text()} is above {decimal_text(limit)}.",
            rule="PRC-10",
            article=article,
            errors=[{"pointer": "/price", "code": "above_max", "message": "超过上限", "limit": decimal_text(limit)}],
        )
