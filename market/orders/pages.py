"""Quotes for people: asking, and the page that explains the answer."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db
from kernel.db import to_json
from kernel.errors import DomainError
from kernel.http import Form, current_actor, page, policy_book, requires, words_of
from kernel.identity import Permission
from market.orders import commands, queries
from market.orders.model import Quote
from market.orders.rules import QuoteState
from market.orders.schemas import QuoteIn
from pricing.costs.rules import CHARGE_UNIT_TITLES
from pricing.exemptions.rules import PURPOSE_TITLES
from pricing.tariffs.model import Tariff
from pricing.tariffs.queries import in_force
from registry.products import queries as products
from registry.products.model import Product

blueprint = Blueprint("order_pages", __name__, template_folder="../templates")
STATE_WORDS = {
    QuoteState.OPEN: _("有效"),
    QuoteState.ORDERED: _("已下单"),
    QuoteState.EXPIRED: _("已过期"),
    QuoteState.CLOSED_BY_CAP: _("因新的上限关闭"),
    QuoteState.CLOSED_BY_PRICE: _("因价格变化关闭"),
    QuoteState.CLOSED_BY_GATE: _("因交易条件不满足关闭"),
}


@blueprint.post("/quotes")
@requires(Permission.ORDER_PLACE)
def ask() -> AnyResponse:
    """Ask what a purchase costs."""
    form = Form(QuoteIn)
    if form.accepts():
        try:
            with db.transaction() as session:
                made = commands.quote(session, current_actor(), **form.data, now=clock.now(), book=policy_book())
        except DomainError as error:
            form.refuse(error)
        else:
            return redirect(url_for("order_pages.show_quote", number=made.number), code=303)
    session = db.session()
    product = products.by_code(session, request.form.get("product_code", ""))
    kinds = {tariff.subject_kind for tariff in in_force(session, product.id, clock.today()) if tariff.subject_kind}
    text = render_template(
        "market/orders/ask.html", product=product, form=form, refusal=words_of(form.problem), kinds=sorted(kinds),
        purposes=[(purpose.value, gettext(title)) for purpose, title in PURPOSE_TITLES.items()],
    )  # fmt: skip
    return make_response(text, form.problem.status if form.problem else 422)


@blueprint.get("/quotes")
@requires(Permission.ORDER_READ)
def quotes() -> str:
    """List the quotes that were made for you."""
    session = db.session()
    found = page(session, queries.quotes(current_actor()), Quote, newest_first=True)
    names = {quote.id: session.get_one(Product, quote.product_id) for quote in found["items"]}
    found["items"] = queries.states_of(session, found["items"], now=clock.now(), book=policy_book())
    return render_template("market/orders/quotes.html", found=found, products=names, states=STATE_WORDS)


@blueprint.get("/quotes/<number>")
@requires(Permission.ORDER_READ)
def show_quote(number: str) -> str:
    """Show a quote with the explanation of its amount, and let it be ordered."""
    session, actor, now = db.session(), current_actor(), clock.now()
    quote = queries.quote(session, actor, number)
    tariff = session.get(Tariff, quote.tariff_id) if quote.tariff_id is not None else None
    order = queries.order_of_quote(session, quote.id)
    standing = queries.state_of(session, quote, now=now, book=policy_book(), order=order)
    return render_template(
        "market/orders/quote.html", quote=quote, product=session.get_one(Product, quote.product_id),
        order=order, standing=standing, states=STATE_WORDS, refusal=words_of(standing.refusal),
        unit=gettext(CHARGE_UNIT_TITLES[tariff.charge_unit]) if tariff is not None else "",
        may_order=actor.may(Permission.ORDER_PLACE, org_id=quote.buyer_id),
    )  # fmt: skip


@blueprint.get("/quotes/<number>/explanation")
@requires(Permission.ORDER_READ)
def explain_quote(number: str) -> str:
    """Show why a quote says what it says, to be printed: from the stored row alone, never computed anew."""
    quote = queries.quote(db.session(), current_actor(), number)
    kept = queries.document(quote)
    return render_template("market/orders/explanation.html", quote=quote, kept=kept, text=to_json(kept))
