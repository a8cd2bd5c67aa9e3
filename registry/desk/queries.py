"""Reading reviews of all procedures: who may see which, the worklist in order of due dates, the subject of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload, selectinload

from kernel.audit import AuditLine
from kernel.calendar import WorkingCalendar
from kernel.identity import FINANCE, SELLERS, WATCHERS, Actor, Role
from kernel.policy import PolicyBook
from registry.applications import queries as application_queries
from registry.deadlines.rules import Clock, clock
from registry.egress import queries as egress_queries
from registry.onboarding import queries as onboarding_queries
from registry.operator_reviews import queries as operator_queries
from registry.plans import queries as plan_queries
from registry.policy import RegistryPolicy
from registry.procedures.rules import STAGES, Procedure
from registry.products.model import Product, ProductInput, ProductVersion
from registry.products.queries import in_scope as product_in_scope
from registry.requests import queries as request_queries
from registry.resources.model import Resource
from registry.reviews.model import Review, ReviewStage
from registry.reviews.queries import NoSuchReview
from registry.reviews.rules import ReviewState, StageState

COUNT_MAX = 1000
# written out, because a database proves only from constants that its index of open reviews holds what is asked for
IS_OPEN: sa.ColumnElement[bool] = sa.literal_column("registry_review.state IN ('submitted', 'in_stage')", sa.Boolean())


class Lock(Protocol):
    """How a concept locks the subject of a review."""

    def __call__(self, session: Session, subject_id: UUID, /, *, lock: bool) -> object: ...


# A command of the concept locks the subject before its review; so must everybody, or two would wait for each other.
SUBJECTS: dict[Procedure, Lock] = {
    Procedure.APPLICATION: application_queries.get,
    Procedure.DATA_REQUEST: request_queries.get,
    Procedure.EGRESS: egress_queries.get,
    Procedure.ONBOARDING: onboarding_queries.by_id,
    Procedure.OPERATOR: operator_queries.get,
    Procedure.PLAN: plan_queries.version,  # the subject is one version
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a worklist is to show; empty fields ask for everything."""

    procedure: Procedure | None = None
    place: str | None = None
    is_mine: bool = False
    is_overdue: bool = False
    is_paused: bool = False
    is_escalated: bool = False


def detail(session: Session, actor: Actor, review_id: UUID) -> Review:
    """Return a review within the actor's scope with applicant, seats, opinions and pauses.

    Raises:
        NoSuchReview: there is none, or none that the actor may know of.
    """
    query = (
        listed(actor)
        .where(Review.id == review_id)
        .options(
            selectinload(Review.stages).selectinload(ReviewStage.opinions),
            selectinload(Review.stages).joinedload(ReviewStage.party),
            selectinload(Review.pauses),
        )
        .execution_options(populate_existing=True)
    )
    found = session.scalar(query)
    if found is None:
        raise NoSuchReview(f"没有编号为 {review_id} 的审查，或不在您的职责范围内", detail_en="No such review")
    return found


def listed(
    actor: Actor, *, place: str | None = None, state: ReviewState | None = None, procedure: Procedure | None = None
) -> sa.Select[Review]:
    """Return the query of reviews within the actor's scope, with their applicants."""
    query = sa.select(Review).where(in_scope(actor)).options(joinedload(Review.applicant))
    if place is not None:
        query = query.where(Review.place == place)
    if procedure is not None:
        query = query.where(Review.procedure == procedure)
    return query if state is None else query.where(Review.state == state)


def in_scope(actor: Actor) -> sa.ColumnElement[bool]:
    """Return the condition that the actor may read a review.

    Authorities, finance and auditors read those of their places; applicants their own; an organisation those in which
    it has a seat; operators and source departments also those of products that they may read.
    """
    watched = {grant.place for grant in actor.grants if grant.role in (*WATCHERS, *FINANCE)}
    if None in watched:
        return sa.true()
    reached: list[sa.ColumnElement[bool]] = [Review.place.in_(sorted(place or "" for place in watched))]
    reached = reached if watched else [sa.false()]
    for grant in actor.grants:
        at_place = sa.true() if grant.place is None else Review.place == grant.place
        if grant.role not in (*SELLERS, Role.SOURCE):
            continue
        if grant.org_id is None:
            reached.append(at_place)
            continue
        seats = sa.select(ReviewStage.review_id).where(ReviewStage.party_id == grant.org_id)
        reached += [at_place & (Review.applicant_id == grant.org_id), at_place & Review.id.in_(seats)]
        if grant.role in (Role.OPERATOR, Role.SOURCE):
            readable = (
                sa.select(ProductVersion.id)
                .join(Product, Product.id == ProductVersion.product_id)
                .where(product_in_scope(actor))
            )
            reached.append((Review.procedure == Procedure.PRODUCT) & Review.subject_id.in_(readable))
    return sa.or_(*reached)


def worklist(
    session: Session,
    actor: Actor,
    wanted: Wanted | None = None,
    *,
    today: date,
    after: tuple[date, UUID] | None = None,
    limit: int = 50,
) -> Sequence[Review]:
    """Return open reviews within the actor's scope with applicants and seats, those due first on top.

    ``after`` is the (worklist date, id) of the last review of the page before.
    """
    query = (
        _open(actor, wanted or Wanted(), today)
        .order_by(Review.worklist_date, Review.id)
        .limit(limit)
        .options(joinedload(Review.applicant), selectinload(Review.stages))
    )
    if after is not None:
        query = query.where(sa.tuple_(Review.worklist_date, Review.id) > sa.tuple_(*map(sa.literal, after)))
    return session.scalars(query).all()


def count(session: Session, actor: Actor, wanted: Wanted, *, today: date) -> int:
    """Count what a worklist would show, up to :data:`COUNT_MAX`."""
    rows = _open(actor, wanted, today).with_only_columns(Review.id).limit(COUNT_MAX).subquery()
    return session.scalar(sa.select(sa.func.count()).select_from(rows)) or 0


def _open(actor: Actor, wanted: Wanted, today: date) -> sa.Select[Review]:
    query = sa.select(Review).where(IS_OPEN, in_scope(actor))
    conditions = (
        (wanted.procedure is not None, Review.procedure == wanted.procedure),
        (wanted.place is not None, Review.place == wanted.place),
        (wanted.is_mine, waits_for(actor)),
        (wanted.is_overdue, (Review.worklist_date < today) & Review.paused_at.is_(None)),
        (wanted.is_paused, Review.paused_at.is_not(None)),
        (wanted.is_escalated, Review.escalated_at.is_not(None)),
    )
    return query.where(*(condition for is_asked, condition in conditions if is_asked))


def waits_for(actor: Actor) -> sa.ColumnElement[bool]:
    """Return the condition that an open seat of a review waits for the actor: ``reviews.queries.awaits`` for sets."""
    held = []
    for grant in actor.grants:
        kinds = [kind for kind, stage in STAGES.items() if grant.role in stage.roles]
        right: list[sa.ColumnElement[bool]] = [ReviewStage.kind.in_(kinds)]
        right += [] if grant.place is None else [Review.place == grant.place]
        for org_id in {grant.org_id, actor.org_id} - {None}:
            right.append(sa.or_(ReviewStage.party_id.is_(None), ReviewStage.party_id == org_id))
        held.append(sa.and_(*right))
    own = [org_id for org_id in {actor.org_id, *(grant.org_id for grant in actor.grants)} if org_id is not None]
    seat = (
        sa.select(sa.literal(1))
        .where(ReviewStage.review_id == Review.id, ReviewStage.state == StageState.OPEN, sa.or_(sa.false(), *held))
        .correlate(Review)
        .exists()
    )
    return seat & sa.or_(Review.applicant_id.is_(None), Review.applicant_id.not_in(own))


def product_versions(session: Session, reviews: Sequence[Review]) -> dict[UUID, ProductVersion]:
    """Return the version that each review of a product is about, with product, seller and lineage."""
    ids = [review.subject_id for review in reviews if review.procedure is Procedure.PRODUCT]
    query = (
        sa.select(ProductVersion)
        .where(ProductVersion.id.in_(ids))
        .options(
            joinedload(ProductVersion.product).joinedload(Product.owner),
            selectinload(ProductVersion.inputs)
            .joinedload(ProductInput.resource)
            .joinedload(Resource.source_department),
        )
    )
    return {version.id: version for version in session.scalars(query)} if ids else {}


def clock_of(review: Review, *, calendar: WorkingCalendar, book: PolicyBook, today: date) -> Clock:
    """Return the legal clock of a review as it stands today; it warns where the place says from when on."""
    warning = RegistryPolicy.at(book, review.place, today).review_warning_working_days
    return clock(
        calendar, is_open=review.is_open, is_paused=review.paused_at is not None, due_date=review.due_date, today=today,
        warning=None if warning is None else warning.integer(),
    )  # fmt: skip


def position_text(review: Review) -> str:
    """Return where a review stands in the worklist, as the address of the next page says it."""
    return f"{review.worklist_date}_{review.id}"


def position_of(text: str) -> tuple[date, UUID] | None:
    """Return the place in the worklist that a text names; the beginning where it names none."""
    day, _, identity = text.partition("_")
    try:
        return date.fromisoformat(day), UUID(identity)
    except ValueError:
        return None


def lock_subject(session: Session, review: Review) -> None:
    """Lock the subject of a review, before the review itself is locked."""
    lock = SUBJECTS.get(review.procedure)
    if lock is not None:
        lock(session, review.subject_id, lock=True)


def moved_deadlines(session: Session, review: Review) -> Sequence[AuditLine]:
    """Return the audit lines that say when and why a deadline of the review moved, oldest first."""
    query = sa.select(AuditLine).where(
        AuditLine.object_type == Review.__tablename__,
        AuditLine.object_id == str(review.id),
        AuditLine.action == "review.move_deadline",
    )
    return session.scalars(query.order_by(AuditLine.id)).all()
