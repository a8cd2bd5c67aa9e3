"""Reading the reviews of products."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from registry.products.model import ProductVersion
from registry.reviews import queries as reviews
from registry.reviews.model import Review
from registry.reviews.rules import Procedure


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
