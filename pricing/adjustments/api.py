"""Adjustments for programs. Decisions are made on a version: send ``If-Match``."""

from __future__ import annotations

from uuid import UUID

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, match_version, page, policy_book, requires
from kernel.identity import Permission
from pricing.adjustments import commands, queries
from pricing.adjustments.model import Adjustment
from pricing.adjustments.schemas import (
    AdjustmentAcceptIn,
    AdjustmentArgs,
    AdjustmentCarryOutIn,
    AdjustmentOut,
    AdjustmentPageOut,
    AdjustmentRefuseIn,
)

blueprint = ApiBlueprint("adjustments", __name__, url_prefix="/api/v1/adjustments", description="收费调整")


@blueprint.get("")
@requires(Permission.COST_READ)
@blueprint.arguments(AdjustmentArgs, location="query")
@blueprint.response(200, AdjustmentPageOut)
def browse(args):
    """List the adjustments within your scope."""
    query = queries.visible(current_actor())
    for name in ("place", "assessment_id", "state"):
        if name in args:
            query = query.where(getattr(Adjustment, name) == args[name])
    return page(db.session(), query, Adjustment, newest_first=True)


@blueprint.get("/<uuid:adjustment_id>")
@requires(Permission.COST_READ)
@blueprint.response(200, AdjustmentOut)
def show(adjustment_id: UUID):
    """Read one adjustment."""
    return queries.get(db.session(), current_actor(), adjustment_id)


@blueprint.post("/<uuid:adjustment_id>/acceptance")
@requires(Permission.ADJUSTMENT_WRITE)
@blueprint.arguments(AdjustmentAcceptIn)
@blueprint.response(200, AdjustmentOut)
def accept(accept_in, adjustment_id: UUID):
    """Accept an adjustment for the authorizing entity."""
    with db.transaction() as session:
        _match(session, adjustment_id)
        found = commands.accept(
            session, current_actor(), adjustment_id, **accept_in, now=clock.now(), book=policy_book()
        )
        session.flush()
        return found


@blueprint.post("/<uuid:adjustment_id>/refusal")
@requires(Permission.ADJUSTMENT_WRITE)
@blueprint.arguments(AdjustmentRefuseIn)
@blueprint.response(200, AdjustmentOut)
def refuse(refuse_in, adjustment_id: UUID):
    """Refuse an adjustment for the authorizing entity, with the reason."""
    with db.transaction() as session:
        _match(session, adjustment_id)
        found = commands.refuse(session, current_actor(), adjustment_id, **refuse_in, now=clock.now())
        session.flush()
        return found


@blueprint.post("/<uuid:adjustment_id>/completion")
@requires(Permission.ADJUSTMENT_WRITE)
@blueprint.arguments(AdjustmentCarryOutIn)
@blueprint.response(200, AdjustmentOut)
def carry_out(carry_in, adjustment_id: UUID):
    """Name the price or cap that carries an adjustment out."""
    with db.transaction() as session:
        _match(session, adjustment_id)
        found = commands.carry_out(session, current_actor(), adjustment_id, **carry_in, now=clock.now())
        session.flush()
        return found


def _match(session, adjustment_id: UUID) -> None:
    queries.get(session, current_actor(), adjustment_id)  # of what somebody may not see, not even the version is told
    match_version(session, Adjustment, adjustment_id)
