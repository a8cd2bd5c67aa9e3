"""Service agreements for programs. Every change is decided on a version: send ``If-Match``."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, match_version, page, policy_book, requires
from kernel.identity import Permission
from registry.service_agreements import commands, queries
from registry.service_agreements.model import ServiceAgreement
from registry.service_agreements.schemas import (
    ServiceAgreementArgs,
    ServiceAgreementIn,
    ServiceAgreementOut,
    ServiceAgreementPageOut,
    ServiceEndIn,
    StandardTextIn,
    StandardTextOut,
    StandardTextsOut,
)

blueprint = ApiBlueprint(
    "service_agreements", __name__, url_prefix="/api/v1/service-agreements", description="服务协议 · service agreements"
)


@blueprint.get("")
@requires(Permission.AGREEMENT_READ)
@blueprint.arguments(ServiceAgreementArgs, location="query")
@blueprint.response(200, ServiceAgreementPageOut)
def browse(args):
    """List the service agreements within your scope."""
    query = queries.listed(current_actor(), agreement_id=args.get("agreement_id"))
    return page(db.session(), query, ServiceAgreement)


@blueprint.get("/texts")
@requires(Permission.AGREEMENT_READ)
@blueprint.response(200, StandardTextsOut)
def texts() -> dict[str, Any]:
    """List the standard texts of your places, the newest first."""
    places = current_actor().places()
    found = queries.texts(db.session(), list(policy_book().places() if places is None else places))
    return {"items": found, "next_cursor": None}


@blueprint.post("/texts")
@requires(Permission.AGREEMENT_READ)
@blueprint.arguments(StandardTextIn)
@blueprint.response(201, StandardTextOut)
def publish_text(text_in):
    """Publish a standard text."""
    with db.transaction() as session:
        return commands.publish_text(session, current_actor(), **text_in, now=clock.now(), book=policy_book())


@blueprint.post("")
@requires(Permission.SERVICE_AGREEMENT_SIGN)
@blueprint.arguments(ServiceAgreementIn)
@blueprint.response(201, ServiceAgreementOut)
def draft(service_agreement_in):
    """Draft a service agreement from a standard text."""
    with db.transaction() as session:
        made = commands.draft(session, current_actor(), **service_agreement_in, now=clock.now(), book=policy_book())
        return _seen(session, made.id)


@blueprint.get("/<uuid:service_agreement_id>")
@requires(Permission.AGREEMENT_READ)
@blueprint.response(200, ServiceAgreementOut)
def show(service_agreement_id: UUID):
    """Read one service agreement with its signatures."""
    return queries.visible(db.session(), current_actor(), service_agreement_id)


@blueprint.post("/<uuid:service_agreement_id>/signature")
@requires(Permission.SERVICE_AGREEMENT_SIGN)
@blueprint.response(200, ServiceAgreementOut)
def sign(service_agreement_id: UUID):
    """Sign for your own side."""
    with db.transaction() as session:
        _match(session, service_agreement_id)
        commands.sign(session, current_actor(), service_agreement_id, now=clock.now())
        return _seen(session, service_agreement_id)


@blueprint.post("/<uuid:service_agreement_id>/withdrawal")
@requires(Permission.SERVICE_AGREEMENT_SIGN)
@blueprint.response(200, ServiceAgreementOut)
def withdraw(service_agreement_id: UUID):
    """Withdraw what both sides have not signed yet."""
    with db.transaction() as session:
        _match(session, service_agreement_id)
        commands.withdraw(session, current_actor(), service_agreement_id, now=clock.now())
        return _seen(session, service_agreement_id)


@blueprint.post("/<uuid:service_agreement_id>/end")
@requires(Permission.AGREEMENT_READ)
@blueprint.arguments(ServiceEndIn)
@blueprint.response(200, ServiceAgreementOut)
def end(end_in, service_agreement_id: UUID):
    """End a service agreement at once."""
    with db.transaction() as session:
        _match(session, service_agreement_id)
        commands.end(session, current_actor(), service_agreement_id, **end_in, now=clock.now())
        return _seen(session, service_agreement_id)


def _match(session: Session, service_agreement_id: UUID) -> None:
    queries.visible(session, current_actor(), service_agreement_id)
    match_version(session, ServiceAgreement, service_agreement_id)


def _seen(session: Session, service_agreement_id: UUID) -> ServiceAgreement:
    session.flush()
    return queries.visible(session, current_actor(), service_agreement_id)
