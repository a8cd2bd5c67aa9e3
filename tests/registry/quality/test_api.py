"""Quality tickets and scores through HTTP."""

from __future__ import annotations

import base64

from flask import Flask
from flask.testing import FlaskClient

from kernel import clock, db
from kernel.identity import Role
from tests.make import registry_base as make
from tests.make.clients import as_program, key
from tests.make.registry_products import make_merchant

URL = "/api/v1/quality"


def test_a_merchant_reports_a_problem_and_the_department_answers(app: Flask, client: FlaskClient) -> None:
    with clock.set_to(make.NOW):
        with app.app_context(), db.transaction() as session:
            department, owner = make.make_department(session), make_merchant(session)
            resource = make.make_resource(session, department)
        merchant = as_program(app, Role.MERCHANT, party=owner, place="xinchang")
        source = as_program(app, Role.SOURCE, party=department)
        score = f"{URL}/resources/{resource.id}/score"
        assert client.get(score, headers=merchant).json["value"] == "1.0000"
        evidence = {"name": "a.csv", "content_base64": base64.b64encode(b"a").decode()}
        body = {"resource_id": str(resource.id), "reporter_id": str(owner.id), "category": "accuracy",
                "description": "三条记录的地址有误", "evidence": evidence}  # fmt: skip
        made = client.post(f"{URL}/tickets", json=body, headers=key(merchant))
        assert (made.status_code, made.json["state"], made.json["due_date"]) == (201, "filed", "2026-07-15")
        steps = f"{URL}/tickets/{made.json['id']}/steps"
        blind = client.post(steps, json={"event": "accept"}, headers=key(source))
        assert blind.status_code == 428
        seen = {**key(source), "If-Match": made.headers["ETag"]}
        accepted = client.post(steps, json={"event": "accept"}, headers=seen)
        assert (accepted.status_code, accepted.json["state"]) == (200, "accepted")
        again = {**key(source), "If-Match": accepted.headers["ETag"]}
        refused = client.post(steps, json={"event": "accept"}, headers=again)
        assert (refused.status_code, refused.json["code"]) == (409, "quality.wrong_state")
        found = client.get(score, headers=merchant).json
        assert found["value"] == "0.9400"
        assert {line["category"]: line["open_count"] for line in found["lines"]}["accuracy"] == 1
        listed = client.get(f"{URL}/tickets", headers=source, query_string={"state": "accepted"}).json["items"]
        assert [one["number"] for one in listed] == [made.json["number"]]


def test_strangers_find_no_ticket_and_wrong_fields_are_named(app: Flask, client: FlaskClient) -> None:
    with app.app_context(), db.transaction() as session:
        owner = make_merchant(session)
        resource = make.make_resource(session)
    merchant = as_program(app, Role.MERCHANT, party=owner, place="xinchang")
    answer = client.post(f"{URL}/tickets", json={"resource_id": str(resource.id)}, headers=key(merchant))
    assert answer.status_code == 422
    assert {"/category", "/description", "/reporter_id"} <= {error["pointer"] for error in answer.json["errors"]}
    assert client.get(f"{URL}/tickets").status_code == 401
    assert client.get(f"{URL}/resources/{owner.id}/score", headers=merchant).status_code == 404
