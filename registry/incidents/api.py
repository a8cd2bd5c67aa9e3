"""Incidents for programs. Every step is decided on a version: send ``If-Match``."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, match_version, page, policy_book, requires
from kernel.identity import Permission
from registry.incidents import commands, queries
from registry.incidents.model import Incident
from registry.incidents.schemas import (
    AssessmentIn,
    ClosingIn,
    IncidentArgs,
    IncidentDetailOut,
    IncidentIn,
    IncidentPageOut,
    ReportIn,
    StopIn,
)

blueprint = ApiBlueprint(
    "incidents", __name__, url_prefix="/api/v1/incidents", description="风险事件 · incidents in operation"
)


@blueprint.get("")
@requires(Permission.INCIDENT_READ)
@blueprint.arguments(IncidentArgs, location="query")
@blueprint.response(200, IncidentPageOut)
def browse(args):
    """List the incidents within your scope, the newest first."""
    query = queries.listed(current_actor(), place=args.get("place"), state=args.get("state"))
    return page(db.session(), query, Incident, newest_first=True)


@blueprint.post("")
@requires(Permission.INCIDENT_REPORT)
@blueprint.arguments(IncidentIn)
@blueprint.response(201, IncidentDetailOut)
def detect(incident_in):
    """Note a risk; where the rules say “at once”, processing is barred from this moment on."""
    with db.transaction() as session:
        made = commands.detect(session, current_actor(), **incident_in, now=clock.now(), book=policy_book())
        return _seen(session, made.id)


@blueprint.get("/<uuid:incident_id>")
@requires(Permission.INCIDENT_READ)
@blueprint.response(200, IncidentDetailOut)
def show(incident_id: UUID):
    """Read one incident with its reports."""
    return queries.visible(db.session(), current_actor(), incident_id)


@blueprint.post("/<uuid:incident_id>/stop")
@requires(Permission.INCIDENT_REPORT)
@blueprint.arguments(StopIn)
@blueprint.response(200, IncidentDetailOut)
def stop(stop_in, incident_id: UUID):
    """Note that processing was stopped."""
    with db.transaction() as session:
        _matched(session, incident_id)
        commands.stop(session, current_actor(), incident_id, **stop_in, now=clock.now())
        return _seen(session, incident_id)


@blueprint.post("/<uuid:incident_id>/reports")
@requires(Permission.INCIDENT_REPORT)
@blueprint.arguments(ReportIn)
@blueprint.response(200, IncidentDetailOut)
def report(report_in, incident_id: UUID):
    """Note that one office was told."""
    with db.transaction() as session:
        _matched(session, incident_id)
        commands.report(session, current_actor(), incident_id, **report_in, now=clock.now())
        return _seen(session, incident_id)


@blueprint.post("/<uuid:incident_id>/report-closing")
@requires(Permission.INCIDENT_REPORT)
@blueprint.response(200, IncidentDetailOut)
def close_report(incident_id: UUID):
    """Close the report, once every office was told."""
    with db.transaction() as session:
        _matched(session, incident_id)
        commands.close_report(session, current_actor(), incident_id, now=clock.now())
        return _seen(session, incident_id)


@blueprint.post("/<uuid:incident_id>/assessment")
@requires(Permission.INCIDENT_DECIDE)
@blueprint.arguments(AssessmentIn)
@blueprint.response(200, IncidentDetailOut)
def assess(assessment_in, incident_id: UUID):
    """Write down what the authority found."""
    with db.transaction() as session:
        _matched(session, incident_id)
        commands.assess(session, current_actor(), incident_id, **assessment_in, now=clock.now())
        return _seen(session, incident_id)


@blueprint.post("/<uuid:incident_id>/resumption")
@requires(Permission.INCIDENT_DECIDE)
@blueprint.arguments(ClosingIn)
@blueprint.response(200, IncidentDetailOut)
def resume(closing_in, incident_id: UUID):
    """Let processing go on; another person than the assessor decides."""
    with db.transaction() as session:
        _matched(session, incident_id)
        commands.resume(session, current_actor(), incident_id, **closing_in, now=clock.now())
        return _seen(session, incident_id)


@blueprint.post("/<uuid:incident_id>/termination")
@requires(Permission.INCIDENT_DECIDE)
@blueprint.arguments(ClosingIn)
@blueprint.response(200, IncidentDetailOut)
def terminate(closing_in, incident_id: UUID):
    """End the processing for good; another person than the assessor decides."""
    with db.transaction() as session:
        _matched(session, incident_id)
        commands.terminate(session, current_actor(), incident_id, **closing_in, now=clock.now())
        return _seen(session, incident_id)


def _matched(session: Session, incident_id: UUID) -> None:
    queries.visible(session, current_actor(), incident_id)
    match_version(session, Incident, incident_id)


def _seen(session: Session, incident_id: UUID) -> Incident:
    session.flush()
    return queries.visible(session, current_actor(), incident_id)
