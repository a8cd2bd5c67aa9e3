"""The public price list for people: filters, the history of a product or seller with its plot, caps, downloads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, Response, render_template, request
from flask_babel import get_locale, gettext

from kernel import clock, db
from kernel.http import attachment, page, policy_book, public
from kernel.plots import Line, lines
from pricing.ceilings.model import FeeCap
from pricing.costs.pages import UNIT_WORDS
from pricing.costs.rules import ChargeUnit
from pricing.publications import queries, sheets
from pricing.publications.queries import Entry, Wanted
from pricing.publications.rules import Phase, What, steps
from pricing.publications.schemas import FIRST_DAY, LAST_DAY, PLACE_LENGTH_MAX, SEARCH_LENGTH_MAX
from pricing.tariffs.model import Tariff
from pricing.tariffs.pages import REGIME_WORDS
from pricing.tariffs.rules import Regime

blueprint = Blueprint("price_list_pages", __name__, template_folder="../templates")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
AHEAD = timedelta(days=30)  # what a plot shows after the last change
STEP_STATES = {Phase.FORMER: "done", Phase.PRESENT: "current", Phase.ANNOUNCED: "todo"}


@blueprint.get("/price-list")
@public
def browse() -> str:
    """Show the prices in force on a day, found by place, seller, product, unit and regime."""
    session, wanted = db.session(), _wanted()
    found = page(session, queries.listed(wanted), Tariff)
    found["items"] = queries.rows(session, found["items"], wanted.on)
    return render_template(
        "pricing/publications/list.html", found=found, wanted=wanted, places=_places(), is_english=not _chinese(),
        units=[(unit.value, word) for unit, word in UNIT_WORDS.items()], unit_titles=UNIT_WORDS,
        regimes=[(regime.value, word) for regime, word in REGIME_WORDS.items()], regime_titles=REGIME_WORDS,
    )  # fmt: skip


@blueprint.get("/price-list.xlsx")
@public
def workbook() -> Response:
    """Give the list as a workbook: what is in force, the history, the caps."""
    session, wanted = db.session(), _wanted()
    rows = queries.rows(session, session.scalars(queries.listed(wanted)).all(), wanted.on)
    caps = queries.caps_with_products(session, session.scalars(queries.caps_listed(wanted).order_by(FeeCap.id)))
    content = sheets.workbook(wanted.on, rows, queries.history(session, wanted), caps, _titles())
    return attachment(content, f"price-list-{wanted.on}.xlsx", XLSX)


@blueprint.get("/price-list.csv")
@public
def table() -> Response:
    """Give the prices in force on a day as CSV."""
    session, wanted = db.session(), _wanted()
    rows = queries.rows(session, session.scalars(queries.listed(wanted)).all(), wanted.on)
    content = sheets.written(sheets.CURRENT, sheets.current_lines(rows, _titles()))
    return attachment(content, f"price-list-{wanted.on}.csv", "text/csv")


@blueprint.get("/price-list/caps")
@public
def browse_caps() -> str:
    """Show every cap with its written report."""
    session, wanted = db.session(), _wanted()
    found = page(session, queries.caps_listed(wanted), FeeCap, newest_first=True)
    found["items"] = queries.caps_with_products(session, found["items"])
    return render_template(
        "pricing/publications/caps.html", found=found, wanted=wanted, places=_places(), unit_titles=UNIT_WORDS,
        units=[(unit.value, word) for unit, word in UNIT_WORDS.items()], recipients=_recipients(),
    )  # fmt: skip


@blueprint.get("/price-list/caps.csv")
@public
def caps_table() -> Response:
    """Give every cap with its written report as CSV."""
    session, wanted = db.session(), _wanted()
    caps = queries.caps_with_products(session, session.scalars(queries.caps_listed(wanted).order_by(FeeCap.id)))
    content = sheets.written(sheets.CAPS, sheets.cap_lines(caps, _titles()))
    return attachment(content, f"caps-{wanted.on}.csv", "text/csv")


@blueprint.get("/price-list/products/<code>")
@public
def of_product(code: str) -> str:
    """Show all prices and caps of a product: former, present and announced."""
    on = _day()
    product, entries = queries.of_product(db.session(), code, on)
    return render_template(
        "pricing/publications/product.html", product=product, entries=entries, on=on, units=_units(entries),
        steps=_timeline(entries), unit_titles=UNIT_WORDS, phases=_phases(), kinds=_kinds(),
    )  # fmt: skip


@blueprint.get("/price-list/products/<code>/history.svg")
@public
def plot(code: str) -> Response:
    """Draw price and cap of a product over time, for one charge unit."""
    on = _day()
    product, entries = queries.of_product(db.session(), code, on)
    shown = [unit for unit in _units(entries) if unit == request.args.get("unit", unit)][:1]
    drawn = _drawn([entry for entry in entries if entry.charge_unit in shown], on)
    unit = str(UNIT_WORDS[shown[0]]) if shown else ""
    return Response(lines(f"{product.code} {product.title}", drawn, unit=unit), mimetype="image/svg+xml")


@blueprint.get("/price-list/sellers/<uscc>")
@public
def of_seller(uscc: str) -> str:
    """Show all prices and caps of a seller, product by product."""
    on = _day()
    party, entries = queries.of_seller(db.session(), uscc, on)
    grouped: dict[str, list[Entry]] = {}
    for entry in entries:
        grouped.setdefault(entry.product.code, []).append(entry)
    return render_template(
        "pricing/publications/seller.html", party=party, grouped=grouped, on=on, unit_titles=UNIT_WORDS,
        units={code: _units(group) for code, group in grouped.items()}, phases=_phases(), kinds=_kinds(),
    )  # fmt: skip


def _wanted() -> Wanted:
    """Return what the reader asks for; what cannot be read counts as not asked."""
    asked = request.args
    return Wanted(
        _day(), asked.get("place", "")[:PLACE_LENGTH_MAX] or None, asked.get("seller", "").strip()[:SEARCH_LENGTH_MAX],
        asked.get("product", "").strip()[:SEARCH_LENGTH_MAX],
        next((unit for unit in ChargeUnit if unit == asked.get("unit")), None),
        next((regime for regime in Regime if regime == asked.get("regime")), None),
    )  # fmt: skip


def _day() -> date:
    """Return the day that the reader asks about; a text that is no day, or none of our time, counts as today."""
    try:
        asked = date.fromisoformat(request.args.get("on", ""))
    except ValueError:
        return clock.today()
    return asked if FIRST_DAY <= asked <= LAST_DAY else clock.today()


def _units(entries: Sequence[Entry]) -> list[ChargeUnit]:
    return list(dict.fromkeys(entry.charge_unit for entry in entries))


def _drawn(entries: Sequence[Entry], on: date) -> list[Line]:
    """Return a step line for every series of prices and of caps."""
    until = max([on, *(entry.span.first_day for entry in entries)]) + AHEAD
    series: dict[tuple[What, str], list[Entry]] = {}
    for entry in entries:
        series.setdefault((entry.what, entry.scope), []).append(entry)
    names = _kinds()
    return [
        Line(" ".join(part for part in (names[what], scope) if part),
             steps([(entry.span.first_day, entry.amount) for entry in group], until), is_forecast=what is What.CAP)
        for (what, scope), group in series.items()
    ]  # fmt: skip


def _timeline(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    kinds = _kinds()
    in_order = sorted(entries, key=lambda entry: (entry.span.first_day, entry.what))
    return [
        {
            "title": f"{kinds[entry.what]} ¥ {entry.amount.text()} {UNIT_WORDS[entry.charge_unit]}",
            "at": entry.span.first_day, "note": " · ".join([*entry.words, entry.scope] if entry.scope else entry.words),
            "source": entry.number, "state": STEP_STATES[entry.span.phase],
        }
        for entry in in_order
    ]  # fmt: skip


def _kinds() -> dict[What, str]:
    return {What.PRICE: gettext("收费标准"), What.CAP: gettext("上限收费标准")}


def _phases() -> dict[Phase, str]:
    return {Phase.FORMER: gettext("曾执行"), Phase.PRESENT: gettext("执行中"), Phase.ANNOUNCED: gettext("已公布未执行")}


def _recipients() -> dict[str, str]:
    return {"price_authority": gettext("发展改革（价格）部门"), "data_authority": gettext("数据管理部门")}


def _chinese() -> bool:
    return str(get_locale() or "zh").startswith("zh")


def _titles() -> dict[str, str]:
    book = policy_book()
    return {key: book.place(key).title for key in book.places()}


def _places() -> list[tuple[str, str]]:
    book = policy_book()
    return [(key, book.place(key).title if _chinese() else book.place(key).title_en) for key in book.places()]
