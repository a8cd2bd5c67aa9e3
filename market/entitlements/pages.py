"""Entitlements for people: what is left, until when, and how a program uses it."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from flask import Blueprint, Response, current_app, render_template, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy.orm import Session

from kernel import clock, db, lists
from kernel.http import current_actor, policy_book, requires
from kernel.identity import Permission
from kernel.lists import Column, Kind
from market.delivery import queries as delivery
from market.entitlements import queries
from market.entitlements.model import Entitlement
from market.gateways import queries as gateways
from market.orders.model import Order
from market.orders.queries import BUYER, with_names
from registry.parties.model import Party
from registry.products.model import Product

blueprint = Blueprint("entitlement_pages", __name__, template_folder="../templates")
USED = "huiyi_used"
Used = Callable[[Session, UUID], int]


@blueprint.get("/entitlements")
@requires(Permission.ENTITLEMENT_READ)
def browse() -> Response | str:
    """List entitlements with what is left of each; sorted, filtered and exported as asked for."""
    session, now = db.session(), clock.now()
    found, query = lists.asked_for("entitlements", gettext("使用权"), _columns()), queries.listed(current_actor())
    if found.is_download:
        return found.export(session, with_names(query), Entitlement)
    found.read(session, with_names(query), Entitlement)
    rows = [
        {
            "entitlement": one, "product": session.get_one(Product, one.product_id),
            "buyer": session.get_one(Party, one.buyer_id), "used": _used(session, one),
            "holds": queries.holds(session, one, now, book=policy_book()),
        }
        for one in found.items
    ]  # fmt: skip
    found.items = rows
    return render_template("market/entitlements/list.html", found=found)


def _columns() -> list[Column]:
    return [
        Column("number", _("编号"), Entitlement.number, is_filter=True),
        Column("product", _("产品"), Product.title, is_filter=True),
        Column("buyer", _("购买方"), BUYER.name, is_filter=True),
        Column("scenario", _("用途和场景"), Entitlement.scenario, is_filter=True),
        Column("quota", _("额度"), Entitlement.quota, Kind.COUNT, is_sorted=False),
        Column("valid_from", _("起始日"), Entitlement.valid_from, Kind.DAY),
        Column("valid_until", _("截止日"), Entitlement.valid_until, Kind.DAY, is_filter=True),
    ]


@blueprint.get("/entitlements/<number>")
@requires(Permission.ENTITLEMENT_READ)
def show(number: str) -> str:
    """Show one entitlement: allowance, term, what it rests on, and a call that uses it."""
    session, now, actor = db.session(), clock.now(), current_actor()
    found = queries.visible(session, actor, number)
    product = session.get_one(Product, found.product_id)
    closed = queries.closed(session, found, now, book=policy_book())
    exchange = url_for("catalogue_pages.search", _external=True).removesuffix("/catalogue") + "/exchange/v1"
    return render_template(
        "market/entitlements/entitlement.html", entitlement=found, product=product, used=_used(session, found),
        order=session.get_one(Order, found.order_id), buyer=session.get_one(Party, found.buyer_id),
        holds=queries.holds(session, found, now, book=policy_book()),
        gates=[{"name": gettext(title), "open": name not in closed} for name, title in queries.TITLES.items()],
        has_data=delivery.current(session, found.version_id) is not None
        or gateways.current(session, product.id) is not None,
        is_own=actor.org_id == found.buyer_id and actor.may(Permission.EXCHANGE_CALL), today=clock.today(),
        files=delivery.files_within(session, found.version_id, found.valid_from, found.valid_until),
        exchange=exchange, address=f"{exchange}/products/{product.code}/records/",
    )  # fmt: skip


def _used(session: Session, found: Entitlement) -> int | None:
    """Return what was used; metering lies on a higher floor, so the application hands the reader in."""
    reader: Used | None = current_app.extensions.get(USED)
    return reader(session, found.id) if reader is not None else None
