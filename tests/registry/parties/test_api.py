"""Organisations through HTTP."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kernel import db
from kernel.identity import Role
from registry.parties.rules import Capacity, uscc_from_body
from tests.make import registry_base as make
from tests.make.clients import as_program, key

URL = "/api/v1/parties"
BODY = {
    "uscc": uscc_from_body("913306240000000AB").lower(), "name": "甲公司", "kind": "enterprise", "place": "xinchang",
    "capacities": ["buyer"],
}  # fmt: skip


def test_an_organisation_is_registered_read_suspended_and_restored_by_two(app: Flask, client: FlaskClient) -> None:
    one, other = (as_program(app, Role.SUPERVISOR, place="xinchang") for _ in range(2))
    made = client.post(URL, json=BODY, headers=key(one))
    assert made.status_code == 201
    assert made.json["uscc"] == BODY["uscc"].upper()
    url = f"{URL}/{made.json['id']}"
    added = client.post(f"{url}/capacities", json={"capacity": "data_merchant", "place": "xinchang"}, headers=key(one))
    assert {held["capacity"] for held in added.json["capacities"]} == {"buyer", "data_merchant"}
    assert client.post(f"{url}/suspension", json={"reason": "违规"}, headers=key(one)).status_code == 428
    suspended = client.post(
        f"{url}/suspension",
        json={"reason": "违规"},
        headers={**key(one), "If-Match": client.get(url, headers=one).headers["ETag"]},
    )
    assert suspended.json["standing"] == "suspended"
    asked = client.post(f"{url}/restoration", headers={**key(one), "If-Match": suspended.headers["ETag"]})
    assert asked.json["standing"] == "suspended"
    again = client.post(f"{url}/restoration", headers={**key(one), "If-Match": asked.headers["ETag"]})
    assert (again.status_code, again.json["code"]) == (409, "party.second_person_needed")
    restored = client.post(f"{url}/restoration", headers={**key(other), "If-Match": asked.headers["ETag"]})
    assert restored.json["standing"] == "in_order"
    ended = client.post(
        f"{url}/end", json={"reason": "注销"}, headers={**key(one), "If-Match": restored.headers["ETag"]}
    )
    assert ended.json["standing"] == "ended"


@pytest.mark.parametrize(
    ("change", "pointer"),
    [({"uscc": "123"}, "/uscc"), ({"kind": "company"}, "/kind"), ({"capacities": []}, "/capacities"),
     ({"capacities": ["king"]}, "/capacities/0"), ({"name": ""}, "/name"), ({"extra": 1}, "/extra")],
)  # fmt: skip
def test_a_wrong_field_is_named(app: Flask, client: FlaskClient, change: dict[str, object], pointer: str) -> None:
    headers = as_program(app, Role.SUPERVISOR, place="xinchang")
    answer = client.post(URL, json={**BODY, **change}, headers=key(headers))
    assert answer.status_code == 422
    assert pointer in [error["pointer"] for error in answer.json["errors"]]


def test_a_code_that_is_taken_and_a_place_that_is_none_are_refused(app: Flask, client: FlaskClient) -> None:
    headers = as_program(app, Role.SECURITY_ADMINISTRATOR)
    assert client.post(URL, json=BODY, headers=key(headers)).status_code == 201
    taken = client.post(URL, json=BODY, headers=key(headers))
    assert (taken.status_code, taken.json["code"]) == (409, "party.already_registered")
    nowhere = client.post(URL, json={**BODY, "place": "atlantis"}, headers=key(headers))
    assert nowhere.json["code"] == "policy.no_such_place"


def test_nobody_reads_beyond_the_own_scope(app: Flask, client: FlaskClient) -> None:
    with app.app_context(), db.transaction() as session:
        mine, other = make.make_party(session, Capacity.BUYER), make.make_party(session, Capacity.BUYER)
        far = make.make_party(session, Capacity.BUYER, place="puer")
    buyer = as_program(app, Role.BUYER, party=mine)
    assert [party["id"] for party in client.get(URL, headers=buyer).json["items"]] == [str(mine.id)]
    assert client.get(f"{URL}/{other.id}", headers=buyer).status_code == 404
    assert client.post(f"{URL}/{other.id}/suspension", json={"reason": "x"}, headers=key(buyer)).status_code == 403
    supervisor = as_program(app, Role.SUPERVISOR, place="xinchang")
    blind = {**key(supervisor), "If-Match": '"v1"'}
    assert client.post(f"{URL}/{far.id}/suspension", json={"reason": "x"}, headers=blind).status_code == 404
    assert client.post(URL, json={**BODY, "place": "puer"}, headers=key(supervisor)).status_code == 403
    assert client.get(URL).status_code == 401


def test_the_list_is_read_in_pages_and_by_filter(app: Flask, client: FlaskClient) -> None:
    with app.app_context(), db.transaction() as session:
        made = [make.make_party(session, Capacity.BUYER) for _ in range(3)]
        make.make_operator(session)
    headers, seen = as_program(app, Role.AUDITOR), []
    query = {"limit": "2", "capacity": "buyer", "place": "xinchang"}
    while True:
        page = client.get(URL, headers=headers, query_string=query).json
        seen += [party["id"] for party in page["items"]]
        if page["next_cursor"] is None:
            break
        query = {**query, "cursor": page["next_cursor"]}
    assert seen == [str(party.id) for party in made]
    assert client.get(URL, headers=headers, query_string={**query, "place": "puer"}).status_code == 400
    assert client.get(URL, headers=headers, query_string={"capacity": "king"}).status_code == 422
