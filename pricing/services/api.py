"""Service fees for programs: they are public; only the operator adds to them."""

from __future__ import annotations

from uuid import UUID

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, policy_book, public, requires
from kernel.identity import Permission
from pricing.services import commands, queries
from pricing.services.schemas import (
    ServiceFeeArgs,
    ServiceFeeHistoryArgs,
    ServiceFeeHistoryOut,
    ServiceFeeIn,
    ServiceFeeListOut,
    ServiceFeeOut,
)

blueprint = ApiBlueprint(
    "service_fees", __name__, url_prefix="/api/v1/service-fees", description="服务费 · service fees"
)


@blueprint.get("")
@public
@blueprint.arguments(ServiceFeeArgs, location="query")
@blueprint.response(200, ServiceFeeListOut)
def browse(args):
    """List the service fees in force on a day."""
    on = args.get("on", clock.today())
    return {"on": on, "items": queries.listed(db.session(), on, place=args.get("place"))}


@blueprint.post("")
@requires(Permission.PRICE_SET)
@blueprint.arguments(ServiceFeeIn)
@blueprint.response(201, ServiceFeeOut)
def set_service_fee(fee_in):
    """Set and publish the operator's fee for a service to merchants."""
    with db.transaction() as session:
        return commands.set_service_fee(session, current_actor(), **fee_in, now=clock.now(), book=policy_book())


@blueprint.get("/history")
@public
@blueprint.arguments(ServiceFeeHistoryArgs, location="query")
@blueprint.response(200, ServiceFeeHistoryOut)
def history(args):
    """List every fee ever published, past, present and announced."""
    return {"items": queries.history(db.session(), **args)}


@blueprint.get("/<uuid:fee_id>")
@public
@blueprint.response(200, ServiceFeeOut)
def show(fee_id: UUID):
    """Read one fee."""
    return queries.get(db.session(), fee_id)


@blueprint.get("/<uuid:fee_id>/explanation")
@public
@blueprint.doc(
    responses={"200": {"description": "OK", "content": {"application/json": {"schema": {"type": "object"}}}}}
)
def explain(fee_id: UUID):
    """Say why a fee is what it is: unit cost, margin, limit and the room left."""
    return queries.explain(queries.get(db.session(), fee_id))
