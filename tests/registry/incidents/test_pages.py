"""Incidents through HTTP."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from kernel import db
from kernel.identity import Role
from registry.agreements.model import Agreement
from registry.parties.model import Party
from tests.make import registry_base as make
from tests.make import registry_products as products
from tests.make.clients import as_person, as_program, key, send

URL = "/api/v1/incidents"


def operating(app: Flask) -> tuple[Agreement, Party]:
    """An agreement of Xinchang and its operator."""
    with app.app_context(), db.transaction() as session:
        operator = make.make_operator(session)
        return make.make_agreement(session, operator=operator), operator


def test_an_operator_stops_and_reports_and_two_officers_decide(app: Flask) -> None:
    agreement, operator = operating(app)
    person = as_person(app, Role.OPERATOR, party=operator)
    fields = {"agreement_id": str(agreement.id), "title": "可识别个人", "description": "关联后可识别", "risks": []}
    assert send(person, "/incidents/new", fields, form_at="/incidents/new").status_code == 422
    made = send(person, "/incidents/new", {**fields, "risks": ["personal_information"]}, form_at="/incidents/new")
    assert made.status_code == 303
    url = str(made.location)
    assert "已停止处理" in person.get(url).get_data(as_text=True)
    assert send(person, f"{url}/stop", {"measures": ""}, form_at=url).status_code == 422
    assert send(person, f"{url}/stop", {"measures": "接口已关闭"}, form_at=url).status_code == 303
    refused = send(person, f"{url}/close_report", {}, form_at=url)
    assert refused.status_code == 409
    assert "公共数据主管部门" in refused.get_data(as_text=True)
    told = {"recipient": "data_authority", "reference": "电话，王某"}
    assert send(person, f"{url}/report", told, form_at=url).status_code == 303
    assert send(person, f"{url}/close_report", {}, form_at=url).status_code == 303
    assert "评估结论" not in person.get(url).get_data(as_text=True)
    one, other = (as_person(app, Role.SUPERVISOR, place="xinchang") for _ in range(2))
    assert send(one, f"{url}/assess", {"assessment": "可控"}, form_at=url).status_code == 303
    assert "须由另一位主管人员决定" in one.get(url).get_data(as_text=True)
    assert send(other, f"{url}/resume", {"reason": "已整改"}, form_at=url).status_code == 303
    history = other.get(url).get_data(as_text=True)
    for words in ("停止处理", "报告 · 公共数据主管部门", "报告完毕", "评估", "恢复处理", "已恢复"):
        assert words in history
    assert "可识别个人" in other.get("/incidents?state=resumed").get_data(as_text=True)
    assert as_person(app, Role.SUPERVISOR, place="puer").get(url).status_code == 404


def test_a_product_is_chosen_from_a_list_and_no_identifier_typed(app: Flask) -> None:
    with app.app_context(), db.transaction() as session:
        operator = make.make_operator(session)
        agreement = make.make_agreement(session, operator=operator)
        product = products.make_product(session, agreement=agreement, owner=operator)
        choice = f'<option value="{product.id}"'
    form = as_person(app, Role.OPERATOR, party=operator).get("/incidents/new").get_data(as_text=True)
    assert choice in form.split('name="product_id"')[1].split("</select>")[0]


def test_a_program_goes_through_all_steps(app: Flask, client: FlaskClient) -> None:
    agreement, operator = operating(app)
    program = as_program(app, Role.OPERATOR, party=operator)
    one, other = (as_program(app, Role.SUPERVISOR, place="xinchang") for _ in range(2))
    body = {"agreement_id": str(agreement.id), "title": "风险", "description": "情况", "risks": ["trade_secret"]}
    last: Any = client.post(URL, json=body, headers=key(program))
    assert (last.status_code, last.json["is_halted"]) == (201, True)
    assert last.json["missing_recipients"] == ["data_authority"]
    url = f"{URL}/{last.json['id']}"

    def step(name: str, data: object = None, headers: dict[str, str] = program, status: int = 200) -> Any:
        nonlocal last
        answer = client.post(f"{url}/{name}", json=data, headers={**key(headers), "If-Match": last.headers["ETag"]})
        assert answer.status_code == status, answer.get_data(as_text=True)
        last = answer if status == 200 else last
        return answer.json

    step("stop", {"measures": "停止"})
    assert step("report-closing", status=409)["code"] == "incident.recipients_missing"
    step("reports", {"recipient": "nobody", "reference": "1"}, status=422)
    assert step("reports", {"recipient": "data_authority", "reference": "1号"})["missing_recipients"] == []
    assert step("report-closing")["state"] == "reported"
    step("assessment", {"assessment": "可控"}, status=403)
    step("assessment", {"assessment": "不可控"}, one)
    assert step("resumption", {"reason": "x"}, one, 409)["code"] == "incident.second_person_needed"
    assert step("termination", {"reason": "不再处理"}, other)["is_halted"] is True
    assert step("resumption", {"reason": "x"}, other, 409)["code"] == "incident.wrong_state"
    found = client.get(f"{URL}?state=terminated", headers=program).json["items"]
    assert [one["id"] for one in found] == [last.json["id"]]
    assert client.get(URL).status_code == 401
