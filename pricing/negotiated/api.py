"""Negotiated prices for programs: answers are made on a version, send ``If-Match``."""

from __future__ import annotations

from uuid import UUID

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, match_version, page, public, requires
from kernel.identity import Permission
from pricing.negotiated import commands, queries
from pricing.negotiated.model import Negotiation
from pricing.negotiated.schemas import (
    NegotiableArgs,
    NegotiableIn,
    NegotiableListOut,
    NegotiableOut,
    NegotiationArgs,
    NegotiationIn,
    NegotiationNoteIn,
    NegotiationOut,
    NegotiationPageOut,
    NegotiationRoundListOut,
    NegotiationTermsIn,
)

blueprint = ApiBlueprint(
    "negotiations", __name__, url_prefix="/api/v1/negotiations", description="面议 · negotiated prices"
)


@blueprint.get("/rules")
@public
@blueprint.arguments(NegotiableArgs, location="query")
@blueprint.response(200, NegotiableListOut)
def rules(args):
    """List by which published rules the price of a product can be or could be negotiated."""
    return {"items": queries.publications(db.session(), args["product_id"])}


@blueprint.post("/rules")
@requires(Permission.PRICE_SET)
@blueprint.arguments(NegotiableIn)
@blueprint.response(201, NegotiableOut)
def publish(negotiable_in):
    """Publish that the price of a product can be negotiated, or no longer."""
    with db.transaction() as session:
        return commands.publish_negotiable(session, current_actor(), **negotiable_in, now=clock.now())


@blueprint.get("")
@requires(Permission.ORDER_READ)
@blueprint.arguments(NegotiationArgs, location="query")
@blueprint.response(200, NegotiationPageOut)
def browse(args):
    """List the negotiations within your scope."""
    query = queries.visible(current_actor())
    if "product_id" in args:
        query = query.where(Negotiation.product_id == args["product_id"])
    if "state" in args:
        query = query.where(queries.is_in(args["state"], clock.today()))
    return page(db.session(), query, Negotiation, newest_first=True)


@blueprint.post("")
@requires(Permission.PRICE_SET)
@blueprint.arguments(NegotiationIn)
@blueprint.response(201, NegotiationOut)
def offer(offer_in):
    """Offer a buyer a price of its own."""
    with db.transaction() as session:
        return commands.offer(session, current_actor(), **offer_in, now=clock.now())


@blueprint.get("/<uuid:negotiation_id>")
@requires(Permission.ORDER_READ)
@blueprint.response(200, NegotiationOut)
def show(negotiation_id: UUID):
    """Read one negotiation."""
    return queries.get(db.session(), current_actor(), negotiation_id)


@blueprint.get("/<uuid:negotiation_id>/rounds")
@requires(Permission.ORDER_READ)
@blueprint.response(200, NegotiationRoundListOut)
def rounds(negotiation_id: UUID):
    """Read every word that was said."""
    found = queries.get(db.session(), current_actor(), negotiation_id)
    return {"items": queries.rounds(db.session(), found.id)}


@blueprint.post("/<uuid:negotiation_id>/counter")
@requires(Permission.ORDER_READ)
@blueprint.arguments(NegotiationTermsIn)
@blueprint.response(200, NegotiationOut)
def counter(terms_in, negotiation_id: UUID):
    """Answer with other terms."""
    with db.transaction() as session:
        _match(session, negotiation_id)
        return commands.counter(session, current_actor(), negotiation_id, **terms_in, now=clock.now())


@blueprint.post("/<uuid:negotiation_id>/acceptance")
@requires(Permission.ORDER_READ)
@blueprint.arguments(NegotiationNoteIn)
@blueprint.response(200, NegotiationOut)
def accept(note_in, negotiation_id: UUID):
    """Accept the terms of the other side."""
    with db.transaction() as session:
        _match(session, negotiation_id)
        return commands.accept(session, current_actor(), negotiation_id, **note_in, now=clock.now())


@blueprint.post("/<uuid:negotiation_id>/refusal")
@requires(Permission.ORDER_READ)
@blueprint.arguments(NegotiationNoteIn)
@blueprint.response(200, NegotiationOut)
def decline(note_in, negotiation_id: UUID):
    """Decline the terms of the other side."""
    with db.transaction() as session:
        _match(session, negotiation_id)
        return commands.decline(session, current_actor(), negotiation_id, **note_in, now=clock.now())


@blueprint.post("/<uuid:negotiation_id>/withdrawal")
@requires(Permission.ORDER_READ)
@blueprint.arguments(NegotiationNoteIn)
@blueprint.response(200, NegotiationOut)
def withdraw(note_in, negotiation_id: UUID):
    """Take back the own terms before they are answered."""
    with db.transaction() as session:
        _match(session, negotiation_id)
        return commands.withdraw(session, current_actor(), negotiation_id, **note_in, now=clock.now())


def _match(session, negotiation_id: UUID) -> None:
    queries.get(session, current_actor(), negotiation_id)  # of what somebody may not see, not even the version is told
    match_version(session, Negotiation, negotiation_id)
