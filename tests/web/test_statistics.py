"""The public statistics: what is said of use, and the same counts on the page, in charts, files and for programs."""

from __future__ import annotations

import csv
import io
from uuid import UUID

import openpyxl
import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from kernel import clock, db
from tests.make import what_if as make
from web.counting import BUYERS_MIN, told

BUYERS = [UUID(int=number) for number in range(5)]
USES = st.dictionaries(st.sampled_from("abcdef"), st.dictionaries(st.sampled_from(BUYERS), st.integers(0, 9)))


@given(USES)
def test_no_figure_and_no_difference_of_figures_tells_what_fewer_buyers_used(use: dict[str, dict[UUID, int]]) -> None:
    parts, total = told(use)
    for key, shown in parts.items():
        behind = {buyer for buyer, times in use[key].items() if times}
        assert shown is None or len(behind) >= BUYERS_MIN or not behind
        assert shown in (None, sum(use[key].values()))
    hidden = {buyer for key, shown in parts.items() if shown is None for buyer, times in use[key].items() if times}
    if total is not None:
        assert total == sum(sum(buyers.values()) for buyers in use.values())
        assert not hidden or len(hidden) >= BUYERS_MIN


def test_the_smallest_part_is_left_out_with_one_that_a_single_buyer_used() -> None:
    many = dict.fromkeys(BUYERS[:3], 10)
    assert told({"a": {BUYERS[0]: 4}, "b": many, "c": dict.fromkeys(BUYERS, 7)}) == (
        {"a": None, "b": None, "c": 35}, 69,
    )  # fmt: skip
    assert told({"a": {BUYERS[0]: 4}}) == ({"a": None}, None)
    assert told({"a": many}) == ({"a": 30}, 30)


@pytest.mark.both_databases
def test_everybody_reads_the_same_counts_everywhere(app: Flask) -> None:
    with clock.set_to(make.NOW):
        with app.app_context(), db.transaction() as session:
            make.make_history(session)
        visitor = app.test_client()
        told_to_programs = visitor.get("/api/v1/statistics").json
        places, months = told_to_programs["places"], told_to_programs["months"]
        assert places["total"]["listed"] == 3 == told_to_programs["domains"]["total"]["listed"]
        assert places["total"]["orders"] == 3 == months["total"]["orders"] == sum(
            row["orders"] for row in months["rows"])  # fmt: skip
        assert places["total"]["agreements"] == 1
        assert len(months["rows"]) == 12
        assert months["rows"][-1]["key"] == "2026-10"
        assert places["total"]["calls"] is None, "one buyer alone used everything"

        shown = visitor.get("/statistics").get_data(as_text=True)
        assert "不单列" in shown
        front = visitor.get("/").get_data(as_text=True)
        assert 'href="/statistics"' in front
        assert "不单列" in front.split("累计调用次数")[1].split("</dd>")[0]
        for name in ("places", "domains", "months", "use"):
            drawn = visitor.get(f"/statistics/{name}.svg")
            assert (drawn.status_code, drawn.mimetype) == (200, "image/svg+xml"), name
        assert visitor.get("/statistics/buyers.svg").status_code == 404

        lines = list(csv.reader(io.StringIO(visitor.get("/statistics/months.csv").data.decode("utf-8-sig"))))
        assert lines[0][:2] == ["月份", "订单"]
        assert [line[:2] for line in lines[1:]] == [[row["key"], str(row["orders"])] for row in months["rows"]]
        book = openpyxl.load_workbook(io.BytesIO(visitor.get("/statistics.xlsx").data))
        assert book.sheetnames == ["按地区", "按领域", "近十二个月"]
