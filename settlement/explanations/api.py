"""Explanations for programs; read only."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from kernel import db
from kernel.http import ApiBlueprint, current_actor, cursor_after, page_position, requires
from kernel.identity import Permission
from settlement.explanations import queries
from settlement.explanations.schemas import ExplanationOut, TracedEventArgs, TracedEventPageOut
from settlement.traces import queries as traces

blueprint = ApiBlueprint(
    "explanations", __name__, url_prefix="/api/v1/statements", description="逐分说明 · explain an amount"
)


@blueprint.get("/<number>/lines/<int:line>/explanation")
@requires(Permission.STATEMENT_READ)
@blueprint.response(200, ExplanationOut)
def show(number: str, line: int):
    """Explain one line of a statement, counted from 1, down to use, tariff, cap, step, clause and approvers."""
    return queries.explain(db.session(), current_actor(), number, line).to_dict()


@blueprint.get("/<number>/lines/<int:line>/events")
@requires(Permission.STATEMENT_READ)
@blueprint.arguments(TracedEventArgs, location="query")
@blueprint.response(200, TracedEventPageOut)
def events(args: dict[str, Any], number: str, line: int):
    """List the events behind a line of a statement, of one day or of the whole period."""
    session = db.session()
    one = traces.traced(session, current_actor(), number, line)
    limit, after = page_position()
    found = traces.events_of(session, one, args.get("day"), after=UUID(after) if after else None, limit=limit + 1)
    more = len(found) > limit
    return {"items": found[:limit], "next_cursor": cursor_after(str(found[limit - 1].id)) if more else None}
