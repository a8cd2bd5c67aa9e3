"""The feed of a search, newest first: the address of the catalogue with the same words and filters."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext

from kernel import clock, db
from kernel.calendar import start_of_day
from kernel.http import policy_book, public
from market.catalogue import queries
from market.catalogue.pages import wanted
from market.feeds.rules import Item, atom
from market.search.rules import Sort

blueprint = Blueprint("feed_pages", __name__)

ITEMS = 50


@blueprint.get("/catalogue/feed.atom")
@public
def newest() -> Response:
    """Give what was offered last and fits the search, as an Atom feed."""
    now = clock.now()
    asked = replace(wanted(), sort=Sort.NEWEST)
    found = queries.find(db.session(), asked, now=now, book=policy_book(), limit=ITEMS)
    title = gettext("惠益产品目录") + (f"：{asked.q}" if asked.q else "")
    kept: dict[str, Any] = {
        name: request.args.getlist(name) for name in request.args if name not in ("cursor", "limit", "sort")
    }
    here, page = (url_for(name, _external=True, **kept) for name in ("feed_pages.newest", "catalogue_pages.search"))
    items = [_item(entry) for entry in found.entries]
    content = atom(identity=here, title=title, address=here, page=page, items=items, updated=now)
    return Response(content, content_type="application/atom+xml; charset=utf-8")


def _item(entry: queries.Entry) -> Item:
    listing = entry.listing
    assert listing.product is not None
    assert listing.seller is not None
    priced = max((price.effective_from for price in entry.prices), default=None)
    since = listing.created_at if priced is None else max(listing.created_at, start_of_day(priced))
    return Item(
        identity=listing.id.urn, title=listing.title, author=listing.seller.name, summary=listing.summary,
        address=url_for("catalogue_pages.product", code=listing.product.code, _external=True),
        categories=(listing.place, listing.product.domain, listing.product.scenario),
        published=listing.created_at, updated=since,
    )  # fmt: skip
