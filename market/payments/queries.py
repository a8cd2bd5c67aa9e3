"""Reading payments."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel import numbering
from kernel.db import MoneyType
from kernel.errors import NotFound
from kernel.identity import Actor
from kernel.money import ZERO, Money
from market.orders.model import Order
from market.orders.queries import get as get_order
from market.orders.queries import in_scope
from market.payments.gateway import Instructions, gateway
from market.payments.model import Attempt, Payment
from market.payments.rules import LIVE, AttemptState, PaymentState
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


def locked(session: Session, payment_id: UUID) -> Payment:
    """Return the payment, locked and read afresh; its order is locked first, as everywhere (R4).

    Raises:
        NoSuchPayment: there is none.
    """
    order_id = session.scalar(sa.select(Payment.order_id).where(Payment.id == payment_id))
    if order_id is None:
        raise NoSuchPayment(f"没有编号为 {payment_id} 的付款", detail_en="No such payment")
    get_order(session, order_id, lock=True)
    query = sa.select(Payment).where(Payment.id == payment_id)
    return session.scalars(query.with_for_update().execution_options(populate_existing=True)).one()


def by_reference(session: Session, reference: str) -> Payment | None:
    """Return the payment with that reference, or None."""
    return session.scalar(sa.select(Payment).where(Payment.reference == reference))


def by_bank_line(session: Session, bank_line: str) -> Payment | None:
    """Return a payment that a bank line was recorded for, alone or as one of several, or None."""
    shared = Payment.bank_line.startswith(f"{bank_line}#", autoescape=True)
    return session.scalar(sa.select(Payment).where(sa.or_(Payment.bank_line == bank_line, shared)).limit(1))


# statements of the bank lie above payments, which know of them only that some serial numbers are taken
IMPORTED = sa.table("market_bank_line", sa.column("place", sa.Text), sa.column("serial", sa.Text))


def is_imported(session: Session, place: str, serial: str) -> bool:
    """Say whether a line of an imported statement has that serial number."""
    query = sa.select(sa.literal(1)).select_from(IMPORTED).where(IMPORTED.c.place == place, IMPORTED.c.serial == serial)
    return session.scalar(query.limit(1)) is not None


SHARES = sa.table(
    "market_bank_line_share", sa.column("id"), sa.column("payment_id", sa.Uuid()), sa.column("amount", MoneyType())
)
RELEASES = sa.table("market_bank_line_release", sa.column("share_id"))


def put_by_lines(session: Session, payment_id: UUID) -> Money:
    """Return what lines of imported statements have brought for a payment so far."""
    taken_back = sa.exists().select_from(RELEASES).where(RELEASES.c.share_id == SHARES.c.id)
    found: Money | None = session.scalar(
        sa.select(sa.func.sum(SHARES.c.amount)).where(SHARES.c.payment_id == payment_id, ~taken_back)
    )
    return found if found is not None else ZERO


def lock_bank_lines(session: Session, place: str) -> None:
    """Let one at a time take lines of the bank at a place, by hand or from a file: each line counts once."""
    numbering.take(session, f"BANK-{place}")


def attempt(session: Session, attempt_id: UUID, *, lock: bool = False) -> Attempt:
    """Return one try to pay; locked and read afresh on demand.

    Raises:
        NoSuchPayment: there is none.
    """
    query = sa.select(Attempt).where(Attempt.id == attempt_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise NoSuchPayment(f"没有编号为 {attempt_id} 的支付", detail_en="No such attempt")
    return found


def visible_attempt(session: Session, actor: Actor, attempt_id: UUID) -> Attempt:
    """Return one try to pay.

    Raises:
        NoSuchPayment: there is none that the actor may know of.
    """
    mine = listed(actor).with_only_columns(Payment.id)
    found = session.scalar(sa.select(Attempt).where(Attempt.id == attempt_id, Attempt.payment_id.in_(mine)))
    if found is None:
        raise NoSuchPayment(f"没有编号为 {attempt_id} 的支付，或不属于本单位", detail_en="No such attempt")
    return found


def attempts_of(session: Session, payment_id: UUID) -> Sequence[Attempt]:
    """Return every try to pay, the first one on top."""
    query = sa.select(Attempt).where(Attempt.payment_id == payment_id).order_by(Attempt.sequence)
    return session.scalars(query.execution_options(populate_existing=True)).all()


def attempt_named(session: Session, *, number: str = "", provider_id: str = "", intent_id: str = "") -> Attempt | None:
    """Return the try that the provider names, or None; our own number comes first."""
    named = ((Attempt.number, number), (Attempt.provider_id, provider_id), (Attempt.intent_id, intent_id))
    for column, text in named:
        found = session.scalar(sa.select(Attempt).where(column == text)) if text else None
        if found is not None:
            return found
    return None


def to_follow(session: Session, *, silent_since: datetime, limit: int) -> Sequence[Attempt]:
    """Return open tries about which the provider was last asked before that moment, the oldest first."""
    heard = sa.func.coalesce(Attempt.answered_at, Attempt.asked_at)
    query = sa.select(Attempt).where(Attempt.state.in_(LIVE), heard <= silent_since)
    return session.scalars(query.order_by(heard, Attempt.id).limit(limit)).all()


def parked(session: Session, *, places: Collection[str] | None = None) -> Sequence[Attempt]:
    """Return tries whose money came otherwise than it was asked for: a person decides."""
    return _standing(session, (AttemptState.PARKED,), places)


def unknown(session: Session, *, places: Collection[str] | None = None) -> Sequence[Attempt]:
    """Return tries about which the provider has not answered: neither paid nor failed."""
    return _standing(session, (AttemptState.UNKNOWN, AttemptState.ASKED), places)


def _standing(session: Session, states: Sequence[AttemptState], places: Collection[str] | None) -> Sequence[Attempt]:
    query = sa.select(Attempt).where(Attempt.state.in_(states)).order_by(Attempt.id)
    return session.scalars(query if places is None else query.where(Attempt.place.in_(places))).all()


def instructions(session: Session, payment: Payment) -> Instructions:
    """Return what the buyer has to do to pay; the seller of the order is the payee."""
    return gateway(payment.method).instructions(payment.reference, payment.amount, payee=payee(session, payment))


def payee(session: Session, payment: Payment) -> str:
    """Return the name of the organisation that is paid."""
    query = sa.select(Party.name).join(Order, Order.seller_id == Party.id).where(Order.id == payment.order_id)
    return session.scalars(query).one()
