"""Catalogue files: every record with its line, in either encoding; a file that cannot be read is refused whole."""

from __future__ import annotations

import io
import zipfile

import openpyxl
import pytest

from market.listings.sheets import (
    ROWS_MAX,
    FileUnreadable,
    read_catalogue,
    repeated_addresses,
    report_csv,
    report_xlsx,
    similar_rows,
)

HEAD = "exchange,title,company,price_text_as_listed,url"


def file(*lines: str, end: str = "\r\n") -> bytes:
    return (end.join([HEAD, *lines]) + end).encode()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_chinese_survives_in_every_encoding_we_read(encoding):
    text = f"{HEAD}\n贵阳,企业涉诉㐀,示例公司,0.5元/次,https://a.example/1\n"
    sheet = read_catalogue(text.encode(encoding))
    assert sheet.rows[0].cells["title"] == "企业涉诉㐀"
    assert sheet.encoding in ("utf-8-sig", "gb18030")


def test_a_record_keeps_the_line_on_which_it_begins_even_after_line_breaks_in_cells():
    sheet = read_catalogue(file('g,"两\r\n行",c,1元,https://a.example/1', "g,t,c,2元,https://a.example/2"))
    assert [row.line_number for row in sheet.rows] == [2, 4]


def test_cells_are_text_and_nothing_is_taken_for_absent():
    row = read_catalogue(file("g,NA,null,0012,1e5")).rows[0]
    assert list(row.cells.values()) == ["g", "NA", "null", "0012", "1e5"]


def test_rows_of_another_shape_are_kept_with_their_fault():
    sheet = read_catalogue(file("g,t,c", "", "g,t,c,1元,https://a.example/1,extra", "g,t,c,1元,https://a.example/2"))
    assert [[fault.code for fault in row.faults] for row in sheet.rows] == [
        ["row.cell_count"], ["row.blank"], ["row.cell_count"], [],
    ]  # fmt: skip
    assert "extra" in sheet.rows[2].cells.values()


def test_empty_lines_at_the_end_are_no_rows():
    assert len(read_catalogue(file("g,t,c,1元,https://a.example/1", "", ",,,,", "")).rows) == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "空的"),
        (HEAD.encode(), "只有表头"),
        (b"exchange,title,url\n1,2,3\n", "缺少列 price_text_as_listed"),
        (b"exchange,title,title,price_text,url\n1,2,3,4,5\n", "列重复 title"),
        (HEAD.encode("utf-16"), "UTF-16"),
        (f"{HEAD}\n\x00".encode(), "UTF-16"),
        (b"PK\x03\x04\x00", "Excel"),
        (HEAD.encode() + b"\n\xff\xff\xff", "编码"),
        (f'{HEAD}\ng,"t,c,1元,u\ng,t,c,1元,u\n'.encode(), "第 2 行起的引号"),
        (f'{HEAD}\ng,"t"x,c,1元,u\n'.encode(), "第 2 行起的引号"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_as_a_whole(content, words):
    with pytest.raises(FileUnreadable, match=words):
        read_catalogue(content)


def test_a_file_has_a_limit_of_rows():
    with pytest.raises(FileUnreadable, match=f"最多 {ROWS_MAX}"):
        read_catalogue(file(*["g,t,c,1元,u"] * (ROWS_MAX + 1)))


def test_unknown_columns_are_kept_beside_the_known():
    sheet = read_catalogue("exchange,颜色,title,price_text,url\ng,红,t,1元,u\n".encode())
    assert sheet.rows[0].cells["title"] == "t"
    assert "红" in sheet.rows[0].cells.values()


def test_repeated_addresses_and_similar_rows_point_to_the_first():
    rows = read_catalogue(
        file("g,t,c,1元,https://a.example/1", "g,t,c,2元,https://a.example/2", "g,x,,3元,https://a.example/1",
             "g,x,,3元,https://a.example/3")
    ).rows  # fmt: skip
    assert repeated_addresses(rows) == {4: 2}
    assert similar_rows(rows) == {3: 2}  # an unnamed supplier is no likeness


ROWS = [
    {"line_number": 2, "accepted": True, "reasons": [], "raw": {"title": "=1+1"}},
    {"line_number": 3, "accepted": False, "raw": {"title": "@x"},
     "reasons": [{"field": "price_text_as_listed", "code": "price.missing", "message": "=cmd|' /C calc'!A0"},
                 {"field": "url", "code": "url.invalid", "message": "不是完整的网址"}]},
]  # fmt: skip


def test_the_report_has_a_line_per_remark_and_at_least_one_per_row():
    text = report_csv(ROWS).decode("utf-8-sig")
    lines = text.strip().split("\r\n")
    assert lines[0].startswith("行号,结果,字段,代码,说明")
    assert [line.split(",")[:2] for line in lines[1:]] == [["2", "接受"], ["3", "拒绝"], ["3", "拒绝"]]
    assert "'=cmd" in text


def test_the_workbook_holds_text_only():
    content = report_xlsx(ROWS)
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    assert {cell.data_type for row in sheet.iter_rows(min_row=2) for cell in row if cell.value} == {"s"}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")
