"""Finance imports a statement and decides about what waits, on pages and as a program; buyers see none of it."""

from __future__ import annotations

import base64
import io
import re

import pytest

from kernel import clock, db
from kernel.identity import Role
from tests.make import market as make
from tests.make import paying
from tests.make import registry_base as base
from tests.make.clients import as_person, as_program, key, send

HEADING = "流水号,交易时间,收入金额,支出金额,对方户名,附言"


@pytest.fixture
def due(app):
    with clock.set_to(make.SALE):
        with app.app_context(), db.transaction() as session:
            (made,) = paying.make_due(session)
        yield made


def test_a_statement_is_imported_and_decided_about_through_the_api(app, due):
    client, finance = app.test_client(), as_program(app, Role.FINANCE_PREPARER, place=base.PLACE)
    content = f"{HEADING}\n1,2026-07-20 09:00,800.00,,过路人,{due.reference}\n".encode()
    sent = {"place": base.PLACE, "file_name": "a.csv", "content": base64.b64encode(content).decode()}
    made = client.post("/api/v1/bank-lines/files", json=sent, headers=key(finance))
    assert (made.status_code, made.json["row_count"]) == (201, 1)
    (line,) = client.get("/api/v1/bank-lines?state=queued", headers=finance).json["items"]
    assert (line["reason"], line["amount"]) == ("payer_differs", "800.00")
    shares = {"shares": [{"reference": due.reference, "amount": "800.00"}], "note": "代付说明", "accept_payer": True}
    url = f"/api/v1/bank-lines/{line['id']}"
    assert client.post(f"{url}/assignment", json=shares, headers=key(finance)).status_code == 428
    versioned = {**key(finance), "If-Match": f'"v{line["version"]}"'}
    done = client.post(f"{url}/assignment", json=shares, headers=versioned)
    assert (done.status_code, done.json["state"]) == (200, "decided")
    assert client.get(f"/api/v1/payments/{due.id}", headers=finance).json["state"] == "captured"
    broken = sent | {"content": base64.b64encode(f"{HEADING}\n2,2026-07-20,abc,,x,y".encode()).decode()}
    refused = client.post("/api/v1/bank-lines/files", json=broken, headers=key(finance))
    assert (refused.status_code, refused.json["code"]) == (422, "bank_file.refused")
    assert refused.json["errors"][0]["pointer"] == "/rows/2"
    reviewer = as_program(app, Role.REVIEWER, place=base.PLACE)
    assert client.get("/api/v1/bank-lines", headers=reviewer).status_code == 403


def test_a_person_imports_looks_and_sends_back(app, due):
    person = as_person(app, Role.FINANCE_PREPARER, place=base.PLACE)
    content = f"{HEADING}\n1,2026-07-20 09:00,799.99,,过路人,{due.reference}\n".encode()
    answer = send(person, "/bank-lines/files", {"place": base.PLACE, "file": (io.BytesIO(content), "a.csv")},
                  form_at="/bank-lines", content_type="multipart/form-data")  # fmt: skip
    assert answer.status_code == 303
    page = person.get("/bank-lines?state=queued").get_data(as_text=True)
    assert "少付" in page
    assert "已匹配入账 0 行，待人工核对 1 行" in page
    with app.app_context():
        from market.bank_lines.model import BankLine

        line = db.session().query(BankLine).one()
    url = f"/bank-lines/{line.id}"
    assert "799.99" in person.get(url).get_data(as_text=True)
    wrong = send(person, f"{url}/assignment", {"reference": "X", "amount": "1", "note": "x"}, form_at=url)
    assert wrong.status_code == 422
    assert send(person, f"{url}/return", {"note": "金额不足，退回"}, form_at=url).status_code == 303
    payer = as_person(app, Role.FINANCE_PAYER, place=base.PLACE)
    assert send(payer, f"{url}/return/confirmation", {"serial": "OUT-1"}, form_at=url).status_code == 303
    assert "OUT-1" in payer.get(url).get_data(as_text=True)
    missing = send(person, "/bank-lines/files", {"place": base.PLACE}, form_at="/bank-lines")
    assert missing.status_code == 422


def test_a_statement_that_matched_as_a_whole_says_so_and_leads_to_no_empty_list(app, due):
    person = as_person(app, Role.FINANCE_PREPARER, place=base.PLACE)
    assert f'value="{base.PLACE}" selected' in person.get("/bank-lines").text
    with app.app_context():
        payer = paying.name_of(db.session(), due)
    paid = f"1,2026-07-20 09:00,{due.amount.text()},,{payer},{due.reference}"
    answer = send(person, "/bank-lines/files",
                  {"place": base.PLACE, "file": (io.BytesIO(f"{HEADING}\n{paid}\n".encode()), "a.csv")},
                  form_at="/bank-lines", content_type="multipart/form-data")  # fmt: skip
    page = person.get(answer.headers["Location"]).text
    assert "已匹配入账 1 行，待人工核对 0 行" in page
    assert "没有这种状态的流水" not in page


@pytest.mark.both_databases
def test_the_list_adds_up_what_came_in_apart_from_what_went_out(app, due):
    person = as_person(app, Role.FINANCE_PREPARER, place=base.PLACE)
    lines = "1,2026-07-20 09:00,20.00,,过路人,谢谢\n2,2026-07-20 10:00,,3.00,示例银行,手续费\n"
    sent = {"place": base.PLACE, "file": (io.BytesIO(f"{HEADING}\n{lines}".encode()), "a.csv")}
    assert send(person, "/bank-lines/files", sent, form_at="/bank-lines",
                content_type="multipart/form-data").status_code == 303  # fmt: skip
    total = person.get("/bank-lines").text.split("<tfoot>")[1].split("</tfoot>")[0]
    assert re.findall(r"¥ ([0-9.]+)", total) == ["20.00", "3.00"]
    paid = person.get("/bank-lines?paid_from=3.00&paid_to=3.00&sort=-paid").text
    assert ("手续费" in paid, "谢谢" in paid) == (True, False)
    line = re.search(r"/bank-lines/[-0-9a-f]{36}", paid.split("<tbody>")[1])
    shown = person.get(line[0]).text
    assert ("收款人" in shown, "尚未认领" in shown) == (True, False)


@pytest.mark.both_databases
def test_a_claim_that_paid_nothing_yet_is_taken_back_through_the_api_and_on_the_page(app, due):
    client, finance = app.test_client(), as_program(app, Role.FINANCE_PREPARER, place=base.PLACE)
    content = f"{HEADING}\n1,2026-07-20 09:00,300.00,,母公司,无编号\n".encode()
    sent = {"place": base.PLACE, "file_name": "a.csv", "content": base64.b64encode(content).decode()}
    client.post("/api/v1/bank-lines/files", json=sent, headers=key(finance))
    (line,) = client.get("/api/v1/bank-lines?state=queued", headers=finance).json["items"]
    url = f"/api/v1/bank-lines/{line['id']}"
    part = {"shares": [{"reference": due.reference, "amount": "300.00"}], "note": "对账函", "accept_payer": True}

    def claimed() -> dict:
        seen = client.get(url, headers=finance).json
        done = client.post(
            f"{url}/assignment", json=part, headers={**key(finance), "If-Match": f'"v{seen["version"]}"'}
        )
        assert (done.status_code, done.json["state"]) == (200, "decided"), done.text
        return done.json

    first = claimed()
    note = {"note": "付错订单"}
    assert client.post(f"{url}/reopening", json=note, headers=key(finance)).status_code == 428
    stale = {**key(finance), "If-Match": f'"v{line["version"]}"'}
    assert client.post(f"{url}/reopening", json=note, headers=stale).status_code == 412
    back = client.post(f"{url}/reopening", json=note, headers={**key(finance), "If-Match": f'"v{first["version"]}"'})
    assert (back.status_code, back.json["state"], back.json["reason"]) == (200, "queued", "reopened")

    claimed()
    person, page = as_person(app, Role.FINANCE_PREPARER, place=base.PLACE), f"/bank-lines/{line['id']}"
    assert send(person, f"{page}/reopening", {"note": ""}, form_at=page).status_code == 422
    assert send(person, f"{page}/reopening", note, form_at=page).status_code == 303
    assert client.get(url, headers=finance).json["state"] == "queued"
    auditor = as_program(app, Role.AUDITOR, place=base.PLACE)
    assert client.post(f"{url}/reopening", json=note, headers=key(auditor)).status_code == 403
