"""Accounts of buyers for people: balance, top-up, credit, statements."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, make_response, redirect, render_template, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db
from kernel.errors import DomainError
from kernel.http import Form, current_actor, match_version, page, policy_book, requires, words_of
from kernel.identity import Permission
from kernel.money import Money
from market.buyer_accounts import commands, queries
from market.buyer_accounts.model import AccountLine, BuyerAccount, CreditLimit
from market.buyer_accounts.rules import LimitState, LineKind, Purse
from market.buyer_accounts.schemas import BuyerAccountIn, LimitDecisionIn, LimitIn
from registry.parties.model import Party

blueprint = Blueprint("buyer_account_pages", __name__, template_folder="../templates")
LINES_SHOWN = 100
KIND_WORDS = {
    LineKind.TOP_UP: _("充值"), LineKind.PAYMENT: _("以余额付款"), LineKind.REFUND: _("退入余额"),
    LineKind.CHARGE: _("月结记账"), LineKind.CREDIT: _("冲减月结"), LineKind.REPAYMENT: _("月结回款"),
}  # fmt: skip
LIMIT_WORDS = {LimitState.PROPOSED: _("待复核"), LimitState.CONFIRMED: _("已确认"), LimitState.REFUSED: _("不同意")}


@blueprint.get("/buyer-accounts")
@requires(Permission.BUYER_ACCOUNT_READ)
def browse() -> Response:
    """List accounts; a buyer opens its own here."""
    return _list(Form(BuyerAccountIn))


@blueprint.post("/buyer-accounts")
@requires(Permission.BUYER_ACCOUNT_OPEN)
def open_account() -> AnyResponse:
    """Open an account."""
    form = Form(BuyerAccountIn)
    if not form.accepts():
        return _list(form, status=422)
    try:
        with db.transaction() as session:
            made = commands.open_account(session, current_actor(), **form.data, now=clock.now(),
                                          book=policy_book())  # fmt: skip
    except DomainError as error:
        form.refuse(error)
        return _list(form, status=error.status)
    return redirect(url_for("buyer_account_pages.show", account_id=made.id), code=303)


@blueprint.get("/buyer-accounts/<uuid:account_id>")
@requires(Permission.BUYER_ACCOUNT_READ)
def show(account_id: UUID) -> Response:
    """Show one account."""
    return _account(account_id, Form(LimitIn))


@blueprint.get("/buyer-accounts/<uuid:account_id>/statements/<number>")
@requires(Permission.BUYER_ACCOUNT_READ)
def statement(account_id: UUID, number: str) -> str:
    """Show the statement of one month as it was issued, and how to pay it."""
    session, actor = db.session(), current_actor()
    account = queries.visible(session, actor, account_id)
    found = queries.statement(session, account.id, number)
    return render_template(
        "market/buyer_accounts/statement.html", account=account, statement=found, today=clock.today(),
        buyer=session.get_one(Party, account.buyer_id), left=queries.open_amount(session, found),
        repayments=queries.repayments(session, found.id), place=policy_book().place(account.place).title,
    )  # fmt: skip


@blueprint.post("/buyer-accounts/<uuid:account_id>/limits")
@requires(Permission.CREDIT_PROPOSE)
def propose_limit(account_id: UUID) -> AnyResponse:
    """Propose a credit limit."""
    form = Form(LimitIn)
    return _step(account_id, form, lambda session: commands.propose_limit(
        session, current_actor(), account_id, **form.data, now=clock.now()))  # fmt: skip


@blueprint.post("/buyer-accounts/<uuid:account_id>/limits/<uuid:limit_id>")
@requires(Permission.CREDIT_CONFIRM)
def decide_limit(account_id: UUID, limit_id: UUID) -> AnyResponse:
    """Confirm or refuse a proposed limit."""
    form = Form(LimitDecisionIn)

    def decide(session: Any) -> None:
        match_version(session, CreditLimit, queries.visible_limit(session, current_actor(), limit_id).id)
        commands.decide_limit(session, current_actor(), limit_id, **form.data, now=clock.now())

    return _step(account_id, form, decide)


def _step(account_id: UUID, form: Form, act: Callable[[Any], Any]) -> AnyResponse:
    if not form.accepts():
        return _account(account_id, form, status=422)
    try:
        with db.transaction() as session:
            act(session)
    except DomainError as error:
        form.refuse(error)
        return _account(account_id, form, status=error.status)
    flash(gettext("已办理。"), "success")
    return redirect(url_for("buyer_account_pages.show", account_id=account_id), code=303)


def _list(form: Form, *, status: int = 200) -> Response:
    session, actor = db.session(), current_actor()
    found = page(session, queries.listed(actor), BuyerAccount, newest_first=True)
    rows = [
        (one, session.get_one(Party, one.buyer_id), queries.balance(session, one.id), queries.owed(session, one.id))
        for one in found["items"]
    ]
    book, own = policy_book(), {one.place for one in found["items"] if one.buyer_id == actor.org_id}
    text = render_template(
        "market/buyer_accounts/list.html", found=found, rows=rows, form=form, refusal=words_of(form.problem),
        places=[(place, book.place(place).title) for place in book.places() if place not in own],
        may_open=actor.org_id is not None and actor.may(Permission.BUYER_ACCOUNT_OPEN, org_id=actor.org_id),
    )  # fmt: skip
    return make_response(text, status)


def _running(lines: Sequence[AccountLine], balance: Money, owed: Money) -> list[tuple[AccountLine, Money]]:
    """Return the movements, the newest first, each with what was in its purse, or owed, after it."""
    left, found = {Purse.PREPAID: balance, Purse.MONTHLY: owed}, []
    for line in lines:
        found.append((line, left[line.purse]))
        left[line.purse] -= line.amount
    return found


def _account(account_id: UUID, form: Form, *, status: int = 200) -> Response:
    session, actor = db.session(), current_actor()
    account = queries.visible(session, actor, account_id)
    balance, owed = queries.balance(session, account.id), queries.owed(session, account.id)
    text = render_template(
        "market/buyer_accounts/account.html", account=account, buyer=session.get_one(Party, account.buyer_id),
        balance=balance, owed=owed,
        limit=queries.limit_in_force(session, account.id), limits=queries.limits(session, account.id),
        lines=_running(queries.lines(session, account.id, limit=LINES_SHOWN), balance, owed),
        statements=queries.statements(session, account.id),
        form=form, refusal=words_of(form.problem), kinds=KIND_WORDS, limit_words=LIMIT_WORDS, today=clock.today(),
        may_propose=actor.may(Permission.CREDIT_PROPOSE, place=account.place),
        may_confirm=actor.may(Permission.CREDIT_CONFIRM, place=account.place),
    )  # fmt: skip
    return make_response(text, status)
