"""Headroom for programs; reading the year anew stands where the revenue is known, see ``web.assessing``."""

from __future__ import annotations

from uuid import UUID

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, page, policy_book, requires
from kernel.identity import Permission
from pricing.headroom import queries
from pricing.headroom.model import HeadroomReading
from pricing.headroom.schemas import (
    AlarmsOut,
    HeadroomArgs,
    HeadroomOut,
    HeadroomReadingPageOut,
    HeadroomYearArgs,
)

blueprint = ApiBlueprint("headroom", __name__, url_prefix="/api/v1/headroom", description="收入余量 · headroom")


@blueprint.get("")
@requires(Permission.COST_READ)
@blueprint.arguments(HeadroomArgs, location="query")
@blueprint.response(200, HeadroomReadingPageOut)
def browse(args):
    """List the daily readings within your scope, the newest first."""
    query = queries.readings(current_actor())
    for name in ("place", "year"):
        if name in args:
            query = query.where(getattr(HeadroomReading, name) == args[name])
    return page(db.session(), query, HeadroomReading, newest_first=True)


@blueprint.get("/alarms")
@requires(Permission.COST_READ)
@blueprint.response(200, AlarmsOut)
def alarms():
    """List the open alarms of the running year within your scope."""
    return {"alarms": [one.alarm for one in queries.open_alarms(db.session(), current_actor(), clock.today())]}


@blueprint.get("/<uuid:agreement_id>")
@requires(Permission.COST_READ)
@blueprint.arguments(HeadroomYearArgs, location="query")
@blueprint.response(200, HeadroomOut)
def show(args, agreement_id: UUID):
    """Read where a year stands by its newest reading: accrued, forecast, and when limits are reached."""
    session = db.session()
    reading = queries.get(session, current_actor(), agreement_id, args["year"] or clock.today().year)
    return queries.headroom(session, reading, policy_book())
