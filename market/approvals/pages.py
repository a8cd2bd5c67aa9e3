"""The second person of a buyer, for people: the rule, what waits, what was decided."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, Response, flash, make_response, redirect, render_template, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db
from kernel.errors import DomainError
from kernel.http import Form, current_actor, match_version, page, policy_book, requires, words_of
from kernel.identity import Permission
from market.approvals import commands, queries
from market.approvals.model import ApprovalRule, OrderApproval
from market.approvals.rules import ApprovalState, RuleState
from market.approvals.schemas import ApprovalDecisionIn, ApprovalRuleDecisionIn, ApprovalRuleIn
from market.orders import queries as orders
from market.orders.model import Order
from registry.accounts.queries import accounts_behind

blueprint = Blueprint("approval_pages", __name__, template_folder="../templates")
STATE_WORDS = {
    ApprovalState.NOT_NEEDED: _("无需复核"),
    ApprovalState.WAITING: _("待复核"),
    ApprovalState.APPROVED: _("已同意"),
    ApprovalState.REFUSED: _("不同意"),
    ApprovalState.LAPSED: _("报价已过期"),
}
RULE_WORDS = {
    RuleState.PROPOSED: _("待复核"),
    RuleState.CONFIRMED: _("已生效"),
    RuleState.REFUSED: _("不同意"),
    RuleState.WITHDRAWN: _("已撤回"),
}


@blueprint.get("/approvals")
@requires(Permission.ORDER_PLACE)
def browse() -> Response:
    """Show what waits for a second person of your organisation, the rule, and what was decided."""
    return _page(None)


@blueprint.post("/approvals/rules")
@requires(Permission.ORDER_PLACE)
def propose() -> AnyResponse:
    """Propose another rule."""
    form = Form(ApprovalRuleIn)
    if not form.accepts():
        return _page(form, status=422)
    try:
        with db.transaction() as session:
            commands.propose_rule(session, current_actor(), **form.data, now=clock.now())
    except DomainError as error:
        form.refuse(error)
        return _page(form, status=error.status)
    flash(gettext("已提出更改，等待本单位另一人复核。"), "success")
    return redirect(url_for("approval_pages.browse"), code=303)


@blueprint.post("/approvals/rules/<uuid:rule_id>/decision")
@requires(Permission.ORDER_PLACE)
def decide_rule(rule_id: UUID) -> AnyResponse:
    """Confirm, refuse or withdraw a proposed rule."""
    form = Form(ApprovalRuleDecisionIn)
    if not form.accepts():
        return _page(form, status=422)
    try:
        with db.transaction() as session:
            queries.rule(session, current_actor(), rule_id)
            match_version(session, ApprovalRule, rule_id)
            commands.decide_rule(session, current_actor(), rule_id, **form.data, now=clock.now())
    except DomainError as error:
        form.refuse(error)
        return _page(form, status=error.status)
    flash(gettext("已办理。"), "success")
    return redirect(url_for("approval_pages.browse"), code=303)


@blueprint.get("/orders/<number>/approval")
@requires(Permission.ORDER_PLACE)
def show(number: str) -> Response:
    """Show one order to its second person."""
    return _order_page(number, Form(ApprovalDecisionIn))


@blueprint.post("/orders/<number>/approval")
@requires(Permission.ORDER_PLACE)
def decide(number: str) -> AnyResponse:
    """Approve or refuse an order as the second person."""
    form = Form(ApprovalDecisionIn)
    if not form.accepts():
        return _order_page(number, form, status=422)
    try:
        with db.transaction() as session:
            match_version(session, Order, orders.visible(session, current_actor(), number).id)
            commands.decide(session, current_actor(), number, **form.data, now=clock.now(), book=policy_book())
    except DomainError as error:
        form.refuse(error)
        return _order_page(number, form, status=error.status)
    flash(gettext("已复核。"), "success")
    return redirect(url_for("contract_pages.show", number=number), code=303)


def _page(form: Form | None, *, status: int = 200) -> Response:
    session, actor, now = db.session(), current_actor(), clock.now()
    found = page(session, queries.decided(actor), OrderApproval, newest_first=True)
    ids = {one.order_id for one in found["items"]}
    own = actor.org_id
    proposal = queries.open_proposal(session, own) if own is not None else None
    rule = queries.rule_at(session, own, now) if own is not None else None
    if form is None:  # a change begins with the rule as it stands
        stands = {"is_on": str(rule.is_on).lower(), "above": rule.above.text()} if rule is not None else {}
        form = Form(ApprovalRuleIn, stands)
    text = render_template(
        "market/approvals/list.html", found=found, form=form, refusal=words_of(form.problem),
        rule=rule, proposal=proposal,
        is_own=proposal is not None and actor.id in accounts_behind(session, proposal.proposed_by_id),
        waiting=queries.waiting(session, actor, now=now), words=STATE_WORDS, rule_words=RULE_WORDS,
        orders={one.id: one for one in session.scalars(sa.select(Order).where(Order.id.in_(ids)))},
        history=session.scalars(queries.rules(actor).order_by(ApprovalRule.id.desc()).limit(20)).all(),
    )  # fmt: skip
    return make_response(text, status)


def _order_page(number: str, form: Form, *, status: int = 200) -> Response:
    session, actor, now = db.session(), current_actor(), clock.now()
    found = queries.visible(session, actor, number, now=now)
    standing = orders.state_of(
        session, orders.quote_of(session, found.order), now=now, book=policy_book(), as_if_not_ordered=True
    )
    is_own = actor.id in accounts_behind(session, found.order.placed_by)
    may_decide = not is_own and found.state in (ApprovalState.WAITING, ApprovalState.LAPSED)
    text = render_template(
        "market/approvals/order.html", found=found, order=found.order, form=form, refusal=words_of(form.problem),
        words=STATE_WORDS, is_own=is_own, may_decide=may_decide, standing=standing,
    )  # fmt: skip
    return make_response(text, status)
