"""Calls for programs; the published ones need no sign-in. Every change is decided on a version: send ``If-Match``."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, match_version, page, policy_book, public, requires
from kernel.identity import Permission
from registry.calls import commands, queries
from registry.calls.model import Call
from registry.calls.schemas import CallArgs, CallChangeIn, CallDetailOut, CallEndIn, CallIn, CallPageOut

blueprint = ApiBlueprint(
    "calls", __name__, url_prefix="/api/v1/calls", description="授权运营公告 · calls for operating institutions"
)


@blueprint.get("")
@public
@blueprint.arguments(CallArgs, location="query")
@blueprint.response(200, CallPageOut)
def browse(args):
    """List the published calls, and the drafts that you may write."""
    query = queries.listed(current_actor(), place=args.get("place"), state=args.get("state"))
    return page(db.session(), query, Call)


@blueprint.post("")
@requires(Permission.CALL_WRITE)
@blueprint.arguments(CallIn)
@blueprint.response(201, CallDetailOut)
def draft(call_in):
    """Draft a call under a plan."""
    with db.transaction() as session:
        made = commands.draft(session, current_actor(), **call_in, now=clock.now(), book=policy_book())
        return _seen(session, made.id)


@blueprint.get("/<uuid:call_id>")
@public
@blueprint.response(200, CallDetailOut)
def show(call_id: UUID):
    """Read one call."""
    return _seen(db.session(), call_id)


@blueprint.patch("/<uuid:call_id>")
@requires(Permission.CALL_WRITE)
@blueprint.arguments(CallChangeIn)
@blueprint.response(200, CallDetailOut)
def save(change_in, call_id: UUID):
    """Save a draft; what is not named stays."""
    with db.transaction() as session:
        _match(session, call_id)
        commands.save(session, current_actor(), call_id, **change_in, now=clock.now(), book=policy_book())
        return _seen(session, call_id)


@blueprint.post("/<uuid:call_id>/publication")
@requires(Permission.CALL_WRITE)
@blueprint.response(200, CallDetailOut)
def publish(call_id: UUID):
    """Publish a complete call."""
    with db.transaction() as session:
        _match(session, call_id)
        commands.publish(session, current_actor(), call_id, now=clock.now(), book=policy_book())
        return _seen(session, call_id)


@blueprint.post("/<uuid:call_id>/closing")
@requires(Permission.CALL_WRITE)
@blueprint.response(200, CallDetailOut)
def close(call_id: UUID):
    """Note that the last day is over."""
    with db.transaction() as session:
        _match(session, call_id)
        commands.close(session, current_actor(), call_id, now=clock.now())
        return _seen(session, call_id)


@blueprint.post("/<uuid:call_id>/failure")
@requires(Permission.CALL_WRITE)
@blueprint.arguments(CallEndIn)
@blueprint.response(200, CallDetailOut)
def fail(end_in, call_id: UUID):
    """Note that nobody was selected."""
    with db.transaction() as session:
        _match(session, call_id)
        commands.fail(session, current_actor(), call_id, **end_in, now=clock.now())
        return _seen(session, call_id)


@blueprint.post("/<uuid:call_id>/cancellation")
@requires(Permission.CALL_WRITE)
@blueprint.arguments(CallEndIn)
@blueprint.response(200, CallDetailOut)
def cancel(end_in, call_id: UUID):
    """Take a call back before somebody is selected."""
    with db.transaction() as session:
        _match(session, call_id)
        commands.cancel(session, current_actor(), call_id, **end_in, now=clock.now())
        return _seen(session, call_id)


def _match(session: Session, call_id: UUID) -> None:
    queries.visible(session, current_actor(), call_id)
    match_version(session, Call, call_id)


def _seen(session: Session, call_id: UUID) -> Call:
    session.flush()
    return queries.visible(session, current_actor(), call_id)
