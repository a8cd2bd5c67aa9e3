"""Facts into the books: safe to run again at any time, by any number of workers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from kernel import audit
from kernel.calendar import business_date
from kernel.db import Entity
from kernel.identity import Actor, Permission
from kernel.money import ZERO, Money
from market.payments.model import Attempt, Payment
from market.payments.rules import AttemptState, PaymentMethod
from market.refunds.model import Refund
from market.refunds.rules import DisputeStage
from settlement.clawbacks.commands import take_up
from settlement.intake import queries
from settlement.ledger.commands import book
from settlement.ledger.queries import first_open_day, held_of_sale, lock_books
from settlement.ledger.rules import (
    UNTAGGED,
    Cause,
    Entry,
    Tags,
    bank,
    capture_entry,
    disputed,
    giving_back_entry,
    prepaid,
    psp,
    receivable,
    transfer_entry,
    unapplied,
    unearned,
)
from settlement.splits.rules import refund as divide_refund

BATCH_MAX = 500


def take_in_payments(session: Session, actor: Actor, *, now: datetime, place: str | None = None) -> int:
    """Book the oldest unbooked facts about money, at most ``BATCH_MAX`` of each kind; return how many.

    Receipts come first, then payments, then what goes back, so that nothing leaves an account before it is there.
    What makes it safe is the unique cause of an entry, not the query: of two workers one fails and finds
    nothing to do the next time. The entry counts for the Beijing date on which it happened; where that period is
    sealed, for the first day after it.
    """
    actor.must(Permission.INTAKE, place=place)
    came = _receipts(session, actor, now, place) + _surplus(session, actor, now, place)
    applied = _captures(session, actor, now, place) + _shares(session, actor, now, place)
    left = _returns(session, actor, now, place) + _disputes(session, actor, now, place)
    back = _refunds(session, actor, now, place)
    take_up(session, actor, now=now, place=place)  # what was paid out already becomes a receivable at once
    return came + applied + left + back


def _booked(session: Session, actor: Actor, entry: Entry, fact: Entity, action: str, now: datetime) -> None:
    book(session, actor, entry, now=now)
    audit.record(session, actor, action, fact, at=now, note=entry.text)


def _dates(session: Session, place: str, at: datetime) -> dict[str, Any]:
    """Return the day on which a fact counts, and its own day where the books of that one are closed already (H4)."""
    day = business_date(at)
    counts = first_open_day(session, place, day)
    return {"entry_date": counts, "value_date": day if counts != day else None}


def _moved(
    session: Session, actor: Actor, fact: Entity, place: str, cause: Cause, legs: tuple[str, str], amount: Money,
    at: datetime, text: str, now: datetime, tags: Tags = UNTAGGED,
) -> None:  # fmt: skip
    """Book money that moves from the credited to the debited account."""
    entry = transfer_entry(
        place=place, cause=cause, cause_id=fact.id.hex, debit=legs[0], credit=legs[1], amount=amount, text=text,
        tags=tags, **_dates(session, place, at),
    )  # fmt: skip
    _booked(session, actor, entry, fact, f"{fact.__tablename__}.take_in", now)


def _receipts(session: Session, actor: Actor, now: datetime, place: str | None) -> int:
    lines = queries.unbooked_lines(session, limit=BATCH_MAX, place=place)
    for line in lines:
        _moved(session, actor, line, line.place, Cause.BANK_LINE_RECEIVED, (bank(line.place), unapplied(line.place)),
               line.amount, line.booked_at, f"银行流水 {line.serial} 到账", now)  # fmt: skip
    return len(lines)


def _surplus(session: Session, actor: Actor, now: datetime, place: str | None) -> int:
    attempts = queries.unbooked_surplus(session, limit=BATCH_MAX, place=place)
    for one in attempts:
        assert one.received is not None
        assert one.received_at is not None
        _moved(session, actor, one, one.place, Cause.SURPLUS_RECEIVED, (psp(one.place), unapplied(one.place)),
               one.received, one.received_at, f"在线支付 {one.number} 待处理款", now)  # fmt: skip
    return len(attempts)


def _captures(session: Session, actor: Actor, now: datetime, place: str | None) -> int:
    taken = queries.unbooked_captures(session, limit=BATCH_MAX, place=place)
    for payment, order_number in taken:
        assert payment.captured_at is not None
        entry = capture_entry(
            place=payment.place, payment_id=payment.id.hex, order_number=order_number, amount=payment.amount,
            source=_source(session, payment), tags=queries.tags_of(session, order_number),
            **_dates(session, payment.place, payment.captured_at),
        )  # fmt: skip
        _booked(session, actor, entry, payment, "payment.take_in", now)
    return len(taken)


def _source(session: Session, payment: Payment) -> str:
    """Return where the money of a payment is: with the bank, the provider, or on the buyer's account."""
    if payment.method is PaymentMethod.STRIPE:
        return psp(payment.place)
    if payment.method is PaymentMethod.BALANCE:
        return prepaid(queries.credit_code(session, payment))
    if payment.method is PaymentMethod.MONTHLY_ACCOUNT:
        return receivable(queries.credit_code(session, payment))
    return unapplied(payment.place) if queries.is_from_statement(session, payment) else bank(payment.place)


def _shares(session: Session, actor: Actor, now: datetime, place: str | None) -> int:
    shares = queries.unbooked_shares(session, limit=BATCH_MAX, place=place)
    for share, code in shares:
        cause, to, words = Cause.STATEMENT_REPAID, receivable(code), "月结回款"
        if share.statement_id is None:
            cause, to, words = Cause.BALANCE_TOPPED_UP, prepaid(code), "预付充值"
        _moved(session, actor, share, share.place, cause, (unapplied(share.place), to), share.amount, share.made_at,
               words, now)  # fmt: skip
    return len(shares)


def _returns(session: Session, actor: Actor, now: datetime, place: str | None) -> int:
    lines = queries.unbooked_returns(session, limit=BATCH_MAX, place=place)
    for line in lines:
        assert line.returned_at is not None
        _moved(session, actor, line, line.place, Cause.BANK_LINE_RETURNED, (unapplied(line.place), bank(line.place)),
               line.amount, line.returned_at, f"银行流水 {line.serial} 退回", now)  # fmt: skip
    return len(lines)


def _refunds(session: Session, actor: Actor, now: datetime, place: str | None) -> int:
    """Book refunds: what is not earned first, then what each party still holds of the sale (A5, REV-03)."""
    taken = queries.unbooked_refunds(session, limit=BATCH_MAX, place=place)
    for refund, payment, order_number in taken:
        assert refund.done_at is not None
        given = {unapplied(refund.place): refund.amount}
        if refund.attempt_id is None:
            given = _given_back(session, payment, order_number, refund.amount)
        entry = giving_back_entry(
            place=refund.place, cause=Cause.REFUND_PAID, cause_id=refund.id.hex, given=given,
            paid_from=_paid_from(session, refund, payment), text=f"订单 {order_number} 退款 {refund.number}",
            tags=queries.tags_of(session, order_number), **_dates(session, refund.place, refund.done_at),
        )  # fmt: skip
        _booked(session, actor, entry, refund, "refund.take_in", now)
    return len(taken)


def _given_back(session: Session, payment: Payment, order_number: str, amount: Money) -> dict[str, Money]:
    lock_books(session, payment.place)  # a settlement may be turning what is not earned into what parties hold
    held = held_of_sale(session, order_number, queries.causes_of(session, payment))
    not_earned = unearned(order_number)
    first = min(max(held.pop(not_earned, ZERO), ZERO), amount)
    parties = {account: holding for account, holding in held.items() if holding > ZERO}
    return {not_earned: first, **divide_refund(parties, amount - first)}


def _paid_from(session: Session, refund: Refund, payment: Payment) -> dict[str, Money]:
    if refund.method is PaymentMethod.STRIPE:
        return {psp(refund.place): refund.amount}
    if refund.method is PaymentMethod.BANK_TRANSFER:
        return {bank(refund.place): refund.amount}
    code, against = queries.credit_code(session, payment), queries.credited(session, refund)
    credit = -against if against is not None else ZERO
    return {receivable(code): credit, prepaid(code): refund.amount - credit}


def _disputes(session: Session, actor: Actor, now: datetime, place: str | None) -> int:
    """Book what payers' banks did: opened, the money is away; won, it is back; lost, the parties give it back."""
    taken = queries.unbooked_disputes(session, limit=BATCH_MAX, place=place)
    for fact, attempt, order_number in taken:
        away, at_provider = disputed(fact.place), psp(fact.place)
        tags = queries.tags_of(session, order_number)
        words = f"订单 {order_number} 银行争议 {fact.provider_id}"
        if fact.stage is DisputeStage.LOST:
            payment = session.get_one(Payment, fact.payment_id)
            entry = giving_back_entry(
                place=fact.place, cause=Cause.DISPUTE_LOST, cause_id=fact.id.hex, paid_from={away: fact.amount},
                given=_lost(session, attempt, payment, order_number, fact.amount), text=f"{words} 败诉",
                tags=tags, **_dates(session, fact.place, fact.at),
            )  # fmt: skip
            _booked(session, actor, entry, fact, "dispute.take_in", now)
        elif fact.stage is DisputeStage.OPENED:
            _moved(session, actor, fact, fact.place, Cause.DISPUTE_OPENED, (away, at_provider), fact.amount, fact.at,
                   f"{words} 款项划走", now, tags)  # fmt: skip
        else:
            _moved(session, actor, fact, fact.place, Cause.DISPUTE_WON, (at_provider, away), fact.amount, fact.at,
                   f"{words} 胜诉返还", now, tags)  # fmt: skip
    return len(taken)


def _lost(session: Session, attempt: Attempt, payment: Payment, order_number: str, amount: Money) -> dict[str, Money]:
    if attempt.state is AttemptState.PARKED:
        return {unapplied(attempt.place): amount}
    return _given_back(session, payment, order_number, amount)
