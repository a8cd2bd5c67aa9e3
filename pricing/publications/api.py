"""The price list for programs: open, in pages, and the same for ever once its day is over."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Any

from flask import Response, after_this_request, request

from kernel import clock, db
from kernel.db import to_json
from kernel.http import ApiBlueprint, page, public
from pricing.ceilings.model import FeeCap
from pricing.publications import queries
from pricing.publications.queries import Wanted
from pricing.publications.schemas import (
    DayArgs,
    ListArgs,
    ListedPricePageOut,
    ProductPricesOut,
    ReportedCapPageOut,
    SellerPricesOut,
)
from pricing.tariffs.model import Tariff

blueprint = ApiBlueprint(
    "price_list", __name__, url_prefix="/api/v1/price-list", description="收费公示与历史 · price list and its history"
)
MINUTES_SECONDS = 300  # what is in force may change during the day
DAY_SECONDS = 86_400  # a day that is over does not


@blueprint.get("")
@public
@blueprint.arguments(ListArgs, location="query")
@blueprint.response(200, ListedPricePageOut)
def browse(args):
    """Read the prices in force on a day, with caps, headroom and documents."""
    session, wanted = db.session(), asked(args)
    found = page(session, queries.listed(wanted), Tariff)
    _cacheable(wanted.on)
    return {**found, "items": queries.rows(session, found["items"], wanted.on)}


@blueprint.get("/caps")
@public
@blueprint.arguments(ListArgs, location="query")
@blueprint.response(200, ReportedCapPageOut)
def browse_caps(args):
    """Read every cap with number, date and recipients of its written report."""
    session, wanted = db.session(), asked(args)
    found = page(session, queries.caps_listed(wanted), FeeCap, newest_first=True)
    _cacheable(wanted.on)
    pairs = queries.caps_with_products(session, found["items"])
    return {**found, "items": [{"cap": cap, "product": product} for cap, product in pairs]}


@blueprint.get("/products/<code>")
@public
@blueprint.arguments(DayArgs, location="query")
@blueprint.response(200, ProductPricesOut)
def of_product(args, code: str):
    """Read all prices and caps of a product: former, present and announced."""
    on = args.get("on", clock.today())
    product, entries = queries.of_product(db.session(), code, on)
    _cacheable(on)
    return {"product": product, "on": on, "entries": entries}


@blueprint.get("/sellers/<uscc>")
@public
@blueprint.arguments(DayArgs, location="query")
@blueprint.response(200, SellerPricesOut)
def of_seller(args, uscc: str):
    """Read all prices and caps of a seller's products."""
    on = args.get("on", clock.today())
    party, entries = queries.of_seller(db.session(), uscc, on)
    _cacheable(on)
    return {"party": party, "on": on, "entries": entries}


def asked(args: dict[str, Any]) -> Wanted:
    """Return what the query string asks for."""
    named = {name: value for name, value in args.items() if name not in ("limit", "cursor", "on")}
    return Wanted(args.get("on", clock.today()), **named)


def _cacheable(on: date) -> None:
    """Let the answer be kept for a while, and be asked for again by its content."""

    @after_this_request
    def keep(response: Response) -> Response:
        if response.status_code == 200:
            body = {name: value for name, value in response.get_json().items() if name != "next_cursor"}
            response.set_etag(hashlib.sha256(to_json(body).encode()).hexdigest())
            response.cache_control.public = True
            response.cache_control.max_age = DAY_SECONDS if on < clock.today() else MINUTES_SECONDS
            response.make_conditional(request)
        return response
