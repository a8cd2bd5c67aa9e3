"""Bundles of products (SEP-02): the price against the caps of the parts, and every part on sale by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from kernel.errors import Invalid
from kernel.money import ZERO, Money, UnitPrice, decimal_text
from pricing.tariffs.rules import CAP_ARTICLE

EQUAL_ARTICLE = "发改价格〔2025〕65号 一"


class BundleUnusable(Invalid):
    """A bundle without parts, or with a part of no quantity."""

    code = "bundle.unusable"


class BundleAboveCaps(Invalid):
    """The bundle costs more than its parts may cost together."""

    code = "bundle.above_caps"
    title = "组合价格超过各项上限之和"
    title_en = "The bundle costs more than the caps of its parts"


class BundleMandatory(Invalid):
    """A part can be had only with the bundle."""

    code = "bundle.mandatory"
    title = "不得捆绑销售"
    title_en = "Nothing may be sold only in a bundle"


@dataclass(frozen=True, slots=True)
class Part:
    """One line of a bundle; ``cap`` is None where its regime knows none; ``sold_alone``: it has its own price."""

    code: str
    quantity: Fraction
    cap: UnitPrice | None
    alone: Money  # what the quantity costs by itself
    sold_alone: bool = True
    is_mandatory: bool = False
    is_free: bool = False  # in the public interest (PUB-03)


def cap_of_bundle(parts: Sequence[Part]) -> Fraction:
    """Return the most that the parts may cost together, in yuan, exact; without a cap a part counts at its price."""
    return sum(
        (part.alone.exact_yuan() if part.cap is None else part.cap.times(part.quantity) for part in parts), Fraction(0)
    )


def check_bundle(parts: Sequence[Part], price: Money) -> None:
    """Refuse a bundle that costs more than the caps of its parts, that forces a line, or that charges a free one.

    Args:
        parts: what is in it.
        price: what the bundle costs.

    Raises:
        BundleUnusable: there is no part, or one without a quantity.
        BundleMandatory: a line is mandatory, cannot be bought by itself, or is free of charge and comes with a fee.
        BundleAboveCaps: the price is above the sum of the caps.

    Source:
        SEP-02, PRC-05, PUB-03; 发改价格〔2025〕65号 二; 广州市公共数据授权运营管理暂行办法（不得捆绑增值服务）.
    """
    if not parts or any(part.quantity <= 0 for part in parts):
        raise BundleUnusable("组合至少包含一项，各项数量须大于零。", detail_en="Name parts with a quantity.")
    for position, part in enumerate(parts):
        why = _tie(part, price)
        if why:
            raise BundleMandatory(
                f"{part.code}：{why}，请允许单独购买并去掉强制项。",
                detail_en=f"{part.code} would be tied to the bundle.",
                rule="PUB-03" if part.is_free else "SEP-02",
                article=EQUAL_ARTICLE,
                errors=[{"pointer": f"/parts/{position}", "code": BundleMandatory.code, "message": why}],
            )
    limit = cap_of_bundle(parts)
    if price.exact_yuan() > limit:
        words = f"组合价格 {price.text()} 元高于各项上限之和 {decimal_text(limit)} 元"
        raise BundleAboveCaps(
            f"{words}，请调低。",
            detail_en=f"{price.text()} is above {decimal_text(limit)}.",
            rule="PRC-05",
            article=CAP_ARTICLE,
            errors=[{"pointer": "/price", "code": "above_max", "message": words, "limit": decimal_text(limit)}],
        )


def _tie(part: Part, price: Money) -> str:
    if part.is_free and price > ZERO:
        return "公益用途免费提供，不得与收费项组合"
    if part.is_mandatory:
        return "不得把任何一项设为必选"
    return "" if part.sold_alone else "该项不能单独购买"
