"""Ceilings and caps for programs, to be read: they come about by the procedure (determinations, cap plans)."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa

from kernel import db
from kernel.http import ApiBlueprint, current_actor, page, public, requires
from kernel.identity import Permission
from pricing.ceilings import queries
from pricing.ceilings.model import Ceiling, FeeCap
from pricing.ceilings.schemas import (
    CapArgs,
    CapOut,
    CapPageOut,
    CeilingArgs,
    CeilingOut,
    CeilingPageOut,
)

blueprint = ApiBlueprint("ceilings", __name__, url_prefix="/api/v1/ceilings", description="最高准许收入 · ceilings")
caps = ApiBlueprint("caps", __name__, url_prefix="/api/v1/caps", description="上限收费标准 · caps")
blueprints = [blueprint, caps]


@blueprint.get("")
@requires(Permission.COST_READ)
@blueprint.arguments(CeilingArgs, location="query")
@blueprint.response(200, CeilingPageOut)
def browse(args):
    """List the ceilings within your scope: all, or what counted for the day ``on`` as known on the day ``known_on``."""
    query = queries.ceilings_as_known(queries.visible(current_actor()), args["on"], args["known_on"])
    for name in ("place", "year", "agreement_id"):
        if name in args:
            query = query.where(getattr(Ceiling, name) == args[name])
    return page(db.session(), query, Ceiling, newest_first=True)


@blueprint.get("/<uuid:ceiling_id>")
@requires(Permission.COST_READ)
@blueprint.response(200, CeilingOut)
def show(ceiling_id: UUID):
    """Read one ceiling with inputs, sources and explanation."""
    return queries.get(db.session(), current_actor(), ceiling_id)


@caps.get("")
@public
@caps.arguments(CapArgs, location="query")
@caps.response(200, CapPageOut)
def browse_caps(args):
    """List the caps; they are public: all, or those in effect on the day ``on`` as known on the day ``known_on``."""
    query = queries.caps_as_known(sa.select(FeeCap), args["on"], args["known_on"])
    for name in ("place", "product_id"):
        if name in args:
            query = query.where(getattr(FeeCap, name) == args[name])
    return page(db.session(), query, FeeCap, newest_first=True)


@caps.get("/<uuid:cap_id>")
@public
@caps.response(200, CapOut)
def show_cap(cap_id: UUID):
    """Read one cap."""
    return queries.get_cap(db.session(), cap_id)
