"""Asking for a refund, approving it as a second person, and following it until the money is gone."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from kernel import audit, numbering
from kernel.calendar import business_date
from kernel.db import new_id
from kernel.errors import Conflict, Invalid, NotAllowed
from kernel.identity import Actor, Permission, Role
from kernel.money import Money
from market.buyer_accounts import commands as accounts
from market.orders import commands as orders
from market.orders.model import Order
from market.orders.rules import OrderEvent
from market.payments import queries as payments
from market.payments.commands import CapturedInTheFuture
from market.payments.gateway import CURRENCY
from market.payments.model import Attempt, Payment
from market.payments.rules import Answer, Contested, Outcome, PaymentEvent, PaymentMethod, PaymentState
from market.payments.rules import after as payment_after
from market.refunds import queries
from market.refunds.model import ProviderDispute, Refund
from market.refunds.rules import (
    DisputeStage,
    RefundAct,
    RefundState,
    WrongState,
    after,
    after_answer,
    must_be_left,
    stage_of,
)
from registry.accounts.queries import accounts_behind

ACCOUNTS = (PaymentMethod.BALANCE, PaymentMethod.MONTHLY_ACCOUNT)


class ReferenceUsed(Conflict):
    """The reference names a refund of another amount."""

    code = "refund.reference_used"


class SecondPersonNeeded(NotAllowed):
    """Whoever asks for a refund does not approve it, and whoever approves it does not pay it."""

    code = "refund.second_person"
    title = "须由另一人办理"
    title_en = "A second person is needed"


class NotOurs(Conflict):
    """The provider's dispute is about no money of ours, or in another currency."""

    code = "refund.not_ours"


class NotByBank(Invalid):
    """Only refunds by bank transfer are confirmed by a line of the bank."""

    code = "refund.not_by_bank"


def ask(
    session: Session,
    actor: Actor,
    payment_id: UUID,
    *,
    amount: Money,
    reason: str,
    client_reference: str,
    now: datetime,
) -> Refund:
    """Ask to give back all or part of a payment, by the way it came; a person of finance decides.

    The same reference with the same amount is the same refund, however often it is sent. What is asked for is held:
    refunds asked, running and done never add up to more than was captured (D4).

    Raises:
        NoSuchPayment: there is none that the actor may know of.
        NotAllowed: the actor acts neither for buyer or seller nor for finance of the place.
        ReferenceUsed: the reference names a refund of another amount.
        MoreThanPaid: less than that is left.
    """
    payment = payments.visible(session, actor, payment_id)
    _must_be_of_it(session, actor, payment)
    payment = payments.locked(session, payment.id)
    return _ask(session, actor, payment, None, amount, reason, client_reference, now)


def ask_for_parked(
    session: Session, actor: Actor, attempt_id: UUID, *, reason: str, client_reference: str, now: datetime
) -> Refund:
    """Ask to give back money that came otherwise than it was asked for: too late, twice, or another amount.

    Raises:
        NoSuchPayment: there is no such try.
        NotAllowed: the actor does not ask for refunds at that place.
        ReferenceUsed: the reference names a refund of another amount.
        MoreThanPaid: nothing came, or it has been given back.
    """
    attempt = payments.visible_attempt(session, actor, attempt_id)
    _must_be_of_it(session, actor, session.get_one(Payment, attempt.payment_id))
    payment = payments.locked(session, attempt.payment_id)
    attempt = payments.attempt(session, attempt_id, lock=True)
    amount = attempt.received if attempt.received is not None else attempt.amount
    return _ask(session, actor, payment, attempt, amount, reason, client_reference, now)


def _ask(
    session: Session, actor: Actor, payment: Payment, attempt: Attempt | None, amount: Money, reason: str,
    client_reference: str, now: datetime,
) -> Refund:  # fmt: skip
    before = queries.of_payment(session, payment.id)
    known = next((one for one in before if one.client_reference == client_reference), None)
    if known is not None:
        if known.amount != amount or known.attempt_id != (attempt.id if attempt else None):
            raise ReferenceUsed(f"参考号“{client_reference}”已用于退款 {known.number}（{known.amount} 元）",
                                detail_en=f"The reference belongs to {known.number}")  # fmt: skip
        return known
    left = queries.left_of_attempt(session, attempt) if attempt else queries.left(session, payment)
    must_be_left(payment.number, left, amount)
    assert actor.id is not None
    source = attempt or next((one for one in payments.attempts_of(session, payment.id)
                              if payment.method is PaymentMethod.STRIPE and one.received is not None
                              and payment.bank_line == f"{one.method}:{one.intent_id}"), None)  # fmt: skip
    identity = new_id()
    made = Refund(
        id=identity, number=numbering.number(session, "RFD", business_date(now)), payment_id=payment.id,
        attempt_id=attempt.id if attempt else None, place=payment.place, buyer_id=payment.buyer_id,
        method=attempt.method if attempt else payment.method, amount=amount, reason=reason,
        client_reference=client_reference, key=f"huiyi-{identity.hex}-refund",
        intent_id=source.intent_id if source else None, asked_at=now, asked_by=actor.name, asked_by_id=actor.id,
    )  # fmt: skip
    session.add(made)
    session.flush()
    audit.record(session, actor, "refund.ask", made, at=now,
                 detail={"payment": payment.number, "amount": amount.text(), "method": made.method})  # fmt: skip
    return made


def _must_be_of_it(session: Session, actor: Actor, payment: Payment) -> None:
    """Refuse whoever acts neither for buyer or seller nor for finance of the place: to read is not to ask."""
    if actor.org_id == payment.buyer_id:
        actor.must(Permission.REFUND_ASK, org_id=payment.buyer_id)
    elif actor.org_id is not None and actor.org_id == session.get_one(Order, payment.order_id).seller_id:
        actor.must(Permission.REFUND_ASK, org_id=actor.org_id, place=payment.place)
    else:
        actor.must_be(Role.FINANCE_PREPARER, place=payment.place)


def decide(session: Session, actor: Actor, refund_id: UUID, *, act: RefundAct, reason: str, now: datetime) -> Refund:
    """Approve or refuse a refund as the second person. To an account the money goes at once.

    Raises:
        NoSuchRefund: there is none that the actor may know of.
        NotAllowed: the actor does not decide about refunds at that place.
        SecondPersonNeeded: the actor asked for it, or acts for the buyer.
        WrongState: it has been decided.
    """
    refund = queries.visible(session, actor, refund_id)
    actor.must(Permission.REFUND_DECIDE, place=refund.place)
    payment = payments.locked(session, refund.payment_id)
    refund = queries.get(session, refund_id, lock=True)
    if actor.id in accounts_behind(session, refund.asked_by_id) or actor.org_id == refund.buyer_id:
        raise SecondPersonNeeded(
            f"退款 {refund.number} 由您或您所在单位申请，须由另一人复核", detail_en="Somebody else"
        )
    refund.state = after(refund.state, act, refund.number)
    refund.decided_at, refund.decided_by, refund.decided_by_id = now, actor.name, actor.id
    refund.decided_reason = reason
    audit.record(session, actor, f"refund.{act}", refund, at=now, note=reason[:200],
                 detail={"payment": payment.number, "amount": refund.amount.text()})  # fmt: skip
    if act is RefundAct.APPROVE and refund.method in ACCOUNTS:
        evidence = f"refund:{refund.number}"
        accounts.give_back(session, actor, payment, amount=refund.amount, evidence=evidence, now=now)
        refund.state = RefundState.DONE
        _finish(session, actor, payment, refund, evidence, now, now)
    return refund


def withdraw(session: Session, actor: Actor, refund_id: UUID, *, now: datetime) -> Refund:
    """Take a refund back that nobody has decided about.

    Raises:
        NoSuchRefund: there is none that the actor may know of.
        NotAllowed: the actor does not act for the side that asked.
        WrongState: it has been decided.
    """
    refund = queries.visible(session, actor, refund_id)
    _must_be_of_it(session, actor, session.get_one(Payment, refund.payment_id))
    if actor.id not in accounts_behind(session, refund.asked_by_id) and actor.org_id != refund.buyer_id:
        raise NotAllowed(f"退款 {refund.number} 只能由申请人撤回", detail_en="Only who asked may withdraw it")
    refund = queries.get(session, refund_id, lock=True)
    refund.state = after(refund.state, RefundAct.WITHDRAW, refund.number)
    audit.record(session, actor, "refund.withdraw", refund, at=now)
    return refund


def note(session: Session, actor: Actor, refund_id: UUID, outcome: Outcome, *, now: datetime) -> Refund:
    """Write down what the provider answered about a refund; the same answer again, or an older one, changes nothing.

    Raises:
        NotAllowed: the actor does not follow payments.
        NoSuchRefund: there is no such refund.
    """
    actor.must(Permission.PAYMENT_FOLLOW)
    payment = payments.locked(session, queries.get(session, refund_id).payment_id)
    refund = queries.get(session, refund_id, lock=True)
    before, following = refund.state, after_answer(refund.state, outcome.answer)
    refund.answered_at = now
    refund.provider_id = refund.provider_id or outcome.provider_id
    refund.words = outcome.reason or refund.words
    if following is before:
        if before is RefundState.DONE and outcome.answer is Answer.FAILED:
            audit.record(session, actor, "refund.failed_late", refund, at=now, note=outcome.reason[:200])
        return refund
    refund.state = following
    audit.record(session, actor, f"refund.{following}", refund, at=now, note=outcome.reason[:200],
                 detail={"from": before, "provider": refund.provider_id or ""})  # fmt: skip
    if following is RefundState.DONE:
        assert outcome.at is not None
        _finish(session, actor, payment, refund, f"{refund.method}:{outcome.provider_id}", min(outcome.at, now), now)
    return refund


def confirm_transfer(
    session: Session, actor: Actor, refund_id: UUID, *, bank_line: str, paid_at: datetime, now: datetime
) -> Refund:
    """Record that an approved refund was transferred, with the serial number of the outgoing line.

    Raises:
        NoSuchRefund: there is none that the actor may know of.
        NotAllowed: the actor does not pay at that place.
        NotByBank: the money did not come by bank transfer.
        SecondPersonNeeded: the actor approved it.
        WrongState: it is not approved, or done.
        CapturedInTheFuture: ``paid_at`` is later than now.
    """
    refund = queries.visible(session, actor, refund_id)
    actor.must(Permission.REFUND_PAY, place=refund.place)
    if refund.method is not PaymentMethod.BANK_TRANSFER:
        raise NotByBank(
            f"退款 {refund.number} 按原路“{refund.method}”退回，不能以银行流水确认", detail_en="Not by bank"
        )
    payment = payments.locked(session, refund.payment_id)
    refund = queries.get(session, refund_id, lock=True)
    if actor.id in accounts_behind(session, refund.decided_by_id) or actor.id in accounts_behind(
        session, refund.asked_by_id
    ):
        raise SecondPersonNeeded(f"退款 {refund.number} 由您申请或同意，须由另一人付出", detail_en="Somebody else pays")
    if refund.state not in (RefundState.APPROVED, RefundState.PENDING):
        raise WrongState(f"退款 {refund.number} 处于“{refund.state}”，不能登记付出", detail_en=f"It is {refund.state}")
    if paid_at > now:
        raise CapturedInTheFuture(f"付出时间 {paid_at.isoformat()} 晚于现在", detail_en="In the future")
    refund.state = after_answer(refund.state, Answer.SUCCEEDED)
    _finish(session, actor, payment, refund, f"bank:{bank_line}", paid_at, now)
    return refund


def _finish(
    session: Session, actor: Actor, payment: Payment, refund: Refund, evidence: str, at: datetime, now: datetime
) -> None:
    refund.done_at, refund.evidence = at, evidence
    session.flush()
    audit.record(session, actor, "refund.done", refund, at=now,
                 detail={"payment": payment.number, "amount": refund.amount.text(), "evidence": evidence})  # fmt: skip
    if refund.attempt_id is None:
        _end_when_all_is_back(session, actor, payment, now)


def _end_when_all_is_back(session: Session, actor: Actor, payment: Payment, now: datetime) -> None:
    """End payment and order when everything has gone back; what rests on the order ends with it, the same second."""
    if queries.given_back(session, payment.id) == payment.amount:
        payment.state = payment_after(payment.state, PaymentEvent.REFUND)
        orders.move(session, actor, payment.order_id, OrderEvent.REFUND, now=now)
        audit.record(session, actor, "payment.refund", payment, at=now)


def note_dispute(session: Session, actor: Actor, found: Contested, *, now: datetime) -> list[ProviderDispute]:
    """Write down what the provider says about a dispute: opened, won or lost, each once, in whatever order it is heard.

    Raises:
        NotAllowed: the actor does not follow payments.
        NotOurs: it is about no money of ours, or not in CNY.
    """
    actor.must(Permission.PAYMENT_FOLLOW)
    attempt = payments.attempt_named(session, intent_id=found.intent_id)
    if attempt is None or found.currency != CURRENCY:
        raise NotOurs(f"银行争议 {found.provider_id} 不对应本平台的收款", detail_en="No money of ours")
    stage = stage_of(found.state)
    payment = payments.locked(session, attempt.payment_id)
    known = queries.dispute(session, found.provider_id)
    ends = stage in (DisputeStage.WON, DisputeStage.LOST) and not {DisputeStage.WON, DisputeStage.LOST} & known.keys()
    new = [] if stage is None or DisputeStage.OPENED in known else [DisputeStage.OPENED]
    made = []
    for one in [*new, *([stage] if ends and stage is not None else [])]:
        fact = ProviderDispute(
            provider_id=found.provider_id, stage=one, payment_id=payment.id, attempt_id=attempt.id,
            place=payment.place, amount=found.amount, reason=found.reason, noted_at=now,
            at=min(found.at, now) if one is DisputeStage.OPENED else now,
        )  # fmt: skip
        session.add(fact)
        session.flush()
        audit.record(session, actor, f"dispute.{one}", fact, at=now,
                     detail={"payment": payment.number, "amount": found.amount.text()})  # fmt: skip
        made.append(fact)
    if DisputeStage.LOST in {fact.stage for fact in made} and payment.state is PaymentState.CAPTURED:
        _end_when_all_is_back(session, actor, payment, now)
    return made
