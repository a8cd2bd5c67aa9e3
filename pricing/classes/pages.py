"""The seller's page of the classes of buyers: publish a rule, admit somebody by it, end a membership."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response, flash, make_response, redirect, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db
from kernel.errors import DomainError
from kernel.http import Form, current_actor, requires, words_of
from kernel.identity import Permission
from pricing.classes import commands, queries
from pricing.classes.schemas import ClassMemberFormIn, ClassRuleFormIn, MembershipEndIn
from registry.parties import queries as parties
from registry.products import queries as products

blueprint = Blueprint("buyer_class_pages", __name__, template_folder="../templates")


@blueprint.get("/prices/<code>/classes")
@requires(Permission.PRICE_TRY)
def show(code: str) -> Response:
    """Show the classes of a product: rules, members, and what changed."""
    return _page(code)


@blueprint.post("/prices/<code>/classes/rules")
@requires(Permission.PRICE_SET)
def publish_rule(code: str) -> AnyResponse:
    """Publish the rule of a class as the seller."""
    form = Form(ClassRuleFormIn)
    if not form.accepts():
        return _page(code, rule_form=form, status=422)
    try:
        with db.transaction() as session:
            product = products.by_code(session, code)
            commands.publish_rule(session, current_actor(), product_id=product.id, **form.data, now=clock.now())
    except DomainError as error:
        form.refuse(error)
        return _page(code, rule_form=form, status=error.status)
    flash(gettext("类别规则已公布。"), "success")
    return redirect(url_for("buyer_class_pages.show", code=code), code=303)


@blueprint.post("/prices/<code>/classes/members")
@requires(Permission.PRICE_SET)
def admit_to_class(code: str) -> AnyResponse:
    """Admit a buyer to a class as the seller."""
    form = Form(ClassMemberFormIn)
    if not form.accepts():
        return _page(code, member_form=form, status=422)
    terms = dict(form.data)
    try:
        with db.transaction() as session:
            product = products.by_code(session, code)
            party = parties.by_uscc(session, terms.pop("uscc"))
            commands.admit_to_class(
                session, current_actor(), product_id=product.id, party_id=party.id, **terms, now=clock.now()
            )
    except DomainError as error:
        form.refuse(error)
        return _page(code, member_form=form, status=error.status)
    flash(gettext("%(name)s 已列入该类用户。", name=party.name), "success")
    return redirect(url_for("buyer_class_pages.show", code=code), code=303)


@blueprint.post("/prices/<code>/classes/<uuid:member_id>/end")
@requires(Permission.PRICE_SET)
def end_membership(code: str, member_id: UUID) -> AnyResponse:
    """End a membership as the seller."""
    form = Form(MembershipEndIn)
    if not form.accepts():
        return _page(code, end_form=form, status=422)
    try:
        with db.transaction() as session:
            commands.end_membership(session, current_actor(), member_id, **form.data, now=clock.now())
    except DomainError as error:
        form.refuse(error)
        return _page(code, end_form=form, status=error.status)
    flash(gettext("已终止；此前的订单不受影响。"), "success")
    return redirect(url_for("buyer_class_pages.show", code=code), code=303)


def _page(
    code: str,
    *,
    rule_form: Form | None = None,
    member_form: Form | None = None,
    end_form: Form | None = None,
    status: int = 200,
) -> Response:
    session, actor, today = db.session(), current_actor(), clock.today()
    product = products.by_code(session, code)
    actor.must(Permission.PRICE_TRY, org_id=product.owner_id, place=product.place)
    refused = next((form.problem for form in (rule_form, member_form, end_form) if form and form.problem), None)
    text = render_template(
        "pricing/classes/classes.html", product=product, today=today, refusal=words_of(refused),
        published=queries.published(session, product.id), memberships=queries.memberships(session, product.id),
        rule_form=rule_form or Form(ClassRuleFormIn, {"since": today}),
        member_form=member_form or Form(ClassMemberFormIn, {"since": today}),
        end_form=end_form or Form(MembershipEndIn, {"since": today}),
        may_price=actor.may(Permission.PRICE_SET, org_id=product.owner_id, place=product.place),
    )  # fmt: skip
    return make_response(text, status)
