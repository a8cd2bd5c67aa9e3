"""Applications in a browser without JavaScript, and for programs."""

from __future__ import annotations

import base64
import io
from datetime import timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from kernel import clock, db
from kernel.identity import Role
from tests.make import authorization as auth
from tests.make import registry_base as make
from tests.make.clients import as_person, as_program, key, send

FORM = {
    "address": "人民路 1 号", "nature": "private", "registered_capital": "5000.5", "staff_count": "12",
    "contact": "张三", "phone": "0879-1", "requested_scope": "企业登记", "profile": "简介", "signed_by": "张三",
    "incidents_declared": "true", "incidents": "",
}  # fmt: skip
PROOFS = ("qualification", "no_bad_record", "security_commitment", "feasibility")


def opened(app: Flask) -> tuple[Any, Any]:
    """A call that is open now, and an operator."""
    with app.app_context(), db.transaction() as session:
        return auth.make_call(session, now=clock.now()), make.make_operator(session, place="puer")


def test_an_operator_fills_in_the_form_bit_by_bit_and_submits_it(app: Flask) -> None:
    call, party = opened(app)
    operator = as_person(app, Role.OPERATOR, party=party)
    assert "提出申请" in operator.get(f"/calls/{call.id}").get_data(as_text=True)
    made = send(operator, f"/calls/{call.id}/apply", {}, form_at=f"/calls/{call.id}/apply")
    assert made.status_code == 303
    url = str(made.location)
    base = url.removesuffix("/edit")
    assert "尚缺 13 项" in operator.get(url).get_data(as_text=True)
    assert operator.get(f"/calls/{call.id}/apply").location == url
    wrong = send(operator, url, {**FORM, "registered_capital": "1e9", "incidents": "去年 泄露"}, form_at=url)
    assert wrong.status_code == 422
    assert "每行写一个日期" in wrong.get_data(as_text=True)
    saved = send(operator, url, {**FORM, "incidents": "2019-05-01 短暂中断"}, form_at=url)
    assert saved.status_code == 303, saved.get_data(as_text=True)
    page = operator.get(url).get_data(as_text=True)
    assert "2019-05-01 短暂中断" in page
    assert 'value="5000.5"' in page
    assert "尚缺 4 项" in page
    for kind in PROOFS:
        sent = {"kind": kind, "document": (io.BytesIO(b"proof"), f"{kind}.pdf")}
        assert send(operator, f"{base}/proofs", sent, form_at=url).status_code == 303
    assert operator.get(f"{base}/proofs/feasibility").data == b"proof"
    assert send(operator, f"{base}/submit", {}, form_at=url).status_code == 303
    shown = operator.get(base).get_data(as_text=True)
    for words in ("系统核查", "组织形式", "提交申请", "5,000.5"):
        assert words in shown
    locked = operator.get(url).get_data(as_text=True)
    assert "不能再修改" in locked
    assert 'name="address"' not in locked
    officer = as_person(app, Role.REVIEWER, place="puer")
    assert party.name in officer.get(f"/applications?call={call.id}").get_data(as_text=True)
    assert send(officer, f"{base}/score", {"score": "101", "reason": "好"}, form_at=base).status_code == 422
    assert send(officer, f"{base}/score", {"score": "92.5", "reason": "方案可行"}, form_at=base).status_code == 303
    assert "92.5" in officer.get(base).get_data(as_text=True)
    stranger = as_person(app, Role.OPERATOR, party=opened(app)[1])
    assert stranger.get(base).status_code == 404
    assert stranger.get(f"{base}/proofs/feasibility").status_code == 404


def test_nobody_is_asked_to_apply_where_it_would_be_refused(app: Flask) -> None:
    with app.app_context(), db.transaction() as session:
        call = auth.make_call(session, now=clock.now())
        over = auth.make_call(session, now=clock.now() - timedelta(days=40))
        elsewhere, here = (make.make_operator(session, place=place) for place in ("quzhou", "puer"))
    for party, place, asked, said in (
        (elsewhere, "quzhou", call, "不能以本单位名义申请"), (here, "puer", over, "这份公告现在不受理申请"),
    ):  # fmt: skip
        person = as_person(app, Role.OPERATOR, party=party, place=place)
        shown = person.get(f"/calls/{asked.id}/apply").get_data(as_text=True)
        assert said in shown
        assert "建立申请" not in shown


def test_a_program_applies_and_reads_what_the_system_found(app: Flask, client: FlaskClient) -> None:
    call, party = opened(app)
    headers = as_program(app, Role.OPERATOR, party=party)
    body = {"call_id": str(call.id), "applicant_id": str(party.id), "form": {"address": "人民路"}}
    made = client.post("/api/v1/applications", json=body, headers=key(headers))
    assert made.status_code == 201, made.get_data(as_text=True)
    assert len(made.json["missing"]) == 12
    again = client.post("/api/v1/applications", json=body, headers=key(headers))
    assert (again.status_code, again.json["code"]) == (409, "application.exists")
    url, last = f"/api/v1/applications/{made.json['id']}", made

    def step(name: str, data: object = None, method: str = "post") -> Any:
        nonlocal last
        last = getattr(client, method)(
            f"{url}{name}", json=data, headers={**key(headers), "If-Match": last.headers["ETag"]}
        )
        return last

    form = {**FORM, "staff_count": 12, "incidents_declared": True}
    form.pop("incidents")
    number = client.patch(
        url, json={"form": {"registered_capital": 5000.5}}, headers={**headers, "If-Match": last.headers["ETag"]}
    )
    assert number.status_code == 422  # never a JSON number
    changed = step("", {"form": form, "incidents": [{"on": "2019-05-01", "fact": "中断"}]}, "patch")
    assert changed.status_code == 200, changed.get_data(as_text=True)
    assert (changed.json["registered_capital"], changed.json["incidents"][0]["on"]) == ("5000.5", "2019-05-01")
    for kind in PROOFS:
        proof = {"kind": kind, "name": "a.pdf", "content_base64": base64.b64encode(b"x").decode()}
        assert step("/proofs", proof).status_code == 200
    assert step("/submission").json["state"] == "under_review"
    found = client.get(f"{url}/findings", headers=headers).json["findings"]
    assert {one["code"] for one in found} >= {"legal_form", "applicant_in_order", "data_security_compliance"}
    assert all(one["is_met"] for one in found)
    assert step("/withdrawal", {"reason": "调整"}).json["state"] == "withdrawn"
    assert client.get("/api/v1/applications?state=withdrawn", headers=headers).json["items"]
