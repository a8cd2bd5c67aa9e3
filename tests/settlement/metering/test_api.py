"""The data plane: what was bought is served, counted once, and everything else is refused in words."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from kernel import db
from kernel.identity import Role
from registry.parties import commands as parties
from registry.parties.model import Party
from registry.parties.rules import Capacity
from settlement.metering.model import UsageEvent, UsageTotal
from tests.make import registry_base as base
from tests.make import settlement as make
from tests.make.clients import as_program, key

RECORD = "913306240000000001"


@pytest.fixture
def buyer(app: Flask, world: make.World) -> dict[str, str]:
    """The headers of the buyer's program."""
    with app.app_context():
        party = db.session().get_one(Party, world.buyer.org_id)
    return as_program(app, Role.BUYER, party=party)


def url(world: make.World, record: str = RECORD) -> str:
    """The address of a record of the bought product."""
    return f"/exchange/v1/products/{world.scores.code}/records/{record}"


def use_up(app: Flask, world: make.World, count: int) -> None:
    """Let so many units be used."""
    with app.app_context(), db.transaction() as session:
        make.use(session, world.scores_bought, count)


@pytest.mark.both_databases
def test_a_call_serves_the_record_and_counts_it_once_per_reference(
    client: FlaskClient, app: Flask, world: make.World, buyer: dict[str, str]
) -> None:
    headers = {**buyer, "Client-Reference": "call-1"}
    first, again = client.get(url(world), headers=headers), client.get(url(world), headers=headers)
    assert first.status_code == 200
    assert first.json["hit"] is True
    assert first.json["record"]["score"] == "712"
    assert (first.headers["Huiyi-Used"], first.headers["Huiyi-Remaining"]) == ("1", "199")
    assert again.json == first.json
    assert (again.headers["Huiyi-Used"], again.headers["Huiyi-Repeated"]) == ("1", "true")
    with app.app_context():
        assert db.session().scalar(sa.select(sa.func.count()).select_from(UsageEvent)) == 1
        assert db.session().scalar(sa.select(UsageTotal.used)) == 1


def test_a_call_that_finds_nothing_is_noted_and_uses_nothing_up(
    client: FlaskClient, app: Flask, world: make.World, buyer: dict[str, str]
) -> None:
    answer = client.get(url(world, "unknown"), headers={**buyer, "Client-Reference": "call-1"})
    assert (answer.status_code, answer.json["hit"], answer.json["record"]) == (200, False, None)
    assert answer.headers["Huiyi-Remaining"] == "200"
    with app.app_context():
        assert db.session().scalar(sa.select(UsageEvent.hit)) is False


def test_a_call_without_a_reference_is_refused(client: FlaskClient, world: make.World, buyer: dict[str, str]) -> None:
    answer = client.get(url(world), headers=buyer)
    assert (answer.status_code, answer.json["code"]) == (400, "usage.reference_missing")
    assert answer.mimetype == "application/problem+json"


def test_a_reference_belongs_to_one_question(client: FlaskClient, world: make.World, buyer: dict[str, str]) -> None:
    headers = {**buyer, "Client-Reference": "call-1"}
    client.get(url(world), headers=headers)
    answer = client.get(url(world, "another"), headers=headers)
    assert (answer.status_code, answer.json["code"]) == (409, "usage.reference_reused")


def test_a_used_up_quota_is_refused_but_earlier_answers_are_repeated(
    client: FlaskClient, app: Flask, world: make.World, buyer: dict[str, str]
) -> None:
    client.get(url(world), headers={**buyer, "Client-Reference": "early"})
    use_up(app, world, 199)
    answer = client.get(url(world), headers={**buyer, "Client-Reference": "late"})
    assert (answer.status_code, answer.json["code"]) == (409, "entitlement.quota_exhausted")
    assert client.get(url(world), headers={**buyer, "Client-Reference": "early"}).status_code == 200


def test_another_scenario_than_the_agreed_one_is_refused(
    client: FlaskClient, world: make.World, buyer: dict[str, str]
) -> None:
    headers = {**buyer, "Client-Reference": "call-1", "Huiyi-Scenario": quote("精准营销")}
    answer = client.get(url(world), headers=headers)
    assert (answer.status_code, answer.json["code"]) == (403, "entitlement.out_of_scope")
    headers["Huiyi-Scenario"] = quote(world.scores_bought.scenario)
    assert client.get(url(world), headers=headers).status_code == 200


def test_who_bought_nothing_gets_nothing(client: FlaskClient, app: Flask, world: make.World) -> None:
    with app.app_context(), db.transaction() as session:
        stranger = base.make_party(session, Capacity.BUYER)
    headers = {**as_program(app, Role.BUYER, party=stranger), "Client-Reference": "call-1"}
    assert client.get(url(world), headers=headers).json["code"] == "exchange.no_entitlement"
    missing = client.get("/exchange/v1/products/XC-2026-999999/records/1", headers=headers)
    assert (missing.status_code, missing.json["code"]) == (404, "product.not_found")


def test_an_entitlement_to_another_product_opens_nothing(
    client: FlaskClient, world: make.World, buyer: dict[str, str]
) -> None:
    headers = {**buyer, "Client-Reference": "call-1", "Huiyi-Entitlement": world.levels_bought.number}
    answer = client.get(url(world), headers=headers)
    assert (answer.status_code, answer.json["code"]) == (403, "exchange.wrong_product")


def test_a_suspended_seller_closes_the_data_plane(
    client: FlaskClient, app: Flask, world: make.World, buyer: dict[str, str]
) -> None:
    with app.app_context(), db.transaction() as session:
        parties.suspend(session, base.supervisor(), world.merchant.id, reason="超范围使用", now=make.NOW)
    answer = client.get(url(world), headers={**buyer, "Client-Reference": "call-1"})
    assert (answer.status_code, answer.json["code"]) == (409, "entitlement.closed")
    with app.app_context():
        assert db.session().scalar(sa.select(sa.func.count()).select_from(UsageEvent)) == 0


def test_a_caller_without_a_key_is_not_served(client: FlaskClient, world: make.World) -> None:
    assert client.get(url(world), headers={"Client-Reference": "call-1"}).status_code == 401


def test_a_file_of_uses_is_imported_through_the_api(client: FlaskClient, app: Flask, world: make.World) -> None:
    finance = as_program(app, Role.FINANCE_PREPARER, place=base.PLACE)
    row = {"entitlement": world.scores_bought.number, "client_reference": "r1", "occurred_at": "2026-08-05T10:00:00"}
    sent = {"place": base.PLACE, "file_name": "usage.csv",
            "content_base64": base64.b64encode(make.usage_file([row])).decode()}  # fmt: skip
    answer = client.post("/api/v1/usage/imports", json=sent, headers=key(finance))
    assert (answer.status_code, answer.json) == (201, {"rows": 1, "accepted": 1, "duplicates": 0})
    listed = client.get("/api/v1/usage", headers=finance).json["items"]
    assert {one["entitlement"]: one["used"] for one in listed}[world.scores_bought.number] == 1
