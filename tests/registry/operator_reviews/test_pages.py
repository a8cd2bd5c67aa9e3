"""Operator-level reviews in a browser without JavaScript, and for programs."""

from __future__ import annotations

import base64
import io
from typing import Any
from uuid import UUID

from flask import Flask
from flask.testing import FlaskClient

from kernel import clock, db
from kernel.identity import Role
from registry.operator_reviews.model import OperatorReview
from tests.make import authorization as auth
from tests.make import registry_base as make
from tests.make.clients import as_person, as_program, key, send

STATEMENTS = {"basic_security": "制度健全", "technical_security": "已过等保三级"}


def operator_of(app: Flask) -> Any:
    """An operator of Xinchang."""
    with app.app_context(), db.transaction() as session:
        return make.make_operator(session)


def test_an_operator_asks_for_its_review_and_sees_until_when_it_is_valid(app: Flask) -> None:
    party = operator_of(app)
    operator = as_person(app, Role.OPERATOR, party=party)
    made = send(operator, "/operator-reviews", {"place": "xinchang"}, form_at="/operator-reviews")
    assert made.status_code == 303
    url = str(made.location)
    assert "提交审核</button>" not in operator.get(url).get_data(as_text=True)
    assert send(operator, f"{url}/statements", STATEMENTS, form_at=url).status_code == 303
    sent = {"evidence": (io.BytesIO(b"report"), "测评报告.pdf")}
    assert send(operator, f"{url}/evidence", sent, form_at=url).status_code == 303
    assert operator.get(f"{url}/evidence").data == b"report"
    assert send(operator, f"{url}/submit", {}, form_at=url).status_code == 303
    with app.app_context(), db.transaction() as session:
        found = session.get_one(OperatorReview, UUID(url.rsplit("/", 1)[1]))
        assert found.review_id is not None
        auth.agree(session, found.review_id, now=clock.now())
    page = operator.get(url).get_data(as_text=True)
    for words in ("审核通过", "有效至", "已过等保三级"):
        assert words in page
    officer = as_person(app, Role.SUPERVISOR, place="xinchang")
    assert party.name in officer.get("/operator-reviews?place=xinchang").get_data(as_text=True)
    stranger = as_person(app, Role.OPERATOR, party=operator_of(app))
    assert stranger.get(url).status_code == 404
    assert send(operator, f"{url}/withdraw", {"reason": "撤回"}, form_at=url).status_code in (409, 412, 428)


def test_a_program_asks_saves_submits_and_withdraws(app: Flask, client: FlaskClient) -> None:
    party = operator_of(app)
    headers = as_program(app, Role.OPERATOR, party=party)
    body = {"operator_id": str(party.id), "place": "xinchang", "statements": {"basic_security": "制度健全"}}
    last = client.post("/api/v1/operator-reviews", json=body, headers=key(headers))
    assert last.status_code == 201, last.get_data(as_text=True)
    url = f"/api/v1/operator-reviews/{last.json['id']}"

    def step(name: str, data: object = None, method: str = "post") -> Any:
        nonlocal last
        answer = getattr(client, method)(
            f"{url}{name}", json=data, headers={**key(headers), "If-Match": last.headers["ETag"]}
        )
        last = answer if answer.status_code == 200 else last
        return answer

    assert step("/submission").json["code"] == "operator_review.incomplete"
    assert step("", {"statements": STATEMENTS}, "patch").json["statements"] == STATEMENTS
    evidence = {"name": "a.pdf", "content_base64": base64.b64encode(b"x").decode()}
    assert len(step("/evidence", evidence, "put").json["evidence_sha256"]) == 64
    assert step("/submission").json["state"] == "under_review"
    assert step("/withdrawal", {"reason": "补测"}).json["state"] == "withdrawn"
    listed = client.get("/api/v1/operator-reviews?place=xinchang", headers=headers).json["items"]
    assert [one["is_valid"] for one in listed] == [False]
