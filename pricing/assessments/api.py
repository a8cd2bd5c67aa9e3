"""Yearly assessments for programs; recording one stands where the revenue is known, see ``web.assessing``."""

from __future__ import annotations

from uuid import UUID

from kernel import db
from kernel.http import ApiBlueprint, current_actor, page, requires
from kernel.identity import Permission
from pricing.assessments import queries
from pricing.assessments.model import Assessment
from pricing.assessments.schemas import AssessmentArgs, AssessmentOut, AssessmentPageOut

blueprint = ApiBlueprint("assessments", __name__, url_prefix="/api/v1/assessments", description="年度评估")


@blueprint.get("")
@requires(Permission.COST_READ)
@blueprint.arguments(AssessmentArgs, location="query")
@blueprint.response(200, AssessmentPageOut)
def browse(args):
    """List the yearly assessments within your scope, corrections and what they corrected."""
    query = queries.visible(current_actor())
    for name in ("place", "agreement_id", "year"):
        if name in args:
            query = query.where(getattr(Assessment, name) == args[name])
    return page(db.session(), query, Assessment, newest_first=True)


@blueprint.get("/<uuid:assessment_id>")
@requires(Permission.COST_READ)
@blueprint.response(200, AssessmentOut)
def show(assessment_id: UUID):
    """Read one assessment with inputs, sources and explanation."""
    return queries.get(db.session(), current_actor(), assessment_id)
