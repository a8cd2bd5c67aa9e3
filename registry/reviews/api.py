"""Compliance reviews for programs. Every change is decided on a version: send ``If-Match``."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from kernel import clock, db
from kernel.calendar import business_date
from kernel.http import ApiBlueprint, current_actor, match_version, page, policy_book, requires, working_calendar
from kernel.identity import Permission
from registry.reviews import checks, commands, queries
from registry.reviews.model import Review
from registry.reviews.schemas import DecisionIn, ReviewArgs, ReviewDetailOut, ReviewIn, ReviewPageOut

blueprint = ApiBlueprint("reviews", __name__, url_prefix="/api/v1/reviews", description="合规审查 · compliance reviews")


@blueprint.get("")
@requires(Permission.REVIEW_READ)
@blueprint.arguments(ReviewArgs, location="query")
@blueprint.response(200, ReviewPageOut)
def browse(args):
    """List the reviews within your scope."""
    query = queries.listed(current_actor(), place=args.get("place"), state=args.get("state"))
    return page(db.session(), query, Review)


@blueprint.post("")
@requires(Permission.PRODUCT_WRITE)
@blueprint.arguments(ReviewIn)
@blueprint.response(201, ReviewDetailOut)
def submit(review_in):
    """Submit the newest version of a product."""
    with db.transaction() as session:
        made = commands.submit(
            session, current_actor(), review_in["version_id"], book=policy_book(), calendar=working_calendar(),
            now=clock.now(),
        )  # fmt: skip
        return _seen(session, made.id)


@blueprint.get("/<uuid:review_id>")
@requires(Permission.REVIEW_READ)
@blueprint.response(200, ReviewDetailOut)
def show(review_id: UUID):
    """Read one review with stages, opinions and findings."""
    return _seen(db.session(), review_id)


@blueprint.post("/<uuid:review_id>/decision")
@requires(Permission.REVIEW_DECIDE)
@blueprint.arguments(DecisionIn)
@blueprint.response(200, ReviewDetailOut)
def decide(decision_in, review_id: UUID):
    """Decide the open stage."""
    with db.transaction() as session:
        _match(session, review_id)
        decision_in["checklist"] = dict.fromkeys(decision_in["checklist"], True)
        commands.decide(
            session, current_actor(), review_id, **decision_in, book=policy_book(), calendar=working_calendar(),
            now=clock.now(),
        )  # fmt: skip
        return _seen(session, review_id)


@blueprint.post("/<uuid:review_id>/resubmission")
@requires(Permission.PRODUCT_WRITE)
@blueprint.response(200, ReviewDetailOut)
def resubmit(review_id: UUID):
    """Send a returned review in again with the newest version of the product."""
    with db.transaction() as session:
        _match(session, review_id)
        commands.resubmit(
            session, current_actor(), review_id, book=policy_book(), calendar=working_calendar(), now=clock.now()
        )
        return _seen(session, review_id)


@blueprint.post("/<uuid:review_id>/withdrawal")
@requires(Permission.PRODUCT_WRITE)
@blueprint.response(200, ReviewDetailOut)
def withdraw(review_id: UUID):
    """Take a review back before it is decided."""
    with db.transaction() as session:
        _match(session, review_id)
        commands.withdraw(session, current_actor(), review_id, now=clock.now())
        return _seen(session, review_id)


def _match(session: Session, review_id: UUID) -> None:
    queries.detail(session, current_actor(), review_id)  # of what somebody may not see, not even the version is told
    match_version(session, Review, review_id)


def _seen(session: Session, review_id: UUID) -> dict[str, object]:
    session.flush()
    review = queries.detail(session, current_actor(), review_id)
    found = checks.findings(session, review.version_id, on=business_date(clock.now()), book=policy_book())
    own = {name: getattr(review, name) for name in ReviewDetailOut().fields if name != "findings"}
    return {**own, "findings": found}
