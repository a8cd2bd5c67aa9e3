"""Settlements on pages and through the API: prepared by one, checked and sealed by another, read by the parties."""

from __future__ import annotations

import re
from io import BytesIO

import openpyxl
import pytest
from flask import Flask
from flask.testing import FlaskClient

from kernel import clock, db
from kernel.calendar import DAY, Period
from kernel.identity import Role
from tests.make import registry_base as base
from tests.make import settlement as make
from tests.make.clients import as_person, as_program, key

MONTH = {"place": base.PLACE, "period": "2026-08"}


@pytest.fixture
def used(app: Flask, world: make.World) -> make.World:
    """The worked example after the buyer used everything."""
    with app.app_context(), db.transaction() as session:
        make.use(session, world.scores_bought, 200)
        make.use(session, world.levels_bought, 100)
    return world


def send(person: FlaskClient, path: str, page: str, **fields: str):  # type: ignore[no-untyped-def]
    """Send a form with the token and version of the page on which it stands."""
    shown = person.get(page).get_data(as_text=True)
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', shown)
    version = re.search(r'name="version"[^>]*value="([^"]+)"', shown)
    assert token is not None
    sent = {"csrf_token": token[1], **({"version": version[1]} if version else {}), **fields}
    return person.post(path, data=sent)


def settle_by_pages(app: Flask) -> str:
    """Prepare, check and seal August on the pages; return the number of the settlement."""
    maker = as_person(app, Role.FINANCE_PREPARER, place=base.PLACE)
    checker = as_person(app, Role.FINANCE_CHECKER, place=base.PLACE)
    prepared = send(maker, "/settlements", "/settlements", **MONTH)
    assert prepared.status_code == 303, prepared.get_data(as_text=True)
    page = prepared.headers["Location"]
    assert send(checker, f"{page}/check", page).status_code == 303
    assert send(checker, f"{page}/seal", page).status_code == 303
    return page.rsplit("/", 1)[1]


def test_a_month_is_settled_on_the_pages(app: Flask, used: make.World) -> None:
    number = settle_by_pages(app)
    auditor = as_person(app, Role.AUDITOR, place=base.PLACE)
    shown = auditor.get(f"/settlements/{number}").get_data(as_text=True)
    for amount in ("600.00", "164.63", "135.37", "100.00", "0.54875"):
        assert amount in shown
    led = set(re.findall(r'href="(/(?:orders|schedules|workspace/products)/[^"]+)"', shown))
    assert {path.split("/")[1] for path in led} == {"orders", "schedules", "workspace"}
    assert {auditor.get(path).status_code for path in led} == {200}
    asked = as_person(app, Role.FINANCE_PREPARER, place=base.PLACE).get("/settlements").get_data(as_text=True)
    assert f'value="{Period.month_of(Period.month_of(clock.today()).start - DAY).text()}"' in asked
    assert number in auditor.get("/settlements").get_data(as_text=True)
    assert "应缴国库" in auditor.get(f"/ledger?place={base.PLACE}").get_data(as_text=True)


def test_each_party_reads_its_own_statement_and_no_other(app: Flask, used: make.World) -> None:
    settle_by_pages(app)
    bureau = as_person(app, Role.SOURCE, party=used.bureau)
    listed = bureau.get("/statements").get_data(as_text=True)
    numbers = re.findall(r"/statements/(STM-[a-z]+-2026-\d{6})\"", listed)
    assert len(numbers) == 1
    shown = bureau.get(f"/statements/{numbers[0]}").get_data(as_text=True)
    assert "164.63" in shown
    assert "叁佰壹拾肆元陆角叁分" in shown
    assert "国库" in shown
    other = as_person(app, Role.SOURCE, party=used.hospital)
    assert other.get(f"/statements/{numbers[0]}").status_code == 404


def test_a_statement_is_a_workbook_without_formulas(app: Flask, used: make.World) -> None:
    settle_by_pages(app)
    bureau = as_person(app, Role.SOURCE, party=used.bureau)
    number = re.findall(r"/statements/(STM-[a-z]+-2026-\d{6})\"", bureau.get("/statements").get_data(as_text=True))[0]
    answer = bureau.get(f"/statements/{number}.xlsx")
    sheet = openpyxl.load_workbook(BytesIO(answer.data)).active
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert all(cell.data_type != "f" for cell in cells)
    assert any(str(cell.value) == "164.63" for cell in cells)


def test_the_preparer_cannot_check(app: Flask, used: make.World) -> None:
    maker = as_program(app, Role.FINANCE_PREPARER, place=base.PLACE)
    client = app.test_client()
    run = client.post("/api/v1/settlements", json=MONTH, headers=key(maker))
    assert run.status_code == 201
    refused = client.post(f"/api/v1/settlements/{run.json['number']}/check",
                          headers={**key(maker), "If-Match": run.headers["ETag"]})  # fmt: skip
    assert refused.status_code == 403


def test_a_month_is_settled_through_the_api(app: Flask, used: make.World) -> None:
    maker = as_program(app, Role.FINANCE_PREPARER, place=base.PLACE)
    checker = as_program(app, Role.FINANCE_CHECKER, place=base.PLACE)
    client = app.test_client()
    preview = client.post("/api/v1/settlements/previews", json=MONTH, headers=maker)
    run = client.post("/api/v1/settlements", json=MONTH, headers=key(maker))
    assert preview.json["report_sha256"] == run.json["report_sha256"]
    path = f"/api/v1/settlements/{run.json['number']}"
    checked = client.post(f"{path}/check", headers={**key(checker), "If-Match": run.headers["ETag"]})
    stale = client.post(f"{path}/seal", headers={**key(checker), "If-Match": run.headers["ETag"]})
    sealed = client.post(f"{path}/seal", headers={**key(checker), "If-Match": checked.headers["ETag"]})
    assert (stale.status_code, sealed.status_code, sealed.json["state"]) == (412, 200, "sealed")
    balance = client.get(f"/api/v1/ledger/trial-balance?place={base.PLACE}", headers=maker).json
    assert balance["sum"] == "0.00"
    pages, more = [], ""
    while more is not None:
        asked = {"place": base.PLACE, "limit": 3, **({"cursor": more} if more else {})}
        pages.append(client.get("/api/v1/ledger/entries", query_string=asked, headers=maker).json)
        more = pages[-1]["next_cursor"]
    assert [len(one["items"]) for one in pages] == [3, 1]
    entries = [entry for one in pages for entry in one["items"]]
    assert [entry["cause"] for entry in entries] == ["payment_captured"] * 2 + ["revenue_earned"] * 2
    source = as_program(app, Role.SOURCE, party=used.hospital)
    mine = client.get("/api/v1/statements", headers=source).json["items"]
    assert [(one["total"], one["payees"]) for one in mine] == [("135.37", {"held": "135.37"})]
    detail = client.get(f"/api/v1/statements/{mine[0]['number']}", headers=source).json
    assert detail["lines"][0]["rule"]["weight"] == "0.45125"
    assert client.get("/api/v1/revenue", headers=maker).json["items"][0]["gross"] == "1060.00"


def test_a_schedule_is_drawn_up_and_signed_on_the_pages(app: Flask, used: make.World) -> None:
    maker = as_person(app, Role.FINANCE_PREPARER, place=base.PLACE)
    bad = send(
        maker, "/schedules", "/schedules", agreement_number=used.agreement.number, steps="[", valid_from="2026-09-01"
    )
    assert bad.status_code == 422
    steps = f'[{{"kind": "rest", "party": "{used.operator.uscc}"}}]'
    drawn = send(maker, "/schedules", "/schedules", agreement_number=used.agreement.number, valid_from="2026-09-01",
                 steps=steps)  # fmt: skip
    assert drawn.status_code == 303, drawn.get_data(as_text=True)
    page = drawn.headers["Location"]
    signer = as_person(app, Role.OPERATOR, party=used.operator)
    assert "尚未由列明的全体单位签署" in signer.get(page).get_data(as_text=True)
    assert send(signer, f"{page}/signatures", page, party_uscc=used.operator.uscc).status_code == 303
    assert "尚未由列明的全体单位签署" not in signer.get(page).get_data(as_text=True)


def test_the_pages_refuse_a_month_that_is_not_over(app: Flask, used: make.World) -> None:
    maker = as_person(app, Role.FINANCE_PREPARER, place=base.PLACE)
    answer = send(maker, "/settlements", "/settlements", place=base.PLACE, period="2026-09")
    assert answer.status_code == 409
    assert "尚未结束" in answer.get_data(as_text=True)


@pytest.mark.both_databases
def test_the_preview_shows_what_would_be_prepared_and_writes_nothing(app: Flask, used: make.World) -> None:
    maker, asked = as_person(app, Role.FINANCE_PREPARER, place=base.PLACE), f"place={base.PLACE}&period=2026-08"
    seen = maker.get(f"/settlements/preview?{asked}").get_data(as_text=True)
    listed = maker.get("/settlements").get_data(as_text=True)
    assert "还没有结算。" in listed
    made = send(maker, "/settlements", "/settlements", **MONTH)
    prepared = maker.get(made.location).get_data(as_text=True)
    amounts = r"<span class=\"money[^>]*>([^<]+)<"
    assert re.findall(amounts, seen)
    assert re.findall(amounts, seen) == re.findall(amounts, prepared)
    total = maker.get("/settlements?sort=-gross&gross_from=1590&gross_to=1590&state=prepared").get_data(as_text=True)
    assert "¥ 1,590.00" in total[total.index("<tfoot>") :]
    assert maker.get(f"/settlements/preview?place={base.PLACE}&period=2026-13").status_code == 422
    assert maker.get(f"/settlements/preview?place={base.PLACE}&period=2099-01").status_code == 409
    assert as_person(app, Role.AUDITOR).get(f"/settlements/preview?{asked}").status_code == 403
