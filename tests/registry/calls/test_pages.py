"""Calls for everybody, in a browser and for programs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from kernel import clock, db
from kernel.identity import Role
from tests.make import authorization as auth
from tests.make.clients import as_person, as_program, key, send


def test_an_officer_drafts_saves_and_publishes_a_call_and_a_visitor_reads_it(app: Flask, client: FlaskClient) -> None:
    officer = as_person(app, Role.SUPERVISOR, place="puer")
    with app.app_context(), db.transaction() as session:
        plan = auth.make_plan(session)
    assert "没有公告" in client.get("/calls").get_data(as_text=True)
    fields = {"plan_id": str(plan.plan_id), "title": "运营机构遴选", "method": "open_tender"}
    made = send(officer, "/calls/new", fields, form_at="/calls/new")
    assert made.status_code == 303, made.get_data(as_text=True)
    url = str(made.location)
    assert client.get(url).status_code == 404
    refused = send(officer, f"{url}/publish", {}, form_at=url)
    assert refused.status_code == 422
    assert "评审标准" in refused.get_data(as_text=True)
    today = clock.today()
    days = {"opens_on": str(today), "closes_on": str(today + timedelta(days=20))}
    edited = send(officer, f"{url}/edit", {**fields, **auth.TEXTS, **days}, form_at=f"{url}/edit")
    assert edited.status_code == 303, edited.get_data(as_text=True)
    assert send(officer, f"{url}/publish", {}, form_at=url).status_code == 303
    for page in (client.get(url), client.get("/calls?place=puer&state=published")):
        assert page.status_code == 200
        assert "运营机构遴选" in page.get_data(as_text=True)
    public = client.get(url).get_data(as_text=True)
    assert "下一步" not in public
    assert "公开招标" in public
    assert send(officer, f"{url}/cancel", {}, form_at=url).status_code == 422
    assert send(officer, f"{url}/cancel", {"reason": "方案调整"}, form_at=url).status_code == 303
    assert "方案调整" in client.get(url).get_data(as_text=True)


def test_a_program_publishes_a_call_and_everybody_lists_it(app: Flask, client: FlaskClient) -> None:
    headers = as_program(app, Role.SUPERVISOR, place="puer")
    with app.app_context(), db.transaction() as session:
        plan = auth.make_plan(session)
    today = clock.today()
    body = {"plan_id": str(plan.plan_id), "title": "公告", "method": "negotiation", "texts": auth.TEXTS}
    made = client.post("/api/v1/calls", json=body, headers=key(headers))
    assert made.status_code == 201, made.get_data(as_text=True)
    url, last = f"/api/v1/calls/{made.json['id']}", made

    def step(name: str, data: object = None, method: str = "post") -> Any:
        nonlocal last
        last = getattr(client, method)(
            f"{url}{name}", json=data, headers={**key(headers), "If-Match": last.headers["ETag"]}
        )
        return last

    assert client.get(url).status_code == 404
    assert client.get("/api/v1/calls").json["items"] == []
    assert step("", {"opens_on": str(today), "closes_on": str(today)}, "patch").status_code == 200
    assert step("/publication").json["is_open"] is True
    assert [one["number"] for one in client.get("/api/v1/calls").json["items"]] == ["CALL-2026-000001"]
    assert client.get(url).json["plan"]["number"] == "PLN-2026-000001"
    early = client.post(f"{url}/closing", headers={**key(headers), "If-Match": last.headers["ETag"]})
    assert (early.status_code, early.json["code"]) == (409, "call.still_open")
    assert step("/cancellation", {"reason": "撤回"}).json["state"] == "cancelled"
    assert client.post("/api/v1/calls", json=body, headers=key({})).status_code == 401
