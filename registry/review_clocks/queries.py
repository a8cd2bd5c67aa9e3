"""Reading what time has done to reviews."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.calendar import business_date
from registry.reviews.model import Review, ReviewStage
from registry.reviews.rules import OPEN_STATES, StageState

CHUNK = 1000


def silent(session: Session, now: datetime, *, limit: int) -> Sequence[UUID]:
    """Return the reviews with a seat on which silence consented before now, those that ended first on top (RVW-05)."""
    seat = (
        sa.select(ReviewStage.review_id, sa.func.min(ReviewStage.due_date).label("due"))
        .where(
            ReviewStage.state == StageState.OPEN,
            ReviewStage.silence_consents,
            ReviewStage.due_date < business_date(now),
        )
        .group_by(ReviewStage.review_id)
        .subquery()
    )
    query = (
        sa.select(Review.id)
        .join(seat, seat.c.review_id == Review.id)
        .where(Review.state.in_(OPEN_STATES), Review.paused_at.is_(None))
        .order_by(seat.c.due, Review.id)
        .limit(limit)
    )
    return session.scalars(query).all()


def overdue(session: Session, today: date, *, limit: int) -> Sequence[tuple[UUID, UUID]]:
    """Return seat and review of what is overdue and was not told to the supervisor, the oldest first."""
    query = (
        sa.select(ReviewStage.id, ReviewStage.review_id)
        .join(Review, Review.id == ReviewStage.review_id)
        .where(
            ReviewStage.state == StageState.OPEN,
            ReviewStage.due_date < today,
            ReviewStage.escalated_at.is_(None),
            ~ReviewStage.silence_consents,
            Review.paused_at.is_(None),
        )
        .order_by(ReviewStage.due_date, ReviewStage.id)
        .limit(limit)
    )
    return [(stage_id, review_id) for stage_id, review_id in session.execute(query)]


def running(session: Session) -> Iterator[tuple[UUID, UUID, date, int, date]]:
    """Yield (seat, review, opened on, working days, last day) of every open seat with a deadline, in order of id."""
    seats = ReviewStage
    query = (
        sa.select(seats.id, seats.review_id, seats.opened_on, seats.days, seats.due_date)
        .where(ReviewStage.state == StageState.OPEN, ReviewStage.due_date.is_not(None))
        .order_by(ReviewStage.id)
        .limit(CHUNK)
    )
    rows = session.execute(query).all()
    while rows:
        for seat_id, review_id, opened_on, days, due_date in rows:
            assert opened_on is not None
            assert days is not None
            assert due_date is not None
            yield seat_id, review_id, opened_on, days, due_date
        rows = session.execute(query.where(ReviewStage.id > rows[-1][0])).all()
