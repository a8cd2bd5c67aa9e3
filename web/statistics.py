"""The public statistics: the same counts as page, charts, tables to take away, and for programs."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import marshmallow as ma
from flask import Blueprint, Response, render_template
from flask_babel import gettext

from kernel import clock, db, plots
from kernel.calendar import business_date
from kernel.fields import Schema
from kernel.http import ApiBlueprint, attachment, policy_book, public
from kernel.spreadsheets import workbook as workbook_of
from kernel.wording import reads_english
from settlement.reports import sheets
from web import counting
from web.counting import BUYERS_MIN, Counted, Statistics

api = ApiBlueprint(
    "statistics", __name__, url_prefix="/api/v1", description="市场统计 · what the market counts in public"
)
blueprint = Blueprint("statistics_pages", __name__)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PARTS = ("places", "domains", "months")
DRAWN_MAX = 8  # domains; the table has them all
DRAWINGS_KEPT = 32
NUMBERS = {
    "places": ("listed", "registrations", "agreements", "orders", "free_orders", "calls"),
    "domains": ("listed", "registrations", "orders", "free_orders", "calls"),
    "months": ("orders", "free_orders", "calls"),
}
Series = tuple[tuple[str, tuple[int, ...]], ...]


class CountedOut(ma.Schema):
    """One part, or all of them; null where nothing is counted by such parts, or too few buyers used it."""

    key = ma.fields.String()
    listed = ma.fields.Integer(allow_none=True)
    registrations = ma.fields.Integer(allow_none=True)
    agreements = ma.fields.Integer(allow_none=True)
    orders = ma.fields.Integer()
    free_orders = ma.fields.Integer()
    calls = ma.fields.Integer(allow_none=True)


class PartsOut(ma.Schema):
    """The parts of one kind with their sum."""

    rows = ma.fields.List(ma.fields.Nested(CountedOut))
    total = ma.fields.Nested(CountedOut(exclude=("key",)))


class StatisticsOut(Schema):
    """Everything that is counted in public; figures of use need so many buyers behind them."""

    date = ma.fields.Date()
    buyers_min = ma.fields.Integer()
    places = ma.fields.Nested(PartsOut)
    domains = ma.fields.Nested(PartsOut)
    months = ma.fields.Nested(PartsOut)


@api.get("/statistics")
@public
@api.response(200, StatisticsOut)
def read() -> dict[str, Any]:
    """Read how much is listed, registered, agreed, ordered and used: by place, by domain and by month."""
    return {"date": business_date(clock.now()), "buyers_min": BUYERS_MIN, **{name: _counted(name) for name in PARTS}}


@blueprint.get("/statistics")
@public
def show() -> str:
    """Show the counts of the market with a chart for each table."""
    found = {name: _counted(name) for name in PARTS}
    return render_template(
        "statistics.html", found=found, total=found["places"].total, numbers=NUMBERS, headings=_headings(),
        part_titles=_part_titles(), name_of=_name, buyers_min=BUYERS_MIN,
    )  # fmt: skip


@blueprint.get("/statistics/<any(places, domains, months, use):name>.svg")
@public
def plot(name: str) -> Response:
    """Draw one table: places and domains as bars, months as lines; use by month for itself, it is far more."""
    headings, part = _headings(), "months" if name == "use" else name
    rows = [one for one in _counted(part).rows if one.calls is not None or name != "use"][-DRAWN_MAX * 2 :]
    rows = rows[:DRAWN_MAX] if name == "domains" else rows
    wanted = {"places": ("listed", "registrations", "agreements", "orders"), "domains": ("listed", "orders"),
              "months": ("orders", "free_orders"), "use": ("calls",)}[name]  # fmt: skip
    series = tuple((headings[one], tuple(getattr(row, one) or 0 for row in rows)) for one in wanted)
    titles = _part_titles() | {"use": gettext("各月使用次数")}
    unit = gettext("次") if name == "use" else gettext("个（笔）")
    names = tuple(_name(part, row.key) for row in rows)
    return Response(_drawn(name == "months", titles[name], names, series, unit), mimetype="image/svg+xml")


@lru_cache(maxsize=DRAWINGS_KEPT)
def _drawn(is_course: bool, title: str, names: tuple[str, ...], series: Series, unit: str) -> bytes:
    """Draw once what many look at: the same numbers give the same bytes."""
    if is_course:
        lines = [plots.Line(label, list(zip(names, values, strict=True))) for label, values in series]
        return plots.lines(title, lines, unit=unit)
    return plots.bars(title, names, dict(series), unit=unit)


@blueprint.get("/statistics/<any(places, domains, months):name>.csv")
@public
def csv(name: str) -> Response:
    """Give one table as CSV."""
    return attachment(sheets.written(_heads(name), _lines(name)), f"statistics-{name}-{_day()}.csv", "text/csv")


@blueprint.get("/statistics.xlsx")
@public
def workbook() -> Response:
    """Give all tables as a workbook, each drawn on its sheet."""
    target, titles = io.BytesIO(), _part_titles()
    with workbook_of(target, gettext("市场统计")) as book:
        for name in PARTS:
            title = f"{titles[name]} {_day()}"
            sheets.add_table(book, titles[name], title, _heads(name), _lines(name), charted=1)
    return attachment(target.getvalue(), f"statistics-{_day()}.xlsx", XLSX)


def _counted(name: str) -> Statistics:
    session, now, book = db.session(), clock.now(), policy_book()
    if name == "places":
        return counting.by_place(session, now=now, book=book)
    return counting.by_domain(session, now=now, book=book) if name == "domains" else counting.by_month(session, now=now)


def _day() -> str:
    return business_date(clock.now()).isoformat()


def _heads(name: str) -> list[str]:
    first = {"places": gettext("地区"), "domains": gettext("领域"), "months": gettext("月份")}[name]
    return [first, *(_headings()[one] for one in NUMBERS[name])]


def _lines(name: str) -> list[Sequence[str | int]]:
    return [[_name(name, row.key), *(_cell(row, one) for one in NUMBERS[name])] for row in _counted(name).rows]


def _cell(row: Counted, name: str) -> str | int:
    value = getattr(row, name)
    return gettext("不单列") if value is None else int(value)


def _name(part: str, key: str) -> str:
    """Return how people call a part: places by their title, domains and months as they are."""
    if part != "places":
        return key
    profile = policy_book().place(key)
    return profile.title_en if reads_english() else profile.title


def _headings() -> dict[str, str]:
    return {
        "listed": gettext("可交易产品"), "registrations": gettext("有效登记"),
        "agreements": gettext("有效的授权运营协议"), "orders": gettext("订单"),
        "free_orders": gettext("公益免费订单"), "calls": gettext("使用次数"),
    }  # fmt: skip


def _part_titles() -> dict[str, str]:
    return {"places": gettext("按地区"), "domains": gettext("按领域"), "months": gettext("近十二个月")}
