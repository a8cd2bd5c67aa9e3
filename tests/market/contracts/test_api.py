"""The whole trade through HTTP: quote, order, two signatures, bank line, entitlement; and what others may not see."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kernel import clock, db
from kernel.identity import Role
from registry.parties.model import Party
from tests.make import market as make
from tests.make import pricing as prices
from tests.make.clients import as_program, key


@pytest.fixture
def trade(app: Flask):
    """A product on offer, and programs of buyer, seller, finance and a stranger, on the day of the sale."""
    with clock.set_to(make.SALE):
        with app.app_context(), db.transaction() as session:
            product = make.make_guided_offer(session)
            party, other = prices.make_buyer(session), prices.make_buyer(session)
            seller = session.get_one(Party, product.owner_id)
        yield SimpleNamespace(
            code=product.code, party=party, buyer=as_program(app, Role.BUYER, party=party),
            seller=as_program(app, Role.OPERATOR, party=seller), stranger=as_program(app, Role.BUYER, party=other),
            finance=as_program(app, Role.FINANCE_PREPARER, place="xinchang"),
        )  # fmt: skip


def ask(client: FlaskClient, trade, **changed):
    body = {"product_code": trade.code, "purpose": "industry_development", "scenario": "贷前核验", "quantity": 1000}
    return client.post("/api/v1/quotes", json=body | changed, headers=key(trade.buyer))


def order(client: FlaskClient, trade, reference: str = "PO-1") -> dict:
    quote = ask(client, trade).json
    body = {"quote_number": quote["number"], "client_reference": reference}
    answer = client.post("/api/v1/orders", json=body, headers=key(trade.buyer))
    assert answer.status_code == 201, answer.json
    return answer.json


def sign(client: FlaskClient, headers: dict, contract: dict, version: int | None = None):
    match = {"If-Match": f'"v{version or contract["version"]}"'}
    return client.post(f"/api/v1/contracts/{contract['id']}/signature", json={"sha256": contract["sha256"]},
                       headers=key(headers) | match)  # fmt: skip


def contract_of(client: FlaskClient, headers: dict, number: str) -> dict:
    return client.get(f"/api/v1/orders/{number}/contract", headers=headers).json


def test_a_program_buys_from_quote_to_entitlement(client: FlaskClient, trade) -> None:
    quote = ask(client, trade)
    assert (quote.status_code, quote.json["amount"], quote.json["explanation"]["value"]) == (201, "800.00", "¥ 800.00")
    made = order(client, trade)
    assert (made["amount"], made["state"]) == ("800.00", "placed")
    contract = contract_of(client, trade.seller, made["number"])
    first = sign(client, trade.buyer, contract)
    assert (first.status_code, first.json["state"], first.headers["ETag"]) == (200, "buyer_signed", '"v2"')
    assert sign(client, trade.seller, contract, first.json["version"]).json["state"] == "concluded"
    payment = client.get("/api/v1/payments?state=expected", headers=trade.buyer).json["items"][0]
    line = {"bank_line": "ICBC-1", "reference": payment["reference"], "amount": "799.99", "payer_name": "购买方",
            "captured_at": make.SALE.isoformat()}  # fmt: skip
    short = client.post("/api/v1/payments/bank-lines", json=line, headers=key(trade.finance))
    assert (short.status_code, short.json["code"]) == (422, "payment.amount_differs")
    assert "少 0.01 元" in short.json["detail"]
    paid = client.post("/api/v1/payments/bank-lines", json=line | {"amount": "800.00"}, headers=key(trade.finance))
    assert (paid.status_code, paid.json["state"]) == (201, "captured")
    assert client.get(f"/api/v1/orders/{made['number']}", headers=trade.buyer).json["state"] == "fulfilled"
    listed = client.get("/api/v1/entitlements", headers=trade.buyer).json["items"]
    held = client.get(f"/api/v1/entitlements/{listed[0]['number']}", headers=trade.buyer).json
    assert (held["quota"], held["holds"], held["closed"], held["scenario"]) == (1000, True, [], "贷前核验")


def test_the_same_order_sent_again_is_one_order_by_key_and_by_reference(client: FlaskClient, trade) -> None:
    quote = ask(client, trade).json
    body = {"quote_number": quote["number"], "client_reference": "PO-1"}
    headers = key(trade.buyer)
    first = client.post("/api/v1/orders", json=body, headers=headers)
    replayed = client.post("/api/v1/orders", json=body, headers=headers)
    again = client.post("/api/v1/orders", json=body, headers=key(trade.buyer))
    assert replayed.headers["Idempotency-Replayed"] == "true"
    assert first.json["id"] == replayed.json["id"] == again.json["id"]
    assert client.post("/api/v1/orders", json=body, headers=trade.buyer).json["code"] == "idempotency.key_missing"
    assert len(client.get("/api/v1/orders", headers=trade.buyer).json["items"]) == 1


def test_a_stale_or_missing_version_signs_nothing(client: FlaskClient, trade) -> None:
    contract = contract_of(client, trade.buyer, order(client, trade)["number"])
    url, body = f"/api/v1/contracts/{contract['id']}/signature", {"sha256": contract["sha256"]}
    assert client.post(url, json=body, headers=key(trade.buyer)).status_code == 428
    assert sign(client, trade.buyer, contract, 7).status_code == 412
    match = {"If-Match": '"v1"'}
    assert client.post(url, json={"sha256": "x"}, headers=key(trade.buyer) | match).status_code == 422
    assert client.get(f"/api/v1/contracts/{contract['id']}", headers=trade.buyer).json["state"] == "drafted"


def test_what_belongs_to_others_does_not_exist(client: FlaskClient, trade) -> None:
    made = order(client, trade)
    contract = contract_of(client, trade.buyer, made["number"])
    quote = client.get("/api/v1/quotes", headers=trade.buyer).json["items"][0]["number"]
    for url in (f"/orders/{made['number']}", f"/orders/{made['number']}/contract", f"/contracts/{contract['id']}",
                f"/quotes/{quote}", "/entitlements/ENT-2026-000001"):  # fmt: skip
        assert client.get(f"/api/v1{url}", headers=trade.stranger).status_code == 404
    assert sign(client, trade.stranger, contract).status_code == 404
    for url in ("/orders", "/contracts", "/quotes", "/payments", "/entitlements"):
        assert client.get(f"/api/v1{url}", headers=trade.stranger).json["items"] == []
        assert client.get(f"/api/v1{url}").status_code == 401


@pytest.mark.parametrize(
    ("changed", "field"),
    [({"quantity": 0}, "quantity"), ({"quantity": "many"}, "quantity"), ({"purpose": "profit"}, "purpose"),
     ({"scenario": " "}, "scenario"), ({"term_months": 61}, "term_months"), ({"price": "0.01"}, "price")],
)  # fmt: skip
def test_a_wrong_field_of_a_quote_is_named(client: FlaskClient, trade, changed, field) -> None:
    answer = ask(client, trade, **changed)
    assert answer.status_code == 422
    assert field in str(answer.json["errors"])


def test_public_interest_without_approval_is_refused_with_rule_and_article(client: FlaskClient, trade) -> None:
    answer = ask(client, trade, purpose="public_welfare")
    assert (answer.status_code, answer.json["code"], answer.json["rule"]) == (
        409,
        "pricing.exemption_required",
        "PUB-02",
    )


def test_either_side_calls_an_order_off_with_its_version(client: FlaskClient, trade) -> None:
    made = order(client, trade)
    url = f"/api/v1/orders/{made['number']}/cancellation"
    headers = key(trade.seller) | {"If-Match": f'"v{made["version"]}"'}
    answer = client.post(url, json={"reason": "无法供货"}, headers=headers)
    assert (answer.status_code, answer.json["state"]) == (200, "cancelled")
    assert (
        client.get("/api/v1/orders?state=cancelled", headers=trade.buyer).json["items"][0]["number"] == made["number"]
    )


def test_the_catalogue_is_open_to_everybody_and_pages_by_cursor(client: FlaskClient, trade, app: Flask) -> None:
    with app.app_context(), db.transaction() as session:
        make.make_offer(session)
    first = client.get("/api/v1/catalogue?limit=1")
    second = client.get(f"/api/v1/catalogue?limit=1&cursor={first.json['next_cursor']}")
    codes = [answer.json["items"][0]["code"] for answer in (first, second)]
    assert len(set(codes)) == 2
    assert trade.code in codes
    assert second.json["next_cursor"] is None
    shown = client.get(f"/api/v1/catalogue/{trade.code}").json
    assert (shown["is_open"], shown["prices"][0]["cap"], bool(shown["certificate"])) == (True, "0.8", True)
    assert client.get("/api/v1/catalogue?delivery_form=carrier-pigeon").status_code == 422
    assert client.get("/api/v1/catalogue/XX-2026-000001").json["code"] == "listing.not_found"
