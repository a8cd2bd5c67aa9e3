"""Reading refunds and disputes, and what can still be given back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.errors import NotFound
from kernel.identity import Actor
from kernel.money import ZERO, Money
from market.orders.model import Order
from market.orders.queries import in_scope
from market.payments import queries as payments
from market.payments.model import Attempt, Payment
from market.payments.rules import AttemptState, PaymentMethod, PaymentState
from market.refunds.model import ProviderDispute, Refund
from market.refunds.rules import HELD, OPEN, DisputeStage, RefundState


class NoSuchRefund(NotFound):
    """There is no such refund, or none that the actor may know of."""

    code = "refund.not_found"


def listed(actor: Actor, *, state: RefundState | None = None) -> sa.Select[Refund]:
    """Return the query of the refunds of orders that the actor may read."""
    query = (
        sa.select(Refund)
        .join(Payment, Payment.id == Refund.payment_id)
        .join(Order, Order.id == Payment.order_id)
        .where(in_scope(actor))
    )
    return query if state is None else query.where(Refund.state == state)


def visible(session: Session, actor: Actor, refund_id: UUID) -> Refund:
    """Return one refund.

    Raises:
        NoSuchRefund: there is none that the actor may know of.
    """
    return _one(session.scalar(listed(actor).where(Refund.id == refund_id)), refund_id)


def in_hand(session: Session, actor: Actor, refund_id: UUID) -> UUID:
    """Let who may know of a refund work on it alone: its order is locked first, as everywhere (R4). Return its id.

    Raises:
        NoSuchRefund: there is none that the actor may know of.
    """
    found = visible(session, actor, refund_id)
    payments.locked(session, found.payment_id)
    return found.id


def get(session: Session, refund_id: UUID, *, lock: bool = False) -> Refund:
    """Return one refund; locked and read afresh on demand.

    Raises:
        NoSuchRefund: there is none.
    """
    query = sa.select(Refund).where(Refund.id == refund_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return _one(session.scalar(query), refund_id)


def _one(found: Refund | None, refund_id: UUID) -> Refund:
    if found is None:
        raise NoSuchRefund(f"没有编号为 {refund_id} 的退款，或不属于本单位", detail_en="No such refund")
    return found


def of_payment(session: Session, payment_id: UUID) -> Sequence[Refund]:
    """Return the refunds of a payment, the first one on top."""
    query = sa.select(Refund).where(Refund.payment_id == payment_id).order_by(Refund.id)
    return session.scalars(query.execution_options(populate_existing=True)).all()


def named(session: Session, *, number: str = "", provider_id: str = "") -> Refund | None:
    """Return the refund that the provider names, or None; our own number comes first."""
    for column, text in ((Refund.number, number), (Refund.provider_id, provider_id)):
        found = session.scalar(sa.select(Refund).where(column == text)) if text else None
        if found is not None:
            return found
    return None


def left(session: Session, payment: Payment) -> Money:
    """Return what can still be given back of a payment: captured, less refunds asked or done, less disputes not won."""
    if payment.captured_at is None or payment.state is PaymentState.VOID:
        return ZERO
    query = sa.select(sa.func.sum(Refund.amount)).where(
        Refund.payment_id == payment.id, Refund.attempt_id.is_(None), Refund.state.in_(HELD)
    )
    return payment.amount - _money(session.scalar(query)) - contested(session, payment.id)


def contested(session: Session, payment_id: UUID) -> Money:
    """Return what the payer's bank has taken from a payment and not given back; surplus money is not the payment's."""
    amounts: dict[str, Money] = {}
    surplus = set(session.scalars(_surplus(payment_id)))
    for one in (one for one in disputes(session, payment_id) if one.attempt_id not in surplus):
        amounts[one.provider_id] = ZERO if one.stage is DisputeStage.WON else amounts.get(one.provider_id, one.amount)
    return sum(amounts.values(), ZERO)


def left_of_attempt(session: Session, attempt: Attempt) -> Money:
    """Return what can still be given back of money that came otherwise than it was asked for."""
    if attempt.state is not AttemptState.PARKED or attempt.received is None:
        return ZERO
    query = sa.select(sa.func.sum(Refund.amount)).where(Refund.attempt_id == attempt.id, Refund.state.in_(HELD))
    return attempt.received - _money(session.scalar(query))


def unsettled(session: Session, attempt: Attempt) -> Money:
    """Return what is still here of money that came otherwise than it was asked for: not given back, not taken back."""
    if attempt.state is not AttemptState.PARKED or attempt.received is None:
        return ZERO
    done = sa.select(sa.func.sum(Refund.amount)).where(
        Refund.attempt_id == attempt.id, Refund.state == RefundState.DONE
    )
    lost = sa.select(sa.func.sum(ProviderDispute.amount)).where(
        ProviderDispute.attempt_id == attempt.id, ProviderDispute.stage == DisputeStage.LOST
    )
    return attempt.received - _money(session.scalar(done)) - _money(session.scalar(lost))


def given_back(session: Session, payment_id: UUID) -> Money:
    """Return what has gone back of a payment, by refunds and by disputes that were lost."""
    query = sa.select(sa.func.sum(Refund.amount)).where(
        Refund.payment_id == payment_id, Refund.attempt_id.is_(None), Refund.state == RefundState.DONE
    )
    lost = sa.select(sa.func.sum(ProviderDispute.amount)).where(
        ProviderDispute.payment_id == payment_id,
        ProviderDispute.stage == DisputeStage.LOST,
        ProviderDispute.attempt_id.not_in(_surplus(payment_id)),
    )
    return _money(session.scalar(query)) + _money(session.scalar(lost))


def _surplus(payment_id: UUID) -> sa.Select[UUID]:
    return sa.select(Attempt.id).where(Attempt.payment_id == payment_id, Attempt.state == AttemptState.PARKED)


def _money(found: Money | None) -> Money:
    return found if found is not None else ZERO


def disputes(session: Session, payment_id: UUID) -> Sequence[ProviderDispute]:
    """Return what happened to the disputes of a payment, in order."""
    query = sa.select(ProviderDispute).where(ProviderDispute.payment_id == payment_id)
    return session.scalars(query.order_by(ProviderDispute.noted_at, ProviderDispute.id)).all()


def dispute(session: Session, provider_id: str) -> dict[DisputeStage, ProviderDispute]:
    """Return what happened to one dispute, by stage."""
    query = sa.select(ProviderDispute).where(ProviderDispute.provider_id == provider_id)
    return {one.stage: one for one in session.scalars(query)}


def to_follow(session: Session, *, silent_since: datetime, limit: int) -> Sequence[Refund]:
    """Return refunds that a provider has to carry out and was last asked about before that moment, oldest first."""
    heard = sa.func.coalesce(Refund.answered_at, Refund.decided_at)
    query = sa.select(Refund).where(
        Refund.method == PaymentMethod.STRIPE, Refund.state.in_(OPEN), heard <= silent_since
    )
    return session.scalars(query.order_by(heard, Refund.id).limit(limit)).all()
