"""Yearly assessments for people: what is due, one year with its explanation, plot and adjustments."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, Response, render_template
from flask_babel import gettext
from flask_babel import lazy_gettext as _

from kernel import clock, db, plots
from kernel.calendar import Period
from kernel.http import attachment, current_actor, page, policy_book, requires
from kernel.identity import Permission
from kernel.money import ZERO, Money
from pricing.adjustments import queries as adjustments
from pricing.adjustments.pages import STATE_WORDS
from pricing.assessments import queries
from pricing.assessments.model import Assessment
from pricing.assessments.rules import Action, Basis, share_text
from pricing.assessments.sheets import workbook
from pricing.costs.pages import UNIT_WORDS
from pricing.headroom import queries as headroom
from registry.agreements import queries as agreements
from registry.agreements.model import Agreement
from registry.products.model import Product

blueprint = Blueprint("assessment_pages", __name__, template_folder="../templates")
ACTION_WORDS = {
    Action.NONE: _("无须调整"),
    Action.ADJUST_PRICES: _("由授权主体指导运营机构调整具体收费标准"),
    Action.ADJUST_CAPS: _("由授权主体调整上限收费标准"),
}
BASIS_WORDS = {Basis.NET_OF_TAX: _("不含税"), Basis.WITH_TAX: _("含税")}


@blueprint.get("/pricing/assessments")
@requires(Permission.COST_READ)
def browse() -> str:
    """Show the years that wait for their assessment, open alarms, and every assessment within one's scope."""
    session, actor, today = db.session(), current_actor(), clock.today()
    found = page(session, queries.visible(actor), Assessment, newest_first=True)
    named = sa.select(Agreement).where(Agreement.id.in_([one.agreement_id for one in found["items"]]))
    return render_template(
        "pricing/assessments/list.html", found=found, due=queries.due(session, actor, policy_book(), today),
        today=today, alarms=headroom.open_alarms(session, actor, today), share_text=share_text,
        agreements={one.id: one for one in session.scalars(named)}, action_titles=ACTION_WORDS,
        may_assess=actor.may(Permission.ASSESSMENT_WRITE),
    )  # fmt: skip


@blueprint.get("/pricing/assessments/<uuid:assessment_id>")
@requires(Permission.COST_READ)
def show(assessment_id: UUID) -> str:
    """Show how the result of a year came about, what follows, and how far that has come."""
    session, actor = db.session(), current_actor()
    found = queries.get(session, actor, assessment_id)
    agreement = agreements.get(session, found.agreement_id)
    newest = queries.latest(session, found.agreement_id, found.year)
    changes = adjustments.of_assessment(session, found.id)
    products = sa.select(Product).where(Product.id.in_([one.product_id for one in changes]))
    return render_template(
        "pricing/assessments/assessment.html", assessment=found, agreement=agreement, tree=queries.explained(found),
        share=share_text(found.permitted, found.actual), periods=_periods(found), is_intact=queries.is_intact(found),
        newest=newest if newest is not None and newest.id != found.id else None, adjustments=changes,
        products={one.id: one for one in session.scalars(products)}, state_titles=STATE_WORDS, unit_titles=UNIT_WORDS,
        action_titles=ACTION_WORDS, basis_titles=BASIS_WORDS, tax_is_inside=queries.tax_is_inside(found),
        may_assess=actor.may(Permission.ASSESSMENT_WRITE, place=found.place), today=clock.today(),
    )  # fmt: skip


@blueprint.get("/pricing/assessments/<uuid:assessment_id>/revenue.svg")
@requires(Permission.COST_READ)
def plot(assessment_id: UUID) -> Response:
    """Draw the revenue of the year as it grew, below or above the permitted revenue."""
    found = queries.get(db.session(), current_actor(), assessment_id)
    points = [(period.last_day, Decimal(grown.text())) for period, _, grown in _periods(found)]
    drawn = plots.lines(
        gettext("%(year)s 年累计收入", year=found.year), [plots.Line(gettext("累计实际收入"), points)],
        unit=gettext("元"), limits={gettext("最高准许收入"): Decimal(found.permitted.text())},
    )  # fmt: skip
    return Response(drawn, mimetype="image/svg+xml")


@blueprint.get("/pricing/assessments/<uuid:assessment_id>.xlsx")
@requires(Permission.COST_READ)
def sheet(assessment_id: UUID) -> Response:
    """Hand out the assessment as a workbook."""
    found = queries.get(db.session(), current_actor(), assessment_id)
    content = workbook(found, adjustments.of_assessment(db.session(), found.id))
    return attachment(content, f"{found.number}.xlsx")


def _periods(found: Assessment) -> list[tuple[Period, Money, Money]]:
    """Return each settled period of the year with its revenue and the sum so far."""
    grown, shown = ZERO, []
    for period, amount in queries.revenue_of(found).by_period(found.basis).items():
        grown += amount
        shown.append((period, amount, grown))
    return shown
