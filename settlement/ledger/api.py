"""The journal for programs: read only."""

from __future__ import annotations

from typing import Any

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, requires
from kernel.identity import Permission
from kernel.money import total
from settlement.ledger import queries
from settlement.ledger.schemas import EntriesOut, LedgerArgs, TrialBalanceOut

blueprint = ApiBlueprint("ledger", __name__, url_prefix="/api/v1/ledger", description="凭证与试算平衡 · the journal")
ENTRIES_MAX = 1000


@blueprint.get("/entries")
@requires(Permission.LEDGER_READ)
@blueprint.arguments(LedgerArgs, location="query")
@blueprint.response(200, EntriesOut)
def entries(args: dict[str, Any]):
    """List the vouchers of a place, at most 1000: narrow the dates for more."""
    current_actor().must(Permission.LEDGER_READ, place=args["place"])
    start, end = queries.dates_of(args.get("start"), args.get("end"), today=clock.today())
    return {"items": queries.entries(db.session(), place=args["place"], start=start, end=end, limit=ENTRIES_MAX)}


@blueprint.get("/trial-balance")
@requires(Permission.LEDGER_READ)
@blueprint.arguments(LedgerArgs(only=("place",)), location="query")
@blueprint.response(200, TrialBalanceOut)
def trial_balance(args: dict[str, Any]):
    """Show every account of a place with its balance."""
    current_actor().must(Permission.LEDGER_READ, place=args["place"])
    rows = queries.trial_balance(db.session(), place=args["place"])
    items = [{"account": account, "amount": amount} for account, amount in rows]
    return {"place": args["place"], "sum": total(amount for _, amount in rows), "items": items}
