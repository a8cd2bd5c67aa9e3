"""Organisations in a browser without JavaScript."""

from __future__ import annotations

from flask import Flask

from kernel import db
from kernel.identity import Role
from registry.parties.rules import Capacity, uscc_from_body
from tests.make import registry_base as make
from tests.make.clients import as_person, send

FORM = {"uscc": uscc_from_body("913306240000000AB"), "name": "甲公司", "kind": "enterprise", "place": "xinchang",
        "capacities": ["buyer", "data_merchant"], "contact": ""}  # fmt: skip


def test_an_officer_registers_an_organisation_and_adds_a_capacity(app: Flask) -> None:
    officer = as_person(app, Role.SUPERVISOR, place="xinchang")
    made = send(officer, "/parties/new", FORM, form_at="/parties/new")
    assert made.status_code == 303
    page = officer.get(made.location).get_data(as_text=True)
    assert "甲公司" in page
    assert FORM["uscc"] in page
    fields = {"capacity": "operating_institution", "place": "xinchang"}
    assert send(officer, f"{made.location}/capacities", fields, form_at=made.location).status_code == 303
    assert "甲公司" in officer.get("/parties?place=xinchang&capacity=operating_institution").get_data(as_text=True)
    assert "甲公司" not in officer.get("/parties?capacity=trading_venue").get_data(as_text=True)


def test_a_refused_form_comes_back_as_it_was_typed_with_the_words_at_the_field(app: Flask) -> None:
    officer = as_person(app, Role.SUPERVISOR, place="xinchang")
    wrong = FORM["uscc"][:-1] + ("1" if FORM["uscc"][-1] != "1" else "2")
    answer = send(officer, "/parties/new", {**FORM, "uscc": wrong}, form_at="/parties/new")
    assert answer.status_code == 422
    text = answer.get_data(as_text=True)
    assert "校验位不符" in text
    assert 'value="甲公司"' in text
    assert 'value="buyer" checked' in text
    empty = send(officer, "/parties/new", {"uscc": ""}, form_at="/parties/new")
    assert empty.status_code == 422


def test_one_officer_suspends_and_two_restore(app: Flask) -> None:
    with app.app_context(), db.transaction() as session:
        party = make.make_party(session, Capacity.BUYER)
    one, other = (as_person(app, Role.SUPERVISOR, place="xinchang") for _ in range(2))
    url = f"/parties/{party.id}"
    assert send(one, f"{url}/suspension", {"reason": ""}, form_at=url).status_code == 422
    assert send(one, f"{url}/suspension", {"reason": "泄露数据"}, form_at=url).status_code == 303
    assert "泄露数据" in one.get(url).get_data(as_text=True)
    assert send(one, f"{url}/restoration", {}, form_at=url).status_code == 303
    assert "等待另一位主管人员确认" in one.get(url).get_data(as_text=True)
    assert "确认恢复" in other.get(url).get_data(as_text=True)
    assert send(other, f"{url}/restoration", {}, form_at=url).status_code == 303
    assert "该机构已暂停" not in other.get(url).get_data(as_text=True)
    late = send(other, f"{url}/restoration", {"version": "99"}, form_at=url)
    assert late.status_code == 412


def test_people_see_and_do_only_what_is_theirs(app: Flask) -> None:
    with app.app_context(), db.transaction() as session:
        mine, other = make.make_party(session, Capacity.BUYER), make.make_party(session, Capacity.BUYER)
    buyer = as_person(app, Role.BUYER, party=mine)
    text = buyer.get("/parties").get_data(as_text=True)
    assert mine.name in text
    assert other.uscc not in text
    assert "登记机构" not in text
    assert buyer.get(f"/parties/{other.id}").status_code == 404
    assert buyer.get("/parties/new").status_code == 403
    assert "暂停机构" not in buyer.get(f"/parties/{mine.id}").get_data(as_text=True)
    assert app.test_client().get("/parties").status_code == 302
