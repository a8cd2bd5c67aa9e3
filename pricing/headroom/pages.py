"""Headroom for people: how much may still be earned this year, with forecast, plot and alarms."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, Response, render_template, request
from flask_babel import gettext

from kernel import clock, db, plots
from kernel.calendar import Period
from kernel.http import attachment, current_actor, page, policy_book, requires
from kernel.identity import Permission
from kernel.money import ZERO, Money, decimal_text
from pricing.headroom import queries
from pricing.headroom.model import HeadroomReading
from pricing.headroom.queries import Headroom
from pricing.headroom.rules import WHOLE, by_period
from pricing.headroom.sheets import workbook
from pricing.policy import PricingPolicy
from registry.agreements import queries as agreements
from registry.agreements.model import Agreement

blueprint = Blueprint("headroom_pages", __name__, template_folder="../templates")


@blueprint.get("/pricing/headroom")
@requires(Permission.COST_READ)
def browse() -> str:
    """Show the newest reading of every agreement of the running year, and the open alarms."""
    session, actor, today = db.session(), current_actor(), clock.today()
    query = queries.newest_only(queries.readings(actor)).where(HeadroomReading.year == today.year)
    found = page(session, query, HeadroomReading)
    named = sa.select(Agreement).where(Agreement.id.in_([one.agreement_id for one in found["items"]]))
    return render_template(
        "pricing/headroom/list.html", found=found, agreements={one.id: one for one in session.scalars(named)},
        standings={one.id: queries.headroom(session, one, policy_book()).whole.standing for one in found["items"]},
        alarms=queries.open_alarms(session, actor, today), year=today.year, decimal_text=decimal_text,
    )  # fmt: skip


@blueprint.get("/pricing/headroom/<uuid:agreement_id>")
@requires(Permission.COST_READ)
def show(agreement_id: UUID) -> str:
    """Show where a year stands: the whole agreement, every product, the forecast and when limits are reached."""
    session, actor = db.session(), current_actor()
    found = _headroom(agreement_id)
    return render_template(
        "pricing/headroom/headroom.html", found=found, agreement=agreements.get(session, agreement_id),
        periods=_grown(found), alarms=queries.alarms_of(session, agreement_id, found.reading.year),
        policy=PricingPolicy.at(policy_book(), found.reading.place, clock.today()), decimal_text=decimal_text,
        may_read=actor.may(Permission.ASSESSMENT_WRITE, place=found.reading.place),
    )  # fmt: skip


@blueprint.get("/pricing/headroom/<uuid:agreement_id>/headroom.svg")
@requires(Permission.COST_READ)
def plot(agreement_id: UUID) -> Response:
    """Draw accrued revenue and its forecast against the permitted revenue and the share that raises an alarm."""
    found = _headroom(agreement_id)
    year, standing = Period.year(found.reading.year), found.whole.standing
    points = [(year.start, Decimal(0))]
    points += [(period.last_day, Decimal(grown.text())) for period, _, grown in _grown(found)]
    drawn = [plots.Line(gettext("累计实际收入"), points)]
    if standing.forecast is not None and points[-1][0] < year.last_day:
        end = Decimal(decimal_text(standing.forecast.expected, 2))
        drawn.append(plots.Line(gettext("预测"), [points[-1], (year.last_day, end)], is_forecast=True))
    limits = {
        gettext("最高准许收入") if reach.share == WHOLE else gettext("预警线"): Decimal(decimal_text(reach.amount, 2))
        for reach in standing.reaches
    }
    title = gettext("%(year)s 年累计收入与最高准许收入", year=found.reading.year)
    return Response(plots.lines(title, drawn, unit=gettext("元"), limits=limits), mimetype="image/svg+xml")


@blueprint.get("/pricing/headroom/<uuid:agreement_id>/headroom.xlsx")
@requires(Permission.COST_READ)
def sheet(agreement_id: UUID) -> Response:
    """Hand out the same numbers as a workbook."""
    found = _headroom(agreement_id)
    return attachment(workbook(found), f"{found.agreement.number}-{found.reading.year}.xlsx")


def _headroom(agreement_id: UUID) -> Headroom:
    year = request.args.get("year", default=clock.today().year, type=int)
    reading = queries.get(db.session(), current_actor(), agreement_id, year)
    return queries.headroom(db.session(), reading, policy_book())


def _grown(found: Headroom) -> list[tuple[Period, Money, Money]]:
    """Return each part of the year with its revenue and the sum so far."""
    grown, shown = ZERO, []
    for period, amount in by_period(found.reading.earned()):
        grown += amount
        shown.append((period, amount, grown))
    return shown
