"""Receivables of parties for programs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, match_version, page, requires
from kernel.identity import Permission
from settlement.clawbacks import commands, queries
from settlement.clawbacks.model import Clawback, ClawbackRecovery
from settlement.clawbacks.schemas import (
    ClawbackArgs,
    ClawbackOut,
    ClawbackPageOut,
    RecoveryDecisionIn,
    RecoveryIn,
    RecoveryOut,
)

blueprint = ApiBlueprint("clawbacks", __name__, url_prefix="/api/v1/clawbacks", description="应收退款 · receivables")


@blueprint.get("")
@requires(Permission.CLAWBACK_READ)
@blueprint.arguments(ClawbackArgs, location="query")
@blueprint.response(200, ClawbackPageOut)
def browse(args: dict[str, Any]):
    """List what parties owe after refunds of what they were paid, newest first."""
    return page(db.session(), queries.listed(current_actor(), place=args.get("place")), Clawback, newest_first=True)


@blueprint.get("/<uuid:clawback_id>")
@requires(Permission.CLAWBACK_READ)
@blueprint.response(200, ClawbackOut)
def show(clawback_id: UUID):
    """Read one receivable."""
    return queries.visible(db.session(), current_actor(), clawback_id)


@blueprint.post("/<uuid:clawback_id>/recoveries")
@requires(Permission.CLAWBACK_WRITE)
@blueprint.arguments(RecoveryIn)
@blueprint.response(201, RecoveryOut)
def ask(recovery_in: dict[str, Any], clawback_id: UUID):
    """Record a repayment or ask to write off; another person confirms."""
    with db.transaction() as session:
        return commands.ask_recovery(session, current_actor(), clawback_id, **recovery_in, now=clock.now())


@blueprint.post("/recoveries/<uuid:recovery_id>/decision")
@requires(Permission.CLAWBACK_READ)
@blueprint.arguments(RecoveryDecisionIn)
@blueprint.response(200, RecoveryOut)
def decide(decision_in: dict[str, Any], recovery_id: UUID):
    """Confirm or refuse as the second person, or withdraw your own; send ``If-Match``."""
    with db.transaction() as session:
        match_version(session, ClawbackRecovery, queries.visible_recovery(session, current_actor(), recovery_id).id)
        return commands.decide_recovery(session, current_actor(), recovery_id, **decision_in, now=clock.now())
