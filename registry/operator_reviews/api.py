"""Operator-level reviews for programs. Every change is decided on a version: send ``If-Match``."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, match_version, page, policy_book, requires, working_calendar
from kernel.identity import Permission
from registry.operator_reviews import commands, queries
from registry.operator_reviews.model import OperatorReview
from registry.operator_reviews.schemas import (
    OperatorEvidenceIn,
    OperatorReviewArgs,
    OperatorReviewIn,
    OperatorReviewOut,
    OperatorReviewPageOut,
    OperatorReviewReasonIn,
    OperatorStatementsIn,
)

blueprint = ApiBlueprint(
    "operator_reviews", __name__, url_prefix="/api/v1/operator-reviews",
    description="运营机构安全审核 · operator-level security reviews",
)  # fmt: skip


@blueprint.get("")
@requires(Permission.APPLICATION_READ)
@blueprint.arguments(OperatorReviewArgs, location="query")
@blueprint.response(200, OperatorReviewPageOut)
def browse(args):
    """List the operator-level reviews within your scope."""
    return page(db.session(), queries.listed(current_actor(), place=args.get("place")), OperatorReview)


@blueprint.post("")
@requires(Permission.APPLICATION_WRITE)
@blueprint.arguments(OperatorReviewIn)
@blueprint.response(201, OperatorReviewOut)
def start(review_in):
    """Draft a request for a review."""
    with db.transaction() as session:
        made = commands.start(session, current_actor(), **review_in, now=clock.now(), book=policy_book())
        return _seen(session, made.id)


@blueprint.get("/<uuid:operator_review_id>")
@requires(Permission.APPLICATION_READ)
@blueprint.response(200, OperatorReviewOut)
def show(operator_review_id: UUID):
    """Read one operator-level review."""
    return _seen(db.session(), operator_review_id)


@blueprint.patch("/<uuid:operator_review_id>")
@requires(Permission.APPLICATION_WRITE)
@blueprint.arguments(OperatorStatementsIn)
@blueprint.response(200, OperatorReviewOut)
def save(statements_in, operator_review_id: UUID):
    """Save the statements of a draft."""
    with db.transaction() as session:
        _match(session, operator_review_id)
        commands.save(session, current_actor(), operator_review_id, **statements_in, now=clock.now())
        return _seen(session, operator_review_id)


@blueprint.put("/<uuid:operator_review_id>/evidence")
@requires(Permission.APPLICATION_WRITE)
@blueprint.arguments(OperatorEvidenceIn)
@blueprint.response(200, OperatorReviewOut)
def add_evidence(evidence_in, operator_review_id: UUID):
    """Keep the document that proves the statements."""
    with db.transaction() as session:
        _match(session, operator_review_id)
        commands.add_evidence(session, current_actor(), operator_review_id, **evidence_in, now=clock.now())
        return _seen(session, operator_review_id)


@blueprint.post("/<uuid:operator_review_id>/submission")
@requires(Permission.APPLICATION_WRITE)
@blueprint.response(200, OperatorReviewOut)
def submit(operator_review_id: UUID):
    """Ask for the review."""
    with db.transaction() as session:
        _match(session, operator_review_id)
        commands.submit(
            session, current_actor(), operator_review_id, book=policy_book(), calendar=working_calendar(),
            now=clock.now(),
        )  # fmt: skip
        return _seen(session, operator_review_id)


@blueprint.post("/<uuid:operator_review_id>/withdrawal")
@requires(Permission.APPLICATION_WRITE)
@blueprint.arguments(OperatorReviewReasonIn)
@blueprint.response(200, OperatorReviewOut)
def withdraw(reason_in, operator_review_id: UUID):
    """Take a request back before it is decided."""
    with db.transaction() as session:
        _match(session, operator_review_id)
        commands.withdraw(session, current_actor(), operator_review_id, **reason_in, now=clock.now())
        return _seen(session, operator_review_id)


def _match(session: Session, operator_review_id: UUID) -> None:
    queries.visible(session, current_actor(), operator_review_id)
    match_version(session, OperatorReview, operator_review_id)


def _seen(session: Session, operator_review_id: UUID) -> OperatorReview:
    session.flush()
    return queries.visible(session, current_actor(), operator_review_id)
