"""Reading quotes and orders."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.errors import NotFound
from kernel.identity import ROLES_OF, SELLERS, WATCHERS, Actor, Permission, Role
from market.orders.model import Order, Quote
from market.orders.rules import LIVE, OrderState
from registry.agreements.model import Agreement


class NoSuchQuote(NotFound):
    """There is no such quote, or none that the actor may know of."""

    code = "quote.not_found"


class NoSuchOrder(NotFound):
    """There is no such order, or none that the actor may know of."""

    code = "order.not_found"


def quotes(actor: Actor) -> sa.Select[Quote]:
    """Return the query of the quotes that were made for the actor's organisation, or at the places it watches."""
    reached: list[sa.ColumnElement[bool]] = []
    for grant in actor.grants:
        if grant.role in ROLES_OF[Permission.ORDER_PLACE] and grant.org_id is not None:
            reached.append(Quote.buyer_id == grant.org_id)
        elif grant.role in WATCHERS:
            reached.append(sa.true() if grant.place is None else Quote.place == grant.place)
    return sa.select(Quote).where(sa.or_(sa.false(), *reached))


def quote(session: Session, actor: Actor, number: str, *, lock: bool = False) -> Quote:
    """Return a quote by its number.

    Raises:
        NoSuchQuote: there is none that the actor may know of.
    """
    query = quotes(actor).where(Quote.number == number)
    found = session.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise NoSuchQuote(f"没有编号为 {number} 的报价，或不属于本单位", detail_en=f"No quote {number}")
    return found


def listed(actor: Actor, *, state: OrderState | None = None) -> sa.Select[Order]:
    """Return the query of the orders within the actor's scope.

    Buyers see what they bought, sellers what they sold, an operator what was sold under its agreements; authorities,
    finance and auditors what was sold at their places.
    """
    query = sa.select(Order).where(in_scope(actor))
    return query if state is None else query.where(Order.state == state)


def in_scope(actor: Actor) -> sa.ColumnElement[bool]:
    """Return the condition that the actor may read an order and what hangs on it."""
    reached: list[sa.ColumnElement[bool]] = []
    for grant in actor.grants:
        if grant.role not in ROLES_OF[Permission.ORDER_READ]:
            continue
        if grant.role in WATCHERS:
            reached.append(sa.true() if grant.place is None else Order.place == grant.place)
        elif grant.org_id is not None:
            at_place = sa.true() if grant.place is None else Order.place == grant.place
            sold = (Order.seller_id == grant.org_id) & at_place
            reached.append(sold if grant.role in SELLERS else Order.buyer_id == grant.org_id)
        if grant.role is Role.OPERATOR and grant.org_id is not None:
            operated = sa.select(Agreement.id).where(Agreement.operating_institution_id == grant.org_id)
            reached.append(Order.agreement_id.in_(operated))
    return sa.or_(sa.false(), *reached)


def get(session: Session, order_id: UUID, *, lock: bool = False) -> Order:
    """Return the order; locked and read afresh on demand.

    Raises:
        NoSuchOrder: there is none.
    """
    query = sa.select(Order).where(Order.id == order_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return _one(session.scalar(query), str(order_id))


def visible(session: Session, actor: Actor, number: str) -> Order:
    """Return an order by its number.

    Raises:
        NoSuchOrder: there is none that the actor may know of.
    """
    return _one(session.scalar(listed(actor).where(Order.number == number)), number)


def _one(found: Order | None, name: str) -> Order:
    if found is None:
        raise NoSuchOrder(f"没有订单 {name}，或不属于本单位", detail_en=f"No order {name}")
    return found


def by_client_reference(session: Session, buyer_id: UUID, client_reference: str) -> Order | None:
    """Return the order that the buyer placed under that reference, or None."""
    query = sa.select(Order).where(Order.buyer_id == buyer_id, Order.client_reference == client_reference)
    return session.scalar(query.execution_options(populate_existing=True))


def order_of_quote(session: Session, quote_id: UUID) -> Order | None:
    """Return the order that a quote became, or None."""
    return session.scalar(sa.select(Order).where(Order.quote_id == quote_id))


def ordered_under(session: Session, exemption_id: UUID) -> int:
    """Return how many units were ordered under an exemption, cancelled orders not counted."""
    query = sa.select(sa.func.coalesce(sa.func.sum(Order.quantity), 0))
    return int(session.scalar(query.where(Order.exemption_id == exemption_id, Order.state.in_(LIVE))) or 0)
