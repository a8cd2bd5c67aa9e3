"""Reports for people: each with its plot, its table, and the same table to take away."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

from flask import Blueprint, Response, render_template, request, url_for
from flask_babel import gettext

from kernel import clock, db, plots
from kernel.calendar import Period
from kernel.http import attachment, current_actor, policy_book, requires
from kernel.identity import Permission
from kernel.money import ZERO, Money, total
from settlement.ageing import queries as ageing
from settlement.ageing.rules import HEAD_TITLES, Standing
from settlement.ageing.rules import closed as closed_ages
from settlement.reports import queries, sheets
from settlement.reports.queries import Wanted, Waterfall
from settlement.reports.rules import (
    DIMENSION_TITLES,
    GRAIN_TITLES,
    MEASURE_TITLES,
    OTHERS,
    Dimension,
    Grain,
    Measure,
    Row,
    closed,
    months,
    ranked,
)
from settlement.reports.schemas import YEAR_MAX, YEAR_MIN
from settlement.scopes.queries import scope_of
from settlement.statements.rules import PAYEES

blueprint = Blueprint("report_pages", __name__, template_folder="../templates")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SVG = "image/svg+xml"
DRAWN_MAX, ROWS_SHOWN = 6, 400
LENGTH_MAX = 40
STEP_TITLES = {
    "fixed": "固定费用（含场所服务费）", "recover": "成本补偿", "rate": "按比例分配", "pool": "按权重分配",
    "rest": "剩余归属",
}  # fmt: skip
NET = "net"
KindT = TypeVar("KindT", bound=StrEnum)
AGREED = ("rate", "pool", "rest")


@blueprint.get("/reports")
@requires(Permission.STATEMENT_READ)
def revenue() -> str:
    """Show revenue or shares by what is asked for, with the sum of each part."""
    wanted = _wanted()
    found = queries.rows(db.session(), wanted)
    measure = _told(wanted)
    return render_template(
        "settlement/reports/revenue.html", **_common("revenue", wanted), rows=found[:ROWS_SHOWN], count=len(found),
        total=closed(found), measure=measure, top=ranked(found, _amount(measure))[:DRAWN_MAX],
        amount=_amount(measure), others=OTHERS,
    )  # fmt: skip


@blueprint.get("/reports/revenue.svg")
@requires(Permission.STATEMENT_READ)
def revenue_plot() -> Response:
    """Draw the largest rows: over time as lines, of one part alone as bars."""
    wanted = _wanted()
    found, name = queries.rows(db.session(), wanted), _amount(_told(wanted))
    title, unit = f"{gettext(DIMENSION_TITLES[wanted.dimension])} · {wanted.period.text()}", gettext("元")
    top = ranked(found, name)[:DRAWN_MAX]
    parts = sorted({row.part for row in found})
    amounts = {(row.key, row.part): getattr(row, name) for row in found}
    if len(parts) > 1:
        drawn = [
            plots.Line(_title(row), [(part, _decimal(amounts.get((row.key, part), ZERO))) for part in parts])
            for row in top
        ]
        return Response(plots.lines(title, drawn, unit=unit), mimetype=SVG)
    series: dict[str, Any] = {
        gettext(MEASURE_TITLES[_told(wanted)]): [_decimal(getattr(row, name)) for row in top]
    }  # fmt: skip
    return Response(plots.bars(title, [_title(row) for row in top], series, unit=unit), mimetype=SVG)


@blueprint.get("/reports/revenue.csv")
@requires(Permission.STATEMENT_READ)
def revenue_csv() -> Response:
    """Give the report as CSV."""
    wanted = _wanted()
    measure = _told(wanted)
    lines = [sheets.cells(row, measure) for row in queries.rows(db.session(), wanted)]
    return attachment(sheets.written(sheets.HEADINGS[measure], lines), f"{_file(wanted)}.csv", "text/csv")


@blueprint.get("/reports/revenue.xlsx")
@requires(Permission.STATEMENT_READ)
def revenue_workbook() -> Response:
    """Give the report as a workbook with a chart."""
    wanted = _wanted()
    measure = _told(wanted)
    found = queries.rows(db.session(), wanted)
    lines = [sheets.cells(row, measure) for row in [*found, closed(found)]]
    headings = sheets.HEADINGS[measure]
    charted = len(headings) - len(sheets.NUMBERS[measure]) + sheets.NUMBERS[measure].index(_amount(measure))
    title = f"收益报表 {DIMENSION_TITLES[wanted.dimension]} {wanted.period.text()}"
    return attachment(sheets.workbook(title, headings, lines, charted=charted), f"{_file(wanted)}.xlsx", XLSX)


@blueprint.get("/reports/deviation")
@requires(Permission.COST_READ)
def deviation() -> str:
    """Show how far each operator's revenue of a year is from what is permitted."""
    year = request.args.get("year", "")
    known = year.isascii() and year.isdigit() and YEAR_MIN <= int(year) <= YEAR_MAX
    asked = int(year) if known else clock.today().year
    return render_template(
        "settlement/reports/deviation.html", **_common("deviation", _wanted()), year=asked,
        found=queries.deviations(db.session(), current_actor(), asked, policy_book()),
    )  # fmt: skip


@blueprint.get("/reports/ageing")
@requires(Permission.STATEMENT_READ)
def show_ageing() -> str:
    """Show what is owed and what is claimed at the end of a day, by age."""
    wanted, as_of = _wanted(), _day()
    found = _aged(wanted, as_of)
    return render_template(
        "settlement/reports/ageing.html", **_common("ageing", wanted), as_of=as_of, ages=ageing.ages(), found=found,
        sums={standing: closed_ages(rows, ageing.AGES) for standing, rows in found.items()}, heads=HEAD_TITLES,
        standings={Standing.PAYABLE: gettext("应付"), Standing.RECEIVABLE: gettext("应收")}, total=total,
    )  # fmt: skip


@blueprint.get("/reports/ageing.xlsx")
@requires(Permission.STATEMENT_READ)
def ageing_workbook() -> Response:
    """Give the ageing as a workbook."""
    as_of = _day()
    lines = [
        [HEAD_TITLES[one.head], one.account, one.holder, one.balance, *one.parts]
        for rows in _aged(_wanted(), as_of).values()
        for one in rows
    ]
    headings = ("类别", "科目", "单位", "余额", *ageing.ages())
    content = sheets.workbook(f"账龄 {as_of}", headings, lines, charted=headings.index("余额"))
    return attachment(content, f"ageing-{as_of}.xlsx", XLSX)


@blueprint.get("/reports/contributions")
@requires(Permission.STATEMENT_READ)
def contributions() -> str:
    """Show what each source department contributed, the largest first."""
    wanted = _wanted()
    found = queries.league(db.session(), wanted)
    return render_template(
        "settlement/reports/contributions.html", **_common("contributions", wanted), rows=found, total=closed(found)
    )


@blueprint.get("/reports/waterfall")
@requires(Permission.STATEMENT_READ)
def waterfall() -> str:
    """Show how the money ran, as a diagram of flows with the table beside it."""
    wanted = _wanted()
    found = queries.waterfall(db.session(), wanted)
    return render_template(
        "settlement/reports/waterfall.html", **_common("waterfall", wanted), found=found, steps=STEP_TITLES,
        payees=PAYEES,
    )  # fmt: skip


@blueprint.get("/reports/waterfall.svg")
@requires(Permission.STATEMENT_READ)
def waterfall_plot() -> Response:
    """Draw how the money ran."""
    wanted = _wanted()
    drawn, words, shown = flows(queries.waterfall(db.session(), wanted))
    title = gettext("%(period)s 收益去向（元）", period=wanted.period.text())
    return Response(plots.sankey(title, drawn, words=words, shown=shown), mimetype=SVG)


def flows(found: Waterfall) -> tuple[list[plots.Flow], dict[str, str], dict[str, str]]:
    """Return the flows of a waterfall with the name and the amount of each node.

    Refunds are no part of it: they left by what the parties held, and would make the income larger than it was.
    """
    drawn = [plots.Flow("paid", "tax", found.tax.fen)]
    words = {"paid": gettext("收入（含税）"), "tax": gettext("销项税"), NET: gettext("可分配收入")}
    if found.is_own:  # the whole income is not theirs to see
        words |= {"paid": gettext("本单位分得"), NET: gettext("按约定分配")}
    steps: dict[str, int] = {}
    given: dict[tuple[str, str], int] = {}
    held: dict[tuple[str, str], int] = {}
    for one in found.shares:
        step = NET if one.kind in AGREED else f"step:{one.kind}"
        words |= {
            f"party:{one.party}": one.name, f"payee:{one.payee}": gettext(PAYEES[one.payee]),
            **({} if step == NET else {step: gettext(STEP_TITLES.get(one.kind, one.kind))}),
        }  # fmt: skip
        for sums, key in (
            (given, (step, f"party:{one.party}")), (held, (f"party:{one.party}", f"payee:{one.payee}")),
        ):  # fmt: skip
            sums[key] = sums.get(key, 0) + one.amount.fen
        steps[step] = steps.get(step, 0) + one.amount.fen
    drawn += [plots.Flow("paid", step, amount) for step, amount in sorted(steps.items(), key=lambda one: -one[1])]
    drawn += [plots.Flow(*ends, amount) for sums in (given, held) for ends, amount in sums.items()]
    shown = {
        name: Money(max(sum(one.amount for one in drawn if one.source == name),
                        sum(one.amount for one in drawn if one.target == name))).grouped()
        for name in words
    }  # fmt: skip
    return drawn, words, shown


def _aged(wanted: Wanted, as_of: date) -> dict[Standing, Any]:
    return {
        standing: ageing.ageing(db.session(), wanted.scope, standing, as_of=as_of, place=wanted.place)
        for standing in Standing
    }


def _wanted() -> Wanted:
    """Return what the address asks for; what it does not know, it leaves out; months must be months."""
    args, today = request.args, clock.today()
    span = months(
        args.get("from") or Period.month_of(Period.year(today.year).start).text(),
        args.get("to") or Period.month_of(today).text(),
    )
    return Wanted(
        scope_of(current_actor()), span, _one_of(Dimension, "dimension", Dimension.PRODUCT),
        _one_of(Grain, "grain", Grain.MONTH), _one_of(Measure, "measure", Measure.REVENUE),
        args.get("place", "")[:LENGTH_MAX],
    )  # fmt: skip


def _one_of(kind: type[KindT], name: str, default: KindT) -> KindT:
    asked = request.args.get(name, "")
    return kind(asked) if asked in list(kind) else default


def _day() -> date:
    text = request.args.get("as_of", "")
    try:
        return date.fromisoformat(text)
    except ValueError:
        return clock.today()


def _told(wanted: Wanted) -> Measure:
    """Return what the rows tell: of departments there are shares alone."""
    return Measure.SHARE if wanted.dimension is Dimension.DEPARTMENT else wanted.measure


def _amount(measure: Measure) -> str:
    return NET if measure is Measure.REVENUE else "share"


def _title(row: Row) -> str:
    return row.title or row.key or gettext("其他分配方")


def _decimal(amount: Money) -> Decimal:
    return Decimal(amount.text())


def _file(wanted: Wanted) -> str:
    return f"{wanted.dimension}-{wanted.period.text().replace(' ', '')}"


def _common(active: str, wanted: Wanted) -> dict[str, Any]:
    """Return what every report shows: the other reports, the form, the files of the same figures."""
    session, actor, book = db.session(), current_actor(), policy_book()
    asked = request.args.to_dict()
    pages = [
        ("revenue", "report_pages.revenue", gettext("收入和分得")),
        ("waterfall", "report_pages.waterfall", gettext("收益去向")),
        ("contributions", "report_pages.contributions", gettext("部门贡献")),
        ("ageing", "report_pages.show_ageing", gettext("账龄")),
    ]
    if actor.may(Permission.COST_READ):
        pages.append(("deviation", "report_pages.deviation", gettext("偏离准许收入")))
    last = Period.month_of(wanted.period.last_day)
    return {
        "tabs_shown": [{"url": url_for(to), "label": label, "active": key == active} for key, to, label in pages],
        "wanted": wanted, "asked": asked,
        "values": {
            "from": Period.month_of(wanted.period.start).text(), "to": last.text(), "place": wanted.place,
            "dimension": wanted.dimension, "grain": wanted.grain, "measure": wanted.measure,
        },
        "places": [
            (place, book.place(place).title)
            for place in queries.places_of(session, wanted.scope)
            if place in book.places()
        ],
        "dimensions": [(one.value, gettext(title)) for one, title in DIMENSION_TITLES.items()],
        "grains": [(one.value, gettext(title)) for one, title in GRAIN_TITLES.items()],
        "measures": [(one.value, gettext(title)) for one, title in MEASURE_TITLES.items()],
        "titles": _place_titles(),
    }  # fmt: skip


def _place_titles() -> dict[str, str]:
    book = policy_book()
    return {place: book.place(place).title for place in book.places()}
