"""Takings for programs."""

from __future__ import annotations

from typing import Any

from kernel import clock, db
from kernel.calendar import Period
from kernel.http import ApiBlueprint, current_actor, policy_book, requires
from kernel.identity import Permission
from settlement.takings import queries
from settlement.takings.rules import summed
from settlement.takings.schemas import ExpectedOut, TakingsOut, YearArgs

blueprint = ApiBlueprint(
    "takings", __name__, url_prefix="/api/v1/takings", description="供方收入进度 · a seller's revenue so far"
)


@blueprint.get("")
@requires(Permission.TAKINGS_READ)
@blueprint.arguments(YearArgs, location="query")
@blueprint.response(200, TakingsOut)
def show(args: dict[str, Any]) -> dict[str, Any]:
    """Show what your organisation sold, took in, gave back and earned in a year, by product and month."""
    session, orgs, year = db.session(), queries.own(current_actor()), args["year"] or clock.today().year
    rows = queries.takings(session, orgs, Period.year(year))
    held = [{"product": code, "amount": amount} for code, amount in queries.unearned_of(session, orgs).items()]
    return {"year": year, "rows": rows, "total": summed(rows), "unearned": held}


@blueprint.get("/expected")
@requires(Permission.TAKINGS_READ)
@blueprint.response(200, ExpectedOut)
def expected() -> dict[str, Any]:
    """Work out what the settlements still to come would give your organisation if they were made now."""
    found = queries.expected(db.session(), queries.own(current_actor()), now=clock.now(), book=policy_book())
    return {"rows": found.rows, "total": summed(found.rows), "waiting": found.waiting}
