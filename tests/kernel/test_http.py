"""Versions, conditions, pages of results, strict JSON and forms, through the application."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from flask_babel import force_locale
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from kernel import clock, db
from kernel.errors import Invalid, Malformed
from kernel.http import CURSOR_SECONDS_MAX, Form, local_target
from kernel.identity import Role
from kernel.json_body import JSON_DEPTH_MAX, JSON_INTEGER_MAX, read_json
from registry.accounts.schemas import AccountIn
from registry.parties.schemas import PartyIn
from tests.make import registry_base as make
from tests.make.clients import as_program, key

PARTIES = "/api/v1/parties"


@pytest.fixture
def headers(app: Flask) -> dict[str, str]:
    """The headers of a supervisor of all places."""
    return as_program(app, Role.SUPERVISOR)


def register(app: Flask, count: int, place: str = "quzhou") -> list[str]:
    """Register organisations; return their names in the order of registration."""
    with app.app_context(), db.transaction() as session:
        return [str(make.make_party(session, place=place, now=clock.now()).id) for _ in range(count)]


def suspend(client: FlaskClient, headers: dict[str, str], party: str, **more: str) -> TestResponse:
    """Suspend an organisation, deciding on the version that ``more`` names."""
    sent = {**key(headers), **more}
    return client.post(f"{PARTIES}/{party}/suspension", json={"reason": "未按约定报告"}, headers=sent)


# ---- versions ----


def test_a_change_without_the_version_it_was_decided_on_is_refused(
    app: Flask, client: FlaskClient, headers: dict[str, str]
) -> None:
    [party] = register(app, 1)
    for sent in ({}, {"If-Match": "*"}, {"If-Match": ""}, {"If-Match": '"abc"'}, {"If-Match": '"v1", "v2"'}):
        answer = suspend(client, headers, party, **sent)
        assert (answer.status_code, answer.json["code"]) == (428, "request.version_required"), sent
    assert client.get(f"{PARTIES}/{party}", headers=headers).json["standing"] == "in_order"


def test_a_change_decided_on_an_old_version_is_refused_and_the_right_one_passes(
    app: Flask, client: FlaskClient, headers: dict[str, str]
) -> None:
    [party] = register(app, 1)
    seen = client.get(f"{PARTIES}/{party}", headers=headers)
    for stale in ('"v0"', '"v2"', '"v999999999999999999"'):
        answer = suspend(client, headers, party, **{"If-Match": stale})
        assert (answer.status_code, answer.json["code"]) == (412, "request.version_mismatch"), stale
    changed = suspend(client, headers, party, **{"If-Match": seen.headers["ETag"]})
    assert changed.status_code == 200
    assert changed.json["version"] == seen.json["version"] + 1
    assert changed.headers["ETag"] == f'"v{changed.json["version"]}"'
    assert suspend(client, headers, party, **{"If-Match": seen.headers["ETag"]}).status_code == 412


def test_a_change_of_what_does_not_exist_is_not_found(client: FlaskClient, headers: dict[str, str]) -> None:
    assert suspend(client, headers, str(uuid4()), **{"If-Match": '"v1"'}).status_code == 404


@pytest.mark.both_databases
def test_of_two_editors_of_one_version_one_succeeds_and_the_other_is_told(app: Flask, headers: dict[str, str]) -> None:
    for party in register(app, 5):
        barrier = threading.Barrier(2)

        def decide(_: int, party: str = party, barrier: threading.Barrier = barrier) -> int:
            barrier.wait()
            return suspend(app.test_client(), headers, party, **{"If-Match": '"v1"'}).status_code

        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(decide, range(2))) == [200, 412]


def test_an_unchanged_object_is_answered_without_a_body(
    app: Flask, client: FlaskClient, headers: dict[str, str]
) -> None:
    [party] = register(app, 1)
    url = f"{PARTIES}/{party}"
    etag = client.get(url, headers=headers).headers["ETag"]
    same = client.get(url, headers={**headers, "If-None-Match": etag})
    assert (same.status_code, same.data, same.headers["ETag"]) == (304, b"", etag)
    suspend(client, headers, party, **{"If-Match": etag})
    changed = client.get(url, headers={**headers, "If-None-Match": etag})
    assert (changed.status_code, changed.json["standing"]) == (200, "suspended")


# ---- pages of results ----


def walk(client: FlaskClient, headers: dict[str, str], limit: int, **filters: str) -> list[str]:
    """Read every page; return the ids in the order seen."""
    seen, cursor = [], ""
    while True:
        args = {"limit": str(limit), **filters, **({"cursor": cursor} if cursor else {})}
        answer = client.get(PARTIES, query_string=args, headers=headers)
        assert answer.status_code == 200
        assert len(answer.json["items"]) <= limit
        seen += [item["id"] for item in answer.json["items"]]
        cursor = answer.json["next_cursor"]
        if cursor is None:
            return seen


@pytest.mark.both_databases
def test_walking_the_pages_sees_every_old_row_once_though_rows_are_added_meanwhile(
    app: Flask, client: FlaskClient, headers: dict[str, str]
) -> None:
    old = register(app, 120)
    done = threading.Event()

    def write() -> int:
        added = 0
        while not done.is_set():
            added += len(register(app, 2))
        return added

    with ThreadPoolExecutor(1) as pool:
        writer = pool.submit(write)
        try:
            seen = walk(client, headers, limit=7)
        finally:
            done.set()
        assert writer.result() > 0
    assert len(seen) == len(set(seen))
    assert [one for one in seen if one in set(old)] == old


def test_the_last_page_of_a_full_walk_has_no_cursor(app: Flask, client: FlaskClient, headers: dict[str, str]) -> None:
    made = register(app, 6)
    assert walk(client, headers, limit=3) == made
    assert walk(client, headers, limit=200) == made


def test_a_cursor_that_is_not_for_this_query_of_this_person_is_refused(
    app: Flask, client: FlaskClient, headers: dict[str, str]
) -> None:
    register(app, 3)
    own = client.get(PARTIES, query_string={"limit": "1", "place": "quzhou"}, headers=headers).json["next_cursor"]
    other_person = as_program(app, Role.SUPERVISOR)
    half = len(own) // 2
    forged = own[:half] + ("A" if own[half] != "A" else "B") + own[half + 1 :]
    for cursor, args, sent in (
        (own, {"place": "futian"}, headers),
        (own, {}, headers),
        (own, {"place": "quzhou", "capacity": "buyer"}, headers),
        (own, {"place": "quzhou"}, other_person),
        (forged, {"place": "quzhou"}, headers),
        (own[:-1], {"place": "quzhou"}, headers),
        ("x", {"place": "quzhou"}, headers),
    ):
        answer = client.get(PARTIES, query_string={**args, "cursor": cursor}, headers=sent)
        assert (answer.status_code, answer.json["code"]) == (400, "request.cursor_invalid"), (cursor, args)
    sent = {"place": "quzhou", "cursor": own, "limit": "2"}  # only the size of the page may change on the way
    assert client.get(PARTIES, query_string=sent, headers=headers).status_code == 200


def test_a_cursor_of_another_list_is_refused(app: Flask, client: FlaskClient) -> None:
    with app.app_context(), db.transaction() as session:
        for _ in range(2):
            make.make_account(session, now=clock.now())
        make.make_party(session, place="quzhou")
    headers = as_program(app, Role.SECURITY_ADMINISTRATOR)
    cursor = client.get("/api/v1/accounts", query_string={"limit": "1"}, headers=headers).json["next_cursor"]
    answer = client.get(PARTIES, query_string={"cursor": cursor}, headers=headers)
    assert (answer.status_code, answer.json["code"]) == (400, "request.cursor_invalid")


def test_a_cursor_ends_after_a_day(app: Flask, client: FlaskClient) -> None:
    register(app, 2)
    with time_machine.travel("2026-07-01T01:00:00Z", tick=False) as day:
        headers = as_program(app, Role.SUPERVISOR)
        cursor = client.get(PARTIES, query_string={"limit": "1"}, headers=headers).json["next_cursor"]
        day.shift(CURSOR_SECONDS_MAX)
        assert client.get(PARTIES, query_string={"cursor": cursor}, headers=headers).status_code == 401
    with time_machine.travel("2026-07-02T01:00:01Z", tick=False):
        again = as_program(app, Role.SUPERVISOR)
        assert client.get(PARTIES, query_string={"cursor": cursor}, headers=again).status_code == 400


def test_the_size_of_a_page_is_one_to_two_hundred(app: Flask, client: FlaskClient, headers: dict[str, str]) -> None:
    for wrong in ("0", "201", "-1", "x", "", "1.5", "٣", "9" * 30):
        answer = client.get(PARTIES, query_string={"limit": wrong}, headers=headers)
        assert (answer.status_code, answer.json["code"]) == (422, "request.validation"), wrong
        assert [error["pointer"] for error in answer.json["errors"]] == ["/limit"]


# ---- JSON ----


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"nul", b"\xff", b"\xef\xbb\xbf{}", b'{"a": 1, "a": 2}', b'{"b": {"a": 1, "a": 2}}', b"NaN",
        b"[-Infinity]", b"[Infinity]", str(JSON_INTEGER_MAX + 1).encode(), str(-JSON_INTEGER_MAX - 1).encode(),
        b"9" * 5000,
        b"[" * (JSON_DEPTH_MAX + 1) + b"]" * (JSON_DEPTH_MAX + 1), b"[" * 100_000, b'{"a":' * 30 + b"1" + b"}" * 30,
    ],
    ids=lambda body: repr(body[:12]),
)  # fmt: skip
def test_a_body_that_two_readers_could_read_differently_is_refused(body: bytes) -> None:
    with pytest.raises(Malformed):
        read_json(body)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"\xe4\xbb\xb7": "1.00", "b": [1, null, true]}', {"价": "1.00", "b": [1, None, True]}),
        (str(JSON_INTEGER_MAX).encode(), JSON_INTEGER_MAX),
        (b"[" * JSON_DEPTH_MAX + b"1" + b"]" * JSON_DEPTH_MAX, None),
        (b" {} ", {}),
    ],
    ids=["object", "integer", "deep", "spaces"],
)
def test_plain_json_is_read(body: bytes, value: Any) -> None:
    assert read_json(body) == value or value is None


@given(st.binary(max_size=60) | st.text(max_size=30).map(str.encode))
def test_no_body_whatever_brings_the_reader_down(body: bytes) -> None:
    with suppress(Malformed):
        assert read_json(body) == json.loads(body)


# ---- where a person goes next ----


@pytest.mark.parametrize(
    "target", ["/", "/orders?state=paid&x=1", "/products/XC-2026-000001#price", "/%09/evil.example"]
)
def test_a_page_of_this_site_is_gone_to(target: str) -> None:
    assert local_target(target) == target


@pytest.mark.parametrize(
    "target",
    ["", "https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example",
     "/\n/evil.example", "/\r\nSet-Cookie: a=b", "javascript:alert(1)", "evil.example", " /x", "/\u2028/x", "/\0"],
    ids=repr,
)  # fmt: skip
def test_whatever_could_lead_elsewhere_leads_to_the_front_page(target: str) -> None:
    assert local_target(target) == "/"


# ---- forms ----


def filled(app: Flask, schema: Any, fields: dict[str, Any]) -> Form:
    """Return the form after somebody sent these fields."""
    with app.test_request_context(method="POST", data=fields):
        form = Form(schema)
        form.accepts()
        return form


def test_a_form_keeps_what_was_typed_and_says_what_is_wrong_at_the_field(app: Flask) -> None:
    form = filled(app, PartyIn, {"name": "某公司", "kind": "club", "csrf_token": "x", "version": "1", "contact": ""})
    assert form.value("name") == "某公司"
    assert form.values.keys() == {"name", "kind", "contact"}
    assert form.error("uscc") == "必须填写"
    assert form.error("kind").startswith("须为下列之一")
    assert (form.error("name"), form.error("contact")) == ("", "")


def test_a_form_speaks_the_readers_language(app: Flask) -> None:
    fields = {"kind": "club", "surprise": "x"}
    with app.test_request_context(method="POST", data=fields, headers={"Accept-Language": "en"}):
        form = Form(PartyIn)
        assert not form.accepts()
        assert form.error("uscc") == "Missing data for required field."
        assert form.error("kind").startswith("Must be one of")
        assert form.error("surprise") == "Unknown field."


def test_a_valid_form_gives_the_command_what_the_api_would(app: Flask) -> None:
    fields = {"login": "zhang.san", "name": " 张三 ", "password": " twelve letters ", "party_id": ""}
    form = filled(app, AccountIn, fields)
    assert form.errors == {}
    assert form.data == {"login": "zhang.san", "name": "张三", "password": " twelve letters ", "party_id": None}


def test_several_ticks_of_one_field_are_a_list(app: Flask) -> None:
    fields = {
        "uscc": "x",
        "name": "n",
        "kind": "enterprise",
        "place": "quzhou",
        "capacities": ["buyer", "data_merchant"],
    }
    assert filled(app, PartyIn, fields).data["capacities"] == ["buyer", "data_merchant"]
    one_wrong = filled(app, PartyIn, {**fields, "capacities": ["buyer", "king"]})
    assert one_wrong.error("capacities").startswith("须为下列之一")


def test_a_refusal_of_the_command_is_shown_at_the_fields_that_it_names(app: Flask) -> None:
    error = {"pointer": "/amount/0", "code": "x", "message": "太少", "message_en": "too little"}
    for locale, words in (("zh_Hans_CN", "太少"), ("en", "too little")):
        with app.test_request_context(), force_locale(locale):
            form = Form(PartyIn)
            form.refuse(Invalid("不行", errors=[error, {"code": "y"}]))
            assert form.error("amount") == words
            assert form.problem is not None
