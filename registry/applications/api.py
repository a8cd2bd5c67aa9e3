"""Applications for programs. Every change is decided on a version: send ``If-Match``."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, match_version, page, policy_book, requires, working_calendar
from kernel.identity import Permission
from registry.applications import checks, commands, queries
from registry.applications.model import Application
from registry.applications.schemas import (
    ApplicationArgs,
    ApplicationChangeIn,
    ApplicationDetailOut,
    ApplicationPageOut,
    ApplicationProofIn,
    ExpertScoreIn,
    FindingsOut,
    OperatorApplicationIn,
    WithdrawalIn,
)

blueprint = ApiBlueprint(
    "applications", __name__, url_prefix="/api/v1/applications", description="运营机构申请 · applications to operate"
)


@blueprint.get("")
@requires(Permission.APPLICATION_READ)
@blueprint.arguments(ApplicationArgs, location="query")
@blueprint.response(200, ApplicationPageOut)
def browse(args):
    """List the applications within your scope."""
    query = queries.listed(
        current_actor(), place=args.get("place"), state=args.get("state"), call_id=args.get("call_id")
    )
    return page(db.session(), query, Application)


@blueprint.post("")
@requires(Permission.APPLICATION_WRITE)
@blueprint.arguments(OperatorApplicationIn)
@blueprint.response(201, ApplicationDetailOut)
def start(application_in):
    """Start an application to an open call."""
    with db.transaction() as session:
        made = commands.start(session, current_actor(), **application_in, now=clock.now())
        return _seen(session, made.id)


@blueprint.get("/<uuid:application_id>")
@requires(Permission.APPLICATION_READ)
@blueprint.response(200, ApplicationDetailOut)
def show(application_id: UUID):
    """Read one application."""
    return _seen(db.session(), application_id)


@blueprint.get("/<uuid:application_id>/findings")
@requires(Permission.APPLICATION_READ)
@blueprint.response(200, FindingsOut)
def findings(application_id: UUID):
    """Read what the system finds about an application today."""
    session = db.session()
    found = queries.visible(session, current_actor(), application_id)
    return {"findings": checks.of_application(session, found, on=clock.today(), book=policy_book())}


@blueprint.patch("/<uuid:application_id>")
@requires(Permission.APPLICATION_WRITE)
@blueprint.arguments(ApplicationChangeIn)
@blueprint.response(200, ApplicationDetailOut)
def save(change_in, application_id: UUID):
    """Save the form of a draft; what is not named stays."""
    with db.transaction() as session:
        _match(session, application_id)
        commands.save(session, current_actor(), application_id, **change_in, now=clock.now())
        return _seen(session, application_id)


@blueprint.post("/<uuid:application_id>/proofs")
@requires(Permission.APPLICATION_WRITE)
@blueprint.arguments(ApplicationProofIn)
@blueprint.response(200, ApplicationDetailOut)
def add_proof(proof_in, application_id: UUID):
    """Add a document to a draft."""
    with db.transaction() as session:
        _match(session, application_id)
        commands.add_proof(session, current_actor(), application_id, **proof_in, now=clock.now())
        return _seen(session, application_id)


@blueprint.post("/<uuid:application_id>/submission")
@requires(Permission.APPLICATION_WRITE)
@blueprint.response(200, ApplicationDetailOut)
def submit(application_id: UUID):
    """Submit a complete application."""
    with db.transaction() as session:
        _match(session, application_id)
        commands.submit(
            session, current_actor(), application_id, book=policy_book(), calendar=working_calendar(), now=clock.now()
        )
        return _seen(session, application_id)


@blueprint.post("/<uuid:application_id>/withdrawal")
@requires(Permission.APPLICATION_WRITE)
@blueprint.arguments(WithdrawalIn)
@blueprint.response(200, ApplicationDetailOut)
def withdraw(withdrawal_in, application_id: UUID):
    """Take an application back before it is decided."""
    with db.transaction() as session:
        _match(session, application_id)
        commands.withdraw(session, current_actor(), application_id, **withdrawal_in, now=clock.now())
        return _seen(session, application_id)


@blueprint.post("/<uuid:application_id>/scores")
@requires(Permission.REVIEW_DECIDE)
@blueprint.arguments(ExpertScoreIn)
@blueprint.response(200, ApplicationDetailOut)
def score(score_in, application_id: UUID):
    """Give an expert's score."""
    with db.transaction() as session:
        queries.visible(session, current_actor(), application_id)
        commands.score(session, current_actor(), application_id, **score_in, now=clock.now())
        return _seen(session, application_id)


def _match(session: Session, application_id: UUID) -> None:
    queries.visible(session, current_actor(), application_id)
    match_version(session, Application, application_id)


def _seen(session: Session, application_id: UUID) -> Application:
    session.flush()
    return queries.visible(session, current_actor(), application_id)
