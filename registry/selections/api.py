"""Selections for programs; published results need no sign-in. Every change is decided on a version."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, match_version, page, policy_book, public, requires
from kernel.identity import Permission
from registry.selections import commands, queries
from registry.selections.model import Selection
from registry.selections.schemas import (
    ResultArgs,
    ResultPageOut,
    SelectionDropIn,
    SelectionIn,
    SelectionOut,
    SelectionResultIn,
)

blueprint = ApiBlueprint(
    "selections", __name__, url_prefix="/api/v1/selections", description="运营机构选定 · selection of operators"
)


@blueprint.get("/results")
@public
@blueprint.arguments(ResultArgs, location="query")
@blueprint.response(200, ResultPageOut)
def results(args):
    """List the published results."""
    return page(db.session(), queries.published(place=args.get("place")), Selection)


@blueprint.post("")
@requires(Permission.CALL_WRITE)
@blueprint.arguments(SelectionIn)
@blueprint.response(201, SelectionOut)
def propose(selection_in):
    """Propose one of the applications that passed."""
    with db.transaction() as session:
        made = commands.propose(session, current_actor(), **selection_in, book=policy_book(), now=clock.now())
        return _seen(session, made.id)


@blueprint.get("/<uuid:selection_id>")
@requires(Permission.CALL_WRITE)
@blueprint.response(200, SelectionOut)
def show(selection_id: UUID):
    """Read one selection."""
    return _seen(db.session(), selection_id)


@blueprint.post("/<uuid:selection_id>/confirmation")
@requires(Permission.CALL_WRITE)
@blueprint.response(200, SelectionOut)
def confirm(selection_id: UUID):
    """Confirm what another person proposed."""
    with db.transaction() as session:
        _match(session, selection_id)
        commands.confirm(session, current_actor(), selection_id, now=clock.now())
        return _seen(session, selection_id)


@blueprint.post("/<uuid:selection_id>/drop")
@requires(Permission.CALL_WRITE)
@blueprint.arguments(SelectionDropIn)
@blueprint.response(200, SelectionOut)
def drop(drop_in, selection_id: UUID):
    """Drop a proposal."""
    with db.transaction() as session:
        _match(session, selection_id)
        commands.drop(session, current_actor(), selection_id, **drop_in, now=clock.now())
        return _seen(session, selection_id)


@blueprint.post("/<uuid:selection_id>/publication")
@requires(Permission.CALL_WRITE)
@blueprint.arguments(SelectionResultIn)
@blueprint.response(200, SelectionOut)
def publish(result_in, selection_id: UUID):
    """Publish the result."""
    with db.transaction() as session:
        _match(session, selection_id)
        commands.publish(
            session, current_actor(), selection_id, **result_in, book=policy_book(), now=clock.now()
        )  # fmt: skip
        return _seen(session, selection_id)


def _match(session: Session, selection_id: UUID) -> None:
    _seen(session, selection_id)
    match_version(session, Selection, selection_id)


def _seen(session: Session, selection_id: UUID) -> Selection:
    session.flush()
    return queries.visible(session, current_actor(), selection_id)
