"""Keys replaced by programs and in the browser: the secret is shown once."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kernel import clock, db
from kernel.identity import Role
from registry.parties.model import Party
from registry.parties.rules import Capacity
from tests.make import registry_base as make
from tests.make.clients import as_person, bearer, send, written


@pytest.fixture
def buyer(app: Flask) -> Party:
    """An organisation of Xinchang with one person who signs in as buyer."""
    with app.app_context(), db.transaction() as session:
        party = make.make_party(session, Capacity.BUYER)
        make.make_account(session, Role.BUYER, party=party, login="buyer", now=clock.now())
        return party


def works(app: Flask, secret: str) -> bool:
    """Say whether a key is accepted."""
    return app.test_client().get("/api/v1/me", headers=bearer(secret)).status_code == 200


def test_a_program_replaces_its_key_and_the_old_one_ends(app: Flask, client: FlaskClient, buyer: Party) -> None:
    headers = written(client, "buyer")
    made = client.post("/api/v1/keys", json={"name": f"{buyer.name}-生产"}, headers=headers).json
    url = f"/api/v1/keys/{made['id']}/rotation"
    both = client.post(url, json={"days": 30, "overlap_hours": 1}, headers=headers)
    assert both.status_code == 201
    assert both.json["replaces"]["id"] == made["id"]
    assert "secret" not in both.json["replaces"]
    assert works(app, made["secret"])
    assert works(app, both.json["secret"])
    only = client.post(url, json={}, headers=headers)
    assert not works(app, made["secret"])
    assert works(app, only.json["secret"])
    again = client.post(url, json={}, headers=headers)
    assert (again.status_code, again.json["code"]) == (409, "account.key_ended")
    assert client.post(url, json={"overlap_hours": 169}, headers=headers).status_code == 422


def test_a_person_replaces_a_key_on_the_account_page(app: Flask, buyer: Party) -> None:
    person = as_person(app, Role.BUYER, party=buyer)
    first = send(person, "/account/keys", {"name": "生产", "days": "30"}, form_at="/account").get_data(as_text=True)
    pattern = r"hyk_[0-9a-f]{12}_[A-Za-z0-9_-]{43}"
    old = re.search(pattern, first)[0]
    where = re.search(r'action="(/account/keys/[^"]+/rotation)"', person.get("/account").text)[1]
    wrong = send(person, where, {"days": "0", "overlap_hours": "0"}, form_at="/account")
    assert (wrong.status_code, "密钥未更换" in wrong.text) == (422, True)
    made = send(person, where, {"days": "30", "overlap_hours": "0"}, form_at="/account")
    assert (made.status_code, "“生产”已停用" in made.text) == (201, True)
    new = re.search(pattern, made.text)[0]
    assert (works(app, old), works(app, new)) == (False, True)
    assert new not in person.get("/account").text
    twice = send(person, where, {"days": "30", "overlap_hours": "0"}, form_at="/account")
    assert (twice.status_code, "不能更换" in twice.text) == (409, True)
