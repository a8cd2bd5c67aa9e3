"""The explanation of an amount for people: a tree that opens, and the events of a day behind it."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, render_template

from kernel import db
from kernel.http import current_actor, cursor_after, page_position, requires
from kernel.identity import Permission
from kernel.json_body import in_query
from settlement.explanations import queries
from settlement.explanations.schemas import TracedEventArgs
from settlement.traces import queries as traces

blueprint = Blueprint("explanation_pages", __name__, template_folder="../templates")


@blueprint.get("/statements/<number>/lines/<int:line>")
@requires(Permission.STATEMENT_READ)
def show(number: str, line: int) -> str:
    """Explain one line of a statement."""
    found = queries.explain(db.session(), current_actor(), number, line)
    return render_template("settlement/explanations/show.html", found=found)


@blueprint.get("/statements/<number>/lines/<int:line>/events")
@requires(Permission.STATEMENT_READ)
def events(number: str, line: int) -> str:
    """List the events behind a line of a statement, of one day or of the whole period."""
    session, (limit, after) = db.session(), page_position()
    one = traces.traced(session, current_actor(), number, line)
    day = in_query(TracedEventArgs).get("day")
    found = traces.events_of(session, one, day, after=UUID(after) if after else None, limit=limit + 1)
    more = len(found) > limit
    days = traces.days_of(session, one)
    used = [figures for on, figures in days.items() if day in (None, on)]
    return render_template(
        "settlement/explanations/events.html", one=one, day=day, events=found[:limit], days=days,
        calls=sum(figures.calls for figures in used), units=sum(figures.units for figures in used),
        next_cursor=cursor_after(str(found[limit - 1].id)) if more else None,
    )  # fmt: skip
