"""Counting a delivery: what metering knows is read above and handed down beside each side's own count."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db
from kernel.calendar import DAY, Period
from kernel.errors import DomainError
from kernel.http import ApiBlueprint, Form, current_actor, requires, words_of
from kernel.identity import Permission
from market.entitlements import queries as entitlements
from market.receipts import commands
from market.receipts.model import DeliveryReceipt
from market.receipts.schemas import NUMBER_LENGTH_MAX, ReceiptCountIn, ReceiptOut
from settlement.metering.model import UsageEvent
from settlement.metering.queries import is_counted

api = ApiBlueprint("receipting", __name__, url_prefix="/api/v1/receipts", description="交付计数 · counting a delivery")
blueprint = Blueprint("receipting_pages", __name__)


def metered(session: Session, entitlement_number: str, month: Period) -> int:
    """Return the units that this platform counted of an entitlement in a month."""
    held = entitlements.visible(session, current_actor(), entitlement_number)
    query = sa.select(sa.func.coalesce(sa.func.sum(UsageEvent.quantity), 0)).where(
        UsageEvent.entitlement_id == held.id, UsageEvent.day_number >= month.start.toordinal(),
        UsageEvent.day_number < month.end.toordinal(), is_counted(UsageEvent),
    )  # fmt: skip
    return int(session.scalar(query) or 0)


def count(session: Session, sent: dict[str, Any]) -> DeliveryReceipt:
    """Take one side's count of a month, with what was metered beside it."""
    month = Period.month(sent["month"])
    known = metered(session, sent["entitlement_number"], month)
    return commands.count(session, current_actor(), **{**sent, "month": month}, metered=known, now=clock.now())


@api.post("")
@requires(Permission.RECEIPT_COUNT)
@api.arguments(ReceiptCountIn)
@api.response(201, ReceiptOut)
def count_month(count_in):
    """Say how many units your side counted in a month; again, as long as not both have signed."""
    with db.transaction() as session:
        return count(session, count_in)


@blueprint.route("/receipts/new", methods=["GET", "POST"])
@requires(Permission.RECEIPT_COUNT)
def count_page() -> AnyResponse:
    """Enter the own count of a month, beside what was metered."""
    session, status = db.session(), 200
    number = request.values.get("entitlement_number", "")[:NUMBER_LENGTH_MAX]
    held = entitlements.visible(session, current_actor(), number) if number else None
    before = Period.month_of(clock.today()).start - DAY
    form = Form(ReceiptCountIn, {"entitlement_number": number, "month": request.args.get("month", f"{before:%Y-%m}")})
    if request.method == "POST":
        status = 422
        if form.accepts():
            try:
                with db.transaction() as opened:
                    made = count(opened, form.data)
            except DomainError as error:
                form.refuse(error)
                status = error.status
            else:
                flash(gettext("计数已登记。"), "success")
                return redirect(url_for("receipt_pages.show", number=made.number), code=303)
    text = render_template("market/receipts/new.html", form=form, held=held, refusal=words_of(form.problem))
    return make_response(text, status)
