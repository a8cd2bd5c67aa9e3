"""Breaks for programs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, match_version, page, requires
from kernel.identity import Permission
from settlement.breaks import commands, queries
from settlement.breaks.model import Break
from settlement.breaks.schemas import (
    BreakArgs,
    BreakAssignIn,
    BreakConfirmIn,
    BreakExplainIn,
    BreakOut,
    BreakPageOut,
    BreakProposeIn,
    BreakStepOut,
)

blueprint = ApiBlueprint(
    "reconciliation_breaks", __name__, url_prefix="/api/v1/reconciliation-breaks", description="对账差异 · breaks"
)


@blueprint.get("")
@requires(Permission.SETTLEMENT_READ)
@blueprint.arguments(BreakArgs, location="query")
@blueprint.response(200, BreakPageOut)
def browse(args):
    """List the breaks at your places, newest first, by kind, owner, state, age or reference."""
    chosen = {name: args[name] for name in ("kind", "owner", "state", "place", "older_than", "is_open", "text")}
    return page(db.session(), queries.listed(current_actor(), **chosen), Break, newest_first=True)


@blueprint.get("/<number>")
@requires(Permission.SETTLEMENT_READ)
@blueprint.response(200, BreakOut)
def show(number: str):
    """Read one break: what each side says."""
    return queries.visible(db.session(), current_actor(), number)


@blueprint.get("/<number>/steps")
@requires(Permission.SETTLEMENT_READ)
@blueprint.response(200, BreakStepOut(many=True))
def history(number: str):
    """Read what happened to a break, the oldest first."""
    return queries.steps(db.session(), queries.visible(db.session(), current_actor(), number).id)


@blueprint.post("/<number>/assignment")
@requires(Permission.SETTLEMENT_PREPARE)
@blueprint.arguments(BreakAssignIn)
@blueprint.response(200, BreakOut)
def assign(assign_in, number: str):
    """Name the person who works on a break."""
    return _step(number, commands.assign, assign_in)


@blueprint.post("/<number>/explanation")
@requires(Permission.SETTLEMENT_PREPARE)
@blueprint.arguments(BreakExplainIn)
@blueprint.response(200, BreakOut)
def explain(explain_in, number: str):
    """Say what happened."""
    return _step(number, commands.explain, explain_in)


@blueprint.post("/<number>/proposal")
@requires(Permission.SETTLEMENT_PREPARE)
@blueprint.arguments(BreakProposeIn)
@blueprint.response(200, BreakOut)
def propose(propose_in, number: str):
    """Propose to close a break, for a second person to confirm."""
    return _step(number, commands.propose, propose_in)


@blueprint.post("/<number>/confirmation")
@requires(Permission.SETTLEMENT_CHECK)
@blueprint.arguments(BreakConfirmIn)
@blueprint.response(200, BreakOut)
def confirm(confirm_in, number: str):
    """Close a break as proposed."""
    return _step(number, commands.confirm, confirm_in)


@blueprint.post("/<number>/rejection")
@requires(Permission.SETTLEMENT_CHECK)
@blueprint.arguments(BreakExplainIn)
@blueprint.response(200, BreakOut)
def reject(reject_in, number: str):
    """Refuse to close a break."""
    return _step(number, commands.reject, reject_in)


@blueprint.post("/<number>/reopening")
@requires(Permission.SETTLEMENT_CHECK)
@blueprint.arguments(BreakExplainIn)
@blueprint.response(200, BreakOut)
def reopen(reopen_in, number: str):
    """Open a closed break again."""
    return _step(number, commands.reopen, reopen_in)


def _step(number: str, act: Callable[..., Break], data: dict[str, Any]) -> Break:
    with db.transaction() as session:
        match_version(session, Break, queries.visible(session, current_actor(), number).id)
        return act(session, current_actor(), number, **data, now=clock.now())
