"""What programs may rely on at every route, read from the OpenAPI document and tried on the application."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from kernel.identity import Role
from tests.make.clients import bearer, key
from tests.make.routes import Route, every_route, shared_app, token_with
from tests.rig.databases import Databases

METHODS = ("get", "post", "put", "patch", "delete")
# POST routes that ask for no key: they change nothing, or their answer holds a secret that must not be kept
WITHOUT_KEY = {
    "/api/v1/payout-resolutions/{resolution_id}/decision", "/api/v1/payout-batches/{number}/retry",
    "/api/v1/payments/{payment_id}/attempts", "/api/v1/payments/{payment_id}/attempts/reading",
    "/api/v1/usage/events",  # each event is counted once by its own number
    "/api/v1/schedules/preview", "/api/v1/schedules/lint",
    "/api/v1/calc/{name}", "/api/v1/sessions", "/api/v1/keys", "/api/v1/settlements/previews",
    "/api/v1/accounts/{account_id}/identity", "/api/v1/accounts/{account_id}/password-reset", "/api/v1/password-reset",
    "/api/v1/onboarding", "/api/v1/onboarding/{number}/resubmission", "/api/v1/onboarding/{number}/state",
    "/api/v1/onboarding/{number}/withdrawal", "/api/v1/tariffs/preview", "/api/v1/cap-plans/check",
    "/api/v1/cost-surveys/{survey_id}/keys/{key_id}/preview", "/api/v1/what-if",
    "/api/v1/determinations/{determination_id}/proposals/preview", "/api/v1/webhook-endpoints/{endpoint_id}/secret",
    # stopped twice is stopped, and whoever stops in a hurry shall not have to think of a key
    "/api/v1/webhook-endpoints/{endpoint_id}/disabling",
    # the answer holds a new secret, and no answer with a secret is kept for repetition; the same holds of /keys
    "/api/v1/keys/{key_id}/rotation",
}  # fmt: skip
# read as one report, never page by page: what they add up would otherwise not add up
WHOLE_REPORTS = {
    "/api/v1/suspense", "/api/v1/payments/{payment_id}/attempts",
    "/api/v1/webhook-event-types",  # part of the program, not rows
    "/api/v1/ledger/trial-balance", "/api/v1/prices", "/api/v1/service-fees",
    "/api/v1/disclosures/entries", "/api/v1/duties", "/api/v1/resources/{resource_id}/history",
    "/api/v1/resources/{resource_id}/registrations", "/api/v1/equal-prices", "/api/v1/prices/{code}/history",
    "/api/v1/service-fees/history", "/api/v1/tariffs/classes", "/api/v1/tariffs/classes/rules",
    "/api/v1/negotiations/rules", "/api/v1/negotiations/{negotiation_id}/rounds",
    "/api/v1/ledger/separate-accounts", "/api/v1/ledger/control-accounts", "/api/v1/revenue-recognition",
    "/api/v1/contributions/{number}/figures", "/api/v1/payout-batches/{number}/payouts", "/api/v1/reports/deviation",
}  # fmt: skip
COUNTS = {"ProgressOut/total"}  # steps of a long run, not money
WITHOUT_SCHEMA = {"/api/v1/calc/{name}"}  # calculators read and name their own fields
Operation = tuple[str, str, dict[str, Any]]


@pytest.fixture(scope="module")
def app(databases: Databases) -> Iterator[Flask]:
    """One application for all tests of this file."""
    with shared_app(databases) as built:
        yield built


@pytest.fixture
def document(client: FlaskClient) -> dict[str, Any]:
    """The OpenAPI document as programs get it."""
    answer = client.get("/api/v1/openapi.json")
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    found: dict[str, Any] = answer.json
    return found


def operations(document: dict[str, Any]) -> list[Operation]:
    """Return path, method and description of every operation."""
    return [
        (path, method, item[method]) for path, item in document["paths"].items() for method in METHODS if method in item
    ]


def resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Follow one reference."""
    while "$ref" in schema:
        *_, kind, name = schema["$ref"].split("/")
        schema = document["components"][kind][name]
    return schema


def parameters(document: dict[str, Any], path: str, operation: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the parameters of an operation and of its path."""
    found = [*document["paths"][path].get("parameters", []), *operation.get("parameters", [])]
    return [resolved(document, one) for one in found]


def body_schema(document: dict[str, Any], operation: dict[str, Any]) -> dict[str, Any] | None:
    """Return the schema of the JSON body, or None."""
    body = operation.get("requestBody")
    return resolved(document, body["content"]["application/json"]["schema"]) if body else None


def inside(document: dict[str, Any], schema: dict[str, Any], pointer: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield a schema and every schema within, each with its pointer."""
    schema = resolved(document, schema)
    yield pointer, schema
    for name, below in schema.get("properties", {}).items():
        yield from inside(document, below, f"{pointer}/{name}")
    for word in ("items", "additionalProperties"):
        if isinstance(schema.get(word), dict) and schema[word]:
            yield from inside(document, schema[word], f"{pointer}/*")
    for word in ("anyOf", "allOf", "oneOf"):
        for below in schema.get(word, []):
            yield from inside(document, below, pointer)


def sent_to_us(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every schema of what programs may send: bodies and query parameters."""
    for path, method, operation in operations(document):
        here = f"{method.upper()} {path}"
        for parameter in parameters(document, path, operation):
            if parameter["in"] == "query":
                yield from inside(document, parameter["schema"], f"{here} ?{parameter['name']}")
        schema = body_schema(document, operation)
        if schema is not None and path not in WITHOUT_SCHEMA:
            yield from inside(document, schema, here)


def types(schema: dict[str, Any]) -> set[str]:
    """Return the JSON types that a schema admits by name."""
    named = schema.get("type", [])
    return {named} if isinstance(named, str) else set(named)


# ---- the document ----


def test_the_document_is_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1.")
    assert [f"{error.instance_path}: {error.message}" for error in OPENAPI_31_VALIDATOR.iter_errors(document)] == []


def test_the_document_shows_every_route_of_the_interface_and_no_other(app: Flask, document: dict[str, Any]) -> None:
    shown = {(path, method.upper()) for path, method, _ in operations(document)}
    routes = {
        (re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", route.rule), route.method)
        for route in every_route(app)
        if route.rule.startswith("/api/v1/") and route.rule != "/api/v1/openapi.json"
    }
    assert shown == routes


def test_every_operation_says_what_it_does_who_may_and_how_it_refuses(document: dict[str, Any]) -> None:
    wrong = []
    for path, method, operation in operations(document):
        refusal = resolved(document, operation["responses"]["default"])["content"]["application/problem+json"]
        fields = resolved(document, refusal["schema"])["properties"]
        is_open = operation.get("security") == []
        if not (operation.get("summary") and operation.get("tags") and {"code", "trace_id", "errors"} <= set(fields)):
            wrong.append(f"{method} {path}")
        if is_open == ("x-permission" in operation):
            wrong.append(f"{method} {path}: neither open nor with a permission")
    assert wrong == []


def test_the_document_names_the_permission_that_the_route_asks_for(app: Flask, document: dict[str, Any]) -> None:
    asked = {(route.rule, route.method): route.access for route in every_route(app)}
    rules = {
        (re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule), method): access for (rule, method), access in asked.items()
    }
    wrong = [
        f"{method} {path}"
        for path, method, operation in operations(document)
        if operation.get("x-permission", "public") != rules[path, method.upper()]
    ]
    assert wrong == []


def test_no_number_with_a_fraction_travels_as_a_json_number(document: dict[str, Any]) -> None:
    everything = [
        (pointer, schema)
        for name, component in document["components"]["schemas"].items()
        for pointer, schema in inside(document, component, name)
    ]
    assert [pointer for pointer, schema in everything if "number" in types(schema)] == []
    assert [pointer for pointer, schema in sent_to_us(document) if "number" in types(schema)] == []


def test_money_prices_and_rates_are_text_with_a_published_pattern(document: dict[str, Any]) -> None:
    wrong = []
    for name, component in document["components"]["schemas"].items():
        for pointer, schema in inside(document, component, name):
            if schema.get("format") == "decimal" and not (
                types(schema) <= {"string", "null"} and schema.get("pattern")
            ):
                wrong.append(pointer)
            money = re.search(r"/(amount|gross|net|tax|total|price|unit_price|fee|subsidy|clawback)(_\w+)?$", pointer)
            if money and pointer not in COUNTS and types(schema) & {"integer", "boolean"}:
                wrong.append(pointer)
    assert wrong == []


def test_what_is_sent_has_no_unknown_fields_and_no_end_that_is_open(document: dict[str, Any]) -> None:
    wrong = []
    for pointer, schema in sent_to_us(document):
        kinds = types(schema)
        if "object" in kinds and "properties" in schema and schema.get("additionalProperties") is not False:
            wrong.append(f"{pointer}: takes unknown fields")
        is_file = pointer.endswith("content_base64")  # as large as a body may be
        if "string" in kinds and not is_file and not {"maxLength", "enum", "format", "pattern"} & set(schema):
            wrong.append(f"{pointer}: text without an end")
        if "integer" in kinds and not {"maximum", "enum"} & set(schema):
            wrong.append(f"{pointer}: number without an end")
        if "array" in kinds and "maxItems" not in schema and " ?" not in pointer:
            wrong.append(f"{pointer}: list without an end")
    assert wrong == []


def test_every_list_goes_in_pages(document: dict[str, Any]) -> None:
    lists, wrong = [], []
    for path, method, operation in operations(document):
        answer = resolved(document, operation["responses"].get("200", {}))
        schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
        fields = resolved(document, schema).get("properties", {})
        if method == "get" and "items" in fields and not path.endswith("}") and path not in WHOLE_REPORTS:
            lists.append(path)
            asked = {parameter["name"] for parameter in parameters(document, path, operation)}
            if "next_cursor" not in fields or not asked >= {"limit", "cursor"}:
                wrong.append(f"{path}: {sorted(asked)}")
    assert "/api/v1/parties" in lists
    assert wrong == []


def test_the_page_for_readers_shows_every_operation(client: FlaskClient, document: dict[str, Any]) -> None:
    page = client.get("/api/docs")
    assert page.status_code == 200
    assert [path for path, _, _ in operations(document) if path not in page.text] == []


# ---- tried on the application ----


def programs(app: Flask) -> list[Route]:
    """Return the routes of the documented interface."""
    return [route for route in every_route(app) if route.rule.startswith("/api/v1/")]


def templated(route: Route) -> str:
    """Return the address as the document writes it."""
    return re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", route.rule)


def test_every_post_that_changes_something_asks_for_an_idempotency_key(
    app: Flask, client: FlaskClient, document: dict[str, Any]
) -> None:
    headers, asking = {**bearer(token_with(app, *Role)), "If-Match": '"v1"'}, set()
    posts = [route for route in programs(app) if route.method == "POST"]
    for route in posts:
        answer = route.send(client, headers=headers, json={})
        if answer.status_code == 400 and answer.json["code"] == "idempotency.key_missing":
            asking.add(templated(route))
    assert {templated(route) for route in posts} - asking == WITHOUT_KEY
    documented = {
        path
        for path, method, operation in operations(document)
        if method == "post" and "Idempotency-Key" in {one["name"] for one in parameters(document, path, operation)}
    }
    assert documented == asking


def test_a_decision_on_a_version_is_documented_as_one(document: dict[str, Any]) -> None:
    asking = {
        path
        for path, _, operation in operations(document)
        if "If-Match" in {one["name"] for one in parameters(document, path, operation)}
    }
    assert {
        "/api/v1/parties/{party_id}/suspension", "/api/v1/reviews/{review_id}/decision",
        "/api/v1/agreements/{agreement_id}/signature", "/api/v1/settlements/{number}/seal",
    } <= asking  # fmt: skip
    assert [path for path in asking if "{" not in path] == []


def test_a_field_that_nobody_asked_for_is_refused_at_every_route(
    app: Flask, client: FlaskClient, document: dict[str, Any]
) -> None:
    headers, wrong, tried = {**bearer(token_with(app, *Role)), "If-Match": '"v1"'}, [], 0
    bodies = {
        (path, method.upper())
        for path, method, operation in operations(document)
        if "requestBody" in operation and path not in WITHOUT_SCHEMA
    }
    for route in programs(app):
        if (templated(route), route.method) not in bodies:
            continue
        tried += 1
        answer = route.send(client, headers=key(headers), json={"is_administrator": True})
        found = {error["pointer"]: error["code"] for error in (answer.json or {}).get("errors", [])}
        if answer.status_code != 422 or found.get("/is_administrator") != "unknown_field":
            wrong.append(f"{route.method} {route.rule}: {answer.status_code} {found}")
    assert wrong == []
    assert tried > 20


def test_a_route_that_takes_no_body_is_not_confused_by_one(app: Flask, client: FlaskClient) -> None:
    headers = bearer(token_with(app, *Role))
    for route in programs(app):
        if route.method == "GET":
            status = route.send(client, headers=headers, data=b"{", content_type="application/json").status_code
            assert status in (200, 400, 404, 422), route.rule
