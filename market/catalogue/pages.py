"""The catalogue and the page of one product, for people; everything works without scripts."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any

import marshmallow as ma
from flask import Blueprint, render_template, request, url_for
from flask_babel import get_locale, gettext
from flask_babel import lazy_gettext as _

from kernel import clock, db
from kernel.http import current_actor, cursor_after, page_position, policy_book, public
from kernel.identity import Permission
from kernel.wording import reads_english
from market.catalogue import queries
from market.catalogue.schemas import PAGE, SearchArgs
from market.search.queries import Wanted, position_of
from market.search.rules import Facet, Sort, price_ranges
from pricing.costs.rules import CHARGE_UNIT_TITLES, ChargeUnit
from pricing.exemptions.rules import PURPOSE_TITLES
from pricing.publications.queries import tariff_in_words
from pricing.tariffs.model import Tariff
from pricing.tariffs.queries import REGIME_TITLES
from pricing.tariffs.rules import ModelKind
from registry.products.rules import DeliveryForm

blueprint = Blueprint("catalogue_pages", __name__, template_folder="../templates")

VALUES_SHOWN = 12  # of one facet; the rest is reached by narrowing further
FACET_WORDS = {
    Facet.PLACE: _("地区"), Facet.DOMAIN: _("领域"), Facet.DELIVERY_FORM: _("交付形式"),
    Facet.CHARGE_UNIT: _("计费单位"), Facet.PRICE_RANGE: _("价格（元/计费单位）"), Facet.FREE: _("公益免费"),
    Facet.UPDATE_FREQUENCY: _("更新频率"), Facet.DEPARTMENT: _("数源部门"), Facet.OPERATOR: _("运营机构"),
    Facet.MERCHANT: _("供方"),
}  # fmt: skip
SORT_WORDS = {
    Sort.RELEVANCE: _("相关度"), Sort.NEWEST: _("最新上架"), Sort.PRICE: _("价格从低到高"), Sort.USE: _("使用最多"),
}  # fmt: skip
FORM_WORDS = {
    DeliveryForm.API: _("数据接口"), DeliveryForm.FILE: _("数据文件"), DeliveryForm.REPORT: _("数据报告"),
}  # fmt: skip
COVER = (Facet.DOMAIN, Facet.PLACE)  # what the chart over the first page shows
NOT_A_FILTER = ("q", "sort", "cursor", "limit")


@blueprint.get("/catalogue")
@public
def search() -> str:
    """Show what is offered now, searched and narrowed, with counts for narrowing it further."""
    session, now, book, asked = db.session(), clock.now(), policy_book(), wanted()
    limit, after = page_position(PAGE)
    found = queries.find(session, asked, now=now, book=book, limit=limit, after=position_of(after))
    counted = queries.facets(session, asked, now=now, book=book)
    kept: dict[str, Any] = {
        name: request.args.getlist(name) for name in request.args if name not in ("cursor", "limit")
    }
    return render_template(
        "market/catalogue/list.html", cards=[card(entry) for entry in found.entries], counted=counted,
        next_cursor=cursor_after(found.more.text) if found.more else None, facets=_facets(counted, kept),
        sorts=[(sort.value, word) for sort, word in SORT_WORDS.items()], chosen=_chosen(kept, counted.names),
        feed=url_for("feed_pages.newest", **kept), is_filtered=_is_filtered(kept),
        cover=[] if _is_filtered(kept) or after else _facets(counted, kept, COVER),
        may_keep=any(current_actor().may(one) for one in (Permission.LISTING_WRITE, Permission.LISTING_IMPORT)),
    )  # fmt: skip


@blueprint.get("/products/<code>")
@public
def product(code: str) -> str:
    """Show one product: seller, certificate, prices under their caps, lineage, fields, sample; and ask for a quote."""
    session, actor, book = db.session(), current_actor(), policy_book()
    offer = queries.offer(session, actor, code, now=clock.now(), book=book)
    kinds = sorted({price.tariff.subject_kind for price in offer.prices if price.tariff.subject_kind})
    return render_template(
        "market/catalogue/product.html", offer=offer, values={"scenario": "", "quantity": "1"}, errors={},
        purposes=[(purpose.value, gettext(title)) for purpose, title in PURPOSE_TITLES.items()], kinds=kinds,
        prices=[(price, tariff_in_words(price.tariff, english=reads_english()),
                 gettext(CHARGE_UNIT_TITLES[price.tariff.charge_unit]), gettext(REGIME_TITLES[price.tariff.regime]))
                for price in offer.prices],
        buyers={price.tariff.buyer_class for price in offer.prices}, is_chinese=not reads_english(),
        may_buy=actor.may(Permission.ORDER_PLACE), is_signed_in=actor.is_authenticated,
        is_seller=actor.may(Permission.LISTING_WRITE, org_id=offer.product.owner_id, place=offer.product.place),
        inside=queries.inside(session, offer, on=clock.today(), book=book),
    )  # fmt: skip


@blueprint.get("/products/<code>/versions")
@public
def versions(code: str) -> str:
    """Show every version of a product and what changed from each to the next."""
    offer = queries.offer(db.session(), current_actor(), code, now=clock.now(), book=policy_book())
    return render_template(
        "market/catalogue/versions.html", product=offer.product, courses=queries.versions(db.session(), offer.product)
    )


@blueprint.get("/products/<code>/api")
@public
def interface(code: str) -> str:
    """Show how a program calls the product: address, headers, fields of the answer, refusals."""
    session, book = db.session(), policy_book()
    offer = queries.offer(session, current_actor(), code, now=clock.now(), book=book)
    inside = queries.inside(session, offer, on=clock.today(), book=book)
    answer = (
        {"product": offer.product.code, "key": "…", "hit": True, "record": inside.sample[0]} if inside.sample else None
    )
    return render_template(
        "market/catalogue/interface.html", offer=offer, product=offer.product, inside=inside,
        address=url_for("catalogue_pages.search", _external=True).removesuffix("/catalogue"),
        frequencies=sorted({used.resource.update_frequency for used in offer.version.inputs}),
        example=json.dumps(answer, ensure_ascii=False, indent=2),
    )  # fmt: skip


def wanted() -> Wanted:
    """Return the search that the address asks for; what cannot be read counts as not asked."""
    schema = SearchArgs(unknown=ma.EXCLUDE)
    sent: dict[str, Any] = {
        name: request.args.getlist(name) if isinstance(field, ma.fields.List) else request.args[name]
        for name, field in schema.fields.items() if name in request.args
    }  # fmt: skip
    refused = schema.validate(sent)
    asked: Wanted = schema.load({name: value for name, value in sent.items() if name not in refused})["asked"]
    return asked


def card(entry: queries.Entry) -> dict[str, Any]:
    """Return an entry as its card shows it."""
    listing = entry.listing
    assert listing.product is not None
    assert listing.seller is not None
    return {
        "url": url_for("catalogue_pages.product", code=listing.product.code),
        "code": listing.product.code,
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


def _is_filtered(kept: dict[str, Any]) -> bool:
    return any(any(values) for values in kept.values())


def _facets(
    counted: queries.Facets, kept: dict[str, Any], wanted: Collection[Facet] = tuple(FACET_WORDS)
) -> list[dict[str, Any]]:
    """Return what narrows the results further: each facet with links; a facet already chosen is not offered again."""
    found, offered = counted.by_facet(), []
    ranges = [one.key for one in price_ranges()]
    for facet in wanted:
        title = FACET_WORDS[facet]
        values = [one for one in found.get(facet, []) if not _is_chosen(facet, kept)][:VALUES_SHOWN]
        if facet is Facet.PRICE_RANGE:  # the cheap ones first, not the frequent ones
            values.sort(key=lambda one: ranges.index(one["value"]))
        links = [
            {"label": _value_words(facet, one["value"], counted.names), "count": one["count"],
             "url": url_for("catalogue_pages.search", **kept | _arguments(facet, one["value"]))}
            for one in values
        ]  # fmt: skip
        if links:
            offered.append({"title": title, "links": links})
    return offered


def _is_chosen(facet: Facet, kept: dict[str, Any]) -> bool:
    names = ("price_above", "price_up_to") if facet is Facet.PRICE_RANGE else (facet.value,)
    return any(any(kept.get(name, [])) for name in names)


def _arguments(facet: Facet, value: str) -> dict[str, list[str]]:
    if facet is not Facet.PRICE_RANGE:
        return {facet.value: [value]}
    above, _dash, up_to = value.partition("-")
    return {name: [text] for name, text in (("price_above", above), ("price_up_to", up_to)) if text}


def _chosen(kept: dict[str, Any], names: dict[str, str]) -> list[dict[str, str]]:
    """Return the filters in use, each with the address without it."""
    found = []
    for name, values in kept.items():
        if name in NOT_A_FILTER or not any(values):
            continue
        without = {other: held for other, held in kept.items() if other != name}
        found.append({"label": _filter_words(name, values, names), "url": url_for("catalogue_pages.search", **without)})
    return found


def _filter_words(name: str, values: Sequence[str], names: dict[str, str]) -> str:
    if name == "price_above":
        return gettext("高于 %(amount)s 元", amount=values[0])
    if name == "price_up_to":
        return gettext("不高于 %(amount)s 元", amount=values[0])
    facet = next((one for one in FACET_WORDS if one == name), None)
    words = "、".join(_value_words(facet, value, names) for value in values) if facet else "、".join(values)
    return f"{FACET_WORDS[facet]}：{words}" if facet else words


def _value_words(facet: Facet, value: str, names: dict[str, str]) -> str:
    """Return one value of a facet in words; one that does not exist as it stands."""
    if facet is Facet.PRICE_RANGE:
        return _range_words(value)
    words: dict[str, str] = {
        Facet.PLACE: dict(_places()), Facet.FREE: {"true": gettext("有免费使用")},
        Facet.DELIVERY_FORM: {one.value: str(word) for one, word in FORM_WORDS.items()},
        Facet.CHARGE_UNIT: {unit.value: gettext(CHARGE_UNIT_TITLES[unit]) for unit in ChargeUnit},
    }.get(facet, names)  # fmt: skip
    return words.get(value, value)


def _range_words(key: str) -> str:
    found = next((one for one in price_ranges() if one.key == key), None)
    if found is None:
        return key
    if found.up_to is None:
        return gettext("高于 %(amount)s 元", amount=found.above.text() if found.above else "")
    if found.above is None:
        return gettext("免费")
    return gettext("%(low)s 至 %(high)s 元", low=found.above.text(), high=found.up_to.text())
