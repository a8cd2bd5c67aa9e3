"""What-if for people: a form, and what the scenario changes, with plots and a workbook.

The whole scenario stands in the address: nothing is stored, and a link shows the same question again.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import marshmallow as ma
from flask import Blueprint, Response, abort, make_response, render_template, request
from flask_babel import gettext, lazy_gettext
from werkzeug.wrappers import Response as AnyResponse

from kernel import clock, db, plots
from kernel.calendar import DAY, Period
from kernel.errors import DomainError
from kernel.http import attachment, current_actor, policy_book, requires, words_of
from kernel.identity import Permission
from kernel.money import PERCENT, decimal_text, fraction
from kernel.wording import leaves, reads_english
from settlement.comparisons.rules import PERCENT_DIGITS, Compared, Order, Row, in_order, percent, signed, summary
from settlement.scenarios.queries import choices
from settlement.scenarios.rules import Scenario
from settlement.what_if import queries, sheets
from settlement.what_if.schemas import WhatIfFormIn

blueprint = Blueprint("what_if_pages", __name__, template_folder="../templates")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ROWS_SHOWN = 50
BARS_SHOWN = 12
TABLES: tuple[tuple[str, Any], ...] = (
    ("months", lazy_gettext("各月收入（含税）")),
    ("buyers", lazy_gettext("各购买方收入（含税）")),
    ("products", lazy_gettext("各产品收入（含税）")),
    ("parties", lazy_gettext("各部门和当事方分得（不含税）")),
    ("agreements", lazy_gettext("各协议收入（含税）")),
)
SORTS = {
    Order.DIFFERENCE: lazy_gettext("变动最大在前"),
    Order.THEN: lazy_gettext("现行金额最大在前"),
    Order.NOW: lazy_gettext("情景金额最大在前"),
    Order.NAME: lazy_gettext("按名称"),
}
NOT_SENT = ("", None)


@blueprint.get("/pricing/what-if")
@requires(Permission.PRICE_TRY)
def show() -> AnyResponse:
    """Show the form; and, once it is filled in, what the scenario changes."""
    if not _sent():
        return _form({}, None, 200)
    try:
        scenario, order = WhatIfFormIn().load(_sent())
        found = _compared(scenario)
    except ma.ValidationError as error:
        return _form(_messages(error), None, 422)
    except DomainError as refusal:
        return _form({}, refusal, refusal.status)
    return _page(found, scenario, order, {}, None, 200)


@blueprint.get("/pricing/what-if.xlsx")
@requires(Permission.PRICE_TRY)
def workbook() -> Response:
    """Give what the scenario changes as a workbook."""
    scenario, _order = _asked()
    content = sheets.workbook(_compared(scenario), scenario, policy_book().place(scenario.place).title)
    return attachment(content, "what-if.xlsx", XLSX)


@blueprint.get("/pricing/what-if/<name>.svg")
@requires(Permission.PRICE_TRY)
def plot(name: str) -> Response:
    """Draw one table of the page, or the deviation of each agreement's year against its limits."""
    titles = dict(TABLES)
    if name not in titles and name != "deviations":
        abort(404)
    scenario, order = _asked()
    found = _compared(scenario)
    if name == "deviations":
        return Response(_deviations(found), mimetype="image/svg+xml")
    drawn = in_order(getattr(found, name), Order.NAME if name == "months" else order)[:BARS_SHOWN]
    return Response(bars_of(str(titles[name]), drawn), mimetype="image/svg+xml")


def bars_of(title: str, drawn: Sequence[Row]) -> bytes:
    """Return the rows of a table as pairs of bars, then beside now, in yuan."""
    series = {
        gettext("现行"): [Decimal(row.then.text()) for row in drawn],
        gettext("情景"): [Decimal(row.now.text()) for row in drawn],
    }
    return plots.bars(title, [row.label for row in drawn], series, unit=gettext("元"))


def _deviations(found: Compared) -> bytes:
    years = [year for year in found.years if year.then.deviation and year.now.deviation]
    shares: dict[str, list[Decimal | int]] = {
        gettext("现行"): [_percent(year.then.deviation.share) for year in years if year.then.deviation],
        gettext("情景"): [_percent(year.now.deviation.share) for year in years if year.now.deviation],
    }
    limits = {gettext("界限"): _percent(year.threshold) for year in years if year.threshold is not None}
    names = [f"{year.agreement} {year.year}" for year in years]
    return plots.bars(gettext("与最高准许收入的偏离幅度"), names, shares, unit="%", limits=limits)


def _percent(share: Any) -> Decimal:
    return Decimal(decimal_text(fraction(share) * PERCENT, PERCENT_DIGITS))


def _compared(scenario: Scenario) -> Compared:
    return queries.compare(db.session(), current_actor(), scenario, now=clock.now(), book=policy_book())


def _sent() -> dict[str, str]:
    return {name: text for name, text in request.args.items() if text not in NOT_SENT}


def _asked() -> tuple[Scenario, Order]:
    """Return the scenario of the address; what makes none has no plot and no workbook."""
    try:
        asked: tuple[Scenario, Order] = WhatIfFormIn().load(_sent())
    except ma.ValidationError:
        abort(404)
    return asked


def _messages(error: ma.ValidationError) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for pointer, words in leaves(error.normalized_messages()):
        name, _slash, where = pointer.strip("/").partition("/")
        found.setdefault(name, []).append(f"{where} {words}".strip())
    return found


def _form(errors: dict[str, list[str]], refusal: DomainError | None, status: int) -> AnyResponse:
    return _page(None, None, Order.DIFFERENCE, errors, refusal, status)


def _page(
    found: Compared | None, scenario: Scenario | None, order: Order, errors: dict[str, list[str]],
    refusal: DomainError | None, status: int,
) -> AnyResponse:  # fmt: skip
    actor, book = current_actor(), policy_book()
    places = [(key, book.place(key).title) for key in book.places() if actor.may(Permission.PRICE_TRY, place=key)]
    month = Period.month_of(Period.month_of(clock.today()).start - DAY).text()
    sent = _sent()
    place = sent.get("place") or (places[0][0] if len(places) == 1 else "")
    tables = [
        (name, title, in_order(getattr(found, name), Order.NAME if name == "months" else order)[:ROWS_SHOWN])
        for name, title in TABLES
        if found is not None
    ]
    sentence = summary(found)[1 if reads_english() else 0] if found is not None else ""
    text = render_template(
        "settlement/what_if/show.html", places=places, errors=errors, refusal=words_of(refusal), is_listed=bool(place),
        values=sent or {"first_month": month, "last_month": month}, found=found, tables=tables, sentence=sentence,
        sorts=[(key.value, title) for key, title in SORTS.items()],
        sort=order.value, month=month, shown=ROWS_SHOWN, choices=choices(db.session(), actor, place),
        moves=[(sheets.move_title(move), sheets.move_words(move)) for move in (scenario.moves if scenario else ())],
        percent=percent, signed=signed, decimal_text=decimal_text,
    )  # fmt: skip
    return make_response(text, status)
