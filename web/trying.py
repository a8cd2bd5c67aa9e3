"""A call by hand: a form beside an interface, for people of the buyer; it asks and counts as any other call does."""

from __future__ import annotations

import json
import secrets

import marshmallow as ma
from flask import Blueprint, Response, flash, make_response, redirect, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db
from kernel.errors import DomainError
from kernel.fields import Schema, TextField
from kernel.http import Form, current_actor, requires, words_of
from kernel.identity import Permission
from market.downloads.queries import own
from market.entitlements.queries import of_buyer
from registry.products import queries as products
from registry.products.model import Product
from registry.products.rules import DeliveryForm
from settlement.calls.commands import Served
from settlement.metering.queries import used_of
from settlement.metering.rules import REFERENCE, must_be_reference
from web.exchange import ask

blueprint = Blueprint("trying_pages", __name__)
KEY_LENGTH_MAX, REFERENCE_LENGTH_MAX, SCENARIO_LENGTH_MAX = 500, 128, 500


class TryIn(Schema):
    """One call by hand."""

    key = TextField(required=True, max_length=KEY_LENGTH_MAX)
    reference = ma.fields.String(
        required=True,
        validate=[ma.validate.Length(1, REFERENCE_LENGTH_MAX),
                  ma.validate.Regexp(rf"{REFERENCE.pattern}\Z", error="须为 1–128 个可见半角字符")],
    )  # fmt: skip
    scenario = TextField(load_default=None, allow_none=True, max_length=SCENARIO_LENGTH_MAX)


@blueprint.get("/entitlements/<number>/try")
@requires(Permission.EXCHANGE_CALL)
def show(number: str) -> Response:
    """Show the form; its reference is made here, so that a form that is sent twice is counted once."""
    return _page(number, Form(TryIn, {"reference": _reference()}))


@blueprint.post("/entitlements/<number>/try")
@requires(Permission.EXCHANGE_CALL)
def call(number: str) -> Response:
    """Make the call under the buyer's own entitlement and show what came, what was counted and what is left."""
    form = Form(TryIn)
    if not form.accepts():
        return _page(number, form, status=422)
    product = _product(number)
    sent = form.data
    try:
        served = ask(
            product.code, sent["key"], must_be_reference(sent["reference"]), scenario=sent["scenario"], number=number
        )
    except DomainError as error:
        form.refuse(error)
        return _page(number, form, status=error.status)
    form.values = {**form.values, "reference": _reference()}
    return _page(number, form, served=served, asked=sent)


@blueprint.get("/products/<code>/try")
@requires(Permission.EXCHANGE_CALL)
def of_product(code: str) -> AnyResponse:
    """Lead from a product to the form of one's own entitlement to it; back to the product where there is none."""
    session, actor = db.session(), current_actor()
    product = products.by_code(session, code.upper())
    held = of_buyer(session, actor.org_id, product.id, clock.today()) if actor.org_id is not None else ()
    if not held:
        flash(gettext("本单位没有该产品的使用权；请先询价、下单并付款。"), "warning")
        return redirect(url_for("catalogue_pages.product", code=product.code), code=303)
    return redirect(url_for("trying_pages.show", number=held[0].number), code=303)


def _reference() -> str:
    return f"page-{secrets.token_hex(8)}"


def _product(number: str) -> Product:
    session = db.session()
    return session.get_one(Product, own(session, current_actor(), number).product_id)


def _page(
    number: str, form: Form, *, served: Served | None = None, asked: dict[str, str] | None = None, status: int = 200
) -> Response:
    session = db.session()
    held = own(session, current_actor(), number)
    product = session.get_one(Product, held.product_id)
    example = url_for("exchange.record", code=product.code, key=form.value("key") or "KEY", _external=True)
    text = render_template(
        "market/entitlements/try.html", held=held, product=product, form=form, served=served, asked=asked,
        used=used_of(session, held.id), example=example, refusal=words_of(form.problem),
        is_interface=product.delivery_form is DeliveryForm.API,
        document=json.dumps(served.body, ensure_ascii=False, indent=2) if served is not None else "",
    )  # fmt: skip
    return make_response(text, status)
