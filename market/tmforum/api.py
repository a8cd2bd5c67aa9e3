"""Read views of TM Forum: ProductOffering (TMF620), ProductOrder (TMF622), Product (TMF637), version 4.

Lists are plain arrays; ``X-Result-Count`` says how many, and ``Link`` leads to the next page.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Response

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, cursor_after, page, page_position, policy_book, public, requires
from kernel.identity import Permission
from market.catalogue import queries as catalogue
from market.entitlements import queries as entitlements
from market.entitlements.model import Entitlement
from market.interchange.gateway import PAGE, base, page_address
from market.orders import queries as orders
from market.orders.model import Order
from market.search.queries import Wanted, position_of
from market.search.rules import Sort
from market.tmforum import queries, rules
from market.tmforum.schemas import ViewArgs, ViewPageArgs

JSON = "application/json"
blueprint = ApiBlueprint("tmforum", __name__, url_prefix="/api/v1/tmf", description="TM Forum 620, 622, 637")


def _root() -> str:
    return f"{base()}{blueprint.url_prefix}"


def _answer(found: Sequence[dict[str, Any]], fields: str) -> list[dict[str, Any]]:
    wanted = [one.strip() for one in fields.split(",") if one.strip()]
    names = {name for one in found for name in one}
    return [rules.chosen(one, wanted, names) for one in found]


def _list(found: Sequence[dict[str, Any]], fields: str, following: str | None) -> Response:
    answer = Response(rules.written(_answer(found, fields)), content_type=JSON)
    answer.headers["X-Result-Count"] = str(len(found))
    if following is not None:
        answer.headers["Link"] = f'<{following}>; rel="next"'
    return answer


def _one(found: dict[str, Any], fields: str) -> Response:
    return Response(rules.written(_answer([found], fields)[0]), content_type=JSON)


@blueprint.get("/productCatalogManagement/v4/productOffering")
@public
@blueprint.arguments(ViewPageArgs, location="query")
@blueprint.response(200, description="ProductOffering[]", content_type=JSON)
def offerings(args) -> Response:
    """List what is offered now, newest first (TMF620)."""
    limit, after = page_position(PAGE)
    found = catalogue.find(
        db.session(), Wanted(sort=Sort.NEWEST), now=clock.now(), book=policy_book(), limit=limit,
        after=position_of(after),
    )  # fmt: skip
    following = page_address(cursor_after(found.more.text)) if found.more else None
    shown = [rules.offering(one, _root()) for one in queries.offerings(found.entries)]
    return _list(shown, args["fields"], following)


@blueprint.get("/productCatalogManagement/v4/productOffering/<code>")
@public
@blueprint.arguments(ViewArgs, location="query")
@blueprint.response(200, description="ProductOffering", content_type=JSON)
def offering(args, code: str) -> Response:
    """Read one product of the catalogue (TMF620)."""
    found = queries.one_offering(db.session(), current_actor(), code, now=clock.now(), book=policy_book())
    return _one(rules.offering(found, _root()), args["fields"])


@blueprint.get("/productOrderingManagement/v4/productOrder")
@requires(Permission.ORDER_READ)
@blueprint.arguments(ViewPageArgs, location="query")
@blueprint.response(200, description="ProductOrder[]", content_type=JSON)
def product_orders(args) -> Response:
    """List the orders that you placed, sold or watch over, newest first (TMF622)."""
    session = db.session()
    found = page(session, orders.listed(current_actor()), Order, newest_first=True)
    shown = [rules.order(one, _root()) for one in queries.orders(session, found["items"])]
    return _list(shown, args["fields"], page_address(found["next_cursor"]) if found["next_cursor"] else None)


@blueprint.get("/productOrderingManagement/v4/productOrder/<number>")
@requires(Permission.ORDER_READ)
@blueprint.arguments(ViewArgs, location="query")
@blueprint.response(200, description="ProductOrder", content_type=JSON)
def product_order(args, number: str) -> Response:
    """Read one order (TMF622)."""
    session = db.session()
    found = orders.visible(session, current_actor(), number)
    return _one(rules.order(queries.orders(session, [found])[0], _root()), args["fields"])


@blueprint.get("/productInventory/v4/product")
@requires(Permission.ENTITLEMENT_READ)
@blueprint.arguments(ViewPageArgs, location="query")
@blueprint.response(200, description="Product[]", content_type=JSON)
def products(args) -> Response:
    """List what was bought and whether it may be used now, newest first (TMF637)."""
    session, now = db.session(), clock.now()
    found = page(session, entitlements.listed(current_actor()), Entitlement, newest_first=True)
    views = queries.held(session, found["items"], now=now, book=policy_book())
    shown = [rules.held(one, _root(), clock.today()) for one in views]
    return _list(shown, args["fields"], page_address(found["next_cursor"]) if found["next_cursor"] else None)


@blueprint.get("/productInventory/v4/product/<number>")
@requires(Permission.ENTITLEMENT_READ)
@blueprint.arguments(ViewArgs, location="query")
@blueprint.response(200, description="Product", content_type=JSON)
def product(args, number: str) -> Response:
    """Read one thing that was bought (TMF637)."""
    session = db.session()
    found = entitlements.visible(session, current_actor(), number)
    view = queries.held(session, [found], now=clock.now(), book=policy_book())[0]
    return _one(rules.held(view, _root(), clock.today()), args["fields"])
