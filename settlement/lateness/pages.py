"""The state of metering for people: what adds up use, which days are archived, what came late."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from kernel import clock, db
from kernel.calendar import DAY, Period
from kernel.http import current_actor, policy_book, requires
from kernel.identity import Permission
from settlement.lateness import queries
from settlement.usage import queries as usage

blueprint = Blueprint("usage_state_pages", __name__, template_folder="../templates")


@blueprint.get("/usage")
@requires(Permission.SETTLEMENT_READ)
def show() -> str:
    """Show the state of metering of one of the actor's places in a month."""
    session, actor, book = db.session(), current_actor(), policy_book()
    places = [place for place in book.places() if actor.may(Permission.SETTLEMENT_READ, place=place)]
    place = request.args.get("place") or places[0]
    book.place(place)
    actor.must(Permission.SETTLEMENT_READ, place=place)
    asked = request.args.get("month")
    month = Period.month(asked) if asked else Period.month_of(clock.today())
    days, titles = usage.days(session, place, month), {one: book.place(one).title for one in places}
    return render_template(
        "settlement/lateness/show.html", place=place, places=titles,
        engine=usage.archive_of(session).engine, grace=usage.grace_hours(book, place, month.last_day), month=month,
        days=days, late=queries.late(session, place), events=sum(one.events for one in days),
        archived=sum(one.archived for one in days), earlier=Period.month_of(month.start - DAY),
        later=Period.month_of(month.end) if month.end <= clock.today() else None,
    )  # fmt: skip
