"""The operations page and its API: how every job stands, how it went, and a run on request that leaves a trace."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from kernel import audit, clock, db, job_requests, jobs, progress
from kernel.identity import Role
from kernel.schedule import HOUR, MINUTE
from tests.make.clients import as_person, as_program, key, send
from web.scheduling import Keeper, run
from web.timetable import JOBS

NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)
PAGE = "/operations"
INDEX = "/operations/jobs/catalogue.index"


@pytest.fixture(autouse=True)
def at_noon() -> object:
    with clock.set_to(NOW) as moment:
        yield moment


def job(name: str):
    return next(one for one in JOBS if one.name == name)


def requests(app: Flask) -> list[job_requests.JobRequest]:
    with app.app_context():
        return list(db.session().scalars(sa.select(job_requests.JobRequest)))


@pytest.mark.both_databases
def test_an_administrator_sees_every_job_with_its_last_run_result_and_next(app: Flask) -> None:
    run(app, job("catalogue.index"))
    page = as_person(app, Role.SYSTEM_ADMINISTRATOR).get(PAGE)
    assert page.status_code == 200
    assert [one.name for one in JOBS if one.name not in page.text] == []
    assert "更新目录索引 0 条" in page.text
    assert "没有进程在主持定时任务" in page.text


def test_who_leads_is_shown(app: Flask) -> None:
    Keeper(app, JOBS, holder="host-a:17:x").beat(timedelta(0))
    text = as_person(app, Role.AUDITOR).get(PAGE).text
    assert "host-a:17:x" in text
    assert "没有进程在主持定时任务" not in text


@pytest.mark.parametrize("role", [Role.PRICE, Role.FINANCE_CHECKER, Role.SECURITY_ADMINISTRATOR])
def test_others_do_not_see_it(app: Flask, role: Role) -> None:
    client = as_person(app, role)
    assert {client.get(url).status_code for url in (PAGE, f"{PAGE}/live", INDEX, f"{INDEX}/durations.svg")} == {403}


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.SUPERVISOR])
def test_who_only_reads_can_ask_for_no_run(app: Flask, role: Role) -> None:
    client = as_person(app, role)
    page = client.get(INDEX)
    assert page.status_code == 200
    assert "runs" not in page.text.split("<main", 1)[1]
    assert client.post(f"{INDEX}/runs", data={"reason": "想看看"}).status_code in (400, 403)
    api = app.test_client().post("/api/v1/operations/jobs/catalogue.index/runs", json={"reason": "想看看"},
                                 headers=key(as_program(app, role)))  # fmt: skip
    assert (api.status_code, api.json["code"]) == (403, "auth.forbidden")
    assert requests(app) == []


@pytest.mark.both_databases
def test_a_run_is_asked_for_with_a_reason_done_by_the_leader_and_leaves_an_audit_line(app: Flask) -> None:
    client = as_person(app, Role.SYSTEM_ADMINISTRATOR)
    answer = send(client, f"{INDEX}/runs", {"reason": "更正名称后重建"}, form_at=INDEX)
    assert answer.status_code == 303
    assert "已请求" in client.get(PAGE).text
    keeper = Keeper(app, [job("catalogue.index")])
    keeper.beat(timedelta(0))
    assert keeper.turn(job("catalogue.index")) == ["catalogue.index：更新目录索引 0 条"]
    (asked,) = requests(app)
    assert (asked.reason, asked.taken_at, asked.period) == ("更正名称后重建", NOW, "2026-11-22T10:00:00+08:00")
    with app.app_context():
        line = db.session().scalars(sa.select(audit.AuditLine).where(audit.AuditLine.action == "job.ask")).one()
    assert (line.note, line.detail, line.actor_name) == (
        "更正名称后重建",
        {"job": "catalogue.index"},
        asked.asked_by_name,
    )
    page = client.get(INDEX).text
    assert "更正名称后重建" in page
    assert "2026-11-22T10:00:00+08:00" in page


def test_a_run_without_a_reason_or_asked_for_twice_is_refused_at_the_form(app: Flask) -> None:
    client = as_person(app, Role.SYSTEM_ADMINISTRATOR)
    assert send(client, f"{INDEX}/runs", {"reason": ""}, form_at=INDEX).status_code == 422
    assert send(client, f"{INDEX}/runs", {"reason": "第一次"}, form_at=INDEX).status_code == 303
    again = send(client, f"{INDEX}/runs", {"reason": "第二次"}, form_at=INDEX)
    assert again.status_code == 409
    assert "尚未开始" in again.text
    assert len(requests(app)) == 1


def test_programs_read_and_ask_the_same(app: Flask, client: FlaskClient) -> None:
    headers = as_program(app, Role.SYSTEM_ADMINISTRATOR)
    url = "/api/v1/operations/jobs/audit.seal/runs"
    asked = client.post(url, json={"reason": "封印迟了"}, headers=key(headers))
    assert (asked.status_code, asked.json["job"], asked.json["taken_at"]) == (202, "audit.seal", None)
    again = client.post(url, json={"reason": "封印迟了"}, headers=key(headers))
    assert (again.status_code, again.json["code"]) == (409, "job.already_asked")
    run(app, job("audit.seal"))
    (ran,) = client.get(url, headers=headers).json
    assert (ran["state"], ran["attempts"], ran["missed"]) == ("done", 1, 0)
    listed = {one["name"]: one for one in client.get("/api/v1/operations/jobs", headers=headers).json}
    assert listed["audit.seal"]["last"]["period"] == ran["period"]
    assert listed["audit.seal"]["is_vital"]
    assert listed["webhooks.send"]["every"] == "5 seconds"
    unknown = client.get("/api/v1/operations/jobs/nothing/runs", headers=headers)
    assert (unknown.status_code, unknown.json["code"]) == (404, "job.not_found")


def test_what_is_under_way_is_shown_live_and_given_to_programs(app: Flask, client: FlaskClient) -> None:
    person, headers = as_person(app, Role.AUDITOR), as_program(app, Role.AUDITOR)
    assert "没有正在进行的长时间工作" in person.get(f"{PAGE}/live").text
    with app.app_context(), progress.track("settlement.run", 8, about="新昌 2026-10", pause=0) as under_way:
        under_way.to(2, message="第二组")
        live = person.get(f"{PAGE}/live").text
        (told,) = client.get("/api/v1/operations/progress", headers=headers).json
    assert '<progress max="8" value="2"' in live
    assert "第二组" in live
    assert "<html" not in live
    assert (told["about"], told["done"], told["total"], told["state"]) == ("新昌 2026-10", 2, 8, "running")


def test_durations_are_drawn_and_stand_in_the_table_too(app: Flask) -> None:
    for number in range(10):
        with clock.set_to(NOW + number * 5 * MINUTE):
            run(app, job("catalogue.index"))
    client = as_person(app, Role.AUDITOR)
    drawn = client.get(f"{INDEX}/durations.svg")
    assert drawn.content_type.startswith("image/svg+xml")
    assert "最近 10 次完成的运行用时" in drawn.text
    assert "11-22 10:00" in drawn.text
    with app.app_context():
        runs = jobs.newest(db.session(), "catalogue.index", limit=20)
    page = client.get(INDEX).text
    assert [run.period for run in runs if run.period not in page] == []


def test_why_a_run_failed_is_shown_to_those_who_run_the_site(app: Flask) -> None:
    with app.app_context(), db.transaction() as session:
        jobs.claim(session, "catalogue.index", "p", now=NOW, starts_at=NOW)
        jobs.fail(session, "catalogue.index", "p", "ValueError: 索引损坏", now=NOW)
    with clock.set_to(NOW + HOUR):
        client = as_person(app, Role.AUDITOR)
        assert "ValueError: 索引损坏" in client.get(PAGE).text
        assert "逾期" in client.get(INDEX).text
        assert "索引损坏" not in app.test_client().get("/status").text, "not to everybody"
