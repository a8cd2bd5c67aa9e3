"""Parked changes of price for people: what waits, why, and the release by another person or the withdrawal."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db
from kernel.errors import DomainError
from kernel.http import Form, current_actor, match_version, page, policy_book, requires, words_of
from kernel.identity import Permission
from kernel.money import PERCENT, decimal_text
from pricing.costs.pages import UNIT_WORDS
from pricing.parked_prices import commands, queries
from pricing.parked_prices.model import ParkedPrice
from pricing.parked_prices.rules import ParkedState
from pricing.parked_prices.schemas import ParkedPriceReleaseIn, ParkedPriceWithdrawIn
from pricing.tariffs import queries as tariffs
from pricing.tariffs.pages import REGIME_WORDS, describe
from pricing.tariffs.rules import Regime
from registry.accounts.queries import accounts_behind
from registry.products.model import Product

blueprint = Blueprint("parked_price_pages", __name__, template_folder="../templates")
STATE_WORDS = {
    ParkedState.WAITING: _("停放，待另一人解除"),
    ParkedState.RELEASED: _("已解除并公布"),
    ParkedState.WITHDRAWN: _("已撤回"),
}
SCHEMAS: dict[str, type[ma.Schema]] = {"release": ParkedPriceReleaseIn, "withdraw": ParkedPriceWithdrawIn}


@blueprint.get("/prices/parked")
@requires(Permission.PRICE_TRY)
def browse() -> str:
    """List the parked changes of price within one's scope."""
    session, actor = db.session(), current_actor()
    query, state = queries.visible(actor), request.args.get("state", "")
    if state in list(ParkedState):
        query = query.where(ParkedPrice.state == ParkedState(state))
    found = page(session, query, ParkedPrice, newest_first=True)
    return render_template(
        "pricing/parked_prices/list.html", found=found, state_titles=STATE_WORDS, unit_titles=UNIT_WORDS,
        states=[(item.value, word) for item, word in STATE_WORDS.items()], change=_change,
        products=queries.products_of(session, found["items"]),
    )  # fmt: skip


@blueprint.get("/prices/parked/<number>")
@requires(Permission.PRICE_TRY)
def show(number: str) -> Response:
    """Show one parked change of price, why it was parked, and who acts next."""
    return _page(number)


@blueprint.post("/prices/parked/<number>/<any(release, withdraw):step>")
@requires(Permission.PRICE_RELEASE)
def take_step(number: str, step: str) -> AnyResponse:
    """Release or withdraw, decided on the version that was shown; the command asks who may."""
    form = Form(SCHEMAS[step])
    if not form.accepts():
        return _page(number, form, status=422)
    extra: dict[str, Any] = {"book": policy_book()} if step == "release" else {}
    try:
        with db.transaction() as session:
            found = queries.get(session, current_actor(), number)
            match_version(session, ParkedPrice, found.id)
            getattr(commands, step)(session, current_actor(), number, **form.data, now=clock.now(), **extra)
    except DomainError as error:
        form.refuse(error)
        return _page(number, form, status=error.status)
    flash(gettext("已解除，收费标准已公布。") if step == "release" else gettext("已撤回。"), "success")
    return redirect(url_for("parked_price_pages.show", number=number), code=303)


def _page(number: str, form: Form | None = None, *, status: int = 200) -> Response:
    session, actor = db.session(), current_actor()
    found = queries.get(session, actor, number)
    owner, place, release_by = found.seller_id, found.place, queries.release_by(found, policy_book())
    text = render_template(
        "pricing/parked_prices/parked_price.html", parked=found, product=session.get_one(Product, found.product_id),
        before=tariffs.get(session, found.before_id), lines=describe(found.terms["model"]), change=_change(found),
        made=tariffs.get(session, found.tariff_id) if found.tariff_id else None, unit_titles=UNIT_WORDS,
        regime=REGIME_WORDS[Regime(found.terms["regime"])], state_titles=STATE_WORDS,
        is_own=actor.id in accounts_behind(session, found.asked_by),
        is_late=found.state is ParkedState.WAITING and release_by < clock.today(), release_by=release_by,
        may_release=actor.may(Permission.PRICE_RELEASE, org_id=owner, place=place),
        may_withdraw=actor.may(Permission.PRICE_SET, org_id=owner, place=place),
        form=form or Form(ma.Schema), refusal=words_of(form.problem if form else None),
    )  # fmt: skip
    return make_response(text, status)


def _change(found: ParkedPrice) -> str:
    """Return by how much the price moves, in percent with one decimal; from nothing there is no percentage."""
    if not found.old_unit_price_max.units:
        return "—"
    moved = found.new_unit_price_max.exact_yuan() / found.old_unit_price_max.exact_yuan() - 1
    return f"{'+' if moved > 0 else ''}{decimal_text(moved * PERCENT, 1)}%"
