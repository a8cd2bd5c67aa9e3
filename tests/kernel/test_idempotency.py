"""A request sent twice is done once: proved through the application, on both databases where the database decides."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask, request
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from kernel import clock, db, jobs
from kernel.db import new_id
from kernel.errors import Conflict, Invalid, NotAllowed
from kernel.http import ApiBlueprint, current_actor, requires
from kernel.idempotency import IdempotencyKey, fingerprint
from kernel.identity import Permission, Role
from registry.accounts import commands as accounts
from registry.parties.model import Party
from registry.parties.rules import Capacity
from tests.conftest import config_for_tests
from tests.make import registry_base as make
from tests.make.clients import as_program, bearer, key, token_of
from web import create_app

KEY = "order-2026-07-01-0001"
TRIAL = "/api/v1/trial/effects"
THREADS = 8
REFUSALS: dict[str, Callable[[], Exception]] = {
    "conflict": lambda: Conflict("此刻不行"),
    "invalid": lambda: Invalid("这样不行"),
    "forbidden": lambda: NotAllowed("您不行"),
    "crash": lambda: RuntimeError("pulled the plug"),
}


def trial_blueprint() -> ApiBlueprint:
    """A route with one effect, which is then refused or broken off as the request asks."""
    blueprint = ApiBlueprint("trial", __name__, url_prefix="/api/v1/trial")

    @blueprint.post("/effects")
    @requires(Permission.ACCOUNT_OWN)
    def act() -> dict[str, Any]:
        with db.transaction() as session:
            effect = str(new_id())
            jobs.claim(session, "trial", effect, now=clock.now())
            then = request.args.get("then") or (request.get_json(silent=True) or {}).get("then", "")
            if then in REFUSALS and not jobs_done(session, "allowed"):
                raise REFUSALS[then]()
            return {"effect": effect, "version": 7, "name": current_actor().name}

    return blueprint


def jobs_done(session: Any, job: str) -> int:
    """Count the effects of a kind."""
    return session.scalar(sa.select(sa.func.count()).select_from(jobs.JobRun).where(jobs.JobRun.job == job)) or 0


@pytest.fixture(scope="module")
def built_app() -> Flask:
    """An application with a route of our own beside its own ones."""
    built = create_app(config_for_tests("sqlite://"))
    blueprint = trial_blueprint()
    built.register_blueprint(blueprint)
    built.extensions["csrf"].exempt(blueprint)
    return built


@pytest.fixture
def headers(app: Flask) -> dict[str, str]:
    """A supervisor's headers with the key of this test."""
    return {**as_program(app, Role.SUPERVISOR), "Idempotency-Key": KEY}


def effects(app: Flask) -> int:
    """Count what the trial route did."""
    with app.app_context():
        return jobs_done(db.session(), "trial")


def stored(app: Flask) -> int:
    """Count the answers that are kept."""
    with app.app_context():
        return db.session().scalar(sa.select(sa.func.count()).select_from(IdempotencyKey)) or 0


def allow(app: Flask) -> None:
    """Let what was refused so far succeed from now on."""
    with app.app_context(), db.transaction() as session:
        jobs.claim(session, "allowed", "", now=clock.now())


def party() -> dict[str, Any]:
    """A valid organisation that nobody has registered."""
    return {"uscc": make.uscc(), "name": "衢州某公司", "kind": "enterprise", "place": "quzhou", "capacities": ["buyer"]}


def parties(app: Flask) -> int:
    """Count the organisations."""
    with app.app_context():
        return db.session().scalar(sa.select(sa.func.count()).select_from(Party)) or 0


def at_once(app: Flask, act: Callable[[FlaskClient], TestResponse]) -> list[TestResponse]:
    """Send the same request from several threads, all starting together."""
    barrier = threading.Barrier(THREADS)

    def run(_: int) -> TestResponse:
        client = app.test_client()
        barrier.wait()
        return act(client)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


# ---- the key ----


def test_a_post_without_a_key_is_refused_and_does_nothing(app: Flask, client: FlaskClient) -> None:
    answer = client.post("/api/v1/parties", json=party(), headers=as_program(app, Role.SUPERVISOR))
    assert (answer.status_code, answer.json["code"]) == (400, "idempotency.key_missing")
    assert parties(app) == 0


def test_a_malformed_key_is_refused_and_does_nothing(app: Flask, client: FlaskClient, headers: dict[str, str]) -> None:
    for wrong in ("", "short", "x" * 15, "x" * 129, "sixteen letters ", "sixteen/letters/", "键" * 16):
        sent = {**headers, "Idempotency-Key": wrong.encode().decode("latin-1")}
        answer = client.post("/api/v1/parties", json=party(), headers=sent)
        assert (answer.status_code, answer.json["code"]) == (400, "idempotency.key_malformed"), wrong
    assert parties(app) == 0


def test_keys_of_sixteen_to_a_hundred_and_twenty_eight_signs_are_taken(
    client: FlaskClient, headers: dict[str, str]
) -> None:
    for right in ("x" * 16, "x" * 128, "Az09-_Az09-_Az09-_"):
        sent = {**headers, "Idempotency-Key": right}
        assert client.post("/api/v1/parties", json=party(), headers=sent).status_code == 201, right


def test_who_may_not_is_told_so_before_anything_about_keys(client: FlaskClient) -> None:
    assert client.post("/api/v1/parties", json=party()).status_code == 401


def test_a_route_that_changes_nothing_asks_for_no_key(client: FlaskClient) -> None:
    assert client.post("/api/v1/calc/split", json={"amount": "1.00", "weights": {"a": "1"}}).status_code == 200


# ---- the replay ----


@pytest.mark.both_databases
def test_the_same_request_again_gets_the_same_answer_and_has_one_effect(
    app: Flask, client: FlaskClient, headers: dict[str, str]
) -> None:
    body = party()
    first = client.post("/api/v1/parties", json=body, headers=headers)
    again = client.post("/api/v1/parties", json=body, headers=headers)
    assert first.status_code == 201
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (again.status_code, again.data) == (first.status_code, first.data)
    assert {name: again.headers[name] for name in ("ETag", "Content-Type")} == {
        name: first.headers[name] for name in ("ETag", "Content-Type")
    }
    assert parties(app) == 1


def test_a_new_key_is_a_new_piece_of_work(app: Flask, client: FlaskClient, headers: dict[str, str]) -> None:
    answers = [client.post(TRIAL, json={}, headers=key(headers)) for _ in range(3)]
    assert len({answer.json["effect"] for answer in answers}) == 3
    assert effects(app) == 3


def test_the_key_of_another_request_is_refused_and_does_nothing(
    app: Flask, client: FlaskClient, headers: dict[str, str]
) -> None:
    sent: dict[str, Any] = {"data": b'{"then": ""}', "content_type": "application/json", "headers": headers}
    first = client.post(TRIAL, **sent)
    assert first.status_code == 200
    for changed in (
        {"data": b'{"then":  ""}'},
        {"query_string": {"then": "x"}},
        {"content_type": "application/json; charset=utf-8"},
    ):
        other = client.post(TRIAL, **{**sent, **changed})
        assert (other.status_code, other.json["code"]) == (422, "idempotency.key_reused"), changed
        assert first.json["effect"] not in other.text
    assert effects(app) == 1
    assert client.post(TRIAL, **sent).json == first.json  # the refusals did not replace the answer


CHANGED: dict[str, Any] = {
    "uscc": make.uscc(), "name": "另一公司", "kind": "public_institution", "place": "xinchang",
    "capacities": ["buyer", "data_merchant"],
}  # fmt: skip


@pytest.mark.both_databases
def test_a_key_stands_for_one_body_to_the_letter(app: Flask, client: FlaskClient, headers: dict[str, str]) -> None:
    """Each field changed alone, one left out, one too many: none is done, none learns the first answer (D3)."""
    body = party()
    first = client.post("/api/v1/parties", json=body, headers=headers)
    assert first.status_code == 201
    assert CHANGED.keys() == body.keys()
    others = [{**body, name: value} for name, value in CHANGED.items()]
    others += [{key: body[key] for key in body if key != name} for name in body]
    others += [{**body, "currency": "USD"}]  # there is one currency: no request names any
    for other in others:
        answer = client.post("/api/v1/parties", json=other, headers=headers)
        assert answer.status_code == 422, other
        assert answer.json["code"] == "idempotency.key_reused" or "errors" in answer.json, other
        assert first.json["id"] not in answer.text
    for other in others[: len(CHANGED)]:
        reused = client.post("/api/v1/parties", json=other, headers=headers)
        assert reused.json["code"] == "idempotency.key_reused"
    elsewhere = client.post(TRIAL, json=body, headers=headers)  # a key belongs to one route: this one never saw it
    assert (elsewhere.status_code, "Idempotency-Replayed" in elsewhere.headers) == (200, False)
    assert first.json["id"] not in elsewhere.text
    assert (parties(app), effects(app)) == (1, 1)
    again = client.post("/api/v1/parties", json=body, headers=headers)
    assert (again.status_code, again.data) == (201, first.data)


def test_another_path_of_the_same_route_is_another_request(
    app: Flask, client: FlaskClient, headers: dict[str, str]
) -> None:
    """The same key under another path is refused (D3)."""
    made = [client.post("/api/v1/parties", json=party(), headers=key(headers)).json["id"] for _ in range(2)]
    sent = {"json": {"capacity": "data_merchant", "place": "quzhou"}, "headers": headers}
    answers = [client.post(f"/api/v1/parties/{one}/capacities", **sent) for one in made]
    assert [answer.status_code for answer in answers] == [201, 422]


def test_a_colleague_cannot_read_the_answer_behind_a_key(app: Flask, client: FlaskClient) -> None:
    """The same key of another person of the organisation is refused (D3)."""
    with app.app_context(), db.transaction() as session:
        office = make.make_party(session, Capacity.BUYER)
    people = [{**as_program(app, Role.BUYER, party=office), "Idempotency-Key": KEY} for _ in range(2)]
    first, other = (client.post(TRIAL, json={}, headers=person) for person in people)
    assert first.status_code == 200
    assert (other.status_code, other.json["code"]) == (422, "idempotency.key_reused")
    assert first.json["name"] not in other.text


def test_the_same_key_of_another_organisation_is_independent(app: Flask, client: FlaskClient) -> None:
    """It has an effect and an answer of its own (D3)."""
    with app.app_context(), db.transaction() as session:
        offices = [make.make_party(session, Capacity.BUYER) for _ in range(2)]
    answers = [
        client.post(TRIAL, json={}, headers={**as_program(app, Role.BUYER, party=one), "Idempotency-Key": KEY})
        for one in offices
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert len({answer.json["name"] for answer in answers}) == 2
    assert effects(app) == 2


# ---- refusals ----


@pytest.mark.both_databases
@pytest.mark.parametrize(("then", "status"), [("conflict", 409), ("invalid", 422)])
def test_a_refusal_of_the_work_is_kept_and_given_again_even_when_it_would_succeed_by_now(
    app: Flask, client: FlaskClient, headers: dict[str, str], then: str, status: int
) -> None:
    first = client.post(TRIAL, json={"then": then}, headers=headers)
    allow(app)
    again = client.post(TRIAL, json={"then": then}, headers=headers)
    assert (first.status_code, again.status_code) == (status, status)
    assert again.data == first.data
    assert again.headers["Content-Type"] == first.headers["Content-Type"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert effects(app) == 0
    assert client.post(TRIAL, json={"then": then}, headers=key(headers)).status_code == 200


@pytest.mark.parametrize(("then", "status"), [("forbidden", 403), ("crash", 500)])
def test_what_says_nothing_about_the_work_is_not_kept(
    app: Flask, client: FlaskClient, headers: dict[str, str], then: str, status: int
) -> None:
    assert client.post(TRIAL, json={"then": then}, headers=headers).status_code == status
    allow(app)
    retried = client.post(TRIAL, json={"then": then}, headers=headers)
    assert retried.status_code == 200
    assert "Idempotency-Replayed" not in retried.headers
    assert effects(app) == 1


def test_fields_that_cannot_be_read_are_not_kept(app: Flask, client: FlaskClient, headers: dict[str, str]) -> None:
    assert client.post("/api/v1/parties", json={**party(), "is_admin": True}, headers=headers).status_code == 422
    assert stored(app) == 0
    assert client.post("/api/v1/parties", json=party(), headers=headers).status_code == 201


@pytest.mark.both_databases
def test_a_crash_between_effect_and_commit_leaves_neither_effect_nor_key(
    app: Flask, client: FlaskClient, headers: dict[str, str]
) -> None:
    answer = client.post(TRIAL, json={"then": "crash"}, headers=headers)
    assert answer.status_code == 500
    assert "pulled the plug" not in answer.text
    assert (effects(app), stored(app)) == (0, 0)


# ---- authorization ----


def test_a_disabled_account_gets_no_replay(app: Flask, client: FlaskClient) -> None:
    body, token = party(), token_of(app, Role.SUPERVISOR)
    sent = {**bearer(token), "Idempotency-Key": KEY}
    assert client.post("/api/v1/parties", json=body, headers=sent).status_code == 201
    account_id = UUID(client.get("/api/v1/me", headers=bearer(token)).json["id"])
    with app.app_context(), db.transaction() as session:
        accounts.disable(session, make.security_administrator(), account_id, reason="离职", now=clock.now())
    again = client.post("/api/v1/parties", json=body, headers=sent)
    assert (again.status_code, again.json["code"]) == (401, "auth.unauthenticated")


def test_a_person_whose_role_was_taken_back_gets_no_replay(app: Flask, client: FlaskClient) -> None:
    body, token = party(), token_of(app, Role.SUPERVISOR)
    sent = {**bearer(token), "Idempotency-Key": KEY}
    assert client.post("/api/v1/parties", json=body, headers=sent).status_code == 201
    grant = client.get("/api/v1/me", headers=bearer(token)).json["grants"][0]["id"]
    with app.app_context(), db.transaction() as session:
        accounts.revoke_role(session, make.security_administrator(), UUID(grant), now=clock.now())
    again = client.post("/api/v1/parties", json=body, headers=sent)
    assert (again.status_code, again.json["code"]) == (403, "auth.forbidden")


# ---- many at once ----


@pytest.mark.both_databases
def test_eight_threads_with_one_key_have_one_effect_and_one_answer(app: Flask, headers: dict[str, str]) -> None:
    answers = at_once(app, lambda client: client.post(TRIAL, json={}, headers=headers))
    assert [answer.status_code for answer in answers] == [200] * THREADS
    assert len({answer.data for answer in answers}) == 1
    assert sum("Idempotency-Replayed" in answer.headers for answer in answers) == THREADS - 1
    assert effects(app) == 1


@pytest.mark.both_databases
def test_eight_threads_refused_under_one_key_get_one_answer(app: Flask, headers: dict[str, str]) -> None:
    answers = at_once(app, lambda client: client.post(TRIAL, json={"then": "conflict"}, headers=headers))
    assert [answer.status_code for answer in answers] == [409] * THREADS
    assert len({answer.data for answer in answers}) == 1
    assert (effects(app), stored(app)) == (0, 1)


@pytest.mark.both_databases
def test_eight_threads_that_register_one_organisation_under_their_own_keys_register_it_once(
    app: Flask, headers: dict[str, str]
) -> None:
    body = party()
    answers = at_once(app, lambda client: client.post("/api/v1/parties", json=body, headers=key(headers)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * (THREADS - 1)
    assert parties(app) == 1


def test_the_fingerprint_tells_every_part_of_a_request_apart(app: Flask) -> None:
    parts: dict[str, Any] = {"method": "POST", "path": "/a", "query_string": "b=c", "data": b"d", "content_type": "e/f"}
    changes = {"method": "PUT", "path": "/ab", "query_string": "=c", "data": b"", "content_type": "e/fd"}
    found = []
    for asked in (parts, *({**parts, name: other} for name, other in changes.items())):
        with app.test_request_context(**asked):
            found += [fingerprint("user"), fingerprint("user2")]
    assert len(set(found)) == 2 * (1 + len(changes))
    with app.test_request_context(**parts):
        assert fingerprint("user") == found[0]
