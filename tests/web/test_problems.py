"""Refusals and failures in one shape: RFC 9457 for programs, a page for people, in their language, no internals."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Blueprint, Flask, abort
from flask.testing import FlaskClient
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.test import TestResponse

import web
from kernel import clock, db
from kernel.http import public
from kernel.identity import Role
from kernel.jobs import JobRun
from tests.conftest import config_for_tests
from tests.make.clients import as_person, as_program, key
from tests.make.routes import shared_app
from tests.rig.databases import Databases

TRACE = re.compile(r"[0-9a-f]{32}")
UUID_URN = re.compile(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SECRET = "the password is hunter2"
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def broken_blueprint() -> Blueprint:
    """Routes that fail in every way in which ours must not, under the addresses of programs and of people."""
    blueprint = Blueprint("broken", __name__)

    def twin() -> str:
        with db.transaction() as session:
            for _ in range(2):
                session.execute(sa.insert(JobRun).values(job="a", period="b", run_at=clock.now(), result=""))
        return ""

    def hollow() -> str:
        with db.transaction() as session:
            session.execute(sa.insert(JobRun).values(job="a", period="c", run_at=clock.now(), result=None))
        return ""

    def bug() -> str:
        raise RuntimeError(SECRET)

    def stale() -> str:
        raise StaleDataError("one row")

    def busy() -> str:
        raise sa.exc.OperationalError("SELECT hunter2", {}, RuntimeError("database is locked"))

    def teapot() -> str:
        abort(418)

    for view in (twin, hollow, bug, stale, busy, teapot):
        for prefix in ("/api/v1/broken/", "/broken/"):
            blueprint.add_url_rule(prefix + view.__name__, f"{view.__name__}_{len(prefix)}", public(view))
    return blueprint


@pytest.fixture(scope="module")
def app(databases: Databases) -> Iterator[Flask]:
    """One application for all tests of this file, with the failing routes beside its own."""
    with shared_app(databases) as built:
        built.register_blueprint(broken_blueprint())
        yield built


def is_whole(answer: TestResponse, status: int, code: str) -> bool:
    """Say whether the answer is a complete problem document with this status and code."""
    body: dict[str, Any] = answer.json
    assert answer.headers["Content-Type"] == "application/problem+json; charset=utf-8"
    assert (answer.status_code, body["status"], body["code"]) == (status, status, code), body
    assert body["type"] == f"/problems/{code}"
    assert body["title"]
    assert body["detail"]
    assert isinstance(body["errors"], list)
    assert isinstance(body["retryable"], bool)
    assert TRACE.fullmatch(body["trace_id"])
    assert body["trace_id"] == answer.headers["Huiyi-Trace"]
    assert UUID_URN.fullmatch(body["instance"])
    return True


def test_an_unknown_address_is_a_problem_document(client: FlaskClient) -> None:
    assert is_whole(client.get("/api/v1/nothing"), 404, "request.not_found")
    assert is_whole(client.get("/exchange/v1/nothing"), 404, "request.not_found")
    assert is_whole(client.get("/api/v1/parties/not-a-uuid"), 404, "request.not_found")


def test_a_wrong_method_names_the_right_ones(client: FlaskClient) -> None:
    answer = client.delete("/api/v1/parties")
    assert is_whole(answer, 405, "request.method")
    assert {"GET", "POST"} <= set(answer.headers["Allow"].split(", "))


def test_a_body_that_is_not_declared_as_json_is_refused(client: FlaskClient) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
        answer = client.post("/api/v1/sessions", data=b'{"login": "a", "password": "b"}', content_type=kind)
        assert is_whole(answer, 415, "request.unsupported_media"), kind


def test_a_body_that_is_no_json_is_refused(client: FlaskClient) -> None:
    for body in (b"{", b"", b"\xff", b'{"login": "a", "login": "b"}', b"[" * 10_000, b'{"login": NaN}'):
        answer = client.post("/api/v1/sessions", data=body, content_type="application/json")
        assert answer.status_code in (400, 422), body
        assert is_whole(answer, 400, "request.malformed"), body


def test_every_wrong_field_is_named_with_pointer_code_and_both_languages(app: Flask, client: FlaskClient) -> None:
    headers = key(as_program(app, Role.SUPERVISOR))
    body = {"name": 5, "kind": "club", "place": "x" * 41, "capacities": ["buyer", "king"], "is/admin": True}
    answer = client.post("/api/v1/parties", json=body, headers=headers)
    assert is_whole(answer, 422, "request.validation")
    found = {error["pointer"]: error for error in answer.json["errors"]}
    assert {pointer: error["code"] for pointer, error in found.items()} == {
        "/uscc": "required", "/name": "type", "/kind": "choice", "/place": "length", "/capacities/1": "choice",
        "/is~1admin": "unknown_field",
    }  # fmt: skip
    assert all(CHINESE.search(error["message"]) and error["message_en"].isascii() for error in found.values())


def test_a_body_that_is_no_object_is_refused(app: Flask, client: FlaskClient) -> None:
    for body in ([], "text", 5, None):
        answer = client.post("/api/v1/sessions", json=body)
        assert is_whole(answer, 422, "request.validation"), body


def test_a_body_above_the_limit_is_refused(database_url: str) -> None:
    small = web.create_app(replace(config_for_tests(database_url), body_bytes_max="1000"))
    client = small.test_client()
    answer = client.post("/api/v1/sessions", json={"login": "a", "password": "x" * 1000})
    assert is_whole(answer, 413, "request.too_large")
    page = client.post("/sign-in", data={"login": "x" * 1000})
    assert (page.status_code, page.mimetype) == (413, "text/html")
    small.extensions["huiyi_database"].engine.dispose()


def test_a_refusal_speaks_the_language_that_was_asked_for(client: FlaskClient) -> None:
    for languages, is_english in (
        ("", False), ("zh-CN,zh;q=0.9,en;q=0.8", False), ("en-GB,en;q=0.9,zh;q=0.1", True), ("fr", False), ("en", True),
    ):  # fmt: skip
        answer = client.get("/api/v1/me", headers={"Accept-Language": languages})
        words = answer.json["title"] + answer.json["detail"]
        assert (CHINESE.search(words) is None) == is_english, languages
        assert "Accept-Language" in answer.headers["Vary"]


def test_a_missing_sign_in_says_how_to_sign_in(client: FlaskClient) -> None:
    answer = client.get("/api/v1/me")
    assert is_whole(answer, 401, "auth.unauthenticated")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    for token in ("hys_x", "hyk_a_b", "hyk_", "", "x" * 10_000):
        refused = client.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"})
        assert is_whole(refused, 401, "auth.unauthenticated"), token


def test_a_failure_says_that_nothing_happened_and_nothing_else(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = client.get("/api/v1/broken/bug")
    assert is_whole(answer, 500, "internal")
    for internal in (SECRET, "RuntimeError", "Traceback", ".py", "werkzeug", "flask"):
        assert internal not in answer.text
    assert answer.json["trace_id"] in caplog.text
    assert SECRET in caplog.text


def test_a_busy_database_may_be_asked_again(client: FlaskClient) -> None:
    answer = client.get("/api/v1/broken/busy")
    assert is_whole(answer, 503, "overloaded")
    assert (answer.json["retryable"], answer.headers["Retry-After"]) == (True, "1")
    assert "hunter2" not in answer.text
    assert "locked" not in answer.text


def test_what_another_changed_or_entered_in_the_same_moment_is_a_conflict(client: FlaskClient) -> None:
    assert is_whole(client.get("/api/v1/broken/stale"), 409, "request.changed_meanwhile")


@pytest.mark.both_databases
def test_only_a_twin_is_a_conflict_and_any_other_broken_constraint_is_a_fault_of_ours(database_url: str) -> None:
    app = web.create_app(config_for_tests(database_url))
    app.register_blueprint(broken_blueprint())
    client = app.test_client()
    assert is_whole(client.get("/api/v1/broken/twin"), 409, "request.changed_meanwhile")
    assert is_whole(client.get("/api/v1/broken/hollow"), 500, "internal")
    app.extensions["huiyi_database"].engine.dispose()


def test_a_status_that_nobody_thought_of_still_has_a_code(client: FlaskClient) -> None:
    assert is_whole(client.get("/api/v1/broken/teapot"), 418, "request.refused")


@pytest.mark.parametrize(("name", "status"), [("bug", 500), ("stale", 409), ("busy", 503), ("teapot", 418)])
def test_people_get_a_page_with_words_a_way_on_and_the_trace(client: FlaskClient, name: str, status: int) -> None:
    answer = client.get(f"/broken/{name}")
    assert (answer.status_code, answer.mimetype) == (status, "text/html")
    assert answer.headers["Huiyi-Trace"] in answer.text
    assert 'href="/"' in answer.text
    assert "hunter2" not in answer.text
    assert "Traceback" not in answer.text


def test_a_page_of_refusal_speaks_the_readers_language_and_knows_who_reads_it(app: Flask, client: FlaskClient) -> None:
    chinese, english = client.get("/nothing"), client.get("/nothing", headers={"Accept-Language": "en"})
    assert (chinese.status_code, english.status_code) == (404, 404)
    assert "没有找到" in chinese.text
    assert "Not found" in english.text
    assert "/sign-out" in as_person(app, Role.SUPERVISOR).get("/nothing").text
    assert "/sign-out" not in chinese.text


def test_a_host_that_is_not_ours_is_refused_without_a_page(database_url: str) -> None:
    app = web.create_app(replace(config_for_tests(database_url), trusted_hosts="huiyi.example"))
    client = app.test_client()
    for path in ("/", "/nothing", "/api/v1/me"):
        assert is_whole(client.get(path, headers={"Host": "evil.example"}), 400, "request.malformed")
    assert client.get("/healthz", headers={"Host": "huiyi.example"}).status_code == 200
    app.extensions["huiyi_database"].engine.dispose()


def test_an_empty_character_in_an_address_is_refused_before_it_reaches_the_database(client: FlaskClient) -> None:
    for url in ("/api/v1/certificates/%00", "/api/v1/certificates/a%00b", "/api/v1/catalogue?q=%00", "/api/v1/x?%00=1"):
        assert is_whole(client.get(url), 400, "request.malformed"), url
