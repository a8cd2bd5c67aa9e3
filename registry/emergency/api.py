"""Emergency plans and drills for programs, under the address of the agreement. Send ``If-Match`` of the agreement."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, match_version, policy_book, requires
from kernel.identity import Permission
from registry.agreements import queries as agreements
from registry.agreements.model import Agreement
from registry.agreements.schemas import AgreementDetailOut
from registry.emergency import checks, commands, queries
from registry.emergency.schemas import DrillIn, DrillOut, EmergencyOut, EmergencyPlanIn

blueprint = ApiBlueprint(
    "emergency", __name__, url_prefix="/api/v1/agreements", description="应急预案与演练 · emergency plans and drills"
)


@blueprint.get("/<uuid:agreement_id>/emergency")
@requires(Permission.AGREEMENT_READ)
@blueprint.response(200, EmergencyOut)
def show(agreement_id: UUID) -> dict[str, Any]:
    """Read plans, drills, and when the next drill is due."""
    session, book, today = db.session(), policy_book(), clock.today()
    agreement = agreements.visible(session, current_actor(), agreement_id)
    return {
        "plans": queries.plans(session, agreement_id),
        "drills": queries.drills(session, agreement_id),
        "drill_due": queries.drill_due(session, agreement, today, book=book),
        "findings": checks.of_agreement(session, agreement, on=today, book=book),
    }


@blueprint.put("/<uuid:agreement_id>/emergency-plan")
@requires(Permission.AGREEMENT_WRITE)
@blueprint.arguments(EmergencyPlanIn)
@blueprint.response(200, AgreementDetailOut)
def adopt_plan(plan_in, agreement_id: UUID):
    """Adopt the emergency plan of this authorization; the one before stays on record."""
    with db.transaction() as session:
        agreements.visible(session, current_actor(), agreement_id)
        match_version(session, Agreement, agreement_id)
        commands.adopt_plan(session, current_actor(), agreement_id, **plan_in, now=clock.now())
        session.flush()
        return agreements.visible(session, current_actor(), agreement_id)


@blueprint.post("/<uuid:agreement_id>/drills")
@requires(Permission.EMERGENCY_WRITE)
@blueprint.arguments(DrillIn)
@blueprint.response(201, DrillOut)
def record_drill(drill_in, agreement_id: UUID):
    """Record a drill of the current plan."""
    with db.transaction() as session:
        agreements.visible(session, current_actor(), agreement_id)
        return commands.record_drill(session, current_actor(), agreement_id, **drill_in, now=clock.now())
