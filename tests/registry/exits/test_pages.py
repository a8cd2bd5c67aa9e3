"""The exit from an authorization in a browser without JavaScript, and through HTTP."""

from __future__ import annotations

import base64
import io
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from kernel import clock, db
from kernel.calendar import BEIJING
from kernel.identity import Role
from registry.agreements.model import Agreement
from registry.agreements.rules import AgreementState, ExitGround
from registry.exits import commands
from registry.parties.model import Party
from tests.make import registry_base as make
from tests.make.clients import as_person, as_program, key, send


def ended(app: Flask, operator: Party | None = None) -> Agreement:
    """An agreement of Xinchang that two persons ended today."""
    with app.app_context(), db.transaction() as session:
        agreement = make.make_agreement(session, operator=operator)
        for _ in range(2):
            commands.terminate(
                session, make.supervisor(), agreement.id, ground=ExitGround.OPERATOR_REQUEST, reason="申请退出",
                coordination_record="纪要", now=clock.now(), book=make.book(),
            )  # fmt: skip
        return agreement


def test_an_exit_is_certified_by_the_operator_and_closed_by_two_officers(app: Flask) -> None:
    with app.app_context(), db.transaction() as session:
        party = make.make_operator(session)
    agreement = ended(app, party)
    operator = as_person(app, Role.OPERATOR, party=party)
    one, other = (as_person(app, Role.SUPERVISOR, place="xinchang") for _ in range(2))
    overview = operator.get(f"/agreements/{agreement.id}").get_data(as_text=True)
    url = overview.split('href="/exits/')[1].split('"')[0]
    url = f"/exits/{url}"
    page = operator.get(url).get_data(as_text=True)
    for words in ("平台访问权限已关闭", "网络日志留存", "不予删除的记录", "审计日志"):
        assert words in page
    assert operator.get(f"{url}/certificate").status_code == 404
    moment = clock.now().astimezone(BEIJING).isoformat()[:16]
    said: dict[str, Any] = {"what": "平台上的数据", "method": "覆写", "deleted_at": moment, "deleted_by": "张三"}
    assert send(operator, f"{url}/certificate", {**said, "what": ""}, form_at=url).status_code == 422
    files = {"evidence": (io.BytesIO(b"log of deletion"), "删除日志.txt")}
    certified = send(operator, f"{url}/certificate", {**said, **files}, form_at=url)
    assert certified.status_code == 303, certified.get_data(as_text=True)
    printed = operator.get(f"{url}/certificate").get_data(as_text=True)
    for words in ("兹证明", "平台上的数据", "张三", "下列记录依法保存", "登记档案", "30 年"):
        assert words in printed
    handed = operator.get(f"{url}/evidence")
    assert (handed.data, handed.mimetype) == (b"log of deletion", "application/octet-stream")
    assert send(one, f"{url}/closure", {}, form_at=url).status_code == 409
    assert send(one, f"{url}/settlement", {"reference": "STM-2026-000001"}, form_at=url).status_code == 303
    assert send(one, f"{url}/closure", {}, form_at=url).status_code == 303
    assert "等待另一位主管人员确认" in one.get(url).get_data(as_text=True)
    assert send(other, f"{url}/closure", {}, form_at=url).status_code == 303
    assert "已了结" in other.get(url).get_data(as_text=True)
    assert "EXT-" in other.get("/exits").get_data(as_text=True)


def test_what_time_has_ended_waits_in_the_list_until_somebody_opens_its_exit(app: Flask) -> None:
    with app.app_context(), db.transaction() as session:
        past = clock.today().replace(year=clock.today().year - 3, day=1)
        early = clock.now().replace(year=past.year, month=past.month, day=1)
        term = (past, past.replace(year=past.year + 2))
        agreement = make.make_agreement(session, place="quzhou", term=term, now=early, state=AgreementState.DRAFT)
    officer = as_person(app, Role.SUPERVISOR, place="quzhou")
    assert agreement.number not in officer.get("/exits").get_data(as_text=True)
    assert send(officer, "/exits", {"agreement_id": str(agreement.id)}, form_at="/exits").status_code == 409


def test_an_exit_through_http(app: Flask, client: FlaskClient) -> None:
    agreement = ended(app)
    one, other = (as_program(app, Role.SUPERVISOR, place="xinchang") for _ in range(2))
    listed = client.get("/api/v1/exits", headers=one).json["items"]
    assert [found["agreement_number"] for found in listed] == [agreement.number]
    opened = client.post("/api/v1/exits", json={"agreement_id": str(agreement.id)}, headers=key(one))
    assert (opened.status_code, opened.json["id"], opened.json["state"]) == (201, listed[0]["id"], "open")
    url, last = f"/api/v1/exits/{opened.json['id']}", opened
    said = {
        "what": "数据", "method": "覆写", "deleted_at": clock.now().isoformat(), "deleted_by": "张三", "name": "证据",
        "content_base64": base64.b64encode(b"log").decode(),
    }  # fmt: skip
    steps = [("certificate", "put", said, one), ("certificate", "put", said, one),
             ("settlement", "put", {"reference": "STM-1"}, one), ("closure", "post", None, one),
             ("closure", "post", None, other)]  # fmt: skip
    for name, method, data, headers in steps:
        sent = {**key(headers), "If-Match": last.headers["ETag"]}
        last = getattr(client, method)(f"{url}/{name}", json=data, headers=sent)
        assert last.status_code == 200, last.get_data(as_text=True)
    assert (last.json["state"], last.json["certificate"]["what"]) == ("closed", "数据")
    assert [task["is_done"] for task in last.json["checklist"]] == [True, True, False, True]
    assert client.get(f"/api/v1/agreements/{agreement.id}", headers=one).json["state"] == "closed"
    assert client.get(url, headers=as_program(app, Role.SUPERVISOR, place="puer")).status_code == 404


def test_an_authorization_is_revoked_by_two_programs(app: Flask, client: FlaskClient) -> None:
    with app.app_context(), db.transaction() as session:
        agreement = make.make_agreement(session)
    one, other = (as_program(app, Role.SUPERVISOR, place="xinchang") for _ in range(2))
    url = f"/api/v1/agreements/{agreement.id}"
    last = client.get(url, headers=one)
    early = client.post(f"{url}/expiry", headers={**key(one), "If-Match": last.headers["ETag"]})
    assert (early.status_code, early.json["code"]) == (409, "agreement.term_not_over")
    for headers in (one, other):
        sent = {**key(headers), "If-Match": last.headers["ETag"]}
        last = client.post(f"{url}/revocation", json={"reason": "违法", "coordination_record": "纪要"}, headers=sent)
        assert last.status_code == 200, last.get_data(as_text=True)
    assert (last.json["state"], last.json["in_force"]) == ("revoked", False)
