"""Complaints about fees for programs: filing and following are open to everybody."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, match_version, page, public, requires
from kernel.identity import Permission
from pricing.complaints import commands, queries
from pricing.complaints.model import PriceComplaint
from pricing.complaints.schemas import (
    ComplaintArgs,
    ComplaintClosingIn,
    ComplaintCountOut,
    ComplaintDecisionIn,
    ComplaintFiledOut,
    ComplaintFindingsIn,
    ComplaintSeenOut,
    PriceComplaintIn,
    PriceComplaintOut,
    PriceComplaintPageOut,
)
from registry.objections.gateway import source_digest
from registry.products.model import Product

blueprint = ApiBlueprint(
    "complaints", __name__, url_prefix="/api/v1/complaints", description="收费投诉 · complaints about fees"
)


@blueprint.post("")
@public
@blueprint.arguments(PriceComplaintIn)
@blueprint.response(201, ComplaintFiledOut)
def file_complaint(complaint_in):
    """Complain that a fee is too high or wrong, under your real name; the answer holds the key to follow it."""
    with db.transaction() as session:
        return commands.file_complaint(
            session, current_actor(), **complaint_in, source_digest=source_digest(), now=clock.now()
        )


@blueprint.get("/followed/<reference>")
@public
@blueprint.response(200, ComplaintSeenOut)
def follow(reference: str):
    """Read what became of a complaint, by the reference that its author was given."""
    return seen(queries.by_reference(db.session(), reference))


@blueprint.post("/followed/<reference>/withdrawal")
@public
@blueprint.response(200, ComplaintSeenOut)
def withdraw(reference: str):
    """Take a complaint back before it is decided; the reference says that it is yours."""
    with db.transaction() as session:
        return seen(commands.withdraw(session, current_actor(), reference, now=clock.now()))


@blueprint.get("")
@requires(Permission.ORDER_READ)
@blueprint.arguments(ComplaintArgs, location="query")
@blueprint.response(200, PriceComplaintPageOut)
def browse(args):
    """List the complaints of your organisation, or at your places."""
    query = queries.visible(current_actor())
    for name in ("place", "state", "product_id"):
        if name in args:
            query = query.where(getattr(PriceComplaint, name) == args[name])
    return page(db.session(), query, PriceComplaint, newest_first=True)


@blueprint.get("/counts")
@requires(Permission.COMPLAINT_DECIDE)
@blueprint.response(200, ComplaintCountOut(many=True))
def count():
    """Read how many complaints there are about each product, those with most open ones first."""
    names = ("product_id", "filed", "open", "adjusted")
    return [dict(zip(names, row, strict=True)) for row in queries.counts(db.session(), current_actor())]


@blueprint.get("/<uuid:complaint_id>")
@requires(Permission.ORDER_READ)
@blueprint.response(200, PriceComplaintOut)
def show(complaint_id: UUID):
    """Read one complaint."""
    return queries.get(db.session(), current_actor(), complaint_id)


@blueprint.post("/<uuid:complaint_id>/acceptance")
@requires(Permission.COMPLAINT_DECIDE)
@blueprint.response(200, PriceComplaintOut)
def accept(complaint_id: UUID):
    """Take a complaint up for review."""
    return _step(complaint_id, commands.accept, {})


@blueprint.post("/<uuid:complaint_id>/review")
@requires(Permission.COMPLAINT_DECIDE)
@blueprint.arguments(ComplaintFindingsIn)
@blueprint.response(200, PriceComplaintOut)
def review(findings_in, complaint_id: UUID):
    """Record what the review of the fee found."""
    return _step(complaint_id, commands.review, findings_in)


@blueprint.post("/<uuid:complaint_id>/decision")
@requires(Permission.COMPLAINT_DECIDE)
@blueprint.arguments(ComplaintDecisionIn)
@blueprint.response(200, PriceComplaintOut)
def decide(decision_in, complaint_id: UUID):
    """Decide whether the fee is adjusted or kept."""
    return _step(complaint_id, commands.decide, decision_in)


@blueprint.post("/<uuid:complaint_id>/closing")
@requires(Permission.COMPLAINT_DECIDE)
@blueprint.arguments(ComplaintClosingIn)
@blueprint.response(200, PriceComplaintOut)
def close(closing_in, complaint_id: UUID):
    """Close a decided complaint, with the new price or cap where the fee was to be adjusted."""
    return _step(complaint_id, commands.close, closing_in)


def seen(found: PriceComplaint) -> dict[str, Any]:
    """Return what the author of a complaint may read: neither name nor words of it."""
    names = [name for name in ComplaintSeenOut().fields if name != "product"]
    product = db.session().get_one(Product, found.product_id)
    return {**{name: getattr(found, name) for name in names}, "product": product.title}


def _step(complaint_id: UUID, command: Any, sent: dict[str, Any]) -> PriceComplaint:
    with db.transaction() as session:
        queries.get(session, current_actor(), complaint_id)
        match_version(session, PriceComplaint, complaint_id)
        found: PriceComplaint = command(session, current_actor(), complaint_id, **sent, now=clock.now())
        session.flush()
        return found
