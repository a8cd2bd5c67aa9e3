"""What-if on the page, as plots, as a workbook and through the API: the same numbers everywhere, nothing written."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from decimal import Decimal

import openpyxl
import pytest
from flask import Flask

from kernel import clock, db
from kernel.identity import Role
from settlement.comparisons.rules import Order, in_order
from settlement.scenarios.rules import Move, MoveKind
from settlement.what_if import pages
from tests.make import registry_base as base
from tests.make import what_if as make
from tests.make.clients import as_person, as_program

SPAN = {"place": base.PLACE, "first_month": "2026-08", "last_month": "2026-09"}


@pytest.fixture
def history(app: Flask) -> Iterator[make.History]:
    """Two months of history, on the second of October."""
    with clock.set_to(make.NOW):
        with app.app_context(), db.transaction() as session:
            made = make.make_history(session)
        yield made


def test_what_if_on_pages_and_through_the_api(app: Flask, history: make.History) -> None:
    _everything_says_the_same(app, history)
    _refusals_name_what_is_wrong_above_the_form(app)
    _every_plot_that_is_shown_is_drawn(app, history)
    _a_seller_sees_its_own_sales_and_only_its_own_share(app, history)


def _everything_says_the_same(app: Flask, history: make.History) -> None:
    agreement = history.world.agreement.number
    asked = {**SPAN, "agreement": agreement, "share_step": "1", "share_value": "0.55"}
    moves = [{"kind": "share", "agreement": agreement, "step": 1, "value": "0.55"}]
    officer = as_person(app, Role.PRICE, place=base.PLACE)
    program = as_program(app, Role.PRICE, place=base.PLACE)

    answer = app.test_client().post("/api/v1/what-if", json={**SPAN, "moves": moves}, headers=program)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    rows = {row["label"]: row for row in answer.json["parties"]}
    assert (rows["运营公司"]["then"], rows["运营公司"]["now"]) == ("1232.37", "1129.67")
    assert rows["运营公司"]["percent"] == "-8.33"

    shown = officer.get("/pricing/what-if", query_string=asked).get_data(as_text=True)
    assert answer.json["summary"].split("；")[0] in shown
    for row in answer.json["parties"]:
        assert f"{Decimal(row['now']):,}" in shown

    book = openpyxl.load_workbook(io.BytesIO(officer.get("/pricing/what-if.xlsx", query_string=asked).data))
    cells = {row[0].value: (row[2].value, row[3].value) for row in book["按当事方（不含税）"].iter_rows(min_row=2)}
    assert {name: (Decimal(str(then)), Decimal(str(now))) for name, (then, now) in cells.items()} == {
        name: (Decimal(row["then"]), Decimal(row["now"])) for name, row in rows.items()
    }

    drawn = officer.get("/pricing/what-if/parties.svg", query_string=asked)
    assert drawn.mimetype == "image/svg+xml"
    with app.test_request_context(), clock.set_to(make.NOW):
        move = Move(MoveKind.SHARE, agreement=agreement, step=1, value="0.55")
        table = in_order(make.compare(db.session(), move, agreement=agreement).parties, Order.DIFFERENCE)
        assert drawn.data == pages.bars_of("各部门和当事方分得（不含税）", table)
    assert [row.now.text() for row in table] == [
        rows[row.label]["now"] for row in table
    ]  # what is drawn is what the table says


def _refusals_name_what_is_wrong_above_the_form(app: Flask) -> None:
    officer = as_person(app, Role.PRICE, place=base.PLACE)
    strange = officer.get("/pricing/what-if", query_string={**SPAN, "product": "XC-2026-999999", "price_factor": "1.1"})
    assert strange.status_code == 422
    assert "XC-2026-999999" in strange.get_data(as_text=True)
    unread = officer.get("/pricing/what-if", query_string={**SPAN, "first_month": "2026-13", "moves": "{}"})
    assert unread.status_code == 422
    assert "请写成 2026-10" in unread.get_data(as_text=True)
    nothing = officer.get("/pricing/what-if", query_string={**SPAN, "moves": '[{"kind": "vat", "rate": "2"}]'})
    assert "0/rate 须不大于 1" in nothing.get_data(as_text=True)
    assert officer.get("/pricing/what-if").status_code == 200
    assert officer.get("/pricing/what-if/nothing.svg", query_string=SPAN).status_code == 404
    assert officer.get("/pricing/what-if/months.svg").status_code == 404


def _every_plot_that_is_shown_is_drawn(app: Flask, history: make.History) -> None:
    officer = as_person(app, Role.PRICE, place=base.PLACE)
    asked = {**SPAN, "product": history.checks.code, "cap": "0.79", "sort": "name"}
    shown = officer.get("/pricing/what-if", query_string=asked).get_data(as_text=True)
    assert "不被接受的订单" in shown
    plots = re.findall(r'<img src="([^"]+\.svg[^"]*)"', shown)
    assert len(plots) == 5
    for address in plots:
        drawn = officer.get(address.replace("&amp;", "&"))
        assert drawn.status_code == 200
        assert drawn.data.lstrip().startswith(b"<?xml")


def _a_seller_sees_its_own_sales_and_only_its_own_share(app: Flask, history: make.History) -> None:
    merchant = as_program(app, Role.MERCHANT, party=history.world.merchant, place=base.PLACE)
    client = app.test_client()
    own = client.post("/api/v1/what-if", json=SPAN, headers=merchant).json
    assert {row["label"] for row in own["products"]} == {"评分", "等级"}
    assert [row["label"] for row in own["parties"]] == ["其他各方"]
    assert own["years"] == []
    asked = {**SPAN, "moves": [{"kind": "price", "product": history.checks.code, "factor": "2"}]}
    refused = client.post("/api/v1/what-if", json=asked, headers=merchant)
    assert (refused.status_code, refused.json["code"]) == (422, "what_if.unknown")
    assert refused.json["errors"][0]["pointer"] == "/moves/0/product"
    bureau = as_program(app, Role.SOURCE, party=history.world.bureau, place=base.PLACE)
    assert client.post("/api/v1/what-if", json=SPAN, headers=bureau).status_code == 403
