"""Feedback for programs."""

from __future__ import annotations

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, match_version, page, policy_book, requires
from kernel.identity import Permission
from market.feedback import commands, queries
from market.feedback.model import Feedback
from market.feedback.schemas import (
    FeedbackAnswerIn,
    FeedbackArgs,
    FeedbackDueOut,
    FeedbackIn,
    FeedbackOut,
    FeedbackPageOut,
)

blueprint = ApiBlueprint("feedback", __name__, url_prefix="/api/v1/feedback", description="成果回馈 · feedback")


@blueprint.get("")
@requires(Permission.PRODUCT_READ)
@blueprint.arguments(FeedbackArgs, location="query")
@blueprint.response(200, FeedbackPageOut)
def browse(args):
    """List what was fed back by your organisation, from its data, or at your places."""
    return page(db.session(), queries.listed(current_actor(), state=args["state"]), Feedback, newest_first=True)


@blueprint.get("/due")
@requires(Permission.FEEDBACK_DELIVER)
@blueprint.response(200, FeedbackDueOut(many=True))
def due():
    """List your products whose newest version is to be fed back."""
    return queries.due(db.session(), current_actor(), on=clock.today(), book=policy_book())


@blueprint.post("")
@requires(Permission.FEEDBACK_DELIVER)
@blueprint.arguments(FeedbackIn)
@blueprint.response(201, FeedbackOut)
def deliver(feedback_in):
    """Feed a result or simulated data back to government sharing."""
    with db.transaction() as session:
        return commands.deliver(session, current_actor(), **feedback_in, now=clock.now(), book=policy_book())


@blueprint.get("/<number>")
@requires(Permission.PRODUCT_READ)
@blueprint.response(200, FeedbackOut)
def show(number: str):
    """Read one delivery."""
    return queries.visible(db.session(), current_actor(), number)


@blueprint.post("/<number>/answer")
@requires(Permission.FEEDBACK_RECEIVE)
@blueprint.arguments(FeedbackAnswerIn)
@blueprint.response(200, FeedbackOut)
def answer(answer_in, number: str):
    """Receive a delivery, or send it back with the reason."""
    with db.transaction() as session:
        found = queries.visible(session, current_actor(), number)
        match_version(session, Feedback, found.id)
        return commands.answer(session, current_actor(), found.id, **answer_in, now=clock.now())
