"""The reconciliation for programs."""

from __future__ import annotations

from kernel import clock, db
from kernel.calendar import DAY, Period
from kernel.http import ApiBlueprint, current_actor, page, policy_book, requires, working_calendar
from kernel.identity import Permission
from settlement.provider_lines import commands as reports
from settlement.reconciliation import commands, queries
from settlement.reconciliation.model import ReconciliationRun
from settlement.reconciliation.schemas import (
    ProviderFileIn,
    ProviderFileOut,
    ReconciliationArgs,
    ReconciliationChangeOut,
    ReconciliationIn,
    ReconciliationOut,
    ReconciliationPageOut,
    UnclearedOut,
    UnderWayOut,
)

blueprint = ApiBlueprint(
    "reconciliations", __name__, url_prefix="/api/v1/reconciliations", description="对账 · reconciliation"
)


@blueprint.get("")
@requires(Permission.SETTLEMENT_READ)
@blueprint.arguments(ReconciliationArgs, location="query")
@blueprint.response(200, ReconciliationPageOut)
def browse(args):
    """List the runs at your places, newest first."""
    query = queries.listed(current_actor(), place=args["place"])
    return page(db.session(), query, ReconciliationRun, newest_first=True)


@blueprint.post("")
@requires(Permission.SETTLEMENT_PREPARE)
@blueprint.arguments(ReconciliationIn)
@blueprint.response(201, ReconciliationOut)
def run(run_in):
    """Compare the provider, the orders, the ledger and the bank for days that are over."""
    period = Period(run_in["first_day"], (run_in["last_day"] or run_in["first_day"]) + DAY)
    with db.transaction() as session:
        return commands.reconcile(
            session,
            current_actor(),
            place=run_in["place"],
            period=period,
            now=clock.now(),
            book=policy_book(),
            calendar=working_calendar(),
        )


@blueprint.get("/uncleared")
@requires(Permission.SETTLEMENT_READ)
@blueprint.response(200, UnclearedOut(many=True))
def uncleared():
    """Read what has stood on clearing accounts beyond its time, with the breaks that speak of it."""
    book, actor = policy_book(), current_actor()
    places = [place for place in book.places() if actor.may(Permission.SETTLEMENT_READ, place=place)]
    return queries.uncleared(db.session(), clock.now(), calendar=working_calendar(), places=places)


@blueprint.get("/under-way")
@requires(Permission.SETTLEMENT_READ)
@blueprint.response(200, UnderWayOut(many=True))
def under_way():
    """Read the provider's payouts that have not reached the bank within their agreed days; they are no breaks."""
    book, actor = policy_book(), current_actor()
    places = [place for place in book.places() if actor.may(Permission.SETTLEMENT_READ, place=place)]
    return queries.under_way(db.session(), clock.now(), book=book, calendar=working_calendar(), places=places)


@blueprint.post("/provider-files")
@requires(Permission.PAYMENT_RECORD)
@blueprint.arguments(ProviderFileIn)
@blueprint.response(201, ProviderFileOut)
def import_file(file_in):
    """Take a report of the payment provider, as a whole or not at all."""
    with db.transaction() as session:
        return reports.import_file(session, current_actor(), **file_in, now=clock.now(), book=policy_book())


@blueprint.get("/<number>")
@requires(Permission.SETTLEMENT_READ)
@blueprint.response(200, ReconciliationOut)
def show(number: str):
    """Read one run."""
    return queries.visible(db.session(), current_actor(), number)


@blueprint.get("/<number>/changes")
@requires(Permission.SETTLEMENT_READ)
@blueprint.response(200, ReconciliationChangeOut(many=True))
def changes(number: str):
    """Read what has gone, changed or come since a run: every row is named."""
    session = db.session()
    return queries.changes(session, queries.visible(session, current_actor(), number))
