"""Deciding a review of any procedure, and letting what follows from the conclusion follow at once.

A procedure joins by its lines in the tables below and in ``checks`` and ``queries``: what the system checks for it,
which points its reviewers must confirm, how its subject is locked, what its concept does when a review is concluded.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from sqlalchemy.orm import Session

from kernel import audit
from kernel.calendar import WorkingCalendar, business_date
from kernel.identity import Actor
from kernel.policy import PolicyBook
from registry.appeals import commands as appeals
from registry.applications import commands as applications
from registry.desk import checks
from registry.desk.queries import lock_subject
from registry.egress import commands as egress
from registry.onboarding import commands as onboarding
from registry.operator_reviews import commands as operator_reviews
from registry.plans import commands as plans
from registry.procedures.rules import Procedure, RefusalGround
from registry.product_reviews import commands as product_reviews
from registry.requests import commands as requests
from registry.review_clocks import commands as clocks
from registry.reviews import commands as reviews
from registry.reviews import queries
from registry.reviews.model import Review
from registry.reviews.rules import Decision, ReviewState


class Follow(Protocol):
    """What a concept does when a review of its subject was concluded, or an appeal opened it again."""

    def __call__(
        self,
        session: Session,
        actor: Actor,
        review: Review,
        *,
        book: PolicyBook,
        calendar: WorkingCalendar,
        now: datetime,
    ) -> None: ...


OUTCOMES: dict[Procedure, Follow] = {
    Procedure.ONBOARDING: onboarding.take_outcome,
    Procedure.PRODUCT: product_reviews.take_outcome,
    Procedure.DATA_REQUEST: requests.take_outcome,
    Procedure.PLAN: plans.take_outcome,
    Procedure.APPLICATION: applications.take_outcome,
    Procedure.OPERATOR: operator_reviews.take_outcome,
    Procedure.EGRESS: egress.take_outcome,
}
STEPS: dict[Procedure, Follow] = {Procedure.DATA_REQUEST: requests.take_step}  # after a decision that concludes nothing
REOPENED: dict[Procedure, Follow] = {
    Procedure.DATA_REQUEST: requests.take_appeal,
}
CONCLUDED = (ReviewState.PASSED, ReviewState.REFUSED, ReviewState.RETURNED)


def decide(
    session: Session,
    actor: Actor,
    review_id: UUID,
    *,
    decision: Decision,
    reason: str,
    checklist: Sequence[str],
    defects: Sequence[str],
    book: PolicyBook,
    calendar: WorkingCalendar,
    now: datetime,
    ground: RefusalGround | None = None,
    stage_id: UUID | None = None,
) -> Review:
    """Record the actor's decision on an open seat; when it concludes the review, its concept takes the outcome.

    ``checklist`` names the points that were confirmed. The refusals are those of
    :func:`registry.reviews.commands.decide` and of what the concept does.
    """
    today = business_date(now)
    review = queries.get(session, review_id)
    lock_subject(session, review)
    review = queries.get(session, review_id, lock=True)
    reviews.decide(
        session, actor, review_id, decision=decision, reason=reason, checklist=dict.fromkeys(checklist, True),
        defects=defects, required=checks.required(review, on=today, book=book),
        findings=checks.findings(session, review, on=today, book=book), calendar=calendar, now=now, ground=ground,
        stage_id=stage_id,
    )  # fmt: skip
    _conclude(session, actor, review, book=book, calendar=calendar, now=now)
    return review


def let_silence_consent(
    session: Session, actor: Actor, *, book: PolicyBook, calendar: WorkingCalendar, now: datetime
) -> int:
    """Write down consent by silence and let the outcomes follow; return how many reviews it changed (RVW-05).

    Raises:
        NotAllowed: the actor is not the scheduler.
        CalendarGap: the deadline of a next position runs into a year without a holiday table.
    """
    changed = clocks.let_silence_consent(session, actor, calendar=calendar, now=now, lock_subject=lock_subject)
    for review in changed:
        _conclude(session, actor, review, book=book, calendar=calendar, now=now)
    return len(changed)


def appeal(
    session: Session,
    actor: Actor,
    review_id: UUID,
    *,
    reason: str,
    book: PolicyBook,
    calendar: WorkingCalendar,
    now: datetime,
) -> Review:
    """Appeal against a refusal and open its subject again.

    The refusals are those of :func:`registry.appeals.commands.appeal` and of what the concept does.
    """
    lock_subject(session, queries.get(session, review_id))
    made = appeals.appeal(session, actor, review_id, reason=reason, book=book, calendar=calendar, now=now)
    if reopen := REOPENED.get(made.procedure):
        reopen(session, actor, made, book=book, calendar=calendar, now=now)
        audit.record(session, actor, "review.reopen", made, at=now)
    return made


def _conclude(
    session: Session, actor: Actor, review: Review, *, book: PolicyBook, calendar: WorkingCalendar, now: datetime
) -> None:
    is_concluded = review.state in CONCLUDED
    follow = (OUTCOMES if is_concluded else STEPS).get(review.procedure)
    if follow is not None:
        follow(session, actor, review, book=book, calendar=calendar, now=now)
    if is_concluded:
        audit.record(session, actor, "review.conclude", review, at=now, note=review.state)
