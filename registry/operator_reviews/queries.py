"""Reading operator-level reviews, and the gate that they keep: no new scenario without a valid one (RVW-01)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from kernel import audit
from kernel.calendar import DAY
from kernel.errors import NotFound
from kernel.identity import ROLES_OF, Actor, Permission
from kernel.policy import PolicyBook
from registry.operator_reviews.model import OperatorReview
from registry.operator_reviews.rules import OperatorReviewState
from registry.policy import RegistryPolicy


class NoSuchOperatorReview(NotFound):
    """There is no such review, or none that the actor may know of."""

    code = "operator_review.not_found"


def get(session: Session, operator_review_id: UUID, *, lock: bool = False) -> OperatorReview:
    """Return the review with its operator; locked and read afresh on demand.

    Raises:
        NoSuchOperatorReview: there is none.
    """
    query = sa.select(OperatorReview).where(OperatorReview.id == operator_review_id)
    query = query.options(joinedload(OperatorReview.operator))
    if lock:
        query = query.with_for_update(of=OperatorReview).execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise _none(str(operator_review_id))
    return found


def visible(session: Session, actor: Actor, operator_review_id: UUID) -> OperatorReview:
    """Return the review, read afresh, if it lies within the actor's scope.

    Raises:
        NoSuchOperatorReview: there is none, or none that the actor may know of.
    """
    query = listed(actor).where(OperatorReview.id == operator_review_id)
    found = session.scalar(query.execution_options(populate_existing=True))
    if found is None:
        raise _none(str(operator_review_id))
    return found


def listed(actor: Actor, *, place: str | None = None) -> sa.Select[OperatorReview]:
    """Return the query of reviews within the actor's scope: the operator's own, or those submitted at one's places."""
    reached: list[sa.ColumnElement[bool]] = []
    for grant in actor.grants:
        if grant.role not in ROLES_OF[Permission.APPLICATION_READ]:
            continue
        condition: sa.ColumnElement[bool] = sa.true() if grant.place is None else OperatorReview.place == grant.place
        own = OperatorReview.operator_id == grant.org_id
        reached.append(sa.and_(condition, OperatorReview.submitted_at.is_not(None) if grant.org_id is None else own))
    query = sa.select(OperatorReview).where(sa.or_(sa.false(), *reached)).options(joinedload(OperatorReview.operator))
    return query if place is None else query.where(OperatorReview.place == place)


def valid_clause(on: date) -> sa.ColumnElement[bool]:
    """Return the SQL condition that a review is valid on that day: :meth:`OperatorReview.is_valid` for sets."""
    return sa.and_(
        OperatorReview.state == OperatorReviewState.PASSED,
        OperatorReview.passed_on <= on,
        sa.or_(OperatorReview.valid_until.is_(None), OperatorReview.valid_until > on),
    )


def valid_for(session: Session, operator_id: UUID, place: str, on: date) -> OperatorReview | None:
    """Return the review of an operator at a place that is valid on that day, the newest, or ``None``."""
    query = sa.select(OperatorReview).where(
        OperatorReview.operator_id == operator_id, OperatorReview.place == place, valid_clause(on)
    )
    return session.scalar(query.order_by(OperatorReview.passed_on.desc(), OperatorReview.id.desc()).limit(1))


def places_demanding(book: PolicyBook, on: date) -> Sequence[str]:
    """Return the places that name a validity of the operator-level review, and so demand one."""
    return [
        place
        for place in book.places()
        if RegistryPolicy.at(book, place, on).operator_review_validity_years is not None
    ]


def operator_review_gate_fact(
    session: Session, operator_id: UUID, place: str, on: date, book: PolicyBook
) -> tuple[bool, str, date | None]:
    """Say whether the operator may start a new scenario as far as its own review is concerned, in words, since when.

    Where no text demands the review, the gate is open.

    Source:
        新昌 三（四）3（3） (RVW-01).
    """
    demanded = RegistryPolicy.at(book, place, on).operator_review_validity_years
    found = valid_for(session, operator_id, place, on)
    if found is not None:
        last = f"，有效至 {found.valid_until - DAY}" if found.valid_until else ""
        return True, f"安全审核 {found.number} 于 {found.passed_on} 通过{last}", found.passed_on
    if demanded is None:
        return True, f"{book.place(place).title}没有运营机构层面安全审核的规定", None
    return False, f"运营机构没有有效的基本安全、技术安全审核结果（有效期 {demanded.value} 年），请先申请审核", None


def operator_review_clause(
    operator_id: sa.ColumnElement[UUID],
    place: sa.ColumnElement[str],
    on: date,
    book: PolicyBook | None = None,
) -> sa.ColumnElement[bool]:
    """Return the SQL condition that an operator has a valid review at the place on that day.

    With a ``book`` it is :func:`operator_review_gate_fact` as SQL: open wherever no text demands the review.
    """
    query = sa.select(sa.literal(1)).where(
        OperatorReview.operator_id == operator_id, OperatorReview.place == place, valid_clause(on)
    )
    has_one = query.correlate_except(OperatorReview).exists()
    if book is None:
        return has_one
    return sa.or_(place.not_in(places_demanding(book, on)), has_one)


def history(session: Session, operator_review_id: UUID) -> Sequence[audit.AuditLine]:
    """Return what was done with the review, the oldest first."""
    query = sa.select(audit.AuditLine).where(
        audit.AuditLine.object_type == OperatorReview.__tablename__,
        audit.AuditLine.object_id == str(operator_review_id),
    )
    return session.scalars(query.order_by(audit.AuditLine.id)).all()


def _none(name: str) -> NoSuchOperatorReview:
    return NoSuchOperatorReview(f"没有安全审核 {name}，或不在您的职责范围内", detail_en=f"No operator review {name}.")
