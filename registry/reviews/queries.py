"""Reading compliance reviews."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload, selectinload

from kernel.errors import NotFound
from kernel.identity import Actor
from registry.products.model import Product, ProductInput, ProductVersion
from registry.products.queries import in_scope
from registry.requests.rules import speaks_for
from registry.resources.model import Resource
from registry.reviews.model import Review, ReviewStage
from registry.reviews.rules import OPEN_STATES, ReviewState, StageState


class NoSuchReview(NotFound):
    """There is no such review, or none that the actor may know of."""

    code = "review.not_found"


def get(session: Session, review_id: UUID, *, lock: bool = False) -> Review:
    """Return the review; locked and read afresh on demand.

    Raises:
        NoSuchReview: there is none.
    """
    query = sa.select(Review).where(Review.id == review_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise NoSuchReview(f"没有编号为 {review_id} 的合规审查", detail_en="No such review")
    return found


def detail(session: Session, actor: Actor, review_id: UUID) -> Review:
    """Return a review within the actor's scope with product, seller, version, lineage, stages and opinions.

    Raises:
        NoSuchReview: there is none, or none that the actor may know of.
    """
    query = (
        listed(actor)
        .where(Review.id == review_id)
        .options(
            joinedload(Review.product_version)
            .selectinload(ProductVersion.inputs)
            .joinedload(ProductInput.resource)
            .joinedload(Resource.source_department),
            selectinload(Review.stages).selectinload(ReviewStage.opinions),
        )
        .execution_options(populate_existing=True)
    )
    found = session.scalar(query)
    if found is None:
        raise NoSuchReview(f"没有编号为 {review_id} 的合规审查，或不在您的职责范围内", detail_en="No such review")
    return found


def listed(actor: Actor, *, place: str | None = None, state: ReviewState | None = None) -> sa.Select[Review]:
    """Return the query of reviews within the actor's scope (that of the products), with products and sellers."""
    query = (
        sa.select(Review)
        .join(Product, Product.id == Review.product_id)
        .where(in_scope(actor))
        .options(joinedload(Review.product).joinedload(Product.owner))
    )
    if place is not None:
        query = query.where(Review.place == place)
    return query if state is None else query.where(Review.state == state)


def worklist(session: Session, actor: Actor, *, limit: int = 200) -> Sequence[Review]:
    """Return the open reviews within the actor's scope with their stages, the most urgent first."""
    query = (
        listed(actor)
        .where(Review.state.in_(OPEN_STATES))
        .order_by(Review.due_date, Review.id)
        .limit(limit)
        .options(selectinload(Review.stages), joinedload(Review.product_version))
    )
    return session.scalars(query).all()


def stages(session: Session, review: Review) -> Sequence[ReviewStage]:
    """Return the stages of the present round, in order."""
    query = (
        sa.select(ReviewStage)
        .where(ReviewStage.review_id == review.id, ReviewStage.round_number == review.round_number)
        .order_by(ReviewStage.position)
        .execution_options(populate_existing=True)
    )
    return session.scalars(query).all()


def open_stage(found: Sequence[ReviewStage]) -> ReviewStage | None:
    """Return the stage that waits for a decision."""
    return next((stage for stage in found if stage.state is StageState.OPEN), None)


def awaits(actor: Actor, review: Review) -> bool:
    """Say whether the open stage of a review (its stages loaded) waits for the actor."""
    stage = open_stage(review.stages)
    is_own = actor.org_id is not None and actor.org_id == review.product.owner_id
    return stage is not None and not is_own and speaks_for(actor, stage.capacity, stage.party_id, review.place)


def of_product(session: Session, product_id: UUID) -> Sequence[Review]:
    """Return the reviews of a product, newest first, with stages and opinions."""
    query = (
        sa.select(Review)
        .where(Review.product_id == product_id)
        .order_by(Review.id.desc())
        .options(joinedload(Review.product_version), selectinload(Review.stages).selectinload(ReviewStage.opinions))
    )
    return session.scalars(query).all()


def of_version(session: Session, version_id: UUID) -> Review | None:
    """Return the review of a version that runs, was returned, or passed; ``None`` when there is none."""
    standing = (*OPEN_STATES, ReviewState.RETURNED, ReviewState.PASSED)
    query = sa.select(Review).where(Review.version_id == version_id, Review.state.in_(standing))
    return session.scalar(query)


def passed(session: Session, version_id: UUID) -> Review | None:
    """Return the passed review of a version, or ``None``."""
    return session.scalar(sa.select(Review).where(Review.version_id == version_id, Review.state == ReviewState.PASSED))
