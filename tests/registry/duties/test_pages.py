"""Duties through HTTP: for people without JavaScript, and for programs."""

from __future__ import annotations

import base64
import io

from flask import Flask
from flask.testing import FlaskClient

from kernel import clock, db
from kernel.calendar import add_months
from kernel.identity import Role
from registry.agreements.model import Agreement
from registry.obligations.rules import DutyKind
from registry.parties.model import Party
from tests.make import registry_base as make
from tests.make.clients import as_person, as_program, key, send

URL = "/api/v1/duties"


def operating(app: Flask) -> Agreement:
    """An agreement of Xinchang that began a year and a half ago, so that some duties are overdue by now."""
    start = add_months(clock.today(), -18)
    with app.app_context(), db.transaction() as session:
        return make.make_agreement(session, term=(start, add_months(start, 24)))


def operator_of(app: Flask, agreement: Agreement) -> Party:
    """The institution that operates under it."""
    with app.app_context():
        return db.session().get_one(Party, agreement.operating_institution_id)


def test_an_operator_sees_an_overdue_report_hands_it_in_and_corrects_it(app: Flask) -> None:
    person = as_person(app, Role.OPERATOR, party=operator_of(app, operating(app)))
    listed = person.get("/duties?state=overdue").get_data(as_text=True)
    assert "运营安全情况报告" in listed
    url = _first(listed, DutyKind.SECURITY_REPORT)
    assert "不得修改，只能更正" in person.get(url).get_data(as_text=True)
    empty = send(person, f"{url}/filings", {"text": "上半年安全情况"}, form_at=url)
    assert empty.status_code == 422
    sent = {"text": "上半年安全情况", "evidence": (io.BytesIO(b"report"), "报告.pdf")}
    assert send(person, f"{url}/filings", sent, form_at=url).status_code == 303
    shown = person.get(url).get_data(as_text=True)
    assert "逾期履行" in shown
    assert "更正报送" in shown
    again = {"text": "重复报送", "evidence": (io.BytesIO(b"report 2"), "报告.pdf")}
    assert send(person, f"{url}/filings", again, form_at=url).status_code == 409
    officer = as_person(app, Role.SUPERVISOR, place="xinchang")
    seen = officer.get(url).get_data(as_text=True)
    assert "上半年安全情况" in seen
    assert "更正报送" not in seen
    link = seen.split('/evidence">')[0].rsplit('"', 1)[1] + "/evidence"
    handed = officer.get(link)
    assert (handed.data, handed.mimetype) == (b"report", "application/octet-stream")


def test_a_program_files_once_and_strangers_see_nothing(app: Flask, client: FlaskClient) -> None:
    agreement = operating(app)
    program = as_program(app, Role.OPERATOR, party=operator_of(app, agreement))
    found = client.get(f"{URL}?state=overdue", headers=program).json["items"]
    assert {one["party"]["id"] for one in found} == {str(agreement.operating_institution_id)}
    assert [one["due_date"] for one in found] == sorted(one["due_date"] for one in found)
    report = next(one for one in found if one["kind"] == "security_report")
    assert (report["rule"], report["owed_to"]) == ("DIS-09", ["data_authority"])
    assert report["article"]
    body = {"text": "安全情况", "name": "报告.pdf", "content_base64": base64.b64encode(b"report").decode()}
    filed = client.post(f"{URL}/{report['key']}/filings", json=body, headers=key(program))
    assert filed.status_code == 201
    assert filed.json["is_late"] is True
    again = client.post(f"{URL}/{report['key']}/filings", json=body, headers=key(program))
    assert (again.status_code, again.json["code"]) == (409, "duty.filed_already")
    fixed = client.post(
        f"{URL}/{report['key']}/filings", json={**body, "supersedes_id": filed.json["id"]}, headers=key(program)
    )
    assert fixed.status_code == 201
    assert client.get(f"{URL}/{report['key']}", headers=program).json["state"] == "fulfilled_late"
    stranger = as_program(app, Role.SUPERVISOR, place="puer")
    assert client.get(f"{URL}/{report['key']}", headers=stranger).status_code == 404
    assert client.get(URL, headers=stranger).json["items"] == []
    assert client.get(URL).status_code == 401


def test_the_list_filters_by_party_and_shows_last_days(app: Flask) -> None:
    agreement = operating(app)
    officer = as_person(app, Role.SUPERVISOR, place="xinchang")
    everything = officer.get("/duties?place=xinchang").get_data(as_text=True)
    own = officer.get(f"/duties?party={agreement.authorizing_entity_id}").get_data(as_text=True)
    assert "授权运营年度运营报告" in everything
    assert "<td>" in own
    assert str(clock.today().year + 1) + "-03-31" in own
    assert officer.get("/duties/nothing.there").status_code == 404


def _first(listed: str, kind: DutyKind) -> str:
    start = listed.index(f"/duties/{kind}.")
    return listed[start : listed.index('"', start)]
