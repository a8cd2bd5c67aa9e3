"""Payouts for programs."""

from __future__ import annotations

from typing import Any

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, match_version, page, policy_book, requires
from kernel.identity import Permission
from settlement.payouts import commands, queries, sheets
from settlement.payouts.model import PayoutBatch
from settlement.payouts.schemas import (
    PayoutBatchArgs,
    PayoutBatchesOut,
    PayoutBatchIn,
    PayoutBatchOut,
    PayoutBatchPageOut,
    PayoutDuesArgs,
    PayoutDuesOut,
    PayoutReasonIn,
    PayoutResultsIn,
    PayoutsOut,
)

blueprint = ApiBlueprint("payouts", __name__, url_prefix="/api/v1/payout-batches", description="收益拨付 · payouts")


@blueprint.get("/dues")
@requires(Permission.PAYOUT_READ)
@blueprint.arguments(PayoutDuesArgs, location="query")
@blueprint.response(200, PayoutDuesOut)
def dues(args: dict[str, Any]):
    """Show what can be paid at a place now, and what is held back with its reason."""
    current_actor().must(Permission.PAYOUT_READ, place=args["place"])
    policy_book().place(args["place"])
    found, held = queries.payables(db.session(), place=args["place"], now=clock.now(), book=policy_book())
    payable = [
        {"statement": one.statement.number, "party_id": one.party.id, "destination": one.destination,
         "account": one.account.shown, "amount": one.gross}
        for one in found
    ]  # fmt: skip
    waiting = [
        {"statement": one.due.statement.number, "party_id": one.party.id, "order": one.due.order_number,
         "amount": one.due.amount, "reason": one.reason, "detail": one.detail}
        for one in held
    ]  # fmt: skip
    return {"payable": payable, "held": waiting}


@blueprint.get("")
@requires(Permission.PAYOUT_READ)
@blueprint.arguments(PayoutBatchArgs, location="query")
@blueprint.response(200, PayoutBatchPageOut)
def browse(args: dict[str, Any]):
    """List the batches of your places, newest first."""
    query = queries.listed(current_actor(), place=args.get("place"), state=args["state"])
    return page(db.session(), query, PayoutBatch, newest_first=True)


@blueprint.post("")
@requires(Permission.PAYOUT_PREPARE)
@blueprint.arguments(PayoutBatchIn)
@blueprint.response(201, PayoutBatchesOut)
def prepare(batch_in: dict[str, Any]):
    """Prepare batches of everything that can be paid at a place now."""
    with db.transaction() as session:
        made = commands.prepare(session, current_actor(), **batch_in, now=clock.now(), book=policy_book())
        return {"items": made}


@blueprint.get("/<number>")
@requires(Permission.PAYOUT_READ)
@blueprint.response(200, PayoutBatchOut)
def show(number: str):
    """Read one batch."""
    return queries.visible(db.session(), current_actor(), number)


@blueprint.get("/<number>/payouts")
@requires(Permission.PAYOUT_READ)
@blueprint.response(200, PayoutsOut)
def payouts(number: str):
    """List the payouts of a batch."""
    session = db.session()
    return {"items": queries.payouts_of(session, queries.visible(session, current_actor(), number).id)}


@blueprint.post("/<number>/release")
@requires(Permission.PAYOUT_RELEASE)
@blueprint.arguments(PayoutReasonIn)
@blueprint.response(200, PayoutBatchOut)
def release(reason_in: dict[str, Any], number: str):
    """Say that an odd amount is right; send ``If-Match``."""
    with db.transaction() as session:
        match_version(session, PayoutBatch, queries.visible(session, current_actor(), number).id)
        return commands.release(session, current_actor(), number, **reason_in, now=clock.now())


@blueprint.post("/<number>/check")
@requires(Permission.PAYOUT_CHECK)
@blueprint.response(200, PayoutBatchOut)
def check(number: str):
    """Confirm a batch as somebody else than its preparer; send ``If-Match``."""
    with db.transaction() as session:
        match_version(session, PayoutBatch, queries.visible(session, current_actor(), number).id)
        return commands.check(session, current_actor(), number, now=clock.now(), book=policy_book())


@blueprint.post("/<number>/send")
@requires(Permission.PAYOUT_PAY)
@blueprint.response(200, PayoutBatchOut)
def send(number: str):
    """Send a checked batch as the third person; send ``If-Match``."""
    with db.transaction() as session:
        match_version(session, PayoutBatch, queries.visible(session, current_actor(), number).id)
        return commands.send(session, current_actor(), number, now=clock.now(), book=policy_book())


@blueprint.post("/<number>/cancellation")
@requires(Permission.PAYOUT_READ)
@blueprint.arguments(PayoutReasonIn)
@blueprint.response(200, PayoutBatchOut)
def cancel(reason_in: dict[str, Any], number: str):
    """Give up a batch that was not sent; send ``If-Match``."""
    with db.transaction() as session:
        match_version(session, PayoutBatch, queries.visible(session, current_actor(), number).id)
        return commands.cancel(session, current_actor(), number, **reason_in, now=clock.now())


@blueprint.post("/<number>/results")
@requires(Permission.PAYOUT_PREPARE)
@blueprint.arguments(PayoutResultsIn)
@blueprint.response(200, PayoutBatchOut)
def take_results(results_in: dict[str, Any], number: str):
    """Take the bank's answer: each line confirms or returns one payout; send ``If-Match``."""
    results = sheets.read_results(results_in["content"])
    with db.transaction() as session:
        match_version(session, PayoutBatch, queries.visible(session, current_actor(), number).id)
        return commands.take_results(session, current_actor(), number, results=results, now=clock.now())
