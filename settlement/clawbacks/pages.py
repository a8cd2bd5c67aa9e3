"""Receivables of parties for people: what is owed, what was netted, repaid or written off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, Response, flash, make_response, redirect, render_template, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db, lists
from kernel.errors import DomainError
from kernel.http import Form, current_actor, match_version, policy_book, requires, words_of
from kernel.identity import Permission
from kernel.lists import Column, Kind
from registry.parties.model import Party
from settlement.clawbacks import commands, queries
from settlement.clawbacks.model import Clawback, ClawbackRecovery
from settlement.clawbacks.rules import RecoveryKind, RecoveryState
from settlement.clawbacks.schemas import RecoveryDecisionIn, RecoveryIn

blueprint = Blueprint("clawback_pages", __name__, template_folder="../templates")
STATE_WORDS = {
    RecoveryState.ASKED: _("待复核"), RecoveryState.CONFIRMED: _("已确认"), RecoveryState.REFUSED: _("不同意"),
    RecoveryState.WITHDRAWN: _("已撤回"),
}  # fmt: skip
KIND_WORDS = {RecoveryKind.REPAID: _("已退回"), RecoveryKind.WRITTEN_OFF: _("核销")}


@blueprint.get("/receivables")
@requires(Permission.CLAWBACK_READ)
def browse() -> Response | str:
    """List receivables within one's scope with what is left of each; sorted, filtered and exported as asked for."""
    session = db.session()
    query = queries.listed(current_actor()).join(Party, Party.id == Clawback.party_id)
    found = lists.asked_for("receivables", gettext("应收退款"), _columns())
    if found.is_download:
        return found.export(session, query, Clawback)
    items = found.read(session, query, Clawback).items
    left = {one.clawback.id: one.left for one in queries.left(session, items)}
    names = {one.party_id: session.get_one(Party, one.party_id).name for one in items}
    return render_template("settlement/clawbacks/browse.html", found=found, left=left, names=names)


def _columns() -> list[Column]:
    ways = {"treasury": _("国库退付"), "party": _("单位退回")}
    way = sa.case((Clawback.is_treasury, "treasury"), else_="party")
    return [
        Column("party", _("单位"), Party.name, is_filter=True),
        Column("order", _("订单"), Clawback.order_number, is_filter=True),
        Column("place", _("地方"), Clawback.place, Kind.CODE, choices=policy_book().places(), is_filter=True),
        Column("amount", _("金额"), Clawback.amount, Kind.MONEY, is_summed=True),
        Column("left", _("尚欠"), queries.left_column(), Kind.MONEY, is_filter=True, is_summed=True),
        Column("way", _("去向"), way, Kind.CODE, ways, tuple(ways), is_filter=True),
        Column("raised", _("发生时间"), Clawback.raised_at, Kind.MOMENT, is_filter=True),
    ]


@blueprint.get("/receivables/<uuid:clawback_id>")
@requires(Permission.CLAWBACK_READ)
def show(clawback_id: UUID) -> AnyResponse:
    """Show one receivable and how it ends."""
    return _show(clawback_id)


@blueprint.post("/receivables/<uuid:clawback_id>/recoveries")
@requires(Permission.CLAWBACK_WRITE)
def ask(clawback_id: UUID) -> AnyResponse:
    """Record a repayment or ask to write off."""
    return _step(clawback_id, Form(RecoveryIn), lambda session, actor, **data: commands.ask_recovery(
        session, actor, clawback_id, **data))  # fmt: skip


@blueprint.post("/receivables/<uuid:clawback_id>/recoveries/<uuid:recovery_id>/decision")
@requires(Permission.CLAWBACK_READ)
def decide(clawback_id: UUID, recovery_id: UUID) -> AnyResponse:
    """Confirm or refuse as the second person, or withdraw."""

    def act(session: Any, actor: Any, **data: Any) -> Any:
        match_version(session, ClawbackRecovery, queries.visible_recovery(session, actor, recovery_id).id)
        return commands.decide_recovery(session, actor, recovery_id, **data)

    return _step(clawback_id, Form(RecoveryDecisionIn), act)


def _step(clawback_id: UUID, form: Form, act: Callable[..., Any]) -> AnyResponse:
    if not form.accepts():
        return _show(clawback_id, form, status=422)
    try:
        with db.transaction() as session:
            act(session, current_actor(), **form.data, now=clock.now())
    except DomainError as error:
        form.refuse(error)
        return _show(clawback_id, form, refusal=error, status=error.status)
    flash(gettext("已办理。"), "success")
    return redirect(url_for("clawback_pages.show", clawback_id=clawback_id), code=303)


def _show(
    clawback_id: UUID, form: Form | None = None, *, refusal: DomainError | None = None, status: int = 200
) -> AnyResponse:
    session, actor = db.session(), current_actor()
    found = queries.visible(session, actor, clawback_id)
    (balance,) = queries.left(session, [found])
    text = render_template(
        "settlement/clawbacks/show.html", one=found, left=balance.left, party=session.get_one(Party, found.party_id),
        recoveries=queries.recoveries_of(session, found.id),
        form=form or Form(RecoveryIn, {"amount": balance.left.text()}),
        kinds=[(kind, word) for kind, word in KIND_WORDS.items()
               if kind is RecoveryKind.REPAID or not found.is_treasury],
        kind_words=KIND_WORDS, states=STATE_WORDS, refusal=words_of(refusal),
        may_ask=bool(balance.left) and actor.may(Permission.CLAWBACK_WRITE, place=found.place),
        may_confirm=actor.may(Permission.CLAWBACK_CONFIRM, place=found.place),
    )  # fmt: skip
    return make_response(text, status)
