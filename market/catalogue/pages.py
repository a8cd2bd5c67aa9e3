"""The catalogue and the page of one product, for people."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask_babel import get_locale, gettext

from kernel import clock, db
from kernel.calendar import business_date
from kernel.http import current_actor, page, policy_book, public
from kernel.identity import Permission
from market.catalogue import queries
from market.catalogue.schemas import QUERY_LENGTH_MAX
from market.listings.model import Listing
from pricing.costs.rules import CHARGE_UNIT_TITLES
from pricing.exemptions.rules import PURPOSE_TITLES
from pricing.tariffs.model import Tariff
from pricing.tariffs.pages import describe
from pricing.tariffs.queries import REGIME_TITLES
from pricing.tariffs.rules import ModelKind
from registry.products.rules import DeliveryForm

blueprint = Blueprint("catalogue_pages", __name__, template_folder="../templates")


@blueprint.get("/catalogue")
@public
def search() -> str:
    """Show what is offered now, searched and filtered."""
    book, now, session = policy_book(), clock.now(), db.session()
    filters = _filters(book.places())
    found = page(session, queries.search(now=now, book=book, **filters), Listing, newest_first=True)
    entries = queries.entries(session, found["items"], business_date(now))
    return render_template(
        "market/catalogue/list.html", cards=[_card(entry) for entry in entries], next_cursor=found["next_cursor"],
        places=_places(), domains=queries.domains(session, now=now, book=book), forms=list(DeliveryForm),
        is_filtered=any(filters.values()),
        may_keep=any(current_actor().may(one) for one in (Permission.LISTING_WRITE, Permission.LISTING_IMPORT)),
    )  # fmt: skip


@blueprint.get("/products/<code>")
@public
def product(code: str) -> str:
    """Show one product: seller, certificate, prices under their caps, lineage, fields, sample; and ask for a quote."""
    actor = current_actor()
    offer = queries.offer(db.session(), actor, code, now=clock.now(), book=policy_book())
    kinds = sorted({price.tariff.subject_kind for price in offer.prices if price.tariff.subject_kind})
    return render_template(
        "market/catalogue/product.html", offer=offer, values={"scenario": "", "quantity": "1"}, errors={},
        purposes=[(purpose.value, gettext(title)) for purpose, title in PURPOSE_TITLES.items()], kinds=kinds,
        prices=[(price, describe(price.tariff.model), gettext(CHARGE_UNIT_TITLES[price.tariff.charge_unit]),
                 gettext(REGIME_TITLES[price.tariff.regime])) for price in offer.prices],
        may_buy=actor.may(Permission.ORDER_PLACE), is_signed_in=actor.is_authenticated,
        is_seller=actor.may(Permission.LISTING_WRITE, org_id=offer.product.owner_id, place=offer.product.place),
    )  # fmt: skip


def _filters(places: tuple[str, ...]) -> dict[str, Any]:
    """Return the filters of the address; what is not a choice of the form counts as not chosen."""
    form = request.args.get("delivery_form", "")
    place = request.args.get("place", "")
    return {
        "q": request.args.get("q", "")[:QUERY_LENGTH_MAX],
        "place": place if place in places else None,
        "domain": request.args.get("domain") or None,
        "delivery_form": DeliveryForm(form) if form in list(DeliveryForm) else None,
        "public_interest": request.args.get("public_interest") == "true",
    }


def _card(entry: queries.Entry) -> dict[str, Any]:
    listing = entry.listing
    assert listing.product is not None
    assert listing.seller is not None
    return {
        "url": url_for("catalogue_pages.product", code=listing.product.code),
        "title": listing.title,
        "seller": listing.seller.name,
        "place": dict(_places())[listing.place],
        "summary": listing.summary,
        "tags": [listing.product.domain, listing.product.scenario],
        "form": listing.product.delivery_form,
        "tariff": entry.prices[0] if entry.prices else None,
        "price_words": _price_words(entry.prices),
        "unit": gettext(CHARGE_UNIT_TITLES[entry.prices[0].charge_unit]) if entry.prices else "",
        "certificate": entry.registration.code if entry.registration is not None else "",
    }


def _price_words(prices: list[Tariff]) -> str:
    """Return what stands before the price: nothing for one plain price, else that there are several or bands."""
    if len(prices) > 1:
        return gettext("低至")
    is_plain = bool(prices) and prices[0].model["model"] == ModelKind.PER_UNIT
    return "" if is_plain or not prices else gettext("最高")


def _places() -> list[tuple[str, str]]:
    book, is_chinese = policy_book(), str(get_locale() or "zh").startswith("zh")
    return [(key, book.place(key).title if is_chinese else book.place(key).title_en) for key in book.places()]
