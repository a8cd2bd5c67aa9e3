"""How far products have come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.policy import PolicyBook
from registry.gates.queries import open_among
from registry.product_reviews import queries as reviews
from registry.products.model import ProductVersion
from registry.registrations.model import Registration
from registry.reviews.model import Review


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a product has come, for lists."""

    version_number: int
    review: Review | None
    registration: Registration | None
    is_open: bool


def progress(session: Session, product_ids: Sequence[UUID], *, on: date, book: PolicyBook) -> dict[UUID, Progress]:
    """Return how far each product has come, in four queries for all of them."""
    counted = sa.select(ProductVersion.product_id, sa.func.max(ProductVersion.number))
    numbers: dict[UUID, int] = dict(
        session.execute(
            counted.where(ProductVersion.product_id.in_(product_ids)).group_by(ProductVersion.product_id)
        ).all()
    )
    latest_reviews = reviews.latest(session, product_ids)
    applied = sa.select(Registration).where(Registration.product_id.in_(product_ids)).order_by(Registration.id)
    latest = {registration.product_id: registration for registration in session.scalars(applied)}
    is_open = open_among(session, product_ids, on=on, book=book)
    return {
        product_id: Progress(
            numbers[product_id], latest_reviews.get(product_id), latest.get(product_id), product_id in is_open
        )
        for product_id in product_ids
    }
