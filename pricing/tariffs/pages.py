"""The public price list, the price of one product, and the seller's price editor."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, render_template, request
from flask_babel import get_locale, gettext
from flask_babel import lazy_gettext as _

from kernel import clock, db
from kernel.http import current_actor, policy_book, public
from kernel.identity import Permission
from kernel.money import decimal_text
from pricing.ceilings.queries import caps_of_product
from pricing.classes import queries as classes
from pricing.costs.pages import UNIT_WORDS
from pricing.policy import PricingPolicy
from pricing.price_changes.rules import PriceStatus, history
from pricing.services import queries as services
from pricing.services.pages import SERVICE_WORDS
from pricing.tariffs import queries
from pricing.tariffs.rules import ModelKind, Regime
from pricing.value_bases import queries as value_bases
from pricing.value_bases.rules import METHOD_TITLES
from registry.products import queries as products
from registry.products.model import Product

blueprint = Blueprint("tariff_pages", __name__, template_folder="../templates")
REGIME_WORDS = {
    Regime.GOV_GUIDED: _("政府指导价"),
    Regime.TRIAL: _("试行收费标准"),
    Regime.MARKET_VALUE_BASED: _("市场调节价（以数据应用价值为重要依据）"),
    Regime.BREAK_EVEN: _("保本微利"),
    Regime.FREE_PUBLIC_INTEREST: _("公益免费"),
}
KIND_WORDS = {
    ModelKind.PER_UNIT: _("统一单价"),
    ModelKind.GRADUATED: _("分档累进（各档各价）"),
    ModelKind.VOLUME: _("按量定档（全部按所达档价）"),
    ModelKind.PACKAGE: _("套餐（按包）"),
    ModelKind.FLAT: _("固定费用"),
    ModelKind.INCLUDED_OVERAGE: _("固定费用含额度，超出另计"),
    ModelKind.PACKAGE_TABLE: _("套餐表（多种包）"),
    ModelKind.VOLUME_COEFFICIENT: _("基准价乘量系数"),
}
STATUS_WORDS = {
    PriceStatus.PAST: _("已结束"),
    PriceStatus.PRESENT: _("执行中"),
    PriceStatus.ANNOUNCED: _("已公布，待执行"),
}


@blueprint.get("/prices")
@public
def price_list() -> str:
    """Show every price in force: place, seller, product, price, unit, cap, first day, documents."""
    on, place = _day(), request.args.get("place") or None
    session = db.session()
    return render_template(
        "pricing/tariffs/list.html", rows=queries.price_list(session, on, place=place), on=on, places=_places(),
        fees=services.listed(session, on, place=place), unit_titles=UNIT_WORDS,
        regime_titles=REGIME_WORDS, service_titles=SERVICE_WORDS,
    )  # fmt: skip


@blueprint.get("/prices/<code>")
@public
def show(code: str) -> str:
    """Show the prices of one product, past, present and announced, why they are what they are, and for whom."""
    session, on = db.session(), _day()
    product = products.by_code(session, code)
    found = queries.in_force(session, product.id, on)
    shown = [(tariff, queries.explain(session, tariff), describe(tariff.model)) for tariff in found]
    every = queries.history(session, product.id)
    return render_template(
        "pricing/tariffs/product.html", product=product, on=on, prices=shown, phases=history(every, on),
        bases=value_bases.of_tariffs(session, [tariff.id for tariff in every]),
        class_rules=classes.published(session, product.id), caps=caps_of_product(session, product.id),
        is_chargeable=any(queries.is_within_cap(tariff, queries.cap_of(session, tariff, on)) for tariff in found),
        unit_titles=UNIT_WORDS, regime_titles=REGIME_WORDS,
        status_titles=STATUS_WORDS, method_titles=METHOD_TITLES, exact=decimal_text, may_price=_may_price(product),
        may_look=current_actor().may(Permission.PRICE_TRY, org_id=product.owner_id, place=product.place),
        policy=PricingPolicy.at(policy_book(), product.place, on),
    )  # fmt: skip


def _may_price(product: Product) -> bool:
    return current_actor().may(Permission.PRICE_SET, org_id=product.owner_id, place=product.place)


def _day() -> date:
    """Return the day that the reader asks about; a text that is no day counts as today."""
    try:
        return date.fromisoformat(request.args.get("on", ""))
    except ValueError:
        return clock.today()


def _places() -> list[tuple[str, str]]:
    book, chinese = policy_book(), str(get_locale() or "zh").startswith("zh")
    return [(key, book.place(key).title if chinese else book.place(key).title_en) for key in book.places()]


def describe(model: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the lines of a way of charging as the price list shows them: what, and how much."""
    return [*_prices_of(model), *_terms_of(model)]


def _prices_of(model: dict[str, Any]) -> list[tuple[str, str]]:
    if tiers := model.get("tiers"):
        spans = _spans([tier["up_to"] for tier in tiers])
        fees = [f" + ¥ {tier['flat_fee']}" if tier["flat_fee"] != "0" else "" for tier in tiers]
        return [(span, f"¥ {tier['unit_price']}{fee}") for span, tier, fee in zip(spans, tiers, fees, strict=True)]
    if bands := model.get("bands"):
        price = model["unit_price"]
        spans = _spans([band["up_to"] for band in bands])
        return [(span, f"¥ {price} × {band['coefficient']}") for span, band in zip(spans, bands, strict=True)]
    if packs := model.get("packs"):
        return [(gettext("套餐 %(n)s", n=pack["quantity"]), f"¥ {pack['price']}") for pack in packs]
    if model["model"] == ModelKind.PACKAGE:
        return [(gettext("每包 %(n)s", n=model["package_size"]), f"¥ {model['package_price']}")]
    if model["model"] == ModelKind.FLAT:
        return [(gettext("固定费用"), f"¥ {model['flat_fee']}")]
    if model["model"] == ModelKind.INCLUDED_OVERAGE:
        return [
            (gettext("含 %(n)s", n=model["included"]), f"¥ {model['flat_fee']}"),
            (gettext("超出部分"), f"¥ {model['unit_price']}"),
        ]
    return [("", f"¥ {model['unit_price']}")]


def _terms_of(model: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what changes the price of every band: free units, grades, the least and the most that is due."""
    lines = []
    if free := model.get("free_units"):
        lines.append((gettext("免费额度"), free))
    for grade, factor in model.get("coefficients", {}).get("contribution", {}).items():
        lines.append((gettext("贡献等级 %(n)s", n=grade), f"× {factor}"))
    words = {
        "minimum_spend": gettext("最低消费"),
        "maximum_spend": gettext("最高消费"),
        "waived_up_to": gettext("免收额"),
    }
    return lines + [(word, f"¥ {model[name]}") for name, word in words.items() if name in model]


def _spans(bounds: list[str | None]) -> list[str]:
    lowers = ["0", *(bound or "" for bound in bounds)]
    return [
        gettext("%(a)s 以上", a=lower) if bound is None else f"{lower}–{bound}"
        for lower, bound in zip(lowers, bounds, strict=False)
    ]
