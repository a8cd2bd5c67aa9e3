"""The same organisation under another spelling, and its legal form."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from kernel.identity import Role
from registry.parties import commands, queries
from registry.parties.model import PartyName
from registry.parties.rules import Capacity, LegalForm, PartyKind, legal_form, name_key
from tests.make import registry_base as make
from tests.make.clients import as_person, as_program, key, send

NAME = "新昌数据(集团)有限公司"
SPELLINGS = [
    "新昌数据（集团）有限公司",
    " 新昌数据 (集团) 有限公司 ",
    "新昌数据〔集团〕有限公司",
    "新昌　数据﹙集团﹚有限公司",
]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_brackets_spaces_and_width_make_no_other_name(spelling: str) -> None:
    assert name_key(spelling) == name_key(NAME)


@pytest.mark.parametrize(
    ("one", "other"),
    [("ABC数据", "ａｂｃ 数据"), ("甲·乙公司", "甲乙公司"), ("A-B 公司", "ab公司"), ("㈱数据", "(株)数据")],
)
def test_case_points_and_compatible_forms_make_no_other_name(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


@pytest.mark.parametrize(
    "other", ["新昌数据有限公司", "新昌数据(集团)公司", "新昌数据(集団)有限公司", "新昌數據(集团)有限公司"]
)
def test_any_other_character_makes_another_name(other: str) -> None:
    assert name_key(other) != name_key(NAME)


@given(st.text(max_size=30))
def test_the_one_spelling_of_a_name_is_its_own_spelling(name: str) -> None:
    assert name_key(name_key(name)) == name_key(name)


@pytest.mark.parametrize("kind", PartyKind)
def test_only_organisations_without_legal_personality_are_unincorporated(kind: PartyKind) -> None:
    wanted = LegalForm.UNINCORPORATED if kind is PartyKind.NON_LEGAL_PERSON else LegalForm.LEGAL_PERSON
    assert legal_form(kind) is wanted


@pytest.mark.both_databases
def test_a_second_registration_of_a_code_is_refused_and_names_who_has_it(session: Session) -> None:
    party = make.make_party(session, Capacity.BUYER, name=NAME)
    with pytest.raises(commands.AlreadyRegistered, match="新昌数据") as refused:
        commands.create_party(
            session, make.supervisor(), uscc=party.uscc.lower(), name="另一名称", kind=PartyKind.ENTERPRISE,
            place="xinchang", capacities=[Capacity.BUYER], now=make.NOW, book=make.book(),
        )  # fmt: skip
    assert refused.value.errors[0]["pointer"] == "/uscc"


@pytest.mark.both_databases
def test_the_same_name_under_another_code_gives_a_remark_and_no_refusal(session: Session) -> None:
    first = make.make_party(session, Capacity.BUYER, name=NAME)
    assert queries.remarks(session, first) == []
    second = make.make_party(session, Capacity.BUYER, name=SPELLINGS[0])
    assert [remark["uscc"] for remark in queries.remarks(session, second)] == [first.uscc]
    assert [found.id for found in queries.namesakes(session, SPELLINGS[2])] == [first.id, second.id]
    assert queries.namesakes(session, "无此公司") == []


@pytest.mark.breaks_the_books
def test_a_name_that_was_noted_stays(session: Session) -> None:
    make.make_party(session, Capacity.BUYER, name=NAME)
    noted = session.query(PartyName).one()
    noted.name_key = "x"
    with pytest.raises(DatabaseError, match="append-only"):
        session.flush()


def test_program_and_page_show_the_remark_and_the_legal_form(app: Flask, client: FlaskClient) -> None:
    officer = as_program(app, Role.SUPERVISOR, place="xinchang")
    body = {"kind": "non_legal_person", "place": "xinchang", "capacities": ["buyer"]}
    first = client.post("/api/v1/parties", json={**body, "uscc": make.uscc(), "name": NAME}, headers=key(officer))
    assert (first.json["legal_form"], first.json["remarks"]) == ("unincorporated", [])
    second = client.post(
        "/api/v1/parties", json={**body, "uscc": make.uscc(), "name": SPELLINGS[0]}, headers=key(officer)
    )
    assert second.status_code == 201
    assert [remark["code"] for remark in second.json["remarks"]] == ["party.same_name"]
    text = as_person(app, Role.SUPERVISOR, place="xinchang").get(f"/parties/{second.json['id']}").get_data(as_text=True)
    assert first.json["uscc"] in text
    assert "非法人组织" in text


def test_an_officer_keeps_the_credit_file_on_the_page(app: Flask, client: FlaskClient) -> None:
    officer = as_person(app, Role.SUPERVISOR, place="xinchang")
    fields = {"uscc": make.uscc(), "name": NAME, "kind": "enterprise", "place": "xinchang", "capacities": ["buyer"]}
    url = send(officer, "/parties/new", fields, form_at="/parties/new").location
    record = {"kind": "bad_record", "fact": "未按期整改", "document": "新数改〔2026〕3号", "from_date": "2026-06-01"}
    assert send(officer, f"{url}/credit-records", {**record, "fact": ""}, form_at=url).status_code == 422
    assert send(officer, f"{url}/credit-records", record, form_at=url).status_code == 303
    text = officer.get(url).get_data(as_text=True)
    assert "新数改〔2026〕3号" in text
    program = as_program(app, Role.SUPERVISOR, place="xinchang")
    listed = client.get(f"/api/v1{url}/credit-records", headers=program).json["items"]
    assert [entry["kind"] for entry in listed] == ["bad_record"]
    clearing = {**record, "kind": "cleared", "clears_id": listed[0]["id"]}
    made = client.post(f"/api/v1{url}/credit-records", json=clearing, headers=key(program))
    assert made.status_code == 201
    again = client.post(f"/api/v1{url}/credit-records", json=clearing, headers=key(program))
    assert (again.status_code, again.json["code"]) == (409, "party.credit_record_refused")
