"""Market facts that have no journal entry yet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, Session

from kernel.money import Money
from market.bank_lines.model import BankLine, LineShare
from market.bank_lines.queries import IN_FORCE
from market.bank_lines.rules import LineState
from market.buyer_accounts.model import AccountLine, BuyerAccount
from market.orders.model import Order
from market.payments.model import Attempt, Payment
from market.payments.rules import AttemptState
from market.refunds.model import ProviderDispute, Refund
from market.refunds.rules import DisputeStage, RefundState
from registry.agreements.model import Agreement
from registry.parties.model import Party
from registry.products.model import Product
from settlement.ledger.model import JournalEntry
from settlement.ledger.rules import Cause, Tags
from settlement.revenue.rules import use_class_of

NOT_RECEIVED = (LineState.RECORDED, LineState.OUTGOING)


def _unbooked(cause: Cause, identity: InstrumentedAttribute[Any]) -> sa.ColumnElement[bool]:
    name = sa.func.replace(sa.cast(identity, sa.Text), "-", "")
    return ~sa.exists().where(JournalEntry.cause == cause, JournalEntry.cause_id == name)


def _rows(session: Session, query: Any, column: Any, place: str | None, limit: int) -> list[Any]:
    query = query.limit(limit) if place is None else query.where(column == place).limit(limit)
    return list(session.execute(query))


def unbooked_captures(session: Session, *, limit: int, place: str | None = None) -> Sequence[tuple[Payment, str]]:
    """Return captured payments without an entry, each with its order's number, oldest first, at most ``limit``."""
    query = (
        sa.select(Payment, Order.number)
        .join(Order, Order.id == Payment.order_id)
        .where(Payment.captured_at.is_not(None), _unbooked(Cause.PAYMENT_CAPTURED, Payment.id))
        .order_by(Payment.captured_at, Payment.id)
    )
    return [(payment, number) for payment, number in _rows(session, query, Payment.place, place, limit)]


def is_from_statement(session: Session, payment: Payment) -> bool:
    """Say whether a payment was brought by lines of an imported statement, which are booked by themselves."""
    query = sa.select(LineShare.id).where(LineShare.payment_id == payment.id, IN_FORCE)
    return session.scalar(query.limit(1)) is not None


def credit_code(session: Session, payment: Payment) -> str:
    """Return the credit code of the buyer."""
    return session.scalars(sa.select(Party.uscc).where(Party.id == payment.buyer_id)).one()


def tags_of(session: Session, order_number: str) -> Tags:
    """Return which separate account an order belongs to: its agreement, product and class of use (PRC-09)."""
    query = (
        sa.select(Agreement.number, Product.code, Order.purpose)
        .join(Agreement, Agreement.id == Order.agreement_id)
        .join(Product, Product.id == Order.product_id)
        .where(Order.number == order_number)
    )
    agreement, product, purpose = session.execute(query).one()
    return Tags(agreement, product, str(use_class_of(purpose)))


def unbooked_lines(session: Session, *, limit: int, place: str | None = None) -> Sequence[BankLine]:
    """Return lines of the bank that brought money and have no entry, oldest first."""
    query = (
        sa.select(BankLine)
        .where(BankLine.state.not_in(NOT_RECEIVED), _unbooked(Cause.BANK_LINE_RECEIVED, BankLine.id))
        .order_by(BankLine.booked_at, BankLine.id)
    )
    return [line for (line,) in _rows(session, query, BankLine.place, place, limit)]


def unbooked_returns(session: Session, *, limit: int, place: str | None = None) -> Sequence[BankLine]:
    """Return lines that went back to the payer and have no entry about it, oldest first."""
    query = (
        sa.select(BankLine)
        .where(BankLine.returned_at.is_not(None), _unbooked(Cause.BANK_LINE_RETURNED, BankLine.id))
        .order_by(BankLine.returned_at, BankLine.id)
    )
    return [line for (line,) in _rows(session, query, BankLine.place, place, limit)]


def unbooked_shares(session: Session, *, limit: int, place: str | None = None) -> Sequence[tuple[LineShare, str]]:
    """Return what lines brought to accounts and has no entry, each with the buyer's credit code, oldest first."""
    query = (
        sa.select(LineShare, Party.uscc)
        .join(BuyerAccount, BuyerAccount.id == LineShare.account_id)
        .join(Party, Party.id == BuyerAccount.buyer_id)
        .where(
            sa.case(
                (LineShare.statement_id.is_(None), _unbooked(Cause.BALANCE_TOPPED_UP, LineShare.id)),
                else_=_unbooked(Cause.STATEMENT_REPAID, LineShare.id),
            )
        )
        .order_by(LineShare.made_at, LineShare.id)
    )
    return [(share, code) for share, code in _rows(session, query, LineShare.place, place, limit)]


def unbooked_surplus(session: Session, *, limit: int, place: str | None = None) -> Sequence[Attempt]:
    """Return money that came to the provider otherwise than it was asked for and has no entry, oldest first."""
    query = (
        sa.select(Attempt)
        .where(
            Attempt.state == AttemptState.PARKED,
            Attempt.received.is_not(None),
            _unbooked(Cause.SURPLUS_RECEIVED, Attempt.id),
        )
        .order_by(Attempt.received_at, Attempt.id)
    )
    return [attempt for (attempt,) in _rows(session, query, Attempt.place, place, limit)]


def unbooked_refunds(
    session: Session, *, limit: int, place: str | None = None
) -> Sequence[tuple[Refund, Payment, str]]:
    """Return refunds that are done and have no entry, with payment and order's number, oldest first."""
    query = (
        sa.select(Refund, Payment, Order.number)
        .join(Payment, Payment.id == Refund.payment_id)
        .join(Order, Order.id == Payment.order_id)
        .where(Refund.state == RefundState.DONE, _unbooked(Cause.REFUND_PAID, Refund.id))
        .order_by(Refund.done_at, Refund.id)
    )
    return [(refund, payment, number) for refund, payment, number in _rows(session, query, Refund.place, place, limit)]


def credited(session: Session, refund: Refund) -> Money | None:
    """Return what of a refund lowered charges of the monthly account, or None."""
    evidence = f"{refund.evidence}/credit"
    found: Money | None = session.scalar(sa.select(AccountLine.amount).where(AccountLine.evidence == evidence))
    return found


def unbooked_disputes(
    session: Session, *, limit: int, place: str | None = None
) -> Sequence[tuple[ProviderDispute, Attempt, str]]:
    """Return what happened to disputes and has no entry, with the try to pay and the order's number, oldest first."""
    stages = {
        DisputeStage.OPENED: Cause.DISPUTE_OPENED,
        DisputeStage.WON: Cause.DISPUTE_WON,
        DisputeStage.LOST: Cause.DISPUTE_LOST,
    }
    whens = [(ProviderDispute.stage == stage, _unbooked(cause, ProviderDispute.id)) for stage, cause in stages.items()]
    query = (
        sa.select(ProviderDispute, Attempt, Order.number)
        .join(Attempt, Attempt.id == ProviderDispute.attempt_id)
        .join(Payment, Payment.id == ProviderDispute.payment_id)
        .join(Order, Order.id == Payment.order_id)
        .where(sa.case(*whens, else_=sa.false()))
        .order_by(ProviderDispute.noted_at, ProviderDispute.id)
    )
    return [(fact, attempt, number)
            for fact, attempt, number in _rows(session, query, ProviderDispute.place, place, limit)]  # fmt: skip


def causes_of(session: Session, payment: Payment) -> list[str]:
    """Return the ids under which what went back of a payment is booked."""
    refunds = sa.select(Refund.id).where(Refund.payment_id == payment.id, Refund.attempt_id.is_(None))
    disputes = sa.select(ProviderDispute.id).where(ProviderDispute.payment_id == payment.id)
    return [identity.hex for identity in (*session.scalars(refunds), *session.scalars(disputes))]


def oldest_unbooked(session: Session, *, place: str) -> dict[str, datetime]:
    """Return, by kind of fact about money, when the oldest one without an entry happened, if there is any."""
    oldest: dict[str, list[datetime | None]] = {
        "payment": [payment.captured_at for payment, _ in unbooked_captures(session, limit=1, place=place)],
        "bank_line": [line.booked_at for line in unbooked_lines(session, limit=1, place=place)],
        "bank_return": [line.returned_at for line in unbooked_returns(session, limit=1, place=place)],
        "top_up": [share.made_at for share, _ in unbooked_shares(session, limit=1, place=place)],
        "surplus": [attempt.received_at for attempt in unbooked_surplus(session, limit=1, place=place)],
        "refund": [refund.done_at for refund, _, _ in unbooked_refunds(session, limit=1, place=place)],
        "dispute": [fact.at for fact, _, _ in unbooked_disputes(session, limit=1, place=place)],
    }
    return {kind: moment for kind, moments in oldest.items() for moment in moments if moment is not None}
