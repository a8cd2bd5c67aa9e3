"""Asking for an operator-level review and taking over what it decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kernel import audit, files, numbering
from kernel.calendar import WorkingCalendar, business_date
from kernel.identity import Actor, Permission
from kernel.policy import Cited, PolicyBook
from registry.operator_reviews import queries
from registry.operator_reviews.model import OperatorReview
from registry.operator_reviews.rules import (
    SEAT_KINDS,
    STATEMENT_TITLES,
    OperatorReviewEvent,
    OperatorReviewRunning,
    OperatorReviewState,
    after,
    check_complete,
    check_editable,
    lacking,
    valid_until,
)
from registry.parties import queries as parties
from registry.parties.rules import check_in_order
from registry.policy import RegistryPolicy
from registry.procedures.rules import Procedure, Seat, cited_dict
from registry.reviews import commands as engine
from registry.reviews.model import Review
from registry.reviews.rules import ReviewState

OUTCOME_EVENTS = {
    ReviewState.PASSED: OperatorReviewEvent.APPROVE,
    ReviewState.REFUSED: OperatorReviewEvent.REFUSE,
    ReviewState.RETURNED: OperatorReviewEvent.RETURN,
}


def start(
    session: Session,
    actor: Actor,
    *,
    operator_id: UUID,
    place: str,
    now: datetime,
    book: PolicyBook,
    statements: Mapping[str, str] | None = None,
) -> OperatorReview:
    """Draft the request for a review; while one is valid the next one may be prepared.

    Raises:
        NotAllowed: the actor may not act for that operator there.
        NoSuchPlace: there is no such place.
        NoSuchParty: there is no such organisation.
        NotInOrder: the organisation is suspended or ended.
        OperatorReviewRunning: another one runs.
    """
    actor.must(Permission.APPLICATION_WRITE, org_id=operator_id, place=place)
    book.place(place)
    operator = parties.get(session, operator_id)
    check_in_order(operator.name, operator.standing)
    made = OperatorReview(
        number=numbering.number(session, "OPR", business_date(now)), place=place, operator_id=operator.id,
        statements=_known(statements or {}), drafted_at=now, sources=[],
    )  # fmt: skip
    session.add(made)
    name = operator.name  # a failed flush leaves nothing that could still be read
    try:
        session.flush()
    except IntegrityError as error:
        if "registry_operator_review" not in str(error.orig):
            raise
        raise OperatorReviewRunning(
            f"{name} 已有在办的安全审核，请先办结或撤回", detail_en="Another one runs.", rule="RVW-01"
        ) from error
    audit.record(session, actor, "operator_review.start", made, at=now, note=made.number)
    return made


def save(
    session: Session, actor: Actor, operator_review_id: UUID, *, statements: Mapping[str, str], now: datetime
) -> OperatorReview:
    """Save the statements of a draft, or of a request that was returned.

    Raises:
        NotAllowed: the actor may not act for that operator there.
        NoSuchOperatorReview: there is none.
        WrongState: it is submitted or closed.
    """
    found = _editable(session, actor, operator_review_id)
    found.statements = {**found.statements, **_known(statements)}
    audit.record(session, actor, "operator_review.save", found, at=now)
    return found


def add_evidence(
    session: Session,
    actor: Actor,
    operator_review_id: UUID,
    *,
    content: bytes,
    name: str,
    media_type: str,
    now: datetime,
) -> OperatorReview:
    """Keep the document that proves the statements; a newer one takes its place.

    Raises:
        NotAllowed: the actor may not act for that operator there.
        NoSuchOperatorReview: there is none.
        WrongState: it is submitted or closed.
        FileRefused: the file is empty or too large.
    """
    found = _editable(session, actor, operator_review_id)
    found.evidence_sha256 = files.keep(session, content, name=name, media_type=media_type, now=now)
    audit.record(session, actor, "operator_review.add_evidence", found, at=now, note=found.evidence_sha256)
    return found


def submit(
    session: Session,
    actor: Actor,
    operator_review_id: UUID,
    *,
    book: PolicyBook,
    calendar: WorkingCalendar,
    now: datetime,
) -> OperatorReview:
    """Ask for the review; basic and technical security are reviewed side by side, and both must agree.

    Raises:
        NotAllowed: the actor may not act for that operator there.
        NoSuchOperatorReview: there is none.
        WrongState: it is neither a draft nor returned.
        NotInOrder: the organisation is suspended or ended.
        StatementsMissing: statements or evidence are missing; all are listed.
    """
    found = _governed(session, actor, operator_review_id)
    state = after(found.state, OperatorReviewEvent.SUBMIT)
    check_in_order(found.operator.name, found.operator.standing)
    check_complete(found.number, lacking(found.statements, found.evidence_sha256))
    years = RegistryPolicy.at(book, found.place, business_date(now)).operator_review_validity_years
    review = _in_procedure(session, actor, found, [years], calendar=calendar, now=now)
    found.sources = [cited_dict(years)] if years else []
    found.state, found.submitted_at, found.review_id = state, now, review.id
    audit.record(session, actor, "operator_review.submit", found, at=now, note=review.number)
    return found


def withdraw(session: Session, actor: Actor, operator_review_id: UUID, *, reason: str, now: datetime) -> OperatorReview:
    """Take a request back before it is decided.

    Raises:
        NotAllowed: the actor may not act for that operator there.
        NoSuchOperatorReview: there is none.
        WrongState: it is decided.
    """
    found = _governed(session, actor, operator_review_id)
    state = after(found.state, OperatorReviewEvent.WITHDRAW)
    if found.review_id is not None:
        engine.withdraw(session, actor, found.review_id, reason=reason, now=now)
    found.state = state
    audit.record(session, actor, "operator_review.withdraw", found, at=now, note=reason)
    return found


def take_outcome(
    session: Session, actor: Actor, review: Review, *, book: PolicyBook, calendar: WorkingCalendar, now: datetime
) -> None:
    """Take over what the review decided; one that passed is valid from that day for the years that the place names.

    Raises:
        NoSuchOperatorReview: the subject does not exist.
        WrongState: it is not under review.
    """
    found = queries.get(session, review.subject_id, lock=True)
    event = OUTCOME_EVENTS[review.state]
    found.state = after(found.state, event)
    if event is OperatorReviewEvent.APPROVE:
        found.passed_on = business_date(now)
        years = RegistryPolicy.at(book, found.place, found.passed_on).operator_review_validity_years
        found.valid_until = valid_until(found.passed_on, years)
    audit.record(session, actor, f"operator_review.{event}", found, at=now, note=review.number)


def _governed(session: Session, actor: Actor, operator_review_id: UUID) -> OperatorReview:
    found = queries.get(session, operator_review_id, lock=True)
    actor.must(Permission.APPLICATION_WRITE, org_id=found.operator_id, place=found.place)
    return found


def _editable(session: Session, actor: Actor, operator_review_id: UUID) -> OperatorReview:
    found = _governed(session, actor, operator_review_id)
    check_editable(found.number, found.state)
    return found


def _known(statements: Mapping[str, str]) -> dict[str, str]:
    return {kind: text.strip() for kind, text in statements.items() if kind in STATEMENT_TITLES}


def _in_procedure(
    session: Session,
    actor: Actor,
    found: OperatorReview,
    used: Sequence[Cited | None],
    *,
    calendar: WorkingCalendar,
    now: datetime,
) -> Review:
    title = f"{found.number} {found.operator.name}"
    seats = [Seat(kind, 1) for kind in SEAT_KINDS]
    if found.state is OperatorReviewState.RETURNED and found.review_id is not None:
        return engine.resubmit(
            session, actor, found.review_id, subject_id=found.id, subject_title=title, seats=seats, calendar=calendar,
            now=now,
        )  # fmt: skip
    return engine.open_review(
        session, actor, procedure=Procedure.OPERATOR, subject_id=found.id, subject_title=title, place=found.place,
        applicant_id=found.operator_id, seats=seats, calendar=calendar, now=now, sources=used,
    )  # fmt: skip
