"""Charges borne by the operator (CST-01) and payments for obtaining public data (CST-03)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from kernel.calendar import Period
from kernel.errors import Invalid
from kernel.money import Money, total
from kernel.policy import Cited

ACQUISITION_ARTICLE = "发改价格〔2025〕65号 三（一）"


class ChargeKind(StrEnum):
    """What is paid for: five kinds of platform cost, and public data itself."""

    RESOURCE_CONSUMPTION = "resource_consumption"
    DATA_GOVERNANCE = "data_governance"
    MODEL_PUBLICATION = "model_publication"
    RESULT_EXPORT = "result_export"
    SECURITY_SERVICE = "security_service"
    PUBLIC_DATA_ACQUISITION = "public_data_acquisition"


KIND_TITLES = {
    ChargeKind.RESOURCE_CONSUMPTION: "资源消耗",
    ChargeKind.DATA_GOVERNANCE: "数据治理",
    ChargeKind.MODEL_PUBLICATION: "模型发布",
    ChargeKind.RESULT_EXPORT: "结果导出",
    ChargeKind.SECURITY_SERVICE: "安全服务",
    ChargeKind.PUBLIC_DATA_ACQUISITION: "获取公共数据资源支出",
}


class ChargeNotBorne(Invalid):
    """The rules of the place do not make the operator bear a charge of that kind."""

    code = "charge.not_borne"
    title = "该项费用不由运营机构承担"
    title_en = "The operator does not bear this charge there"


class ChargeUnusable(Invalid):
    """A charge that cannot stand as it is."""

    code = "charge.unusable"


@dataclass(frozen=True, slots=True)
class KindSum:
    """What one kind of charge came to, corrections included."""

    kind: ChargeKind
    amount: Money
    in_cost_base: Money


def must_be_borne(kind: ChargeKind, borne: Cited | None, place: str) -> None:
    """Refuse a platform charge of a kind that the rules of the place do not name.

    Args:
        kind: what is charged; payments for public data need no local rule, the national text admits them.
        borne: the kinds that the operator bears (policy ``cost.operator_borne``), if the place names any.
        place: title of the place, for the message.

    Raises:
        ChargeNotBorne: the kind is not named there.

    Source:
        CST-01 (新昌 三（五）5), CST-03 (发改价格〔2025〕65号 三（一）).
    """
    if kind is ChargeKind.PUBLIC_DATA_ACQUISITION or (borne is not None and kind in borne.items()):
        return
    named = f"{borne.citation()} 未列入该项" if borne is not None else "当地没有规定运营机构承担哪些平台成本"
    raise ChargeNotBorne(
        f"{place}不能向运营机构记收“{KIND_TITLES[kind]}”费用：{named}。"
        "如确有规定，请先在规则文件中登记 cost.operator_borne 及其条款。",
        detail_en=f"{kind} is not named in cost.operator_borne at this place.",
        rule="CST-01",
        article=borne.citation() if borne is not None else None,
        errors=[{"pointer": "/kind", "code": ChargeNotBorne.code, "message": "当地规则未列名"}],
    )


def must_stand(amount: Money, quantity: Decimal | None, unit: str, month: Period, today: date) -> None:
    """Refuse a charge of nothing, a quantity without its unit or the reverse, and a month that has not begun.

    Raises:
        ChargeUnusable: names the field.
    """
    if not amount:
        raise unusable("/amount", "金额须大于零；没有发生的费用不必记录")
    if (quantity is None) != (not unit.strip()):
        raise unusable("/unit" if quantity is not None else "/quantity", "数量和计量单位须同时填写，或都不填")
    if month.start > today:
        raise unusable("/month", f"{month.text()} 尚未开始，费用在发生的月份或之后记录")


def by_kind(charges: Sequence[tuple[ChargeKind, Money, bool]]) -> list[KindSum]:
    """Return the sums per kind in the order of the text; each charge says kind, amount and whether it is in C.

    A correction carries the negative amount of what it corrects, so that both together come to nothing.
    """
    return [
        KindSum(
            kind,
            total(amount for own, amount, _ in charges if own is kind),
            total(amount for own, amount, counts in charges if own is kind and counts),
        )
        for kind in ChargeKind
        if any(own is kind for own, _, _ in charges)
    ]


def unusable(pointer: str, words: str) -> ChargeUnusable:
    """Return the refusal that names a field."""
    return ChargeUnusable(
        f"费用记录：{words}。",
        detail_en=f"The charge cannot be recorded: see {pointer}.",
        rule="CST-01",
        errors=[{"pointer": pointer, "code": ChargeUnusable.code, "message": words}],
    )
