"""Expecting a payment, taking the receipt that fulfils it, and following each try to pay online."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kernel import audit, numbering
from kernel.calendar import business_date
from kernel.db import new_id
from kernel.errors import Conflict, Invalid, NotFound
from kernel.identity import Actor, Permission
from kernel.money import Money
from kernel.policy import PolicyBook
from market.entitlements import commands as entitlements
from market.entitlements.queries import closed_for_order
from market.orders import commands as orders
from market.orders import queries as order_queries
from market.orders.model import Order
from market.orders.rules import OrderEvent, OrderState
from market.payments import queries
from market.payments.gateway import gateway, is_reference
from market.payments.model import Attempt, Payment
from market.payments.rules import (
    LIVE,
    AttemptState,
    Outcome,
    PaymentEvent,
    PaymentMethod,
    PaymentState,
    WrongState,
    after,
    after_answer,
    must_be_unpaid,
    must_match,
)


class UnknownReference(NotFound):
    """No payment is expected under that reference."""

    code = "payment.unknown_reference"
    title = "没有这个付款附言"
    title_en = "No such payment reference"


class BankLineUsed(Conflict):
    """The line of the bank statement was recorded before."""

    code = "payment.bank_line_used"
    title = "该银行流水已经入账"
    title_en = "The bank line was recorded before"


class CapturedInTheFuture(Invalid):
    """Money cannot have come later than now."""

    code = "payment.captured_in_the_future"


class NotWaiting(Conflict):
    """The order is not paid and waiting, or a gate is still closed."""

    code = "payment.not_waiting"


def expect(
    session: Session, actor: Actor, order: Order, *, now: datetime, method: PaymentMethod = PaymentMethod.BANK_TRANSFER
) -> Payment:
    """Note what the buyer of a concluded order owes and under which reference; once per order."""
    known = queries.of_order(session, order.id)
    if known is not None:
        return known
    made = Payment(
        number=numbering.number(session, "PAY", business_date(now)), order_id=order.id, place=order.place,
        buyer_id=order.buyer_id, method=method, reference=gateway(method).reference(order.number),
        amount=order.amount, expected_at=now,
    )  # fmt: skip
    session.add(made)
    session.flush()
    audit.record(session, actor, "payment.expect", made, at=now,
                 detail={"order": order.number, "amount": made.amount.text(), "reference": made.reference})  # fmt: skip
    return made


def void(session: Session, actor: Actor, order: Order, *, now: datetime) -> None:
    """Expect the payment of a cancelled order no longer.

    Raises:
        WrongState: the money has come in; refund it instead.
    """
    payment = queries.of_order(session, order.id, lock=True)
    if payment is not None:
        payment.state = after(payment.state, PaymentEvent.VOID)
        audit.record(session, actor, "payment.void", payment, at=now, detail={"order": order.number})


def record_bank_line(
    session: Session,
    actor: Actor,
    *,
    bank_line: str,
    reference: str,
    amount: Money,
    payer_name: str,
    captured_at: datetime,
    now: datetime,
    book: PolicyBook,
) -> Payment:
    """Record that the expected money came in: payment captured, order paid, access opened, all or nothing.

    Where a gate closed after the contract was concluded, the money is booked and access stays shut: the order waits
    for :func:`open_waiting` or a refund.

    ``bank_line`` is the bank's own serial number of the line, ``reference`` the remark of the transfer,
    ``captured_at`` the moment at which the bank credited it.

    Raises:
        NotAllowed: the actor does not record payments at that place.
        UnknownReference: nothing is expected under that reference.
        BankLineUsed: the line was recorded before, or stands in an imported statement.
        PartlyPaid: lines of an imported statement have brought a part.
        WrongState: the payment has been captured with another line, or is void.
        AmountDiffers: the amount is short or over; nothing is recorded.
        CapturedInTheFuture: ``captured_at`` is later than now.
    """
    actor.must(Permission.PAYMENT_RECORD)
    reference = reference.strip().upper()
    expected = queries.by_reference(session, reference)
    if expected is None or not actor.may(Permission.PAYMENT_RECORD, place=expected.place):
        raise _unknown(reference)
    queries.lock_bank_lines(session, expected.place)
    used = queries.by_bank_line(session, bank_line)
    if used is not None:
        raise _used(bank_line, used.number)
    if queries.is_imported(session, expected.place, bank_line):
        raise _used(bank_line, "已导入的银行对账单；请在待核流水中办理")
    payment = queries.locked(session, expected.id)
    after(payment.state, PaymentEvent.CAPTURE)
    must_be_unpaid(payment.number, payment.amount, queries.put_by_lines(session, payment.id))
    must_match(reference, payment.amount, amount)
    if captured_at > now:
        raise CapturedInTheFuture(f"到账时间 {captured_at.isoformat()} 晚于现在，请核对流水",
                                  detail_en="The bank line lies in the future")  # fmt: skip
    return capture(
        session, actor, payment.id, method=PaymentMethod.BANK_TRANSFER, evidence=bank_line, payer_name=payer_name,
        captured_at=captured_at, now=now, book=book,
    )  # fmt: skip


def capture(
    session: Session,
    actor: Actor,
    payment_id: UUID,
    *,
    method: PaymentMethod,
    evidence: str,
    payer_name: str,
    captured_at: datetime,
    now: datetime,
    book: PolicyBook,
) -> Payment:
    """Take the whole expected amount as received by any way of paying: order paid, access opened where gates are open.

    Who may do this, and that the amount is right to the fen, was checked by the command that calls it. ``evidence``
    names the receipt: the bank's serial number, ``stripe:pi_…``, the line of an account; one fulfils one payment.

    Raises:
        WrongState: the payment is not expected any more.
        BankLineUsed: the receipt has fulfilled another payment.
    """
    payment = queries.locked(session, payment_id)
    payment.state, payment.captured_at = after(payment.state, PaymentEvent.CAPTURE), captured_at
    payment.method, payment.bank_line = method, evidence
    payment.payer_name, payment.recorded_at, payment.recorded_by = payer_name, now, actor.name
    try:
        with session.begin_nested():
            session.flush([payment])
    except IntegrityError as error:
        raise _used(evidence, "另一笔付款") from error
    order = orders.move(session, actor, payment.order_id, OrderEvent.CAPTURE, now=now)
    audit.record(session, actor, "payment.capture", payment, at=now,
                 detail={"order": order.number, "amount": payment.amount.text(), "bank_line": evidence})  # fmt: skip
    closed = closed_for_order(session, order, now, book=book)
    if closed:
        audit.record(session, actor, "payment.waiting", payment, at=now, detail={"closed": closed})
    else:
        entitlements.grant(session, actor, order, now=now)
    return payment


def begin(
    session: Session, actor: Actor, payment_id: UUID, *, method: PaymentMethod, return_url: str, now: datetime
) -> Attempt:
    """Write down that the buyer pays online, before any provider is called; one try at a time.

    While a try is open, that one is returned, however often it is asked for: nobody pays twice.

    Raises:
        NoSuchPayment: there is none that the actor may know of.
        NotAllowed: the actor does not buy for the organisation.
        WrongState: nothing is to be paid any more.
        PartlyPaid: lines of the bank have brought a part.
    """
    payment = queries.visible(session, actor, payment_id)
    actor.must(Permission.ORDER_PLACE, org_id=payment.buyer_id)
    payment = queries.locked(session, payment.id)
    if payment.state is not PaymentState.EXPECTED:
        raise WrongState(f"付款 {payment.number} 处于“{payment.state}”，不需要再支付",
                         detail_en=f"{payment.number} is {payment.state}; nothing is to be paid")  # fmt: skip
    tries = queries.attempts_of(session, payment.id)
    live = next((one for one in tries if one.state in LIVE), None)
    if live is not None:
        return live
    must_be_unpaid(payment.number, payment.amount, queries.put_by_lines(session, payment.id))
    sequence, identity = len(tries) + 1, new_id()
    made = Attempt(
        id=identity, number=f"{payment.number}-{sequence}", payment_id=payment.id, sequence=sequence,
        place=payment.place, method=method, amount=payment.amount, key=f"huiyi-{identity.hex}-charge", asked_at=now,
        asked_by=actor.name, return_url=return_url,
    )  # fmt: skip
    session.add(made)
    session.flush()
    audit.record(session, actor, "payment.attempt", made, at=now,
                 detail={"payment": payment.number, "method": method, "amount": made.amount.text()})  # fmt: skip
    return made


def note(
    session: Session, actor: Actor, attempt_id: UUID, outcome: Outcome, *, now: datetime, book: PolicyBook
) -> Attempt:
    """Write down what the provider answered about a try; the same answer again, or an older one, changes nothing.

    "Paid" captures the payment and opens access. Money for a payment that is captured or void, and money that is not
    what was asked for, is parked for a person: nothing opens, and it can be given back (E5).

    Raises:
        NotAllowed: the actor does not follow payments.
        NoSuchPayment: there is no such try.
    """
    actor.must(Permission.PAYMENT_FOLLOW)
    attempt = queries.attempt(session, attempt_id)
    payment = queries.locked(session, attempt.payment_id)
    attempt = queries.attempt(session, attempt_id, lock=True)
    following, reason = after_answer(attempt.state, outcome.answer), outcome.reason
    if following is AttemptState.SUCCEEDED and payment.state is not PaymentState.EXPECTED:
        if attempt.state is not AttemptState.SUCCEEDED:
            following, reason = AttemptState.PARKED, f"付款 {payment.number} 已是“{payment.state}”，多收的款项须退回"
    before, attempt.answered_at = attempt.state, now
    attempt.provider_id = attempt.provider_id or outcome.provider_id
    if attempt.received is None:
        attempt.intent_id = outcome.intent_id or attempt.intent_id
    attempt.url = outcome.url or attempt.url
    if following is before:
        return attempt
    attempt.state, attempt.reason = following, reason
    if following in (AttemptState.SUCCEEDED, AttemptState.PARKED) and outcome.amount:
        attempt.received, attempt.received_at = outcome.amount, outcome.at
    session.flush()
    audit.record(session, actor, f"payment.attempt_{following}", attempt, at=now, note=reason[:200],
                 detail={"from": before, "provider": attempt.provider_id or ""})  # fmt: skip
    if following is AttemptState.SUCCEEDED:
        assert outcome.at is not None, "money that came has its moment"
        capture(session, actor, payment.id, method=attempt.method, evidence=f"{attempt.method}:{outcome.intent_id}",
                payer_name=attempt.asked_by, captured_at=min(outcome.at, now), now=now, book=book)  # fmt: skip
    return attempt


def open_waiting(session: Session, actor: Actor, order_number: str, *, now: datetime, book: PolicyBook) -> Order:
    """Open an order that was paid while a gate was closed, once all are open again.

    Raises:
        NotAllowed: the actor does not record payments at that place.
        NoSuchOrder: there is no such order.
        NotWaiting: the order is not paid and waiting, or a gate is still closed.
    """
    order = order_queries.visible(session, actor, order_number)
    actor.must(Permission.PAYMENT_RECORD, place=order.place)
    if order.state is not OrderState.PAID or closed_for_order(session, order, now, book=book):
        raise NotWaiting(f"订单 {order.number} 不在“已付款待开通”状态，或前置条件仍未恢复",
                         detail_en=f"{order.number} does not wait, or a gate is still closed")  # fmt: skip
    entitlements.grant(session, actor, order, now=now)
    audit.record(session, actor, "payment.open_waiting", order, at=now)
    return order


def _unknown(reference: str) -> UnknownReference:
    hint = "" if is_reference(reference) else "（校验位不符，附言可能抄错）"
    return UnknownReference(f"没有附言为 {reference} 的待付款项{hint}；请核对流水后退回或挂账",
                            detail_en=f"Nothing is expected under {reference}")  # fmt: skip


def _used(bank_line: str, number: str) -> BankLineUsed:
    return BankLineUsed(f"银行流水 {bank_line} 已记入 {number}，不得重复入账",
                        detail_en=f"The bank line {bank_line} was recorded before")  # fmt: skip
