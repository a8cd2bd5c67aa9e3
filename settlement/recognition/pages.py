"""Recognition for people."""

from __future__ import annotations

from flask import Blueprint, render_template

from kernel import clock, db
from kernel.http import current_actor, requires
from kernel.identity import Permission
from kernel.json_body import in_query
from kernel.money import total
from settlement.recognition import queries
from settlement.recognition.schemas import RecognitionArgs

blueprint = Blueprint("recognition_pages", __name__, template_folder="../templates")
ORDERS_SHOWN = 200


@blueprint.get("/ledger/recognition")
@requires(Permission.LEDGER_READ)
def show() -> str:
    """Show the recognition of every order of a place at the end of a day."""
    args = in_query(RecognitionArgs)
    current_actor().must(Permission.LEDGER_READ, place=args["place"])
    day = args.get("day") or clock.today()
    rows = queries.recognitions(db.session(), place=args["place"], day=day)
    sums = {name: total(getattr(row, name) for row in rows) for name in ("paid", "recognised", "deferred")}
    return render_template("settlement/recognition/show.html", rows=rows[:ORDERS_SHOWN], count=len(rows), sums=sums,
                           place=args["place"], day=day)  # fmt: skip
