"""Reading reviews of any procedure."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from kernel.calendar import business_date
from kernel.errors import NotFound
from kernel.identity import Actor
from registry.deadlines.rules import Pause
from registry.parties import queries as parties
from registry.procedures.rules import Procedure, is_own, speaks_for
from registry.reviews.model import Opinion, Review, ReviewPause, ReviewStage
from registry.reviews.rules import STANDING_STATES, Decision, ReviewState, StageState


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
        raise NoSuchReview(f"没有编号为 {review_id} 的审查", detail_en="No such review")
    return found


def stages(session: Session, review: Review) -> Sequence[ReviewStage]:
    """Return the seats of the present round with their opinions, in order; read afresh."""
    query = (
        sa.select(ReviewStage)
        .where(ReviewStage.review_id == review.id, ReviewStage.round_number == review.round_number)
        .order_by(ReviewStage.position, ReviewStage.seat_number)
        .options(selectinload(ReviewStage.opinions))
        .execution_options(populate_existing=True)
    )
    return session.scalars(query).all()


def open_stages(found: Sequence[ReviewStage]) -> list[ReviewStage]:
    """Return the seats that wait for a decision."""
    return [stage for stage in found if stage.state is StageState.OPEN]


def open_stage(found: Sequence[ReviewStage]) -> ReviewStage | None:
    """Return the first seat that waits for a decision."""
    return next(iter(open_stages(found)), None)


def awaiting(actor: Actor, review: Review, found: Sequence[ReviewStage]) -> list[ReviewStage]:
    """Return the open seats that wait for the actor, those of the own organisation first."""
    if is_own(actor, review.applicant_id):
        return []
    mine = [one for one in open_stages(found) if speaks_for(actor, one.kind, one.party_id, review.place)]
    return sorted(mine, key=lambda one: (one.party_id is None or one.party_id != actor.org_id, one.seat_number))


def may_sit(session: Session, actor: Actor, seat: ReviewStage, place: str) -> bool:
    """Say whether the actor's organisation holds the seat's capacity there, where the seat names no organisation.

    People of no organisation sit by their role alone: an authority that is itself not registered as a party.
    """
    if seat.party_id is not None or actor.org_id is None:
        return True
    return parties.has_capacity(session, actor.org_id, seat.capacity, place)


def awaits(actor: Actor, review: Review) -> bool:
    """Say whether an open seat of a review (its seats loaded) waits for the actor."""
    return bool(awaiting(actor, review, review.stages))


def of_subject(session: Session, procedure: Procedure, subject_id: UUID) -> Review | None:
    """Return the review of a subject that runs, was returned, or passed; ``None`` when there is none."""
    query = sa.select(Review).where(
        Review.procedure == procedure, Review.subject_id == subject_id, Review.state.in_(STANDING_STATES)
    )
    return session.scalar(query)


def passed(session: Session, procedure: Procedure, subject_id: UUID) -> Review | None:
    """Return the passed review of a subject, or ``None``."""
    return session.scalar(sa.select(Review).where(*passed_conditions(procedure, subject_id)))


def passed_conditions(
    procedure: Procedure, subject_id: sa.ColumnElement[UUID] | sa.ScalarSelect[UUID] | UUID
) -> tuple[sa.ColumnElement[bool], ...]:
    """Return the SQL conditions over :class:`Review` that the subject passed its review: :func:`passed` for sets."""
    return Review.procedure == procedure, Review.subject_id == subject_id, Review.state == ReviewState.PASSED


def history(session: Session, procedure: Procedure, subject_ids: Sequence[UUID]) -> Sequence[Review]:
    """Return every review of the subjects, newest first, with seats and opinions."""
    query = (
        sa.select(Review)
        .where(Review.procedure == procedure, Review.subject_id.in_(subject_ids))
        .order_by(Review.id.desc())
        .options(selectinload(Review.stages).selectinload(ReviewStage.opinions))
        .execution_options(populate_existing=True)
    )
    return session.scalars(query).all()


def pauses(session: Session, review_id: UUID) -> list[Pause]:
    """Return the pauses of a review that are over, oldest first."""
    query = sa.select(ReviewPause).where(ReviewPause.review_id == review_id).order_by(ReviewPause.paused_at)
    return [Pause(business_date(one.paused_at), business_date(one.resumed_at)) for one in session.scalars(query)]


def appeal_of(session: Session, review_id: UUID) -> Review | None:
    """Return the appeal against a refusal, or ``None``."""
    return session.scalar(sa.select(Review).where(Review.appeal_of_id == review_id))


def refusers(session: Session, review_id: UUID) -> set[UUID]:
    """Return the accounts that refused in a review: they do not hear the appeal."""
    query = (
        sa.select(Opinion.reviewer_account_id)
        .join(ReviewStage, ReviewStage.id == Opinion.stage_id)
        .where(ReviewStage.review_id == review_id, Opinion.decision == Decision.REFUSE)
    )
    return {found for found in session.scalars(query) if found is not None}
