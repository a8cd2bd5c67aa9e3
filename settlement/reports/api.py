"""Reports for programs: the same figures as on the pages."""

from __future__ import annotations

from typing import Any

from kernel import db
from kernel.http import ApiBlueprint, current_actor, policy_book, requires
from kernel.identity import Permission
from settlement.ageing.queries import ageing as aged
from settlement.ageing.queries import ages
from settlement.ageing.rules import Standing
from settlement.reports import queries
from settlement.reports.queries import Wanted
from settlement.reports.rules import closed, months
from settlement.reports.schemas import (
    AgeingArgs,
    AgeingOut,
    DeviationsOut,
    ReportArgs,
    ReportOut,
    SpanArgs,
    WaterfallOut,
    YearArgs,
)
from settlement.scopes.queries import scope_of

blueprint = ApiBlueprint("reports", __name__, url_prefix="/api/v1/reports", description="收益报表 · reports")


def _wanted(args: dict[str, Any]) -> Wanted:
    span = months(args.pop("since"), args.pop("until"))
    return Wanted(scope_of(current_actor()), span, **args)


@blueprint.get("/revenue")
@requires(Permission.STATEMENT_READ)
@blueprint.arguments(ReportArgs, location="query")
@blueprint.response(200, ReportOut)
def revenue(args: dict[str, Any]):
    """Read revenue or shares by product, source department, operator, place or domain."""
    found = queries.rows(db.session(), _wanted(args))
    return {"rows": found, "total": closed(found)}


@blueprint.get("/contributions")
@requires(Permission.STATEMENT_READ)
@blueprint.arguments(SpanArgs, location="query")
@blueprint.response(200, ReportOut)
def contributions(args: dict[str, Any]):
    """Read what each source department contributed, the largest first; attributed wherever it is paid."""
    found = queries.league(db.session(), _wanted(args))
    return {"rows": found, "total": closed(found)}


@blueprint.get("/waterfall")
@requires(Permission.STATEMENT_READ)
@blueprint.arguments(SpanArgs, location="query")
@blueprint.response(200, WaterfallOut)
def waterfall(args: dict[str, Any]):
    """Read how the money ran: gross, refunds, tax, and what each kind of step gave to whom."""
    return queries.waterfall(db.session(), _wanted(args))


@blueprint.get("/deviation")
@requires(Permission.COST_READ)
@blueprint.arguments(YearArgs, location="query")
@blueprint.response(200, DeviationsOut)
def deviation(args: dict[str, Any]):
    """Read how far the operators' revenue of a year is from what is permitted."""
    return {"items": queries.deviations(db.session(), current_actor(), args["year"], policy_book())}


@blueprint.get("/ageing")
@requires(Permission.STATEMENT_READ)
@blueprint.arguments(AgeingArgs, location="query")
@blueprint.response(200, AgeingOut)
def ageing(args: dict[str, Any]):
    """Read what is owed and what is claimed at the end of a day, by age."""
    session, scope = db.session(), scope_of(current_actor())
    found = {str(standing): aged(session, scope, standing, **args) for standing in Standing}
    return {"ages": ages(), **found}
