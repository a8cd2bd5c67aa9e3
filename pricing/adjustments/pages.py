"""One adjustment for people: what is proposed, who decides, what carried it out."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import marshmallow as ma
from flask import Blueprint, Response, flash, make_response, redirect, render_template, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db
from kernel.errors import DomainError
from kernel.http import Form, current_actor, match_version, policy_book, requires, words_of
from kernel.identity import Permission
from pricing.adjustments import commands, queries
from pricing.adjustments.model import Adjustment
from pricing.adjustments.rules import AdjustmentKind, AdjustmentState
from pricing.adjustments.schemas import AdjustmentAcceptIn, AdjustmentCarryOutIn, AdjustmentRefuseIn
from pricing.ceilings.model import FeeCap
from pricing.costs.pages import UNIT_WORDS
from registry.agreements import queries as agreements
from registry.products.model import Product

blueprint = Blueprint("adjustment_pages", __name__, template_folder="../templates")
STATE_WORDS = {
    AdjustmentState.PROPOSED: _("待授权主体决定"),
    AdjustmentState.ACCEPTED: _("待执行"),
    AdjustmentState.REFUSED: _("不采纳"),
    AdjustmentState.CARRIED_OUT: _("已执行"),
    AdjustmentState.SUPERSEDED: _("随评估更正作废"),
}
KIND_WORDS = {AdjustmentKind.PRICE: _("具体收费标准"), AdjustmentKind.CAP: _("上限收费标准")}
SCHEMAS: dict[str, type[ma.Schema]] = {
    "accept": AdjustmentAcceptIn,
    "refuse": AdjustmentRefuseIn,
    "carry_out": AdjustmentCarryOutIn,
}


@blueprint.get("/pricing/adjustments/<uuid:adjustment_id>")
@requires(Permission.COST_READ)
def show(adjustment_id: UUID) -> Response:
    """Show one adjustment, its effect, and who acts next."""
    return _page(adjustment_id)


@blueprint.post("/pricing/adjustments/<uuid:adjustment_id>/<any(accept, refuse, carry_out):step>")
@requires(Permission.ADJUSTMENT_WRITE)
def take_step(adjustment_id: UUID, step: str) -> AnyResponse:
    """Accept, refuse or carry out, decided on the version that was shown; the command asks who may."""
    form = Form(SCHEMAS[step])
    if not form.accepts():
        return _page(adjustment_id, form, status=422)
    extra: dict[str, Any] = {"book": policy_book()} if step == "accept" else {}
    try:
        with db.transaction() as session:
            queries.get(session, current_actor(), adjustment_id)
            match_version(session, Adjustment, adjustment_id)
            command = getattr(commands, step)
            command(session, current_actor(), adjustment_id, **form.data, now=clock.now(), **extra)
    except DomainError as error:
        form.refuse(error)
        return _page(adjustment_id, form, status=error.status)
    flash(gettext("已办理。"), "success")
    return redirect(url_for("adjustment_pages.show", adjustment_id=adjustment_id), code=303)


def _page(adjustment_id: UUID, form: Form | None = None, *, status: int = 200) -> Response:
    session, actor = db.session(), current_actor()
    found = queries.get(session, actor, adjustment_id)
    agreement = agreements.get(session, found.agreement_id)
    by = [
        (str(one.id), f"{one.report_number if isinstance(one, FeeCap) else one.number} · ¥ {_amount(one)}")
        for one in queries.carriers(session, found)
    ]
    text = render_template(
        "pricing/adjustments/adjustment.html", adjustment=found, agreement=agreement, carriers=by,
        product=session.get_one(Product, found.product_id), unit_titles=UNIT_WORDS, form=form or Form(ma.Schema),
        refusal=words_of(form.problem if form else None), state_titles=STATE_WORDS, kind_titles=KIND_WORDS,
        may_decide=queries.may_decide(actor, agreement), today=clock.today(),
        may_carry_out=queries.may_carry_out(actor, agreement, found.kind),
    )  # fmt: skip
    return make_response(text, status)


def _amount(one: Any) -> str:
    return str(one.amount if isinstance(one, FeeCap) else one.unit_price_max)
