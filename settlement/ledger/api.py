"""The journal for programs: read only."""

from __future__ import annotations

from typing import Any

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, cursor_after, page_of, page_position, requires
from kernel.identity import Permission
from kernel.money import total
from settlement.ledger import queries
from settlement.ledger.schemas import (
    BalanceArgs,
    LedgerArgs,
    SeparatesOut,
    TrialBalanceOut,
    UnclearedListOut,
    VoucherOut,
)

blueprint = ApiBlueprint("ledger", __name__, url_prefix="/api/v1/ledger", description="凭证与试算平衡 · the journal")


@blueprint.get("/entries")
@requires(Permission.LEDGER_READ)
@blueprint.arguments(LedgerArgs, location="query")
@blueprint.response(200, page_of(VoucherOut))
def entries(args: dict[str, Any]):
    """List the vouchers of a place in order of their numbers, page by page."""
    current_actor().must(Permission.LEDGER_READ, place=args["place"])
    start, end = queries.dates_of(args.get("start"), args.get("end"), today=clock.today())
    limit, position = page_position()
    year, _, number = (position or "0-0").partition("-")
    found = queries.entries(
        db.session(), place=args["place"], start=start, end=end, limit=limit + 1, after=(int(year), int(number))
    )
    shown = found[:limit]
    last = shown[-1].header if len(found) > limit else None
    return {"items": shown, "next_cursor": cursor_after(f"{last.year}-{last.number}") if last else None}


@blueprint.get("/trial-balance")
@requires(Permission.LEDGER_READ)
@blueprint.arguments(BalanceArgs, location="query")
@blueprint.response(200, TrialBalanceOut)
def trial_balance(args: dict[str, Any]):
    """Show every account of a place with its balance, now or as of a day, a moment or a voucher."""
    current_actor().must(Permission.LEDGER_READ, place=args["place"])
    rows = queries.trial_balance(db.session(), place=args["place"], as_of=_as_of(args))
    items = [{"account": account, "amount": amount} for account, amount in rows]
    return {"place": args["place"], "sum": total(amount for _, amount in rows), "items": items}


@blueprint.get("/separate-accounts")
@requires(Permission.LEDGER_READ)
@blueprint.arguments(BalanceArgs, location="query")
@blueprint.response(200, SeparatesOut)
def separate_accounts(args: dict[str, Any]):
    """Show the balances of every agreement and class of use (PRC-09), now or as of any moment of the past."""
    current_actor().must(Permission.LEDGER_READ, place=args["place"])
    return {"items": queries.separate_accounts(db.session(), place=args["place"], as_of=_as_of(args))}


@blueprint.get("/control-accounts")
@requires(Permission.LEDGER_READ)
@blueprint.arguments(BalanceArgs(only=("place", "day")), location="query")
@blueprint.response(200, UnclearedListOut)
def control_accounts(args: dict[str, Any]):
    """Show what stands on accounts that must clear, the oldest first."""
    current_actor().must(Permission.LEDGER_READ, place=args["place"])
    day = args.get("day") or clock.today()
    return {"items": queries.uncleared(db.session(), place=args["place"], day=day)}


def _as_of(args: dict[str, Any]) -> queries.AsOf:
    voucher = None
    if "voucher" in args:
        prefix, _, number = args["voucher"].rpartition("-")
        voucher = (int(prefix.rpartition("-")[2]), int(number))
    return queries.AsOf(args.get("day"), args.get("moment"), voucher)
