"""Equal price for equal product, unit and class (SEP-03), over what is published and what was sold on a day.

Prices are pricing's, sales are the market's; they meet here, and each reader is shown the sales within its scope.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, render_template, request
from flask_babel import lazy_gettext as _
from sqlalchemy.orm import Session

from kernel import clock, db
from kernel.calendar import DAY, start_of_day
from kernel.http import ApiBlueprint, current_actor, requires
from kernel.identity import Actor, Permission
from kernel.money import fraction
from market.orders.model import Order, Quote
from market.orders.queries import in_scope
from pricing.equal_prices import checks, queries
from pricing.equal_prices.queries import written
from pricing.equal_prices.rules import Deal, DealKind, EqualFinding, FindingKind
from pricing.equal_prices.schemas import EqualFindingListOut, EqualPriceArgs
from pricing.tariffs.model import Tariff
from pricing.tariffs.rules import PriceReason, TariffModel, rate
from registry.products.model import Product

api = ApiBlueprint("equal_prices", __name__, url_prefix="/api/v1/equal-prices", description="同质同价 · equal prices")
blueprint = Blueprint("equal_price_pages", __name__)
CHARGED = (PriceReason.TARIFF, PriceReason.NEGOTIATED)
KIND_WORDS = {
    DealKind.LIST: _("收费标准"),
    DealKind.CLASS: _("用户类别价格"),
    DealKind.GRADE: _("贡献等级系数"),
    DealKind.NEGOTIATED: _("面议价格"),
    DealKind.SALE: _("成交价格"),
}
FINDING_WORDS = {FindingKind.UNEQUAL: _("同类不同价"), FindingKind.RULE_MISSING: _("没有公布的规则")}


def sales(
    session: Session, on: date, *, place: str | None = None, visible: sa.ColumnElement[bool] | None = None
) -> list[Deal]:
    """Return at what price each order of a day was charged, with the published rule of its deviation."""
    if on in (date.min, date.max):
        return []  # these days have no neighbour, and nobody sold on them
    query = (
        sa.select(Order, Product.code, Tariff, Quote.inputs)
        .join(Product, Product.id == Order.product_id)
        .join(Tariff, Tariff.id == Order.tariff_id)
        .join(Quote, Quote.id == Order.quote_id)
        .where(Order.reason.in_(CHARGED), Order.placed_at >= start_of_day(on), Order.placed_at < start_of_day(on + DAY))
        .order_by(Order.number)
    )
    if place is not None:
        query = query.where(Order.place == place)
    if visible is not None:
        query = query.where(visible)
    return [_sale(order, code, tariff, kept or {}, on) for order, code, tariff, kept in session.execute(query)]


def _sale(order: Order, code: str, tariff: Tariff, kept: dict[str, Any], on: date) -> Deal:
    """Write the price of an order as the way of charging that gives its amount, else as the amount itself."""
    agreed = kept.get("agreed") if order.reason is PriceReason.NEGOTIATED else None
    model = agreed["model"] if agreed else tariff.model
    due = rate(TariffModel.from_dict(model), fraction(order.quantity), grade=kept.get("grade")).amount
    return Deal(
        DealKind.SALE, order.number, code, tariff.charge_unit.value, tariff.subject_kind, tariff.buyer_class, on,
        written(model) if order.amount == due else f"¥ {order.amount.text()} / {order.quantity}",
        agreed["rule"] if agreed and order.amount == due else None,
    )  # fmt: skip


def findings(
    session: Session, on: date, *, place: str | None = None, reader: Actor | None = None
) -> list[EqualFinding]:
    """Return what deviates on a day among prices and sales: all of them, or those that the reader may see."""
    visible = None if reader is None else in_scope(reader)
    sold = sales(session, on, place=place, visible=visible)
    return checks.run(session, on=on, place=place, sales=sold, reader=reader)


@api.get("")
@requires(Permission.PRICE_TRY)
@api.arguments(EqualPriceArgs, location="query")
@api.response(200, EqualFindingListOut)
def browse(args):
    """List what deviates from equal price for equal product, unit and class on a day."""
    on = args.get("on", clock.today())
    return {"on": on, "items": findings(db.session(), on, place=args.get("place"), reader=current_actor())}


@blueprint.get("/pricing/equal-prices")
@requires(Permission.PRICE_TRY)
def show() -> str:
    """Show what deviates on a day, and every deviation that a published rule covers."""
    try:
        on = date.fromisoformat(request.args.get("on", ""))
    except ValueError:
        on = clock.today()
    session, place = db.session(), request.args.get("place") or None
    actor = current_actor()
    sold = sales(session, on, place=place, visible=in_scope(actor))
    covered = [deal for deal in (*queries.deals(session, on, place=place, reader=actor), *sold) if deal.rule]
    findings = checks.run(session, on=on, place=place, sales=sold, reader=actor)
    codes = {one.product for one in findings} | {one.product for one in covered}
    named = sa.select(Product.code, Product.title).where(Product.code.in_(codes))
    return render_template(
        "pricing/equal_prices/show.html", on=on, findings=findings,
        products={row.code: row.title for row in session.execute(named)},
        kind_titles=KIND_WORDS, finding_titles=FINDING_WORDS, covered=covered,
    )  # fmt: skip
