"""Evaluations for programs. Opening one needs figures of higher floors: its route stands in ``web``."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, match_version, page, requires
from kernel.identity import Permission
from registry.evaluations import commands, queries
from registry.evaluations.model import Evaluation
from registry.evaluations.schemas import (
    AssessmentIn,
    ClosingIn,
    EvaluationArgs,
    EvaluationDetailOut,
    EvaluationPageOut,
    SelfAssessmentIn,
)

blueprint = ApiBlueprint(
    "evaluations", __name__, url_prefix="/api/v1/evaluations", description="运营评价 · evaluations"
)


@blueprint.get("")
@requires(Permission.DUTY_READ)
@blueprint.arguments(EvaluationArgs, location="query")
@blueprint.response(200, EvaluationPageOut)
def browse(args):
    """List the evaluations within your scope and the published ones, the newest first."""
    query = queries.listed(current_actor(), place=args.get("place"), state=args.get("state"))
    return page(db.session(), query, Evaluation, newest_first=True)


@blueprint.get("/<uuid:evaluation_id>")
@requires(Permission.DUTY_READ)
@blueprint.response(200, EvaluationDetailOut)
def show(evaluation_id: UUID):
    """Read one evaluation."""
    return queries.visible(db.session(), current_actor(), evaluation_id)


@blueprint.post("/<uuid:evaluation_id>/self-assessment")
@requires(Permission.DUTY_FILE)
@blueprint.arguments(SelfAssessmentIn)
@blueprint.response(200, EvaluationDetailOut)
def self_assess(assessment_in, evaluation_id: UUID):
    """Send the own assessment of your organisation."""
    with db.transaction() as session:
        _matched(session, evaluation_id)
        commands.self_assess(session, current_actor(), evaluation_id, **assessment_in, now=clock.now())
        return _seen(session, evaluation_id)


@blueprint.post("/<uuid:evaluation_id>/assessment")
@requires(Permission.EVALUATION_WRITE)
@blueprint.arguments(AssessmentIn)
@blueprint.response(200, EvaluationDetailOut)
def assess(assessment_in, evaluation_id: UUID):
    """Write down the result."""
    with db.transaction() as session:
        _matched(session, evaluation_id)
        commands.assess(session, current_actor(), evaluation_id, **assessment_in, now=clock.now())
        return _seen(session, evaluation_id)


@blueprint.post("/<uuid:evaluation_id>/publication")
@requires(Permission.EVALUATION_WRITE)
@blueprint.response(200, EvaluationDetailOut)
def publish(evaluation_id: UUID):
    """Publish the result."""
    with db.transaction() as session:
        _matched(session, evaluation_id)
        commands.publish(session, current_actor(), evaluation_id, now=clock.now())
        return _seen(session, evaluation_id)


@blueprint.post("/<uuid:evaluation_id>/closing")
@requires(Permission.EVALUATION_WRITE)
@blueprint.arguments(ClosingIn)
@blueprint.response(200, EvaluationDetailOut)
def close(closing_in, evaluation_id: UUID):
    """Close the evaluation without publishing its result."""
    with db.transaction() as session:
        _matched(session, evaluation_id)
        commands.close(session, current_actor(), evaluation_id, **closing_in, now=clock.now())
        return _seen(session, evaluation_id)


def _matched(session: Session, evaluation_id: UUID) -> None:
    queries.visible(session, current_actor(), evaluation_id)
    match_version(session, Evaluation, evaluation_id)


def _seen(session: Session, evaluation_id: UUID) -> Evaluation:
    session.flush()
    return queries.visible(session, current_actor(), evaluation_id)
