"""Deciding a review of any procedure, and letting what follows from the conclusion follow at once.

A procedure joins by its lines in the tables below: what the system checks for it, which points its reviewers must
confirm, and what its concept does when a review is concluded.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy.orm import Session

from kernel.calendar import WorkingCalendar, business_date
from kernel.identity import Actor
from kernel.policy import PolicyBook
from registry.appeals import commands as appeals
from registry.applications import checks as application_checks
from registry.applications import commands as applications
from registry.applications import queries as application_queries
from registry.egress import checks as egress_checks
from registry.egress import commands as egress
from registry.egress import queries as egress_queries
from registry.onboarding import checks as onboarding_checks
from registry.onboarding import commands as onboarding
from registry.onboarding import queries as onboarding_queries
from registry.operator_reviews import checks as operator_checks
from registry.operator_reviews import commands as operator_reviews
from registry.operator_reviews import queries as operator_queries
from registry.plans import checks as plan_checks
from registry.plans import commands as plans
from registry.plans import queries as plan_queries
from registry.policy import RegistryPolicy
from registry.procedures.rules import Finding, Procedure, RefusalGround
from registry.product_reviews import checks as product_checks
from registry.product_reviews import commands as product_reviews
from registry.requests import checks as request_checks
from registry.requests import commands as requests
from registry.requests import queries as request_queries
from registry.review_clocks import commands as clocks
from registry.reviews import commands as reviews
from registry.reviews import queries
from registry.reviews.model import Review
from registry.reviews.rules import Decision, ReviewState, finding_dict


class FindingsOf(Protocol):
    """What the system checks of the subject of a review."""

    def __call__(self, session: Session, review: Review, *, on: date, book: PolicyBook) -> list[Finding]: ...


class Lock(Protocol):
    """How a concept locks the subject of a review."""

    def __call__(self, session: Session, subject_id: UUID, /, *, lock: bool) -> object: ...


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


FINDINGS: dict[Procedure, FindingsOf] = {
    Procedure.ONBOARDING: onboarding_checks.of_review,
    Procedure.PRODUCT: product_checks.of_review,
    Procedure.DATA_REQUEST: request_checks.of_review,
    Procedure.PLAN: plan_checks.findings,
    Procedure.APPLICATION: application_checks.findings,
    Procedure.OPERATOR: operator_checks.findings,
    Procedure.EGRESS: egress_checks.of_review,
}
REQUIRED: dict[Procedure, str] = {Procedure.PRODUCT: "review_checks_required"}  # attribute of RegistryPolicy
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
# A command of the concept locks the subject before its review; so must everybody, or two would wait for each other.
SUBJECTS: dict[Procedure, Lock] = {
    Procedure.APPLICATION: application_queries.get,
    Procedure.DATA_REQUEST: request_queries.get,
    Procedure.EGRESS: egress_queries.get,
    Procedure.ONBOARDING: onboarding_queries.by_id,
    Procedure.OPERATOR: operator_queries.get,
    Procedure.PLAN: plan_queries.version,  # the subject is one version
}
CONCLUDED = (ReviewState.PASSED, ReviewState.REFUSED, ReviewState.RETURNED)


def lock_subject(session: Session, review: Review) -> None:
    """Lock the subject of a review, before the review itself is locked."""
    lock = SUBJECTS.get(review.procedure)
    if lock is not None:
        lock(session, review.subject_id, lock=True)


def findings(session: Session, review: Review, *, on: date, book: PolicyBook) -> list[Finding]:
    """Return what the system finds about the subject of a review on that day."""
    find = FINDINGS.get(review.procedure)
    return [] if find is None else find(session, review, on=on, book=book)


def shown_findings(session: Session, review: Review, *, on: date, book: PolicyBook) -> list[dict[str, Any]]:
    """Return what a reader sees: of a running review what is found today, of a closed one what was found then."""
    if review.decided_at is not None and review.findings:
        return review.findings
    return [finding_dict(one) for one in findings(session, review, on=on, book=book)]


def required(review: Review, *, on: date, book: PolicyBook) -> Sequence[str]:
    """Return the points that a reviewer must confirm before agreeing."""
    name = REQUIRED.get(review.procedure)
    cited = None if name is None else getattr(RegistryPolicy.at(book, review.place, on), name)
    return () if cited is None else cited.items()


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
        defects=defects, required=required(review, on=today, book=book),
        findings=findings(session, review, on=today, book=book), calendar=calendar, now=now, ground=ground,
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
    return made


def _conclude(
    session: Session, actor: Actor, review: Review, *, book: PolicyBook, calendar: WorkingCalendar, now: datetime
) -> None:
    follow = (OUTCOMES if review.state in CONCLUDED else STEPS).get(review.procedure)
    if follow is not None:
        follow(session, actor, review, book=book, calendar=calendar, now=now)
