"""What was used on each day of a month, as a plot and as a table."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request
from flask_babel import gettext

from kernel import clock, db, plots
from kernel.calendar import DAY, Period
from kernel.http import current_actor, requires
from kernel.identity import Permission
from market.entitlements import queries as entitlements
from market.entitlements.model import Entitlement
from registry.products.model import Product
from settlement.metering import queries
from settlement.metering.queries import Day

blueprint = Blueprint("usage_pages", __name__, template_folder="../templates")
NOTHING = Day(0, 0, 0)


@blueprint.get("/entitlements/<number>/usage")
@requires(Permission.ENTITLEMENT_READ)
def show(number: str) -> str:
    """Show the use of an entitlement day by day."""
    session, held, month = db.session(), _held(number), _month()
    days = queries.by_day(session, held.id, month)
    return render_template(
        "settlement/metering/usage.html", held=held, product=session.get_one(Product, held.product_id), month=month,
        days=sorted(days.items(), reverse=True), used=queries.used_of(session, held.id),
        calls=sum(one.calls for one in days.values()), hits=sum(one.hits for one in days.values()),
        units=sum(one.units for one in days.values()),
        earlier=Period.month_of(month.start - DAY) if month.start > held.valid_from else None,
        later=Period.month_of(month.end) if month.end <= min(clock.today(), held.valid_until) else None,
    )  # fmt: skip


@blueprint.get("/entitlements/<number>/usage.svg")
@requires(Permission.ENTITLEMENT_READ)
def plot(number: str) -> Response:
    """Draw the calls of each day of a month."""
    held, month = _held(number), _month()
    days = queries.by_day(db.session(), held.id, month)
    shown = [days.get(day, NOTHING) for day in month]
    series = {gettext("查得"): [one.hits for one in shown], gettext("未查得"): [one.calls - one.hits for one in shown]}
    title = gettext("%(number)s 在 %(month)s 的每日调用", number=held.number, month=month.text())
    drawn = plots.bars(title, [str(day.day) for day in month], series, unit=gettext("次"))
    return Response(drawn, mimetype="image/svg+xml")


def _held(number: str) -> Entitlement:
    return entitlements.visible(db.session(), current_actor(), number)


def _month() -> Period:
    asked = request.args.get("month")
    return Period.month(asked) if asked else Period.month_of(clock.today())
