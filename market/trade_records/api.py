"""Trade records for programs."""

from __future__ import annotations

from flask import Response

from kernel import clock, db
from kernel.http import ApiBlueprint, attachment, current_actor, page, policy_book, requires
from kernel.identity import Permission
from market.orders.model import Order
from market.trade_records import queries
from market.trade_records.schemas import TradeRecordOut, TradeRecordPageOut
from market.trade_records.sheets import workbook

blueprint = ApiBlueprint("trade_records", __name__, url_prefix="/api/v1", description="交易记录 · records of trades")


@blueprint.get("/trade-records")
@requires(Permission.ORDER_READ)
@blueprint.response(200, TradeRecordPageOut)
def browse():
    """List the records of your own trades, newest first; authorities and auditors read those of their places."""
    session = db.session()
    found = page(session, queries.listed(current_actor()), Order, newest_first=True)
    return {**found, "items": list(queries.records(session, found["items"], on=clock.today(), book=policy_book()))}


@blueprint.get("/trade-records/export")
@requires(Permission.ORDER_READ)
@blueprint.response(200, description="文件")
def export() -> Response:
    """Download the records of your own trades as a spreadsheet, the newest 10,000."""
    found = queries.exported(db.session(), current_actor(), on=clock.today(), book=policy_book())
    return attachment(workbook(found), f"trade-records-{clock.today()}.xlsx")


@blueprint.get("/orders/<number>/record")
@requires(Permission.ORDER_READ)
@blueprint.response(200, TradeRecordOut)
def show(number: str):
    """Read what is kept of one trade."""
    return queries.record(db.session(), current_actor(), number, on=clock.today(), book=policy_book())
