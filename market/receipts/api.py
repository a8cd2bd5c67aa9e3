"""Delivery receipts for programs; counting reads metering and lives in web/receipting.py."""

from __future__ import annotations

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, match_version, page, requires
from kernel.identity import Permission
from market.receipts import commands, queries
from market.receipts.model import DeliveryReceipt
from market.receipts.schemas import ReceiptArgs, ReceiptCountOut, ReceiptOut, ReceiptPageOut, ReceiptSignatureIn

blueprint = ApiBlueprint(
    "receipts", __name__, url_prefix="/api/v1/receipts", description="交付回执 · countersigned delivery receipts"
)


@blueprint.get("")
@requires(Permission.ORDER_READ)
@blueprint.arguments(ReceiptArgs, location="query")
@blueprint.response(200, ReceiptPageOut)
def browse(args):
    """List the delivery receipts of your orders, newest first."""
    query = queries.listed(current_actor(), state=args["state"])
    return page(db.session(), query, DeliveryReceipt, newest_first=True)


@blueprint.get("/<number>")
@requires(Permission.ORDER_READ)
@blueprint.response(200, ReceiptOut)
def show(number: str):
    """Read one receipt with the document that both sides sign."""
    return queries.visible(db.session(), current_actor(), number)


@blueprint.get("/<number>/counts")
@requires(Permission.ORDER_READ)
@blueprint.response(200, ReceiptCountOut(many=True))
def counts(number: str):
    """Read every count of a receipt, the oldest first."""
    session = db.session()
    return queries.counts(session, queries.visible(session, current_actor(), number).id)


@blueprint.post("/<number>/signature")
@requires(Permission.RECEIPT_COUNT)
@blueprint.arguments(ReceiptSignatureIn)
@blueprint.response(200, ReceiptOut)
def sign(signature_in, number: str):
    """Sign what both sides counted; equal counts are agreed, of different ones the difference is in dispute."""
    with db.transaction() as session:
        found = queries.visible(session, current_actor(), number)
        match_version(session, DeliveryReceipt, found.id)
        return commands.sign(session, current_actor(), found.id, **signature_in, now=clock.now())
