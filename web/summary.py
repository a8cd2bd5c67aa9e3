"""What the front page shows: counts that anybody may know, and where to begin."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.calendar import business_date
from kernel.http import policy_book
from kernel.money import ZERO
from market.orders.model import Order
from registry.agreements.model import Agreement
from registry.agreements.queries import in_force_clause
from registry.products.model import Product
from registry.registrations.model import Registration
from registry.registrations.queries import effective_clause


def front_page(session: Session, *, now: datetime) -> dict[str, Any]:
    """Return the figures of the home page: by place and in all."""
    from market.listings import queries as listings
    from settlement.metering.model import UsageTotal

    book = policy_book()
    listed = listings.count_by_place(session, now=now, book=book)
    orders = dict(session.execute(sa.select(Order.place, sa.func.count()).group_by(Order.place)).all())
    free = sa.select(sa.func.count()).select_from(Order).where(Order.amount == ZERO)
    places = [
        {"profile": book.place(place), "listed": listed.get(place, 0), "orders": orders.get(place, 0)}
        for place in book.places()
    ]
    return {
        "places": places,
        "totals": {
            "listed": sum(listed.values()),
            "products": _count(session, Product),
            "registrations": _count(session, Registration, effective_clause(business_date(now))),
            "agreements": _count(session, Agreement, in_force_clause(business_date(now))),
            "free_orders": session.scalar(free) or 0,
            "calls": session.scalar(sa.select(sa.func.coalesce(sa.func.sum(UsageTotal.used), 0))) or 0,
        },
    }


def _count(session: Session, table: type[Any], *conditions: sa.ColumnElement[bool]) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(table).where(*conditions)) or 0
