"""The desk of each role on one working day: what waits for whom, in which order, and where each entry leads."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask, url_for
from flask.testing import FlaskClient

from kernel import clock, db
from kernel.identity import Role
from registry.parties.model import Party
from registry.persons import commands as persons
from registry.selections.model import Selection
from tests.make import registry_base as make
from tests.make.clients import as_person, as_program, bearer, token_of
from tests.make.office_day import DAY, DURING_NOTICE, OfficeDay, make_office_day
from tests.make.routes import shared_app
from tests.rig.databases import Databases
from web.worklists.ways import WAYS

MONTHS_LATER = timedelta(days=75)
WAITING = {
    Role.SUPERVISOR: {
        "agreements": 1, "data_request": 2, "duties": 1, "exits": 1, "incidents": 1, "objections": 1, "onboarding": 1,
        "plan": 1, "product": 1, "selections": 1,
    },
    Role.REVIEWER: {"application": 1, "data_request": 2, "plan": 1, "product": 1, "registrations": 2},
    Role.SOURCE: {"data_request": 2, "quality": 1},
    Role.OPERATOR: {"egress": 1, "exits": 1, "service_agreements": 1, "suspensions": 1},
    Role.MERCHANT: {"data_request": 1, "drafts": 1, "own_registrations": 1, "quality": 1, "returned": 1},
    Role.AUDITOR: {},
    Role.BUYER: {},
}  # fmt: skip


@pytest.fixture(scope="module")
def site(databases: Databases) -> Iterator[tuple[Flask, OfficeDay]]:
    """One application and one working day for all tests of this file; nobody changes anything but who signs in."""
    clock.run_from(DAY)
    with shared_app(databases) as built:
        with built.app_context(), db.transaction() as session:
            day = make_office_day(session, passwords=False)
        yield built, day
    clock.run_from(None)


def party_of(day: OfficeDay, role: Role) -> Party | None:
    """For whom somebody with the role works on that day."""
    parties = {
        Role.SOURCE: day.department, Role.OPERATOR: day.operator, Role.MERCHANT: day.merchant, Role.BUYER: day.buyer
    }  # fmt: skip
    return parties.get(role)


def enter(site: tuple[Flask, OfficeDay], role: Role) -> FlaskClient:
    """Somebody with the role, signed in."""
    app, day = site
    return as_person(app, role, party=party_of(day, role))


def read(site: tuple[Flask, OfficeDay], role: Role, **asked: str) -> Any:
    """The desk of a role as a program reads it."""
    app, day = site
    answer = app.test_client().get(
        "/api/v1/desk", headers=as_program(app, role, party=party_of(day, role)), query_string=asked
    )
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return answer.json


@pytest.mark.parametrize("role", WAITING)
def test_everybody_finds_what_waits_for_them_and_nothing_else(site: tuple[Flask, OfficeDay], role: Role) -> None:
    found = read(site, role)
    assert found["counts"] == WAITING[role]
    assert len(found["tasks"]) == sum(found["counts"].values())


@pytest.mark.parametrize("role", WAITING)
def test_the_entry_that_is_due_first_stands_on_top(site: tuple[Flask, OfficeDay], role: Role) -> None:
    due = [one["due_date"] or "9999-12-31" for one in read(site, role)["tasks"]]
    assert due == sorted(due)


@pytest.mark.parametrize("role", WAITING)
def test_each_entry_of_a_desk_opens_for_the_person_who_sees_it(site: tuple[Flask, OfficeDay], role: Role) -> None:
    person = enter(site, role)
    links = {one["url"] for one in read(site, role)["tasks"]}
    assert {url: status for url in links if (status := person.get(url).status_code) != 200} == {}


@pytest.mark.parametrize("role", WAITING)
def test_the_page_says_the_same_as_the_interface(site: tuple[Flask, OfficeDay], role: Role) -> None:
    page = enter(site, role).get("/desk").get_data(as_text=True)
    found = read(site, role)["tasks"]
    assert [one["url"] for one in found if f'href="{one["url"]}"' not in page] == []
    if not found:
        assert "没有需要您办理的事项" in page


@pytest.mark.parametrize("role", WAYS)
def test_whoever_has_nothing_to_do_is_led_to_pages_that_open(site: tuple[Flask, OfficeDay], role: Role) -> None:
    with site[0].test_request_context():
        links = [url_for(page) for page, _words in WAYS[role]]
    person = enter(site, role)
    assert {url: status for url in links if (status := person.get(url).status_code) != 200} == {}


def test_a_kind_can_be_asked_for_alone_and_an_unknown_one_is_refused(site: tuple[Flask, OfficeDay]) -> None:
    found = read(site, Role.SUPERVISOR, kind="incidents")
    assert [(one["kind"], one["rule"]) for one in found["tasks"]] == [("incidents", "SEC-02")]
    assert found["counts"] == WAITING[Role.SUPERVISOR]
    app, _day = site
    headers = as_program(app, Role.SUPERVISOR)
    assert app.test_client().get("/api/v1/desk?kind=gossip", headers=headers).status_code == 422
    page = enter(site, Role.SUPERVISOR).get("/desk?kind=incidents").get_data(as_text=True)
    assert "关联后可识别个人" in page
    assert "纳税信用画像" not in page


def test_an_entry_says_since_when_until_when_and_by_which_rule(site: tuple[Flask, OfficeDay]) -> None:
    found = {one["title"]: one for one in read(site, Role.REVIEWER)["tasks"]}
    accept = found["小微企业活跃度"]
    assert (accept["what"], accept["rule"], accept["since"]) == ("登记申请待受理", "REG-04", "2026-07-13")
    assert (accept["due_date"], accept["working_days_left"], accept["is_overdue"]) == ("2026-07-16", 0, False)
    objected = found["纳税信用画像"]
    assert (objected["what"], objected["rule"], objected["due_date"]) == ("公示异议待处理", "REG-06", None)


def test_time_alone_makes_reviews_corrections_and_duties_overdue(site: tuple[Flask, OfficeDay]) -> None:
    assert read(site, Role.SUPERVISOR)["overdue"] == 0
    clock.run_from(DAY + MONTHS_LATER)
    authority, operator = read(site, Role.SUPERVISOR), read(site, Role.OPERATOR)
    page = enter(site, Role.OPERATOR).get("/desk").get_data(as_text=True)
    clock.run_from(DAY)
    assert authority["counts"]["suspensions"] == 1
    late = [one for one in authority["tasks"] if one["is_overdue"]]
    assert {one["kind"] for one in late} >= {"product", "suspensions"}
    assert [one["what"] for one in late if one["kind"] == "suspensions"] == [
        "整改期已过，请决定恢复、终止部分或全部授权"
    ]
    correction = next(one for one in operator["tasks"] if one["kind"] == "suspensions")
    assert (correction["rule"], correction["due_date"], correction["is_overdue"]) == ("ACC-01", "2026-07-16", True)
    assert "已逾期" in page


def test_a_merchant_sees_gates_next_steps_drafts_and_every_defect(site: tuple[Flask, OfficeDay]) -> None:
    page = enter(site, Role.MERCHANT).get("/desk").get_data(as_text=True)
    assert "12/12" in page
    assert "全部条件已满足" in page
    for step in ("等待审查结论", "按退回意见补正后重新提交", "等待登记机构办理", "申请登记"):
        assert step in page, step
    assert "样例数据过少" in page
    assert "已填 1 步，共 6 步" in page


def test_a_source_department_sees_its_resources_and_what_is_made_from_them(site: tuple[Flask, OfficeDay]) -> None:
    page = enter(site, Role.SOURCE).get("/desk").get_data(as_text=True)
    assert "本部门的数据资源" in page
    assert "0.9400" in page  # the score after a corrected problem of accuracy
    assert "企业信用核验" in page


def test_an_operator_sees_its_people_and_the_days_of_its_agreements(site: tuple[Flask, OfficeDay]) -> None:
    page = enter(site, Role.OPERATOR).get("/desk").get_data(as_text=True)
    assert "1/" in page
    assert "有人未合格" in page
    for day in ("2028-03-30", "2028-06-30"):
        assert day in page


def test_who_asked_for_something_does_not_find_it_again_as_the_second_person(site: tuple[Flask, OfficeDay]) -> None:
    app, day = site
    with app.app_context(), db.transaction() as session:
        people = [make.make_account(session, Role.SUPERVISOR, now=clock.now()) for _ in range(2)]

    def kinds_of(login: str) -> dict[str, int]:
        answer = app.test_client().post("/api/v1/sessions", json={"login": login, "password": make.PASSWORD})
        found = app.test_client().get("/api/v1/desk", headers=bearer(answer.json["token"]))
        return dict(found.json["counts"])

    with app.app_context(), db.transaction() as session:
        choice = session.query(Selection).filter_by(call_id=day.over.id).one()
        earlier, choice.proposed_by = choice.proposed_by, people[0].id
    assert "selections" not in kinds_of(people[0].login)
    assert kinds_of(people[1].login)["selections"] == 1
    with app.app_context(), db.transaction() as session:
        session.query(Selection).filter_by(call_id=day.over.id).one().proposed_by = earlier


def test_a_visitor_is_asked_to_sign_in_and_a_program_without_a_token_is_refused(site: tuple[Flask, OfficeDay]) -> None:
    visitor = site[0].test_client()
    assert visitor.get("/desk?kind=exits").headers["Location"] == "/sign-in?next=/desk?kind%3Dexits"
    assert visitor.get("/api/v1/desk").status_code == 401


def test_an_account_without_a_role_learns_where_to_turn(site: tuple[Flask, OfficeDay]) -> None:
    page = as_person(site[0]).get("/desk")
    assert page.status_code == 200
    assert "您的账号目前没有任何职责" in page.get_data(as_text=True)


def test_whoever_signs_in_lands_at_the_desk_or_on_the_page_that_was_wanted(site: tuple[Flask, OfficeDay]) -> None:
    app, _day = site
    with app.app_context(), db.transaction() as session:
        account = make.make_account(session, Role.AUDITOR, now=clock.now())
    fields = {"login": account.login, "password": make.PASSWORD}
    for query, target in (({}, "/desk"), ({"next": "/duties"}, "/duties"), ({"next": "https://elsewhere.cn"}, "/")):
        client = app.test_client()
        page = client.get("/sign-in", query_string=query).get_data(as_text=True)
        token = page.split('name="csrf_token" value="')[1].split('"')[0]
        signed = client.post("/sign-in", query_string=query, data={**fields, "csrf_token": token})
        assert (signed.status_code, signed.headers["Location"]) == (303, target)
        assert client.get("/sign-in", query_string=query).headers["Location"] == target


def test_a_security_administrator_confirms_what_another_asked_for(site: tuple[Flask, OfficeDay]) -> None:
    app, _day = site
    with app.app_context(), db.transaction() as session:
        account = make.make_account(session, name="待授权人员", now=clock.now())
        persons.ask_grant(
            session, make.security_administrator(), account.id, role=Role.REVIEWER, reason="轮岗", now=DURING_NOTICE
        )
    page = app.test_client()
    page.set_cookie("huiyi_session", token_of(app, Role.SECURITY_ADMINISTRATOR))
    text = page.get("/desk").get_data(as_text=True)
    assert "授予“合规审核”：待您确认" in text
    assert "账号概况" in text
