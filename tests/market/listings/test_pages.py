"""Importing, offering and withdrawing in a browser, and the same through the API."""

from __future__ import annotations

import base64
import io

import openpyxl
import pytest
from flask import Flask
from flask.testing import FlaskClient

from kernel import clock, db
from kernel.calendar import business_date
from kernel.identity import Role
from pricing.tariffs.rules import Regime
from registry.parties.model import Party
from tests.make import market as make
from tests.make import pricing as prices
from tests.make import registry_products as registry
from tests.make.clients import as_person, as_program, key, send

FILE = (
    "exchange,title,price_text,url\r\n"
    "beijing,企业诉讼核验,0.5元/次,https://a.example/1\r\n"
    "beijing,空白价格,,https://a.example/2\r\n"
    "beijing,=HYPERLINK(1),面议,https://a.example/3\r\n"
).encode()


@pytest.fixture(autouse=True)
def on_the_day_of_the_sale():
    """Everything happens on one day."""
    with clock.set_to(make.SALE):
        yield


def upload(browser, content: bytes, **changed):
    fields = {"place": "futian", "file": (io.BytesIO(content), "catalogue.csv")} | changed
    return send(browser, "/imports", fields, form_at="/imports", content_type="multipart/form-data")


def test_a_supervisor_imports_a_file_and_reads_what_became_of_every_row(app: Flask) -> None:
    supervisor = as_person(app, Role.SUPERVISOR, place="futian")
    made = upload(supervisor, FILE)
    assert made.status_code == 303
    page = supervisor.get(made.location).get_data(as_text=True)
    assert all(words in page for words in ("price.missing", "空白不等于免费", "企业诉讼核验"))
    refused = supervisor.get(f"{made.location}?rows=refused").get_data(as_text=True)
    assert "空白价格" in refused
    assert "企业诉讼核验" not in refused
    again = upload(supervisor, FILE)
    assert again.status_code == 409
    assert "IMP-2026-000001" in again.get_data(as_text=True)
    assert "企业诉讼核验" in supervisor.get("/listings?kind=imported").get_data(as_text=True)
    assert "企业诉讼核验" not in app.test_client().get("/catalogue").get_data(as_text=True)


def test_the_report_comes_as_csv_and_as_a_workbook_without_formulas(app: Flask) -> None:
    supervisor = as_person(app, Role.SUPERVISOR, place="futian")
    url = upload(supervisor, FILE).location
    text = supervisor.get(f"{url}/report.csv").get_data().decode("utf-8-sig")
    assert text.count("\r\n") == 4
    book = openpyxl.load_workbook(io.BytesIO(supervisor.get(f"{url}/report.xlsx").get_data()))
    cells = [cell.value for row in book.active.iter_rows() for cell in row if isinstance(cell.value, str)]
    assert not [value for value in cells if value.startswith("=")]
    assert supervisor.get(f"{url}/report.pdf").status_code == 404


@pytest.mark.parametrize(
    ("changed", "status", "words"),
    [({"place": ""}, 422, "请选择地区"), ({"file": (io.BytesIO(b""), "")}, 422, "请选择文件"),
     ({"file": (io.BytesIO(b"a,b\n1,2\n"), "x.csv")}, 422, "表头不符合要求")],
)  # fmt: skip
def test_an_unusable_upload_is_refused_with_words(app: Flask, changed, status, words) -> None:
    answer = upload(as_person(app, Role.SUPERVISOR, place="futian"), FILE, **changed)
    assert answer.status_code == status
    assert words in answer.get_data(as_text=True)


def test_a_program_imports_and_pages_through_the_rows(app: Flask, client: FlaskClient) -> None:
    headers = as_program(app, Role.SUPERVISOR, place="futian")
    body = {"place": "futian", "file_name": "a.csv", "content_base64": base64.b64encode(FILE).decode()}
    made = client.post("/api/v1/imports", json=body, headers=key(headers))
    assert (made.status_code, made.json["accepted"], made.json["refused"]) == (201, 2, 1)
    url = f"/api/v1/imports/{made.json['number']}"
    assert client.get(url, headers=headers).json["remarks"][0]["code"] == "price.missing"
    lines = []
    page = client.get(f"{url}/rows?limit=2", headers=headers).json
    lines += [row["line_number"] for row in page["items"]]
    page = client.get(f"{url}/rows?limit=2&cursor={page['next_cursor']}", headers=headers).json
    lines += [row["line_number"] for row in page["items"]]
    assert lines == [2, 3, 4]
    refused = client.get(f"{url}/rows?accepted=false", headers=headers).json["items"]
    assert [(row["line_number"], row["reasons"][0]["field"]) for row in refused] == [(3, "price_text_as_listed")]
    assert client.post("/api/v1/imports", json=body | {"content_base64": "%%"}, headers=key(headers)).status_code == 422
    other = as_program(app, Role.SUPERVISOR, place="puer")
    assert client.get(url, headers=other).status_code == 404
    assert client.get("/api/v1/listings", headers=headers).json["items"][0]["is_imported"] is True


@pytest.fixture
def unlisted(app: Flask):
    """A registered, priced product of Futian that nobody has offered yet."""
    with app.app_context(), db.transaction() as session:
        product = registry.make_sellable(session, place="futian")
        prices.make_tariff(session, product, regime=Regime.MARKET_VALUE_BASED,
                           effective_from=business_date(make.SALE), now=make.SALE)  # fmt: skip
        return product, session.get_one(Party, product.owner_id)


def test_a_seller_offers_loads_and_withdraws(app: Flask, unlisted) -> None:
    product, party = unlisted
    seller, visitor = as_person(app, Role.MERCHANT, party=party), app.test_client()
    page = seller.get(f"/products/{product.code}").get_data(as_text=True)
    assert "供方尚未上架" in page
    assert visitor.get(f"/products/{product.code}").status_code == 404
    url = f"/listings/new?product={product.code}"
    fields = {"product_id": str(product.id), "title": product.title, "summary": "一句话", "venue": ""}
    refused = send(seller, url, fields, form_at=url)
    assert refused.status_code == 422
    assert "数据交易场所" in refused.get_data(as_text=True)
    assert send(seller, url, fields | {"venue": make.VENUES["futian"]}, form_at=url).status_code == 303
    assert visitor.get(f"/products/{product.code}").status_code == 200
    load = f"/products/{product.code}/data-sets"
    bad = {"file": (io.BytesIO(b"key,secret\nA,1\n"), "rows.csv")}
    assert send(seller, load, bad, form_at=load, content_type="multipart/form-data").status_code == 422
    good = {"file": (io.BytesIO(b"key,score\nA,1\n"), "rows.csv")}
    assert send(seller, load, good, form_at=load, content_type="multipart/form-data").status_code == 303
    assert "rows.csv" in seller.get(load).get_data(as_text=True)
    listed = seller.get("/listings").get_data(as_text=True)
    action = listed.split('action="/listings/')[1].split('"')[0]
    assert send(seller, f"/listings/{action}", {}, form_at="/listings").status_code == 303
    assert visitor.get(f"/products/{product.code}").status_code == 404


def test_a_program_offers_loads_and_withdraws(app: Flask, client: FlaskClient, unlisted) -> None:
    product, party = unlisted
    headers = as_program(app, Role.MERCHANT, party=party)
    body = {"product_id": str(product.id), "summary": "一句话"}
    refused = client.post("/api/v1/listings", json=body, headers=key(headers))
    assert (refused.status_code, refused.json["code"]) == (422, "listing.venue_missing")
    made = client.post("/api/v1/listings", json=body | {"venue": make.VENUES["futian"]}, headers=key(headers))
    assert made.status_code == 201
    assert client.get(f"/api/v1/listings/{made.json['id']}", headers=headers).json["number"] == made.json["number"]
    rows = base64.b64encode(b'[{"key": "A", "score": "1"}]').decode()
    loaded = client.post(f"/api/v1/products/{product.code}/data-sets", headers=key(headers),
                         json={"file_name": "rows.json", "content_base64": rows})  # fmt: skip
    assert (loaded.status_code, loaded.json["row_count"]) == (201, 1)
    assert len(client.get(f"/api/v1/products/{product.code}/data-sets", headers=headers).json) == 1
    url, match = f"/api/v1/listings/{made.json['id']}/withdrawal", {"If-Match": '"v1"'}
    assert client.post(url, headers=key(headers)).status_code == 428
    assert client.post(url, headers=key(headers) | match).json["withdrawn_at"]
    assert client.get("/api/v1/catalogue").json["items"] == []
