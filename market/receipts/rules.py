"""Two counts of one delivery: what stands, what is in dispute, what both sides sign. Pure."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Any

from kernel.calendar import Period
from kernel.errors import Conflict, Invalid
from kernel.money import Money, round_half_up


class Side(StrEnum):
    """Who counts: the provider that delivered, the buyer that received."""

    PROVIDER = "provider"
    BUYER = "buyer"


class ReceiptState(StrEnum):
    """How far a receipt has come."""

    ONE_SIDED = "one_sided"  # one side has counted
    COUNTED = "counted"  # both have; the document is made
    HALF_SIGNED = "half_signed"
    AGREED = "agreed"  # both signed equal counts
    DISPUTED = "disputed"  # both signed that they differ, and by how much
    RESOLVED = "resolved"  # the difference was decided


class ReceiptAct(StrEnum):
    """What happens to it: a count by the other side, a count anew, a signature, the decision of the difference."""

    COUNT = "count"
    RECOUNT = "recount"
    SIGN = "sign"
    SIGN_EQUAL = "sign_equal"
    SIGN_DIFFERENT = "sign_different"
    RESOLVE = "resolve"


TRANSITIONS = {
    (ReceiptState.ONE_SIDED, ReceiptAct.COUNT): ReceiptState.COUNTED,
    (ReceiptState.ONE_SIDED, ReceiptAct.RECOUNT): ReceiptState.ONE_SIDED,
    (ReceiptState.COUNTED, ReceiptAct.RECOUNT): ReceiptState.COUNTED,
    (ReceiptState.COUNTED, ReceiptAct.SIGN): ReceiptState.HALF_SIGNED,
    (ReceiptState.HALF_SIGNED, ReceiptAct.RECOUNT): ReceiptState.COUNTED,
    (ReceiptState.HALF_SIGNED, ReceiptAct.SIGN_EQUAL): ReceiptState.AGREED,
    (ReceiptState.HALF_SIGNED, ReceiptAct.SIGN_DIFFERENT): ReceiptState.DISPUTED,
    (ReceiptState.DISPUTED, ReceiptAct.RESOLVE): ReceiptState.RESOLVED,
}
STATE_TITLES = {
    ReceiptState.ONE_SIDED: "待另一方计数",
    ReceiptState.COUNTED: "待双方签署",
    ReceiptState.HALF_SIGNED: "待另一方签署",
    ReceiptState.AGREED: "双方一致",
    ReceiptState.DISPUTED: "差额有争议",
    ReceiptState.RESOLVED: "差额已解决",
}


class WrongState(Conflict):
    """The receipt is not in a state in which this can be done."""

    code = "receipt.wrong_state"


class AnotherDocument(Conflict):
    """What was read is not what stands there now: somebody counted anew."""

    code = "receipt.another_document"
    title = "回执内容已变化"
    title_en = "The receipt has changed"


class SignedAlready(Conflict):
    """The side has signed this very document."""

    code = "receipt.signed_already"


class PeriodUnfit(Invalid):
    """The month is not over, or lies outside the term of the entitlement."""

    code = "receipt.period_unfit"
    title = "计数期间不对"
    title_en = "The period does not fit"


class MoreThanBought(Invalid):
    """More was counted than was ever bought."""

    code = "receipt.more_than_bought"


class Undecidable(Invalid):
    """What is decided lies outside the two counts."""

    code = "receipt.outside_the_counts"


@dataclass(frozen=True, slots=True)
class Standing:
    """What of a delivery stands, and what is in dispute, in charge units."""

    agreed: int
    in_dispute: int


def after(state: ReceiptState, act: ReceiptAct, number: str) -> ReceiptState:
    """Return the state that follows.

    Raises:
        WrongState: the act is not possible in that state.
    """
    following = TRANSITIONS.get((state, act))
    if following is None:
        raise WrongState(
            f"交付回执 {number} {STATE_TITLES[state]}，不能再作此处理。",
            detail_en=f"Receipt {number} is {state}; {act} is not possible.",
        )
    return following


def compared(provider: int, buyer: int) -> Standing:
    """Return what both counts have in common and by how much they differ: 10,000 and 9,990 are 9,990 and 10."""
    common = min(provider, buyer)
    return Standing(common, max(provider, buyer) - common)


def decided(provider: int, buyer: int, units: int) -> Standing:
    """Return what stands after the difference was decided at ``units``, between the two counts.

    Raises:
        Undecidable: that is less than the smaller or more than the larger count.
    """
    least, most = min(provider, buyer), max(provider, buyer)
    if not least <= units <= most:
        raise Undecidable(
            f"裁定数量应在双方计数 {least} 与 {most} 之间，不能是 {units}。",
            detail_en=f"Between {least} and {most}.",
            errors=[{"pointer": "/units", "code": Undecidable.code, "message": f"{least} 至 {most}"}],
        )
    return Standing(units, 0)


def worth(units: int, quantity: int, amount: Money) -> Money:
    """Return what so many units of an order are worth: its amount in proportion, at most all of it, to the fen.

    Args:
        units: how many units it is about.
        quantity: how many units the order bought.
        amount: what the order costs, in yuan with tax.
    """
    return min(round_half_up(amount.exact_yuan() * Fraction(units, quantity)), amount)


def document(
    *, number: str, entitlement: str, order: str, product: str, period: Period, provider: int, buyer: int
) -> dict[str, Any]:
    """Return what both sides sign: the delivery, the two counts, what stands and what is in dispute."""
    standing = compared(provider, buyer)
    return {
        "number": number, "entitlement": entitlement, "order": order, "product": product, "period": period.text(),
        "provider_count": provider, "buyer_count": buyer, "agreed": standing.agreed,
        "in_dispute": standing.in_dispute,
    }  # fmt: skip


def digest(signed: dict[str, Any]) -> str:
    """Return the SHA-256 over the document as canonical JSON."""
    text = json.dumps(signed, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def must_be_the_document(number: str, stated: str, actual: str) -> None:
    """Refuse a signature under another document than the one that stands now.

    Raises:
        AnotherDocument: the digests differ.
    """
    if stated.strip().lower() != actual:
        raise AnotherDocument(
            f"交付回执 {number} 的内容与您所见不同（摘要不符），请重新阅读后签署。",
            detail_en=f"Receipt {number} is not what you read.",
        )


def must_fit(period: Period, *, valid_from: date, valid_until: date, today: date) -> None:
    """Refuse a period that is not over, or lies outside the term of the entitlement (its last day included).

    Raises:
        PeriodUnfit: it is one of these.
    """
    is_inside = period.start <= valid_until and period.end > valid_from
    if not is_inside or period.end > today:
        words = "期间尚未结束" if is_inside else f"期间不在使用权期限 {valid_from} 至 {valid_until} 内"
        raise PeriodUnfit(
            f"{words}，不能计数；请选择已结束的期间。",
            detail_en="The period is not over, or outside the term.",
            errors=[{"pointer": "/month", "code": PeriodUnfit.code, "message": words}],
        )


def must_be_bought(count: int, quota: int | None) -> None:
    """Refuse a count above everything that was bought.

    Raises:
        MoreThanBought: it is.
    """
    if quota is not None and count > quota:
        raise MoreThanBought(
            f"计数 {count} 超过该使用权购买的 {quota}，请核对。",
            detail_en=f"Only {quota} were bought.",
            errors=[{"pointer": "/count", "code": MoreThanBought.code, "message": f"最多 {quota}", "limit": quota}],
        )
