"""The selection page of the authority, and the public result, in a browser and for programs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from kernel import clock, db
from kernel.identity import Role
from tests.make import authorization as auth
from tests.make.clients import as_person, as_program, key, send


def closed(app: Flask, place: str) -> tuple[Any, Any]:
    """A call that is over, with an application that passed."""
    with app.app_context(), db.transaction() as session:
        then = clock.now() - auth.AFTER_CALL
        call = auth.make_call(session, place=place, plan=auth.make_plan(session, place=place), now=then)
        application = auth.make_application(session, call, now=then + timedelta(days=1))
        auth.close_call(session, call, now=clock.now())
        return call, application


def test_two_officers_select_and_publish_and_a_visitor_reads_the_result(app: Flask, client: FlaskClient) -> None:
    call, application = closed(app, "xinchang")
    one, other = (as_person(app, Role.SUPERVISOR, place="xinchang") for _ in range(2))
    url = f"/calls/{call.id}/selection"
    assert application.number in one.get(url).get_data(as_text=True)
    assert send(one, url, {"application_id": str(application.id)}, form_at=url).status_code == 422
    proposal = {"application_id": str(application.id), "reason": "评审第一名"}
    assert send(one, url, proposal, form_at=url).status_code == 303
    assert "等待另一位主管人员确认" in one.get(url).get_data(as_text=True)
    assert send(other, f"{url}/confirm", {}, form_at=url).status_code == 303
    assert client.get(f"/calls/{call.id}/result").status_code == 404
    refused = send(other, f"{url}/publish", {"filing_reference": ""}, form_at=url)
    assert refused.status_code == 422
    assert "备案编号" in refused.get_data(as_text=True)
    assert send(other, f"{url}/publish", {"filing_reference": "浙备7号"}, form_at=url).status_code == 303
    result = client.get(f"/calls/{call.id}/result").get_data(as_text=True)
    for words in (auth.TEXTS["domain"], auth.TEXTS["scenario"], "浙备7号"):
        assert words in result
    assert "SEL-" in client.get("/calls/results?place=xinchang").get_data(as_text=True)
    assert "查看选定结果" in client.get(f"/calls/{call.id}").get_data(as_text=True)
    assert as_person(app, Role.SUPERVISOR, place="puer").get(url).status_code == 403


def test_programs_select_drop_and_publish(app: Flask, client: FlaskClient) -> None:
    call, application = closed(app, "futian")
    one, other = (as_program(app, Role.SUPERVISOR, place="futian") for _ in range(2))
    body = {"call_id": str(call.id), "application_id": str(application.id), "reason": "评审第一名"}
    refused = client.post("/api/v1/selections", json=body, headers=key(one))
    assert (refused.status_code, refused.json["code"]) == (422, "selection.status_approval_missing")
    body["status_approval_record"] = "福府3号"

    def step(last: Any, name: str, headers: dict[str, str], data: object = None) -> Any:
        sent = {**key(headers), "If-Match": last.headers["ETag"]}
        return client.post(f"/api/v1/selections/{last.json['id']}/{name}", json=data, headers=sent)

    made = client.post("/api/v1/selections", json=body, headers=key(one))
    assert made.status_code == 201, made.get_data(as_text=True)
    assert step(made, "confirmation", one).json["code"] == "selection.second_person_needed"
    assert step(made, "drop", one, {"reason": "另议"}).json["state"] == "dropped"
    again = client.post("/api/v1/selections", json=body, headers=key(one))
    confirmed = step(again, "confirmation", other)
    assert (confirmed.json["state"], confirmed.json["status_approved_by"]) == ("confirmed", "district_government")
    assert client.get("/api/v1/selections/results").json["items"] == []
    assert step(confirmed, "publication", other, {}).json["state"] == "published"
    assert len(client.get("/api/v1/selections/results?place=futian").json["items"]) == 1
