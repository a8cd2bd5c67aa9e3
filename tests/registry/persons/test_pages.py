"""The security administrator's desk in a browser and for programs."""

from __future__ import annotations

import re

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from kernel import db
from kernel.identity import Role
from registry.accounts.model import Account, RoleGrant
from registry.parties.rules import Capacity
from tests.make import people
from tests.make import registry_base as make
from tests.make.clients import as_person, as_program, key, send

URL = "/api/v1"


def made_account(app: Flask, **fields: object) -> Account:
    """An account without roles."""
    with app.app_context(), db.transaction() as session:
        return make.make_account(session, **fields)


def test_an_account_is_created_identified_granted_by_two_disabled_and_enabled(app: Flask) -> None:
    with app.app_context(), db.transaction() as session:
        party = make.make_party(session, Capacity.BUYER)
    one, other = (as_person(app, Role.SECURITY_ADMINISTRATOR) for _ in range(2))
    number = people.identity_number()
    form = {"name": "采购员", "login": "buyer-1", "password": make.PASSWORD, "party_id": str(party.id)}
    wrong = send(one, "/accounts/new", {**form, "identity_number": "123"}, form_at="/accounts/new")
    assert (wrong.status_code, "校验位须相符" in wrong.get_data(as_text=True)) == (422, True)
    made = send(one, "/accounts/new", {**form, "identity_number": number}, form_at="/accounts/new")
    assert made.status_code == 303
    url = made.location
    page = one.get(url).get_data(as_text=True)
    assert "已核验" in page
    assert number not in page
    granted = send(one, f"{url}/grants", {"role": "buyer", "place": "xinchang"}, form_at=url)
    assert granted.status_code == 303
    asked = send(one, f"{url}/grants", {"role": "reviewer", "place": "xinchang", "reason": "轮岗"}, form_at=url)
    assert asked.status_code == 303
    step = re.search(rf'action="({url}/asks/[^"]+/)withdrawal"', one.get(url).get_data(as_text=True))[1]
    assert send(other, f"{step}confirmation", {}, form_at=url).status_code == 303
    assert "合规审核" in other.get(url).get_data(as_text=True)
    assert "采购员" in one.get("/accounts?q=buyer-1").get_data(as_text=True)
    assert send(one, f"{url}/disablement", {"reason": ""}, form_at=url).status_code == 422
    assert send(one, f"{url}/disablement", {"reason": "离职"}, form_at=url).status_code == 303
    assert send(one, f"{url}/enablement", {}, form_at=url).status_code == 303
    grant = re.search(rf'action="({url}/grants/[^"]+/revocation)"', one.get(url).get_data(as_text=True))[1]
    assert send(one, grant, {}, form_at=url).status_code == 303


def test_the_asker_sees_a_refusal_in_words_on_the_page(app: Flask) -> None:
    account = made_account(app)
    one, _other = (as_person(app, Role.SECURITY_ADMINISTRATOR) for _ in range(2))
    url = f"/accounts/{account.id}"
    fields = {"role": "auditor", "reason": "轮岗"}
    assert send(one, f"{url}/grants", fields, form_at=url).status_code == 303
    assert "待另一人确认的职责" in one.get("/accounts").get_data(as_text=True)
    again = send(one, f"{url}/grants", fields, form_at=url)
    assert (again.status_code, "已有待确认的申请" in again.get_data(as_text=True)) == (409, True)
    version = {"version": "1"}
    step = re.search(rf'action="({url}/asks/[^"]+/)withdrawal"', one.get(url).get_data(as_text=True))[1]
    assert send(one, f"{step}confirmation", version, form_at=url).status_code == 409


def test_the_only_administrator_grants_such_a_role_alone(app: Flask) -> None:
    account = made_account(app)
    alone = as_person(app, Role.SECURITY_ADMINISTRATOR)
    url = f"/accounts/{account.id}"
    assert send(alone, f"{url}/grants", {"role": "auditor", "reason": "初始设置"}, form_at=url).status_code == 303
    with app.app_context():
        assert db.session().scalar(sa.select(RoleGrant.role).where(RoleGrant.account_id == account.id)) is Role.AUDITOR


def test_a_lost_password_is_set_anew_with_a_token_that_is_shown_once(app: Flask, client: FlaskClient) -> None:
    account = made_account(app, login="forgetful")
    administrator = as_person(app, Role.SECURITY_ADMINISTRATOR)
    url = f"/accounts/{account.id}"
    shown = send(administrator, f"{url}/password-reset", {}, form_at=url)
    assert shown.status_code == 201
    token = re.search(r"hyr_[A-Za-z0-9_-]+", shown.get_data(as_text=True))[0]
    assert token not in administrator.get(url).get_data(as_text=True)
    fields = {"token": token, "password": "another horse battery"}
    weak = send(client, "/password-reset", {**fields, "password": "short"}, form_at="/password-reset")
    assert (weak.status_code, "密码至少" in weak.get_data(as_text=True)) == (422, True)
    assert send(client, "/password-reset", fields, form_at="/password-reset").location == "/sign-in"
    assert send(client, "/password-reset", fields, form_at="/password-reset").status_code == 404
    sign_in = {"login": "forgetful", "password": "another horse battery"}
    assert client.post(f"{URL}/sessions", json=sign_in).status_code == 201


def test_programs_do_the_same(app: Flask, client: FlaskClient) -> None:
    one, other = made_account(app), made_account(app)
    asker, checker = (as_program(app, Role.SECURITY_ADMINISTRATOR) for _ in range(2))
    number = {"identity_number": people.identity_number()}
    for account in (one, other):
        taken = client.post(f"{URL}/accounts/{account.id}/identity", json=number, headers=asker)
        assert taken.status_code == 201
    known = client.get(f"{URL}/accounts/{one.id}/identity", headers=asker).json
    assert known == {"account_id": str(one.id), "is_identified": True, "other_accounts": [str(other.id)]}
    body = {"account_id": str(one.id), "role": "price", "place": "xinchang", "reason": "轮岗"}
    asked = client.post(f"{URL}/grant-asks", json=body, headers=key(asker))
    assert (asked.status_code, asked.json["state"]) == (201, "asked")
    url, seen = f"{URL}/grant-asks/{asked.json['id']}", {"If-Match": asked.headers["ETag"]}
    assert client.post(f"{url}/confirmation", headers=key(checker)).status_code == 428
    own = client.post(f"{url}/confirmation", headers={**key(asker), **seen})
    assert (own.status_code, own.json["code"]) == (409, "person.second_person_needed")
    done = client.post(f"{url}/confirmation", headers={**key(checker), **seen})
    assert (done.status_code, done.json["state"]) == (200, "confirmed")
    assert [ask["id"] for ask in client.get(f"{URL}/grant-asks?state=confirmed", headers=asker).json["items"]]
    issued = client.post(f"{URL}/accounts/{one.id}/password-reset", headers=asker)
    answer = client.post(f"{URL}/password-reset", json={"token": issued.json["token"], "password": "a new horse here"})
    assert answer.status_code == 204
    stranger = as_program(app, Role.SUPERVISOR)
    assert client.post(f"{URL}/accounts/{one.id}/password-reset", headers=stranger).status_code == 403


def test_only_security_administrators_have_the_desk(app: Flask) -> None:
    account = made_account(app)
    officer = as_person(app, Role.SUPERVISOR)
    for url in ("/accounts", "/accounts/new", f"/accounts/{account.id}"):
        assert officer.get(url).status_code == 403
