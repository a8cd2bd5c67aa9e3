"""Payouts of unknown fate for programs: proposing what became of them, and confirming it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import current_app

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, match_version, page, repeats_harmlessly, requires
from kernel.identity import Permission
from settlement.resolutions import commands, queries
from settlement.resolutions.gateway import said_by
from settlement.resolutions.model import PayoutResolution
from settlement.resolutions.schemas import (
    ResolutionArgs,
    ResolutionDecisionIn,
    ResolutionIn,
    ResolutionOut,
    ResolutionPageOut,
)

blueprint = ApiBlueprint(
    "payout_resolutions", __name__, url_prefix="/api/v1/payout-resolutions",
    description="拨付结果认定 · what became of payouts",
)  # fmt: skip


@blueprint.get("")
@requires(Permission.PAYOUT_READ)
@blueprint.arguments(ResolutionArgs, location="query")
@blueprint.response(200, ResolutionPageOut)
def browse(args: dict[str, Any]):
    """List the proposals of your places, newest first."""
    query = queries.listed(current_actor(), state=args["state"])
    return page(db.session(), query, PayoutResolution, newest_first=True)


@blueprint.post("")
@requires(Permission.PAYOUT_PREPARE)
@blueprint.arguments(ResolutionIn)
@blueprint.response(201, ResolutionOut)
def propose(resolution_in: dict[str, Any]):
    """Propose what became of a payout of unknown fate, with its evidence; a second person confirms it."""
    number = resolution_in.pop("payout")
    with db.transaction() as session:
        return commands.propose(session, current_actor(), number, **resolution_in, now=clock.now())


@blueprint.get("/<uuid:resolution_id>")
@requires(Permission.PAYOUT_READ)
@blueprint.response(200, ResolutionOut)
def show(resolution_id: UUID):
    """Read one proposal."""
    return queries.visible(db.session(), current_actor(), resolution_id)


@blueprint.post("/<uuid:resolution_id>/decision")
@requires(Permission.PAYOUT_READ)
@repeats_harmlessly
@blueprint.arguments(ResolutionDecisionIn)
@blueprint.response(200, ResolutionOut)
def decide(decision_in: dict[str, Any], resolution_id: UUID):
    """Confirm or refuse as the second person, or withdraw your own; send ``If-Match``, so that it is done once."""
    session = db.session()
    asked = queries.to_ask(session, current_actor(), resolution_id, decision_in["act"])
    session.rollback()  # no transaction is open while the provider is asked
    answer = said_by(current_app.extensions.get("huiyi_stripe"), asked)
    with db.transaction() as session:
        match_version(session, PayoutResolution, queries.visible(session, current_actor(), resolution_id).id)
        return commands.decide(session, current_actor(), resolution_id, **decision_in, answer=answer, now=clock.now())
