"""Endpoints through HTTP: for programs and for people, each organisation for itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import SimpleNamespace

import jsonschema_rs
import pytest
from flask import Flask
from flask.testing import FlaskClient
from standardwebhooks import Webhook

from kernel import db
from kernel.identity import Role
from market.webhooks import gateway
from tests.make import pricing as prices
from tests.make.clients import as_person, as_program, key, send
from tests.make.receivers import receiving
from web import courier
from web.scheduling import SCHEDULER

URL = "https://hooks.huiyi-buyer.cn/in"


@pytest.fixture
def office(app: Flask) -> SimpleNamespace:
    """A buyer's program and browser, and a stranger's program."""
    with app.app_context(), db.transaction() as session:
        party, other = prices.make_buyer(session), prices.make_buyer(session)
    return SimpleNamespace(app=app, party=party, buyer=as_program(app, Role.BUYER, party=party),
                           stranger=as_program(app, Role.BUYER, party=other))  # fmt: skip


@pytest.fixture
def receiver(app: Flask) -> Iterator:
    """A receiver of this machine that the platform admits."""
    with receiving() as running:
        app.extensions[gateway.OUTSIDE] = running.outside()
        yield running


def register(client: FlaskClient, office: SimpleNamespace, url: str = URL, **changed):
    return client.post("/api/v1/webhook-endpoints", json={"url": url} | changed, headers=key(office.buyer))


def test_a_program_registers_proves_tests_rotates_and_replays(client: FlaskClient, office, receiver) -> None:
    made = register(client, office, receiver.url, types=["order.*", "quote.make"])
    assert (made.status_code, made.json["state"], made.json["types"]) == (201, "unproven", ["order.*", "quote.make"])
    at = f"/api/v1/webhook-endpoints/{made.json['id']}"
    early = client.post(f"{at}/test", headers=key(office.buyer))
    assert (early.status_code, early.json["code"]) == (409, "webhook.wrong_state")
    courier.run(office.app, SCHEDULER)
    shown = client.get(at, headers=office.buyer)
    assert shown.json["state"] == "active"
    assert client.post(f"{at}/challenge", headers=key(office.buyer)).json["code"] == "webhook.nothing_to_prove"
    queued = client.post(f"{at}/test", headers=key(office.buyer))
    assert (queued.status_code, queued.json["type"], queued.json["state"]) == (201, "endpoint.test", "waiting")
    courier.run(office.app, SCHEDULER)
    log = client.get(f"/api/v1/webhook-deliveries/{queued.json['id']}", headers=office.buyer)
    assert (log.json["state"], log.json["attempts"][0]["status"]) == ("delivered", 200)
    secret = client.post(f"{at}/secret", headers=office.buyer).json["secret"]
    again = client.post(f"{at}/secret", headers=office.buyer)
    assert (again.status_code, again.json["code"], "whsec_" in again.text) == (409, "webhook.secret_shown", False)
    shown = client.get(at, headers=office.buyer)
    sent = receiver.got[-1]
    assert Webhook(secret).verify(sent.body, sent.headers) == sent.told
    assert log.json["body"] == sent.body.decode()
    schema = client.get("/api/v1/webhook-event-types/endpoint.test").json
    jsonschema_rs.Draft202012Validator(schema).validate(sent.told)
    turned = client.post(f"{at}/rotation", headers=key(office.buyer) | {"If-Match": shown.headers["ETag"]})
    keys = client.get(f"{at}/public-keys", headers=office.buyer).json["public_keys"]
    fresh = client.post(f"{at}/secret", headers=office.buyer).json
    assert (turned.status_code, keys[0], len(keys), fresh["secret"] == secret) == (200, fresh["public_key"], 2, False)
    again = {"If-Match": log.headers["ETag"]}
    assert client.post(f"/api/v1/webhook-deliveries/{queued.json['id']}/replay",
                       headers=key(office.buyer) | again).json["state"] == "waiting"  # fmt: skip
    courier.run(office.app, SCHEDULER)
    assert receiver.got[-1].headers["webhook-id"] == sent.headers["webhook-id"]
    listed = client.get(f"{at}/deliveries", headers=office.buyer).json["items"]
    assert [(one["type"], one["tries"]) for one in listed] == [("endpoint.test", 2), ("endpoint.challenge", 1)]


def test_addresses_inside_and_unknown_types_are_refused_with_words(client: FlaskClient, office) -> None:
    for url in ("https://127.0.0.1/", "http://hooks.huiyi-buyer.cn/", "https://hooks.huiyi-buyer.cn:22/"):
        answer = register(client, office, url)
        assert (answer.status_code, answer.json["code"]) == (422, "outbound.address_refused")
        assert answer.json["errors"][0]["pointer"] == "/url"
    answer = register(client, office, types=["order.pay"])
    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, "/types/0")
    assert client.get("/api/v1/webhook-event-types/order.pay").status_code == 404


def test_an_endpoint_is_nobody_elses_business_and_there_are_ten_at_most(client: FlaskClient, office) -> None:
    made = [register(client, office) for _one in range(10)]
    at = f"/api/v1/webhook-endpoints/{made[0].json['id']}"
    for path in ("", "/public-keys", "/deliveries"):
        assert client.get(at + path, headers=office.stranger).status_code == 404
    version = {"If-Match": '"v1"'}
    for path in ("/rotation", "/enabling", "/challenge", "/test"):
        assert client.post(at + path, headers=key(office.stranger) | version).status_code == 404
    assert client.delete(at, headers=office.stranger | version).status_code == 404
    assert client.get("/api/v1/webhook-endpoints", headers=office.stranger).json["items"] == []
    assert register(client, office).json["code"] == "webhook.too_many_endpoints"
    gone = client.delete(at, headers=office.buyer | version)
    assert (gone.status_code, gone.json["state"]) == (200, "removed")
    assert client.get(at, headers=office.buyer).status_code == 404
    assert register(client, office).status_code == 201
    assert client.get("/api/v1/webhook-endpoints").status_code == 401


def test_a_changed_address_is_proven_anew_and_missed_messages_come_later(client: FlaskClient, office, receiver) -> None:
    made = register(client, office, receiver.url).json
    at = f"/api/v1/webhook-endpoints/{made['id']}"
    courier.run(office.app, SCHEDULER)
    stopped = client.post(f"{at}/disabling", json={"reason": "维护"}, headers=key(office.buyer))
    assert (stopped.json["state"], stopped.json["disabled_reason"]) == ("disabled", "维护")
    key_made = {"name": "日终对账", "days": 30}
    assert client.post("/api/v1/keys", json=key_made, headers=key(office.buyer)).status_code == 201
    match = {"If-Match": stopped.headers["ETag"]}
    moved = client.put(at, json={"url": receiver.url + "/new"}, headers=office.buyer | match)
    assert (moved.status_code, moved.json["state"]) == (200, "unproven")
    courier.run(office.app, SCHEDULER)
    assert [got.path for got in receiver.got] == ["/hook", "/hook/new"]
    replayed = client.post(f"{at}/replay", json={"since": "2026-01-01T00:00:00+08:00"}, headers=key(office.buyer))
    assert replayed.json == {"queued": 0}


def test_people_register_look_and_switch_off(office, receiver) -> None:
    person = as_person(office.app, Role.BUYER, party=office.party)
    refused = send(person, "/webhooks", {"url": "https://localhost/"}, form_at="/webhooks")
    assert refused.status_code == 422
    assert "不是完整的域名" in refused.get_data(as_text=True)
    done = send(person, "/webhooks", {"url": receiver.url, "description": "入库", "types": "order.*"},
                form_at="/webhooks")  # fmt: skip
    assert done.status_code == 303
    at = done.headers["Location"]
    courier.run(office.app, SCHEDULER)
    assert send(person, f"{at}/test", {}, form_at=at).status_code == 303
    courier.run(office.app, SCHEDULER)
    page = person.get(at).get_data(as_text=True)
    assert "endpoint.test" in page
    log = re.search(r'href="(/webhooks/deliveries/[^"]+)"', page)
    assert log is not None
    shown = person.get(log[1]).get_data(as_text=True)
    assert "HTTP 200" in shown
    assert "<h1>测试推送</h1>" in shown
    assert "  &#34;type&#34;: &#34;endpoint.test&#34;" in shown, "laid out line by line"
    assert send(person, f"{log[1]}/replay", {}, form_at=log[1]).status_code == 303
    assert "whsec_" in send(person, f"{at}/secret", {}, form_at=at).get_data(as_text=True)
    assert f"{at}/secret" not in person.get(at).get_data(as_text=True)
    assert send(person, f"{at}/rotation", {}, form_at=at).status_code == 303
    assert send(person, f"{at}/secret", {}, form_at=at).get_data(as_text=True).count("whpk_") == 2
    assert send(person, f"{at}/disable", {"reason": "维护"}, form_at=at).status_code == 303
    assert "维护" in person.get(at).get_data(as_text=True)
    assert send(person, at, {"url": "https://10.0.0.1/"}, form_at=at).status_code == 422
    assert send(person, f"{at}/replay", {"since": "昨天"}, form_at=at).status_code == 422
    assert send(person, f"{at}/replay", {"since": "2026-01-01T00:00"}, form_at=at).status_code == 303
    assert send(person, f"{at}/enable", {}, form_at=at).status_code == 303
    assert send(person, f"{at}/remove", {}, form_at=at).headers["Location"] == "/webhooks"
    assert "order.place" in person.get("/webhooks/types").get_data(as_text=True)
