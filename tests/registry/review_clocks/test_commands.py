"""What time does to reviews on a real database: pauses, escalation, a holiday table that inserts a holiday."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.audit import AuditLine
from kernel.calendar import WorkingCalendar
from kernel.db import new_id
from kernel.errors import NotAllowed
from kernel.identity import Actor, Grant, Role
from registry.deadlines.rules import TooLate
from registry.procedures.rules import Procedure, Seat
from registry.review_clocks import commands
from registry.reviews import commands as engine
from registry.reviews import queries
from registry.reviews.model import Review
from registry.reviews.rules import Decision, NotPaused, Paused, ReviewState, WrongState
from tests.make.registry_base import NOW, actor, make_department, supervisor
from tests.make.registry_products import calendar, make_merchant

PLACE = "xinchang"
SCHEDULER = actor(Role.SCHEDULER)
FRIDAY, MONDAY = (datetime(2026, 7, day, 1, 0, tzinfo=UTC) for day in (3, 6))
# A holiday nobody knew of on 1 July: Thursday 2 and Friday 3 July rest, Saturday 4 July works.
TABLE = {date(2026, 7, 2): False, date(2026, 7, 3): False, date(2026, 7, 4): True}
NEW_TABLE = WorkingCalendar({2026: TABLE}, {date(2026, 7, 2): "临时放假", date(2026, 7, 3): "临时放假"})


def open_review(session: Session, *, days: int | None = 5, silence: bool = False, **changed: Any) -> Review:
    """A review with the seats of two departments side by side."""
    seats = [Seat("source_department", 1, make_department(session).id, days, silence) for _ in range(2)]
    values = {"subject_id": new_id(), "subject_title": "申请", "place": PLACE, "applicant_id": None} | changed
    return engine.open_review(
        session, actor(Role.MERCHANT), procedure=Procedure.DATA_REQUEST, seats=seats, calendar=calendar(), now=NOW,
        **values,
    )  # fmt: skip


def speak(session: Session, review: Review, now: datetime, number: int = 0) -> None:
    """Let a department agree."""
    seat = queries.stages(session, review)[number]
    engine.decide(
        session, actor(Role.SOURCE, org_id=seat.party_id, place=PLACE), review.id, decision=Decision.AGREE,
        reason="同意", checklist={}, defects=(), required=(), findings=(), calendar=calendar(), now=now,
    )  # fmt: skip


def silence(session: Session, now: datetime) -> list[Review]:
    """Let the silent consent."""
    return commands.let_silence_consent(
        session, SCHEDULER, calendar=calendar(), now=now, lock_subject=lambda _session, _review: None
    )


def lines(session: Session, action: str) -> list[AuditLine]:
    """The audit lines of an act."""
    session.flush()
    return list(session.scalars(sa.select(AuditLine).where(AuditLine.action == action).order_by(AuditLine.id)))


@pytest.mark.both_databases
def test_a_pause_over_a_weekend_gives_one_working_day_back_to_every_open_seat(session: Session) -> None:
    review = open_review(session)
    commands.pause(session, supervisor(), review.id, reason="等待专家意见", now=FRIDAY)
    session.flush()
    with pytest.raises(Paused):
        speak(session, review, FRIDAY)
    commands.resume(session, supervisor(), review.id, calendar=calendar(), now=MONDAY)
    assert [one.due_date for one in queries.stages(session, review)] == [date(2026, 7, 9)] * 2
    assert (review.due_date, review.paused_at, review.pause_reason) == (date(2026, 7, 9), None, "")
    commands.pause(session, supervisor(), review.id, reason="再次中止", now=MONDAY)
    commands.resume(session, supervisor(), review.id, calendar=calendar(), now=MONDAY + timedelta(days=1))
    assert review.due_date == date(2026, 7, 10)
    assert [(one.start, one.end) for one in queries.pauses(session, review.id)] == [
        (date(2026, 7, 3), date(2026, 7, 6)), (date(2026, 7, 6), date(2026, 7, 7)),
    ]  # fmt: skip


def test_while_paused_nothing_is_late_nobody_is_told_and_no_silence_consents(session: Session) -> None:
    review = open_review(session, silence=True)
    commands.pause(session, supervisor(), review.id, reason="等待", now=FRIDAY)
    session.flush()
    later = NOW + timedelta(days=100)
    assert silence(session, later) == []
    assert commands.escalate(session, SCHEDULER, now=later) == 0
    assert not review.is_overdue(date(2026, 12, 1))
    commands.resume(session, supervisor(), review.id, calendar=calendar(), now=MONDAY)
    assert len(silence(session, later)) == 1


def test_a_pause_does_not_undo_a_silence_that_has_consented(session: Session) -> None:
    review = open_review(session, silence=True)
    with pytest.raises(TooLate, match="2026-07-08"):
        commands.pause(session, supervisor(), review.id, reason="太晚", now=NOW + timedelta(days=8))


def test_only_another_organisations_supervisor_pauses_and_only_what_runs(session: Session) -> None:
    merchant = make_merchant(session)
    review = open_review(session, applicant_id=merchant.id)
    for person in (actor(Role.REVIEWER, place=PLACE), supervisor("puer")):
        with pytest.raises(NotAllowed):
            commands.pause(session, person, review.id, reason="中止", now=NOW)
    own = Actor(
        id=new_id(), name="兼任", org_id=merchant.id, grants=(Grant(Role.SUPERVISOR, None, PLACE),)
    )  # fmt: skip
    with pytest.raises(engine.OwnApplication):
        commands.pause(session, own, review.id, reason="中止", now=NOW)
    with pytest.raises(NotPaused):
        commands.resume(session, supervisor(), review.id, calendar=calendar(), now=NOW)
    commands.pause(session, supervisor(), review.id, reason="中止", now=NOW)
    with pytest.raises(Paused):
        commands.pause(session, supervisor(), review.id, reason="中止", now=NOW)
    engine.withdraw(session, actor(Role.MERCHANT), review.id, reason="不再需要", now=NOW)
    session.flush()
    assert (review.state, review.paused_at) == (ReviewState.WITHDRAWN, None)
    with pytest.raises(WrongState):
        commands.pause(session, supervisor(), review.id, reason="中止", now=NOW)


@pytest.mark.both_databases
def test_a_late_seat_is_told_to_the_supervisor_once(session: Session) -> None:
    review = open_review(session)
    speak(session, review, NOW)
    session.flush()
    assert commands.escalate(session, SCHEDULER, now=NOW + timedelta(days=7)) == 0  # the last day itself
    late = NOW + timedelta(days=8)
    assert commands.escalate(session, SCHEDULER, now=late) == 1
    session.flush()
    assert review.escalated_at == late
    assert commands.escalate(session, SCHEDULER, now=late + timedelta(days=1)) == 0
    assert [line.detail["due"] for line in lines(session, "review.escalate")] == ["2026-07-08"]
    speak(session, review, late, number=1)
    assert review.state is ReviewState.PASSED


def test_people_neither_escalate_nor_move_deadlines_nor_speak_for_silence(session: Session) -> None:
    with pytest.raises(NotAllowed):
        commands.escalate(session, supervisor(), now=NOW)
    with pytest.raises(NotAllowed):
        commands.move_deadlines(session, supervisor(), calendar=calendar(), now=NOW)
    with pytest.raises(NotAllowed):
        commands.let_silence_consent(
            session, supervisor(), calendar=calendar(), now=NOW, lock_subject=lambda _session, _review: None
        )


@pytest.mark.both_databases
def test_an_inserted_holiday_moves_open_deadlines_and_says_why(session: Session) -> None:
    review, unlimited = open_review(session), open_review(session, days=None)
    assert commands.move_deadlines(session, SCHEDULER, calendar=calendar(), now=NOW) == 0
    speak(session, review, NOW)
    assert commands.move_deadlines(session, SCHEDULER, calendar=NEW_TABLE, now=NOW) == 1
    assert [one.due_date for one in queries.stages(session, review)] == [date(2026, 7, 8), date(2026, 7, 9)]
    assert (review.due_date, review.worklist_date, unlimited.due_date) == (date(2026, 7, 9), date(2026, 7, 9), None)
    (line,) = lines(session, "review.move_deadline")
    assert line.note == "数源部门审核：2026-07-08 → 2026-07-09（2026 年节假日表）"
    assert line.detail["days"] == ["2026-07-02 临时放假", "2026-07-03 临时放假", "2026-07-04 调休上班"]
    assert commands.move_deadlines(session, SCHEDULER, calendar=NEW_TABLE, now=NOW) == 0
    assert len(lines(session, "review.move_deadline")) == 1


def test_a_pause_is_counted_anew_by_the_new_table(session: Session) -> None:
    review = open_review(session)
    commands.pause(session, supervisor(), review.id, reason="等待", now=NOW)
    session.flush()
    commands.resume(session, supervisor(), review.id, calendar=calendar(), now=FRIDAY)
    assert review.due_date == date(2026, 7, 10)  # Thursday and Friday stood still
    commands.move_deadlines(session, SCHEDULER, calendar=NEW_TABLE, now=FRIDAY)
    assert review.due_date == date(2026, 7, 9)  # they were no working days, so the pause gives nothing back


def test_a_holiday_that_comes_to_light_after_silence_consented_moves_nothing(session: Session) -> None:
    review = open_review(session, silence=True)
    assert commands.move_deadlines(session, SCHEDULER, calendar=NEW_TABLE, now=NOW + timedelta(days=8)) == 0
    assert review.due_date == date(2026, 7, 8)


def test_a_table_that_was_taken_away_moves_nothing(session: Session) -> None:
    review = open_review(session)
    for one in queries.stages(session, review):
        one.opened_on, one.due_date = date(2027, 3, 1), date(2027, 3, 8)
    session.flush()
    assert commands.move_deadlines(session, SCHEDULER, calendar=calendar(), now=NOW) == 0


def test_silence_is_dated_at_the_first_moment_after_the_last_day_whenever_the_job_runs(session: Session) -> None:
    review = open_review(session, silence=True)
    midnight = datetime(2026, 7, 8, 16, 0, tzinfo=UTC)
    assert silence(session, midnight - timedelta(seconds=1)) == []
    assert silence(session, midnight + timedelta(days=3)) == [review]
    given = [one.opinion.given_at for one in queries.stages(session, review) if one.opinion]
    assert (given, review.decided_at) == ([midnight, midnight], midnight)
    assert silence(session, midnight + timedelta(days=4)) == []


def test_who_speaks_later_finds_the_silence_of_the_others_written_down(session: Session) -> None:
    """The seats have their own clocks: one has consented by silence when the other speaks in time."""
    seats = [Seat("source_department", 1, make_department(session).id, days, True) for days in (3, 5)]
    review = engine.open_review(
        session, actor(Role.MERCHANT), procedure=Procedure.DATA_REQUEST, subject_id=new_id(), subject_title="申请",
        place=PLACE, applicant_id=None, seats=seats, calendar=calendar(), now=NOW,
    )  # fmt: skip
    speak(session, review, NOW + timedelta(days=7), number=1)
    assert review.state is ReviewState.PASSED
    assert [one.opinion.deemed for one in queries.stages(session, review) if one.opinion] == [True, False]
