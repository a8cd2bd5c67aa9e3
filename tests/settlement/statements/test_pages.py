"""A statement as page, workbook and PDF: the same figures, its digest, and nobody else's."""

from __future__ import annotations

import hashlib
import io
import json
import re
import zlib

import openpyxl
import pytest
from flask import Flask

from kernel import db
from kernel.identity import Role
from settlement.statements import queries
from settlement.statements.model import Statement
from tests.make import registry_base as base
from tests.make import settlement as make
from tests.make.clients import as_person, as_program

HOSTILE = '=HYPERLINK("http://x")'


@pytest.fixture
def settled(app: Flask, world: make.World) -> make.World:
    """The worked example, sealed."""
    with app.app_context(), db.transaction() as session:
        make.use(session, world.scores_bought, 200)
        make.use(session, world.levels_bought, 100)
        make.settle(session)
    return world


def number_of(app: Flask, world: make.World) -> str:
    """Return the number of the bureau's statement."""
    shown = as_person(app, Role.SOURCE, party=world.bureau).get("/statements").get_data(as_text=True)
    (number,) = re.findall(r"/statements/(STM-[a-z]+-2026-\d{6})\"", shown)
    return number


@pytest.mark.both_databases
def test_the_page_says_sum_words_digest_and_that_it_is_intact(app: Flask, settled: make.World) -> None:
    shown = as_person(app, Role.SOURCE, party=settled.bureau).get(f"/statements/{number_of(app, settled)}")
    text = shown.get_data(as_text=True)
    for words in ("164.63", "内容与摘要一致", "编制人", "复核人", "上缴国库"):
        assert words in text
    summary, details = re.findall(r"<tfoot>.*?</tfoot>", text, re.DOTALL)
    assert "1,590.00" in summary
    assert "1,590.00" not in details, "revenue stands there once for every step that divides it"
    assert "314.63" in summary
    assert "314.63" in details


@pytest.mark.both_databases
def test_the_digest_is_made_again_from_the_content_with_nothing_but_a_json_library(
    app: Flask, settled: make.World
) -> None:
    headers = as_program(app, Role.SOURCE, party=settled.bureau)
    answer = app.test_client().get(f"/api/v1/statements/{number_of(app, settled)}/content", headers=headers).json
    written = json.dumps(answer["content"], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert hashlib.sha256(written.encode()).hexdigest() == answer["sha256"]
    assert answer["content"]["total"] == "314.63"  # 164.63 and 150.00


def test_the_workbook_is_ready_to_print_holds_a_chart_and_no_formula(app: Flask, settled: make.World) -> None:
    number = number_of(app, settled)
    answer = as_person(app, Role.SOURCE, party=settled.bureau).get(f"/statements/{number}.xlsx")
    book = openpyxl.load_workbook(io.BytesIO(answer.data))
    assert book.sheetnames == ["结算单", "明细", "核验"]
    summary, lines = book["结算单"], book["明细"]
    assert len(summary._charts) == 1
    for sheet in book:
        assert sheet.page_setup.orientation == "landscape"
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert sheet.page_setup.fitToHeight == 0
        assert sheet.print_title_rows
        assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
    assert [cell.value for cell in lines[lines.max_row] if isinstance(cell.value, float)] == [314.63]
    digests = [row[1].value for row in book["核验"].iter_rows() if row[0].value == "内容摘要 SHA-256"]
    assert digests
    assert digests[0] in summary.oddFooter.left.text


def test_a_product_named_like_a_formula_stays_text(app: Flask, world: make.World) -> None:
    with app.app_context(), db.transaction() as session:
        world.scores.title = HOSTILE
        session.merge(world.scores)
        make.use(session, world.scores_bought, 200)
        make.settle(session)
    answer = as_person(app, Role.SOURCE, party=world.bureau).get(f"/statements/{number_of(app, world)}.xlsx")
    lines = openpyxl.load_workbook(io.BytesIO(answer.data))["明细"]
    assert (lines["B2"].value, lines["B2"].data_type) == (HOSTILE, "s")


def test_the_pdf_is_the_same_every_time_and_carries_the_number_as_its_title(app: Flask, settled: make.World) -> None:
    number = number_of(app, settled)
    person = as_person(app, Role.SOURCE, party=settled.bureau)
    first = person.get(f"/statements/{number}.pdf")
    assert first.mimetype == "application/pdf"
    assert "attachment" in first.headers["Content-Disposition"]
    assert first.data.startswith(b"%PDF-")
    assert first.data == person.get(f"/statements/{number}.pdf").data


def test_the_pdf_embeds_a_font_with_chinese_numerals(app: Flask, settled: make.World) -> None:
    answer = as_person(app, Role.SOURCE, party=settled.bureau).get(f"/statements/{number_of(app, settled)}.pdf")
    maps = []
    for packed in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", answer.data, flags=re.DOTALL):
        try:
            maps.append(zlib.decompress(packed))
        except zlib.error:
            continue
    mapped = b"".join(one for one in maps if b"beginbfchar" in one or b"beginbfrange" in one).decode().upper()
    for numeral in "壹佰陆拾肆元角叁分":
        assert f"<{ord(numeral):04X}>" in mapped


def test_a_proof_that_is_handed_in_is_printed_on_page_workbook_and_pdf(app: Flask, settled: make.World) -> None:
    path = ["L 00ff", "R 11ee"]
    app.extensions["huiyi_statement_proof"] = lambda _session, _statement: {"根摘要": "ab" * 32, "路径": path}
    person, number = as_person(app, Role.SOURCE, party=settled.bureau), number_of(app, settled)
    shown = person.get(f"/statements/{number}").get_data(as_text=True)
    assert "ab" * 32 in shown
    sheet = openpyxl.load_workbook(io.BytesIO(person.get(f"/statements/{number}.xlsx").data))["核验"]
    assert [row[1].value for row in sheet.iter_rows() if row[0].value == "路径"] == path
    with_proof = person.get(f"/statements/{number}.pdf").data
    del app.extensions["huiyi_statement_proof"]
    assert with_proof != person.get(f"/statements/{number}.pdf").data


def test_another_party_gets_neither_workbook_nor_pdf(app: Flask, settled: make.World) -> None:
    number = number_of(app, settled)
    hospital = as_person(app, Role.SOURCE, party=settled.hospital)
    for ending in ("", ".xlsx", ".pdf"):
        assert hospital.get(f"/statements/{number}{ending}").status_code == 404
    assert as_person(app, Role.AUDITOR, place="futian").get(f"/statements/{number}.pdf").status_code == 404
    assert as_person(app, Role.AUDITOR, place=base.PLACE).get(f"/statements/{number}.pdf").status_code == 200


@pytest.mark.both_databases
def test_a_statement_keeps_the_name_under_which_it_was_issued(app: Flask, settled: make.World) -> None:
    with app.app_context(), db.transaction() as session:
        party = session.merge(settled.bureau)
        party.name = "气象和水文局"
    with app.app_context():
        session = db.session()
        statement = session.query(Statement).filter_by(party_id=settled.bureau.id).one()
        issued = queries.Issued(statement, settled.bureau)
        assert issued.name == "气象局"
        assert issued.is_intact
