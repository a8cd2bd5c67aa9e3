"""Revenue so far for people: a year by product and month, a plot, a workbook, and what is still to come."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask import Blueprint, Response, abort, render_template, request
from flask_babel import gettext

from kernel import clock, db, plots
from kernel.calendar import Period
from kernel.http import attachment, current_actor, policy_book, requires
from kernel.identity import Permission
from settlement.takings import queries, sheets
from settlement.takings.rules import by_month, by_product, summed
from settlement.takings.schemas import YEAR_MAX, YEAR_MIN

blueprint = Blueprint("taking_pages", __name__, template_folder="../templates")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@blueprint.get("/takings")
@requires(Permission.TAKINGS_READ)
def show() -> str:
    """Show a year of your organisation; what is still to come is worked out on demand."""
    session, orgs, year = db.session(), queries.own(current_actor()), _year()
    rows = queries.takings(session, orgs, Period.year(year))
    expected = None
    if request.args.get("expected") == "yes":
        expected = queries.expected(session, orgs, now=clock.now(), book=policy_book())
    return render_template(
        "settlement/takings/show.html", year=year, this_year=clock.today().year, rows=rows, total=summed(rows),
        products=by_product(rows), unearned=queries.unearned_of(session, orgs), expected=expected,
        expected_total=summed(expected.rows) if expected else None,
    )  # fmt: skip


@blueprint.get("/takings.svg")
@requires(Permission.TAKINGS_READ)
def plot() -> Response:
    """Draw what was kept of the payments of each month of a year, and what was settled: refunds are no income."""
    year = _year()
    months = by_month(queries.takings(db.session(), queries.own(current_actor()), Period.year(year)))
    series: dict[str, Any] = {
        gettext("净收款（扣除退款）"): [Decimal(one.kept.text()) for one in months],
        gettext("已结算（含税）"): [Decimal(one.gross.text()) for one in months],
        gettext("本单位分得"): [Decimal(one.share.text()) for one in months],
    }
    title = gettext("%(year)s 年各月收入", year=year)
    return Response(plots.bars(title, [one.month for one in months], series, unit=gettext("元")),
                    mimetype="image/svg+xml")  # fmt: skip


@blueprint.get("/takings.xlsx")
@requires(Permission.TAKINGS_READ)
def workbook() -> Response:
    """Give a year as a workbook."""
    year = _year()
    rows = queries.takings(db.session(), queries.own(current_actor()), Period.year(year))
    return attachment(sheets.workbook(rows, year), f"takings-{year}.xlsx", XLSX)


def _year() -> int:
    asked = request.args.get("year", str(clock.today().year))
    if not (asked.isascii() and asked.isdigit() and YEAR_MIN <= int(asked) <= YEAR_MAX):
        abort(404)
    return int(asked)
