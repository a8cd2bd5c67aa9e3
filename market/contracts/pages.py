"""Orders for people: placing, the progress of one trade, signing, calling off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import format_datetime, gettext
from flask_babel import lazy_gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db, files, lists
from kernel.calendar import business_date
from kernel.errors import DomainError
from kernel.http import Form, attachment, current_actor, match_version, policy_book, requires, words_of
from kernel.identity import Permission
from kernel.lists import Column, Kind
from market.approvals.pages import STATE_WORDS as APPROVAL_WORDS
from market.approvals.rules import ApprovalState
from market.contracts import commands, queries
from market.contracts.model import Contract
from market.contracts.rules import STANDARD, SealKind, Side
from market.contracts.schemas import CancellationIn, SealIn, SignatureIn
from market.orders import queries as orders
from market.orders.model import Order
from market.orders.rules import OrderState
from market.orders.schemas import OrderIn
from market.payments.rules import PaymentState
from pricing.costs.pages import RowsForm
from pricing.exemptions.rules import Purpose
from pricing.tariffs.rules import PriceReason
from registry.products.model import Product
from registry.public_register.gateway import pdf_of

blueprint = Blueprint("contract_pages", __name__, template_folder="../templates")
SEAL_WORDS = {
    SealKind.SEALED_DOCUMENT: _("加盖电子印章的文件（PDF）"),
    SealKind.CERTIFICATE: _("印章或签名证书（PEM、DER）"),
}
PDF_STYLE = (
    "@page { size: A4; margin: 22mm 20mm; @bottom-center { content: counter(page) ' / ' counter(pages) } }"
    "body { font-family: 'Noto Sans CJK SC', sans-serif; font-size: 10.5pt; line-height: 1.6 }"
    "p { margin: 0 0 3mm; overflow-wrap: anywhere } table { width: 100%; border-collapse: collapse; font-size: 9pt }"
    "th, td { border: 0.3pt solid #888; padding: 1.5mm 2mm; text-align: left; overflow-wrap: anywhere }"
)
ENDED = (OrderState.CANCELLED, OrderState.REFUNDED)


@blueprint.get("/orders")
@requires(Permission.ORDER_READ)
def browse() -> Response | str:
    """List the orders that you placed, sold or watch over; sorted, filtered and exported as asked for."""
    session, actor = db.session(), current_actor()
    may_ask, query = actor.may(Permission.ORDER_PLACE), orders.with_names(orders.listed(actor))
    columns = [one for one in _columns() if not may_ask or one.name != "buyer"]  # buyers see their own orders only
    found = lists.asked_for("orders", gettext("订单"), columns)
    if found.is_download:
        return found.export(session, query, Order)
    found.read(session, query, Order)
    return render_template(
        "market/contracts/list.html", found=found, names=queries.names(session, found.items),
        may_ask=may_ask, may_record=actor.may(Permission.PAYMENT_RECORD),
    )  # fmt: skip


def _columns() -> list[Column]:
    return [
        Column("number", _("编号"), Order.number, is_filter=True),
        Column("product", _("产品"), Product.title, is_filter=True),
        Column("buyer", _("购买方"), orders.BUYER.name, is_filter=True),
        Column("seller", _("供方"), orders.SELLER.name, is_filter=True),
        Column("purpose", _("用途"), Order.purpose, Kind.CODE, choices=tuple(Purpose), is_filter=True),
        Column("amount", _("金额"), Order.amount, Kind.MONEY, is_filter=True, is_summed=True),
        Column("placed", _("下单时间"), Order.placed_at, Kind.MOMENT, is_filter=True),
        Column("state", _("状态"), Order.state, Kind.CODE, choices=tuple(OrderState), is_filter=True),
    ]


@blueprint.post("/orders")
@requires(Permission.ORDER_PLACE)
def place() -> AnyResponse:
    """Accept a quote; the contract is drafted with the order."""
    form = Form(OrderIn)
    number = request.form.get("quote_number", "")
    if not form.accepts():
        flash(form.error("client_reference") or form.error("quote_number"), "danger")
        return redirect(url_for("order_pages.show_quote", number=number or "-"), code=303)
    with db.transaction() as session:
        made = commands.place_order(session, current_actor(), **form.data, now=clock.now(), book=policy_book())
    flash(gettext("订单 %(number)s 已生成，请阅读并签署合同。", number=made.number), "success")
    return redirect(url_for("contract_pages.show", number=made.number), code=303)


@blueprint.get("/orders/<number>")
@requires(Permission.ORDER_READ)
def show(number: str) -> Response:
    """Show one trade: contract, signatures, payment and access."""
    return _trade_page(number)


@blueprint.post("/orders/<number>/signature")
@requires(Permission.CONTRACT_SIGN)
def sign(number: str) -> AnyResponse:
    """Sign the contract for your side."""

    def act(session: Session, data: dict[str, Any]) -> None:
        contract = queries.must_be_of_order(session, orders.visible(session, current_actor(), number))
        match_version(session, Contract, contract.id)
        commands.sign(session, current_actor(), contract.id, **data, now=clock.now(), book=policy_book())

    return _step(number, SignatureIn, gettext("合同已签署。"), act)


@blueprint.post("/orders/<number>/seals")
@requires(Permission.CONTRACT_SIGN)
def attach_seal(number: str) -> AnyResponse:
    """Keep evidence of the electronic seal under your side's signature."""

    def act(session: Session, data: dict[str, Any]) -> None:
        contract = queries.must_be_of_order(session, orders.visible(session, current_actor(), number))
        commands.attach_seal(session, current_actor(), contract.id, **data, now=clock.now())

    return _step(number, SealIn, gettext("电子印章材料已保存。"), act, RowsForm)


@blueprint.get("/orders/<number>/seals/<uuid:seal_id>")
@requires(Permission.ORDER_READ)
def seal_file(number: str, seal_id: UUID) -> Response:
    """Hand out the evidence of a seal to the two sides and auditors."""
    session, actor = db.session(), current_actor()
    orders.visible(session, actor, number)
    found = queries.seal(session, actor, seal_id)
    return attachment(files.get(session, found.sha256).content, found.file_name)


@blueprint.get("/orders/<number>/contract.txt")
@requires(Permission.ORDER_READ)
def contract_as_text(number: str) -> Response:
    """Hand out the text exactly as it was hashed."""
    session = db.session()
    found = queries.must_be_of_order(session, orders.visible(session, current_actor(), number))
    return attachment(found.text.encode(), f"{found.number}.txt")


@blueprint.get("/orders/<number>/contract.pdf")
@requires(Permission.ORDER_READ)
def contract_as_pdf(number: str) -> Response:
    """Hand out the contract with its digest and signatures as PDF; the signed text is the one in contract.txt."""
    session, actor = db.session(), current_actor()
    found = queries.must_be_of_order(session, orders.visible(session, actor, number))
    html = render_template("market/contracts/contract_pdf.html", contract=found, standard=STANDARD,
                           seals=queries.seals(session, actor, found))  # fmt: skip
    return attachment(pdf_of(html, PDF_STYLE), f"{found.number}.pdf")


@blueprint.post("/orders/<number>/cancellation")
@requires(Permission.CONTRACT_SIGN)
def cancel(number: str) -> AnyResponse:
    """Call the order off before it is paid."""

    def act(session: Session, data: dict[str, Any]) -> None:
        match_version(session, Order, orders.visible(session, current_actor(), number).id)
        commands.cancel(session, current_actor(), number, **data, now=clock.now())

    return _step(number, CancellationIn, gettext("订单已取消。"), act)


def _step(
    number: str, schema: Any, done: str, act: Callable[[Session, dict[str, Any]], None], kind: type[Form] = Form
) -> AnyResponse:
    form = kind(schema)
    if not form.accepts():
        return _trade_page(number, form=form, status=422)
    try:
        with db.transaction() as session:
            act(session, form.data)
    except DomainError as error:
        return _trade_page(number, form=form, refusal=error, status=error.status)
    flash(done, "success")
    return redirect(url_for("contract_pages.show", number=number), code=303)


def _trade_page(
    number: str, *, form: Form | None = None, refusal: DomainError | None = None, status: int = 200
) -> Response:
    actor, session = current_actor(), db.session()
    trade = queries.trade(session, actor, number, now=clock.now())
    is_party = actor.org_id in (trade.order.buyer_id, trade.order.seller_id)
    may_sign = is_party and actor.may(Permission.CONTRACT_SIGN, org_id=actor.org_id)
    text = render_template(
        "market/contracts/trade.html", trade=trade, steps=_steps(trade), standard=STANDARD,
        side=_unsigned_side(trade, actor.org_id) if may_sign else None, form=form or Form(CancellationIn),
        refusal=words_of(refusal),
        may_cancel=may_sign and trade.order.state in (OrderState.PLACED, OrderState.CONTRACTED),
        may_see_quote=actor.org_id != trade.order.seller_id, is_party=is_party,
        seals=queries.seals(session, actor, trade.contract) if trade.contract is not None else [],
        may_seal=may_sign and _has_signed(trade, actor.org_id), seal_kinds=SEAL_WORDS, approvals=APPROVAL_WORDS,
        is_buyer=is_party and actor.org_id == trade.order.buyer_id,
        may_record=actor.may(Permission.PAYMENT_RECORD, place=trade.order.place),
        may_prove=actor.may(Permission.SETTLEMENT_READ, place=trade.order.place),
    )  # fmt: skip
    return make_response(text, status)


def _unsigned_side(trade: queries.Trade, org_id: Any) -> Side | None:
    if trade.contract is None or trade.order.state is not OrderState.PLACED:
        return None
    if org_id == trade.order.buyer_id and trade.contract.buyer_signed_at is None:
        return Side.BUYER
    if org_id == trade.order.seller_id and trade.contract.seller_signed_at is None:
        return Side.SELLER
    return None


def _has_signed(trade: queries.Trade, org_id: Any) -> bool:
    if trade.contract is None:
        return False
    is_buyer = org_id == trade.order.buyer_id
    return (trade.contract.buyer_signed_at if is_buyer else trade.contract.seller_signed_at) is not None


def _steps(trade: queries.Trade) -> list[dict[str, Any]]:
    """Return the progress of the trade for the timeline, with what is due next."""
    order, contract, payment = trade.order, trade.contract, trade.payment
    steps = [
        {
            "title": gettext("报价"),
            "at": business_date(trade.quote.made_at),
            "note": trade.quote.number,
            "state": "done",
        },
        {
            "title": gettext("下单"),
            "at": business_date(order.placed_at),
            "note": order.client_reference,
            "state": "done",
        },
    ]
    if trade.approval.state is not ApprovalState.NOT_NEEDED:
        steps.append(_approval(trade))
    if contract is not None or order.reason is not PriceReason.SOURCE_REUSE:
        steps += [
            _signature(gettext("购买方签署"), contract, Side.BUYER),
            _signature(gettext("供方签署"), contract, Side.SELLER),
        ]
    if not order.is_free:
        is_captured = payment is not None and payment.state is not PaymentState.EXPECTED
        at = payment.captured_at if payment is not None else None
        steps.append({"title": gettext("付款到账"), "at": business_date(at) if at else None,
                      "url": url_for("paying_pages.show", payment_id=payment.id) if payment and at else "",
                      "note": payment.bank_line if payment is not None and is_captured else "",
                      "state": "done" if at else "todo"})  # fmt: skip
    opened = trade.entitlement
    steps.append({"title": gettext("开通使用权"), "at": opened.valid_from if opened else None,
                  "url": url_for("entitlement_pages.show", number=opened.number) if opened else "",
                  "note": opened.number if opened else "", "state": "done" if opened else "todo"})  # fmt: skip
    if order.state in ENDED:
        steps.append({"title": gettext("订单已取消") if order.state is OrderState.CANCELLED else gettext("已退款"),
                      "state": "failed"})  # fmt: skip
        return steps
    following = next((step for step in steps if step["state"] == "todo"), None)
    if following is not None:
        following["state"] = "current"
    return steps


def _approval(trade: queries.Trade) -> dict[str, Any]:
    found = trade.approval
    states = {ApprovalState.APPROVED: "done", ApprovalState.WAITING: "todo"}
    return {"title": gettext("购买方内部复核"), "state": states.get(found.state, "failed"),
            "at": business_date(found.decision.decided_at) if found.decision else None,
            "due": None if found.decision else business_date(found.due_at),
            "note": str(APPROVAL_WORDS[found.state])}  # fmt: skip


def _signature(title: str, contract: Contract | None, side: Side) -> dict[str, Any]:
    at = getattr(contract, f"{side}_signed_at", None)
    return {"title": title, "at": format_datetime(at, "yyyy-MM-dd HH:mm") if at else None,
            "actor": getattr(contract, f"{side}_signed_by", None) or "", "state": "done" if at else "todo"}  # fmt: skip
