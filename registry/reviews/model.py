"""Tables of the review engine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship
from sqlalchemy.orm.attributes import flag_modified

from kernel import guards
from kernel.calendar import WorkingCalendar, business_date
from kernel.db import Entity
from registry.deadlines.rules import last_day
from registry.parties.model import Party
from registry.parties.rules import Capacity
from registry.procedures.rules import Procedure, RefusalGround
from registry.reviews.rules import OPEN_STATES, Decision, ReviewState, StageState, after, event_of

STANDING = sa.text("state IN ('submitted', 'in_stage', 'returned', 'passed')")
UNDECIDED = sa.text("state IN ('submitted', 'in_stage')")
OPEN_SEAT = sa.text("state = 'open'")


class Review(Entity):
    """One review of one subject in one procedure."""

    __tablename__ = "registry_review"
    __table_args__ = (
        sa.CheckConstraint(
            "(state IN ('passed', 'refused', 'withdrawn')) = (decided_at IS NOT NULL)", name="decided_when_closed"
        ),
        sa.CheckConstraint("round_number IN (1, 2)", name="returned_once_at_most"),
        sa.CheckConstraint("paused_at IS NULL OR state IN ('submitted', 'in_stage')", name="paused_while_open"),
        sa.CheckConstraint("(paused_at IS NULL) = (length(pause_reason) = 0)", name="pause_reasoned"),
        sa.CheckConstraint("due_date IS NULL OR due_date = worklist_date", name="sorted_by_due_date"),
        sa.UniqueConstraint("id", "procedure"),  # so that a seat cannot lie about its procedure
        # of one subject there is one review that runs or has passed; a new one only after refusal or withdrawal
        sa.Index(
            "uq_registry_review_subject", "procedure", "subject_id", unique=True,
            sqlite_where=STANDING, postgresql_where=STANDING,
        ),
        sa.Index(
            "ix_registry_review_worklist", "place", "worklist_date", "id",
            sqlite_where=UNDECIDED, postgresql_where=UNDECIDED,
        ),
        sa.Index("ix_registry_review_due", "worklist_date", "id", sqlite_where=UNDECIDED, postgresql_where=UNDECIDED),
    )  # fmt: skip

    number: Mapped[str] = mapped_column(unique=True)
    procedure: Mapped[Procedure]
    subject_id: Mapped[UUID] = mapped_column(index=True)  # a record of the procedure's kind; of a product, the version
    subject_title: Mapped[str]
    place: Mapped[str] = mapped_column(index=True)
    applicant_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    state: Mapped[ReviewState] = mapped_column(default=ReviewState.SUBMITTED)
    submitted_at: Mapped[datetime]
    submitted_by: Mapped[UUID | None]
    due_date: Mapped[date | None]  # the earliest last day of the open seats
    worklist_date: Mapped[date] = mapped_column(default=date.max)  # the same, or the end of days where there is none
    decided_at: Mapped[datetime | None]
    stage_position: Mapped[int] = mapped_column(default=1)
    round_number: Mapped[int] = mapped_column(default=1)  # 2 after the one return for correction
    sources: Mapped[list[Any]] = mapped_column(default=list)
    findings: Mapped[list[Any]] = mapped_column(default=list)  # what the checks found when it was last decided
    paused_at: Mapped[datetime | None]
    pause_reason: Mapped[str] = mapped_column(default="")
    escalated_at: Mapped[datetime | None]  # when a seat was first overdue and the supervisor was told
    appeal_of_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("registry_review.id"), unique=True)
    appeal_reason: Mapped[str] = mapped_column(default="")

    applicant: Mapped[Party | None] = relationship(lazy="raise")
    stages: Mapped[list[ReviewStage]] = relationship(
        back_populates="review", lazy="raise", primaryjoin="Review.id == foreign(ReviewStage.review_id)",
        order_by="ReviewStage.round_number, ReviewStage.position, ReviewStage.seat_number",
    )  # fmt: skip
    pauses: Mapped[list[ReviewPause]] = relationship(order_by="ReviewPause.paused_at", lazy="raise", viewonly=True)

    @property
    def is_open(self) -> bool:
        """Whether somebody must still decide."""
        return self.state in OPEN_STATES

    def is_overdue(self, today: date) -> bool:
        """Say whether an open seat should have decided by now; a paused clock is never late."""
        return self.is_open and self.paused_at is None and self.due_date is not None and today > self.due_date

    def open_position(self, seats: Sequence[ReviewStage], calendar: WorkingCalendar, now: datetime) -> None:
        """Open the seats of the present position; the clock of each starts today.

        Raises:
            CalendarGap: a deadline runs into a year without a holiday table.
        """
        today = business_date(now)
        for one in seats:
            if one.position == self.stage_position and one.state is StageState.WAITING:
                one.due_date = None if one.days is None else last_day(calendar, today, one.days)
                one.state, one.opened_on = StageState.OPEN, today
        self.show_due_date(seats)

    def advance(
        self,
        seats: Sequence[ReviewStage],
        decision: Decision,
        calendar: WorkingCalendar,
        now: datetime,
        *,
        closed_at: datetime | None = None,
    ) -> None:
        """Move on after a decision on one of the seats: wait, open the next position, or close.

        ``closed_at`` dates the conclusion where it is not now: consent by silence came when the last day was over.

        Raises:
            WrongState: no seat was open.
            CalendarGap: the next deadline runs into a year without a holiday table.
        """
        waiting = sorted({one.position for one in seats if one.state is StageState.WAITING})
        is_last = not waiting and not any(one.state is StageState.OPEN for one in seats)
        self.state = after(self.state, event_of(decision, is_last=is_last), procedure=self.procedure)
        flag_modified(self, "state")  # a seat changed, so the review did: what others saw is not the present version
        if self.state is not ReviewState.IN_STAGE:
            self.close(seats, closed_at or now)
        elif any(one.state is StageState.OPEN for one in seats):
            self.show_due_date(seats)
        else:
            self.stage_position = waiting[0]
            self.open_position(seats, calendar, now)

    def close(self, seats: Iterable[ReviewStage], now: datetime) -> None:
        """Close the seats that nobody will decide any more, and date the conclusion, if it is one."""
        if self.state is not ReviewState.RETURNED:
            self.decided_at = now
        for one in seats:
            if one.state in (StageState.WAITING, StageState.OPEN):
                one.state = StageState.CLOSED

    def show_due_date(self, seats: Iterable[ReviewStage]) -> None:
        """Show the earliest last day of the open seats, and be sorted by it."""
        due = [one.due_date for one in seats if one.state is StageState.OPEN and one.due_date is not None]
        self.due_date = min(due, default=None)
        self.worklist_date = self.due_date or date.max


class ReviewStage(Entity):
    """One seat of a review, decided by people of one capacity; by one party where a party is named.

    Seats of the same position sit in parallel; each has its own clock from the day on which its position opens.
    """

    __tablename__ = "registry_review_stage"
    __table_args__ = (
        sa.UniqueConstraint("review_id", "round_number", "seat_number"),
        sa.ForeignKeyConstraint(
            ["review_id", "procedure"], ["registry_review.id", "registry_review.procedure"],
            name="fk_registry_review_stage_review_id_procedure",
        ),
        sa.CheckConstraint("state <> 'open' OR opened_on IS NOT NULL", name="opened_when_open"),
        sa.CheckConstraint(
            "opened_on IS NULL OR (days IS NULL) = (due_date IS NULL)", name="due_where_the_law_gives_days"
        ),
        sa.CheckConstraint(
            "(state IN ('agreed', 'refused', 'returned')) = (decided_at IS NOT NULL)", name="decided_when_closed"
        ),
        # silence consents to the use of data and to nothing else: no check, no egress, no price, no registration
        sa.CheckConstraint(
            "NOT silence_consents OR (procedure = 'data_request' AND days IS NOT NULL "
            "AND kind NOT IN ('operator_check', 'authority_check', 'egress_check'))",
            name="silence_where_allowed",
        ),
        sa.Index("ix_registry_review_stage_open", "due_date", sqlite_where=OPEN_SEAT, postgresql_where=OPEN_SEAT),
    )  # fmt: skip

    review_id: Mapped[UUID] = mapped_column(index=True)
    procedure: Mapped[Procedure]
    round_number: Mapped[int]
    position: Mapped[int]
    seat_number: Mapped[int]
    kind: Mapped[str]  # name of the stage in the policy
    capacity: Mapped[Capacity]
    party_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("registry_party.id"), index=True)
    title: Mapped[str]
    state: Mapped[StageState] = mapped_column(default=StageState.WAITING)
    days: Mapped[int | None]  # working days that the law gives
    opened_on: Mapped[date | None]
    due_date: Mapped[date | None]
    silence_consents: Mapped[bool] = mapped_column(default=False)
    decided_at: Mapped[datetime | None]
    escalated_at: Mapped[datetime | None]

    review: Mapped[Review] = relationship(
        back_populates="stages", lazy="raise", primaryjoin="Review.id == foreign(ReviewStage.review_id)"
    )
    party: Mapped[Party | None] = relationship(lazy="raise")
    opinions: Mapped[list[Opinion]] = relationship(back_populates="stage", order_by="Opinion.given_at", lazy="raise")

    @property
    def opinion(self) -> Opinion | None:
        """What was said on the seat, which must be loaded."""
        return self.opinions[0] if self.opinions else None


class Opinion(Entity):
    """What was decided on a seat, and why; by silence where nobody spoke. Never changed."""

    __tablename__ = "registry_review_opinion"
    __table_args__ = (
        sa.UniqueConstraint("stage_id"),
        sa.CheckConstraint("length(reason) > 0", name="reasoned"),
        sa.CheckConstraint("NOT deemed OR decision = 'agree'", name="silence_only_consents"),
        sa.CheckConstraint("deemed = (reviewer_account_id IS NULL)", name="silence_has_no_speaker"),
        {
            "info": {
                "guard": "append_only",
                "rules": [
                    (
                        guards.refuse_insert,
                        (
                            "registry_review_opinion_silence",
                            "registry_review_opinion",
                            "NEW.deemed AND NOT EXISTS (SELECT 1 FROM registry_review_stage s "
                            "WHERE s.id = NEW.stage_id AND s.silence_consents)",
                            "silence consents on no such seat",
                        ),
                    )
                ],
            }
        },
    )

    stage_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_review_stage.id"), index=True)
    reviewer_account_id: Mapped[UUID | None] = mapped_column(index=True)
    reviewer_name: Mapped[str]
    decision: Mapped[Decision]
    ground: Mapped[RefusalGround | None]  # of the closed list, where an operator refuses (SEP-02)
    reason: Mapped[str]
    checklist: Mapped[dict[str, Any]]
    defects: Mapped[list[Any]]
    given_at: Mapped[datetime]
    deemed: Mapped[bool] = mapped_column(default=False)

    stage: Mapped[ReviewStage] = relationship(back_populates="opinions", lazy="raise")


class ReviewPause(Entity):
    """A time during which the clock of a review stood still, and why; written when it ends, never changed."""

    __tablename__ = "registry_review_pause"
    __table_args__ = (
        sa.CheckConstraint("resumed_at >= paused_at", name="ends_after_start"),
        sa.CheckConstraint("length(reason) > 0", name="reasoned"),
        {"info": {"guard": "append_only"}},
    )

    review_id: Mapped[UUID] = mapped_column(sa.ForeignKey("registry_review.id"), index=True)
    reason: Mapped[str]
    paused_at: Mapped[datetime]
    resumed_at: Mapped[datetime]
    resumed_by_name: Mapped[str]
