"""Matching a line of the bank statement: to the fen and by reference, or queued with the reason. Nothing is guessed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from kernel.errors import Conflict
from kernel.money import ZERO, Money, total


class LineState(StrEnum):
    """Where a line stands."""

    MATCHED = "matched"  # 已匹配
    QUEUED = "queued"  # 待核
    DECIDED = "decided"  # 已由经办人认领
    RETURNING = "returning"  # 待退回
    RETURNED = "returned"  # 已退回
    RECORDED = "recorded"  # 早先已手工入账
    OUTGOING = "outgoing"  # 支出，不属于收款
    HANDED_OVER = "handed_over"  # 支付机构结算款，另行记账


class LineAct(StrEnum):
    """What happens to a line that is queued."""

    MATCH = "match"
    ASSIGN = "assign"
    RETURN = "return"
    CONFIRM_RETURN = "confirm_return"
    REOPEN = "reopen"  # not for that after all, or not returned after all
    HAND_OVER = "hand_over"  # no buyer's money: the payment provider's payout
    TAKE_BACK = "take_back"  # not the provider's payout after all


class Reason(StrEnum):
    """Why a line waits for a person."""

    NO_REFERENCE = "no_reference"  # 没有附言编号
    MISTYPED_REFERENCE = "mistyped_reference"  # 附言校验位不符
    UNKNOWN_REFERENCE = "unknown_reference"  # 没有这个附言
    ALREADY_PAID = "already_paid"  # 已付清
    NOT_EXPECTED = "not_expected"  # 订单已取消
    SHORT = "short"  # 少付
    OVER = "over"  # 多付
    PAYER_DIFFERS = "payer_differs"  # 付款人不是购买方
    REOPENED = "reopened"  # 先前的办理已撤销


TRANSITIONS: dict[tuple[LineState, LineAct], LineState] = {
    (LineState.QUEUED, LineAct.MATCH): LineState.MATCHED,
    (LineState.QUEUED, LineAct.ASSIGN): LineState.DECIDED,
    (LineState.QUEUED, LineAct.RETURN): LineState.RETURNING,
    (LineState.RETURNING, LineAct.CONFIRM_RETURN): LineState.RETURNED,
    (LineState.RETURNING, LineAct.REOPEN): LineState.QUEUED,
    (LineState.DECIDED, LineAct.REOPEN): LineState.QUEUED,
    (LineState.QUEUED, LineAct.HAND_OVER): LineState.HANDED_OVER,
    (LineState.HANDED_OVER, LineAct.TAKE_BACK): LineState.QUEUED,
}
REFERENCE = re.compile(r"(?:ORD|ACC|MST)\d{12}", re.ASCII)
COMPANY_FORMS = (("有限责任公司", "有限公司"), ("股份有限公司", "股份公司"))
NOT_OF_THE_NAME = re.compile(r"[\W_]+")


class WrongState(Conflict):
    """The line has been dealt with."""

    code = "bank_line.wrong_state"
    title = "该流水已办理"
    title_en = "The line has been dealt with"


@dataclass(frozen=True, slots=True)
class Due:
    """What is expected under one reference; ``left`` is None where any amount is welcome (a top-up)."""

    reference: str
    left: Money | None
    payers: frozenset[str]  # names that pay for this buyer, written as :func:`plain_name` does
    closed: Reason | None = None  # why nothing is expected any more


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a line: shares by reference, or the reason why a person decides."""

    shares: Mapping[str, Money] = field(default_factory=dict)
    reason: Reason | None = None
    gap: Money = ZERO


def after(state: LineState, act: LineAct, serial: str) -> LineState:
    """Return the state that follows.

    Raises:
        WrongState: the act is not possible in that state.
    """
    following = TRANSITIONS.get((state, act))
    if following is None:
        raise WrongState(f"流水 {serial} 处于“{state}”，不能再“{act}”", detail_en=f"The line is {state}; no {act} now")
    return following


def references_in(remark: str) -> list[str]:
    """Return what looks like a reference in the remark of a transfer, each once, however the bank wrote it."""
    plain = re.sub(r"[\s\-_—–·.]", "", unicodedata.normalize("NFKC", remark)).upper()
    return list(dict.fromkeys(REFERENCE.findall(plain)))


def plain_name(name: str) -> str:
    """Return a name without width, blanks, brackets and the long form of the company: what banks write differently."""
    plain = NOT_OF_THE_NAME.sub("", unicodedata.normalize("NFKC", name)).casefold()
    for long, short in COMPANY_FORMS:
        plain = plain.replace(long, short)
    return plain


def judge(
    amount: Money,
    remark: str,
    payer: str,
    *,
    dues: Mapping[str, Due],
    is_reference: Callable[[str], bool],
    earlier: Sequence[tuple[Money, str]] = (),
) -> Verdict:
    """Return what becomes of one line: one or several references paid to the fen, or the reason why not.

    Args:
        amount: what the bank credited.
        remark: the words of the transfer.
        payer: the name of the account that paid.
        dues: what is expected under each known reference of the remark.
        is_reference: whether the check digits fit.
        earlier: amount and payer of lines that were short under this one reference and wait for the rest.
    """
    named = references_in(remark)
    if not named:
        return Verdict(reason=Reason.NO_REFERENCE)
    if not all(is_reference(one) for one in named):
        return Verdict(reason=Reason.MISTYPED_REFERENCE)
    if any(one not in dues for one in named):
        return Verdict(reason=Reason.UNKNOWN_REFERENCE)
    wanted = [dues[one] for one in named]
    closed = next((one.closed for one in wanted if one.closed is not None), None)
    if closed is not None:
        return Verdict(reason=closed)
    shares = {one.reference: one.left if one.left is not None else amount for one in wanted}
    came = amount + total(before for before, _ in earlier)
    asked = total(shares.values())
    if came != asked:
        return Verdict(reason=Reason.SHORT if came < asked else Reason.OVER, gap=abs(asked - came))
    payers = {plain_name(payer), *(plain_name(name) for _, name in earlier)}
    if any(not payers <= one.payers for one in wanted):
        return Verdict(reason=Reason.PAYER_DIFFERS)
    return Verdict(shares=shares if not earlier else {wanted[0].reference: amount})
