"""Cap plans for programs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.orm import selectinload

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, match_version, page, policy_book, repeats_harmlessly, requires
from kernel.identity import Permission
from kernel.money import decimal_text
from pricing.cap_plans import commands, queries
from pricing.cap_plans.model import CapPlan
from pricing.cap_plans.schemas import (
    CapPlanAmendIn,
    CapPlanArgs,
    CapPlanCheckIn,
    CapPlanDropIn,
    CapPlanIn,
    CapPlanOut,
    CapPlanPageOut,
    CapReportIn,
    HeadroomOut,
)
from pricing.ceilings import queries as ceilings
from pricing.ceilings.model import Ceiling
from pricing.ceilings.rules import Load

blueprint = ApiBlueprint("cap_plans", __name__, url_prefix="/api/v1/cap-plans", description="上限方案 · cap plans")


@blueprint.get("")
@requires(Permission.COST_READ)
@blueprint.arguments(CapPlanArgs, location="query")
@blueprint.response(200, CapPlanPageOut)
def browse(args):
    """List the cap plans within your scope."""
    query = queries.visible(current_actor()).options(selectinload(CapPlan.rows))
    for name in ("determination_id", "state"):
        if name in args:
            query = query.where(getattr(CapPlan, name) == args[name])
    return page(db.session(), query, CapPlan, newest_first=True)


@blueprint.post("")
@requires(Permission.CAP_SET)
@blueprint.arguments(CapPlanIn)
@blueprint.response(201, CapPlanOut)
def draft(plan_in):
    """Draw up caps under a determination; they are in force only when their written report is recorded."""
    with db.transaction() as session:
        return commands.draft(session, current_actor(), **plan_in, now=clock.now(), book=policy_book())


@blueprint.post("/check")
@requires(Permission.COST_READ)
@repeats_harmlessly
@blueprint.arguments(CapPlanCheckIn)
@blueprint.response(200, HeadroomOut)
def check(check_in):
    """Try caps against the permitted revenue, on their first day and on every later change; nothing is stored."""
    session = db.session()
    ceiling = ceilings.get(session, current_actor(), check_in["ceiling_id"])
    return as_headroom(queries.headroom(session, ceiling, check_in["caps"], start=check_in["effective_from"]))


@blueprint.get("/<uuid:plan_id>")
@requires(Permission.COST_READ)
@blueprint.response(200, CapPlanOut)
def show(plan_id: UUID):
    """Read one plan."""
    return queries.get(db.session(), current_actor(), plan_id)


@blueprint.get("/<uuid:plan_id>/headroom")
@requires(Permission.COST_READ)
@blueprint.response(200, HeadroomOut)
def headroom(plan_id: UUID):
    """Read what the caps with this plan bring in, against the permitted revenue."""
    session = db.session()
    plan = queries.get(session, current_actor(), plan_id)
    return as_headroom(queries.headroom_of(session, plan))


@blueprint.get("/ceilings/<uuid:ceiling_id>/headroom")
@requires(Permission.COST_READ)
@blueprint.response(200, HeadroomOut)
def headroom_of_ceiling(ceiling_id: UUID):
    """Read the headroom that the caps in force leave below a permitted revenue, from today on."""
    session = db.session()
    ceiling: Ceiling = ceilings.get(session, current_actor(), ceiling_id)
    return as_headroom(queries.headroom(session, ceiling, start=queries.first_day(ceiling, clock.today())))


@blueprint.put("/<uuid:plan_id>")
@requires(Permission.CAP_SET)
@blueprint.arguments(CapPlanAmendIn)
@blueprint.response(200, CapPlanOut)
def amend(plan_in, plan_id: UUID):
    """Replace day and caps of a draft."""
    return _done("amend", plan_id, {**plan_in, "book": policy_book()})


@blueprint.post("/<uuid:plan_id>/report")
@requires(Permission.CAP_SET)
@blueprint.arguments(CapReportIn)
@blueprint.response(200, CapPlanOut)
def report(report_in, plan_id: UUID):
    """Record the written report: the rows become caps from the planned day on."""
    return _done("record_report", plan_id, {**report_in, "book": policy_book()})


@blueprint.post("/<uuid:plan_id>/drop")
@requires(Permission.CAP_SET)
@blueprint.arguments(CapPlanDropIn)
@blueprint.response(200, CapPlanOut)
def drop(drop_in, plan_id: UUID):
    """Give up a draft."""
    return _done("drop", plan_id, drop_in)


def as_headroom(loads: list[Load]) -> dict[str, Any]:
    """Return loads as they travel."""
    return {
        "fits": all(load.fit.fits for load in loads),
        "days": [
            {
                "on": load.on, "expected": decimal_text(load.fit.expected), "permitted": load.fit.permitted,
                "headroom": decimal_text(load.fit.headroom), "fits": load.fit.fits,
            }
            for load in loads
        ],
    }  # fmt: skip


def _done(act: str, plan_id: UUID, data: dict[str, Any]) -> CapPlan:
    with db.transaction() as session:
        queries.get(session, current_actor(), plan_id)
        match_version(session, CapPlan, plan_id)
        plan: CapPlan = getattr(commands, act)(session, current_actor(), plan_id, **data, now=clock.now())
        session.flush()
        return plan
