"""The catalogue for programs."""

from __future__ import annotations

from kernel import clock, db
from kernel.calendar import business_date
from kernel.http import ApiBlueprint, current_actor, page, policy_book, public
from market.catalogue import queries
from market.catalogue.schemas import CatalogueArgs, EntryPageOut, OfferOut
from market.listings.model import Listing

blueprint = ApiBlueprint("catalogue", __name__, url_prefix="/api/v1/catalogue", description="产品目录 · catalogue")
PAGING = ("limit", "cursor")


@blueprint.get("")
@public
@blueprint.arguments(CatalogueArgs, location="query")
@blueprint.response(200, EntryPageOut)
def search(args):
    """Search what is offered now; whatever has a closed gate is not in here."""
    filters = {name: value for name, value in args.items() if name not in PAGING}
    session, now = db.session(), clock.now()
    found = page(session, queries.search(now=now, book=policy_book(), **filters), Listing, newest_first=True)
    return {**found, "items": queries.entries(session, found["items"], business_date(now))}


@blueprint.get("/<code>")
@public
@blueprint.response(200, OfferOut)
def offer(code: str):
    """Read one product with prices, caps, lineage, certificate and gates."""
    return queries.offer(db.session(), current_actor(), code, now=clock.now(), book=policy_book())
