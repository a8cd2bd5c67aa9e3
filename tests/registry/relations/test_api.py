"""Related-party edges through HTTP and in a browser."""

from __future__ import annotations

from flask import Flask
from flask.testing import FlaskClient

from kernel import db
from kernel.identity import Role
from registry.parties.rules import Capacity
from tests.make import registry_base as make
from tests.make.clients import as_person, as_program, key, send

URL = "/api/v1/relations"


def test_a_program_declares_an_edge_and_the_authority_finds_the_chain_and_ends_it(
    app: Flask, client: FlaskClient
) -> None:
    with app.app_context(), db.transaction() as session:
        operator, child, stranger = (make.make_party(session, Capacity.OPERATING_INSTITUTION) for _ in range(3))
    own = as_program(app, Role.OPERATOR, party=operator)
    body = {"from_id": str(operator.id), "to_id": str(child.id), "kind": "share", "share": "0.25",
            "from_date": "2026-01-01", "source": "股东名册"}  # fmt: skip
    made = client.post(URL, json=body, headers=key(own))
    assert (made.status_code, made.json["share"], made.json["origin"]) == (201, "0.25", "declared")
    wrong = client.post(URL, json={**body, "share": "25"}, headers=key(own))
    assert (wrong.status_code, wrong.json["errors"][0]["pointer"]) == (422, "/share")
    assert client.get(f"{URL}/path?from_id={operator.id}&to_id={child.id}", headers=own).status_code == 404
    officer = as_program(app, Role.SUPERVISOR, place="xinchang")
    found = client.get(f"{URL}/path?from_id={operator.id}&to_id={child.id}", headers=officer).json
    assert (found["is_related"], found["path"]) == (True, [made.json["id"]])
    assert "25%" in found["share_rule"]
    assert not client.get(f"{URL}/path?from_id={child.id}&to_id={stranger.id}", headers=officer).json["is_related"]
    end = {"ended_on": "2026-06-01", "reason": "转让"}
    assert client.post(f"{URL}/{made.json['id']}/end", json=end, headers=key(own)).status_code == 403
    assert client.post(f"{URL}/{made.json['id']}/end", json=end, headers=key(officer)).status_code == 201
    assert client.get(f"{URL}/{made.json['id']}", headers=own).json["end"]["ended_on"] == "2026-06-01"
    elsewhere = as_program(app, Role.SUPERVISOR, place="quzhou")
    assert client.get(f"{URL}/{made.json['id']}", headers=elsewhere).status_code == 404
    assert client.get(URL, headers=elsewhere).json["items"] == []


def test_an_officer_records_looks_up_and_ends_an_edge_on_the_page(app: Flask) -> None:
    with app.app_context(), db.transaction() as session:
        one, other = (make.make_party(session, Capacity.DATA_MERCHANT) for _ in range(2))
    officer = as_person(app, Role.SUPERVISOR, place="xinchang")
    form = {"from_id": str(one.id), "to_id": str(other.id), "kind": "control", "from_date": "2026-01-01",
            "source": "章程"}  # fmt: skip
    assert send(officer, "/relations", {**form, "source": ""}, form_at="/relations").status_code == 422
    assert send(officer, "/relations", form, form_at="/relations").status_code == 303
    assert send(officer, "/relations", form, form_at="/relations").status_code == 409
    text = officer.get(f"/relations?from_id={one.id}&to_id={other.id}").get_data(as_text=True)
    assert f"{one.name} 控制 {other.name}" in text
    assert "没有关联路径" not in text
    address = text.split('/end"')[0].rsplit('action="', 1)[1] + "/end"
    assert send(officer, address, {"ended_on": "", "reason": ""}, form_at="/relations").status_code == 422
    assert send(officer, address, {"ended_on": "2026-02-01", "reason": "转让"}, form_at="/relations").status_code == 303
    text = officer.get(f"/relations?from_id={one.id}&to_id={other.id}").get_data(as_text=True)
    assert "没有关联路径" in text
    assert officer.get("/relations?from_id=x&to_id=y").status_code == 200
