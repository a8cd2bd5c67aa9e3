"""Reading the reviews of products."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from registry.parties.rules import Capacity
from registry.policy import RegistryPolicy
from registry.procedures.rules import STAGES, Procedure, Seat
from registry.products.model import Product, ProductVersion
from registry.reviews import queries as reviews
from registry.reviews.model import Review


@dataclass(frozen=True, slots=True)
class VersionReview:
    """A review with the version that it is about."""

    review: Review
    version: ProductVersion


def of_product(session: Session, product_id: UUID) -> list[VersionReview]:
    """Return the reviews of a product with their versions, newest first, with seats and opinions."""
    found = session.scalars(sa.select(ProductVersion).where(ProductVersion.product_id == product_id))
    versions = {version.id: version for version in found}
    history = reviews.history(session, Procedure.PRODUCT, list(versions))
    return [VersionReview(review, versions[review.subject_id]) for review in history]


def latest(session: Session, product_ids: Sequence[UUID]) -> dict[UUID, Review]:
    """Return the newest review of each product that has one, in one query."""
    query = (
        sa.select(ProductVersion.product_id, Review)
        .join(Review, Review.subject_id == ProductVersion.id)
        .where(ProductVersion.product_id.in_(product_ids), Review.procedure == Procedure.PRODUCT)
        .order_by(Review.id)
    )
    return {product_id: review for product_id, review in session.execute(query)}  # noqa: C416  (rows are no pairs)


def of_version(session: Session, version_id: UUID) -> Review | None:
    """Return the review of a version that runs, was returned, or passed; ``None`` when there is none."""
    return reviews.of_subject(session, Procedure.PRODUCT, version_id)


def passed(session: Session, version_id: UUID) -> Review | None:
    """Return the passed review of a version, or ``None``."""
    return reviews.passed(session, Procedure.PRODUCT, version_id)


def seats(product: Product, version: ProductVersion, policy: RegistryPolicy) -> list[Seat]:
    """Return the seats of a product review: the stages of the place in order, source departments side by side.

    Raises:
        PolicyGap: the place does not say which stages there are or how long each takes.
    """
    days = policy.require("review_stage_working_days")
    made = []
    for position, kind in enumerate(policy.require("review_stages").items(), start=1):
        holders: list[UUID | None] = [None]
        if STAGES[kind].capacity is Capacity.SOURCE_DEPARTMENT:
            holders = list(dict.fromkeys(used.resource.source_department_id for used in version.inputs))
        elif STAGES[kind].capacity is Capacity.OPERATING_INSTITUTION:
            holders = [product.agreement.operating_institution_id]
        made += [Seat(kind, position, holder, days) for holder in holders]
    return made
