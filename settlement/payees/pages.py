"""Accounts of payees for people: naming one, confirming it, freezes, and what was told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, make_response, redirect, render_template, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db, lists
from kernel.errors import DomainError
from kernel.http import Form, current_actor, match_version, policy_book, requires, words_of
from kernel.identity import Permission
from kernel.lists import Column, Kind, Listing
from settlement.payees import commands, queries
from settlement.payees.model import PayeeAccount, PayeeFreeze
from settlement.payees.rules import AccountKind, AccountState
from settlement.payees.schemas import PayeeAccountIn, PayeeDecisionIn, PayeeFreezeIn, PayeeLiftIn

blueprint = Blueprint("payee_pages", __name__, template_folder="../templates")
NOTICES_SHOWN = 20
STATE_WORDS = {
    AccountState.ASKED: _("待复核"), AccountState.CONFIRMED: _("已确认"), AccountState.REFUSED: _("不同意"),
    AccountState.WITHDRAWN: _("已撤回"),
}  # fmt: skip
KIND_WORDS = {
    AccountKind.BANK: _("银行账户"), AccountKind.STRIPE: _("Stripe 关联账户"),
    AccountKind.TREASURY: _("国库（非税收入）"),
}  # fmt: skip


@blueprint.get("/payees")
@requires(Permission.PAYEE_READ)
def browse() -> AnyResponse:
    """List accounts, freezes and notices within one's scope; accounts sorted, filtered and exported as asked for."""
    found = _accounts()
    if found.is_download:
        return found.export(db.session(), queries.listed(current_actor()), PayeeAccount)
    return _browse()


def _accounts() -> Listing:
    columns = [
        Column("holder", _("单位"), PayeeAccount.holder, is_filter=True),
        Column("place", _("地方"), PayeeAccount.place, Kind.CODE, choices=policy_book().places(), is_filter=True),
        Column("kind", _("类别"), PayeeAccount.kind, Kind.CODE, KIND_WORDS, tuple(AccountKind), is_filter=True),
        Column("shown", _("账号"), PayeeAccount.shown),
        Column("state", _("状态"), PayeeAccount.state, Kind.CODE, STATE_WORDS, tuple(AccountState), is_filter=True),
        Column("effective", _("生效时间"), PayeeAccount.effective_at, Kind.MOMENT, is_sorted=False),
    ]
    return lists.asked_for("payees", gettext("收款账户"), columns, at="payee_pages.browse")


@blueprint.post("/payees")
@requires(Permission.PAYEE_WRITE)
def ask() -> AnyResponse:
    """Name an account."""
    return _done(Form(PayeeAccountIn), commands.ask, gettext("已提交，待财务复核。"))


@blueprint.post("/payees/freezes")
@requires(Permission.PAYEE_FREEZE)
def freeze() -> AnyResponse:
    """Stop paying a party."""
    return _done(Form(PayeeFreezeIn), commands.freeze, gettext("已冻结，该单位的款项暂不拨付。"))


@blueprint.post("/payees/<uuid:account_id>/decision")
@requires(Permission.PAYEE_READ)
def decide(account_id: UUID) -> AnyResponse:
    """Confirm or refuse as the second person, or withdraw."""

    def act(session: Any, actor: Any, **data: Any) -> Any:
        match_version(session, PayeeAccount, queries.visible(session, actor, account_id).id)
        return commands.decide(session, actor, account_id, **data)

    return _done(Form(PayeeDecisionIn), act, gettext("已办理。"))


@blueprint.post("/payees/<uuid:account_id>/number")
@requires(Permission.PAYEE_CONFIRM)
def reveal(account_id: UUID) -> AnyResponse:
    """Show the whole number to the person who is to confirm it; each time is noted."""
    try:
        with db.transaction() as session:
            number = commands.reveal(session, current_actor(), account_id, now=clock.now())
    except DomainError as error:
        return _browse(refusal=error, status=error.status)
    answer = _browse(revealed={account_id: number})
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.post("/payees/freezes/<uuid:freeze_id>/lifting")
@requires(Permission.PAYEE_FREEZE)
def lift(freeze_id: UUID) -> AnyResponse:
    """Ask to lift a freeze, or confirm it."""

    def act(session: Any, actor: Any, **data: Any) -> Any:
        match_version(session, PayeeFreeze, queries.visible_freeze(session, actor, freeze_id).id)
        return commands.lift(session, actor, freeze_id, **data)

    return _done(Form(PayeeLiftIn), act, gettext("已办理；解除冻结须两人。"))


def _done(form: Form, act: Callable[..., Any], said: str) -> AnyResponse:
    if not form.accepts():
        return _browse(form, status=422)
    try:
        with db.transaction() as session:
            act(session, current_actor(), **form.data, now=clock.now())
    except DomainError as error:
        form.refuse(error)
        return _browse(form, refusal=error, status=error.status)
    flash(said, "success")
    return redirect(url_for("payee_pages.browse"), code=303)


def _browse(
    form: Form | None = None, *, refusal: DomainError | None = None, status: int = 200,
    revealed: Mapping[UUID, str] | None = None,
) -> AnyResponse:  # fmt: skip
    session, actor, book = db.session(), current_actor(), policy_book()
    found = _accounts().read(session, queries.listed(actor), PayeeAccount)
    freezes = list(session.scalars(queries.freezes(actor).where(PayeeFreeze.lifted_at.is_(None))))
    told = queries.notices(session, actor, limit=NOTICES_SHOWN)
    ids = {one.party_id for one in (*found.items, *freezes, *told)}
    may_confirm = actor.may(Permission.PAYEE_CONFIRM)
    waiting = [one for one in found.items if one.state is AccountState.ASKED]
    text = render_template(
        "settlement/payees/browse.html", found=found, freezes=freezes, told=told, form=form or Form(PayeeAccountIn),
        names=queries.names(session, ids), states=STATE_WORDS, kinds=KIND_WORDS, refusal=words_of(refusal),
        places=[(place, book.place(place).title) for place in book.places()],
        may_write=actor.may(Permission.PAYEE_WRITE), may_freeze=actor.may(Permission.PAYEE_FREEZE),
        may_confirm=may_confirm, asked=AccountState.ASKED, revealed=revealed or {},
        shared=queries.shared_with(session, waiting) if may_confirm else {},
    )  # fmt: skip
    return make_response(text, status)
