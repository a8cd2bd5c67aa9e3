"""The catalogue through HTTP."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kernel import db
from kernel.identity import Role
from registry.parties.model import Party
from registry.parties.rules import Capacity
from tests.make import registry_base as make
from tests.make.clients import as_program, key

URL = "/api/v1/resources"


@pytest.fixture
def department(app: Flask) -> Party:
    """A source department of Xinchang."""
    with app.app_context(), db.transaction() as session:
        return make.make_department(session)


def body(department: Party, **changes: object) -> dict[str, object]:
    """A resource of the department, but for the changes."""
    fields = [{"name": "uscc", "title": "统一社会信用代码", "type": "text"}, {"name": "name", "title": "名称"}]
    return {
        "place": "xinchang", "source_department_id": str(department.id), "title": "企业登记信息",
        "description": "逐日更新", "classification": "市场主体", "grade": 2,
        "update_frequency": "每日", "fields": fields, **changes,
    }  # fmt: skip


def test_a_department_enters_changes_bars_and_admits_a_resource(
    app: Flask, client: FlaskClient, department: Party
) -> None:
    headers = as_program(app, Role.SOURCE, party=department)
    made = client.post(URL, json=body(department), headers=key(headers))
    assert made.status_code == 201
    assert made.json["code"].startswith("RES-")
    assert made.json["source_department"]["name"] == department.name
    assert made.json["fields"][1] == {"name": "name", "title": "名称", "type": "text"}
    url = f"{URL}/{made.json['id']}"
    description = {name: value for name, value in body(department, title="新名称").items()
                   if name not in ("place", "source_department_id")}  # fmt: skip
    assert client.put(url, json=description, headers=headers).status_code == 428
    changed = client.put(url, json=description, headers={**headers, "If-Match": made.headers["ETag"]})
    assert changed.json["title"] == "新名称"
    assert changed.json["version"] == made.json["version"] + 1
    barred = client.post(
        f"{url}/bar", json={"reason": "涉及隐私"}, headers={**key(headers), "If-Match": changed.headers["ETag"]}
    )
    assert barred.json["barred_reason"] == "涉及隐私"
    again = client.post(
        f"{url}/bar", json={"reason": "再次"}, headers={**key(headers), "If-Match": barred.headers["ETag"]}
    )
    assert (again.status_code, again.json["code"]) == (409, "resource.wrong_state")
    admitted = client.post(
        f"{url}/unbar", json={"reason": "已脱敏"}, headers={**key(headers), "If-Match": barred.headers["ETag"]}
    )
    assert admitted.json["barred"] is False


@pytest.mark.parametrize(
    ("change", "pointer"),
    [({"grade": 6}, "/grade"), ({"grade": "two"}, "/grade"), ({"fields": []}, "/fields"), ({"title": " "}, "/title"),
     ({"fields": [{"name": "a"}]}, "/fields/0/title"), ({"access": "gratis"}, "/access"), ({"price": "1"}, "/price"),
     ({"source_department_id": "x"}, "/source_department_id")],
)  # fmt: skip
def test_a_wrong_field_is_named(
    app: Flask, client: FlaskClient, department: Party, change: dict[str, object], pointer: str
) -> None:
    headers = as_program(app, Role.SOURCE, party=department)
    answer = client.post(URL, json=body(department, **change), headers=key(headers))
    assert answer.status_code == 422
    assert pointer in [error["pointer"] for error in answer.json["errors"]]


def test_nobody_reads_or_writes_beyond_the_own_scope(app: Flask, client: FlaskClient, department: Party) -> None:
    with app.app_context(), db.transaction() as session:
        other = make.make_department(session)
        mine, theirs = make.make_resource(session, department), make.make_resource(session, other)
        hidden = make.make_resource(session, other, barred=True)
        merchant = make.make_party(session, Capacity.DATA_MERCHANT)
    source = as_program(app, Role.SOURCE, party=department)
    assert [found["id"] for found in client.get(URL, headers=source).json["items"]] == [str(mine.id)]
    assert client.get(f"{URL}/{theirs.id}", headers=source).status_code == 404
    blind = {**key(source), "If-Match": '"v1"'}
    assert client.post(f"{URL}/{theirs.id}/bar", json={"reason": "x"}, headers=blind).status_code == 404
    assert client.post(URL, json=body(other), headers=key(source)).status_code == 403
    seller = as_program(app, Role.MERCHANT, party=merchant)
    query = {"place": "xinchang", "source_department_id": str(other.id)}
    assert [found["id"] for found in client.get(URL, headers=seller, query_string=query).json["items"]] == [
        str(theirs.id)
    ]
    assert client.get(f"{URL}/{hidden.id}", headers=seller).status_code == 404
    assert client.get(URL).status_code == 401
