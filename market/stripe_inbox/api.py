"""Events of the provider for programs of finance."""

from __future__ import annotations

from uuid import UUID

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, match_version, page, requires
from kernel.identity import Permission
from market.stripe_inbox import commands, queries
from market.stripe_inbox.model import StripeEvent
from market.stripe_inbox.schemas import StripeEventArgs, StripeEventOut, StripeEventPageOut

blueprint = ApiBlueprint(
    "stripe_events", __name__, url_prefix="/api/v1/stripe-events", description="支付通知 · events of the provider"
)


@blueprint.get("")
@requires(Permission.SETTLEMENT_READ)
@blueprint.arguments(StripeEventArgs, location="query")
@blueprint.response(200, StripeEventPageOut)
def browse(args):
    """List the events, newest first: which came, how, and what became of them."""
    return page(db.session(), queries.listed(current_actor(), state=args["state"]), StripeEvent, newest_first=True)


@blueprint.get("/<uuid:event_id>")
@requires(Permission.SETTLEMENT_READ)
@blueprint.response(200, StripeEventOut)
def show(event_id: UUID):
    """Read one event."""
    return queries.visible(db.session(), current_actor(), event_id)


@blueprint.post("/<uuid:event_id>/taking-up")
@requires(Permission.PAYMENT_RECORD)
@blueprint.response(200, StripeEventOut)
def take_up(event_id: UUID):
    """Put a parked event back for the next run, once its reason is gone."""
    with db.transaction() as session:
        match_version(session, StripeEvent, event_id)
        return commands.take_up(session, current_actor(), event_id, now=clock.now())
