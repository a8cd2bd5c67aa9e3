"""Deliveries for programs."""

from __future__ import annotations

from typing import Any

from kernel import clock, db
from kernel.calendar import Period
from kernel.http import ApiBlueprint, current_actor, page, requires
from kernel.identity import Permission
from market.entitlements.model import Entitlement
from settlement.deliveries import queries
from settlement.deliveries.schemas import DeliveryArgs, DeliveryPageOut
from settlement.takings.queries import own

blueprint = ApiBlueprint(
    "deliveries", __name__, url_prefix="/api/v1/deliveries", description="供方的交付情况 · what a seller delivers"
)


@blueprint.get("")
@requires(Permission.TAKINGS_READ)
@blueprint.arguments(DeliveryArgs, location="query")
@blueprint.response(200, DeliveryPageOut)
def browse(args: dict[str, Any]) -> dict[str, Any]:
    """List the entitlements that your organisation sold with what went out under each in a month."""
    session, actor = db.session(), current_actor()
    month = Period.month(args["month"]) if args["month"] else Period.month_of(clock.today())
    found = page(session, queries.listed(own(actor)), Entitlement)
    return {**found, "items": queries.deliveries(session, actor, found["items"], month)}
