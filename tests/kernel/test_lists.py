"""A list is sorted, filtered, added up and exported over all of it, by plain addresses and within one's scope."""

from __future__ import annotations

import io
import re

import openpyxl
import pytest
from flask import Flask
from werkzeug.test import TestResponse

from kernel import db
from kernel.identity import Role
from kernel.lists import EXPORTED_MAX, Column, Kind, TooManyRows, asked_for
from kernel.money import Money
from tests.make import registry_base as base
from tests.make.clients import as_person
from tests.make.finance_day import FinanceDay, make_settled_day

EVENT = r"<code>(\d+-\d+)</code>"
PATHS = ("/settlements", "/statements", "/payouts", "/receivables", "/ledger", "/invoices", "/payments",
         "/bank-lines", "/payees", "/orders", "/entitlements")  # fmt: skip
SHARES = ["135.37", "150.00", "314.63", "900.00"]
FEN = Column("fen", "金额", Money, Kind.MONEY, is_filter=True, is_summed=True)


@pytest.fixture
def settled(app: Flask) -> FinanceDay:
    """Four statements."""
    with app.app_context(), db.transaction() as session:
        return make_settled_day(session)


def amounts(text: str) -> list[str]:
    """What the rows of the list come to, from the top."""
    body = re.search(r"<tbody>.*?</tbody>", text, re.S)
    return re.findall(r"¥ ([0-9,.]+)<", body[0]) if body else []


def sums(text: str) -> list[str]:
    """What stands under the list."""
    foot = re.search(r"<tfoot>.*?</tfoot>", text, re.S)
    return re.findall(r"¥ ([0-9,.]+)<", foot[0]) if foot else []


def sheet(answer: TestResponse) -> list[tuple[object, ...]]:
    """Headings, rows and the sums of what was exported."""
    return list(openpyxl.load_workbook(io.BytesIO(answer.data)).active.values)[2:]


@pytest.mark.both_databases
def test_pages_in_any_order_show_every_row_once_and_the_sum_of_all(app: Flask, settled: FinanceDay) -> None:
    auditor = as_person(app, Role.AUDITOR)
    for order, expected in (("total", SHARES), ("-total", SHARES[::-1]), ("-party", None), ("issued", None)):
        address, seen = f"/statements?sort={order}&limit=1", []
        while address:
            text = auditor.get(address).get_data(as_text=True)
            assert sums(text) == ["1,500.00"]
            seen += amounts(text)
            following = re.search(r'rel="next" href="([^"]+)"', text)
            address = following[1].replace("&amp;", "&") if following else ""
        assert sorted(seen) == SHARES
        assert expected is None or seen == expected


@pytest.mark.both_databases
def test_filters_leave_out_rows_of_the_page_the_sum_and_the_spreadsheet_alike(app: Flask, settled: FinanceDay) -> None:
    auditor = as_person(app, Role.AUDITOR)
    for asked, expected in (
        ("total_from=150&total_to=314.63", ["150.00", "314.63"]), ("party=气象", ["314.63"]), ("party=%25", []),
        (f"place={base.PLACE}&party=", SHARES), ("period_from=2026-08-01&period_to=2026-08-31", SHARES),
        ("period_from=2026-09-01", []), ("issued_from=2026-01-01&issued_to=2026-08-31", []),
    ):  # fmt: skip
        text = auditor.get(f"/statements?sort=total&{asked}").get_data(as_text=True)
        assert amounts(text) == expected, asked
        _, *rows, last = sheet(auditor.get(f"/statements?sort=total&download=xlsx&{asked}"))
        assert [f"{row[4]:.2f}" for row in rows] == expected
        assert f"{last[4]:.2f}" == (sums(text) or ["0.00"])[0].replace(",", "")


def test_what_an_address_may_not_say_is_refused_at_the_field(app: Flask, settled: FinanceDay) -> None:
    auditor = as_person(app, Role.AUDITOR)
    for asked in ("sort=sha256", "sort=--total", "place=atlantis", "period_from=soon", "total_from=1.234", "limit=0",
                  "download=exe", f"party={'长' * 101}", "cursor=made-up"):  # fmt: skip
        refused = auditor.get(f"/statements?{asked}")
        assert refused.status_code in (400, 422), asked
        assert asked.startswith(("limit", "cursor")) or f"<code>{asked.partition('=')[0]}</code>" in refused.text, asked


def test_a_spreadsheet_holds_what_its_reader_may_see_and_no_formula(app: Flask, settled: FinanceDay) -> None:
    bureau = as_person(app, Role.SOURCE, party=settled.world.bureau)
    headings, row, last = sheet(bureau.get("/statements?download=xlsx"))
    assert headings == ("编号", "单位", "地方", "期间", "合计", "出具时间")
    assert (row[1], row[4], last[0], last[4]) == ("气象局", 314.63, "合计（1 条）", 314.63)


def test_the_lines_of_a_statement_are_sorted_filtered_added_up_and_lead_to_their_events(
    app: Flask, settled: FinanceDay
) -> None:
    bureau = as_person(app, Role.SOURCE, party=settled.world.bureau)
    (number,) = re.findall(r'/statements/(STM-[a-z]+-2026-\d{6})"', bureau.get("/statements").get_data(as_text=True))
    _, *rows, last = sheet(bureau.get(f"/statements/{number}?sort=-share&download=xlsx"))
    assert [row[9] for row in rows] == sorted((row[9] for row in rows), reverse=True)
    assert last[9] == 314.63
    found = bureau.get(f"/statements/{number}?share_from=150.01&sort=share").get_data(as_text=True)
    (events,) = set(re.findall(rf'/statements/{number}/lines/\d+/events"', found))
    first = bureau.get(f"{events[:-1]}?limit=3").get_data(as_text=True)
    assert first.count('<th scope="row"><code>') == 3
    following = re.search(r'rel="next" href="([^"]+)"', first)
    assert following
    rest = bureau.get(following[1].replace("&amp;", "&")).get_data(as_text=True)
    assert not set(re.findall(EVENT, first)) & set(re.findall(EVENT, rest))


def test_rows_at_hand_are_added_up_whole_and_too_many_are_not_exported(app: Flask) -> None:
    with app.test_request_context("/statements?fen_from=0.03&sort=-fen&limit=2"):
        found = asked_for("fen", "金额", [FEN]).take(range(1, 6))
        assert (found.items, found.count, found.sums) == ([5, 4], 3, {"fen": Money(12)})
        assert found.next_cursor is not None
    with app.test_request_context("/statements?download=xlsx"), pytest.raises(TooManyRows):
        asked_for("fen", "金额", [FEN]).export_of(range(EXPORTED_MAX + 1))


@pytest.mark.both_databases
def test_every_list_of_finance_sorts_by_each_heading_and_is_exported_whole(app: Flask, settled: FinanceDay) -> None:
    auditor = as_person(app, Role.AUDITOR)
    for path in PATHS:
        text = auditor.get(path).get_data(as_text=True)
        names = set(
            re.findall(r'<option value="(-?[a-z_]+)"', text[text.index('id="list-sort"') :].split("</select>")[0])
        )
        assert len(names) >= 8, path
        for name in sorted(names):
            assert auditor.get(f"{path}?sort={name}&limit=2").status_code == 200, (path, name)
        answer = auditor.get(f"{path}?download=xlsx&sort={min(names)}")
        (count,) = re.findall(r'role="status">共 ([0-9,]+) 条', text)
        assert len(sheet(answer)) == int(count) + 2, path
        body = re.search(r"<thead><tr>(.*?)</thead>\s*<tbody>\s*<tr>(.*?)</tr>", text[text.index("list-tools") :], re.S)
        assert not body or len(re.findall("<th ", body[1])) == len(re.findall(r"<t[dh][ >]", body[2])), path
