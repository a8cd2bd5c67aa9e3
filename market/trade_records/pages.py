"""Trade records for people."""

from __future__ import annotations

from flask import Blueprint, Response, render_template
from flask_babel import gettext
from flask_babel import lazy_gettext as _

from kernel import clock, db, lists
from kernel.http import attachment, current_actor, policy_book, requires
from kernel.identity import Permission
from kernel.lists import Column, Kind
from market.orders.model import Order
from market.orders.queries import BUYER, SELLER, with_names
from market.trade_records import queries
from market.trade_records.rules import FIELD_TITLES, RESULTS, STANDARD
from market.trade_records.sheets import workbook
from registry.products.model import Product

blueprint = Blueprint("trade_record_pages", __name__, template_folder="../templates")


@blueprint.get("/trade-records")
@requires(Permission.ORDER_READ)
def browse() -> Response | str:
    """List the records of your own trades, sorted and filtered as asked for; the spreadsheet has all that is kept."""
    session, on, book = db.session(), clock.today(), policy_book()
    found = lists.asked_for("trade-records", gettext("交易记录"), _columns())
    query = with_names(queries.listed(current_actor()))
    if found.is_download:
        trades = found.whole(session, query, Order)
        return attachment(workbook(queries.records(session, trades, on=on, book=book)), f"trade-records-{on}.xlsx")
    found.read(session, query, Order)
    found.items = list(queries.records(session, found.items, on=on, book=book))
    return render_template("market/trade_records/list.html", found=found, standard=STANDARD)


def _columns() -> list[Column]:
    results = {state: gettext(words) for state, words in RESULTS.items()}
    return [
        Column("number", _("交易唯一标识"), Order.number, is_filter=True),
        Column("time", _("交易时间"), Order.placed_at, Kind.MOMENT, is_filter=True),
        Column("seller", _("供方"), SELLER.name, is_filter=True),
        Column("buyer", _("需方"), BUYER.name, is_filter=True),
        Column("subject", _("交易标的"), Product.title, is_filter=True),
        Column("quantity", gettext("交易量") + " / " + gettext("交付方式"), Order.quantity, Kind.COUNT),
        Column("amount", _("交易金额"), Order.amount, Kind.MONEY, is_filter=True, is_summed=True),
        Column("result", _("交易结果"), Order.state, Kind.CODE, results, tuple(results), is_filter=True),
    ]


@blueprint.get("/orders/<number>/record")
@requires(Permission.ORDER_READ)
def show(number: str) -> str:
    """Show what is kept of one trade."""
    found = queries.record(db.session(), current_actor(), number, on=clock.today(), book=policy_book())
    return render_template(
        "market/trade_records/record.html", record=found, titles=FIELD_TITLES, standard=STANDARD
    )  # fmt: skip
