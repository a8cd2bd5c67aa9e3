"""Evaluation cycles for programs. Cycles and closings are only ever added to."""

from __future__ import annotations

from uuid import UUID

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, page, policy_book, requires
from kernel.identity import Permission
from pricing.cycles import commands, queries
from pricing.cycles.model import EvaluationCycle
from pricing.cycles.schemas import (
    CycleArgs,
    CycleClosingIn,
    CycleIn,
    CycleOut,
    CyclePageOut,
    DeductionDueArgs,
    DeductionDueOut,
)
from registry.agreements import queries as agreements

blueprint = ApiBlueprint(
    "cycles", __name__, url_prefix="/api/v1/evaluation-cycles", description="评估周期 · evaluation cycles"
)


@blueprint.get("")
@requires(Permission.COST_READ)
@blueprint.arguments(CycleArgs, location="query")
@blueprint.response(200, CyclePageOut)
def browse(args):
    """List the evaluation cycles within your scope."""
    query = queries.visible(current_actor())
    for name in ("place", "agreement_id"):
        if name in args:
            query = query.where(getattr(EvaluationCycle, name) == args[name])
    return page(db.session(), query, EvaluationCycle, newest_first=True)


@blueprint.post("")
@requires(Permission.ASSESSMENT_WRITE)
@blueprint.arguments(CycleIn)
@blueprint.response(201, CycleOut)
def open_cycle(cycle_in):
    """Open an evaluation cycle."""
    with db.transaction() as session:
        return commands.open_cycle(session, current_actor(), **cycle_in, now=clock.now(), book=policy_book())


@blueprint.get("/<uuid:cycle_id>")
@requires(Permission.COST_READ)
@blueprint.response(200, CycleOut)
def show(cycle_id: UUID):
    """Read one cycle with its closings and deduction plans."""
    return queries.get(db.session(), current_actor(), cycle_id)


@blueprint.post("/<uuid:cycle_id>/closings")
@requires(Permission.ASSESSMENT_WRITE)
@blueprint.arguments(CycleClosingIn)
@blueprint.response(201, CycleOut)
def close_cycle(closing_in, cycle_id: UUID):
    """Close a cycle on the assessments of its years, or correct its closing after one was corrected."""
    with db.transaction() as session:
        queries.get(session, current_actor(), cycle_id)
        commands.close_cycle(session, current_actor(), cycle_id, **closing_in, now=clock.now(), book=policy_book())
        session.flush()
        return queries.get(session, current_actor(), cycle_id)


@blueprint.get("/deduction-due")
@requires(Permission.COST_READ)
@blueprint.arguments(DeductionDueArgs, location="query")
@blueprint.response(200, DeductionDueOut)
def deduction_due(args):
    """Say what the ceiling of a year has to deduct for earlier cycles, and why."""
    session = db.session()
    agreements.visible(session, current_actor(), args["agreement_id"])
    amount, reason = queries.deduction_due(session, args["agreement_id"], args["year"])
    return {"amount": amount, "reason": reason}
