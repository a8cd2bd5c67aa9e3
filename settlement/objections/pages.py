"""Contribution notices and objections for people: the figures, a chart, objecting, and the desk that decides."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

from flask import Blueprint, Response, flash, make_response, redirect, render_template, url_for
from flask_babel import gettext, lazy_gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db, plots
from kernel.calendar import Period
from kernel.errors import DomainError
from kernel.http import Form, current_actor, match_version, page, policy_book, requires, working_calendar
from kernel.identity import Permission
from kernel.money import PERCENT, decimal_text
from settlement.notices import commands as drawing
from settlement.notices import queries as notices
from settlement.notices.model import ContributionNotice
from settlement.notices.rules import NoticeState, is_over
from settlement.notices.schemas import ContributionIn
from settlement.objections import commands, queries
from settlement.objections.model import ContributionObjection
from settlement.objections.rules import Factor, ObjectionState
from settlement.objections.schemas import ContributionDecisionIn, ContributionObjectionIn
from settlement.portions import WEIGHT_PARTS

blueprint = Blueprint("contribution_pages", __name__, template_folder="../templates")
FACTORS = {Factor.USAGE: lazy_gettext("用量"), Factor.QUALITY: lazy_gettext("质量"), Factor.INPUT: lazy_gettext("投入")}
DIGITS = 4
BARS_SHOWN = 24


@blueprint.get("/contributions")
@requires(Permission.CONTRIBUTION_READ)
def browse() -> str:
    """List the notices that the actor may read, the newest first."""
    return _browse(Form(ContributionIn), None)


def _browse(form: Form, refusal: DomainError | None) -> str:
    session, actor, book = db.session(), current_actor(), policy_book()
    found = page(session, notices.listed(actor), ContributionNotice, newest_first=True)
    may = [(key, book.place(key).title) for key in book.places() if actor.may(Permission.CONTRIBUTION_DRAW, place=key)]
    titles = {key: book.place(key).title for key in book.places()}
    return render_template(
        "settlement/objections/browse.html", found=found, places=may, titles=titles, form=form, refusal=refusal,
        is_over=is_over, today=clock.today(),
    )  # fmt: skip


@blueprint.post("/contributions")
@requires(Permission.CONTRIBUTION_DRAW)
def draw() -> AnyResponse:
    """Draw the figures of a month."""
    form = Form(ContributionIn)
    if not form.accepts():
        return make_response(_browse(form, None), 422)
    now, place = clock.now(), form.data["place"]
    try:
        current_actor().must(Permission.CONTRIBUTION_DRAW, place=place)
        with db.transaction() as session:
            period = Period.month(form.data["period"])
            totals = notices.sold(session, place=place, period=period, received_until=now)
            made = drawing.draw(
                session, current_actor(), place=place, period=period, totals=totals, now=now, book=policy_book()
            )
    except DomainError as refusal:
        return make_response(_browse(form, refusal), refusal.status)
    flash(gettext("贡献 %(number)s 已测算，待另一位人员公示。", number=made.number), "success")
    return redirect(url_for("contribution_pages.show", number=made.number), code=303)


@blueprint.get("/contributions/<number>")
@requires(Permission.CONTRIBUTION_READ)
def show(number: str) -> str:
    """Show the figures of every department with the weights they give, and what is objected to."""
    session, actor = db.session(), current_actor()
    return _show(session, notices.visible(session, actor, number), Form(ContributionObjectionIn), None)


def _show(session: Session, notice: ContributionNotice, form: Form, refusal: DomainError | None) -> str:
    actor, shown = current_actor(), notices.lines(session, notice.id)
    objections = queries.of_notice(session, notice.id)
    waiting = {one.figure_id for one in objections if one.state is ObjectionState.FILED}
    is_running = notice.state is NoticeState.OPEN and not is_over(notice.objection_until, clock.today())
    mine = [one for one in shown if is_running and _is_mine(one.figure.party_id)]
    return render_template(
        "settlement/objections/show.html", notice=notice, shown=shown, objections=objections, waiting=waiting,
        names=queries.names(session, objections), factors={str(key): title for key, title in FACTORS.items()},
        mine=mine, form=form, refusal=refusal, period=Period(notice.period_start, notice.period_end).text(),
        may_open=notice.state is NoticeState.DRAFT and actor.may(Permission.CONTRIBUTION_OPEN, place=notice.place)
        and actor.id != notice.drawn_by, percent=_percent,
        part=_part, is_over=is_over(notice.objection_until, clock.today()),
        may_decide=actor.may(Permission.CONTRIBUTION_DECIDE, place=notice.place), is_mine=_is_mine,
    )  # fmt: skip


def _percent(ppm: int) -> str:
    return decimal_text(Decimal(ppm) / Decimal(WEIGHT_PARTS) * PERCENT, DIGITS)


def _part(exact: str) -> str:
    """Return in per cent what one factor adds to a weight."""
    share = Fraction(exact)
    return decimal_text(share.numerator * PERCENT / Decimal(share.denominator), DIGITS)


def _is_mine(party_id: Any) -> bool:
    actor = current_actor()
    return actor.org_id == party_id and actor.may(Permission.CONTRIBUTION_OBJECT, org_id=party_id)


@blueprint.get("/contributions/<number>/weights.svg")
@requires(Permission.CONTRIBUTION_READ)
def plot(number: str) -> Response:
    """Draw the weights of the departments, by product."""
    session = db.session()
    notice = notices.visible(session, current_actor(), number)
    shown = notices.lines(session, notice.id)[:BARS_SHOWN]
    is_one = len({one.product.id for one in shown}) == 1
    names = [one.party.name if is_one else f"{one.party.name} {one.product.code}" for one in shown]
    drawn = plots.bars(
        gettext("各部门贡献权重"),
        names,
        {gettext("权重"): [Decimal(_percent(one.figure.ppm)) for one in shown]},
        unit="%",
    )
    return Response(drawn, mimetype="image/svg+xml")


@blueprint.post("/contributions/<number>/opening")
@requires(Permission.CONTRIBUTION_OPEN)
def open_notice(number: str) -> AnyResponse:
    """Show the figures to the departments."""
    with db.transaction() as session:
        match_version(session, ContributionNotice, notices.visible(session, current_actor(), number).id)
        made = drawing.open_notice(
            session, current_actor(), number, now=clock.now(), book=policy_book(), calendar=working_calendar()
        )
    flash(gettext("已公示，异议期至 %(day)s。", day=made.objection_until), "success")
    return redirect(url_for("contribution_pages.show", number=number), code=303)


@blueprint.post("/contributions/<number>/objections")
@requires(Permission.CONTRIBUTION_OBJECT)
def file(number: str) -> AnyResponse:
    """Object to a figure of the own department."""
    form = Form(ContributionObjectionIn)
    notice = notices.visible(db.session(), current_actor(), number)
    if not form.accepts():
        return make_response(_show(db.session(), notice, form, None), 422)
    try:
        with db.transaction() as session:
            made = commands.file(session, current_actor(), number, **form.data, now=clock.now())
    except DomainError as refusal:
        return make_response(_show(db.session(), notice, form, refusal), refusal.status)
    flash(gettext("异议 %(number)s 已提出，该行暂不结算，其余照常。", number=made.number), "success")
    return redirect(url_for("contribution_pages.show", number=number), code=303)


@blueprint.post("/contribution-objections/<number>/withdrawal")
@requires(Permission.CONTRIBUTION_OBJECT)
def withdraw(number: str) -> AnyResponse:
    """Take an objection back."""
    with db.transaction() as session:
        match_version(session, ContributionObjection, queries.visible(session, current_actor(), number).id)
        found = commands.withdraw(session, current_actor(), number, now=clock.now())
        notice = notices.referred(session, found.notice_id).number
    flash(gettext("异议已撤回。"), "success")
    return redirect(url_for("contribution_pages.show", number=notice), code=303)


@blueprint.post("/contribution-objections/<number>/decision")
@requires(Permission.CONTRIBUTION_DECIDE)
def decide(number: str) -> AnyResponse:
    """Decide an objection."""
    form = Form(ContributionDecisionIn)
    found = queries.visible(db.session(), current_actor(), number)
    notice = notices.referred(db.session(), found.notice_id)
    if not form.accepts():
        return make_response(_show(db.session(), notice, form, None), 422)
    try:
        with db.transaction() as session:
            match_version(session, ContributionObjection, found.id)
            commands.decide(session, current_actor(), number, **form.data, now=clock.now())
    except DomainError as refusal:
        return make_response(_show(db.session(), notice, form, refusal), refusal.status)
    flash(gettext("异议已处理。"), "success")
    return redirect(url_for("contribution_pages.show", number=notice.number), code=303)
