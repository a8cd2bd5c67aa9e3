"""Prices over HTTP."""

from __future__ import annotations

from uuid import uuid4

import pytest

from kernel.identity import Role
from registry.parties.model import Party
from tests.make import pricing as make
from tests.make import registry_base as base
from tests.make.clients import as_program, key

ONE = {"model": "per_unit", "unit_price": "0.80"}


@pytest.fixture
def product(made):
    return made(make.make_capped_product)


@pytest.fixture
def operator(app, made, product):
    return as_program(app, Role.OPERATOR, party=made(lambda session: session.get_one(Party, product.owner_id)))


def tariff_in(product, **changed):
    return {
        "product_id": str(product.id), "regime": "gov_guided", "charge_unit": "per_use", "model": ONE,
        "effective_from": str(make.TODAY), **changed,
    }  # fmt: skip


def test_the_seller_publishes_a_price_and_everybody_reads_it_with_its_reasons(client, product, operator):
    answer = client.post("/api/v1/tariffs", json=tariff_in(product), headers=key(operator))
    assert answer.status_code == 201, answer.json
    tariff = answer.json
    assert client.get(f"/api/v1/tariffs/{tariff['id']}").json == tariff
    listed = client.get("/api/v1/tariffs", query_string={"product_id": str(product.id)}).json["items"]
    assert listed == [tariff]
    row = client.get("/api/v1/prices", query_string={"place": base.PLACE}).json["items"][0]
    assert (row["product_code"], row["cap"]["amount"], row["within_cap"]) == (product.code, "0.8", True)
    assert row["seller"]
    tree = client.get(f"/api/v1/tariffs/{tariff['id']}/explanation").json
    assert "8,257,824.00" in str(tree)
    assert "发改价格〔2025〕65号" in str(tree)
    asked = {"purpose": "industry_development", "quantity": "1000"}
    priced = client.get(f"/api/v1/prices/{product.code}", query_string=asked).json
    assert (priced["amount"], priced["reason"]) == ("800.00", "tariff")
    free = client.get(f"/api/v1/prices/{product.code}", query_string={**asked, "purpose": "public_welfare"})
    assert (free.status_code, free.json["code"]) == (409, "pricing.exemption_required")


@pytest.mark.parametrize(
    "changed, status, code",
    [
        ({"model": {**ONE, "unit_price": "0.81"}}, 422, "pricing.price_above_cap"),
        ({"model": {**ONE, "unit_price": 0.8}}, 422, "input.unreadable"),
        ({"regime": "market_value_based"}, 422, "tariff.regime_not_allowed"),
        ({"regime": "free"}, 422, "request.validation"),
        ({"effective_from": "2026-06-30"}, 422, "tariff.unusable"),
        ({"charge_unit": "per_item"}, 422, "pricing.cap_missing"),
        ({"dedup_days": 0}, 422, "request.validation"),
        ({"model": {"model": "graduated", "tiers": [{"unit_price": "1"}] * 101}}, 422, "request.validation"),
        ({"product_id": str(uuid4())}, 404, "product.not_found"),
        (
            {"regime": "free_public_interest", "model": {**ONE, "minimum_spend": "9999999999999.99"}},
            422,
            "pricing.not_free_of_charge",
        ),
    ],
)
def test_a_price_against_the_rules_is_refused_with_its_code(client, product, operator, changed, status, code):
    refused = client.post("/api/v1/tariffs", json=tariff_in(product, **changed), headers=key(operator))
    assert (refused.status_code, refused.json["code"]) == (status, code), refused.json
    assert client.get("/api/v1/tariffs").json["items"] == []


def test_a_market_price_beyond_every_unit_price_is_refused_and_not_a_failure(app, client, made):
    merchant = made(base.make_party, "data_merchant", place="futian")
    product = made(make.make_product, place="futian", merchant=merchant)
    seller = as_program(app, Role.MERCHANT, party=merchant)
    huge = {"model": "per_unit", "unit_price": "1", "minimum_spend": "9999999999999.99"}
    sent = tariff_in(product, regime="market_value_based", model=huge)
    refused = client.post("/api/v1/tariffs", json=sent, headers=key(seller))
    assert (refused.status_code, refused.json["code"]) == (422, "tariff.unusable"), refused.json


def test_others_fix_no_price_and_the_same_request_twice_fixes_one(app, client, product, operator):
    buyer = as_program(app, Role.PRICE, place=base.PLACE)
    assert client.post("/api/v1/tariffs", json=tariff_in(product), headers=key(buyer)).status_code == 403
    headers = key(operator)
    first = client.post("/api/v1/tariffs", json=tariff_in(product), headers=headers)
    again = client.post("/api/v1/tariffs", json=tariff_in(product), headers=headers)
    assert first.json == again.json
    assert again.headers["Idempotency-Replayed"] == "true"
    second = client.post("/api/v1/tariffs", json=tariff_in(product), headers=key(operator))
    assert second.json["code"] == "tariff.unusable"


def test_a_class_of_buyers_is_declared_by_the_seller(app, client, made, product, operator):
    bank = made(make.make_buyer)
    member = {
        "product_id": str(product.id), "buyer_class": "preferential", "party_id": str(bank.id), "rule": "村镇银行",
        "since": str(make.TODAY),
    }  # fmt: skip
    assert client.post("/api/v1/tariffs/classes", json=member, headers=key(operator)).status_code == 201
    cheap = tariff_in(product, buyer_class="preferential", model={**ONE, "unit_price": "0.40"})
    refused = client.post("/api/v1/tariffs", json=cheap, headers=key(operator))
    problem = refused.json
    assert (refused.status_code, problem["code"], problem["rule"]) == (409, "buyer_class.rule_missing", "SEP-03")
    made(lambda session: make.publish_class_rules(session, product, ONE, "preferential", make.TODAY, make.NOW))
    for body in (tariff_in(product), cheap):
        assert client.post("/api/v1/tariffs", json=body, headers=key(operator)).status_code == 201
    asked = {"purpose": "industry_development", "quantity": "10"}
    url = f"/api/v1/prices/{product.code}"
    insider = as_program(app, Role.BUYER, party=bank)
    assert client.get(url, query_string=asked, headers=insider).json["amount"] == "4.00"
    assert client.get(url, query_string=asked).json["amount"] == "8.00"
