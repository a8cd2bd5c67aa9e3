"""Closings for people: the months of a place with their checklists."""

from __future__ import annotations

from flask import Blueprint, flash, make_response, redirect, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db
from kernel.calendar import DAY, Period
from kernel.errors import DomainError
from kernel.http import Form, current_actor, page, policy_book, requires, working_calendar
from kernel.identity import Permission
from kernel.money import Money, total
from settlement.closing import commands, queries
from settlement.closing.model import Closing
from settlement.closing.rules import ClosingState
from settlement.closing.schemas import ClosingIn
from settlement.ledger.pages import owners_of

blueprint = Blueprint("book_closing_pages", __name__, template_folder="../templates")


@blueprint.get("/book-closings")
@requires(Permission.SETTLEMENT_READ)
def browse() -> str:
    """List the closings of the actor's places, the newest first."""
    return _browse(None, None)


def _browse(form: Form | None, refusal: DomainError | None) -> str:
    actor, book = current_actor(), policy_book()
    found = page(db.session(), queries.listed(actor), Closing, newest_first=True)
    places = [
        (place, book.place(place).title)
        for place in book.places()
        if actor.may(Permission.SETTLEMENT_PREPARE, place=place)
    ]
    if form is None:  # who keeps one book is asked about the month that comes next
        period = queries.next_period(db.session(), places[0][0]) if len(places) == 1 else None
        form = Form(ClosingIn, {"period": period.text()} if period is not None else {})
    return render_template("settlement/closing/browse.html", found=found, places=places, form=form, refusal=refusal)


@blueprint.post("/book-closings")
@requires(Permission.SETTLEMENT_PREPARE)
def start() -> AnyResponse:
    """Begin to close a month, or go through its checklist anew."""
    form = Form(ClosingIn)
    if not form.accepts():
        return make_response(_browse(form, None), 422)
    place, month = form.data["place"], form.data["period"]
    try:
        with db.transaction() as session:
            commands.start(
                session, current_actor(), place=place, period=Period.month(month), now=clock.now(),
                calendar=working_calendar(), book=policy_book(),
            )  # fmt: skip
    except DomainError as refusal:
        return make_response(_browse(form, refusal), refusal.status)
    return redirect(url_for("book_closing_pages.show", place=place, month=month), code=303)


@blueprint.get("/book-closings/<place>/<month>")
@requires(Permission.SETTLEMENT_READ)
def show(place: str, month: str) -> str:
    """Show the checklist of a month, and the balances with which it was closed."""
    return _show(place, month, None)


def _show(place: str, month: str, refusal: DomainError | None) -> str:
    actor = current_actor()
    found = queries.visible(db.session(), actor, place, Period.month(month))
    is_closing = found.state is ClosingState.CLOSING
    balances = [(account, Money.signed_yuan(amount)) for account, amount in sorted(found.balances.items())]
    return render_template(
        "settlement/closing/show.html", one=found, month=month, place=place, refusal=refusal, balances=balances,
        sum=total(amount for _, amount in balances), names=owners_of(db.session(), found.balances),
        last_day=found.period_end - DAY, may_read_books=actor.may(Permission.LEDGER_READ, place=place),
        title=policy_book().place(place).title,
        may_start=found.state is not ClosingState.CLOSED and actor.may(Permission.SETTLEMENT_PREPARE, place=place),
        may_give_up=is_closing and actor.may(Permission.SETTLEMENT_PREPARE, place=place),
        may_close=is_closing and actor.may(Permission.SETTLEMENT_CHECK, place=place) and actor.id != found.started_by,
    )  # fmt: skip


@blueprint.post("/book-closings/<place>/<month>/give-up")
@requires(Permission.SETTLEMENT_PREPARE)
def give_up(place: str, month: str) -> AnyResponse:
    """Leave a month open after all."""
    with db.transaction() as session:
        commands.give_up(session, current_actor(), place=place, period=Period.month(month), now=clock.now())
    flash(gettext("已退回未结账状态。"), "success")
    return redirect(url_for("book_closing_pages.show", place=place, month=month), code=303)


@blueprint.post("/book-closings/<place>/<month>/close")
@requires(Permission.SETTLEMENT_CHECK)
def close(place: str, month: str) -> AnyResponse:
    """Close a month for good."""
    try:
        with db.transaction() as session:
            commands.close(
                session, current_actor(), place=place, period=Period.month(month), now=clock.now(),
                calendar=working_calendar(),
            )  # fmt: skip
    except DomainError as refusal:
        return make_response(_show(place, month, refusal), refusal.status)
    flash(gettext("已结账：该月不再接受任何凭证。"), "success")
    return redirect(url_for("book_closing_pages.show", place=place, month=month), code=303)
