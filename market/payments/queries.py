"""Reading payments."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.errors import NotFound
from kernel.identity import Actor
from market.orders.model import Order
from market.orders.queries import in_scope
from market.payments.gateway import Instructions, gateway
from market.payments.model import Payment
from market.payments.rules import PaymentState
from registry.parties.model import Party


class NoSuchPayment(NotFound):
    """There is no such payment, or none that the actor may know of."""

    code = "payment.not_found"


def listed(actor: Actor, *, state: PaymentState | None = None) -> sa.Select[Payment]:
    """Return the query of the payments whose orders the actor may read."""
    query = sa.select(Payment).join(Order, Order.id == Payment.order_id).where(in_scope(actor))
    return query if state is None else query.where(Payment.state == state)


def visible(session: Session, actor: Actor, payment_id: UUID) -> Payment:
    """Return one payment.

    Raises:
        NoSuchPayment: there is none that the actor may know of.
    """
    found = session.scalar(listed(actor).where(Payment.id == payment_id))
    if found is None:
        raise NoSuchPayment(f"没有编号为 {payment_id} 的付款，或不属于本单位", detail_en="No such payment")
    return found


def of_order(session: Session, order_id: UUID, *, lock: bool = False) -> Payment | None:
    """Return the payment of an order, or None where nothing is to be paid or the contract is not concluded."""
    query = sa.select(Payment).where(Payment.order_id == order_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return session.scalar(query)


def by_reference(session: Session, reference: str) -> Payment | None:
    """Return the payment with that reference, locked and read afresh, or None."""
    query = sa.select(Payment).where(Payment.reference == reference)
    return session.scalar(query.with_for_update().execution_options(populate_existing=True))


def by_bank_line(session: Session, bank_line: str) -> Payment | None:
    """Return the payment that a bank line was recorded for, or None."""
    return session.scalar(sa.select(Payment).where(Payment.bank_line == bank_line))


def instructions(session: Session, payment: Payment) -> Instructions:
    """Return what the buyer has to do to pay; the seller of the order is the payee."""
    payee = session.scalars(
        sa.select(Party.name).join(Order, Order.seller_id == Party.id).where(Order.id == payment.order_id)
    ).one()
    return gateway(payment.method).instructions(payment.reference, payment.amount, payee=payee)
