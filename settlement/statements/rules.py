"""What a statement says and how its lines add up. Pure: the same statement gives the same words everywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kernel.calendar import Period
from kernel.canonical import Written
from kernel.money import ZERO, Money, total

PAYEES = {"own_account": "支付至本单位账户", "treasury_non_tax": "上缴国库（非税收入）", "held": "暂挂"}
REASONS = {
    "ENTERPRISE": "企业", "ADMINISTRATIVE_UNIT": "行政单位", "INSTITUTION_RULE": "事业单位（按当地规定）",
    "PAYEE_RULE_MISSING": "事业单位收款规则未配置", "CONTRIBUTION_OBJECTED": "贡献异议处理中",
}  # fmt: skip
USE_CLASSES = {"industry": "产业、行业发展", "public_interest": "公共治理、公益事业"}

Proof = Mapping[str, str | Sequence[str]]  # what of a proof of inclusion is printed: name → text, or lines of text


@dataclass(frozen=True, slots=True)
class ProductSum:
    """What a statement says of one product and class of use; revenue counts once, however many steps divide it."""

    product: str
    title: str
    use_class: str
    entitlements: int
    quantity: int
    billable: int
    gross: Money
    tax: Money
    net: Money
    shadow: Money
    share: Money


def content(
    *,
    uscc: str,
    name: str,
    place: str,
    period: Period,
    amount: Money,
    lines: Sequence[Mapping[str, Any]] | Written,
) -> dict[str, Any]:
    """Return what the digest of a statement is made of; everything a party needs to make it again."""
    return {
        "party": uscc, "name": name, "place": place, "period_start": period.start.isoformat(),
        "period_end": period.end.isoformat(), "total": amount.text(), "lines": lines,
    }  # fmt: skip


def by_product(lines: Sequence[Mapping[str, Any]]) -> list[ProductSum]:
    """Return the sums of each product and class of use, by code of the product."""
    grouped: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for line in lines:
        grouped.setdefault((str(line["product"]), str(line["use_class"])), []).append(line)
    return [_summed(key, grouped[key]) for key in sorted(grouped)]


def _summed(key: tuple[str, str], lines: Sequence[Mapping[str, Any]]) -> ProductSum:
    once = list({str(line["entitlement"]): line for line in lines}.values())
    product, use_class = key
    return ProductSum(
        product=product, title=str(lines[0]["title"]), use_class=use_class, entitlements=len(once),
        quantity=sum(int(line["quantity"]) for line in once), billable=sum(int(line["billable"]) for line in once),
        gross=summed(once, "gross"), tax=summed(once, "tax"), net=summed(once, "net"),
        shadow=summed(once, "shadow"), share=summed(lines, "share"),
    )  # fmt: skip


def by_payee(lines: Sequence[Mapping[str, Any]]) -> list[tuple[str, str, Money]]:
    """Return what goes to which kind of account and why: (kind, reason, amount), without free use."""
    sums: dict[tuple[str, str], Money] = {}
    for line in lines:
        if line["payee_kind"]:
            key = (str(line["payee_kind"]), str(line["reason_code"]))
            sums[key] = sums.get(key, ZERO) + Money.signed_yuan(str(line["share"]))
    return [(*key, sums[key]) for key in sorted(sums)]


def summed(lines: Sequence[Mapping[str, Any]], name: str) -> Money:
    """Return the sum of one amount over lines, which carry amounts as text."""
    return total(Money.signed_yuan(str(line[name])) for line in lines)
