"""Prices for programs: they are public; the seller adds to them through ``pricing/parked_prices/api.py``."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa

from kernel import clock, db
from kernel.db import new_id
from kernel.http import ApiBlueprint, current_actor, page, policy_book, public
from pricing.classes import queries as classes
from pricing.price_changes.rules import history
from pricing.tariffs import queries
from pricing.tariffs.model import Tariff
from pricing.tariffs.schemas import (
    PriceArgs,
    PricedOut,
    PriceHistoryOut,
    PriceListArgs,
    PriceListOut,
    TariffArgs,
    TariffOut,
    TariffPageOut,
)
from pricing.value_bases import queries as value_bases
from registry.products import queries as products

blueprint = ApiBlueprint("tariffs", __name__, url_prefix="/api/v1/tariffs", description="具体收费标准 · prices")
prices = ApiBlueprint("prices", __name__, url_prefix="/api/v1/prices", description="收费公示 · price list")
blueprints = [blueprint, prices]


@blueprint.get("")
@public
@blueprint.arguments(TariffArgs, location="query")
@blueprint.response(200, TariffPageOut)
def browse(args):
    """List every price ever published."""
    query = sa.select(Tariff)
    for name in ("place", "product_id"):
        if name in args:
            query = query.where(getattr(Tariff, name) == args[name])
    return page(db.session(), query, Tariff, newest_first=True)


@blueprint.get("/<uuid:tariff_id>")
@public
@blueprint.response(200, TariffOut)
def show(tariff_id: UUID):
    """Read one price."""
    return queries.get(db.session(), tariff_id)


@blueprint.get("/<uuid:tariff_id>/explanation")
@public
@blueprint.doc(
    responses={"200": {"description": "OK", "content": {"application/json": {"schema": {"type": "object"}}}}}
)
def explain(tariff_id: UUID):
    """Say why a price is what it is, down to act and article."""
    session = db.session()
    return queries.explain(session, queries.get(session, tariff_id))


@prices.get("")
@public
@prices.arguments(PriceListArgs, location="query")
@prices.response(200, PriceListOut)
def price_list(args):
    """List the prices in force on a day."""
    on = args.get("on", clock.today())
    return {"on": on, "items": queries.price_list(db.session(), on, place=args.get("place"))}


@prices.get("/<code>/history")
@public
@prices.response(200, PriceHistoryOut)
def price_history(code: str):
    """List past, present and announced prices of a product, with their days, differences, classes and value bases."""
    session, on = db.session(), clock.today()
    product = products.by_code(session, code)
    tariffs = queries.history(session, product.id)
    bases = value_bases.of_tariffs(session, [tariff.id for tariff in tariffs])
    phases = [{"phase": phase, "basis": bases.get(phase.price.id)} for phase in history(tariffs, on)]
    return {"on": on, "items": phases, "classes": classes.published(session, product.id)}


@prices.get("/<code>")
@public
@prices.arguments(PriceArgs, location="query")
@prices.response(200, PricedOut)
def price(args, code: str):
    """Say what a quantity of a product would cost your organisation, and why; nothing is ordered."""
    session, on = db.session(), args.pop("on", clock.today())
    product = products.by_code(session, code)
    return queries.price(
        session, product, buyer_id=current_actor().org_id or new_id(), on=on, book=policy_book(), **args
    )
