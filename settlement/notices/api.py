"""Contribution notices for programs."""

from __future__ import annotations

from typing import Any

from kernel import clock, db
from kernel.calendar import Period
from kernel.http import ApiBlueprint, current_actor, match_version, page, policy_book, requires, working_calendar
from kernel.identity import Permission
from settlement.notices import commands, queries
from settlement.notices.model import ContributionNotice
from settlement.notices.schemas import (
    ContributionArgs,
    ContributionFiguresOut,
    ContributionIn,
    ContributionOut,
    ContributionPageOut,
)

blueprint = ApiBlueprint(
    "contributions", __name__, url_prefix="/api/v1/contributions", description="贡献公示 · contribution notices"
)


@blueprint.get("")
@requires(Permission.CONTRIBUTION_READ)
@blueprint.arguments(ContributionArgs, location="query")
@blueprint.response(200, ContributionPageOut)
def browse(args: dict[str, Any]):
    """List the notices that you may read."""
    return page(db.session(), queries.listed(current_actor(), place=args.get("place")), ContributionNotice)


@blueprint.post("")
@requires(Permission.CONTRIBUTION_DRAW)
@blueprint.arguments(ContributionIn)
@blueprint.response(201, ContributionOut)
def draw(sent: dict[str, Any]):
    """Draw the figures of a month from what was metered; again, until they are opened."""
    now, period = clock.now(), Period.month(sent["period"])
    current_actor().must(Permission.CONTRIBUTION_DRAW, place=sent["place"])
    with db.transaction() as session:
        totals = queries.sold(session, place=sent["place"], period=period, received_until=now)
        return commands.draw(
            session, current_actor(), place=sent["place"], period=period, totals=totals, now=now, book=policy_book()
        )


@blueprint.get("/<number>")
@requires(Permission.CONTRIBUTION_READ)
@blueprint.response(200, ContributionOut)
def show(number: str):
    """Read one notice."""
    return queries.visible(db.session(), current_actor(), number)


@blueprint.get("/<number>/figures")
@requires(Permission.CONTRIBUTION_READ)
@blueprint.response(200, ContributionFiguresOut)
def figures(number: str):
    """Read the figures of every department, with the exact weights."""
    session = db.session()
    notice = queries.visible(session, current_actor(), number)
    return {"items": [queries.line_dict(one) for one in queries.lines(session, notice.id)]}


@blueprint.post("/<number>/opening")
@requires(Permission.CONTRIBUTION_OPEN)
@blueprint.response(200, ContributionOut)
def open_notice(number: str):
    """Show the figures to the departments; send ``If-Match``."""
    with db.transaction() as session:
        match_version(session, ContributionNotice, queries.visible(session, current_actor(), number).id)
        return commands.open_notice(
            session, current_actor(), number, now=clock.now(), book=policy_book(), calendar=working_calendar()
        )
