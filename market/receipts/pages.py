"""Delivery receipts for people; counting reads metering and lives in web/receipting.py."""

from __future__ import annotations

import marshmallow as ma
import sqlalchemy as sa
from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db
from kernel.errors import DomainError
from kernel.http import Form, current_actor, match_version, page, requires, words_of
from kernel.identity import Permission
from market.entitlements.model import Entitlement
from market.orders.model import Order
from market.receipts import commands, queries
from market.receipts.model import DeliveryReceipt
from market.receipts.rules import ReceiptState, Side, worth
from market.receipts.schemas import ReceiptSignatureIn
from registry.parties.model import Party
from registry.products.model import Product

blueprint = Blueprint("receipt_pages", __name__, template_folder="../templates")
STATE_WORDS = {
    ReceiptState.ONE_SIDED: _("待另一方计数"),
    ReceiptState.COUNTED: _("待双方签署"),
    ReceiptState.HALF_SIGNED: _("待另一方签署"),
    ReceiptState.AGREED: _("双方一致"),
    ReceiptState.DISPUTED: _("差额有争议"),
    ReceiptState.RESOLVED: _("差额已解决"),
}
SIDE_WORDS = {Side.PROVIDER: _("供方"), Side.BUYER: _("购买方")}
OPEN_TO_COUNTS = (ReceiptState.ONE_SIDED, ReceiptState.COUNTED, ReceiptState.HALF_SIGNED)


@blueprint.get("/receipts")
@requires(Permission.ORDER_READ)
def browse() -> str:
    """List the delivery receipts of the own orders."""
    session, actor, state = db.session(), current_actor(), request.args.get("state", "")
    chosen = ReceiptState(state) if state in list(ReceiptState) else None
    query, about = queries.listed(actor, state=chosen), request.args.get("entitlement", "")
    if about:
        named = sa.select(Entitlement.id).where(Entitlement.number == about)
        query = query.where(DeliveryReceipt.entitlement_id.in_(named))
    found = page(session, query, DeliveryReceipt, newest_first=True)
    held = session.execute(
        sa.select(Entitlement.id, Entitlement.number, Product.title)
        .join(Product, Product.id == Entitlement.product_id)
        .where(Entitlement.id.in_({one.entitlement_id for one in found["items"]}))
    ).all()
    return render_template(
        "market/receipts/list.html", found=found, about=about, words=STATE_WORDS,
        waiting=len(queries.waiting(session, actor)),
        numbers={row.id: row.number for row in held}, titles={row.id: row.title for row in held},
        may_count=actor.may(Permission.RECEIPT_COUNT),
        states=[(one.value, word) for one, word in STATE_WORDS.items()],
    )  # fmt: skip


@blueprint.get("/receipts/<number>")
@requires(Permission.ORDER_READ)
def show(number: str) -> Response:
    """Show both counts, what stands, what is in dispute, and who has signed."""
    return _receipt_page(number)


@blueprint.post("/receipts/<number>/signature")
@requires(Permission.RECEIPT_COUNT)
def sign(number: str) -> AnyResponse:
    """Sign what both sides counted."""
    form = Form(ReceiptSignatureIn)
    if not form.accepts():
        return _receipt_page(number, form, status=422)
    try:
        with db.transaction() as session:
            found = queries.visible(session, current_actor(), number)
            match_version(session, DeliveryReceipt, found.id)
            commands.sign(session, current_actor(), found.id, **form.data, now=clock.now())
    except DomainError as error:
        form.refuse(error)
        return _receipt_page(number, form, status=error.status)
    flash(gettext("已签署。"), "success")
    return redirect(url_for("receipt_pages.show", number=number), code=303)


def _receipt_page(number: str, form: Form | None = None, *, status: int = 200) -> Response:
    session, actor = db.session(), current_actor()
    found = queries.visible(session, actor, number)
    order = session.get_one(Order, found.order_id)
    side = queries.side_of(actor, order) if actor.may(Permission.RECEIPT_COUNT, org_id=actor.org_id) else None
    signed = queries.signatures(session, found)
    standing = found.standing
    text = render_template(
        "market/receipts/receipt.html", found=found, order=order, side=side, signed=signed, sides=SIDE_WORDS,
        held=session.get_one(Entitlement, found.entitlement_id), counts=queries.counts(session, found.id),
        product=session.get_one(Product, order.product_id), standing=standing, form=form or Form(ma.Schema),
        parties={Side.PROVIDER: session.get_one(Party, order.seller_id),
                 Side.BUYER: session.get_one(Party, order.buyer_id)},
        worth=worth(standing.in_dispute, order.quantity, order.amount) if standing else None,
        may_sign=side is not None and side not in signed
        and found.state in (ReceiptState.COUNTED, ReceiptState.HALF_SIGNED),
        may_count=side is not None and found.state in OPEN_TO_COUNTS, state_title=STATE_WORDS[found.state],
        refusal=words_of(form.problem if form else None),
    )  # fmt: skip
    return make_response(text, status)
