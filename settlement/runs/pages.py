"""Settlements for people: the list with the form to prepare one, and one settlement from lines to statements."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, flash, make_response, redirect, render_template, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db, lists
from kernel.calendar import DAY, Period
from kernel.db import MoneyType
from kernel.errors import DomainError
from kernel.http import Form, current_actor, match_version, policy_book, requires
from kernel.identity import Permission
from kernel.json_body import in_query
from kernel.lists import Column, Kind
from kernel.money import ZERO, Money, total
from settlement.earnings.rules import PARK_TITLES, ParkReason
from settlement.policy import payee_rules
from settlement.runs import commands, queries
from settlement.runs.model import SettlementRun
from settlement.runs.rules import RunState
from settlement.runs.schemas import RunIn
from settlement.splits.queries import parties_of
from settlement.statements import queries as statements

blueprint = Blueprint("settlement_pages", __name__, template_folder="../templates")
LINES_SHOWN = 200
PARKED = {reason.value: PARK_TITLES[reason] for reason in ParkReason}


@blueprint.get("/settlements")
@requires(Permission.SETTLEMENT_READ)
def browse() -> Response | str:
    """List the settlements of the actor's places, the newest first; sorted, filtered and exported as asked for."""
    found = lists.asked_for("settlements", gettext("各期结算"), _columns(), at="settlement_pages.browse")
    if found.is_download:
        return found.export(db.session(), queries.listed(current_actor()), SettlementRun)
    ended = Period.month_of(Period.month_of(clock.today()).start - DAY)
    return _browse(Form(RunIn, {"period": ended.text()}), None)


def _columns() -> list[Column]:
    fen = sa.type_coerce(sa.cast(sa.func.replace(SettlementRun.totals["gross"].as_string(), ".", ""), sa.BigInteger),
                         MoneyType())  # fmt: skip
    return [
        Column("number", _("编号"), SettlementRun.number, is_filter=True),
        Column("place", _("地方"), SettlementRun.place, Kind.CODE, choices=policy_book().places(), is_filter=True),
        Column("period_start", _("期间"), SettlementRun.period_start, Kind.DAY, is_filter=True),
        Column("state", _("状态"), SettlementRun.state, Kind.CODE, choices=tuple(RunState), is_filter=True),
        Column("gross", _("收入（含税）"), fen, Kind.MONEY, is_filter=True, is_summed=True),
        Column("parked", _("待处理订单"), sa.func.json_array_length(SettlementRun.parked), Kind.COUNT),
        Column("prepared", _("编制时间"), SettlementRun.prepared_at, Kind.MOMENT),
    ]


@blueprint.get("/settlements/preview")
@requires(Permission.SETTLEMENT_PREPARE)
def preview() -> AnyResponse:
    """Show what a settlement would come to if it were prepared now; nothing is written."""
    wanted, session, book = in_query(RunIn), db.session(), policy_book()
    place, period = wanted["place"], Period.month(wanted["period"])
    try:
        report = queries.preview(session, current_actor(), place=place, period=period, now=clock.now(), book=book)
    except DomainError as refusal:
        return make_response(_browse(Form(RunIn, wanted), refusal), refusal.status)
    parts = _parts(report)
    return make_response(render_template(
        "settlement/runs/preview.html", report=report, place=place, period=period.text(), month=wanted["period"],
        yuan=Money.signed_yuan, names=parties_of(session, parts), parts=parts, parts_sum=total(parts.values()),
        park_titles=PARKED, shown=LINES_SHOWN,
    ))  # fmt: skip


def _browse(form: Form, refusal: DomainError | None) -> str:
    actor, book = current_actor(), policy_book()
    found = lists.asked_for("settlements", gettext("各期结算"), _columns(), at="settlement_pages.browse")
    found.read(db.session(), queries.listed(actor), SettlementRun)
    places = [
        (place, book.place(place).title)
        for place in book.places()
        if actor.may(Permission.SETTLEMENT_PREPARE, place=place)
    ]
    titles = {place: book.place(place).title for place in book.places()}
    return render_template(
        "settlement/runs/browse.html", found=found, places=places, titles=titles, form=form, refusal=refusal,
        yuan=Money.signed_yuan,
    )  # fmt: skip


@blueprint.post("/settlements")
@requires(Permission.SETTLEMENT_PREPARE)
def prepare() -> AnyResponse:
    """Prepare the settlement of a month."""
    form = Form(RunIn)
    if not form.accepts():
        return make_response(_browse(form, None), 422)
    try:
        with db.transaction() as session:
            run = commands.prepare(
                session, current_actor(), place=form.data["place"], period=Period.month(form.data["period"]),
                now=clock.now(), book=policy_book(),
            )  # fmt: skip
    except DomainError as refusal:
        return make_response(_browse(form, refusal), refusal.status)
    flash(gettext("结算 %(number)s 已编制，待另一位人员复核。", number=run.number), "success")
    return redirect(url_for("settlement_pages.show", number=run.number), code=303)


@blueprint.get("/settlements/<number>")
@requires(Permission.SETTLEMENT_READ)
def show(number: str) -> str:
    """Show one settlement: sums, tie-out, waterfall of each product, parked orders, statements."""
    session, actor = db.session(), current_actor()
    run = queries.visible(session, actor, number)
    parts = _parts(run.report)
    period = Period(run.period_start, run.period_end)
    reasons = [str(share[-1]) for group in run.report["groups"] for share in group["shares"]]
    is_other = actor.id != run.prepared_by and actor.may(Permission.SETTLEMENT_CHECK, place=run.place)
    return render_template(
        "settlement/runs/show.html", run=run, yuan=Money.signed_yuan, names=parties_of(session, parts),
        parts=parts, parts_sum=total(parts.values()), place=policy_book().place(run.place).title, period=period.text(),
        park_titles=PARKED, shown=LINES_SHOWN,
        statements=statements.of_run(session, run.id), steps=_timeline(run),
        may_check=is_other and run.state is RunState.PREPARED, may_seal=is_other and run.state is RunState.CHECKED,
        may_prepare=run.state is not RunState.SEALED and actor.may(Permission.SETTLEMENT_PREPARE, place=run.place),
        month=f"{run.period_start:%Y-%m}",
        vat_rate=Decimal(run.report["vat"]["value"]) if run.report.get("vat") else None,
        payee_rules=payee_rules(policy_book(), run.place, period.last_day, reasons),
    )  # fmt: skip


def _parts(report: dict[str, Any]) -> dict[str, Money]:
    """Return what each party gets of all products together, by its credit code, the most first."""
    found: dict[str, Money] = {}
    for group in report["groups"]:
        for step in group["steps"]:
            for uscc, amount in step["out"].items():
                found[uscc] = found.get(uscc, ZERO) + Money.signed_yuan(amount)
    return dict(sorted(found.items(), key=lambda one: -one[1].fen))


def _timeline(run: SettlementRun) -> list[dict[str, Any]]:
    return [
        {"title": gettext("编制"), "at": run.prepared_at, "actor": run.prepared_by_name, "state": "done"},
        {"title": gettext("复核"), "at": run.checked_at, "actor": run.checked_by_name,
         "state": "done" if run.checked_at else "current"},
        {"title": gettext("封存"), "at": run.sealed_at, "actor": run.sealed_by_name,
         "state": "done" if run.sealed_at else ("current" if run.checked_at else "todo")},
    ]  # fmt: skip


@blueprint.post("/settlements/<number>/check")
@requires(Permission.SETTLEMENT_CHECK)
def check(number: str) -> AnyResponse:
    """Confirm a prepared settlement."""
    with db.transaction() as session:
        match_version(session, SettlementRun, queries.visible(session, current_actor(), number).id)
        commands.check(session, current_actor(), number, now=clock.now())
    flash(gettext("已复核，可以封存。"), "success")
    return redirect(url_for("settlement_pages.show", number=number), code=303)


@blueprint.post("/settlements/<number>/seal")
@requires(Permission.SETTLEMENT_CHECK)
def seal(number: str) -> AnyResponse:
    """Book the settlement, issue its statements and close the period."""
    with db.transaction() as session:
        match_version(session, SettlementRun, queries.visible(session, current_actor(), number).id)
        commands.seal(session, current_actor(), number, now=clock.now(), book=policy_book())
    flash(gettext("已封存：凭证已入账，结算单已出具。"), "success")
    return redirect(url_for("settlement_pages.show", number=number), code=303)
