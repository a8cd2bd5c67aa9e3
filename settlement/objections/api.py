"""Contribution objections for programs."""

from __future__ import annotations

from typing import Any

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, match_version, page, requires
from kernel.identity import Permission
from settlement.objections import commands, queries
from settlement.objections.model import ContributionObjection
from settlement.objections.schemas import (
    ContributionDecisionIn,
    ContributionObjectionIn,
    ContributionObjectionOut,
    ContributionObjectionPageOut,
)

blueprint = ApiBlueprint(
    "contribution_objections", __name__, url_prefix="/api/v1", description="贡献异议 · contribution objections"
)


@blueprint.post("/contributions/<number>/objections")
@requires(Permission.CONTRIBUTION_OBJECT)
@blueprint.arguments(ContributionObjectionIn)
@blueprint.response(201, ContributionObjectionOut)
def file(sent: dict[str, Any], number: str):
    """Object to one figure of your own department within the days of the notice."""
    with db.transaction() as session:
        return commands.file(session, current_actor(), number, **sent, now=clock.now())


@blueprint.get("/contribution-objections")
@requires(Permission.CONTRIBUTION_READ)
@blueprint.response(200, ContributionObjectionPageOut)
def browse():
    """List the objections that you may read."""
    return page(db.session(), queries.listed(current_actor()), ContributionObjection)


@blueprint.get("/contribution-objections/<number>")
@requires(Permission.CONTRIBUTION_READ)
@blueprint.response(200, ContributionObjectionOut)
def show(number: str):
    """Read one objection."""
    return queries.visible(db.session(), current_actor(), number)


@blueprint.post("/contribution-objections/<number>/withdrawal")
@requires(Permission.CONTRIBUTION_OBJECT)
@blueprint.response(200, ContributionObjectionOut)
def withdraw(number: str):
    """Take an objection back; send ``If-Match``."""
    with db.transaction() as session:
        match_version(session, ContributionObjection, queries.visible(session, current_actor(), number).id)
        return commands.withdraw(session, current_actor(), number, now=clock.now())


@blueprint.post("/contribution-objections/<number>/decision")
@requires(Permission.CONTRIBUTION_DECIDE)
@blueprint.arguments(ContributionDecisionIn)
@blueprint.response(200, ContributionObjectionOut)
def decide(sent: dict[str, Any], number: str):
    """Decide an objection, as another person; send ``If-Match``."""
    with db.transaction() as session:
        match_version(session, ContributionObjection, queries.visible(session, current_actor(), number).id)
        return commands.decide(session, current_actor(), number, **sent, now=clock.now())
