"""What is exported is text to every spreadsheet program, and what is handed out keeps a harmless name (K9, K10)."""

from __future__ import annotations

import ast
import io
from pathlib import Path
from urllib.parse import unquote

import openpyxl
import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.utils.escape import unescape
from werkzeug.http import parse_options_header

from kernel import db
from kernel.http import attachment, safe_name
from kernel.spreadsheets import workbook
from market.listings.rules import formula_safe
from pricing.publications.rules import cell

ROOT = Path(__file__).resolve().parent.parent.parent
STARTS = ("=", "+", "-", "@", "\t", "\r", "\n=", " =", "＝", "＋", "－", "＠", "|", "%")
TAILS = (
    "1+1",
    "cmd|' /C calc'!A0",
    'HYPERLINK("http://a.example","甲")',
    'WEBSERVICE("http://a.example")',
    "SUM(A1:A9)",
)
PAYLOADS = [start + tail for start in STARTS for tail in TAILS]
# what XML 1.0 can hold: the rest is refused wherever text is taken in
text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufffe\uffff"), max_size=30)


def written(texts: list[str]) -> list[tuple[str, str]]:
    """Value and type of each cell after a spreadsheet library has read back what was exported."""
    target = io.BytesIO()
    with workbook(target, "表") as book:
        sheet = book.add_worksheet()
        for row, one in enumerate(texts):
            sheet.write(row, 0, cell(one))
    rows = openpyxl.load_workbook(target).active.iter_rows(max_col=1)
    return [(unescape(row[0].value or ""), row[0].data_type) for row in rows]


def test_no_payload_becomes_a_formula_and_no_character_is_lost() -> None:
    assert len(PAYLOADS) >= 60
    for payload, (value, kind) in zip(PAYLOADS, written(PAYLOADS), strict=True):
        assert kind == "s", payload
        assert value.removeprefix("'") == payload
        assert cell(payload)[0] not in "=+-@\t\r"
        assert formula_safe(payload)[0] not in "=+-@\t\r"


@given(st.lists(text.filter(bool), min_size=50, max_size=50))
@settings(max_examples=100)
def test_five_thousand_texts_come_back_as_they_were(texts: list[str]) -> None:
    for one, (value, kind) in zip(texts, written(texts), strict=True):
        assert (value, kind) == (cell(one), "s")
        assert cell(one).removeprefix("'") == one or cell(one) == one


def test_no_export_writes_a_formula_or_lets_the_library_guess() -> None:
    wrong = []
    for package in db.PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                name = getattr(getattr(node, "func", None), "attr", "")
                if name in ("write_formula", "write_array_formula", "write_url", "write_dynamic_array_formula"):
                    wrong.append(f"{path.name}: {name}")
                if name == "Workbook" and "settings" not in ast.unparse(node).lower():
                    wrong.append(f"{path.name}: {ast.unparse(node)}")
    assert wrong == []


NAMES = ["合同.pdf", 'a"b.csv', "a;b=c.csv", "../../etc/passwd", "a\\b.exe", "x" * 300, "﹒﹒/a", "名\u202etxt.exe", ""]


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_handed_out_as_a_download_of_bytes(app: Flask, name: str) -> None:
    answer = attachment(b"<script>", name)
    assert answer.mimetype == "application/octet-stream"
    kind, options = parse_options_header(answer.headers["Content-Disposition"])
    assert kind == "attachment"
    assert unquote(options.get("filename", "")) == safe_name(name)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40))
def test_no_name_breaks_out_of_its_header(name: str) -> None:
    header = attachment(b"", name).headers["Content-Disposition"]
    assert header.isascii()
    assert header.startswith("attachment; ")
    assert "\r" not in header + header.replace("\n", "\r")
    assert set(parse_options_header(header)[1]) == {"filename"}
