"""Refunds for people: asking, deciding as the second person, and recording the transfer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db
from kernel.errors import DomainError
from kernel.http import Form, current_actor, match_version, page, requires, words_of
from kernel.identity import Permission
from market.payments import queries as payments
from market.payments.model import Payment
from market.payments.rules import PaymentMethod
from market.refunds import commands, queries
from market.refunds.model import Refund
from market.refunds.rules import RefundState
from market.refunds.schemas import RefundDecisionIn, RefundIn, TransferIn

blueprint = Blueprint("refund_pages", __name__, template_folder="../templates")
STATE_WORDS = {
    RefundState.ASKED: _("待复核"), RefundState.APPROVED: _("已同意，待付出"), RefundState.PENDING: _("处理中"),
    RefundState.UNKNOWN: _("结果未知，自动查询中"), RefundState.DONE: _("已退"), RefundState.FAILED: _("未成功"),
    RefundState.REFUSED: _("不同意"), RefundState.WITHDRAWN: _("已撤回"),
}  # fmt: skip


@blueprint.get("/refunds")
@requires(Permission.ORDER_READ)
def browse() -> str:
    """List refunds within one's scope."""
    session, state = db.session(), request.args.get("state", "")
    chosen = RefundState(state) if state in list(RefundState) else None
    found = page(session, queries.listed(current_actor(), state=chosen), Refund, newest_first=True)
    return render_template(
        "market/refunds/list.html", found=found, titles=STATE_WORDS, payments=_payments(found["items"]),
        states=[(item.value, word) for item, word in STATE_WORDS.items()],
    )  # fmt: skip


@blueprint.route("/payments/<uuid:payment_id>/refunds/new", methods=["GET", "POST"])
@requires(Permission.REFUND_ASK)
def ask(payment_id: UUID) -> AnyResponse:
    """Ask to give back all or part of a payment."""
    session, status = db.session(), 200
    payment = payments.visible(session, current_actor(), payment_id)
    left = queries.left(session, payment)
    form = Form(RefundIn, {"amount": left.text(), "client_reference": uuid4().hex, "payment_id": str(payment_id)})
    if request.method == "POST":
        status = 422
        if form.accepts():
            try:
                with db.transaction() as opened:
                    made = commands.ask(opened, current_actor(), **{**form.data, "payment_id": payment_id},
                                        now=clock.now())  # fmt: skip
            except DomainError as error:
                form.refuse(error)
                status = error.status
            else:
                flash(gettext("%(number)s 已提交，等待复核。", number=made.number), "success")
                return redirect(url_for("refund_pages.show", refund_id=made.id), code=303)
    text = render_template("market/refunds/form.html", form=form, payment=payment, left=left,
                           refusal=words_of(form.problem))  # fmt: skip
    return make_response(text, status)


@blueprint.get("/refunds/<uuid:refund_id>")
@requires(Permission.ORDER_READ)
def show(refund_id: UUID) -> Response:
    """Show one refund and the next step."""
    return _refund(refund_id)


@blueprint.post("/refunds/<uuid:refund_id>/decision")
@requires(Permission.REFUND_DECIDE)
def decide(refund_id: UUID) -> AnyResponse:
    """Approve or refuse as the second person."""
    return _step(refund_id, Form(RefundDecisionIn), commands.decide)


@blueprint.post("/refunds/<uuid:refund_id>/withdrawal")
@requires(Permission.REFUND_ASK)
def withdraw(refund_id: UUID) -> AnyResponse:
    """Take it back."""
    return _step(refund_id, None, commands.withdraw)


@blueprint.post("/refunds/<uuid:refund_id>/transfer")
@requires(Permission.REFUND_PAY)
def confirm(refund_id: UUID) -> AnyResponse:
    """Record the transfer."""
    return _step(refund_id, Form(TransferIn), commands.confirm_transfer)


def _step(refund_id: UUID, form: Form | None, act: Callable[..., Any]) -> AnyResponse:
    if form is not None and not form.accepts():
        return _refund(refund_id, form, status=422)
    try:
        with db.transaction() as session:
            match_version(session, Refund, queries.in_hand(session, current_actor(), refund_id))
            act(session, current_actor(), refund_id, **(form.data if form else {}), now=clock.now())
    except DomainError as error:
        return _refund(refund_id, form, refusal=error, status=error.status)
    flash(gettext("已办理。"), "success")
    return redirect(url_for("refund_pages.show", refund_id=refund_id), code=303)


def _refund(
    refund_id: UUID, form: Form | None = None, *, refusal: DomainError | None = None, status: int = 200
) -> Response:
    session, actor = db.session(), current_actor()
    refund = queries.visible(session, actor, refund_id)
    text = render_template(
        "market/refunds/refund.html", refund=refund, payment=session.get_one(Payment, refund.payment_id),
        title=STATE_WORDS[refund.state], form=form or Form(RefundDecisionIn), refusal=words_of(refusal),
        may_decide=refund.state is RefundState.ASKED and actor.may(Permission.REFUND_DECIDE, place=refund.place),
        may_withdraw=refund.state is RefundState.ASKED and actor.may(Permission.REFUND_ASK, place=refund.place),
        may_pay=refund.state in (RefundState.APPROVED, RefundState.PENDING)
        and refund.method is PaymentMethod.BANK_TRANSFER and actor.may(Permission.REFUND_PAY, place=refund.place),
        disputes=queries.disputes(session, refund.payment_id),
    )  # fmt: skip
    return make_response(text, status)


def _payments(found: list[Refund]) -> dict[UUID, Payment]:
    session = db.session()
    return {one.payment_id: session.get_one(Payment, one.payment_id) for one in found}
