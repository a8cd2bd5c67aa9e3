"""Negotiated prices for people: the rule, the seller's offers, and the talk with each buyer."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db
from kernel.errors import DomainError
from kernel.http import Form, current_actor, match_version, page, public, requires, words_of
from kernel.identity import Permission
from pricing.costs.pages import UNIT_WORDS
from pricing.negotiated import commands, queries
from pricing.negotiated.model import Negotiation
from pricing.negotiated.rules import NegotiationAct, NegotiationState, Side, possible, present_state
from pricing.negotiated.schemas import (
    NegotiableFormIn,
    NegotiationFormIn,
    NegotiationNoteIn,
    NegotiationTermsFormIn,
)
from pricing.tariffs.model import Tariff
from pricing.tariffs.pages import KIND_WORDS, describe
from pricing.tariffs.rules import ModelKind
from registry.parties import queries as parties
from registry.products import queries as products

blueprint = Blueprint("negotiation_pages", __name__, template_folder="../templates")
SIMPLE = (ModelKind.PER_UNIT, ModelKind.PACKAGE, ModelKind.FLAT, ModelKind.INCLUDED_OVERAGE)
STATE_WORDS = {
    NegotiationState.OFFERED: _("待买方答复"),
    NegotiationState.COUNTERED: _("待卖方答复"),
    NegotiationState.ACCEPTED: _("已成交"),
    NegotiationState.DECLINED: _("已拒绝"),
    NegotiationState.WITHDRAWN: _("已撤回"),
    NegotiationState.EXPIRED: _("已过期"),
}
SIDE_WORDS = {Side.SELLER: _("卖方"), Side.BUYER: _("买方")}
ACT_WORDS = {
    None: _("报价"),
    NegotiationAct.COUNTER: _("还价"),
    NegotiationAct.ACCEPT: _("接受"),
    NegotiationAct.DECLINE: _("拒绝"),
    NegotiationAct.WITHDRAW: _("撤回"),
}


@blueprint.get("/negotiations")
@requires(Permission.ORDER_READ)
def browse() -> str:
    """List the negotiations within one's scope."""
    session, actor, today = db.session(), current_actor(), clock.today()
    query, state = queries.visible(actor), request.args.get("state", "")
    if state in list(NegotiationState):
        query = query.where(queries.is_in(NegotiationState(state), today))
    found = page(session, query, Negotiation, newest_first=True)
    return render_template(
        "pricing/negotiated/list.html", found=found, names=_names(found["items"]), state_titles=STATE_WORDS,
        states=[(item.value, word) for item, word in STATE_WORDS.items()],
        present={one.id: present_state(one.state, one.answer_by, today) for one in found["items"]},
    )  # fmt: skip


@blueprint.get("/prices/<code>/negotiation")
@public
def show_rule(code: str) -> Response:
    """Show by which published rule the price of a product can be negotiated; the seller publishes and offers here."""
    return _product_page(code)


@blueprint.post("/prices/<code>/negotiation/rule")
@requires(Permission.PRICE_SET)
def publish(code: str) -> AnyResponse:
    """Publish the rule as the seller, or that nothing is negotiated any more."""
    form = Form(NegotiableFormIn)
    if not form.accepts():
        return _product_page(code, rule_form=form, status=422)
    try:
        with db.transaction() as session:
            product = products.by_code(session, code)
            commands.publish_negotiable(session, current_actor(), product_id=product.id, **form.data, now=clock.now())
    except DomainError as error:
        form.refuse(error)
        return _product_page(code, rule_form=form, status=error.status)
    flash(gettext("面议规则已公布。"), "success")
    return redirect(url_for("negotiation_pages.show_rule", code=code), code=303)


@blueprint.post("/prices/<code>/negotiation/offer")
@requires(Permission.PRICE_SET)
def offer(code: str) -> AnyResponse:
    """Offer a buyer a price of its own as the seller."""
    form = Form(NegotiationFormIn)
    if not form.accepts():
        return _product_page(code, offer_form=form, status=422)
    terms = dict(form.data)
    try:
        with db.transaction() as session:
            product = products.by_code(session, code)
            buyer = parties.by_uscc(session, terms.pop("uscc"))
            made = commands.offer(
                session, current_actor(), product_id=product.id, buyer_id=buyer.id, **terms, now=clock.now()
            )
    except DomainError as error:
        form.refuse(error)
        return _product_page(code, offer_form=form, status=error.status)
    flash(gettext("面议 %(number)s 已报价，等待买方答复。", number=made.number), "success")
    return redirect(url_for("negotiation_pages.show", negotiation_id=made.id), code=303)


@blueprint.get("/negotiations/<uuid:negotiation_id>")
@requires(Permission.ORDER_READ)
def show(negotiation_id: UUID) -> Response:
    """Show one negotiation, every word of it, and what can be answered now."""
    return _negotiation_page(negotiation_id)


@blueprint.post("/negotiations/<uuid:negotiation_id>/<any(counter, accept, decline, withdraw):step>")
@requires(Permission.ORDER_READ)
def answer(negotiation_id: UUID, step: str) -> AnyResponse:
    """Answer on the version that was shown; the command asks who may."""
    form = Form(NegotiationTermsFormIn if step == "counter" else NegotiationNoteIn)
    if not form.accepts():
        return _negotiation_page(negotiation_id, form, status=422)
    try:
        with db.transaction() as session:
            queries.get(session, current_actor(), negotiation_id)
            match_version(session, Negotiation, negotiation_id)
            getattr(commands, step)(session, current_actor(), negotiation_id, **form.data, now=clock.now())
    except DomainError as error:
        form.refuse(error)
        return _negotiation_page(negotiation_id, form, status=error.status)
    flash(gettext("已办理。"), "success")
    return redirect(url_for("negotiation_pages.show", negotiation_id=negotiation_id), code=303)


def _product_page(
    code: str, *, rule_form: Form | None = None, offer_form: Form | None = None, status: int = 200
) -> Response:
    session, actor, today = db.session(), current_actor(), clock.today()
    product = products.by_code(session, code)
    refused = next((form.problem for form in (rule_form, offer_form) if form and form.problem), None)
    terms = {"valid_from": today, "model": ModelKind.PER_UNIT.value}
    text = render_template(
        "pricing/negotiated/product.html", product=product, refusal=words_of(refused),
        publications=queries.publications(session, product.id), rule=queries.rule_at(session, product.id, today),
        rule_form=rule_form or Form(NegotiableFormIn, {"since": today, "is_open": "true"}),
        offer_form=offer_form or Form(NegotiationFormIn, terms), kinds=_kinds(),
        may_price=actor.may(Permission.PRICE_SET, org_id=product.owner_id, place=product.place),
    )  # fmt: skip
    return make_response(text, status)


def _negotiation_page(negotiation_id: UUID, form: Form | None = None, *, status: int = 200) -> Response:
    session, actor, today = db.session(), current_actor(), clock.today()
    found = queries.get(session, actor, negotiation_id)
    state = present_state(found.state, found.answer_by, today)
    side = queries.side_of(actor, found)
    said = [(word, describe(word.model)) for word in queries.rounds(session, found.id)]
    text = render_template(
        "pricing/negotiated/negotiation.html", negotiation=found, names=_names([found]), state=state,
        listed=session.get_one(Tariff, found.tariff_id),
        state_titles=STATE_WORDS, side_titles=SIDE_WORDS, act_titles=ACT_WORDS, unit_titles=UNIT_WORDS,
        lines=describe(found.model), rounds=said,
        acts=[act.value for act in possible(state, side)] if side else [], kinds=_kinds(),
        form=form or Form(NegotiationTermsFormIn, _terms_of(found)), refusal=words_of(form.problem if form else None),
    )  # fmt: skip
    return make_response(text, status)


def _terms_of(found: Negotiation) -> dict[str, Any]:
    """Return the terms that an answer starts from."""
    figures = {name: text for name, text in found.model.items() if isinstance(text, str)}
    return {
        **figures,
        "valid_from": found.valid_from,
        "valid_until": found.valid_until,
        "answer_by": found.answer_by,
    }


def _kinds() -> list[tuple[str, Any]]:
    return [(kind.value, KIND_WORDS[kind]) for kind in SIMPLE]


def _names(shown: list[Negotiation]) -> dict[UUID, Any]:
    """Return products and parties of the negotiations by their ids, in two queries."""
    return {one.id: one for one in queries.products_and_parties(db.session(), shown)}
