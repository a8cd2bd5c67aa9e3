"""Payments for the people of finance: what is expected, and recording what came."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import get_locale, gettext
from flask_babel import lazy_gettext as _
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db, lists
from kernel.calendar import BEIJING
from kernel.errors import DomainError
from kernel.http import Form, current_actor, policy_book, problem, requires
from kernel.identity import Permission
from kernel.lists import Column, Kind, Listing
from market.orders.model import Order
from market.payments import commands, queries
from market.payments.model import Payment
from market.payments.rules import PaymentState
from market.payments.schemas import BankLineFormIn

blueprint = Blueprint("payment_pages", __name__, template_folder="../templates")


@blueprint.get("/payments")
@requires(Permission.ORDER_READ)
def browse() -> Response:
    """List payments, sorted, filtered and exported as asked for; the preparer records bank lines here."""
    found = _payments()
    if found.is_download:
        return found.export(db.session(), queries.listed(current_actor()), Payment)
    reference = request.args.get("reference", "")
    now = clock.now().astimezone(BEIJING)
    typed = {"reference": reference, "captured_at": f"{now:%Y-%m-%dT%H:%M}"}
    if reference:
        payment = db.session().scalar(queries.listed(current_actor()).where(Payment.reference == reference))
        if payment is not None:
            typed["amount"] = payment.amount.text()
    return _payments_page(Form(BankLineFormIn, typed))


@blueprint.post("/payments/bank-lines")
@requires(Permission.PAYMENT_RECORD)
def record_bank_line() -> AnyResponse:
    """Record a line of the bank statement."""
    form = Form(BankLineFormIn)
    if not form.accepts():
        return _payments_page(form, status=422)
    try:
        with db.transaction() as session:
            payment = commands.record_bank_line(
                session, current_actor(), **form.data, now=clock.now(), book=policy_book()
            )
    except DomainError as error:
        form.refuse(error)
        return _payments_page(form, status=error.status)
    flash(gettext("流水已入账：%(amount)s 元，%(number)s。", amount=payment.amount, number=payment.number), "success")
    return redirect(url_for("payment_pages.browse"), code=303)


@blueprint.post("/payments/openings")
@requires(Permission.PAYMENT_RECORD)
def open_waiting() -> AnyResponse:
    """Open an order that was paid while a gate was closed."""
    number = request.form.get("order_number", "")
    with db.transaction() as session:
        commands.open_waiting(session, current_actor(), number, now=clock.now(), book=policy_book())
    flash(gettext("订单 %(number)s 已开通。", number=number), "success")
    return redirect(url_for("payment_pages.browse"), code=303)


def _payments() -> Listing:
    order = sa.select(Order.number).where(Order.id == Payment.order_id).correlate(Payment).scalar_subquery()
    columns = [
        Column("number", _("编号"), Payment.number, is_filter=True),
        Column("order", _("订单"), order, is_filter=True),
        Column("remark", _("附言"), Payment.reference),
        Column("amount", _("金额"), Payment.amount, Kind.MONEY, is_filter=True, is_summed=True),
        Column("captured", _("到账时间"), Payment.captured_at, Kind.MOMENT, is_sorted=False),
        Column("bank_line", _("流水号"), Payment.bank_line, is_sorted=False),
        Column("state", _("状态"), Payment.state, Kind.CODE, choices=tuple(PaymentState), is_filter=True),
    ]
    return lists.asked_for("payments", gettext("付款"), columns, at="payment_pages.browse")


def _payments_page(form: Form, *, status: int = 200) -> Response:
    session, actor = db.session(), current_actor()
    found = _payments().read(session, queries.listed(actor), Payment)
    placed: dict[Any, Order] = {one.order_id: session.get_one(Order, one.order_id) for one in found.items}
    text = render_template(
        "market/payments/list.html", found=found, orders=placed, form=form,
        may_record=actor.may(Permission.PAYMENT_RECORD),
        refusal=None if form.problem is None else problem(form.problem, language=str(get_locale())),
    )  # fmt: skip
    return make_response(text, status)
