"""Reading what is due to be fed back, and what was."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.errors import NotFound
from kernel.identity import ROLES_OF, WATCHERS, Actor, Permission, Role
from kernel.policy import PolicyBook
from market.feedback.model import Feedback
from market.feedback.rules import FeedbackState
from market.listings.model import Listing
from market.policy import MarketPolicy
from registry.products.model import Product, ProductInput
from registry.products.queries import latest_version_id
from registry.resources.model import Resource


class NoSuchFeedback(NotFound):
    """There is no such delivery, or none that the actor may know of."""

    code = "feedback.not_found"


def places(book: PolicyBook, on: date) -> list[str]:
    """Return the places that ask for results to be fed back (REU-02)."""
    return [place for place in book.places() if MarketPolicy.at(book, place, on).says("feedback_delivery")]


def listed(actor: Actor, *, state: FeedbackState | None = None) -> sa.Select[Feedback]:
    """Return what was fed back by the actor's organisations, from its data, or at the places it watches."""
    reached: list[sa.ColumnElement[bool]] = []
    for grant in actor.grants:
        if grant.role in WATCHERS:
            reached.append(sa.true() if grant.place is None else Feedback.place == grant.place)
        elif grant.org_id is not None and grant.role in ROLES_OF[Permission.FEEDBACK_DELIVER]:
            reached.append(Feedback.seller_id == grant.org_id)
        elif grant.org_id is not None and grant.role is Role.SOURCE:
            reached.append(_from_data_of(grant.org_id))
    query = sa.select(Feedback).where(sa.or_(sa.false(), *reached))
    return query if state is None else query.where(Feedback.state == state)


def _from_data_of(party_id: UUID) -> sa.ColumnElement[bool]:
    return sa.exists().where(
        ProductInput.version_id == Feedback.version_id, Resource.id == ProductInput.resource_id,
        Resource.source_department_id == party_id,
    )  # fmt: skip


def is_source(session: Session, feedback: Feedback, party_id: UUID) -> bool:
    """Say whether a department gave data for what was fed back."""
    return session.scalar(sa.select(Feedback.id).where(Feedback.id == feedback.id, _from_data_of(party_id))) is not None


def visible(session: Session, actor: Actor, number: str) -> Feedback:
    """Return one delivery.

    Raises:
        NoSuchFeedback: there is none that the actor may know of.
    """
    return _one(session.scalar(listed(actor).where(Feedback.number == number)), number)


def locked(session: Session, feedback_id: UUID) -> Feedback:
    """Return one delivery, locked for a change.

    Raises:
        NoSuchFeedback: there is none.
    """
    query = sa.select(Feedback).where(Feedback.id == feedback_id).with_for_update()
    return _one(session.scalar(query.execution_options(populate_existing=True)), str(feedback_id))


def _one(found: Feedback | None, name: str) -> Feedback:
    if found is None:
        raise NoSuchFeedback(f"没有成果回馈 {name}，或不属于本单位", detail_en=f"No feedback {name}")
    return found


def due(session: Session, actor: Actor, *, on: date, book: PolicyBook) -> Sequence[Product]:
    """Return the listed products of the actor whose newest version was not fed back, where the place asks for it."""
    orgs = [g.org_id for g in actor.grants if g.role in ROLES_OF[Permission.FEEDBACK_DELIVER] and g.org_id is not None]
    done = sa.exists().where(
        Feedback.version_id == latest_version_id(Product.__table__.c.id), Feedback.state != FeedbackState.RETURNED
    )
    query = (
        sa.select(Product)
        .join(Listing, Listing.product_id == Product.id)
        .where(Product.owner_id.in_(orgs), Product.place.in_(places(book, on)), Listing.withdrawn_at.is_(None), ~done)
    )
    return session.scalars(query.order_by(Product.code)).all()


def waiting(session: Session, actor: Actor) -> Sequence[Feedback]:
    """Return the deliveries that wait for the actor to receive them, the oldest first."""
    reached: list[sa.ColumnElement[bool]] = []
    for grant in actor.grants:
        if grant.role is Role.SUPERVISOR:
            reached.append(sa.true() if grant.place is None else Feedback.place == grant.place)
        elif grant.role is Role.SOURCE and grant.org_id is not None:
            reached.append(_from_data_of(grant.org_id))
    query = sa.select(Feedback).where(sa.or_(sa.false(), *reached), Feedback.state == FeedbackState.DELIVERED)
    return session.scalars(query.order_by(Feedback.delivered_at, Feedback.id)).all()
