"""Plans in a browser without JavaScript, and for programs."""

from __future__ import annotations

import base64
import io
from typing import Any
from uuid import UUID

from flask import Flask
from flask.testing import FlaskClient

from kernel import clock, db
from kernel.identity import Role
from registry.plans.model import PlanVersion
from registry.plans.rules import PlanState
from tests.make import authorization as auth
from tests.make import registry_base as make
from tests.make.clients import as_person, as_program, key, send


def test_an_officer_writes_a_plan_bit_by_bit_and_submits_it(app: Flask) -> None:
    officer = as_person(app, Role.SUPERVISOR, place="puer")
    with app.app_context(), db.transaction() as session:
        authority = make.make_authority(session, place="puer")
        resource = make.make_resource(session, place="puer")
    fields = {"place": "puer", "title": "普洱市实施方案", "implementing_institution_id": str(authority.id)}
    made = send(officer, "/plans/new", fields, form_at="/plans/new?place=puer")
    assert made.status_code == 303
    url = str(made.location)
    base = url.removesuffix("/edit")
    page = officer.get(url).get_data(as_text=True)
    assert "尚缺 16 项" in page
    assert "提交审议</button>" not in page
    some = {"name": "方案", "mode": "by_sector", "resource_ids": [str(resource.id)], "scope_text": ""}
    assert send(officer, url, some, form_at=url).status_code == 303
    assert "尚缺 13 项" in officer.get(url).get_data(as_text=True)
    refused = send(officer, url, {"mode": "everything"}, form_at=url)
    assert refused.status_code == 422
    assert send(officer, url, {**some, **auth.PLAN_ITEMS}, form_at=url).status_code == 303
    record = {"number": "党组会纪要3号", "decision": (io.BytesIO(b"minutes"), "纪要.pdf")}
    assert send(officer, f"{base}/decision", record, form_at=url).status_code == 303
    handed = officer.get(f"{base}/decision")
    assert (handed.data, handed.mimetype) == (b"minutes", "application/octet-stream")
    sent = send(officer, f"{base}/submit", {}, form_at=url)
    assert sent.status_code == 303
    shown = officer.get(str(sent.location)).get_data(as_text=True)
    for words in ("12 / 12 项", "分领域授权", resource.code, "提交审议", "党组会纪要3号"):
        assert words in shown


def test_a_plan_is_filed_put_in_effect_and_changed_and_the_difference_is_shown(app: Flask) -> None:
    officer = as_person(app, Role.SUPERVISOR, place="puer")
    with app.app_context(), db.transaction() as session:
        version = auth.carry_plan(session, auth.draft_plan(session), PlanState.APPROVED)
    url, base = f"/plans/{version.plan_id}", f"/plans/versions/{version.id}"
    assert send(officer, f"{base}/file", {"reference": "备1号"}, form_at=url).status_code == 422
    filing = {"government_document": "普政复12号", "reference": "备1号"}
    assert send(officer, f"{base}/file", filing, form_at=url).status_code == 303
    early = send(officer, f"{base}/put_in_effect", {"effective_from": "2020-01-01"}, form_at=url)
    assert early.status_code == 422
    assert "不得倒填" in early.get_data(as_text=True)
    today = {"effective_from": str(clock.today())}
    assert send(officer, f"{base}/put_in_effect", today, form_at=url).status_code == 303
    changed = send(officer, f"{url}/major-change", {"reason": "增加应急措施"}, form_at=url)
    assert changed.status_code == 303
    edit = str(changed.location)
    items = {**auth.PLAN_ITEMS, "security_and_emergency": "每季演练", "scope_text": version.scope_text}
    assert send(officer, edit, items, form_at=edit).status_code == 303
    page = officer.get(url).get_data(as_text=True)
    for words in ("与第 1 版的差异", "每季演练", "增加应急措施", "重大变更"):
        assert words in page
    operator = as_person(app, Role.OPERATOR, party=_operator(app))
    seen = operator.get(url).get_data(as_text=True)
    assert "普政复12号" in seen
    handed = operator.get(f"{base}/decision")  # of a version, for somebody who may read only what is published
    assert handed.status_code == 200
    assert "每季演练" not in seen  # a draft is not for everybody
    assert "PLN-" in operator.get("/plans?place=puer").get_data(as_text=True)


def _operator(app: Flask) -> Any:
    with app.app_context(), db.transaction() as session:
        return make.make_operator(session, place="puer")


def test_a_program_takes_a_plan_from_draft_to_effect(app: Flask, client: FlaskClient) -> None:
    headers = as_program(app, Role.SUPERVISOR, place="puer")
    with app.app_context(), db.transaction() as session:
        authority = make.make_authority(session, place="puer")
    body = {"place": "puer", "title": "方案", "implementing_institution_id": str(authority.id), "mode": "overall"}
    made = client.post("/api/v1/plans", json=body, headers=key(headers))
    assert made.status_code == 201, made.get_data(as_text=True)
    version = made.json["versions"][0]["id"]
    url = f"/api/v1/plans/versions/{version}"
    last = client.get(url, headers=headers)
    assert len(last.json["missing"]) == 15

    def step(name: str, data: object = None, method: str = "post") -> Any:
        nonlocal last
        sent = {**key(headers), "If-Match": last.headers["ETag"]}
        last = getattr(client, method)(f"{url}{name}", json=data, headers=sent)
        return last

    assert step("", {"items": auth.PLAN_ITEMS, "scope_text": "全部"}, "patch").json["missing"] == [
        "/decision_number", "/decision_file"
    ]  # fmt: skip
    refused = client.post(f"{url}/submission", headers={**key(headers), "If-Match": last.headers["ETag"]})
    assert (refused.status_code, refused.json["code"]) == (422, "plan.incomplete")
    stale = client.post(f"{url}/submission", headers={**key(headers), "If-Match": '"v1"'})
    assert stale.status_code == 412
    record = {"number": "纪要1号", "name": "a.pdf", "content_base64": base64.b64encode(b"minutes").decode()}
    assert step("/collective-decision", record, "put").json["possible_events"] == ["submit", "withdraw"]
    assert step("/submission").json["state"] == "under_review"
    with app.app_context(), db.transaction() as session:
        found = session.get_one(PlanVersion, UUID(version))
        assert found.review_id is not None
        auth.agree(session, found.review_id, now=clock.now())
    last = client.get(url, headers=headers)
    assert step("/filing", {"government_document": "复1号", "reference": "备1号"}).json["state"] == "filed"
    assert step("/effect", {"effective_from": str(clock.today())}).json["in_effect"] is True
    plan = client.get(f"/api/v1/plans/{made.json['id']}", headers=headers)
    change = client.post(
        f"/api/v1/plans/{made.json['id']}/major-change", json={"reason": "扩围"},
        headers={**key(headers), "If-Match": plan.headers["ETag"]},
    )  # fmt: skip
    assert (change.status_code, change.json["number"]) == (201, 2)
    compared = client.get(f"/api/v1/plans/versions/{change.json['id']}/difference", headers=headers)
    assert compared.json["before"] == 1
    assert {one["code"] for one in compared.json["changes"]} == {"decision_number", "decision_file"}
    listed = client.get("/api/v1/plans?place=puer", headers=headers).json["items"]
    assert [one["number"] for one in listed] == ["PLN-2026-000001"]
