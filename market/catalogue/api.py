"""The catalogue for programs."""

from __future__ import annotations

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, cursor_after, page_position, policy_book, public
from market.catalogue import queries
from market.catalogue.schemas import (
    PAGE,
    CatalogueArgs,
    EntryPageOut,
    FacetsOut,
    InsideOut,
    OfferedVersionOut,
    OfferOut,
    SearchArgs,
)
from market.search.queries import position_of

blueprint = ApiBlueprint("catalogue", __name__, url_prefix="/api/v1/catalogue", description="产品目录 · catalogue")


@blueprint.get("")
@public
@blueprint.arguments(CatalogueArgs, location="query")
@blueprint.response(200, EntryPageOut)
def search(args):
    """Search what is offered now, in characters, pinyin or initials; what has a closed gate is not in here."""
    limit, after = page_position(PAGE)
    position = position_of(after)
    found = queries.find(db.session(), args["asked"], now=clock.now(), book=policy_book(), limit=limit, after=position)
    return {"items": found.entries, "next_cursor": cursor_after(found.more.text) if found.more else None}


@blueprint.get("/facets")
@public
@blueprint.arguments(SearchArgs, location="query")
@blueprint.response(200, FacetsOut)
def facets(args):
    """Count the results of a search by every facet: place, domain, seller, department, form, price and so on."""
    found = queries.facets(db.session(), args["asked"], now=clock.now(), book=policy_book())
    return {
        "count": found.total, "is_partial": found.is_partial,
        "facets": [{"facet": facet, "values": values} for facet, values in found.by_facet().items()],
    }  # fmt: skip


@blueprint.get("/<code>")
@public
@blueprint.response(200, OfferOut)
def offer(code: str):
    """Read one product with prices, caps, lineage, certificate and gates."""
    return queries.offer(db.session(), current_actor(), code, now=clock.now(), book=policy_book())


@blueprint.get("/<code>/inside")
@public
@blueprint.response(200, InsideOut)
def inside(code: str):
    """Read what a buyer wants to look at first: quality of the data, a sample, limits of the use, uses so far."""
    session, book = db.session(), policy_book()
    found = queries.offer(session, current_actor(), code, now=clock.now(), book=book)
    shown = queries.inside(session, found, on=clock.today(), book=book)
    quality = [
        {"resource_code": one.code, "resource_title": one.title, "score": figures.value, "basis": figures.words}
        for one, figures in shown.quality
    ]
    return {"quality": quality, "sample": shown.sample, "is_simulated": shown.is_simulated, "limits": shown.limits,
            "uses": shown.uses}  # fmt: skip


@blueprint.get("/<code>/versions")
@public
@blueprint.response(200, OfferedVersionOut(many=True))
def versions(code: str):
    """Read the versions that passed their review, newest first, each with its differences from the one before."""
    found = queries.offer(db.session(), current_actor(), code, now=clock.now(), book=policy_book())
    return queries.versions(db.session(), found.product)
