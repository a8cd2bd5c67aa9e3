"""Equal prices (SEP-03): one price for a product, unit, kind and class on a day, unless a published rule differs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

EQUAL_ARTICLE = "发改价格〔2025〕65号 一"


class DealKind(StrEnum):
    """What a price was found in."""

    LIST = "list"  # 公布的收费标准
    CLASS = "class"  # 某类用户的价格
    GRADE = "grade"  # 贡献等级系数
    NEGOTIATED = "negotiated"  # 面议
    SALE = "sale"  # what a buyer was charged; handed down by who knows the sales


KIND_TITLES = {
    DealKind.LIST: "收费标准",
    DealKind.CLASS: "用户类别价格",
    DealKind.GRADE: "贡献等级系数",
    DealKind.NEGOTIATED: "面议价格",
    DealKind.SALE: "成交价格",
}


class FindingKind(StrEnum):
    """What is wrong."""

    UNEQUAL = "unequal"  # two prices for the same
    RULE_MISSING = "rule_missing"  # a deviation without a published rule


@dataclass(frozen=True, slots=True)
class Deal:
    """One price at which a product can be had, or was sold, on a day.

    Attributes:
        reference: number of the price, negotiation or order.
        product: its code.
        unit: charge unit.
        subject_kind: kind of subject asked about, None for all.
        buyer_class: class of buyers, None for everybody.
        on: the day.
        price: how it is charged, written so that equal prices have equal text.
        rule: the published rule of a deviation.
    """

    kind: DealKind
    reference: str
    product: str
    unit: str
    subject_kind: str | None
    buyer_class: str | None
    on: date
    price: str
    rule: str | None = None


@dataclass(frozen=True, slots=True)
class EqualFinding:
    """What deviates, and from what."""

    kind: FindingKind
    product: str
    references: tuple[str, ...]
    words: str
    rule: str = "SEP-03"
    article: str = EQUAL_ARTICLE


def unequal(deals: Iterable[Deal]) -> list[EqualFinding]:
    """Return every deviation without a published rule, and every two different prices for the same.

    Source:
        SEP-03; 公共数据资源授权运营实施规范 三, 发改价格〔2025〕65号 一: 公平提供.
    """
    found, alike = [], defaultdict(list)
    for deal in deals:
        if deal.rule:
            continue
        if deal.kind in (DealKind.LIST, DealKind.SALE):
            alike[deal.product, deal.unit, deal.subject_kind or "", deal.buyer_class or "", deal.on].append(deal)
        else:
            words = f"{deal.product} 的{KIND_TITLES[deal.kind]} {deal.reference} 没有写明公布的规则"
            found.append(EqualFinding(FindingKind.RULE_MISSING, deal.product, (deal.reference,), words))
    for (product, *_, on), same in sorted(alike.items()):
        if len({deal.price for deal in same}) > 1:
            references = tuple(sorted(deal.reference for deal in same))
            words = f"{product} 在 {on} 对同类用户有不同价格：{'、'.join(references)}"
            found.append(EqualFinding(FindingKind.UNEQUAL, product, references, words))
    return found
