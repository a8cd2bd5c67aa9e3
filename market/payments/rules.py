"""States of a payment, and the one test an incoming amount must pass."""

from __future__ import annotations

from enum import StrEnum

from kernel.errors import Conflict, Invalid
from kernel.money import Money


class PaymentMethod(StrEnum):
    """How money comes in."""

    BANK_TRANSFER = "bank_transfer"


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


def after(state: PaymentState, event: PaymentEvent) -> PaymentState:
    """Return the state that follows.

    Raises:
        WrongState: the event is not possible in that state.
    """
    following = TRANSITIONS.get((state, event))
    if following is None:
        raise WrongState(f"付款处于“{state}”，不能执行“{event}”", detail_en=f"The payment is {state}; no {event} now")
    return following


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
