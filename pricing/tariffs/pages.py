"""The public price list, the price of one product, and the seller's price editor."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import get_locale, gettext
from flask_babel import lazy_gettext as _
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db
from kernel.errors import DomainError
from kernel.http import current_actor, policy_book, public, requires, words_of
from kernel.identity import Permission
from pricing.ceilings.queries import caps_of_product
from pricing.costs.pages import UNIT_WORDS, RowsForm
from pricing.policy import PricingPolicy
from pricing.services import queries as services
from pricing.services.pages import SERVICE_WORDS
from pricing.tariffs import commands, queries
from pricing.tariffs.rules import ModelKind, Regime
from pricing.tariffs.schemas import TariffFormIn
from registry.products import queries as products
from registry.products.model import Product

blueprint = Blueprint("tariff_pages", __name__, template_folder="../templates")
TIER_ROWS = 4
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
    """Show the prices of one product, why they are what they are, and every price before them."""
    session, on = db.session(), _day()
    product = products.by_code(session, code)
    found = queries.in_force(session, product.id, on)
    shown = [(tariff, queries.explain(session, tariff), describe(tariff.model)) for tariff in found]
    return render_template(
        "pricing/tariffs/product.html", product=product, on=on, prices=shown,
        history=queries.history(session, product.id), caps=caps_of_product(session, product.id),
        gate=queries.price_gate(session, product, on), unit_titles=UNIT_WORDS,
        regime_titles=REGIME_WORDS, may_price=_may_price(product),
    )  # fmt: skip


@blueprint.route("/prices/<code>/edit", methods=["GET", "POST"])
@requires(Permission.PRICE_SET)
def edit(code: str) -> AnyResponse:
    """Fix a price as the seller; caps and what the rules permit stand beside the form."""
    session = db.session()
    product = products.by_code(session, code)
    current_actor().must(Permission.PRICE_SET, org_id=product.owner_id, place=product.place)
    form = RowsForm(TariffFormIn, {"effective_from": clock.today(), "model": ModelKind.PER_UNIT.value})
    if request.method == "POST" and form.accepts():
        try:
            with db.transaction() as opened:
                made = commands.set_tariff(
                    opened, current_actor(), product_id=product.id, **form.data, now=clock.now(), book=policy_book()
                )
        except DomainError as error:
            form.refuse(error)
        else:
            flash(gettext("收费标准 %(number)s 已公布。", number=made.number), "success")
            return redirect(url_for("tariff_pages.show", code=product.code), code=303)
    return _editor(product, form)


def _editor(product: Product, form: RowsForm) -> Response:
    session, today = db.session(), clock.today()
    text = render_template(
        "pricing/tariffs/edit.html", product=product, form=form, refusal=words_of(form.problem),
        regimes=[(regime.value, word) for regime, word in REGIME_WORDS.items() if regime is not Regime.BREAK_EVEN],
        units=[(unit.value, word) for unit, word in UNIT_WORDS.items()],
        kinds=[(kind.value, word) for kind, word in KIND_WORDS.items()],
        tiers=form.count("tiers", TIER_ROWS), caps=caps_of_product(session, product.id),
        history=queries.history(session, product.id), unit_titles=UNIT_WORDS,
        policy=PricingPolicy.at(policy_book(), product.place, today),
    )  # fmt: skip
    return make_response(text, 422 if request.method == "POST" else 200)


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
    if tiers := model.get("tiers"):
        lower, lines = "0", []
        for tier in tiers:
            bound = tier["up_to"]
            span = gettext("%(a)s 以上", a=lower) if bound is None else f"{lower}–{bound}"
            fee = tier["flat_fee"]
            lines.append((span, f"¥ {tier['unit_price']}" + (f" + ¥ {fee}" if fee != "0" else "")))
            lower = bound or lower
        return lines
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
