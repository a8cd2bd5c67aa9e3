"""The journal for people: trial balance and vouchers of one place."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from kernel import clock, db
from kernel.http import current_actor, policy_book, requires
from kernel.identity import Permission
from kernel.json_body import in_query
from kernel.money import total
from settlement.ledger import checks, queries
from settlement.ledger.schemas import AccountArgs

blueprint = Blueprint("ledger_pages", __name__, template_folder="../templates")
ENTRIES_SHOWN = 200


@blueprint.get("/ledger")
@requires(Permission.LEDGER_READ)
def show() -> str:
    """Show the books of a place: the one asked for, or the first that the actor may read."""
    actor, session = current_actor(), db.session()
    places = [place for place in policy_book().places() if actor.may(Permission.LEDGER_READ, place=place)]
    place = request.args.get("place") or (places[0] if places else "")
    actor.must(Permission.LEDGER_READ, place=place)
    start, end = queries.dates_of(None, None, today=clock.today())
    rows = queries.trial_balance(session, place=place)
    return render_template(
        "settlement/ledger/show.html", place=place, places=places, rows=rows, sum=total(amount for _, amount in rows),
        booked=queries.entries(session, place=place, start=start, end=end, limit=ENTRIES_SHOWN),
        findings=checks.run(session), titles={key: policy_book().place(key).title for key in places},
        today=clock.today(), separate=queries.separate_accounts(session, place=place),
        uncleared=queries.uncleared(session, place=place, day=clock.today()),
    )  # fmt: skip


@blueprint.get("/ledger/account")
@requires(Permission.LEDGER_READ)
def account() -> str:
    """Show one account with its balance at the end of any day, rebuilt from its entries."""
    form = in_query(AccountArgs)
    current_actor().must(Permission.LEDGER_READ, place=form["place"])
    day = form.get("day") or clock.today()
    rows, standing = queries.movements(
        db.session(), form["account"], place=form["place"], as_of=queries.AsOf(day=day), limit=ENTRIES_SHOWN
    )
    return render_template(
        "settlement/ledger/account.html", place=form["place"], account=form["account"], as_of=day, rows=rows,
        balance=standing, voucher=queries.voucher_of,
    )  # fmt: skip
