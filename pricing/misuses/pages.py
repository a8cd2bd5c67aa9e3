"""Misuse of free use for people: recording it, stating one's view, dismissing it, recording the payment."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db, files
from kernel.errors import DomainError
from kernel.http import attachment, current_actor, match_version, page, policy_book, requires, words_of
from kernel.identity import Permission
from pricing.costs.pages import RowsForm
from pricing.exemptions import queries as exemptions
from pricing.exemptions.model import Exemption
from pricing.exemptions.rules import Purpose
from pricing.misuses import commands, queries
from pricing.misuses.model import Misuse
from pricing.misuses.rules import OPEN, MisuseState, is_being_heard
from pricing.misuses.schemas import MisuseIn, MisuseReasonIn, MisuseSettlementIn, MisuseStatementIn
from pricing.policy import PricingPolicy
from registry.parties.model import Party
from registry.products.model import Product

blueprint = Blueprint("misuse_pages", __name__, template_folder="../templates")
STATE_WORDS = {
    MisuseState.RECORDED: _("已登记，待陈述"),
    MisuseState.HEARD: _("已陈述"),
    MisuseState.CLAIMED: _("已认定，待缴费"),
    MisuseState.DISMISSED: _("不予认定"),
    MisuseState.SETTLED: _("已缴清"),
}
PURPOSE_WORDS = {Purpose.INDUSTRY_DEVELOPMENT: _("产业发展"), Purpose.SECTOR_DEVELOPMENT: _("行业发展")}


@blueprint.get("/pricing/misuses")
@requires(Permission.ORDER_READ)
def browse() -> str:
    """List misuses within one's scope."""
    session, actor, state = db.session(), current_actor(), request.args.get("state", "")
    query = queries.visible(actor)
    if state in list(MisuseState):
        query = query.where(Misuse.state == MisuseState(state))
    found = page(session, query, Misuse, newest_first=True)
    return render_template(
        "pricing/misuses/list.html", found=found, names=_names(found["items"]), titles=STATE_WORDS,
        states=[(item.value, word) for item, word in STATE_WORDS.items()],
        waiting=len(queries.waiting(session, actor)) if actor.may(Permission.MISUSE_CONFIRM) else None,
    )  # fmt: skip


@blueprint.route("/pricing/misuses/new", methods=["GET", "POST"])
@requires(Permission.MISUSE_RECORD)
def record() -> AnyResponse:
    """Record a misuse of one exemption."""
    session, status = db.session(), 200
    number = sa.select(Exemption.id).where(Exemption.number == request.values.get("exemption", ""))
    exemption = exemptions.get(session, current_actor(), session.scalar(number) or UUID(int=0))
    form = RowsForm(MisuseIn, {"from_date": exemption.valid_from, "until_date": _until(exemption)})
    if request.method == "POST":
        status = 422
        if form.accepts():
            try:
                with db.transaction() as opened:
                    made = commands.record(opened, current_actor(), **form.data, now=clock.now(), book=policy_book())
            except DomainError as error:
                form.refuse(error)
                status = error.status
            else:
                flash(gettext("%(number)s 已登记，等待使用单位陈述。", number=made.number), "success")
                return redirect(url_for("misuse_pages.show", misuse_id=made.id), code=303)
    text = render_template(
        "pricing/misuses/form.html", form=form, exemption=exemption, refusal=words_of(form.problem),
        product=session.get_one(Product, exemption.product_id), grantee=session.get_one(Party, exemption.grantee_id),
        purposes=[(purpose.value, word) for purpose, word in PURPOSE_WORDS.items()],
        policy=PricingPolicy.at(policy_book(), exemption.place, clock.today()),
    )  # fmt: skip
    return make_response(text, status)


@blueprint.get("/pricing/misuses/<uuid:misuse_id>")
@requires(Permission.ORDER_READ)
def show(misuse_id: UUID) -> Response:
    """Show one misuse: what was found, what the grantee says, what it costs day by day, and the next step."""
    return _misuse_page(misuse_id)


@blueprint.post("/pricing/misuses/<uuid:misuse_id>/statement")
@requires(Permission.ORDER_PLACE)
def hear(misuse_id: UUID) -> AnyResponse:
    """State one's view as the grantee."""
    return _step(misuse_id, RowsForm(MisuseStatementIn), commands.hear)


@blueprint.post("/pricing/misuses/<uuid:misuse_id>/dismissal")
@requires(Permission.MISUSE_CONFIRM)
def dismiss(misuse_id: UUID) -> AnyResponse:
    """Find that there was no misuse."""
    return _step(misuse_id, RowsForm(MisuseReasonIn), commands.dismiss)


@blueprint.post("/pricing/misuses/<uuid:misuse_id>/settlement")
@requires(Permission.PAYMENT_RECORD)
def settle(misuse_id: UUID) -> AnyResponse:
    """Record the payment of the claim."""
    return _step(misuse_id, RowsForm(MisuseSettlementIn), commands.settle)


@blueprint.get("/pricing/misuses/<uuid:misuse_id>/evidence/<sha256>")
@requires(Permission.ORDER_READ)
def evidence(misuse_id: UUID, sha256: str) -> Response:
    """Hand out a file of evidence, as a download and never as a page of this site."""
    session = db.session()
    misuse = queries.get(session, current_actor(), misuse_id)
    own = [misuse.evidence_sha256, *(one.evidence_sha256 for one in queries.statements(session, misuse.id))]
    kept = files.get(session, sha256 if sha256 in own else "")
    return attachment(kept.content, kept.name)


def _step(misuse_id: UUID, form: RowsForm, command: Callable[..., Any]) -> AnyResponse:
    if not form.accepts():
        return _misuse_page(misuse_id, form, status=422)
    try:
        with db.transaction() as session:
            queries.get(session, current_actor(), misuse_id)
            match_version(session, Misuse, misuse_id)
            command(session, current_actor(), misuse_id, **form.data, now=clock.now())
    except DomainError as error:
        form.refuse(error)
        return _misuse_page(misuse_id, form, status=error.status)
    flash(gettext("已办理。"), "success")
    return redirect(url_for("misuse_pages.show", misuse_id=misuse_id), code=303)


def _misuse_page(misuse_id: UUID, form: RowsForm | None = None, *, status: int = 200) -> Response:
    session, actor = db.session(), current_actor()
    misuse = queries.get(session, actor, misuse_id)
    is_open, is_claimed = misuse.state in OPEN, misuse.state is MisuseState.CLAIMED
    may_decide = actor.may(Permission.MISUSE_CONFIRM, place=misuse.place)
    text = render_template(
        "pricing/misuses/misuse.html", misuse=misuse, names=_names([misuse]),
        exemption=session.get_one(Exemption, misuse.exemption_id), state_title=STATE_WORDS[misuse.state],
        purpose_title=PURPOSE_WORDS[misuse.actual_purpose], statements=queries.statements(session, misuse.id),
        lines=queries.lines(session, misuse.id), form=form or RowsForm(MisuseReasonIn),
        refusal=words_of(form.problem if form else None), may_state=is_open and _is_own(misuse),
        may_decide=is_open and may_decide and actor.id != misuse.recorded_by,
        is_hearing=is_being_heard(misuse.state, misuse.hearing_until, clock.today()),
        may_settle=is_claimed and actor.may(Permission.PAYMENT_RECORD, place=misuse.place), may_check=may_decide,
    )  # fmt: skip
    return make_response(text, status)


def _is_own(misuse: Misuse) -> bool:
    return current_actor().may(Permission.ORDER_PLACE, org_id=misuse.grantee_id)


def _until(exemption: Exemption) -> date:
    return min(clock.today(), exemption.valid_until)


def _names(shown: list[Misuse]) -> dict[UUID, Any]:
    """Return products and grantees by their ids, in two queries."""
    session = db.session()
    codes = session.scalars(sa.select(Product).where(Product.id.in_([item.product_id for item in shown])))
    grantees = session.scalars(sa.select(Party).where(Party.id.in_([item.grantee_id for item in shown])))
    return {found.id: found for found in (*codes, *grantees)}
