"""Implementation plans for programs. Every change is decided on a version: send ``If-Match``.

Of a plan that somebody may not see not even the version is told, hence the look before each match.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, match_version, page, policy_book, requires, working_calendar
from kernel.identity import Permission
from registry.plans import commands, queries
from registry.plans.model import Plan, PlanVersion
from registry.plans.schemas import (
    PlanArgs,
    PlanContentsIn,
    PlanDecisionIn,
    PlanDetailOut,
    PlanDifferenceArgs,
    PlanDifferenceOut,
    PlanEffectIn,
    PlanFilingIn,
    PlanIn,
    PlanPageOut,
    PlanReasonIn,
    PlanVersionDetailOut,
)

blueprint = ApiBlueprint(
    "plans", __name__, url_prefix="/api/v1/plans", description="授权运营实施方案 · implementation plans"
)


@blueprint.get("")
@requires(Permission.PLAN_READ)
@blueprint.arguments(PlanArgs, location="query")
@blueprint.response(200, PlanPageOut)
def browse(args):
    """List the plans within your scope."""
    return page(db.session(), queries.listed(current_actor(), place=args.get("place")), Plan)


@blueprint.post("")
@requires(Permission.PLAN_WRITE)
@blueprint.arguments(PlanIn)
@blueprint.response(201, PlanDetailOut)
def draft(plan_in):
    """Draft a plan."""
    with db.transaction() as session:
        made = commands.draft(session, current_actor(), **plan_in, now=clock.now(), book=policy_book())
        return _plan(session, made.id)


@blueprint.get("/<uuid:plan_id>")
@requires(Permission.PLAN_READ)
@blueprint.response(200, PlanDetailOut)
def show(plan_id: UUID):
    """Read one plan with its versions."""
    return _plan(db.session(), plan_id)


@blueprint.post("/<uuid:plan_id>/major-change")
@requires(Permission.PLAN_WRITE)
@blueprint.arguments(PlanReasonIn)
@blueprint.response(201, PlanVersionDetailOut)
def start_major_change(reason_in, plan_id: UUID):
    """Draft the next version of a plan in effect."""
    with db.transaction() as session:
        queries.visible(session, current_actor(), plan_id)
        match_version(session, Plan, plan_id)
        made = commands.start_major_change(session, current_actor(), plan_id, **reason_in, now=clock.now())
        return _version(session, made.id)


@blueprint.get("/versions/<uuid:version_id>")
@requires(Permission.PLAN_READ)
@blueprint.response(200, PlanVersionDetailOut)
def show_version(version_id: UUID):
    """Read one version with its contents."""
    return _version(db.session(), version_id)


@blueprint.get("/versions/<uuid:version_id>/difference")
@requires(Permission.PLAN_READ)
@blueprint.arguments(PlanDifferenceArgs, location="query")
@blueprint.response(200, PlanDifferenceOut)
def difference(args, version_id: UUID):
    """Compare a version with the one before, or with another one of the same plan, field by field."""
    session = db.session()
    before, after = compared(session, version_id, args["other"])
    return {"before": before.number, "after": after.number, "changes": queries.changes(session, before, after)}


@blueprint.patch("/versions/<uuid:version_id>")
@requires(Permission.PLAN_WRITE)
@blueprint.arguments(PlanContentsIn)
@blueprint.response(200, PlanVersionDetailOut)
def save(contents_in, version_id: UUID):
    """Save contents of a draft; what is not named stays."""
    with db.transaction() as session:
        _match(session, version_id)
        commands.save(session, current_actor(), version_id, **contents_in, now=clock.now(), book=policy_book())
        return _version(session, version_id)


@blueprint.put("/versions/<uuid:version_id>/collective-decision")
@requires(Permission.PLAN_WRITE)
@blueprint.arguments(PlanDecisionIn)
@blueprint.response(200, PlanVersionDetailOut)
def record_decision(decision_in, version_id: UUID):
    """Keep the collective decision."""
    with db.transaction() as session:
        _match(session, version_id)
        commands.record_decision(session, current_actor(), version_id, **decision_in, now=clock.now())
        return _version(session, version_id)


@blueprint.post("/versions/<uuid:version_id>/submission")
@requires(Permission.PLAN_WRITE)
@blueprint.response(200, PlanVersionDetailOut)
def submit(version_id: UUID):
    """Submit a complete draft to the procedure of the place."""
    with db.transaction() as session:
        _match(session, version_id)
        commands.submit(
            session, current_actor(), version_id, book=policy_book(), calendar=working_calendar(), now=clock.now()
        )
        return _version(session, version_id)


@blueprint.post("/versions/<uuid:version_id>/withdrawal")
@requires(Permission.PLAN_WRITE)
@blueprint.arguments(PlanReasonIn)
@blueprint.response(200, PlanVersionDetailOut)
def withdraw(reason_in, version_id: UUID):
    """Take a version back before it is approved."""
    with db.transaction() as session:
        _match(session, version_id)
        commands.withdraw(session, current_actor(), version_id, **reason_in, now=clock.now())
        return _version(session, version_id)


@blueprint.post("/versions/<uuid:version_id>/filing")
@requires(Permission.PLAN_WRITE)
@blueprint.arguments(PlanFilingIn)
@blueprint.response(200, PlanVersionDetailOut)
def file(filing_in, version_id: UUID):
    """Note the government's approval and the filing with the province."""
    with db.transaction() as session:
        _match(session, version_id)
        commands.file(session, current_actor(), version_id, **filing_in, now=clock.now())
        return _version(session, version_id)


@blueprint.post("/versions/<uuid:version_id>/effect")
@requires(Permission.PLAN_WRITE)
@blueprint.arguments(PlanEffectIn)
@blueprint.response(200, PlanVersionDetailOut)
def put_in_effect(effect_in, version_id: UUID):
    """Let an approved plan take effect from a day on."""
    with db.transaction() as session:
        _match(session, version_id)
        commands.put_in_effect(
            session, current_actor(), version_id, **effect_in, book=policy_book(), now=clock.now()
        )  # fmt: skip
        return _version(session, version_id)


def compared(session: Session, version_id: UUID, other: UUID | None) -> tuple[PlanVersion, PlanVersion]:
    """Return two versions of one plan that the actor may see, the older first."""
    after = queries.seen_version(session, current_actor(), version_id)
    plan = queries.visible(session, current_actor(), after.plan_id)
    seen = {found.id: found for found in queries.seen_versions(current_actor(), plan)}
    earlier = [found for found in seen.values() if found.number < after.number]
    before = seen.get(other) if other else (earlier[0] if earlier else seen[after.id])
    if before is None:
        raise queries.none_such(str(other))
    pair = sorted((before, seen[after.id]), key=lambda found: found.number)
    return pair[0], pair[1]


def _match(session: Session, version_id: UUID) -> None:
    queries.seen_version(session, current_actor(), version_id)
    match_version(session, PlanVersion, version_id)


def _plan(session: Session, plan_id: UUID) -> dict[str, Any]:
    session.flush()
    plan = queries.visible(session, current_actor(), plan_id)
    own = {name: getattr(plan, name) for name in PlanDetailOut().fields if name != "versions"}
    return {**own, "versions": queries.seen_versions(current_actor(), plan)}


def _version(session: Session, version_id: UUID) -> PlanVersion:
    session.flush()
    return queries.seen_version(session, current_actor(), version_id)
