"""Changing reviews of any procedure. Whether the applicant may is asked by the command that calls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kernel import audit, numbering
from kernel.calendar import WorkingCalendar, business_date
from kernel.db import new_id
from kernel.errors import Conflict, NotAllowed
from kernel.identity import Actor, Permission
from kernel.policy import Cited
from registry.deadlines.rules import is_late, refuse_late_opinion, silence_begins
from registry.procedures.rules import (
    PROCEDURE_TITLES,
    RULE_OF,
    STAGES,
    Finding,
    Procedure,
    RefusalGround,
    Seat,
    check_seats,
    cited_dict,
    is_own,
)
from registry.reviews import queries
from registry.reviews.model import Opinion, Review, ReviewStage
from registry.reviews.rules import (
    Decision,
    ReviewEvent,
    ReviewState,
    StageState,
    after,
    check_decision,
    check_ground,
    event_of,
    finding_dict,
    stage_after,
)


class ReviewExists(Conflict):
    """The subject is under review already, or has passed."""

    code = "review.exists"


class NotYourStage(NotAllowed):
    """The open seats are decided by somebody else."""

    code = "review.not_your_stage"


class OwnApplication(NotAllowed):
    """Nobody reviews the application of the own organisation."""

    code = "review.own_application"


class SecondSeat(NotAllowed):
    """One person decides one seat of a review."""

    code = "review.second_seat"


class OwnRefusal(NotAllowed):
    """Who refused does not hear the appeal."""

    code = "review.own_refusal"


def open_review(
    session: Session,
    actor: Actor,
    *,
    procedure: Procedure,
    subject_id: UUID,
    subject_title: str,
    place: str,
    applicant_id: UUID | None,
    seats: Sequence[Seat],
    calendar: WorkingCalendar,
    now: datetime,
    sources: Iterable[Cited | None] = (),
    findings: Iterable[Finding] = (),
    appeal_of: Review | None = None,
    appeal_reason: str = "",
) -> Review:
    """Open the review of a subject; the seats of the first position open at once.

    ``sources`` are kept with those of the seats' deadlines; ``appeal_of`` is the refusal that is heard once more.

    Raises:
        SeatsMissing: nobody would decide.
        SilenceForbidden: silence is to consent where the law does not let it.
        ReviewExists: a review of this subject runs, was returned, or passed.
        CalendarGap: a deadline runs into a year without a holiday table.
    """
    check_seats(procedure, seats)
    _refuse_second_review(session, procedure, subject_id, None)
    review = Review(
        id=new_id(), number=numbering.number(session, "REV", business_date(now)), procedure=procedure,
        subject_id=subject_id, subject_title=subject_title, place=place, applicant_id=applicant_id, submitted_at=now,
        submitted_by=actor.id, state=ReviewState.SUBMITTED, stage_position=1, round_number=1,
        sources=_sources(sources, seats), findings=[finding_dict(one) for one in findings],
        appeal_of_id=None if appeal_of is None else appeal_of.id, appeal_reason=appeal_reason,
    )  # fmt: skip
    _open_round(session, review, seats, calendar, now)
    audit.record(session, actor, "review.submit", review, at=now, detail={"procedure": procedure})
    return review


def decide(
    session: Session,
    actor: Actor,
    review_id: UUID,
    *,
    decision: Decision,
    reason: str,
    checklist: Mapping[str, bool],
    defects: Sequence[str],
    required: Iterable[str],
    findings: Sequence[Finding],
    calendar: WorkingCalendar,
    now: datetime,
    ground: RefusalGround | None = None,
    stage_id: UUID | None = None,
) -> Review:
    """Record what the actor decides on an open seat and move the review on.

    Of several open seats that the actor speaks for, it is that of the own organisation, or the one that ``stage_id``
    names. Seats whose silence consented before this moment have consented: they are written down first.

    Raises:
        NotAllowed: the actor may not decide reviews there.
        OwnApplication: the application is of the actor's own organisation.
        NotYourStage: the open seats are decided by others.
        SecondSeat: the actor decided another seat of this review.
        OwnRefusal: the actor refused what is appealed.
        NoSuchReview: there is none.
        WrongState: no seat is open.
        Paused: the clock stands still.
        TooLate: silence already consented on this seat.
        ReturnNotOffered: the procedure knows no return.
        ReturnedBefore: it was returned once already.
        DefectsMissing: a return without defects.
        ChecklistIncomplete: agreement without confirming every point.
        FindingsOpen: agreement although a binding check failed.
        GroundMissing: an operator refuses without a ground of the closed list (SEP-02).
        CalendarGap: the next deadline runs into a year without a holiday table.
    """
    review = queries.get(session, review_id, lock=True)
    actor.must(Permission.REVIEW_DECIDE, place=review.place)
    _refuse_own(actor, review)
    seats, event = queries.stages(session, review), event_of(decision, is_last=False)
    after(review.state, event, is_paused=review.paused_at is not None, procedure=review.procedure)
    seat = _seat_of(session, actor, review, seats, stage_id)
    refuse_late_opinion(seat.due_date, now, silence_consents=seat.silence_consents)
    check_decision(
        decision, round_number=review.round_number, checklist=checklist, required=required, defects=defects,
        findings=findings, procedure=review.procedure,
    )  # fmt: skip
    check_ground(seat.kind, decision, ground)
    deem_silent(session, actor, review, seats, now=now)
    _say(session, actor, seat, decision, reason, ground, checklist, defects, now)
    if findings:
        review.findings = [finding_dict(one) for one in findings]
    review.advance(seats, decision, calendar, now)
    session.flush()
    audit.record(session, actor, "review.decide", review, at=now, note=decision, detail={"stage": seat.kind})
    return review


def resubmit(
    session: Session,
    actor: Actor,
    review_id: UUID,
    *,
    subject_id: UUID,
    subject_title: str,
    seats: Sequence[Seat],
    calendar: WorkingCalendar,
    now: datetime,
) -> Review:
    """Send a returned review in again, perhaps with a newer subject; all seats begin anew, and so do the clocks.

    Raises:
        NoSuchReview: there is none.
        WrongState: it was not returned.
        SeatsMissing: nobody would decide.
        SilenceForbidden: silence is to consent where the law does not let it.
        ReviewExists: the subject has a review of its own.
        CalendarGap: a deadline runs into a year without a holiday table.
    """
    review = queries.get(session, review_id, lock=True)
    review.state = after(review.state, ReviewEvent.RESUBMITTED, procedure=review.procedure)
    check_seats(review.procedure, seats)
    _refuse_second_review(session, review.procedure, subject_id, review)
    review.subject_id, review.subject_title = subject_id, subject_title
    review.submitted_at, review.submitted_by = now, actor.id
    review.round_number, review.stage_position = review.round_number + 1, 1
    _open_round(session, review, seats, calendar, now)
    audit.record(session, actor, "review.resubmit", review, at=now, note=str(subject_id))
    return review


def withdraw(session: Session, actor: Actor, review_id: UUID, *, reason: str, now: datetime) -> Review:
    """Take a review back before it is decided; a paused one too.

    Raises:
        NoSuchReview: there is none.
        WrongState: it is decided already.
    """
    review = queries.get(session, review_id, lock=True)
    is_paused, seats = review.paused_at is not None, queries.stages(session, review)
    review.state = after(review.state, ReviewEvent.WITHDRAWN, is_paused=is_paused, procedure=review.procedure)
    review.paused_at, review.pause_reason = None, ""
    review.close(seats, now)
    audit.record(session, actor, "review.withdraw", review, at=now, note=reason)
    return review


def deem_silent(
    session: Session, actor: Actor, review: Review, seats: Sequence[ReviewStage], *, now: datetime
) -> list[ReviewStage]:
    """Write down the consent of every open seat whose silence consented before now; return those seats.

    The consent is dated at the first moment after the last day, whenever it is written down.

    Source:
        RVW-05.
    """
    silent = [
        one for one in queries.open_stages(seats)
        if one.silence_consents and one.due_date is not None and is_late(one.due_date, now)
    ]  # fmt: skip
    for one in silent:
        assert one.due_date is not None
        one.state, one.decided_at = StageState.AGREED, silence_begins(one.due_date)
        session.add(
            Opinion(
                stage_id=one.id, reviewer_account_id=None, reviewer_name="", decision=Decision.AGREE, deemed=True,
                reason=f"截至 {one.due_date} 未提出意见，超期视为同意（RVW-05）", checklist={}, defects=[],
                given_at=one.decided_at,
            )
        )  # fmt: skip
    if silent:
        audit.record(session, actor, "review.deem", review, at=now, detail={"seats": len(silent)})
    return silent


def _open_round(
    session: Session, review: Review, seats: Sequence[Seat], calendar: WorkingCalendar, now: datetime
) -> None:
    positions = {position: place for place, position in enumerate(sorted({one.position for one in seats}), start=1)}
    made = [
        ReviewStage(
            review_id=review.id, procedure=review.procedure, round_number=review.round_number, seat_number=number,
            position=positions[seat.position], kind=seat.kind, capacity=STAGES[seat.kind].capacity,
            party_id=seat.party_id, title=STAGES[seat.kind].title, days=seat.working_days,
            silence_consents=seat.silence_consents, state=StageState.WAITING,
        )
        for number, seat in enumerate(sorted(seats, key=lambda one: one.position), start=1)
    ]  # fmt: skip
    review.open_position(made, calendar, now)
    session.add(review)
    _flush_unique(session, review)
    session.add_all(made)
    session.flush()


def _say(
    session: Session,
    actor: Actor,
    seat: ReviewStage,
    decision: Decision,
    reason: str,
    ground: RefusalGround | None,
    checklist: Mapping[str, bool],
    defects: Sequence[str],
    now: datetime,
) -> None:
    seat.state, seat.decided_at = stage_after(decision), now
    session.add(
        Opinion(
            stage_id=seat.id, reviewer_account_id=actor.id, reviewer_name=actor.name, decision=decision, ground=ground,
            reason=reason, checklist=dict(checklist), given_at=now,
            defects=[defect.strip() for defect in defects if defect.strip()],
        )
    )  # fmt: skip


def _seat_of(
    session: Session, actor: Actor, review: Review, seats: Sequence[ReviewStage], stage_id: UUID | None
) -> ReviewStage:
    mine = [
        one for one in queries.awaiting(actor, review, seats)
        if stage_id in (None, one.id) and queries.may_sit(session, actor, one, review.place)
    ]  # fmt: skip
    if not mine:
        titles = "、".join(one.title for one in queries.open_stages(seats)) or "无"
        raise NotYourStage(
            f"审查 {review.number} 的当前环节“{titles}”不由 {actor.name} 办理",
            detail_en=f"The open stage of {review.number} is not yours",
            rule=RULE_OF[review.procedure],
        )
    spoke = {opinion.reviewer_account_id for one in seats for opinion in one.opinions if not opinion.deemed}
    if actor.id in spoke:
        raise SecondSeat(
            f"{actor.name} 已在审查 {review.number} 的另一环节作出结论，同一人不得办理两个环节：请由其他人员办理",
            detail_en="One person decides one seat of a review",
            rule=RULE_OF[review.procedure],
        )
    if review.appeal_of_id is not None and actor.id in queries.refusers(session, review.appeal_of_id):
        raise OwnRefusal(
            f"{actor.name} 曾作出被申请复核的不予通过结论，复核须由其他人员办理（DSP-02）",
            detail_en="Who refused does not hear the appeal",
            rule="DSP-02",
        )
    return mine[0]


def _sources(sources: Iterable[Cited | None], seats: Iterable[Seat]) -> list[Any]:
    cited = [*sources, *(one.days for one in seats if isinstance(one.days, Cited))]
    return list({one.name: cited_dict(one) for one in cited if one is not None}.values())


def _refuse_second_review(session: Session, procedure: Procedure, subject_id: UUID, own: Review | None) -> None:
    with session.no_autoflush:
        other = queries.of_subject(session, procedure, subject_id)
    if other is not None and (own is None or other.id != own.id):
        raise ReviewExists(
            f"{PROCEDURE_TITLES[procedure]}已有审查 {other.number}（{other.state}），不得重复送审"
            f"（{RULE_OF[procedure]}）：请在原审查中办理",
            detail_en=f"Review {other.number} covers this subject",
            rule=RULE_OF[procedure],
        )


def _flush_unique(session: Session, review: Review) -> None:
    try:
        session.flush()
    except IntegrityError as error:
        if "registry_review" not in str(error.orig):
            raise
        raise ReviewExists(
            f"“{review.subject_title}”刚刚已送审，不得重复送审（{RULE_OF[review.procedure]}）",
            detail_en="Submitted already",
            rule=RULE_OF[review.procedure],
        ) from error


def _refuse_own(actor: Actor, review: Review) -> None:
    if is_own(actor, review.applicant_id):
        raise OwnApplication(
            f"审查 {review.number} 由本单位申请，须由其他单位的人员审查",
            detail_en="The application is of your own organisation",
            rule=RULE_OF[review.procedure],
        )
