"""Payments for programs."""

from __future__ import annotations

from uuid import UUID

from kernel import clock, db
from kernel.http import ApiBlueprint, current_actor, page, policy_book, requires
from kernel.identity import Permission
from market.orders.schemas import OrderOut
from market.payments import commands, queries
from market.payments.model import Payment
from market.payments.schemas import BankLineIn, OpeningIn, PaymentArgs, PaymentOut, PaymentPageOut

blueprint = ApiBlueprint("payments", __name__, url_prefix="/api/v1/payments", description="付款 · payments")


@blueprint.get("")
@requires(Permission.ORDER_READ)
@blueprint.arguments(PaymentArgs, location="query")
@blueprint.response(200, PaymentPageOut)
def browse(args):
    """List the payments of your orders, newest first."""
    return page(db.session(), queries.listed(current_actor(), state=args["state"]), Payment, newest_first=True)


@blueprint.get("/<uuid:payment_id>")
@requires(Permission.ORDER_READ)
@blueprint.response(200, PaymentOut)
def show(payment_id: UUID):
    """Read one payment."""
    return queries.visible(db.session(), current_actor(), payment_id)


@blueprint.post("/bank-lines")
@requires(Permission.PAYMENT_RECORD)
@blueprint.arguments(BankLineIn)
@blueprint.response(201, PaymentOut)
def record_bank_line(bank_line_in):
    """Record a line of the bank statement: the exact amount opens access in the same transaction."""
    with db.transaction() as session:
        return commands.record_bank_line(session, current_actor(), **bank_line_in, now=clock.now(), book=policy_book())


@blueprint.post("/openings")
@requires(Permission.PAYMENT_RECORD)
@blueprint.arguments(OpeningIn)
@blueprint.response(200, OrderOut)
def open_waiting(opening_in):
    """Open an order that was paid while a gate was closed."""
    with db.transaction() as session:
        return commands.open_waiting(session, current_actor(), **opening_in, now=clock.now(), book=policy_book())
