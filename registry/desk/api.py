"""Reviews for programs. Every change is decided on a version: send ``If-Match``."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from kernel import clock, db
from kernel.calendar import business_date
from kernel.http import (
    PAGE_LIMIT,
    ApiBlueprint,
    current_actor,
    match_version,
    page,
    policy_book,
    requires,
    working_calendar,
)
from kernel.identity import Permission
from registry.desk import checks, commands, queries
from registry.desk.schemas import (
    DecisionIn,
    ReasonIn,
    ReviewArgs,
    ReviewDetailOut,
    ReviewIn,
    ReviewOut,
    ReviewPageOut,
    WorklistArgs,
)
from registry.product_reviews import commands as product_reviews
from registry.products.model import ProductVersion
from registry.review_clocks import commands as clocks
from registry.reviews.model import Review

blueprint = ApiBlueprint("reviews", __name__, url_prefix="/api/v1/reviews", description="合规审查 · reviews")


@blueprint.get("")
@requires(Permission.REVIEW_READ)
@blueprint.arguments(ReviewArgs, location="query")
@blueprint.response(200, ReviewPageOut)
def browse(args):
    """List the reviews within your scope."""
    query = queries.listed(
        current_actor(), place=args.get("place"), state=args.get("state"), procedure=args.get("procedure")
    )
    found = page(db.session(), query, Review)
    return {**found, "items": _told(db.session(), found["items"])}


@blueprint.get("/worklist")
@requires(Permission.REVIEW_READ)
@blueprint.arguments(WorklistArgs, location="query")
@blueprint.response(200, ReviewPageOut)
def worklist(args):
    """List the open reviews within your scope, those due first on top."""
    wanted = queries.Wanted(
        procedure=args.get("procedure"), place=args.get("place"), is_mine=args["mine"], is_overdue=args["overdue"],
        is_paused=args["paused"], is_escalated=args["escalated"],
    )  # fmt: skip
    limit = args.get("limit", PAGE_LIMIT)
    found = queries.worklist(
        db.session(), current_actor(), wanted, today=_today(), limit=limit + 1,
        after=queries.position_of(args.get("cursor", "")),
    )  # fmt: skip
    shown = found[:limit]
    following = queries.position_text(shown[-1]) if len(found) > limit else None
    return {"items": _told(db.session(), shown), "next_cursor": following}


@blueprint.post("")
@requires(Permission.PRODUCT_WRITE)
@blueprint.arguments(ReviewIn)
@blueprint.response(201, ReviewDetailOut)
def submit(review_in):
    """Submit the newest version of a product."""
    with db.transaction() as session:
        made = product_reviews.submit(
            session, current_actor(), review_in["version_id"], book=policy_book(), calendar=working_calendar(),
            now=clock.now(),
        )  # fmt: skip
        return _seen(session, made.id)


@blueprint.get("/<uuid:review_id>")
@requires(Permission.REVIEW_READ)
@blueprint.response(200, ReviewDetailOut)
def show(review_id: UUID):
    """Read one review with seats, opinions and findings."""
    return _seen(db.session(), review_id)


@blueprint.post("/<uuid:review_id>/decision")
@requires(Permission.REVIEW_DECIDE)
@blueprint.arguments(DecisionIn)
@blueprint.response(200, ReviewDetailOut)
def decide(decision_in, review_id: UUID):
    """Decide an open seat."""
    with db.transaction() as session:
        _match(session, review_id)
        commands.decide(
            session, current_actor(), review_id, **decision_in, book=policy_book(), calendar=working_calendar(),
            now=clock.now(),
        )  # fmt: skip
        return _seen(session, review_id)


@blueprint.post("/<uuid:review_id>/resubmission")
@requires(Permission.PRODUCT_WRITE)
@blueprint.response(200, ReviewDetailOut)
def resubmit(review_id: UUID):
    """Send a returned review of a product in again with its newest version."""
    with db.transaction() as session:
        _match(session, review_id)
        product_reviews.resubmit(
            session, current_actor(), review_id, book=policy_book(), calendar=working_calendar(), now=clock.now()
        )
        return _seen(session, review_id)


@blueprint.post("/<uuid:review_id>/withdrawal")
@requires(Permission.PRODUCT_WRITE)
@blueprint.response(200, ReviewDetailOut)
def withdraw(review_id: UUID):
    """Take the review of a product back before it is decided."""
    with db.transaction() as session:
        _match(session, review_id)
        product_reviews.withdraw(session, current_actor(), review_id, now=clock.now())
        return _seen(session, review_id)


@blueprint.post("/<uuid:review_id>/pause")
@requires(Permission.REVIEW_DECIDE)
@blueprint.arguments(ReasonIn)
@blueprint.response(200, ReviewDetailOut)
def pause(reason_in, review_id: UUID):
    """Stop the clock, with a reason."""
    with db.transaction() as session:
        _match(session, review_id)
        clocks.pause(session, current_actor(), review_id, **reason_in, now=clock.now())
        return _seen(session, review_id)


@blueprint.post("/<uuid:review_id>/resumption")
@requires(Permission.REVIEW_DECIDE)
@blueprint.response(200, ReviewDetailOut)
def resume(review_id: UUID):
    """Let the clock run on; the working days of the pause are given back."""
    with db.transaction() as session:
        _match(session, review_id)
        clocks.resume(session, current_actor(), review_id, calendar=working_calendar(), now=clock.now())
        return _seen(session, review_id)


@blueprint.post("/<uuid:review_id>/appeal")
@requires(Permission.REVIEW_APPEAL)
@blueprint.arguments(ReasonIn)
@blueprint.response(201, ReviewDetailOut)
def appeal(reason_in, review_id: UUID):
    """Appeal against a refusal; a new review hears it."""
    with db.transaction() as session:
        _match(session, review_id)
        made = commands.appeal(
            session, current_actor(), review_id, **reason_in, book=policy_book(), calendar=working_calendar(),
            now=clock.now(),
        )  # fmt: skip
        return _seen(session, made.id)


def _match(session: Session, review_id: UUID) -> None:
    # of what somebody may not see, not even the version is told
    review = queries.detail(session, current_actor(), review_id)
    queries.lock_subject(session, review)
    match_version(session, Review, review_id)


def _seen(session: Session, review_id: UUID) -> dict[str, Any]:
    session.flush()
    review = queries.detail(session, current_actor(), review_id)
    own = {name: getattr(review, name) for name in ("stages", "pauses")}
    shown = checks.shown_findings(session, review, on=_today(), book=policy_book())
    return {**_told(session, [review])[0], **own, "findings": shown}


def _told(session: Session, reviews: Any) -> list[dict[str, Any]]:
    versions = queries.product_versions(session, reviews)
    return [_fields(review, versions.get(review.subject_id)) for review in reviews]


def _fields(review: Review, version: ProductVersion | None) -> dict[str, Any]:
    derived = {
        "product": None if version is None else version.product,
        "version_id": None if version is None else version.id,
        "clock": queries.clock_of(review, calendar=working_calendar(), book=policy_book(), today=_today()),
    }
    own = (name for name in ReviewOut().fields if name not in derived)
    return {**{name: getattr(review, name) for name in own}, **derived}


def _today() -> date:
    return business_date(clock.now())
