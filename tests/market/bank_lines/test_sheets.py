"""A statement is read as banks write it, cell by cell as text; one wrong row and nothing is taken."""

from __future__ import annotations

import io
from datetime import datetime

import openpyxl
import pytest

from kernel.calendar import BEIJING
from kernel.money import Money
from market.bank_lines.sheets import StatementRefused, StatementUnreadable, read

HEADING = "流水号,交易时间,收入金额,支出金额,对方户名,附言"
ROW = "ICBC-1,2026-07-20 10:30:00,800.00,,甲公司,ORD202600000197"


def csv_of(*rows: str, heading: str = HEADING, encoding: str = "utf-8") -> bytes:
    return "\r\n".join([heading, *rows]).encode(encoding)


def workbook_of(*rows: list) -> bytes:
    book, made = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(made)
    return made.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_line_is_read_with_its_leading_zeros_in_each_encoding(encoding):
    (row,) = read(csv_of("000123,2026-07-20 10:30:00,800.00,,甲公司,货款", encoding=encoding), "a.csv")
    assert (row.serial, row.amount, row.is_incoming, row.line_number) == ("000123", Money.yuan("800.00"), True, 2)
    assert row.booked_at == datetime(2026, 7, 20, 10, 30, tzinfo=BEIJING)


@pytest.mark.parametrize(("heading", "row", "amount", "is_incoming"), [
    ("流水号,交易日期,金额,借贷标志,对方户名,摘要", '1,20260720,"1,234.50",贷,甲,x', "1234.50", True),
    ("流水号,交易日期,金额,借贷标志,对方户名,摘要", "1,20260720,100,借,甲,x", "100.00", False),
    ("交易流水号,记账日期,交易金额,对方名称,备注", "1,2026/07/20,-5.00,甲,x", "5.00", False),
    ("流水号,入账时间,贷方发生额,借方发生额,对方单位名称,用途", "1,2026-07-20 08:00,0.00,7.00,甲,x", "7.00", False),
    ("流水号,入账时间,贷方发生额,借方发生额,对方单位名称,用途", "1,2026-07-20T08:00:01,￥7.5,,甲,x", "7.50", True),
    (HEADING, "1,2026-07-20,-5.00,,甲,冲正", "5.00", False),
])  # fmt: skip
def test_columns_are_known_under_the_names_of_several_banks(heading, row, amount, is_incoming):
    (found,) = read(csv_of(row, heading=heading), "a.csv")
    assert (found.amount, found.is_incoming) == (Money.yuan(amount), is_incoming)


def test_words_above_the_heading_and_blank_rows_are_passed_over():
    content = ("账户明细\n户名：某平台\n" + HEADING + "\n\n" + ROW + "\n,,,,,\n").encode()
    assert [row.serial for row in read(content, "a.csv")] == ["ICBC-1"]


def test_a_workbook_gives_what_its_cells_show():
    moment = datetime(2026, 7, 20, 10, 30)  # noqa: DTZ001 — a cell of a workbook has no zone
    (row,) = read(workbook_of(HEADING.split(","), ["00042", moment, 800.1, None, "甲公司", "货款"]), "a.xlsx")
    assert (row.serial, row.amount, row.booked_at) == ("00042", Money.yuan("800.10"), moment.replace(tzinfo=BEIJING))


@pytest.mark.parametrize("content", [
    b"", b"\x00\x01", "流水号,交易时间\n1,2026".encode(), "甲,乙\n1,2".encode(), '"'.join(["a", "b", "c"]).encode(),
    HEADING.encode(), b"PK\x03\x04 not a workbook", "流水号,交易时间,收入金额,对方户名,附言".encode("utf-16"),
])  # fmt: skip
def test_what_is_no_statement_is_refused_as_a_whole(content):
    with pytest.raises(StatementUnreadable):
        read(content, "a.csv")


@pytest.mark.parametrize(("row", "words"), [
    ("2,2026-07-20,1.001,,甲,x", "第 3 行"), ("2,2026-13-20,1,,甲,x", "无法识别"),
    ("2,2026-07-20,,,甲,x", "为空或为零"), ("2,2026-07-20,1,1,甲,x", "同时有金额"),
    (",2026-07-20,1,,甲,x", "流水号"), ("2,2026-07-20,1,,,x", "对方户名"),
    ("ICBC-1,2026-07-20,1,,甲,x", "重复"), ("2,2026-07-20,1e3,,甲,x", "第 3 行"),
    ("2,2026-07-20,=1+1,,甲,x", "第 3 行"),
])  # fmt: skip
def test_a_wrong_row_is_named_and_nothing_is_taken(row, words):
    with pytest.raises(StatementRefused, match=words) as caught:
        read(csv_of(ROW, row), "a.csv")
    assert [error["pointer"] for error in caught.value.errors] == ["/rows/3"]


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "00010101"])
def test_a_day_at_the_ends_of_time_is_a_wrong_row(day):
    with pytest.raises(StatementRefused):
        read(csv_of(f"1,{day},5.00,,甲,x"), "a.csv")
