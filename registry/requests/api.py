"""Data-use requests for programs. Every change is decided on a version: send ``If-Match``."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, match_version, page, policy_book, requires, working_calendar
from kernel.identity import Permission
from registry.requests import commands, queries
from registry.requests.model import DataRequest
from registry.requests.schemas import (
    ClearanceIn,
    OpinionIn,
    ProvisionIn,
    RequestArgs,
    RequestDetailOut,
    RequestIn,
    RequestPageOut,
)

blueprint = ApiBlueprint(
    "data_requests", __name__, url_prefix="/api/v1/data-requests", description="公共数据使用申请 · data-use requests"
)


@blueprint.get("")
@requires(Permission.REQUEST_READ)
@blueprint.arguments(RequestArgs, location="query")
@blueprint.response(200, RequestPageOut)
def browse(args):
    """List the requests within your scope."""
    query = queries.listed(current_actor(), place=args.get("place"), state=args.get("state"))
    return page(db.session(), query, DataRequest)


@blueprint.post("")
@requires(Permission.REQUEST_WRITE)
@blueprint.arguments(RequestIn)
@blueprint.response(201, RequestDetailOut)
def create(request_in):
    """Draft a request for one scenario."""
    with db.transaction() as session:
        made = commands.create(session, current_actor(), **request_in, now=clock.now())
        return _seen(session, made.id)


@blueprint.get("/<uuid:request_id>")
@requires(Permission.REQUEST_READ)
@blueprint.response(200, RequestDetailOut)
def show(request_id: UUID):
    """Read one request with its resources and opinions."""
    return queries.detail(db.session(), current_actor(), request_id)


@blueprint.post("/<uuid:request_id>/submission")
@requires(Permission.REQUEST_WRITE)
@blueprint.response(200, RequestDetailOut)
def submit(request_id: UUID):
    """Submit a draft."""
    with db.transaction() as session:
        _match(session, request_id)
        commands.submit(
            session, current_actor(), request_id, book=policy_book(), calendar=working_calendar(), now=clock.now()
        )
        return _seen(session, request_id)


@blueprint.post("/<uuid:request_id>/clearances")
@requires(Permission.REQUEST_WRITE)
@blueprint.arguments(ClearanceIn)
@blueprint.response(201, RequestDetailOut)
def add_clearance(clearance_in, request_id: UUID):
    """Document, on a draft, a review that the scenario has passed elsewhere."""
    with db.transaction() as session:
        _match(session, request_id)
        commands.add_clearance(session, current_actor(), request_id, **clearance_in, now=clock.now())
        return _seen(session, request_id)


@blueprint.post("/<uuid:request_id>/check")
@requires(Permission.REQUEST_CHECK)
@blueprint.arguments(OpinionIn)
@blueprint.response(200, RequestDetailOut)
def check(opinion_in, request_id: UUID):
    """Record the compliance check of a submitted request."""
    with db.transaction() as session:
        _match(session, request_id)
        commands.check(
            session, current_actor(), request_id, **opinion_in, book=policy_book(), calendar=working_calendar(),
            now=clock.now(),
        )  # fmt: skip
        return _seen(session, request_id)


@blueprint.post("/<uuid:request_id>/opinions")
@requires(Permission.REQUEST_DECIDE)
@blueprint.arguments(OpinionIn)
@blueprint.response(200, RequestDetailOut)
def give_opinion(opinion_in, request_id: UUID):
    """Say what your organisation, as a required reviewer, decides."""
    with db.transaction() as session:
        _match(session, request_id)
        commands.give_opinion(
            session, current_actor(), request_id, **opinion_in, book=policy_book(), calendar=working_calendar(),
            now=clock.now(),
        )  # fmt: skip
        return _seen(session, request_id)


@blueprint.post("/<uuid:request_id>/provision")
@requires(Permission.REQUEST_CHECK)
@blueprint.arguments(ProvisionIn)
@blueprint.response(200, RequestDetailOut)
def provision(provision_in, request_id: UUID):
    """Note that the approved data were made available on the platform."""
    with db.transaction() as session:
        _match(session, request_id)
        commands.provision(session, current_actor(), request_id, **provision_in, now=clock.now())
        return _seen(session, request_id)


def _match(session: Session, request_id: UUID) -> None:
    queries.detail(session, current_actor(), request_id)  # of what somebody may not see, not even the version is told
    match_version(session, DataRequest, request_id)


def _seen(session: Session, request_id: UUID) -> DataRequest:
    session.flush()
    return queries.detail(session, current_actor(), request_id)
