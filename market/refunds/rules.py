"""Refunds: their states, what can still be given back, and what a dispute of the payer's bank means."""

from __future__ import annotations

from enum import StrEnum

from kernel.errors import Conflict
from kernel.money import Money
from market.payments.rules import Answer


class RefundState(StrEnum):
    """Where a refund stands: 待复核, 已同意, 处理中, 结果未知, 已退, 未成功, 不同意, 已撤回."""

    ASKED = "asked"
    APPROVED = "approved"
    PENDING = "pending"  # the provider or the payer of finance is at it
    UNKNOWN = "unknown"  # the provider was called and gave no answer
    DONE = "done"
    FAILED = "failed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class RefundAct(StrEnum):
    """What people do with a refund."""

    APPROVE = "approve"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"


class DisputeStage(StrEnum):
    """What happened to a dispute: 银行争议已发起（款项被划走）, 胜诉（款项返还）, 败诉."""

    OPENED = "opened"
    WON = "won"
    LOST = "lost"


TRANSITIONS: dict[tuple[RefundState, RefundAct], RefundState] = {
    (RefundState.ASKED, RefundAct.APPROVE): RefundState.APPROVED,
    (RefundState.ASKED, RefundAct.REFUSE): RefundState.REFUSED,
    (RefundState.ASKED, RefundAct.WITHDRAW): RefundState.WITHDRAWN,
}
OPEN = (RefundState.APPROVED, RefundState.PENDING, RefundState.UNKNOWN)
HELD = (RefundState.ASKED, *OPEN, RefundState.DONE)  # money that cannot be given back a second time
ANSWERS = {
    Answer.PENDING: RefundState.PENDING,
    Answer.SUCCEEDED: RefundState.DONE,
    Answer.FAILED: RefundState.FAILED,
    Answer.CANCELLED: RefundState.FAILED,
    Answer.UNKNOWN: RefundState.UNKNOWN,
    Answer.MISMATCH: RefundState.UNKNOWN,
}
# an inquiry of the bank moves no money yet
STAGES = {
    "needs_response": DisputeStage.OPENED,
    "under_review": DisputeStage.OPENED,
    "won": DisputeStage.WON,
    "prevented": DisputeStage.WON,
    "lost": DisputeStage.LOST,
}


class WrongState(Conflict):
    """The refund cannot take this step now."""

    code = "refund.wrong_state"
    title = "退款当前状态不能办理此事"
    title_en = "The refund is not in the right state"


class MoreThanPaid(Conflict):
    """More would be given back than came."""

    code = "refund.more_than_paid"
    title = "退款超过可退金额"
    title_en = "More than can be given back"


def after(state: RefundState, act: RefundAct, number: str) -> RefundState:
    """Return the state that follows what a person does.

    Raises:
        WrongState: the act is not possible in that state.
    """
    following = TRANSITIONS.get((state, act))
    if following is None:
        raise WrongState(f"退款 {number} 处于“{state}”，不能“{act}”", detail_en=f"{number} is {state}; no {act} now")
    return following


def after_answer(state: RefundState, answer: Answer) -> RefundState:
    """Return where a refund stands after an answer of the provider, which may come late, twice and in any order.

    What is given back stays given back, and nothing is believed about a refund that nobody approved. Where a provider
    fails a refund that it had called done, its words are kept and a person decides.
    """
    if state not in OPEN:
        return state
    if answer in (Answer.UNKNOWN, Answer.MISMATCH) and state is RefundState.PENDING:
        return state
    return ANSWERS[answer]


def must_be_left(number: str, left: Money, amount: Money) -> None:
    """Refuse to give back more than came and is not given back, asked for, or contested already.

    Raises:
        MoreThanPaid: the words say how much is left.
    """
    if amount > left:
        raise MoreThanPaid(
            f"付款 {number} 尚可退 {left} 元，不能退 {amount} 元",
            detail_en=f"At most {left} can be given back",
            errors=[
                {"pointer": "/amount", "code": MoreThanPaid.code, "message": f"最多 {left} 元", "limit": left.text()}
            ],
        )


def stage_of(word: str) -> DisputeStage | None:
    """Return what a provider's word about a dispute means for the money; ``None`` while no money has moved."""
    return STAGES.get(word)
