"""Shared-in data and samples through HTTP: programs and people."""

from __future__ import annotations

import base64
from io import BytesIO

from flask import Flask
from flask.testing import FlaskClient

from kernel import clock, db
from kernel.identity import Role
from tests.make import registry_base as make
from tests.make.clients import as_person, as_program, key, send
from tests.make.registry_products import make_merchant


def test_a_program_states_the_provider_records_the_consent_and_gives_a_sample(app: Flask, client: FlaskClient) -> None:
    with clock.set_to(make.NOW):
        with app.app_context(), db.transaction() as session:
            department = make.make_department(session, place="guangzhou")
            resource = make.make_resource(session, department, place="guangzhou")
            owner = make_merchant(session, place="guangzhou")
        source = as_program(app, Role.SOURCE, party=department)
        merchant = as_program(app, Role.MERCHANT, party=owner, place="guangzhou")
        url = f"/api/v1/resources/{resource.id}"
        assert client.get(f"{url}/shared-in", headers=source).json["is_shared_in"] is False
        nobody = client.post(f"{url}/shared-in", json={"is_shared_in": True}, headers=key(source))
        assert (nobody.status_code, nobody.json["code"]) == (422, "resource.provider_missing")
        body = {"is_shared_in": True, "provider_name": "省市场监管局"}
        stated = client.post(f"{url}/shared-in", json=body, headers=key(source))
        assert (stated.status_code, stated.json["is_consented"]) == (201, False)
        letter = {"name": "同意函.pdf", "content_base64": base64.b64encode(b"letter").decode()}
        consent = {"is_granted": True, "consented_on": "2026-06-01", "valid_until": "2026-12-31", "evidence": letter}
        assert client.post(f"{url}/consents", json=consent, headers=key(source)).json["is_consented"] is True
        assert client.post(f"{url}/consents", json=consent, headers=key(merchant)).status_code == 403
        generated = client.get(f"{url}/simulated", headers=merchant).json
        assert generated["is_uploaded"] is False
        sample = {"rows": [{"name": "虚构甲"}], "is_simulated": True}
        assert client.post(f"{url}/samples", json=sample, headers=key(source)).status_code == 201
        assert client.get(f"{url}/simulated", headers=merchant).json == {"rows": sample["rows"], "is_uploaded": True}
        raw = client.post(f"{url}/samples", json=sample | {"is_simulated": False}, headers=key(source))
        assert (raw.status_code, raw.json["code"]) == (422, "resource.sample_refused")
        actions = [line["action"] for line in client.get(f"{url}/history", headers=source).json["items"]]
        assert actions[0] == "resource.upload_sample"
        found = client.get("/api/v1/resources", headers=merchant, query_string={"q": resource.title, "grade": "2"})
        assert [one["code"] for one in found.json["items"]] == [resource.code]


def test_a_person_does_the_same_on_the_page_of_the_resource(app: Flask) -> None:
    with clock.set_to(make.NOW):
        with app.app_context(), db.transaction() as session:
            department = make.make_department(session)
            resource = make.make_resource(session, department)
        person, url = as_person(app, Role.SOURCE, party=department), f"/resources/{resource.id}"
        assert "数源部门自有" in person.get(url).get_data(as_text=True)
        fields = {"is_shared_in": "true", "provider_name": "省市场监管局"}
        assert send(person, f"{url}/shared-in", fields, form_at=url).status_code == 303
        assert "无有效同意" in person.get(url).get_data(as_text=True)
        consent = {"is_granted": "true", "consented_on": "2026-06-01"}
        assert send(person, f"{url}/consents", consent, form_at=url).status_code == 422
        letter = consent | {"letter": (BytesIO(b"letter"), "同意函.pdf")}
        sent = send(person, f"{url}/consents", letter, form_at=url, content_type="multipart/form-data")
        assert sent.status_code == 303
        assert "无有效同意" not in person.get(url).get_data(as_text=True)
        sample = {"rows": "虚构甲\n虚构乙"}
        assert send(person, f"{url}/samples", sample, form_at=url).status_code == 422
        assert send(person, f"{url}/samples", sample | {"is_simulated": "true"}, form_at=url).status_code == 303
        shown = person.get(url).get_data(as_text=True)
        for words in ("虚构乙", "提供仿真数据", "变更记录", "省市场监管局"):
            assert words in shown


def test_a_key_field_is_marked_in_the_form_and_kept(app: Flask) -> None:
    with app.app_context(), db.transaction() as session:
        department = make.make_department(session)
        resource = make.make_resource(session, department)
    person, edit = as_person(app, Role.SOURCE, party=department), f"/resources/{resource.id}/edit"
    values = {"title": "甲", "classification": "登记", "grade": "2", "update_frequency": "每日", "access": "free",
              "description": "乙", "fields": "uscc | 信用代码 | text | 标识\nname | 名称"}  # fmt: skip
    assert send(person, edit, values, form_at=edit).status_code == 303
    assert "uscc | 信用代码 | text | 标识" in person.get(edit).get_data(as_text=True)
    english = person.get(edit, headers={"Accept-Language": "en"}).get_data(as_text=True)
    assert "uscc | 信用代码 | text | identifier" in english
