"""Ceilings and caps for programs. Both are only ever added to."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, page, policy_book, public, requires
from kernel.identity import Permission
from pricing.ceilings import commands, queries
from pricing.ceilings.model import Ceiling, FeeCap
from pricing.ceilings.schemas import (
    CapArgs,
    CapOut,
    CapPageOut,
    CapsIn,
    CapsOut,
    CeilingArgs,
    CeilingIn,
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


@blueprint.post("")
@requires(Permission.CEILING_DETERMINE)
@blueprint.arguments(CeilingIn)
@blueprint.response(201, CeilingOut)
def determine(ceiling_in):
    """Determine the highest permitted revenue of an operator for one year."""
    with db.transaction() as session:
        return commands.determine(session, current_actor(), **ceiling_in, now=clock.now(), book=policy_book())


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


@caps.post("")
@requires(Permission.CAP_SET)
@caps.arguments(CapsIn)
@caps.response(201, CapsOut)
def set_caps(caps_in):
    """Set caps within a ceiling, after reporting them in writing."""
    with db.transaction() as session:
        made = commands.set_caps(session, current_actor(), **caps_in, now=clock.now(), book=policy_book())
        return {"items": made}


@caps.get("/<uuid:cap_id>")
@public
@caps.response(200, CapOut)
def show_cap(cap_id: UUID):
    """Read one cap."""
    return queries.get_cap(db.session(), cap_id)
