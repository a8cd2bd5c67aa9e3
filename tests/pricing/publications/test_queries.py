"""The list of a day, whoever asks when; the history with spans; the caps with their reports."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import openpyxl
import pytest
import sqlalchemy as sa

from kernel.money import UnitPrice
from pricing.ceilings.model import Ceiling, FeeCap
from pricing.publications import queries, sheets
from pricing.publications.queries import Wanted
from pricing.publications.rules import Phase, What
from pricing.tariffs.rules import Regime
from registry.products.model import Product
from tests.make import pricing as make
from tests.make import registry_base as base

TOMORROW = make.TODAY + timedelta(days=1)
LATER = make.TODAY + timedelta(days=40)
CHEAPER = {"model": "per_unit", "unit_price": "0.70"}


def rows(session, on=make.TODAY, **wanted):
    found = session.scalars(queries.listed(Wanted(on, **wanted))).all()
    return queries.rows(session, found, on)


def shown(session, on):
    return [(row.tariff.number, row.cap.amount.text(), row.headroom, row.words, row.documents)
            for row in rows(session, on)]  # fmt: skip


@pytest.mark.both_databases
def test_the_list_of_a_day_that_is_over_is_the_same_whenever_somebody_asks(session):
    product = make.make_priced_product(session)
    asked_then = shown(session, make.TODAY)
    make.make_tariff(session, product, CHEAPER, effective_from=TOMORROW, now=make.NOW + timedelta(days=1))
    ceiling = session.scalar(sa.select(Ceiling))
    make.set_caps(session, ceiling, [make.cap(product, "0.75")], effective_from=TOMORROW,
                  now=make.NOW + timedelta(days=1))  # fmt: skip
    assert shown(session, make.TODAY) == asked_then
    (row,) = rows(session, TOMORROW)
    assert (row.tariff.unit_price_max, row.cap.amount, row.headroom) == (
        UnitPrice.yuan("0.70"), UnitPrice.yuan("0.75"), "0.05",
    )  # fmt: skip
    assert rows(session, make.TODAY - timedelta(days=1)) == []


def test_prices_are_found_by_place_seller_product_unit_and_regime(session):
    product, other = make.make_priced_product(session), make.make_priced_product(session, place="puer")
    owner = session.get_one(base.Party, product.owner_id)
    for wanted in ({"place": base.PLACE}, {"seller": owner.uscc}, {"seller": owner.name}, {"product": product.code}):
        assert [row.product.id for row in rows(session, **wanted)] == [product.id]
    assert [row.product.id for row in rows(session)] == [other.id, product.id]
    assert rows(session, product="%") == []
    assert rows(session, regime=Regime.TRIAL) == []
    assert len(rows(session, unit=make.ChargeUnit.PER_USE, regime=Regime.GOV_GUIDED)) == 2


@pytest.fixture
def changed(session) -> Product:
    """A product whose price and cap go down tomorrow, by announcement of today."""
    product = make.make_priced_product(session)
    make.make_tariff(session, product, CHEAPER, effective_from=TOMORROW)
    make.set_caps(session, session.scalar(sa.select(Ceiling)), [make.cap(product, "0.75")], effective_from=LATER)
    return product


@pytest.mark.both_databases
def test_the_history_holds_what_was_is_and_will_be_with_its_first_and_last_day(session, changed):
    product, entries = queries.of_product(session, changed.code, TOMORROW)
    assert product.id == changed.id
    assert [(one.what, one.amount.text(), one.span.phase, one.span.last_day) for one in entries] == [
        (What.PRICE, "0.8", Phase.FORMER, make.TODAY),
        (What.PRICE, "0.7", Phase.PRESENT, None),
        (What.CAP, "0.8", Phase.PRESENT, LATER - timedelta(days=1)),
        (What.CAP, "0.75", Phase.ANNOUNCED, None),
    ]
    party, of_seller = queries.of_seller(session, product.owner.uscc, TOMORROW)
    assert (party.id, of_seller) == (product.owner_id, entries)
    with pytest.raises(queries.NoSuchSeller):
        queries.of_seller(session, "91330624000000000X", TOMORROW)


def test_the_workbook_has_three_sheets_of_text_and_no_formula(session, changed):
    changed.title, changed.owner.name = "=HYPERLINK(1)", "+运营公司"
    session.flush()
    wanted = Wanted(make.TODAY)
    caps = queries.caps_with_products(session, session.scalars(queries.caps_listed(wanted).order_by(FeeCap.id)))
    content = sheets.workbook(make.TODAY, rows(session), queries.history(session, wanted), caps, {base.PLACE: "新昌县"})
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert [sheet.max_row for sheet in book] == [2, 5, 3]
    cells = [cell for sheet in book for line in sheet.iter_rows() for cell in line if cell.value is not None]
    assert {cell.data_type for cell in cells} == {"s"}
    current = [cell.value for cell in book.worksheets[0][2]]
    assert current[:5] == ["新昌县", changed.code, "'=HYPERLINK(1)", "'+运营公司", changed.owner.uscc]
    assert (current[10], current[11], current[12]) == ("0.8", "0.8", "0")
    reports = [cell.value for cell in book.worksheets[2]["K"]][1:]
    assert reports == ["发展改革（价格）部门、数据管理部门"] * 2


def test_csv_is_read_back_as_it_was_written(session, changed):
    lines = sheets.history_lines(queries.history(session, Wanted(make.TODAY)))
    content = sheets.written(sheets.HISTORY, lines).decode("utf-8-sig")
    read = list(csv.reader(io.StringIO(content, newline="")))
    assert read == [list(sheets.HISTORY), *[list(line) for line in lines]]
    assert {line[12] for line in lines} == {"执行中", "已公布未执行"}
