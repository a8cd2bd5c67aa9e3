"""The seller's price editor, with a preview while typing; without a script, a button shows the same preview."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from typing import Any

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db
from kernel.errors import DomainError
from kernel.http import current_actor, policy_book, requires, words_of
from kernel.identity import Permission
from kernel.money import decimal_text, plain_number
from kernel.wording import reads_english
from pricing.ceilings.queries import caps_of_product
from pricing.classes import queries as classes
from pricing.costs.pages import UNIT_WORDS, RowsForm
from pricing.editor import queries
from pricing.editor.queries import Preview
from pricing.editor.schemas import QUANTITIES_MAX, TariffFormIn
from pricing.parked_prices import commands
from pricing.parked_prices.model import ParkedPrice
from pricing.policy import PricingPolicy
from pricing.tariffs.checks import Terms
from pricing.tariffs.pages import KIND_WORDS, REGIME_WORDS
from pricing.tariffs.queries import history
from pricing.tariffs.rules import ModelKind, Regime, TariffModel
from pricing.value_bases.rules import ValuationMethod
from registry.drafts.gateway import kept_form, typed_in, was_sent
from registry.drafts.model import FormDraft
from registry.products import queries as products
from registry.products.model import Product

blueprint = Blueprint("price_editor", __name__, template_folder="../templates")
TIER_ROWS, PACK_ROWS, GRADE_ROWS, COMPARABLE_ROWS = 4, 4, 3, 2
TRYING = "preview"
METHOD_WORDS = {
    ValuationMethod.INCOME: _("收益法"),
    ValuationMethod.MARKET: _("市场法"),
    ValuationMethod.COST: _("成本法"),
    ValuationMethod.OTHER: _("其他方法"),
}


@blueprint.route("/prices/<code>/edit", methods=["GET", "POST"])
@requires(Permission.PRICE_SET)
def edit(code: str) -> AnyResponse:
    """Fix a price as the seller; the preview, caps and what the rules permit stand beside the form."""
    product, at = _own(code), url_for("price_editor.edit", code=code)
    kept = kept_form(at) if request.method == "GET" else None
    form = _form(typed_in(kept))
    tried: Preview | None = None
    if request.method == "POST" and form.accepts():
        try:
            if request.form.get("act") == TRYING:
                tried = _tried(product, form.data)
                return _editor(product, form, tried, 200, None)
            with db.transaction() as opened:
                terms = {name: value for name, value in form.data.items() if name != "quantities"}
                made = commands.set_or_park(
                    opened, current_actor(), product_id=product.id, **terms, now=clock.now(), book=policy_book()
                )
                was_sent(opened, at, now=clock.now())
        except DomainError as error:
            form.refuse(error)
        else:
            if isinstance(made, ParkedPrice):
                words = gettext("调价 %(number)s 已停放，没有公布：由另一人解除后才公布。", number=made.number)
                flash(words, "warning")
                return redirect(url_for("parked_price_pages.show", number=made.number), code=303)
            flash(gettext("收费标准 %(number)s 已公布。", number=made.number), "success")
            return redirect(url_for("tariff_pages.show", code=product.code), code=303)
    return _editor(product, form, tried, 422 if request.method == "POST" else 200, kept)


@blueprint.post("/prices/<code>/preview")
@requires(Permission.PRICE_SET)
def preview(code: str) -> str:
    """Return the preview of what stands in the form, as a piece of the page; nothing is written."""
    product = _own(code)
    form, tried = _form(), None
    if form.accepts():
        try:
            tried = _tried(product, form.data)
        except DomainError as error:
            form.refuse(error)
    return render_template("pricing/editor/preview.html", **_shown(form, tried))


def _own(code: str) -> Product:
    product = products.by_code(db.session(), code)
    current_actor().must(Permission.PRICE_SET, org_id=product.owner_id, place=product.place)
    return product


def _form(kept: Mapping[str, Any] | None = None) -> RowsForm:
    given: dict[str, Any] = {"effective_from": clock.today(), "model": ModelKind.PER_UNIT.value}
    return RowsForm(TariffFormIn, given | dict(kept or {}))


def _tried(product: Product, data: dict[str, Any]) -> Preview:
    names = ("regime", "charge_unit", "effective_from", "subject_kind", "buyer_class", "guidance")
    terms = Terms(model=TariffModel.from_dict(data["model"]), **{name: data[name] for name in names})
    return queries.preview(
        db.session(), product, terms, today=clock.today(), book=policy_book(),
        quantities=_quantities(data["quantities"]), has_basis="value_basis" in data,
    )  # fmt: skip


def _quantities(text: str) -> list[Fraction]:
    """Read what somebody would like to see: numbers with commas or blanks between them."""
    words = text.replace("，", " ").replace("、", " ").replace(",", " ").split()
    return [plain_number(word) for word in words[:QUANTITIES_MAX]]


def _shown(form: RowsForm, tried: Preview | None) -> dict[str, Any]:
    return {
        "tried": tried,
        "form": form,
        "unit_titles": UNIT_WORDS,
        "regime_titles": REGIME_WORDS,
        "refusal": words_of(form.problem),
        "refusals": [words_of(refusal) for refusal in tried.refusals] if tried else [],
        "notices": [
            (told.code, told.words_en if reads_english() else told.words) for told in (tried.notices if tried else [])
        ],
        "exact": decimal_text,
    }


def _editor(product: Product, form: RowsForm, tried: Preview | None, status: int, kept: FormDraft | None) -> Response:
    session, today = db.session(), clock.today()
    text = render_template(
        "pricing/editor/edit.html", product=product, kept=kept, **_shown(form, tried),
        regimes=[(regime.value, word) for regime, word in REGIME_WORDS.items() if regime is not Regime.BREAK_EVEN],
        units=[(unit.value, word) for unit, word in UNIT_WORDS.items()],
        kinds=[(kind.value, word) for kind, word in KIND_WORDS.items()],
        methods=[(method.value, word) for method, word in METHOD_WORDS.items()],
        row_counts={
            "tiers": form.count("tiers", TIER_ROWS), "bands": form.count("bands", TIER_ROWS),
            "packs": form.count("packs", PACK_ROWS), "grades": form.count("grades", GRADE_ROWS),
            "comparables": form.count("comparables", COMPARABLE_ROWS),
        },
        caps=caps_of_product(session, product.id), history=history(session, product.id),
        class_rules=_class_rules(product, today), policy=PricingPolicy.at(policy_book(), product.place, today),
    )  # fmt: skip
    return make_response(text, status)


def _class_rules(product: Product, today: date) -> dict[str, str]:
    return classes.rules_at(db.session(), product.id, today)
