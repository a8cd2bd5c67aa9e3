"""Entitlements for programs."""

from __future__ import annotations

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, page, policy_book, requires
from kernel.identity import Permission
from market.entitlements import queries
from market.entitlements.model import Entitlement
from market.entitlements.schemas import EntitlementOut, EntitlementPageOut, EntitlementStateOut

blueprint = ApiBlueprint(
    "entitlements", __name__, url_prefix="/api/v1/entitlements", description="使用权 · entitlements"
)


@blueprint.get("")
@requires(Permission.ENTITLEMENT_READ)
@blueprint.response(200, EntitlementPageOut)
def browse():
    """List the entitlements of your orders, newest first."""
    return page(db.session(), queries.listed(current_actor()), Entitlement, newest_first=True)


@blueprint.get("/<number>")
@requires(Permission.ENTITLEMENT_READ)
@blueprint.response(200, EntitlementStateOut)
def show(number: str):
    """Read one entitlement and whether it holds now."""
    session, now = db.session(), clock.now()
    found = queries.visible(session, current_actor(), number)
    return {
        **{name: getattr(found, name) for name in EntitlementOut().fields},
        "holds": queries.holds(session, found, now, book=policy_book()),
        "closed": queries.closed(session, found, now, book=policy_book()),
    }
