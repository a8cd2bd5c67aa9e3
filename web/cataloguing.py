"""Keeping the catalogue's index in step: how often each product was used is known on the floor above it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel import db
from kernel.identity import Actor
from market.catalogue import commands
from market.entitlements.model import Entitlement
from market.orders.model import Order
from market.search.model import SearchEntry
from settlement.metering.model import UsageTotal


def uses_of_products(session: Session) -> dict[UUID, int]:
    """Return product → units that were ever used of it, by all its buyers."""
    query = (
        sa.select(Order.product_id, sa.func.sum(UsageTotal.used))
        .join(Entitlement, Entitlement.order_id == Order.id)
        .join(UsageTotal, UsageTotal.entitlement_id == Entitlement.id)
        .group_by(Order.product_id)
    )
    return {product_id: int(used) for product_id, used in session.execute(query)}


def refresh(session: Session, actor: Actor, now: datetime) -> int:
    """Rewrite what changed facts have made of the index; return how many entries were written."""
    return commands.refresh(session, actor, uses_of_products(session), now=now)


def rebuild(actor: Actor, now: datetime) -> int:
    """Write the whole index anew from the facts, in transactions of their own; return how many entries there are.

    It may be stopped and begun again at any time, and the site goes on serving meanwhile.
    """
    after: UUID | None = None
    while True:
        with db.transaction() as session:
            after = commands.rebuild(session, actor, after=after, now=now)
        if after is None:
            break
    with db.transaction() as session:
        commands.finish_rebuilding(session, actor, uses_of_products(session), now=now)
        return session.scalar(sa.select(sa.func.count()).select_from(SearchEntry)) or 0
