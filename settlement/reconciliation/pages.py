"""The desk of the reconciliation: what is open, how old, what has not cleared; importing, comparing, exporting."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db, plots
from kernel.calendar import DAY, Period
from kernel.errors import DomainError
from kernel.http import Form, attachment, current_actor, page, policy_book, requires, words_of, working_calendar
from kernel.identity import Permission
from kernel.money import total
from settlement.breaks import queries as breaks
from settlement.breaks.model import Break
from settlement.breaks.pages import KIND_WORDS, OWNER_WORDS, SIDE_WORDS, STATE_WORDS, word
from settlement.breaks.rules import BreakState, Owner
from settlement.breaks.sheets import workbook_of
from settlement.matching.rules import Kind
from settlement.provider_lines import commands as reports
from settlement.reconciliation import commands, queries
from settlement.reconciliation.model import ReconciliationRun
from settlement.reconciliation.schemas import ReconciliationIn

blueprint = Blueprint("reconciliation_pages", __name__, template_folder="../templates")
OPEN_MAX = 5000
EXPORTED_MAX = 20_000
RUNS_SHOWN = 10


@blueprint.get("/reconciliation")
@requires(Permission.SETTLEMENT_READ)
def desk() -> Response:
    """Show what is open, by kind, owner and age, and what has not cleared."""
    return _desk()


@blueprint.post("/reconciliation/runs")
@requires(Permission.SETTLEMENT_PREPARE)
def run() -> AnyResponse:
    """Compare the sides for days that are over."""
    form = Form(ReconciliationIn)
    if not form.accepts():
        return _desk(form=form, status=422)
    period = Period(form.data["first_day"], (form.data["last_day"] or form.data["first_day"]) + DAY)
    try:
        with db.transaction() as session:
            made = commands.reconcile(
                session,
                current_actor(),
                place=form.data["place"],
                period=period,
                now=clock.now(),
                book=policy_book(),
                calendar=working_calendar(),
            )
    except DomainError as error:
        return _desk(form=form, refusal=error, status=error.status)
    flash(gettext("%(number)s：新发现差异 %(n)s 笔，核平 %(h)s 笔。", number=made.number, n=made.new_breaks,
                  h=made.healed), "warning" if made.new_breaks else "success")  # fmt: skip
    return redirect(url_for("reconciliation_pages.show", number=made.number), code=303)


@blueprint.post("/reconciliation/provider-files")
@requires(Permission.PAYMENT_RECORD)
def import_file() -> AnyResponse:
    """Take a report of the provider."""
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        return _desk(errors={"file": [gettext("请选择文件")]}, status=422)
    try:
        with db.transaction() as session:
            made = reports.import_file(
                session, current_actor(), place=request.form.get("place", ""), file_name=sent.filename,
                content=sent.read(), now=clock.now(), book=policy_book(),
            )  # fmt: skip
    except DomainError as error:
        return _desk(refusal=error, status=error.status)
    flash(gettext("%(name)s：%(n)s 行，其中早先已有 %(k)s 行。", name=made.name, n=made.row_count, k=made.known),
          "success")  # fmt: skip
    return redirect(url_for("reconciliation_pages.desk"), code=303)


@blueprint.get("/reconciliation/runs/<number>")
@requires(Permission.SETTLEMENT_READ)
def show(number: str) -> str:
    """Show one run: what each side said, what agreed, what was found, and what has changed since."""
    session = db.session()
    found = queries.visible(session, current_actor(), number)
    return render_template(
        "settlement/reconciliation/run.html", run=found, word=word, side_words=SIDE_WORDS,
        found=breaks.numbered(session, [number for number, *_ in found.found]),
        period=Period(found.period_start, found.period_end).text(),
        changes=queries.changes(session, found) if "compare" in request.args else None,
    )  # fmt: skip


@blueprint.get("/reconciliation/ageing.svg")
@requires(Permission.SETTLEMENT_READ)
def ageing() -> AnyResponse:
    """Draw how many breaks of each kind are how old."""
    counted = breaks.ageing(_open(), clock.today(), working_calendar())
    kinds = [kind for kind in Kind if any(kind in row for row in counted.values())]
    drawn = {str(KIND_WORDS[kind]): [row.get(kind, 0) for row in counted.values()] for kind in kinds}
    svg = plots.bars(gettext("未关闭差异的账龄（工作日）"), list(counted), drawn, unit=gettext("笔"))
    return Response(svg, mimetype="image/svg+xml")


@blueprint.get("/reconciliation/breaks.xlsx")
@requires(Permission.SETTLEMENT_READ)
def export() -> AnyResponse:
    """Hand out the breaks that the filters leave, as a workbook."""
    session, calendar, today = db.session(), working_calendar(), clock.today()
    query = breaks.listed(current_actor(), **_chosen()).order_by(Break.since, Break.number).limit(EXPORTED_MAX)
    found = session.scalars(query).all()
    ages = {one.number: breaks.age(one, today, calendar) for one in found}
    content = workbook_of(found, ages=ages, word=word, made_at=clock.now())
    return attachment(content, "reconciliation-breaks.xlsx",
                      "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")  # fmt: skip


def _chosen() -> dict[str, Any]:
    """Return the filters of the request; what is not a filter is left out."""
    args, chosen = request.args, dict[str, Any]()
    for name, values in (("kind", Kind), ("owner", Owner), ("state", BreakState)):
        if args.get(name) in list(values):
            chosen[name] = values(args[name])
    if "state" not in chosen and not args.get("text"):
        chosen["is_open"] = True
    days = args.get("age", "")
    if days.isascii() and days.isdigit() and len(days) < len("1000"):
        calendar, day = working_calendar(), clock.today()
        for _ in range(int(days)):
            day -= DAY
            while not calendar.is_working_day(day):
                day -= DAY
        chosen["older_than"] = day
    return {**chosen, "text": args.get("text", "")[:200]}


def _open() -> list[Break]:
    query = breaks.listed(current_actor(), is_open=True).order_by(Break.since).limit(OPEN_MAX)
    return list(db.session().scalars(query))


def _desk(
    *, form: Form | None = None, errors: dict[str, list[str]] | None = None, refusal: DomainError | None = None,
    status: int = 200,
) -> Response:  # fmt: skip
    session, actor, book, calendar = db.session(), current_actor(), policy_book(), working_calendar()
    today, open_now = clock.today(), _open()
    seen = [place for place in book.places() if actor.may(Permission.SETTLEMENT_READ, place=place)]
    late = queries.uncleared(session, clock.now(), calendar=calendar, places=seen)
    arriving = queries.under_way(session, clock.now(), book=book, calendar=calendar, places=seen)
    runs = page(session, queries.listed(actor).limit(RUNS_SHOWN), ReconciliationRun, newest_first=True)
    own = {right: [(place, book.place(place).title) for place in seen if actor.may(right, place=place)]
           for right in (Permission.SETTLEMENT_PREPARE, Permission.PAYMENT_RECORD)}  # fmt: skip
    text = render_template(
        "settlement/reconciliation/desk.html", word=word, refusal=words_of(refusal), values=form.values if form else {},
        errors=(form.errors if form else errors) or {}, late=late, arriving=arriving, runs=runs["items"][:RUNS_SHOWN],
        found=page(session, breaks.listed(actor, **_chosen()), Break, newest_first=True),
        ages={one.number: breaks.age(one, today, calendar) for one in open_now},
        old=sum(breaks.age(one, today, calendar) > breaks.CLOSE_DAYS for one in open_now), count=len(open_now),
        amount=total(one.difference for one in open_now), proposed=_count(open_now, BreakState.PROPOSED),
        ageing=breaks.ageing(open_now, today, calendar), may_run=own[Permission.SETTLEMENT_PREPARE],
        may_fetch="huiyi_stripe" in current_app.extensions and current_app.extensions["huiyi_stripe"] is not None,
        may_import=own[Permission.PAYMENT_RECORD], kinds=list(KIND_WORDS.items()), owners=list(OWNER_WORDS.items()),
        states=list(STATE_WORDS.items()), query={key: value for key, value in request.args.items() if value},
        one_day=DAY,
    )  # fmt: skip
    return make_response(text, status)


def _count(found: list[Break], state: BreakState) -> int:
    return sum(one.state is state for one in found)
