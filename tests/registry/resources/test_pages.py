"""The catalogue in a browser without JavaScript."""

from __future__ import annotations

import pytest
from flask import Flask

from kernel import db
from kernel.identity import Role
from registry.parties.model import Party
from tests.make import registry_base as make
from tests.make.clients import as_person, send


@pytest.fixture
def department(app: Flask) -> Party:
    """A source department of Xinchang."""
    with app.app_context(), db.transaction() as session:
        return make.make_department(session)


def typed(department: Party, **changes: str) -> dict[str, str]:
    """What somebody types into the form."""
    return {
        "place": "xinchang", "source_department_id": str(department.id), "title": "企业登记信息",
        "description": "逐日更新", "classification": "市场主体", "grade": "3",
        "update_frequency": "每日", "access": "free", "code": "",
        "fields": "uscc | 统一社会信用代码 | text\nname，名称\n\n", **changes,
    }  # fmt: skip


def test_a_department_enters_a_resource_and_changes_its_description(app: Flask, department: Party) -> None:
    person = as_person(app, Role.SOURCE, party=department)
    made = send(person, "/resources/new", typed(department, return_flow="true"), form_at="/resources/new")
    assert made.status_code == 303
    page = person.get(made.location).get_data(as_text=True)
    for words in ("企业登记信息", "统一社会信用代码", "3 级", "省回流数据"):
        assert words in page
    edit = f"{made.location}/edit"
    assert "uscc | 统一社会信用代码 | text" in person.get(edit).get_data(as_text=True)
    changed = {name: value for name, value in typed(department, title="新名称").items()
               if name not in ("place", "source_department_id", "code")}  # fmt: skip
    assert send(person, edit, changed, form_at=edit).status_code == 303
    assert "新名称" in person.get("/resources?place=xinchang").get_data(as_text=True)
    assert send(person, edit, {**changed, "version": "1"}, form_at=edit).status_code == 412
    assert send(person, edit, {**changed, "grade": "9"}, form_at=edit).status_code == 422


def test_a_refused_form_comes_back_as_it_was_typed(app: Flask, department: Party) -> None:
    person = as_person(app, Role.SOURCE, party=department)
    answer = send(person, "/resources/new", typed(department, fields="只有一列", grade=""), form_at="/resources/new")
    assert answer.status_code == 422
    text = answer.get_data(as_text=True)
    assert "只有一列" in text
    assert "必须填写" in text
    forbidden = send(person, "/resources/new", typed(department, place="puer"), form_at="/resources/new")
    assert forbidden.status_code == 403
    assert "没有权限" in forbidden.get_data(as_text=True)


def test_a_resource_is_barred_and_admitted_on_its_page(app: Flask, department: Party) -> None:
    with app.app_context(), db.transaction() as session:
        resource = make.make_resource(session, department)
    person, url = as_person(app, Role.SOURCE, party=department), f"/resources/{resource.id}"
    assert send(person, f"{url}/bar", {"reason": ""}, form_at=url).status_code == 422
    assert send(person, f"{url}/bar", {"reason": "涉及隐私"}, form_at=url).status_code == 303
    assert "涉及隐私" in person.get(url).get_data(as_text=True)
    assert send(person, f"{url}/bar", {"reason": "再次"}, form_at=url).status_code == 428
    assert send(person, f"{url}/unbar", {"reason": "已脱敏"}, form_at=url).status_code == 303
    shown = person.get(url).get_data(as_text=True)
    assert "不得纳入授权运营范围" not in shown
    assert "涉及隐私" in shown  # in the history of changes


def test_readers_have_no_buttons(app: Flask, department: Party) -> None:
    with app.app_context(), db.transaction() as session:
        resource = make.make_resource(session, department)
    supervisor = as_person(app, Role.SUPERVISOR, place="xinchang")
    assert "列为不予开放" not in supervisor.get(f"/resources/{resource.id}").get_data(as_text=True)
    assert "编目</a>" not in supervisor.get("/resources").get_data(as_text=True)
    assert supervisor.get("/resources/new").status_code == 403
    assert as_person(app, Role.SUPERVISOR, place="puer").get(f"/resources/{resource.id}").status_code == 404
