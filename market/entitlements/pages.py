"""Entitlements for people: what is left, until when, and how a program uses it."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from flask import Blueprint, current_app, render_template, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session

from kernel import clock, db
from kernel.http import current_actor, page, policy_book, requires
from kernel.identity import Permission
from market.delivery import queries as delivery
from market.entitlements import queries
from market.entitlements.model import Entitlement
from market.gateways import queries as gateways
from market.orders.model import Order
from registry.parties.model import Party
from registry.products.model import Product

blueprint = Blueprint("entitlement_pages", __name__, template_folder="../templates")
USED = "huiyi_used"
Used = Callable[[Session, UUID], int]


@blueprint.get("/entitlements")
@requires(Permission.ENTITLEMENT_READ)
def browse() -> str:
    """List entitlements with what is left of each."""
    session, now = db.session(), clock.now()
    found = page(session, queries.listed(current_actor()), Entitlement, newest_first=True)
    rows = [
        {
            "entitlement": one, "product": session.get_one(Product, one.product_id),
            "buyer": session.get_one(Party, one.buyer_id), "used": _used(session, one),
            "holds": queries.holds(session, one, now, book=policy_book()),
        }
        for one in found["items"]
    ]  # fmt: skip
    return render_template("market/entitlements/list.html", rows=rows, next_cursor=found["next_cursor"])


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
