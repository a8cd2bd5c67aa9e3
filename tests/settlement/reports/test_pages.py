"""Reports on pages, as files, and through the API."""

from __future__ import annotations

import csv
import io
from xml.etree import ElementTree

import openpyxl
import pytest
from flask import Flask

from kernel import db
from kernel.identity import Role
from tests.make import registry_base as base
from tests.make import settlement as make
from tests.make.clients import as_person, as_program

SPAN = "from=2026-01&to=2026-12"
PAGES = ("", "/waterfall", "/contributions", "/ageing", "/deviation")
HOSTILE = "=1+1"


@pytest.fixture
def settled(app: Flask, world: make.World) -> make.World:
    """The worked example, sealed, with a product whose title begins a formula."""
    with app.app_context(), db.transaction() as session:
        session.merge(world.scores).title = HOSTILE
        make.use(session, world.scores_bought, 200)
        make.use(session, world.levels_bought, 100)
        make.settle(session)
    return world


def test_every_report_opens_for_finance_and_says_the_same_revenue(app: Flask, settled: make.World) -> None:
    person = as_person(app, Role.FINANCE_CHECKER, place=base.PLACE)
    for path in PAGES:
        shown = person.get(f"/reports{path}?{SPAN}&year=2026")
        assert shown.status_code == 200, path
    assert "1,590.00" in person.get(f"/reports?{SPAN}").get_data(as_text=True)
    assert "1,590.00" in person.get(f"/reports/waterfall?{SPAN}").get_data(as_text=True)


def test_a_source_department_opens_its_reports_but_not_the_deviation(app: Flask, settled: make.World) -> None:
    person = as_person(app, Role.SOURCE, party=settled.bureau)
    shares = person.get(f"/reports?{SPAN}&measure=share").get_data(as_text=True)
    assert "314.63" in shares
    assert "人民医院" not in person.get(f"/reports/contributions?{SPAN}").get_data(as_text=True)
    assert person.get("/reports/deviation").status_code == 403


def test_the_csv_neutralises_formulas_and_keeps_amounts_as_text_with_two_decimals(
    app: Flask, settled: make.World
) -> None:
    answer = as_person(app, Role.AUDITOR, place=base.PLACE).get(f"/reports/revenue.csv?{SPAN}")
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    titles = {row[2] for row in rows[1:]}
    assert f"'{HOSTILE}" in titles
    assert sorted(row[6] for row in rows[1:]) == ["1060.00", "530.00"]


def test_the_workbook_has_a_chart_its_sum_and_no_formula(app: Flask, settled: make.World) -> None:
    answer = as_person(app, Role.AUDITOR, place=base.PLACE).get(f"/reports/revenue.xlsx?{SPAN}")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.data))["报表"]
    cells = [cell for row in sheet.iter_rows() for cell in row]
    assert all(cell.data_type != "f" for cell in cells)
    assert HOSTILE in [cell.value for cell in cells]
    assert [cell.value for cell in sheet[sheet.max_row]][6] == 1590
    assert len(sheet._charts) == 1
    assert sheet.print_title_rows


@pytest.mark.parametrize("path", ["revenue.svg", "waterfall.svg"])
def test_drawings_keep_their_words_as_text_and_are_the_same_every_time(
    app: Flask, settled: make.World, path: str
) -> None:
    person = as_person(app, Role.AUDITOR, place=base.PLACE)
    first = person.get(f"/reports/{path}?{SPAN}&grain=whole").data
    words = "".join(ElementTree.fromstring(first).itertext())  # noqa: S314 — we drew it ourselves
    assert ("运营公司" if path == "waterfall.svg" else "收入") in words
    assert first == person.get(f"/reports/{path}?{SPAN}&grain=whole").data


@pytest.mark.both_databases
def test_the_api_gives_the_figures_of_the_pages(app: Flask, settled: make.World) -> None:
    headers = as_program(app, Role.AUDITOR, place=base.PLACE)
    client = app.test_client()

    def read(path: str):  # type: ignore[no-untyped-def]
        answer = client.get(f"/api/v1/reports/{path}", headers=headers)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return answer.json

    assert read(f"revenue?{SPAN}&dimension=operator")["total"]["gross"] == "1590.00"
    assert [row["title"] for row in read(f"contributions?{SPAN}")["rows"]] == ["气象局", "人民医院"]
    assert read(f"waterfall?{SPAN}")["net"] == "1500.00"
    aged = read("ageing?as_of=2026-12-31")
    assert sum(int(one["balance"].replace(".", "")) for one in aged["payable"]) == 150000
    assert read("deviation?year=2026")["items"] == []


def test_months_that_are_none_are_refused_in_words(app: Flask, settled: make.World) -> None:
    person = as_person(app, Role.AUDITOR, place=base.PLACE)
    assert person.get("/reports?from=2026-13&to=2026-12").status_code == 422
    assert person.get("/reports?from=2026-12&to=2026-01").status_code == 422
