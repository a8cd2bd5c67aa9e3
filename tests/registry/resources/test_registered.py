"""Whether a resource itself is registered, with confirmation number and evidence (REG-01, DIS-02)."""

from __future__ import annotations

import base64
from datetime import date, timedelta
from io import BytesIO
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from kernel import clock, db
from kernel.errors import NotAllowed
from kernel.identity import Role
from registry.parties.model import Party
from registry.resources import commands, queries
from registry.resources.model import Resource, ResourceRegistration
from registry.resources.rules import (
    ConfirmationTaken,
    RegistrationIncomplete,
    RegistrationStatus,
    check_registration,
)
from tests.make import registry_base as make
from tests.make.clients import as_person, as_program, key, send

PROOF = {"name": "登记证明.pdf", "media_type": "application/pdf", "content": b"confirmed"}
ON = date(2026, 7, 1)


def record(session: Session, resource: Resource, **changes: Any) -> ResourceRegistration:
    """Record that the resource is registered, but for the changes."""
    said = {"status": RegistrationStatus.REGISTERED, "issuer": "省公共数据登记平台", "number": "浙公数登2026-0001",
            "registered_on": ON, "evidence": PROOF, "now": make.NOW, **changes}  # fmt: skip
    department = session.get_one(Party, resource.source_department_id)
    made = commands.record_registration(session, make.acting_for(department, Role.SOURCE), resource.id, **said)
    session.flush()
    return made


@pytest.mark.parametrize(
    ("changes", "pointers"),
    [
        ({}, []),
        ({"number": " ", "registered_on": None, "has_evidence": False}, ["/number", "/registered_on", "/evidence"]),
        ({"registered_on": ON + timedelta(days=1)}, ["/registered_on"]),
        ({"status": RegistrationStatus.TO_BE_REGISTERED}, ["/number"]),
        ({"status": RegistrationStatus.TO_BE_REGISTERED, "number": "", "registered_on": None}, []),
    ],
)
def test_a_registered_resource_has_number_day_and_evidence(changes: dict[str, Any], pointers: list[str]) -> None:
    given = {
        "status": RegistrationStatus.REGISTERED,
        "number": "1",
        "registered_on": ON,
        "has_evidence": True,
        "on": ON,
    }
    if not pointers:
        check_registration(**{**given, **changes})
        return
    with pytest.raises(RegistrationIncomplete) as refusal:
        check_registration(**{**given, **changes})
    assert [error["pointer"] for error in refusal.value.errors] == pointers


@pytest.mark.both_databases
def test_the_newest_record_counts_and_none_is_changed(session: Session) -> None:
    resource, other = make.make_resource(session), make.make_resource(session)
    nothing = {"number": "", "registered_on": None, "evidence": None}
    record(session, resource, status=RegistrationStatus.TO_BE_REGISTERED, **nothing)
    made = record(session, resource)
    assert [one.status for one in queries.registrations(session, resource.id)] == [
        RegistrationStatus.REGISTERED, RegistrationStatus.TO_BE_REGISTERED,
    ]  # fmt: skip
    assert queries.standing_registrations(session, [resource.id, other.id]) == {resource.id: made}
    with pytest.raises(ConfirmationTaken, match="浙公数登2026-0001"):
        record(session, other)
    record(session, resource, note="更正登记机构名称")  # the same number for the same resource
    for statement in (sa.update(ResourceRegistration).values(number="x"), sa.delete(ResourceRegistration)):
        with pytest.raises(DBAPIError), session.begin_nested():
            session.execute(statement)
    stranger = make.acting_for(session.get_one(Party, make.make_resource(session).source_department_id), Role.SOURCE)
    with pytest.raises(NotAllowed):
        commands.record_registration(
            session, stranger, resource.id, status=RegistrationStatus.TO_BE_REGISTERED, issuer="平台", now=make.NOW
        )


def test_the_department_records_it_on_the_page_and_programs_read_it(app: Flask, client: FlaskClient) -> None:
    with app.app_context(), db.transaction() as session:
        resource = make.make_resource(session)
        department = session.get_one(Party, resource.source_department_id)
    person, page = as_person(app, Role.SOURCE, party=department, place="xinchang"), f"/resources/{resource.id}"
    assert "未记录" in person.get(page).get_data(as_text=True)
    fields: dict[str, Any] = {"status": "registered", "issuer": "省公共数据登记平台", "number": "浙公数登2026-0001",
                              "registered_on": clock.today().isoformat()}  # fmt: skip
    assert send(person, f"{page}/registrations", fields, form_at=page).status_code == 422  # no proof
    assert send(person, f"{page}/registrations", {**fields, "issuer": ""}, form_at=page).status_code == 422
    sent = {**fields, "letter": (BytesIO(b"confirmed"), "登记证明.pdf")}
    assert send(person, f"{page}/registrations", sent, form_at=page).status_code == 303
    assert "浙公数登2026-0001" in person.get(page).get_data(as_text=True)

    program, url = as_program(app, Role.SOURCE, party=department), f"/api/v1/resources/{resource.id}/registrations"
    assert client.get(url, headers=program).json["items"][0]["number"] == "浙公数登2026-0001"
    body = {"status": "registered", "issuer": "省平台", "number": "浙公数登2026-0002",
            "registered_on": clock.today().isoformat()}  # fmt: skip
    assert client.post(url, json=body, headers=key(program)).json["code"] == "resource.registration_incomplete"
    body["evidence"] = {"name": "证明.pdf", "content_base64": base64.b64encode(b"new").decode()}  # type: ignore[assignment]
    made = client.post(url, json=body, headers=key(program))
    assert (made.status_code, [one["number"] for one in made.json["items"]]) == (
        201, ["浙公数登2026-0002", "浙公数登2026-0001"],
    )  # fmt: skip
    foreign = as_program(app, Role.SOURCE, party=department_of_another_place(app))
    assert client.post(url, json=body, headers=key(foreign)).status_code == 404


def department_of_another_place(app: Flask) -> Party:
    """A source department that has nothing to do with it."""
    with app.app_context(), db.transaction() as session:
        return make.make_department(session, place="puer")
