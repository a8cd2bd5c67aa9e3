"""The views keep the schemas of TM Forum's version 4, and each caller sees its own."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jsonschema_rs
import pytest
from flask import Flask
from flask.testing import FlaskClient

from kernel import clock, db
from kernel.identity import Role
from registry.parties.model import Party
from tests.make import market as make
from tests.make.clients import as_program

SCHEMAS = json.loads(Path(__file__).with_name("schemas.json").read_text(encoding="utf-8"))
ROOT = "/api/v1/tmf"
OFFERINGS = f"{ROOT}/productCatalogManagement/v4/productOffering"
ORDERS = f"{ROOT}/productOrderingManagement/v4/productOrder"
PRODUCTS = f"{ROOT}/productInventory/v4/product"


@pytest.fixture
def shop(app: Flask, client: FlaskClient) -> Any:
    """A buyer with one thing that was bought and two orders; another with one order."""
    with clock.set_to(make.SALE):
        with app.app_context(), db.transaction() as session:
            held = make.make_entitlement(session)
            product = make.make_offer(session)
            buyer, other = session.get_one(Party, held.buyer_id), make.buyer_of(session)
            orders = [make.make_order(session, product, make.buyer_of(session, buyer)) for _one in range(2)]
            foreign = make.make_order(session, product, other)
            made = SimpleNamespace(
                client=client, app=app, held=held.number, code=product.code, foreign=foreign.number,
                orders=[one.number for one in orders],
            )  # fmt: skip
            session.expunge(buyer)
        made.headers = as_program(app, Role.BUYER, party=buyer)
        yield made


def wrong(kind: str, found: Any) -> list[str]:
    """What a JSON Schema validator says of a resource."""
    schema = {"$schema": SCHEMAS["$schema"], "$defs": SCHEMAS["$defs"], "$ref": f"#/$defs/{kind}"}
    return [
        error.message for error in jsonschema_rs.Draft202012Validator(schema, validate_formats=True).iter_errors(found)
    ]


@pytest.mark.both_databases
def test_offerings_orders_and_what_was_bought_keep_the_schemas(shop: SimpleNamespace) -> None:
    for kind, url, count in (("ProductOffering", OFFERINGS, 2), ("ProductOrder", ORDERS, 3), ("Product", PRODUCTS, 1)):
        answer = shop.client.get(url, headers=shop.headers)
        assert (answer.status_code, answer.headers["X-Result-Count"], len(answer.json)) == (200, str(count), count)
        for one in answer.json:
            assert wrong(kind, one) == []
            alone = shop.client.get(f"{url}/{one['id']}", headers=shop.headers)
            assert alone.json == one
            assert one["href"].endswith(f"{url}/{one['id']}")


def test_the_schemas_notice_what_is_wrong(shop: SimpleNamespace) -> None:
    order = shop.client.get(ORDERS, headers=shop.headers).json[0]
    assert wrong("ProductOrder", {**order, "state": "placed"}) != []
    assert wrong("ProductOrder", {**order, "productOrderItem": None}) != []
    assert wrong("ProductOrder", {**order, "orderDate": "yesterday"}) != []
    assert wrong("ProductOrder", {**order, "amount": 1}) != []


def test_amounts_are_decimals_to_the_fen(shop: SimpleNamespace) -> None:
    answer = shop.client.get(f"{ORDERS}/{shop.orders[0]}", headers=shop.headers)
    assert '"value": 800.00' in answer.text
    read = json.loads(answer.text, parse_float=Decimal)
    assert read["orderTotalPrice"][0]["price"]["taxIncludedAmount"] == {"unit": "CNY", "value": Decimal("800.00")}


def test_orders_and_what_was_bought_are_nobody_elses_business(shop: SimpleNamespace) -> None:
    assert shop.foreign not in {one["id"] for one in shop.client.get(ORDERS, headers=shop.headers).json}
    assert shop.client.get(f"{ORDERS}/{shop.foreign}", headers=shop.headers).status_code == 404
    for url in (ORDERS, PRODUCTS, f"{PRODUCTS}/{shop.held}"):
        assert shop.client.get(url).status_code == 401
    assert shop.client.get(OFFERINGS).status_code == 200


def test_attributes_are_chosen_and_pages_follow_each_other(shop: SimpleNamespace) -> None:
    few = shop.client.get(f"{ORDERS}?limit=2&fields=state", headers=shop.headers)
    assert [set(one) for one in few.json] == [{"id", "href", "state"}] * 2
    following = few.headers["Link"].partition("<")[2].partition(">")[0].partition("localhost")[2]
    rest = shop.client.get(following, headers=shop.headers)
    assert len(rest.json) == 1
    assert rest.headers.get("Link") is None
    assert {one["id"] for one in (*few.json, *rest.json)} >= set(shop.orders)
    refused = shop.client.get(f"{ORDERS}?fields=secret", headers=shop.headers)
    assert (refused.status_code, refused.json["code"]) == (422, "tmforum.unknown_attribute")
    assert shop.client.get(f"{ORDERS}?limit=51", headers=shop.headers).status_code == 422


def test_what_does_not_hold_is_suspended(shop: SimpleNamespace) -> None:
    assert shop.client.get(f"{PRODUCTS}/{shop.held}", headers=shop.headers).json["status"] == "active"
    with clock.set_to(make.SALE.replace(year=2040)):
        headers = as_program(shop.app, Role.AUDITOR)
        assert shop.client.get(f"{PRODUCTS}/{shop.held}", headers=headers).json["status"] == "terminated"
