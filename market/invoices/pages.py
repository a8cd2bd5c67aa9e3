"""Invoices for people: asking, issuing, taking back, and the table for the tax system."""

from __future__ import annotations

import re
from typing import Any

import marshmallow as ma
import sqlalchemy as sa
from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db, lists
from kernel.calendar import DAY, Period
from kernel.errors import DomainError
from kernel.http import Form, attachment, current_actor, match_version, policy_book, requires, words_of
from kernel.identity import Permission
from kernel.lists import Column, Kind, Listing
from kernel.money import in_capitals
from market.invoices import commands, queries, sheets
from market.invoices.model import Invoice
from market.invoices.rules import InvoiceKind, InvoiceState, InvoiceType, TaxpayerKind
from market.invoices.schemas import (
    MONTH,
    NUMBER_LENGTH_MAX,
    InvoiceIn,
    InvoiceIssueIn,
    InvoiceRefusalIn,
    MonthInvoiceIn,
    RedLetterIn,
    TaxpayerIn,
)
from market.orders import queries as orders
from market.orders.model import Order
from registry.parties.model import Party

MONTH_FORM = re.compile(MONTH)
blueprint = Blueprint("invoice_pages", __name__, template_folder="../templates")
STATE_WORDS = {
    InvoiceState.REQUESTED: _("待开具"),
    InvoiceState.ISSUED: _("已开具"),
    InvoiceState.REFUSED: _("未予开具"),
}
KIND_WORDS = {InvoiceKind.BLUE: _("蓝字"), InvoiceKind.RED: _("红字")}
TYPE_WORDS = {InvoiceType.GENERAL: _("普通发票"), InvoiceType.SPECIAL: _("增值税专用发票")}
TAXPAYER_WORDS = {TaxpayerKind.GENERAL: _("一般纳税人"), TaxpayerKind.SMALL_SCALE: _("小规模纳税人")}
SCHEMAS: dict[str, type[ma.Schema]] = {
    "issue": InvoiceIssueIn,
    "refuse": InvoiceRefusalIn,
    "take_back": RedLetterIn,
}


@blueprint.get("/invoices")
@requires(Permission.ORDER_READ)
def browse() -> Response | str:
    """List the invoices of the own orders; a seller sees what waits, and how it is taxed."""
    found = _invoices()
    if found.is_download:
        return found.export(db.session(), queries.listed(current_actor()), Invoice)
    return _list_page(Form(TaxpayerIn))[0]


def _invoices() -> Listing:
    number = sa.select(Order.number).where(Order.id == Invoice.order_id).correlate(Invoice).scalar_subquery()
    columns = [
        Column("number", _("申请编号"), Invoice.number, is_filter=True),
        Column("order", _("订单"), sa.func.coalesce(number, sa.cast(Invoice.month, sa.Text)), is_filter=True),
        Column("kind", _("种类"), Invoice.kind, Kind.CODE, KIND_WORDS, tuple(InvoiceKind), is_filter=True),
        Column("net", _("金额（不含税）"), Invoice.net, Kind.MONEY, is_summed=True),
        Column("tax", _("税额"), Invoice.tax, Kind.MONEY, is_summed=True),
        Column("gross", _("价税合计"), Invoice.gross, Kind.MONEY, is_filter=True, is_summed=True),
        Column("issued", _("发票号码"), sa.func.coalesce(Invoice.tax_system_number, ""), is_filter=True),
        Column("state", _("状态"), Invoice.state, Kind.CODE, STATE_WORDS, tuple(InvoiceState), is_filter=True),
    ]
    return lists.asked_for("invoices", gettext("发票"), columns, at="invoice_pages.browse")


@blueprint.post("/invoices/taxpayer")
@requires(Permission.INVOICE_ISSUE)
def state_taxpayer() -> AnyResponse:
    """State how the own organisation is taxed."""
    form = Form(TaxpayerIn)
    if form.accepts():
        try:
            with db.transaction() as session:
                commands.state_taxpayer(session, current_actor(), **form.data, now=clock.now())
        except DomainError as error:
            form.refuse(error)
            return make_response(*_list_page(form, error.status))
        flash(gettext("已登记纳税人类别。"), "success")
        return redirect(url_for("invoice_pages.browse"), code=303)
    return make_response(*_list_page(form, 422))


@blueprint.get("/invoices/export.<any(xlsx, csv, json):form>")
@requires(Permission.INVOICE_ISSUE)
def export(form: str) -> Response:
    """Hand out what waits to be issued as a table for the tax system."""
    session = db.session()
    rows = queries.sheets(session, queries.waiting(session, current_actor()))
    return attachment(sheets.WRITERS[form](rows), f"invoices-{clock.today()}.{form}")


@blueprint.route("/invoices/new", methods=["GET", "POST"])
@requires(Permission.INVOICE_ASK)
def ask() -> AnyResponse:
    """Ask for the invoice of a paid order."""
    session, actor, status = db.session(), current_actor(), 200
    order = orders.visible(session, actor, request.values.get("order_number", "")[:NUMBER_LENGTH_MAX])
    buyer = session.get_one(Party, order.buyer_id)
    form = Form(InvoiceIn, {"title": buyer.name, "tax_number": buyer.uscc, "type": InvoiceType.GENERAL.value})
    if request.method == "POST":
        status = 422
        if form.accepts():
            try:
                with db.transaction() as opened:
                    made = commands.ask(opened, actor, **form.data, now=clock.now(), book=policy_book())
            except DomainError as error:
                form.refuse(error)
                status = error.status
            else:
                flash(gettext("开票申请 %(number)s 已提交。", number=made.number), "success")
                return redirect(url_for("invoice_pages.show", number=made.number), code=303)
    text = render_template(
        "market/invoices/new.html", form=form, order=order, refusal=words_of(form.problem),
        types=[(one.value, word) for one, word in TYPE_WORDS.items()],
    )  # fmt: skip
    return make_response(text, status)


@blueprint.route("/invoices/month", methods=["GET", "POST"])
@requires(Permission.INVOICE_ASK)
def ask_month() -> AnyResponse:
    """Show what a month left to be invoiced, by seller, and ask for one invoice over it (月结)."""
    session, actor, status = db.session(), current_actor(), 200
    buyer = session.get_one(Party, actor.org_id) if actor.org_id else None
    before = Period.month_of(clock.today()).start - DAY
    chosen = request.values.get("month", f"{before:%Y-%m}")
    month = Period.month(chosen) if MONTH_FORM.fullmatch(chosen) else Period.month_of(before)
    start = {"month": f"{month.start:%Y-%m}", "type": InvoiceType.GENERAL.value}
    if buyer is not None:
        start |= {"title": buyer.name, "tax_number": buyer.uscc}
    form = Form(MonthInvoiceIn, start)
    if request.method == "POST":
        status = 422
        if form.accepts():
            try:
                with db.transaction() as opened:
                    made = commands.ask_month(opened, actor, **{**form.data, "month": month}, now=clock.now(),
                                              book=policy_book())  # fmt: skip
            except DomainError as error:
                form.refuse(error)
                status = error.status
            else:
                numbers = "、".join(one.number for one in made)
                flash(gettext("开票申请 %(number)s 已提交。", number=numbers), "success")
                return redirect(url_for("invoice_pages.browse"), code=303)
    waiting = queries.to_invoice(session, buyer.id, month) if buyer is not None else []
    sellers = {one.id: one for one in session.scalars(
        sa.select(Party).where(Party.id.in_({order.seller_id for order, _ in waiting})))}  # fmt: skip
    text = render_template(
        "market/invoices/month.html", form=form, refusal=words_of(form.problem), month=month, waiting=waiting,
        sellers=sellers, options=[(one.uscc, one.name) for one in sellers.values()],
        types=[(one.value, word) for one, word in TYPE_WORDS.items()],
    )  # fmt: skip
    return make_response(text, status)


@blueprint.get("/invoices/<number>")
@requires(Permission.ORDER_READ)
def show(number: str) -> Response:
    """Show one invoice with its red letters, and the next step."""
    return _invoice_page(number)


@blueprint.post("/invoices/<number>/<any(issue, refuse, take_back):step>")
@requires(Permission.ORDER_READ)
def take_step(number: str, step: str) -> AnyResponse:
    """Issue, send back or take back an invoice, on the version that was shown."""
    form = Form(SCHEMAS[step])
    if not form.accepts():
        return _invoice_page(number, form, status=422)
    try:
        with db.transaction() as session:
            found = queries.visible(session, current_actor(), number)
            match_version(session, Invoice, found.id)
            made = getattr(commands, step)(session, current_actor(), found.id, **form.data, now=clock.now())
    except DomainError as error:
        form.refuse(error)
        return _invoice_page(number, form, status=error.status)
    flash(gettext("已办理。"), "success")
    return redirect(url_for("invoice_pages.show", number=made.number), code=303)


def _list_page(form: Form, status: int = 200) -> tuple[str, int]:
    session, actor = db.session(), current_actor()
    found = _invoices().read(session, queries.listed(actor), Invoice)
    numbers = {one.order_id for one in found.items if one.order_id}
    may_ask = actor.org_id is not None and actor.may(Permission.INVOICE_ASK, org_id=actor.org_id)
    may_issue = actor.org_id is not None and actor.may(Permission.INVOICE_ISSUE, org_id=actor.org_id)
    text = render_template(
        "market/invoices/list.html", found=found, form=form, refusal=words_of(form.problem), may_issue=may_issue,
        may_ask=may_ask, order_numbers={row[0]: row[1] for row in session.execute(
            sa.select(Order.id, Order.number).where(Order.id.in_(numbers)))},
        state_words=STATE_WORDS, kinds=KIND_WORDS, types=TYPE_WORDS, taxpayers=TAXPAYER_WORDS,
        taxpayer_options=[(one.value, word) for one, word in TAXPAYER_WORDS.items()],
        waiting=len(queries.waiting(session, actor)) if may_issue else 0,
        stated=queries.statements(session, actor.org_id) if may_issue and actor.org_id else [],
    )  # fmt: skip
    return text, status


def _invoice_page(number: str, form: Form | None = None, *, status: int = 200) -> Response:
    session, actor = db.session(), current_actor()
    found = queries.visible(session, actor, number)
    left = queries.left(session, found) if found.kind is InvoiceKind.BLUE else None
    is_seller = actor.may(Permission.INVOICE_ISSUE, org_id=found.seller_id, place=found.place)
    is_buyer = actor.may(Permission.INVOICE_ASK, org_id=found.buyer_id)
    context: dict[str, Any] = {
        "found": found, "lines": queries.lines_with_orders(session, found), "form": form or Form(ma.Schema),
        "seller": session.get_one(Party, found.seller_id), "left": left, "red_letters":
        queries.red_letters(session, found.id), "original": session.get(Invoice, found.original_id)
        if found.original_id else None, "state_title": STATE_WORDS[found.state], "state_words": STATE_WORDS,
        "kind": KIND_WORDS[found.kind], "type": TYPE_WORDS[found.type], "may_issue": is_seller
        and found.state is InvoiceState.REQUESTED, "may_take_back": (is_seller or is_buyer) and left is not None
        and bool(left.gross) and found.state is InvoiceState.ISSUED, "today": clock.today(),
        "words": in_capitals(found.gross),
    }  # fmt: skip
    text = render_template("market/invoices/invoice.html", refusal=words_of(form.problem if form else None), **context)
    return make_response(text, status)
