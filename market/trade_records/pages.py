"""Trade records for people."""

from __future__ import annotations

from flask import Blueprint, Response, render_template

from kernel import clock, db
from kernel.http import attachment, current_actor, page, policy_book, requires
from kernel.identity import Permission
from market.orders.model import Order
from market.trade_records import queries
from market.trade_records.rules import FIELD_TITLES, STANDARD
from market.trade_records.sheets import workbook

blueprint = Blueprint("trade_record_pages", __name__, template_folder="../templates")


@blueprint.get("/trade-records")
@requires(Permission.ORDER_READ)
def browse() -> str:
    """List the records of your own trades."""
    session = db.session()
    found = page(session, queries.listed(current_actor()), Order, newest_first=True)
    records = queries.records(session, found["items"], on=clock.today(), book=policy_book())
    return render_template("market/trade_records/list.html", found=found, records=records, standard=STANDARD)


@blueprint.get("/trade-records.xlsx")
@requires(Permission.ORDER_READ)
def export() -> Response:
    """Hand the records out as a spreadsheet."""
    found = queries.exported(db.session(), current_actor(), on=clock.today(), book=policy_book())
    return attachment(workbook(found), f"trade-records-{clock.today()}.xlsx")


@blueprint.get("/orders/<number>/record")
@requires(Permission.ORDER_READ)
def show(number: str) -> str:
    """Show what is kept of one trade."""
    found = queries.record(db.session(), current_actor(), number, on=clock.today(), book=policy_book())
    return render_template(
        "market/trade_records/record.html", record=found, titles=FIELD_TITLES, standard=STANDARD
    )  # fmt: skip
