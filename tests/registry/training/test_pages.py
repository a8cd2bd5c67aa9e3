"""Training through HTTP and in a browser."""

from __future__ import annotations

from io import BytesIO

from flask import Flask
from flask.testing import FlaskClient

from kernel import clock, db
from kernel.identity import Role
from tests.make import registry_base as make
from tests.make.clients import as_person, as_program, key, send

URL = "/api/v1/trainings"


def test_an_officer_records_and_everybody_concerned_reads(app: Flask, client: FlaskClient) -> None:
    with app.app_context(), db.transaction() as session:
        operator, stranger = make.make_operator(session), make.make_operator(session)
        person = make.make_account(session, Role.OPERATOR, party=operator, now=clock.now())
    officer = as_program(app, Role.SUPERVISOR, place="xinchang")
    body = {"account_id": str(person.id), "place": "xinchang", "role_kind": "operating", "course": "数据安全",
            "trained_on": "2026-06-01", "passed": True, "examiner": "县数据局"}  # fmt: skip
    made = client.post(URL, json=body, headers=key(officer))
    assert (made.status_code, made.json["account"]["name"]) == (201, person.name)
    future = client.post(URL, json={**body, "trained_on": "2999-01-01"}, headers=key(officer))
    assert (future.status_code, future.json["errors"][0]["pointer"]) == (422, "/trained_on")
    own = as_program(app, Role.OPERATOR, party=operator)
    summary = client.get(f"{URL}/organisations/{operator.id}?place=xinchang&on=2026-07-01", headers=own).json
    assert (summary["assigned"], summary["passed"], summary["is_met"]) == (2, 1, False)
    assert {one["code"] for one in summary["people"]} == {"", "BLOCKED_TRAINING"}
    assert [one["id"] for one in client.get(URL, headers=own).json["items"]] == [made.json["id"]]
    other = as_program(app, Role.OPERATOR, party=stranger)
    assert client.get(URL, headers=other).json["items"] == []
    assert client.get(f"{URL}/{made.json['id']}", headers=other).status_code == 404
    assert client.get(f"{URL}/organisations/{operator.id}?place=xinchang", headers=other).status_code == 403


def test_an_officer_records_on_the_page_with_a_document(app: Flask) -> None:
    with app.app_context(), db.transaction() as session:
        operator = make.make_operator(session)
        person = make.make_account(session, Role.OPERATOR, party=operator, now=clock.now())
    officer = as_person(app, Role.SUPERVISOR, place="xinchang")
    url = f"/trainings?party_id={operator.id}&place=xinchang"
    assert "BLOCKED_TRAINING" in officer.get(url).get_data(as_text=True)
    fields = {"account_id": str(person.id), "place": "xinchang", "role_kind": "technical", "course": "数据安全",
              "trained_on": "2026-06-01", "passed": "true", "examiner": "县数据局"}  # fmt: skip
    assert send(officer, url, {**fields, "course": ""}, form_at=url).status_code == 422
    document = {"evidence": (BytesIO(b"%PDF-1.7"), "成绩单.pdf")}
    assert send(officer, url, {**fields, **document}, form_at=url).status_code == 303
    page = officer.get(url).get_data(as_text=True)
    assert "BLOCKED_TRAINING" not in page
    evidence = page.split("/evidence")[0].rsplit('href="', 1)[1] + "/evidence"
    assert officer.get(evidence).data == b"%PDF-1.7"
    assert as_person(app, Role.SECURITY_ADMINISTRATOR).get("/trainings").status_code == 403
    assert person.name in as_person(app, Role.OPERATOR, party=operator).get("/trainings").get_data(as_text=True)
