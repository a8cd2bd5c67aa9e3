"""Free reuse for programs of source departments."""

from __future__ import annotations

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, policy_book, requires
from kernel.identity import Permission
from market.entitlements.schemas import EntitlementOut
from market.reuse import commands, queries
from market.reuse.schemas import ReuseIn, ReuseOfferOut

blueprint = ApiBlueprint("reuse", __name__, url_prefix="/api/v1/reuse", description="数源部门无偿使用 · free reuse")


@blueprint.get("/offers")
@requires(Permission.RESOURCE_WRITE)
@blueprint.response(200, ReuseOfferOut(many=True))
def offers():
    """List what your department may use free because it gave data for it free."""
    org_id = current_actor().org_id
    return queries.offers(db.session(), org_id, now=clock.now(), book=policy_book()) if org_id else []


@blueprint.post("")
@requires(Permission.ORDER_PLACE)
@blueprint.arguments(ReuseIn)
@blueprint.response(201, EntitlementOut)
def take(reuse_in):
    """Take up the free use in one step; the same reference gives the same entitlement."""
    with db.transaction() as session:
        return commands.take(session, current_actor(), **reuse_in, now=clock.now(), book=policy_book())
