"""Equal prices for people: every deviation on a day with its published rule, and those that have none."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, render_template, request
from flask_babel import lazy_gettext as _

from kernel import clock, db
from kernel.http import requires
from kernel.identity import Permission
from pricing.equal_prices import queries
from pricing.equal_prices.rules import DealKind, FindingKind, unequal

blueprint = Blueprint("equal_price_pages", __name__, template_folder="../templates")
KIND_WORDS = {
    DealKind.LIST: _("收费标准"),
    DealKind.CLASS: _("用户类别价格"),
    DealKind.GRADE: _("贡献等级系数"),
    DealKind.NEGOTIATED: _("面议价格"),
    DealKind.SALE: _("成交价格"),
}
FINDING_WORDS = {FindingKind.UNEQUAL: _("同类不同价"), FindingKind.RULE_MISSING: _("没有公布的规则")}


@blueprint.get("/pricing/equal-prices")
@requires(Permission.PRICE_TRY)
def show() -> str:
    """Show what deviates on a day, and every deviation that a published rule covers."""
    try:
        on = date.fromisoformat(request.args.get("on", ""))
    except ValueError:
        on = clock.today()
    place = request.args.get("place") or None
    session = db.session()
    every = queries.deals(session, on, place=place)
    return render_template(
        "pricing/equal_prices/show.html", on=on, findings=unequal(every), kind_titles=KIND_WORDS,
        finding_titles=FINDING_WORDS, covered=[deal for deal in every if deal.rule],
    )  # fmt: skip
