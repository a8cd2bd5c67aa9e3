"""Reads of the parked changes of price: of the own organisation, or of the own places."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.errors import NotFound
from kernel.identity import Actor, Permission
from kernel.policy import PolicyBook
from pricing.costs.queries import within_reach
from pricing.parked_prices.model import ParkedPrice
from pricing.parked_prices.rules import ParkedState
from pricing.policy import PricingPolicy
from registry.products.model import Product


class NoSuchParkedPrice(NotFound):
    """There is no such parked price, or none that the actor may know of."""

    code = "parked_price.not_found"


def visible(actor: Actor, permission: Permission = Permission.PRICE_TRY) -> sa.Select[ParkedPrice]:
    """Return the query of the parked prices that the actor reaches with a permission, reading them unless named."""
    return sa.select(ParkedPrice).where(within_reach(actor, permission, ParkedPrice.place, ParkedPrice.seller_id))


def get(session: Session, actor: Actor, number: str, *, lock: bool = False) -> ParkedPrice:
    """Return one parked price, locked for a change if asked.

    Raises:
        NoSuchParkedPrice: there is none that the actor may read.
    """
    query = visible(actor).where(ParkedPrice.number == number)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise NoSuchParkedPrice(f"没有编号为 {number} 的停放的调价，或您无权查看。")
    return found


def waiting_for(session: Session, product_id: UUID, scope: str) -> ParkedPrice | None:
    """Return the change of a price that waits, where there is one."""
    query = sa.select(ParkedPrice).where(ParkedPrice.product_id == product_id, ParkedPrice.scope == scope)
    return session.scalar(query.where(ParkedPrice.state == ParkedState.WAITING))


def releasable(session: Session, actor: Actor, most: int) -> Sequence[ParkedPrice]:
    """Return what waits within the actor's reach to release, the earliest first day first, at most so many."""
    query = visible(actor, Permission.PRICE_RELEASE).where(ParkedPrice.state == ParkedState.WAITING)
    return session.scalars(query.order_by(ParkedPrice.effective_from, ParkedPrice.number).limit(most)).all()


def release_by(parked: ParkedPrice, book: PolicyBook) -> date:
    """Return the last day for a release: the first day of the price, or for a rise the last that leaves the notice."""
    notice = PricingPolicy.at(book, parked.place, parked.effective_from).notice_days_for_rise
    if notice is None or parked.new_unit_price_max < parked.old_unit_price_max:
        return parked.effective_from
    return parked.effective_from - timedelta(days=notice.integer())


def products_of(session: Session, shown: Sequence[ParkedPrice]) -> dict[UUID, Product]:
    """Return the products of parked prices by their ids, in one query."""
    found = session.scalars(sa.select(Product).where(Product.id.in_({one.product_id for one in shown})))
    return {one.id: one for one in found}
