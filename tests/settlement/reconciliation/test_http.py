"""Finance takes the provider's report, compares, works on a break and closes it, on pages and as a program."""

from __future__ import annotations

import base64
import io
from datetime import UTC, datetime

import openpyxl
import pytest

from kernel import clock, db
from kernel.identity import Role
from tests.make import paying
from tests.make import registry_base as base
from tests.make.clients import as_person, as_program, key, send

NOW = datetime(2026, 7, 22, 2, 0, tzinfo=UTC)
REPORT = (
    "明细号,时间,类型,金额,手续费,净额,币种,业务单号,原收款,结算批次,商户单号\n"
    "txn_c,2026-07-20 10:30:00,收款,100.00,0.60,99.40,CNY,ch_1,pi_x,,=HYPERLINK()\n"
)


@pytest.fixture
def stranger(app):
    """A credit of the bank that nobody knows."""
    with clock.set_to(NOW):
        with app.app_context(), db.transaction() as session:
            paying.enter(session, "BK-9", "12.00", "没有编号", "过路人", now=NOW)
        yield


def test_a_program_imports_compares_explains_and_another_person_closes(app, stranger):
    client, maker = app.test_client(), as_program(app, Role.FINANCE_PREPARER, place=base.PLACE)
    checker = as_program(app, Role.FINANCE_CHECKER, place=base.PLACE)
    sent = {"place": base.PLACE, "file_name": "a.csv", "content": base64.b64encode(REPORT.encode()).decode()}
    url = "/api/v1/reconciliations"
    made = client.post(f"{url}/provider-files", json=sent, headers=key(maker))
    assert (made.status_code, made.json["row_count"]) == (201, 1), made.text
    asked = {"place": base.PLACE, "first_day": "2026-07-20", "last_day": "2026-07-22"}
    assert client.post(url, json=asked, headers=key(maker)).json["code"] == "reconciliation.period_not_over"
    ran = client.post(url, json=asked | {"last_day": "2026-07-21"}, headers=key(maker))
    assert (ran.status_code, len(ran.json["found"])) == (201, 1), ran.text
    number = ran.json["found"][0][0]
    assert client.get(f"{url}/{ran.json['number']}/changes", headers=maker).json == []
    assert client.get(f"{url}/uncleared", headers=maker).json == []

    def step(name: str, body: dict[str, str], by: dict[str, str]):
        seen = client.get(f"/api/v1/reconciliation-breaks/{number}", headers=by).json
        versioned = {**key(by), "If-Match": f'"v{seen["version"]}"'}
        return client.post(f"/api/v1/reconciliation-breaks/{number}/{name}", json=body, headers=versioned)

    assert step("explanation", {"note": "查无此单"}, checker).status_code == 403
    assert step("explanation", {"note": "查无此单"}, maker).json["state"] == "explained"
    assert step("proposal", {"resolution": "late_line", "note": "x"}, maker).json["code"] == "break.not_healed"
    assert step("proposal", {"resolution": "refunded", "note": "已退"}, maker).json["state"] == "proposed"
    steps = client.get(f"/api/v1/reconciliation-breaks/{number}/steps", headers=checker).json
    assert step("confirmation", {"sha256": "0" * 64}, checker).json["code"] == "break.proposal_changed"
    assert step("confirmation", {"sha256": steps[-1]["sha256"]}, checker).json["state"] == "closed"
    open_ones = client.get("/api/v1/reconciliation-breaks?is_open=true", headers=maker).json["items"]
    assert number not in {one["number"] for one in open_ones}
    reviewer = as_program(app, Role.REVIEWER, place=base.PLACE)
    assert client.get(url, headers=reviewer).status_code == 403


def test_a_person_works_at_the_desk_and_takes_the_breaks_away_as_a_workbook(app, stranger):
    person = as_person(app, Role.FINANCE_PREPARER, place=base.PLACE)
    assert "还没有对账" in person.get("/reconciliation").text
    wrong = send(person, "/reconciliation/provider-files", {"place": base.PLACE}, form_at="/reconciliation")
    assert wrong.status_code == 422
    taken = send(person, "/reconciliation/provider-files",
                 {"place": base.PLACE, "file": (io.BytesIO(REPORT.encode()), "a.csv")}, form_at="/reconciliation",
                 content_type="multipart/form-data")  # fmt: skip
    assert taken.status_code == 303
    days = {"place": base.PLACE, "first_day": "2026-07-20", "last_day": "2026-07-21"}
    bad = send(person, "/reconciliation/runs", days | {"last_day": "2026-07-01"}, form_at="/reconciliation")
    assert bad.status_code == 422
    ran = send(person, "/reconciliation/runs", days, form_at="/reconciliation")
    page = person.get(ran.headers["Location"])
    assert "pi_x" in page.text
    assert "完全一致" in person.get(ran.headers["Location"] + "?compare=1").text
    desk = person.get("/reconciliation?kind=unknown_reference&owner=finance").text
    assert "编号无法识别" in desk
    assert "pi_x" not in person.get("/reconciliation?kind=fee").text
    assert "pi_x" not in person.get("/reconciliation?age=9").text
    assert person.get("/reconciliation/ageing.svg").mimetype == "image/svg+xml"
    book = openpyxl.load_workbook(io.BytesIO(person.get("/reconciliation/breaks.xlsx").data))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert all(cell.data_type == "s" for cell in cells)
    assert "pi_x" in {cell.value for cell in cells}
    number = next(cell.value for cell in cells if str(cell.value).startswith("BRK-"))
    url = f"/reconciliation/breaks/{number}"
    assert "没有记录" in person.get(url).text
    assert send(person, f"{url}/explanation", {"note": ""}, form_at=url).status_code == 422
    assert send(person, f"{url}/explanation", {"note": "查无此单"}, form_at=url).status_code == 303
    proposal = {"resolution": "refunded", "note": "已退回"}
    assert send(person, f"{url}/proposal", proposal, form_at=url).status_code == 303
    checker = as_person(app, Role.FINANCE_CHECKER, place=base.PLACE)
    shown = checker.get(url).text
    sha256 = shown.split('name="sha256" value="')[1][:64]
    assert send(checker, f"{url}/confirmation", {"sha256": sha256}, form_at=url).status_code == 303
    assert "已关闭" in checker.get(url).text
