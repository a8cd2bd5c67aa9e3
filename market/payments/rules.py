"""States of a payment and of each try to pay online, and the one test an incoming amount must pass."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from kernel.errors import Conflict, Invalid
from kernel.money import Money


class PaymentMethod(StrEnum):
    """How money comes in."""

    BANK_TRANSFER = "bank_transfer"  # 对公转账
    STRIPE = "stripe"  # 在线支付
    BALANCE = "balance"  # 预付余额
    MONTHLY_ACCOUNT = "monthly_account"  # 月结


class AttemptState(StrEnum):
    """Where one try to pay online stands: 待提交, 待付款, 结果未知, 已付款, 未成功, 已取消, 待人工处理."""

    ASKED = "asked"  # written down, the provider was perhaps called
    PENDING = "pending"  # the provider knows it and waits for the buyer
    UNKNOWN = "unknown"  # the provider was called and gave no answer: neither failed nor paid
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    PARKED = "parked"  # money came, and not as it was asked for: a person decides


class Answer(StrEnum):
    """What the provider says about one try, or that it says nothing."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"
    MISMATCH = "mismatch"  # paid, but another amount, currency or order than was asked for


@dataclass(frozen=True, slots=True)
class Outcome:
    """One answer of a provider, read from the provider itself and never from what a browser or an event says."""

    answer: Answer
    provider_id: str | None = None  # the provider's name of what was asked for
    intent_id: str | None = None  # the provider's name of the money
    url: str | None = None  # where the buyer pays
    amount: Money | None = None  # what came, in CNY
    at: datetime | None = None  # when the provider took it
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Contested:
    """What the provider says about a charge that the payer's bank contests."""

    provider_id: str
    intent_id: str
    amount: Money
    currency: str
    state: str  # the provider's own word
    reason: str
    at: datetime
    number: str = ""  # our own number of the try, as the charge carries it


@dataclass(frozen=True, slots=True)
class Happened:
    """An event as the provider keeps it."""

    event_id: str
    kind: str
    body: dict[str, Any]


class PaymentState(StrEnum):
    """Where a payment stands: 待到账, 已到账, 已退款, 已作废."""

    EXPECTED = "expected"
    CAPTURED = "captured"
    REFUNDED = "refunded"
    VOID = "void"


class PaymentEvent(StrEnum):
    """What moves a payment on."""

    CAPTURE = "capture"
    REFUND = "refund"
    VOID = "void"


TRANSITIONS: dict[tuple[PaymentState, PaymentEvent], PaymentState] = {
    (PaymentState.EXPECTED, PaymentEvent.CAPTURE): PaymentState.CAPTURED,
    (PaymentState.EXPECTED, PaymentEvent.VOID): PaymentState.VOID,
    (PaymentState.CAPTURED, PaymentEvent.REFUND): PaymentState.REFUNDED,
}


LIVE = (AttemptState.ASKED, AttemptState.PENDING, AttemptState.UNKNOWN)
ENDS = {
    Answer.SUCCEEDED: AttemptState.SUCCEEDED,
    Answer.FAILED: AttemptState.FAILED,
    Answer.CANCELLED: AttemptState.CANCELLED,
    Answer.MISMATCH: AttemptState.PARKED,
}


class WrongState(Conflict):
    """The payment cannot take this step now."""

    code = "payment.wrong_state"
    title = "付款当前状态不能办理此事"
    title_en = "The payment is not in the right state"


class AmountDiffers(Invalid):
    """The bank line is not exactly the expected amount."""

    code = "payment.amount_differs"
    title = "到账金额与应付金额不符"
    title_en = "The amount differs"


class PartlyPaid(Conflict):
    """Lines of the bank have brought a part: the rest comes the same way, or finance takes the claim back."""

    code = "payment.partly_paid"
    title = "已有部分到账"
    title_en = "A part has come by bank transfer"


def after(state: PaymentState, event: PaymentEvent) -> PaymentState:
    """Return the state that follows.

    Raises:
        WrongState: the event is not possible in that state.
    """
    following = TRANSITIONS.get((state, event))
    if following is None:
        raise WrongState(f"付款处于“{state}”，不能执行“{event}”", detail_en=f"The payment is {state}; no {event} now")
    return following


def after_answer(state: AttemptState, answer: Answer) -> AttemptState:
    """Return where a try stands after an answer. Answers may come in any order and any number of times.

    Money that came is never forgotten: a paid or parked try stays so, and a late "paid" is believed of one that was
    cancelled or failed. No answer takes nothing back that is known.
    """
    if state in (AttemptState.SUCCEEDED, AttemptState.PARKED):
        return state
    if answer in (Answer.SUCCEEDED, Answer.MISMATCH):
        return ENDS[answer]
    if state not in LIVE:
        return state
    if answer is Answer.UNKNOWN:
        return state if state is AttemptState.PENDING else AttemptState.UNKNOWN
    return ENDS.get(answer, AttemptState.PENDING)


def must_match(reference: str, expected: Money, received: Money) -> None:
    """Refuse an amount that is not exactly the expected one; tolerance is 0 fen.

    Raises:
        AmountDiffers: the words say by how much it is short or over.
    """
    if received == expected:
        return
    gap = abs(expected - received)
    way, way_en = ("少", "short by") if received < expected else ("多", "over by")
    raise AmountDiffers(
        f"附言 {reference} 应付 {expected} 元，到账 {received} 元，{way} {gap} 元；不入账，请联系付款方处理",
        detail_en=f"{reference}: expected {expected}, received {received}, {way_en} {gap}",
        errors=[{"pointer": "/amount", "code": "payment.amount_differs", "message": f"{way} {gap} 元",
                 "expected": expected.text(), "difference": gap.text()}],
    )  # fmt: skip


def must_be_unpaid(number: str, expected: Money, put: Money) -> None:
    """Refuse to take the whole amount in another way while lines of the bank have brought a part of it.

    Args:
        number: number of the payment, for the words.
        expected: what is to be paid.
        put: what lines of the bank have brought of it.

    Raises:
        PartlyPaid: the words say how much has come and how much is missing.
    """
    if put:
        raise PartlyPaid(
            f"付款 {number} 已有 {put} 元银行流水记入，还差 {expected - put} 元；请转账补足，"
            "或由财务撤销认领后改用其他方式",
            detail_en=f"{put} has come by bank transfer, {expected - put} is missing",
        )
