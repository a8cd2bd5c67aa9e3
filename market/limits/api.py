"""Limits of calls for programs."""

from __future__ import annotations

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, requires
from kernel.identity import Permission
from market.limits import commands, queries
from market.limits.schemas import CallLimitIn, CallLimitOut
from registry.products import queries as products

blueprint = ApiBlueprint("limits", __name__, url_prefix="/api/v1/products", description="调用限速 · call limits")


@blueprint.post("/<code>/limits")
@requires(Permission.LIMIT_SET)
@blueprint.arguments(CallLimitIn)
@blueprint.response(201, CallLimitOut)
def set_limit(limit_in, code: str):
    """Agree on how often buyers of the product, or one of them, may call."""
    with db.transaction() as session:
        return commands.limit_calls(session, current_actor(), code=code, **limit_in, now=clock.now())


@blueprint.get("/<code>/limits")
@requires(Permission.LIMIT_SET)
@blueprint.response(200, CallLimitOut(many=True))
def limits(code: str):
    """List every limit that was set, newest first."""
    session, actor = db.session(), current_actor()
    product = products.visible(session, actor, code)
    actor.must(Permission.LIMIT_SET, org_id=product.owner_id, place=product.place)
    return queries.of_product(session, product.id)
