"""What time does to reviews, and who may stop it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from kernel import audit
from kernel.calendar import CalendarGap, WorkingCalendar, business_date
from kernel.identity import Actor, Permission, Role
from registry.deadlines.rules import last_day, may_move, refuse_late_opinion, why_moved
from registry.procedures.rules import is_own
from registry.review_clocks import queries
from registry.reviews import commands as reviews
from registry.reviews import queries as review_queries
from registry.reviews.model import Review, ReviewPause, ReviewStage
from registry.reviews.rules import Decision, ReviewEvent, StageState, after

BATCH_MAX = 200


def pause(session: Session, actor: Actor, review_id: UUID, *, reason: str, now: datetime) -> Review:
    """Stop the clock of a review, with a reason; nobody decides and no silence consents until it is resumed.

    Raises:
        NotAllowed: the actor is no supervisor there.
        OwnApplication: the application is of the actor's own organisation.
        NoSuchReview: there is none.
        WrongState: no seat is open.
        Paused: it stands still already.
        TooLate: silence consented on a seat before this moment; that is not undone by a pause.
    """
    review = _for_supervisor(session, actor, review_id)
    review.state = after(
        review.state, ReviewEvent.PAUSED, is_paused=review.paused_at is not None, procedure=review.procedure
    )
    for one in review_queries.open_stages(review_queries.stages(session, review)):
        refuse_late_opinion(one.due_date, now, silence_consents=one.silence_consents)
    review.paused_at, review.pause_reason = now, reason
    audit.record(session, actor, "review.pause", review, at=now, note=reason)
    return review


def resume(session: Session, actor: Actor, review_id: UUID, *, calendar: WorkingCalendar, now: datetime) -> Review:
    """Let the clock of a review run on: every open seat gets the working days back during which it stood still.

    The rule is that of :func:`registry.deadlines.rules.last_day`.

    Raises:
        NotAllowed: the actor is no supervisor there.
        OwnApplication: the application is of the actor's own organisation.
        NoSuchReview: there is none.
        WrongState: no seat is open.
        NotPaused: its clock runs.
        CalendarGap: a deadline runs into a year without a holiday table.
    """
    review = _for_supervisor(session, actor, review_id)
    review.state = after(
        review.state, ReviewEvent.RESUMED, is_paused=review.paused_at is not None, procedure=review.procedure
    )
    assert review.paused_at is not None  # the rule has just said so
    session.add(
        ReviewPause(
            review_id=review.id, reason=review.pause_reason, paused_at=review.paused_at, resumed_at=now,
            resumed_by_name=actor.name,
        )
    )  # fmt: skip
    review.paused_at, review.pause_reason = None, ""
    session.flush()
    seats = review_queries.stages(session, review)
    pauses = review_queries.pauses(session, review.id)
    for one in review_queries.open_stages(seats):
        if one.days is not None and one.opened_on is not None:
            one.due_date = last_day(calendar, one.opened_on, one.days, pauses)
    review.show_due_date(seats)
    audit.record(session, actor, "review.resume", review, at=now, note=str(review.due_date or ""))
    return review


def let_silence_consent(
    session: Session,
    actor: Actor,
    *,
    calendar: WorkingCalendar,
    now: datetime,
    lock_subject: Callable[[Session, Review], None],
) -> list[Review]:
    """Write down the consent of every seat whose last day is over, where silence consents; return what it changed.

    Each consent is dated at the first moment after the last day. Safe to run at any time and again: a seat that
    somebody decided while we waited for the lock has an opinion and is left alone. ``lock_subject`` locks what a review
    is about before the review is locked.

    Raises:
        NotAllowed: the actor is not the scheduler.
        CalendarGap: the deadline of the next position runs into a year without a holiday table.

    Source:
        RVW-05.
    """
    actor.must_be(Role.SCHEDULER)
    changed = []
    for review_id in queries.silent(session, now, limit=BATCH_MAX):
        lock_subject(session, review_queries.get(session, review_id))
        review = review_queries.get(session, review_id, lock=True)
        if not review.is_open or review.paused_at is not None:
            continue  # somebody closed or paused it while we waited for the lock
        seats = review_queries.stages(session, review)
        silent = reviews.deem_silent(session, actor, review, seats, now=now)
        if not silent:
            continue
        session.flush()
        seats = review_queries.stages(session, review)
        last = max(opinion.given_at for one in seats for opinion in one.opinions)
        review.advance(seats, Decision.AGREE, calendar, now, closed_at=last)
        session.flush()
        changed.append(review)
        audit.record(session, actor, "review.silence", review, at=now, note=review.state)
    return changed


def escalate(session: Session, actor: Actor, *, now: datetime) -> int:
    """Tell the supervisor, once, of every seat that is overdue; return how many were found.

    Where silence consents nothing is overdue: the seat has consented.

    Raises:
        NotAllowed: the actor does not watch reviews.
    """
    actor.must(Permission.REVIEW_WATCH)
    found = 0
    for stage_id, review_id in queries.overdue(session, business_date(now), limit=BATCH_MAX):
        review = review_queries.get(session, review_id, lock=True)
        stage = session.get_one(ReviewStage, stage_id, populate_existing=True)
        if stage.state is not StageState.OPEN or stage.escalated_at is not None or review.paused_at is not None:
            continue  # decided while we waited for the lock
        stage.escalated_at = now
        review.escalated_at = review.escalated_at or now
        audit.record(
            session, actor, "review.escalate", review, at=now, note=stage.title, detail={"due": str(stage.due_date)}
        )
        found += 1
    return found


def move_deadlines(session: Session, actor: Actor, *, calendar: WorkingCalendar, now: datetime) -> int:
    """Bring the last days of all open seats into line with the present holiday tables; return how many moved.

    A deadline moves only where it differs, and the audit line says from when to when and which table is the reason.

    Raises:
        NotAllowed: the actor does not watch reviews.
    """
    actor.must(Permission.REVIEW_WATCH)
    today, moved = business_date(now), 0
    for stage_id, review_id, opened_on, days, due_date in queries.running(session):
        pauses = review_queries.pauses(session, review_id)
        try:
            due = last_day(calendar, opened_on, days, pauses)
        except CalendarGap:
            continue  # a table was taken away: nothing says that the deadline is wrong
        if due == due_date:
            continue
        review = review_queries.get(session, review_id, lock=True)
        stage = session.get_one(ReviewStage, stage_id, populate_existing=True)
        if stage.state is StageState.OPEN and _move(stage, due, today):
            session.flush()
            review.show_due_date(review_queries.stages(session, review))
            _say_moved(session, actor, review, stage, calendar, due_date, now)
            moved += 1
    return moved


def _move(stage: ReviewStage, due: date, today: date) -> bool:
    assert stage.due_date is not None
    if not may_move(stage.due_date, due, today, silence_consents=stage.silence_consents):
        return False
    stage.due_date = due
    return True


def _say_moved(
    session: Session,
    actor: Actor,
    review: Review,
    stage: ReviewStage,
    calendar: WorkingCalendar,
    old: date,
    now: datetime,
) -> None:
    assert stage.opened_on is not None
    assert stage.due_date is not None
    years, days = why_moved(calendar, stage.opened_on, old, stage.due_date)
    tables = "、".join(f"{year} 年节假日表" for year in years)
    audit.record(
        session, actor, "review.move_deadline", review, at=now,
        note=f"{stage.title}：{old} → {stage.due_date}（{tables}）",
        detail={"stage": stage.kind, "from": str(old), "to": str(stage.due_date), "tables": years, "days": days},
    )  # fmt: skip


def _for_supervisor(session: Session, actor: Actor, review_id: UUID) -> Review:
    review = review_queries.get(session, review_id, lock=True)
    actor.must_be(Role.SUPERVISOR, place=review.place)
    if is_own(actor, review.applicant_id):
        raise reviews.OwnApplication(
            f"审查 {review.number} 由本单位申请，须由其他单位的人员办理", detail_en="Your own application"
        )
    return review
