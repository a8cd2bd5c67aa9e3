"""Closings for programs."""

from __future__ import annotations

from typing import Any

from kernel import clock, db
from kernel.calendar import Period
from kernel.http import ApiBlueprint, current_actor, page, policy_book, requires, working_calendar
from kernel.identity import Permission
from settlement.closing import commands, queries
from settlement.closing.model import Closing
from settlement.closing.schemas import ClosingArgs, ClosingIn, ClosingOut, ClosingPageOut

blueprint = ApiBlueprint(
    "book_closings", __name__, url_prefix="/api/v1/book-closings", description="结账 · closing of periods"
)


@blueprint.get("")
@requires(Permission.SETTLEMENT_READ)
@blueprint.arguments(ClosingArgs, location="query")
@blueprint.response(200, ClosingPageOut)
def browse(args: dict[str, Any]):
    """List the closings of your places."""
    return page(db.session(), queries.listed(current_actor(), place=args.get("place")), Closing)


@blueprint.post("")
@requires(Permission.SETTLEMENT_PREPARE)
@blueprint.arguments(ClosingIn)
@blueprint.response(201, ClosingOut)
def start(sent: dict[str, Any]):
    """Begin to close a month, or go through the checklist anew."""
    with db.transaction() as session:
        return commands.start(
            session, current_actor(), place=sent["place"], period=Period.month(sent["period"]), now=clock.now(),
            calendar=working_calendar(), book=policy_book(),
        )  # fmt: skip


@blueprint.post("/give-up")
@requires(Permission.SETTLEMENT_PREPARE)
@blueprint.arguments(ClosingIn)
@blueprint.response(200, ClosingOut)
def give_up(sent: dict[str, Any]):
    """Leave a month open after all."""
    with db.transaction() as session:
        return commands.give_up(
            session, current_actor(), place=sent["place"], period=Period.month(sent["period"]), now=clock.now()
        )


@blueprint.post("/close")
@requires(Permission.SETTLEMENT_CHECK)
@blueprint.arguments(ClosingIn)
@blueprint.response(200, ClosingOut)
def close(sent: dict[str, Any]):
    """Close a month for good, as somebody else than who started; refused while anything stands in the way."""
    with db.transaction() as session:
        return commands.close(
            session, current_actor(), place=sent["place"], period=Period.month(sent["period"]), now=clock.now(),
            calendar=working_calendar(),
        )  # fmt: skip
