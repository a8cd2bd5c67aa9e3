"""Settlements for programs."""

from __future__ import annotations

from typing import Any

from kernel import clock, db
from kernel.calendar import Period
from kernel.http import ApiBlueprint, current_actor, match_version, page, policy_book, repeats_harmlessly, requires
from kernel.identity import Permission
from settlement.runs import commands, queries
from settlement.runs.model import SettlementRun
from settlement.runs.schemas import PreviewOut, RunArgs, RunDetailOut, RunIn, RunPageOut
from settlement.workings.queries import digest

blueprint = ApiBlueprint(
    "settlements", __name__, url_prefix="/api/v1/settlements", description="收益结算 · settlements"
)


@blueprint.get("")
@requires(Permission.SETTLEMENT_READ)
@blueprint.arguments(RunArgs, location="query")
@blueprint.response(200, RunPageOut)
def browse(args: dict[str, Any]):
    """List the settlements of your places."""
    return page(db.session(), queries.listed(current_actor(), place=args.get("place")), SettlementRun)


@blueprint.post("/previews")
@repeats_harmlessly
@requires(Permission.SETTLEMENT_PREPARE)
@blueprint.arguments(RunIn)
@blueprint.response(200, PreviewOut)
def preview(sent: dict[str, Any]):
    """Work a settlement out without storing anything."""
    report = queries.preview(
        db.session(), current_actor(), place=sent["place"], period=Period.month(sent["period"]), now=clock.now(),
        book=policy_book(),
    )  # fmt: skip
    return {"report": report, "report_sha256": digest(report)}


@blueprint.post("")
@requires(Permission.SETTLEMENT_PREPARE)
@blueprint.arguments(RunIn)
@blueprint.response(201, RunDetailOut)
def prepare(sent: dict[str, Any]):
    """Prepare the settlement of a month, or prepare it anew while it is not sealed."""
    with db.transaction() as session:
        return commands.prepare(
            session, current_actor(), place=sent["place"], period=Period.month(sent["period"]), now=clock.now(),
            book=policy_book(),
        )  # fmt: skip


@blueprint.get("/<number>")
@requires(Permission.SETTLEMENT_READ)
@blueprint.response(200, RunDetailOut)
def show(number: str):
    """Read one settlement with every line and its working."""
    return queries.visible(db.session(), current_actor(), number)


@blueprint.post("/<number>/check")
@requires(Permission.SETTLEMENT_CHECK)
@blueprint.response(200, RunDetailOut)
def check(number: str):
    """Confirm a prepared settlement, as somebody else than its preparer; send ``If-Match``."""
    with db.transaction() as session:
        match_version(session, SettlementRun, queries.visible(session, current_actor(), number).id)
        return commands.check(session, current_actor(), number, now=clock.now())


@blueprint.post("/<number>/seal")
@requires(Permission.SETTLEMENT_CHECK)
@blueprint.response(200, RunDetailOut)
def seal(number: str):
    """Book a checked settlement, issue its statements and close the period; send ``If-Match``."""
    with db.transaction() as session:
        match_version(session, SettlementRun, queries.visible(session, current_actor(), number).id)
        return commands.seal(session, current_actor(), number, now=clock.now(), book=policy_book())
