"""Emergency plans and drills in a browser and through HTTP."""

from __future__ import annotations

import base64
import io

from flask import Flask
from flask.testing import FlaskClient

from kernel import clock, db
from kernel.identity import Role
from tests.make import registry_base as make
from tests.make.clients import as_person, as_program, key, send


def test_an_officer_adopts_a_plan_and_the_operator_records_a_drill(app: Flask) -> None:
    with app.app_context(), db.transaction() as session:
        party = make.make_operator(session)
        agreement = make.make_agreement(session, operator=party, now=clock.now())
    officer, operator = as_person(app, Role.SUPERVISOR, place="xinchang"), as_person(app, Role.OPERATOR, party=party)
    url = f"/agreements/{agreement.id}"
    page = f"{url}/emergency"
    drill = {
        "held_on": str(clock.today()), "participants": "运营机构、公安机关", "outcome": "shortcomings",
        "summary": "通知延误", "evidence": (io.BytesIO(b"photo"), "照片.jpg"),
    }  # fmt: skip
    assert "登记演练" not in operator.get(page).get_data(as_text=True)
    plan = {"plan": (io.BytesIO(b"new plan"), "预案二.pdf"), "participants": ["data_authority", "police"]}
    assert send(officer, f"{url}/emergency-plan", plan, form_at=page).status_code == 303
    shown = officer.get(page).get_data(as_text=True)
    for words in ("预案二.pdf", "公安机关", "现行", "未记明参加编制的部门"):
        assert words in shown
    assert officer.get(f"{url}/emergency-plan").data == b"new plan"
    assert send(operator, f"{url}/drills", {**drill, "summary": ""}, form_at=page).status_code == 422
    drill["evidence"] = (io.BytesIO(b"photo"), "照片.jpg")
    assert send(operator, f"{url}/drills", drill, form_at=page).status_code == 303
    shown = operator.get(page).get_data(as_text=True)
    assert "通知延误" in shown
    evidence = shown.split(f'href="{url}/drills/')[1].split('"')[0]
    assert operator.get(f"{url}/drills/{evidence}").data == b"photo"
    assert operator.get(f"{url}/drills/{agreement.id}/evidence").status_code == 404
    assert "下次演练不晚于" in operator.get(url).get_data(as_text=True)


def test_plans_and_drills_through_http(app: Flask, client: FlaskClient) -> None:
    with app.app_context(), db.transaction() as session:
        agreement = make.make_agreement(session, now=clock.now())
    officer, url = as_program(app, Role.SUPERVISOR, place="xinchang"), f"/api/v1/agreements/{agreement.id}"
    tag = client.get(url, headers=officer).headers["ETag"]
    plan = {
        "name": "预案.pdf", "content_base64": base64.b64encode(b"plan two").decode(), "participants": ["police"],
        "others": "网络运营商",
    }  # fmt: skip
    adopted = client.put(f"{url}/emergency-plan", json=plan, headers={**officer, "If-Match": tag})
    assert adopted.status_code == 200, adopted.get_data(as_text=True)
    drill = {
        "held_on": str(clock.today()), "participants": "全体", "outcome": "passed", "summary": "达到预期",
        "name": "记录", "content_base64": base64.b64encode(b"minutes").decode(),
    }  # fmt: skip
    assert client.post(f"{url}/drills", json=drill, headers=key(officer)).status_code == 201
    future = {**drill, "held_on": "2099-01-01"}
    refused = client.post(f"{url}/drills", json=future, headers=key(officer))
    assert (refused.status_code, refused.json["code"]) == (422, "emergency.drill_date")
    told = client.get(f"{url}/emergency", headers=officer).json
    assert [one["others"] for one in told["plans"]] == ["网络运营商"]
    assert told["plans"][0]["sha256"] == adopted.json["emergency_plan_sha256"]
    assert (told["drills"][0]["outcome"], len(told["findings"])) == ("passed", 1)
    assert told["drill_due"] > str(clock.today())
    foreign = as_program(app, Role.SUPERVISOR, place="puer")
    assert client.get(f"{url}/emergency", headers=foreign).status_code == 404
    assert client.post(f"{url}/drills", json=drill, headers=key(foreign)).status_code == 404
