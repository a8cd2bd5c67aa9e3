"""Sign-in, keys and accounts through HTTP."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kernel import clock, db
from kernel.identity import Role
from registry.parties.rules import Capacity
from tests.make import registry_base as make
from tests.make.clients import bearer, key, written


@pytest.fixture
def buyer_login(app: Flask) -> str:
    """A buyer of Xinchang who may sign in."""
    with app.app_context(), db.transaction() as session:
        party = make.make_party(session, Capacity.BUYER)
        return make.make_account(session, Role.BUYER, party=party, login="buyer", now=clock.now()).login


@pytest.fixture
def administrator_login(app: Flask) -> str:
    """A security administrator."""
    with app.app_context(), db.transaction() as session:
        return make.make_account(session, Role.SECURITY_ADMINISTRATOR, login="administrator", now=clock.now()).login


def test_a_program_signs_in_reads_itself_and_signs_out(client: FlaskClient, buyer_login: str) -> None:
    answer = client.post("/api/v1/sessions", json={"login": buyer_login, "password": make.PASSWORD})
    assert answer.status_code == 201
    assert answer.json["account"]["login"] == buyer_login
    headers = bearer(answer.json["token"])
    me = client.get("/api/v1/me", headers=headers)
    assert [grant["role"] for grant in me.json["grants"]] == ["buyer"]
    assert me.json["party"]["uscc"]
    assert "password" not in me.get_data(as_text=True)
    assert client.delete("/api/v1/sessions/current", headers=headers).status_code == 204
    assert client.get("/api/v1/me", headers=headers).status_code == 401


def test_an_unknown_login_and_a_wrong_password_get_the_same_answer(client: FlaskClient, buyer_login: str) -> None:
    answers = [
        client.post("/api/v1/sessions", json={"login": login, "password": "wrong password!"})
        for login in (buyer_login, "nobody")
    ]
    assert [answer.status_code for answer in answers] == [401, 401]
    kept = [{name: answer.json[name] for name in ("code", "title", "detail", "errors", "status")} for answer in answers]
    assert kept[0] == kept[1]
    assert kept[0]["code"] == "account.bad_credentials"


def test_the_sixth_attempt_is_locked_out_even_with_the_right_password(client: FlaskClient, buyer_login: str) -> None:
    for _ in range(5):
        wrong = client.post("/api/v1/sessions", json={"login": buyer_login, "password": "wrong password!"})
        assert wrong.status_code == 401
    locked = client.post("/api/v1/sessions", json={"login": buyer_login, "password": make.PASSWORD})
    assert (locked.status_code, locked.json["code"]) == (429, "account.locked_out")
    assert int(locked.headers["Retry-After"]) <= 900


@pytest.mark.parametrize(
    "body",
    [{}, {"login": "a"}, {"login": "a", "password": ""}, {"login": "a", "password": "x" * 257},
     {"login": 1, "password": 2}, {"login": "a\u0000", "password": "x"}, {"login": "a", "password": "x", "more": 1},
     [], "text"],
)  # fmt: skip
def test_a_sign_in_that_is_none_is_refused_by_field(client: FlaskClient, body: object) -> None:
    answer = client.post("/api/v1/sessions", json=body)
    assert answer.status_code == 422
    assert answer.json["errors"]


def test_a_password_of_broken_text_is_only_a_wrong_password(client: FlaskClient, buyer_login: str) -> None:
    body = '{"login": "buyer", "password": "\\ud800"}'
    answer = client.post("/api/v1/sessions", data=body, content_type="application/json")
    assert answer.status_code == 401


def test_a_key_is_shown_once_works_and_dies_when_revoked(client: FlaskClient, buyer_login: str) -> None:
    headers = written(client, buyer_login)
    made = client.post("/api/v1/keys", json={"name": "生产", "days": 30}, headers=headers)
    assert made.status_code == 201
    secret = made.json["secret"]
    listed = client.get("/api/v1/keys", headers=headers)
    assert [found["name"] for found in listed.json["items"]] == ["生产"]
    assert secret not in listed.get_data(as_text=True)
    assert client.get("/api/v1/me", headers=bearer(secret)).json["login"] == buyer_login
    again = client.post("/api/v1/keys", json={"name": "生产"}, headers=headers)
    assert (again.status_code, again.json["code"]) == (409, "account.key_name_taken")
    assert secret not in again.get_data(as_text=True)
    revoked = client.delete(f"/api/v1/keys/{made.json['id']}", headers=headers)
    assert revoked.json["revoked_at"]
    assert client.get("/api/v1/me", headers=bearer(secret)).status_code == 401


def test_another_account_s_key_is_not_found(client: FlaskClient, buyer_login: str, app: Flask) -> None:
    with app.app_context(), db.transaction() as session:
        other = make.make_account(session, Role.BUYER, party=make.make_party(session, Capacity.BUYER), now=clock.now())
        other_login = other.login
    made = client.post("/api/v1/keys", json={"name": "生产"}, headers=written(client, buyer_login))
    refused = client.delete(f"/api/v1/keys/{made.json['id']}", headers=written(client, other_login))
    assert (refused.status_code, refused.json["code"]) == (404, "account.key_not_found")


def test_an_administrator_creates_an_account_grants_and_disables(
    app: Flask, client: FlaskClient, administrator_login: str
) -> None:
    headers = written(client, administrator_login)
    body = {"login": "checker", "name": "复核员", "password": make.PASSWORD}
    made = client.post("/api/v1/accounts", json=body, headers=key(headers))
    assert (made.status_code, made.json["grants"]) == (201, [])
    url = f"/api/v1/accounts/{made.json['id']}"
    granted = client.post(f"{url}/grants", json={"role": "finance_checker", "place": "xinchang"}, headers=key(headers))
    assert granted.status_code == 201
    clash = client.post(f"{url}/grants", json={"role": "finance_payer", "place": "puer"}, headers=key(headers))
    assert (clash.status_code, clash.json["code"]) == (409, "account.duty_conflict")
    with app.app_context(), db.transaction() as session:
        make.make_account(session, Role.SECURITY_ADMINISTRATOR, now=clock.now())
    alone = client.post(f"{url}/grants", json={"role": "reviewer", "place": "puer"}, headers=key(headers))
    assert (alone.status_code, alone.json["code"]) == (409, "account.second_person_required")
    person = written(client, "checker")
    assert client.get("/api/v1/accounts", headers=person).status_code == 403
    revoked = client.delete(f"/api/v1/grants/{granted.json['id']}", headers=headers)
    assert revoked.json["revoked_at"]
    shown = client.get(url, headers=headers)
    stale = client.post(f"{url}/disablement", json={"reason": "离职"}, headers={**key(headers), "If-Match": '"v99"'})
    assert stale.status_code == 412
    fresh = {**key(headers), "If-Match": shown.headers["ETag"]}
    disabled = client.post(f"{url}/disablement", json={"reason": "离职"}, headers=fresh)
    assert disabled.json["state"] == "disabled"
    assert client.get("/api/v1/me", headers=person).status_code == 401
    enabled = client.post(f"{url}/enablement", headers={**key(headers), "If-Match": disabled.headers["ETag"]})
    assert enabled.json["state"] == "active"
    assert "checker" in {found["login"] for found in client.get("/api/v1/accounts", headers=headers).json["items"]}


def test_creating_an_account_again_with_the_same_key_changes_nothing(
    client: FlaskClient, administrator_login: str
) -> None:
    headers = key(written(client, administrator_login))
    body = {"login": "once", "name": "一次", "password": make.PASSWORD}
    first, second = (client.post("/api/v1/accounts", json=body, headers=headers) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json == second.json
    assert second.headers["Idempotency-Replayed"] == "true"


def test_a_new_password_ends_the_other_sessions(client: FlaskClient, buyer_login: str) -> None:
    here, there = written(client, buyer_login), written(client, buyer_login)
    body = {"present": make.PASSWORD, "password": "another good one"}
    wrong = client.post("/api/v1/me/password", json={**body, "present": "wrong"}, headers=key(here))
    assert (wrong.status_code, wrong.json["code"]) == (422, "account.wrong_password")
    assert client.post("/api/v1/me/password", json=body, headers=key(here)).status_code == 204
    assert client.get("/api/v1/me", headers=here).status_code == 200
    assert client.get("/api/v1/me", headers=there).status_code == 401


def test_without_signing_in_nothing_is_told(client: FlaskClient) -> None:
    for url in ("/api/v1/me", "/api/v1/keys", "/api/v1/accounts"):
        assert client.get(url).status_code == 401
    assert client.get("/api/v1/me", headers=bearer("hys_forged")).status_code == 401
