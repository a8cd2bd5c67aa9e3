"""Reading delivery receipts: what stands, what is in dispute, and whose turn it is."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.errors import NotFound
from kernel.identity import SELLERS, Actor, Role
from market.orders.model import Order
from market.orders.queries import in_scope
from market.receipts.model import DeliveryReceipt, ReceiptCount, ReceiptSignature
from market.receipts.rules import ReceiptState, Side, Standing

BUYERS = (Role.BUYER, Role.SOURCE)
SETTLED = (ReceiptState.AGREED, ReceiptState.DISPUTED, ReceiptState.RESOLVED)


class NoSuchReceipt(NotFound):
    """There is no such receipt, or none that the actor may know of."""

    code = "receipt.not_found"


def listed(actor: Actor, *, state: ReceiptState | None = None) -> sa.Select[DeliveryReceipt]:
    """Return the query of the receipts of orders that the actor may read."""
    query = sa.select(DeliveryReceipt).join(Order, Order.id == DeliveryReceipt.order_id).where(in_scope(actor))
    return query if state is None else query.where(DeliveryReceipt.state == state)


def visible(session: Session, actor: Actor, number: str) -> DeliveryReceipt:
    """Return one receipt by its number.

    Raises:
        NoSuchReceipt: there is none that the actor may know of.
    """
    return _one(session.scalar(listed(actor).where(DeliveryReceipt.number == number)), number)


def get(session: Session, receipt_id: UUID, *, lock: bool = False) -> DeliveryReceipt:
    """Return one receipt; locked and read afresh on demand.

    Raises:
        NoSuchReceipt: there is none.
    """
    query = sa.select(DeliveryReceipt).where(DeliveryReceipt.id == receipt_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return _one(session.scalar(query), str(receipt_id))


def _one(found: DeliveryReceipt | None, name: str) -> DeliveryReceipt:
    if found is None:
        raise NoSuchReceipt(f"没有交付回执 {name}，或不属于本单位", detail_en=f"No receipt {name}")
    return found


def of_month(session: Session, entitlement_id: UUID, start: date, *, lock: bool = False) -> DeliveryReceipt | None:
    """Return the receipt of an entitlement for the month that begins on a day, or None."""
    query = sa.select(DeliveryReceipt).where(
        DeliveryReceipt.entitlement_id == entitlement_id, DeliveryReceipt.period_start == start
    )
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return session.scalar(query)


def stands(session: Session, entitlement_id: UUID, start: date) -> Standing | None:
    """Return what both sides signed for a month: what stands and what is in dispute; None where they did not."""
    found = of_month(session, entitlement_id, start)
    return found.standing if found is not None and found.state in SETTLED else None


def in_dispute(session: Session, order_ids: Collection[UUID]) -> Sequence[DeliveryReceipt]:
    """Return the receipts of these orders whose difference is not decided."""
    query = sa.select(DeliveryReceipt).where(
        DeliveryReceipt.order_id.in_(order_ids), DeliveryReceipt.state == ReceiptState.DISPUTED
    )
    return session.scalars(query.order_by(DeliveryReceipt.id)).all()


def counts(session: Session, receipt_id: UUID) -> Sequence[ReceiptCount]:
    """Return every count of a receipt, the oldest first."""
    query = sa.select(ReceiptCount).where(ReceiptCount.receipt_id == receipt_id).order_by(ReceiptCount.id)
    return session.scalars(query).all()


def signatures(session: Session, receipt: DeliveryReceipt) -> dict[Side, ReceiptSignature]:
    """Return who has signed the document that stands now."""
    query = sa.select(ReceiptSignature).where(
        ReceiptSignature.receipt_id == receipt.id, ReceiptSignature.sha256 == receipt.sha256
    )
    return {one.side: one for one in session.scalars(query)}


def side_of(actor: Actor, order: Order) -> Side | None:
    """Return the side for which the actor's organisation stands in an order, or None."""
    if actor.org_id == order.seller_id:
        return Side.PROVIDER
    return Side.BUYER if actor.org_id == order.buyer_id else None


def waiting(session: Session, actor: Actor) -> Sequence[DeliveryReceipt]:
    """Return the receipts that wait for the actor's organisations to count or to sign, the oldest first."""
    found: list[sa.ColumnElement[bool]] = []
    for side, roles, own, counted in (
        (Side.PROVIDER, SELLERS, Order.seller_id, DeliveryReceipt.provider_count),
        (Side.BUYER, BUYERS, Order.buyer_id, DeliveryReceipt.buyer_count),
    ):
        orgs = [grant.org_id for grant in actor.grants if grant.role in roles and grant.org_id is not None]
        signed = sa.exists().where(
            ReceiptSignature.receipt_id == DeliveryReceipt.id, ReceiptSignature.sha256 == DeliveryReceipt.sha256,
            ReceiptSignature.side == side,
        )  # fmt: skip
        to_sign = DeliveryReceipt.state.in_((ReceiptState.COUNTED, ReceiptState.HALF_SIGNED)) & ~signed
        found.append(own.in_(orgs) & sa.or_(counted.is_(None), to_sign))
    query = sa.select(DeliveryReceipt).join(Order, Order.id == DeliveryReceipt.order_id).where(sa.or_(*found))
    return session.scalars(query.order_by(DeliveryReceipt.opened_at, DeliveryReceipt.id)).all()
