"""The spreadsheet of a survey: what is written is read back, every wrong cell is named, hostile files are refused."""

from __future__ import annotations

import io
import unicodedata
import zipfile
from datetime import date
from decimal import Decimal

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.money import Money
from pricing.cost_sheets.sheets import SheetRefused, SheetUnreadable, read
from pricing.costs import sheets
from pricing.costs.model import AllocationKey, CostLine, CostSurvey
from pricing.costs.rules import CostCategory, SurveyState
from tests.make import cost_sheets as make

NUMBER = "AGR-2026-000001"
texts = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S"), exclude_characters="_"), min_size=1).map(
    lambda text: unicodedata.normalize("NFC", text[:40])
)
names = st.sampled_from(["调用量", "=1+1", "@工时", "甲\n乙", "'123"])
money = st.integers(0, 10**15 - 1).map(Money)
shares = st.decimals(0, 1, places=9)
units = st.decimals(1, 10**9 - 1, places=6)


@st.composite
def surveys(draw) -> CostSurvey:
    keys = [
        AllocationKey(position=n, name=name, driver=draw(texts), industry_units=measured, public_units=measured,
                      direct_share=None if measured else draw(shares))
        for n, name in enumerate(draw(st.lists(names, unique=True, max_size=3)), start=1)
        for measured in [draw(st.none() | units)]
    ]  # fmt: skip
    lines = []
    for position in range(1, draw(st.integers(1, 4)) + 1):
        key = draw(st.sampled_from([None, *keys]))
        lines.append(
            CostLine(
                position=position, category=draw(st.sampled_from(CostCategory)), text=draw(texts), amount=draw(money),
                key=key, industry_share=draw(shares), allocation_key=key.name if key else "工时", charge=None,
                subsidised=draw(st.booleans()), disallowed_amount=Money(0), disallowed_reason=None,
                evidence_sha256=draw(st.none() | st.just("0a" * 32)),
            )
        )  # fmt: skip
    return CostSurvey(
        number="COST-2026-000001", year=2025, subsidy=draw(money), state=SurveyState.DRAFT, keys=keys, lines=lines
    )


@settings(max_examples=8)
@given(surveys())
def test_a_survey_written_as_a_sheet_reads_back_equal(survey):
    found = read(sheets.workbook(survey, NUMBER), agreement=NUMBER, year=2025).content
    assert found["subsidy"] == survey.subsidy
    assert [(key["name"], key["driver"], key["industry_units"], key["industry_share"]) for key in found["keys"]] == [
        (key.name, key.driver, key.industry_units, key.direct_share) for key in survey.keys
    ]
    for line, row in zip(found["lines"], survey.lines, strict=True):
        named = ("category", "text", "amount", "subsidised", "evidence_sha256")
        assert {name: line[name] for name in named} == {name: getattr(row, name) for name in named}
        share = (line["key"], line["industry_share"], line["allocation_key"])
        assert share == ((row.key.name, None, "") if row.key else ("", row.industry_share, row.allocation_key))


def test_the_template_as_people_fill_it_is_read_without_its_example_rows():
    content = make.filled(
        NUMBER,
        [make.cost_row(10000000), make.cost_row("500000.5", key="", 类别="人力资源成本", 使用政府补助="是")],
        [make.KEY_ROW],
        year=2025,
        subsidy=800000.0,
    )
    found = read(content, agreement=NUMBER, year=2025).content
    assert [line["amount"].text() for line in found["lines"]] == ["10000000.00", "500000.50"]
    assert found["lines"][1]["subsidised"] is True
    assert found["keys"][0]["industry_units"] == Decimal("8000000")
    assert found["subsidy"] == Money.yuan("800000.00")


def test_the_template_has_its_version_lists_and_locked_headings():
    book = openpyxl.load_workbook(io.BytesIO(sheets.template()))
    assert book.sheetnames == [sheets.GUIDE, sheets.BASICS, sheets.KEYS, sheets.LINES]
    assert book[sheets.BASICS]["B1"].value == sheets.VERSION
    lines = book[sheets.LINES]
    assert lines.protection.sheet
    assert (lines["D1"].protection.locked, lines["D2"].protection.locked) == (True, False)
    assert lines.column_dimensions["D"].protection.locked is False
    offered = [rule.formula1 for rule in lines.data_validations.dataValidation]
    assert any("人力资源成本" in formula for formula in offered)
    with pytest.raises(SheetRefused) as refused:
        read(sheets.template())
    assert "没有填写任何成本项" in refused.value.detail


@pytest.mark.parametrize(
    ("row", "address", "words"),
    [
        ({"金额（元）": 754300.0000000001}, "D4", "754300.0000000001"),
        ({"金额（元）": "1,000.00"}, "D4", "精确到分"),
        ({"金额（元）": -5}, "D4", "精确到分"),
        ({"金额（元）": True}, "D4", "须为文本或数字"),
        ({"金额（元）": date(2025, 1, 1)}, "D4", "须为文本或数字"),
        ({"金额（元）": "=1+1"}, "D4", "公式没有保存计算结果"),
        ({"金额（元）": None}, "D4", "必须填写"),
        ({"类别": "其它"}, "B4", "没有“其它”这一类别"),
        ({"分摊依据名称": "没有的"}, "E4", "没有名为“没有的”的分摊依据"),
        ({"产业、行业用途占比": "0.5"}, "F4", "不再填写"),
        ({"使用政府补助": "可能"}, "H4", "请填 是 或 否"),
        ({"凭证SHA-256": "abc"}, "J4", ""),
        ({"内容": "字" * 201}, "C4", ""),
    ],
)
def test_a_wrong_cell_is_named_by_sheet_row_column_and_reason(row, address, words):
    with pytest.raises(SheetRefused) as refused:
        read(make.filled(NUMBER, [make.cost_row(**row)], [make.KEY_ROW]))
    error = refused.value.errors[0]
    assert (error["sheet"], error["address"], error["row"]) == (sheets.LINES, address, 4)
    assert words in error["message"]
    assert f"（{address}）" in error["message"]


def test_every_wrong_cell_is_named_at_once():
    lines = [make.cost_row("0.001"), make.cost_row("1.00", key=""), make.cost_row("x", 类别="?")]
    keys = [make.KEY_ROW | {"公益用途计量数": "许多"}]
    with pytest.raises(SheetRefused) as refused:
        read(make.filled("AGR-0", lines, keys, subsidy="x"), agreement=NUMBER, year=2024)
    assert {(error["sheet"], error["address"]) for error in refused.value.errors} == {
        (sheets.BASICS, "B2"), (sheets.BASICS, "B3"), (sheets.BASICS, "B4"), (sheets.KEYS, "E3"),
        (sheets.LINES, "D4"), (sheets.LINES, "B6"), (sheets.LINES, "D6"),
    }  # fmt: skip


def test_all_shares_are_judged_not_only_the_first():
    lines = [make.cost_row(key=""), make.cost_row(key="", **{"产业、行业用途占比": "1.5"})]
    lines.append(make.cost_row(key="", **{"产业、行业用途占比": 0.5}))
    with pytest.raises(SheetRefused) as refused:
        read(make.filled(NUMBER, lines, [make.KEY_ROW, make.KEY_ROW]))
    assert [error["address"] for error in refused.value.errors] == ["B4", "F5", "G6"]


def packed(content: bytes, extra: dict[str, bytes]) -> bytes:
    """The same workbook with further parts, or with parts replaced."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name not in extra:
                new.writestr(name, old.read(name))
        for name, text in extra.items():
            new.writestr(name, text)
    return target.getvalue()


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ({"xl/vbaProject.bin": b"x"}, "宏"),
        ({"xl/externalLinks/externalLink1.xml": b"<a/>"}, "外部链接"),
        ({"xl/sharedStrings.xml": b'<!DOCTYPE a [<!ENTITY b "c">]><sst/>'}, "文档类型"),
        ({"xl/worksheets/sheet1.dat": b'<!doctype a [<!ENTITY b "c">]><worksheet/>'}, "文档类型"),
        ({"xl/media/image1.png": '<!DOCTYPE a [<!ENTITY b "c">]><worksheet/>'.encode("utf-16")}, "文档类型"),
        ({"xl/sharedStrings.xml": b"<sst>" + b"<si><t/></si>" * 400_000 + b"</sst>"}, "过多单元格"),
        ({"xl/workbook.xml": "<workbook/>".encode("utf-16")}, "UTF-8"),
        ({"xl/workbook.xml": b"<workbook"}, "损坏"),
        ({"xl/media/big.bin": bytes(101 * 1024 * 1024)}, "100 MiB"),
    ],
)
def test_a_file_that_works_points_outside_or_swells_is_refused(extra, words):
    with pytest.raises(SheetUnreadable) as refused:
        read(packed(sheets.template(), extra))
    assert words in refused.value.detail


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"a,b\n1,2\n", bytes(10 * 1024 * 1024 + 1)]
)
def test_what_is_no_workbook_is_refused(content):
    with pytest.raises(SheetUnreadable):
        read(content)


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({(sheets.BASICS, "B1"): "huiyi-cost-survey-0"}, "现行版本"),
        ({(sheets.LINES, "D1"): "金额（万元）"}, "表头应为"),
    ],
)
def test_another_version_or_a_changed_heading_is_refused(cells, words):
    with pytest.raises((SheetUnreadable, SheetRefused)) as refused:
        read(make.filled(NUMBER, [make.cost_row()], [make.KEY_ROW], cells=cells))
    assert words in refused.value.detail
