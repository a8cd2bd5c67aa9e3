"""Only reviewed outputs leave: marks are planted where data comes in, and looked for in all that is said (C5)."""

from __future__ import annotations

import base64
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule, UUIDConverter
from werkzeug.routing.converters import AnyConverter, NumberConverter

from kernel import clock, db
from kernel.db import Base
from kernel.identity import Role
from registry.parties.rules import Capacity
from registry.products.rules import DeliveryForm
from tests.fakes import operator_platform
from tests.make import delivering as make
from tests.make import market
from tests.make import registry_base as base
from tests.make.clients import as_program, bearer, key
from tests.make.routes import token_with

REVIEWED, RAW = "CANARY-REVIEWED-7f3a", "CANARY-RAW-91c2"
# where reviewed data lives; nothing else may hold a copy
HOMES = {"market_data_set_row", "evidence_file"}
UNKNOWN = uuid4()  # one for all: an address that leads nowhere is asked for once


@pytest.fixture(autouse=True)
def today() -> Iterator[None]:
    """The day on which everything is sold."""
    with clock.set_to(market.SALE):
        yield


@dataclass
class Planted:
    """Products in every form of delivery, full of marked values, and what was said while they came in."""

    api: make.Sold
    file: make.Sold
    report: make.Sold
    file_id: str
    sha256: str
    said: list[str]


def sent(content: str | bytes, name: str, **facts: Any) -> dict[str, Any]:
    """A file as programs send it."""
    data = content.encode() if isinstance(content, str) else content
    return {"file_name": name, "content_base64": base64.b64encode(data).decode(), **facts}


@pytest.fixture
def planted(app: Flask, client: FlaskClient) -> Planted:
    """Good data with one mark, and data that nobody reviewed with another."""
    api, file, report = (make.make_sold(app, form=form) for form in DeliveryForm)
    with app.app_context(), db.transaction() as session:
        market.load_data(session, api.product, [{"key": "A1", "score": REVIEWED, "level": "A"}])

    def put(sold: make.Sold, where: str, body: dict[str, Any]) -> Any:
        return client.post(f"/api/v1/products/{sold.product.code}/{where}", json=body, headers=key(sold.seller))

    july = {"period_start": "2026-07-01", "period_end": "2026-07-31"}
    made = put(file, "files", sent(f"score,level\r\n{REVIEWED},A\r\n", "rows.csv"))
    kept = put(report, "files", sent(f"<!DOCTYPE html><p>{REVIEWED}</p>", "july.html", **july))
    refused = [
        put(api, "data-sets", sent(f'[{{"key": "B", "identity_number": "{RAW}"}}]', "rows.json")),
        put(api, "data-sets", sent(f"key,score,identity_number\r\nB,1,{RAW}\r\n", "rows.csv")),
        put(api, "data-sets", sent(f'[{{"key": "{RAW}"', "rows.json")),
        put(file, "files", sent(f"score,identity_number\r\n1,{RAW}\r\n", "rows.csv")),
        put(file, "files", sent(f'[{{"score": {{"identity_number": "{RAW}"}}}}]', "rows.json")),
        put(report, "files", sent(f"{RAW}", "july.pdf", **july)),
    ]
    assert (made.status_code, kept.status_code) == (201, 201), made.text + kept.text
    assert all(400 <= one.status_code < 500 for one in refused), [one.status_code for one in refused]
    said = [one.text for one in (made, kept, *refused)]
    return Planted(api, file, report, made.json["id"], made.json["sha256"], said)


def listen(caplog: pytest.LogCaptureFixture) -> None:
    """Keep every word that our own code logs, down to what is only said when looking for bugs."""
    for package in ("kernel", "registry", "pricing", "market", "settlement", "web"):
        caplog.set_level(logging.DEBUG, logger=package)


def value_of(name: str, converter: Any, known: dict[str, Any]) -> Any:
    """A value for a part of an address: a real one where the tale has it."""
    if isinstance(converter, AnyConverter):
        return min(converter.items)
    found = known.get(name)
    if isinstance(converter, UUIDConverter):
        return found if isinstance(found, UUID) else UNKNOWN
    return 1 if isinstance(converter, NumberConverter) else str(found or "x")


def addresses(app: Flask, sold: make.Sold, planted: Planted) -> Iterator[str]:
    """Every address that can be read, for one product and its entitlement."""
    known = {
        "code": sold.product.code, "number": sold.terms.number, "key": "A1", "file_id": UUID(planted.file_id),
        "sha256": planted.sha256, "product_id": sold.product.id, "entitlement_id": sold.held.id,
        "version_id": sold.held.version_id, "order_id": sold.held.order_id, "party_id": sold.party.id,
    }  # fmt: skip
    bound = app.url_map.bind("localhost")
    rules: list[Rule] = list(app.url_map.iter_rules())
    for rule in rules:
        values = {name: value_of(name, converter, known) for name, converter in rule._converters.items()}
        if "GET" in (rule.methods or set()) and rule.endpoint != "static":
            yield bound.build(rule.endpoint, values, method="GET")


def test_no_page_route_refusal_table_or_log_says_a_marked_value(
    app: Flask, client: FlaskClient, planted: Planted, caplog: pytest.LogCaptureFixture
) -> None:
    listen(caplog)
    with app.app_context(), db.transaction() as session:
        stranger = base.make_party(session, Capacity.BUYER)
    everything = bearer(token_with(app, *Role))  # every right that there is, and no organisation
    readers = {
        "visitor": {}, "everything": everything, "stranger": as_program(app, Role.BUYER, party=stranger),
    }  # fmt: skip
    sold = (planted.api, planted.file, planted.report)
    urls = {url for one in sold for url in addresses(app, one, planted)}
    close = {url for url in urls if any(one.product.code in url or one.terms.number in url for one in sold)}
    readers |= {f"seller {turn}": one.seller for turn, one in enumerate(sold)}
    wrong, asked = list[str](), 0
    for name, headers in readers.items():
        for url in sorted(urls if name == "everything" else close):
            asked += 1
            answer = client.get(url, headers={**headers, "Client-Reference": f"{name[:3]}-{asked}"})
            if any(mark.encode() in answer.data for mark in (REVIEWED, RAW)) or answer.status_code == 500:
                wrong.append(f"{name} {url}: {answer.status_code}")
    assert wrong == []
    assert asked > len(urls) > 300
    assert [one for one in planted.said if REVIEWED in one or RAW in one] == []
    assert REVIEWED not in caplog.text
    assert RAW not in caplog.text


def test_marked_values_are_kept_where_reviewed_data_lives_and_nowhere_else(
    app: Flask, client: FlaskClient, planted: Planted
) -> None:
    url = f"/exchange/v1/products/{planted.api.product.code}/records/A1"
    answer = client.get(url, headers={**planted.api.buyer, "Client-Reference": "one"})
    assert answer.json["record"]["score"] == REVIEWED  # the one way out: its buyer, counted
    holding = set()
    with app.app_context():
        for table in Base.metadata.sorted_tables:
            for row in db.session().execute(sa.select(table)):
                text = repr(tuple(row))
                assert RAW not in text, table.name
                if REVIEWED in text:
                    holding.add(table.name)
    assert holding == HOMES


def test_what_a_platform_says_beyond_the_reviewed_fields_reaches_nobody(
    app: Flask, client: FlaskClient, planted: Planted, caplog: pytest.LogCaptureFixture
) -> None:
    sold = planted.api
    listen(caplog)
    with operator_platform.running(lambda: market.SALE) as platform:
        app.extensions["huiyi_outside"] = platform.outside()
        gateway = f"/api/v1/products/{sold.product.code}/gateway"
        platform.secret = client.post(gateway, json={"url": platform.url}, headers=key(sold.seller)).json["secret"]
        platform.rows = {
            "A1": {"score": "1", "level": "A", "姓名": RAW}, "B1": {"score": {"raw": RAW}, "level": "A"},
        }  # fmt: skip
        url = f"/exchange/v1/products/{sold.product.code}"
        answers = [
            client.get(f"{url}/records/{one}", headers={**sold.buyer, "Client-Reference": one}) for one in platform.rows
        ]
        for kind in ("application/json", "application/x-ndjson"):
            headers = {**sold.buyer, "Client-Reference": kind, "Accept": kind}
            answers.append(client.post(f"{url}/queries", json={"level": "A"}, headers=headers))
        platform.switches.raw = f'{{"error": "{RAW}"}}'.encode()
        answers.append(client.get(f"{url}/records/C", headers={**sold.buyer, "Client-Reference": "C"}))
    assert [answer.status_code for answer in answers] == [502] * 5
    assert [answer.text for answer in answers if RAW in answer.text] == []
    assert RAW not in caplog.text
    with app.app_context():
        for table in Base.metadata.sorted_tables:
            assert RAW not in repr(db.session().execute(sa.select(table)).all()), table.name
