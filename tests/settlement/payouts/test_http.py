"""Payouts through pages and API: three people step by step, files without formulas, numbers masked."""

from __future__ import annotations

import base64
import csv
import io
import re
import zlib
from collections.abc import Iterator

import openpyxl
import pytest
import sqlalchemy as sa
from flask import Flask

from kernel import clock, db
from kernel.identity import Role
from kernel.money import Money
from settlement.clawbacks.model import Clawback
from settlement.clawbacks.rules import ClawbackKind
from settlement.payouts import sheets
from settlement.payouts.rules import Channel, ResultRefused
from tests.make import payouts as make
from tests.make import registry_base as base
from tests.make import settlement
from tests.make.clients import as_person, as_program, key, send

NUMBER = "6222000000000001"
PLACE = base.PLACE


@pytest.fixture
def world(app: Flask) -> Iterator[settlement.World]:
    with clock.set_to(make.PAY):
        with app.app_context(), db.transaction() as session:
            made = make.make_settled(session)
        yield made


def test_three_people_pay_on_pages_and_the_bank_answers(app: Flask, world: settlement.World) -> None:
    preparer, checker, payer = (as_person(app, role, place=PLACE) for role in (
        Role.FINANCE_PREPARER, Role.FINANCE_CHECKER, Role.FINANCE_PAYER))  # fmt: skip
    listing = preparer.get("/payouts").get_data(as_text=True)
    assert "PAYEE_RULE_MISSING" not in listing
    assert "事业单位收款规则未配置" in listing
    assert NUMBER not in listing
    assert "••••0001" in listing
    made = send(preparer, "/payouts", {"place": PLACE}, form_at="/payouts")
    assert made.status_code == 303
    numbers = [one["number"] for one in app.test_client().get(
        "/api/v1/payout-batches", headers=as_program(app, Role.AUDITOR)).json["items"]]  # fmt: skip
    assert len(numbers) == 2
    bank, treasury = (f"/payouts/{number}" for number in sorted(numbers))
    for url in (bank, treasury):
        assert send(checker, f"{url}/check", {}, form_at=url).status_code == 303
        assert send(payer, f"{url}/send", {}, form_at=url).status_code == 303
    assert NUMBER not in payer.get(bank).get_data(as_text=True)
    file = send(payer, f"{bank}/file", {"form": "csv"}, form_at=bank)
    rows = list(csv.DictReader(io.StringIO(file.get_data(as_text=True).removeprefix("\ufeff"))))
    assert {row["收款账号"]: row["金额"] for row in rows} == {NUMBER: "900.00", "6222000000000002": "150.00"}
    told = send(payer, f"{treasury}/file", {"form": "xlsx"}, form_at=treasury)
    sheet = openpyxl.load_workbook(io.BytesIO(told.data)).active
    cells = dict(zip([one.value for one in sheet[1]], [one.value for one in sheet[2]], strict=True))
    assert (cells["归集部门"], cells["非税收入项目编码"], cells["金额"]) == ("气象局", "103070699", 314.63)
    assert send(preparer, f"{bank}/file", {"form": "csv"}, form_at=bank).status_code == 403
    answer = "拨付编号,金额,结果,流水号,原因\n" + "".join(
        f"{row['拨付编号']},{row['金额']},{'成功' if row['收款账号'] == NUMBER else '退回'},L-{row['序号']},户名不符\n"
        for row in rows
    )
    taken = send(preparer, f"{bank}/results", {"file": (io.BytesIO(answer.encode()), "r.csv")}, form_at=bank)
    assert taken.status_code == 303
    text = preparer.get(bank).get_data(as_text=True)
    assert "已到账" in text
    assert "已退回" in text
    assert "已办结" in text


def test_programs_prepare_and_the_wrong_version_or_person_is_refused(app: Flask, world: settlement.World) -> None:
    client, preparer = app.test_client(), as_program(app, Role.FINANCE_PREPARER, place=PLACE)
    open_now = client.get(f"/api/v1/payout-batches/dues?place={PLACE}", headers=preparer).json
    assert [one["reason"] for one in open_now["held"]] == ["PAYEE_RULE_MISSING"]
    made = client.post("/api/v1/payout-batches", json={"place": PLACE}, headers=key(preparer))
    assert made.status_code == 201, made.json
    number = made.json["items"][0]["number"]
    url = f"/api/v1/payout-batches/{number}"
    again = client.post("/api/v1/payout-batches", json={"place": PLACE}, headers=key(preparer))
    assert (again.status_code, again.json["code"]) == (422, "payout.nothing_to_pay")
    both = as_program(app, Role.FINANCE_CHECKER, place=PLACE)
    assert client.post(f"{url}/check", headers=key(both)).status_code == 428
    version = {"If-Match": client.get(url, headers=both).headers["ETag"]}
    assert client.post(f"{url}/check", headers=key(preparer) | version).status_code == 403
    assert client.post(f"{url}/check", headers=key(both) | version).json["state"] == "checked"
    stranger = as_program(app, Role.FINANCE_PAYER, place="futian")
    assert client.get(url, headers=stranger).status_code == 404
    content = base64.b64encode("拨付编号,金额,结果,流水号,原因\nx,1,好,,\n".encode()).decode()
    wrong = client.post(f"{url}/results", json={"content": content}, headers=key(preparer) | version)
    assert (wrong.status_code, wrong.json["code"]) == (422, "payout.result_refused")


def test_an_account_is_named_on_the_page_confirmed_by_finance_and_shown_masked(
    app: Flask, world: settlement.World
) -> None:
    owner = as_person(app, Role.OPERATOR, party=world.operator, place=PLACE)
    fields = {"place": PLACE, "uscc": world.operator.uscc, "kind": "bank", "holder": world.operator.name,
              "number": "6222000000000088", "bank": "中国银行", "bank_code": "104100000004", "contact": "财务",
              "reason": "换行"}  # fmt: skip
    bad = send(owner, "/payees", fields | {"holder": "他人"}, form_at="/payees")
    assert bad.status_code == 422
    assert "户名须与登记名称" in bad.get_data(as_text=True)
    assert send(owner, "/payees", fields, form_at="/payees").status_code == 303
    client, checker = app.test_client(), as_program(app, Role.FINANCE_CHECKER, place=PLACE)
    (asked,) = client.get("/api/v1/payee-accounts?state=asked", headers=checker).json["items"]
    assert asked["number"] == "••••••••••••0088"
    one = f"/api/v1/payee-accounts/{asked['id']}"
    version = {"If-Match": client.get(one, headers=checker).headers["ETag"]}
    decided = client.post(
        f"{one}/decision", json={"act": "confirm", "reason": "已核实"}, headers=key(checker) | version
    )
    assert decided.json["effective_at"] is not None
    text = owner.get("/payees").get_data(as_text=True)
    assert "6222000000000088" not in text
    assert "24 小时后生效" in text
    assert "变更已确认" in text


def test_what_is_owed_is_shown_and_written_off_by_two(app: Flask, world: settlement.World) -> None:
    with app.app_context(), db.transaction() as session:
        make.pay_all(session)
        make.give_back(session, world, "530.00", line="OUT-1")
    preparer, checker = (as_person(app, role, place=PLACE) for role in (Role.FINANCE_PREPARER, Role.FINANCE_CHECKER))
    with app.app_context():
        (debt,) = db.session().query(Clawback).filter_by(kind=ClawbackKind.RECEIVABLE, party_id=world.operator.id)
    url = f"/receivables/{debt.id}"
    assert "运营公司" in preparer.get("/receivables").get_data(as_text=True)
    fields = {"kind": "written_off", "amount": "300.00", "reason": "破产终结"}
    assert send(preparer, f"{url}/recoveries", fields, form_at=url).status_code == 303
    programs, page = app.test_client(), checker.get(url).get_data(as_text=True)
    (decision,) = re.findall(r'action="([^"]+/decision)"', page)
    assert send(checker, decision, {"act": "confirm", "reason": "属实"}, form_at=url).status_code == 303
    listed = programs.get("/api/v1/clawbacks", headers=as_program(app, Role.AUDITOR)).json["items"]
    assert len(listed) == 3
    assert "已确认" in checker.get(url).get_data(as_text=True)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t"])
def test_no_cell_of_a_file_begins_a_formula(start: str) -> None:
    row = sheets.Row("PAY-1", f"{start}cmd", "6222", "行", "104100000004", "", Money.yuan("1.00"), "部门", "9", "S")
    text = sheets.as_csv(Channel.BANK, [row])
    assert f",{start}cmd" not in text
    assert f"'{start}cmd" in text
    book = openpyxl.load_workbook(io.BytesIO(sheets.as_workbook("B", Channel.BANK, [row], made_at=make.PAY)))
    assert [cell.data_type for cell in book.active[2]] == ["s"] * 6 + ["n", "s"]


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"a,b\n1,2\n",
                                     "拨付编号,金额,结果,流水号,原因\nP,1.00,成功,,\n".encode(),
                                     "拨付编号,金额,结果,流水号,原因\nP,1,成功,L,\nP,1,成功,L,\n".encode(),
                                     "拨付编号,金额,结果,流水号,原因\nP,-1,成功,L,\n".encode()])  # fmt: skip
def test_an_answer_that_cannot_be_read_is_refused(content: bytes) -> None:
    with pytest.raises(ResultRefused):
        sheets.read_results(content)


def test_the_treasury_s_instruction_is_a_pdf_with_whose_income_it_is(app: Flask, world: settlement.World) -> None:
    with app.app_context(), db.transaction() as session:
        to_bank, to_treasury = (batch.number for batch in sorted(make.pay_all(session), key=lambda one: one.channel))
    payer, url = as_person(app, Role.FINANCE_PAYER, place=PLACE), f"/payouts/{to_treasury}"
    assert "缴款通知（PDF）" in payer.get(url).get_data(as_text=True)
    first, again = (send(payer, f"{url}/file", {"form": "pdf"}, form_at=url) for _ in range(2))
    assert first.mimetype == "application/pdf"
    assert first.data.startswith(b"%PDF-")
    assert first.data == again.data
    with app.app_context():
        noted = db.session().scalar(sa.text("SELECT count(*) FROM audit_line WHERE action = 'payout.hand_out'"))
    assert noted == 2
    packed = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", first.data, flags=re.DOTALL)
    maps = b"".join(one for one in map(unpacked, packed) if b"beginbfchar" in one or b"beginbfrange" in one).upper()
    for sign in "叁佰壹拾肆元陆角分气象局国家金库":
        assert f"<{ord(sign):04X}>".encode() in maps
    bank = f"/payouts/{to_bank}"
    assert send(payer, f"{bank}/file", {"form": "pdf"}, form_at=bank).mimetype.endswith("sheet")
    preparer = as_person(app, Role.FINANCE_PREPARER, place=PLACE)
    assert send(preparer, f"{url}/file", {"form": "pdf"}, form_at=url).status_code == 403


def unpacked(stream: bytes) -> bytes:
    """A stream of a PDF as it was before it was packed, or nothing where it is packed otherwise."""
    try:
        return zlib.decompress(stream)
    except zlib.error:
        return b""
