"""Deliveries for people who sell: what went out, when last, and which receipts wait."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from kernel import clock, db
from kernel.calendar import DAY, Period
from kernel.http import current_actor, page, requires
from kernel.identity import Permission
from market.catalogue.pages import FORM_WORDS
from market.entitlements.model import Entitlement
from settlement.deliveries import queries
from settlement.takings.queries import own

blueprint = Blueprint("deliveries_pages", __name__, template_folder="../templates")


@blueprint.get("/deliveries")
@requires(Permission.TAKINGS_READ)
def browse() -> str:
    """List what your organisation delivers, with the use of a month."""
    session, actor = db.session(), current_actor()
    asked = request.args.get("month")
    month = Period.month(asked) if asked else Period.month_of(clock.today())
    found = page(session, queries.listed(own(actor)), Entitlement, newest_first=True)
    return render_template(
        "settlement/deliveries/list.html", rows=queries.deliveries(session, actor, found["items"], month),
        next_cursor=found["next_cursor"], month=month, forms=FORM_WORDS, earlier=Period.month_of(month.start - DAY),
        later=Period.month_of(month.end) if month.end <= clock.today() else None, today=clock.today(),
    )  # fmt: skip
