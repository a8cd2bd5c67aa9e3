"""The deletion certificate of an ended part, and two persons who state the same ground."""

from __future__ import annotations

import base64
import re
from datetime import date, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from kernel import clock, db
from kernel.calendar import business_date
from kernel.errors import NotAllowed
from kernel.identity import Role
from registry.agreements import commands as agreements
from registry.agreements import queries as agreement_queries
from registry.agreements.model import Agreement
from registry.agreements.rules import AgreementState, ExitGround, SecondPersonNeeded
from registry.exits import commands, queries
from registry.exits.model import EndingAsk, PartialDeletion
from registry.exits.rules import DeletedTooEarly, GroundsDiffer, KeptRecord, PartCertified, PartNotEnded
from registry.parties.model import Party
from registry.suspensions import commands as suspensions
from registry.suspensions.model import PartialEnd
from tests.make import authorizations as life
from tests.make import registry_base as make
from tests.make.clients import as_person, as_program, key, send

BREACH, ENDED_ON = date(2026, 9, 1), date(2026, 9, 17)  # the example of ACC-01: fifteen agreed days
SAID = {"reason": "逾期未整改", "coordination_record": "纪要3"}


def ended(session: Session, now: datetime, *, confirmed: bool = True) -> tuple[Agreement, PartialEnd]:
    """An agreement over two resources of which one was not corrected in time; its end is asked for, or confirmed."""
    scope = [make.make_resource(session) for _ in range(2)]
    agreement = make.make_agreement(session, scope=scope, operator=make.make_operator(session))
    agreements.suspend(
        session, make.supervisor(), agreement.id, reason="超出场景使用数据", now=now - timedelta(days=16),
        correction_due=business_date(now) - timedelta(days=1),
    )  # fmt: skip
    part = suspensions.ask_end_of_part(
        session, make.supervisor(), agreement.id, resource_ids=[scope[0].id], now=now, book=make.book(), **SAID
    )
    if confirmed:
        suspensions.confirm_end_of_part(session, make.supervisor(), agreement.id, part.id, now=now)
    session.flush()
    return agreement, part


def certify(session: Session, agreement: Agreement, part: PartialEnd, **changes: Any) -> PartialDeletion:
    """Certify the deletion on the day of the end, but for the changes."""
    said = {"what": "受影响数据及其中间结果", "method": "覆写并核验", "deleted_at": life.moment(ENDED_ON, 11),
            "deleted_by": "张三", **life.FILE, "now": life.moment(ENDED_ON, 12),
            "book": make.book(), **changes}  # fmt: skip
    return commands.certify_part(session, life.operator_of(agreement), agreement.id, part.id, **said)


@pytest.mark.both_databases
def test_the_data_of_an_ended_part_are_deleted_with_a_certificate_and_the_rest_goes_on(session: Session) -> None:
    agreement, part = ended(session, life.moment(ENDED_ON))
    assert [one.id for one, _ in queries.parts_waiting(session, make.supervisor())] == [part.id]
    made = certify(session, agreement, part)
    assert (agreement.state, queries.of_agreement(session, agreement.id)) == (AgreementState.ACTIVE, None)
    assert made.number.startswith("DEL-")
    assert (made.logs_until, set(made.kept_records)) == (date(2027, 3, 17), {one.value for one in KeptRecord})
    assert made.sources["log_months_min"]["value"] == "6"
    assert certify(session, agreement, part, now=life.moment(date(2026, 9, 18))) is made  # handed in again
    for other in ({"what": "别的"}, {"content": b"another file"}):
        with pytest.raises(PartCertified, match=made.number):
            certify(session, agreement, part, **other)
    assert queries.parts_waiting(session, make.supervisor()) == []
    for statement in (sa.update(PartialDeletion).values(what="x"), sa.delete(PartialDeletion)):
        with pytest.raises(DBAPIError), session.begin_nested():
            session.execute(statement)


def test_nothing_is_certified_before_the_end_is_confirmed_nor_by_strangers(session: Session) -> None:
    agreement, part = ended(session, life.moment(ENDED_ON), confirmed=False)
    with pytest.raises(PartNotEnded, match=agreement.number):
        certify(session, agreement, part)
    suspensions.confirm_end_of_part(session, make.supervisor(), agreement.id, part.id, now=life.moment(ENDED_ON))
    for wrong in (life.moment(date(2026, 9, 16)), life.moment(date(2026, 9, 18))):
        with pytest.raises(DeletedTooEarly):
            certify(session, agreement, part, deleted_at=wrong)
    stranger = make.acting_for(make.make_operator(session), Role.OPERATOR)
    with pytest.raises(NotAllowed):
        commands.certify_part(
            session, stranger, agreement.id, part.id, what="x", method="x", deleted_at=life.moment(ENDED_ON),
            deleted_by="x", **life.FILE, now=life.moment(ENDED_ON), book=make.book(),
        )  # fmt: skip


def test_the_operator_certifies_on_the_page_and_through_http(app: Flask, client: FlaskClient) -> None:
    with app.app_context(), db.transaction() as session:
        agreement, part = ended(session, clock.now())
        operator = session.get_one(Party, agreement.operating_institution_id)
    page = f"/agreements/{agreement.id}/partial-ends/{part.id}"
    person = as_person(app, Role.OPERATOR, party=operator)
    for listed in ("/exits", f"/agreements/{agreement.id}/correction"):
        assert f"{page}/certificate" in person.get(listed).get_data(as_text=True)
    fields: dict[str, Any] = {"what": "受影响数据", "method": "覆写", "deleted_by": "张三", "deleted_at": ""}
    assert send(person, f"{page}/certificate", fields, form_at=f"{page}/certificate").status_code == 422
    fields["deleted_at"] = clock.now().isoformat()
    assert send(person, f"{page}/certificate", fields, form_at=f"{page}/certificate").status_code == 422  # no file
    sent = {**fields, "evidence": (BytesIO(b"wipe log"), "日志.txt")}
    assert send(person, f"{page}/certificate", sent, form_at=f"{page}/certificate").status_code == 303
    shown = person.get(f"{page}/certificate").get_data(as_text=True)
    number = re.search(r"DEL-\d{4}-\d{6}", shown)[0]  # type: ignore[index]
    assert person.get(f"{page}/evidence").get_data() == b"wipe log"
    assert f"{page}/certificate" not in person.get("/exits").get_data(as_text=True)

    program, api = as_program(app, Role.OPERATOR, party=operator), f"/api/v1/agreements/{agreement.id}"
    known = client.get(f"/api/v1{page}/certificate", headers=program).json
    assert (known["number"], known["part_id"]) == (number, str(part.id))
    again = {"what": "受影响数据", "method": "覆写", "deleted_by": "张三", "deleted_at": fields["deleted_at"],
             "name": "日志.txt", "content_base64": base64.b64encode(b"wipe log").decode()}  # fmt: skip
    for changes, status in (({}, 200), ({"what": "别的"}, 409)):
        tag = client.get(api, headers=program).headers["ETag"]
        answer = client.put(
            f"/api/v1{page}/certificate", json={**again, **changes}, headers={**key(program), "If-Match": tag}
        )
        assert answer.status_code == status, answer.get_data(as_text=True)
    foreign = as_program(app, Role.SUPERVISOR, place="puer")
    assert client.get(f"/api/v1{page}/certificate", headers=foreign).status_code == 404


@pytest.mark.both_databases
def test_the_second_person_confirms_the_ground_that_the_first_one_stated(session: Session) -> None:
    agreement = make.make_agreement(session)
    first, second = (make.actor(Role.SUPERVISOR, place="xinchang", name=name) for name in "甲乙")
    common = {"reason": "违约", "coordination_record": "纪要3", "now": life.moment(ENDED_ON), "book": make.book()}
    commands.terminate(session, first, agreement.id, ground=ExitGround.BREACH, **common)
    with pytest.raises(GroundsDiffer, match="甲 提出的事由为“违约且未按期整改”，乙 确认的事由为“运营机构申请退出”"):
        commands.terminate(session, second, agreement.id, ground=ExitGround.OPERATOR_REQUEST, **common)
    assert agreement.state is AgreementState.ACTIVE
    with pytest.raises(SecondPersonNeeded):
        commands.terminate(session, first, agreement.id, ground=ExitGround.BREACH, **common)
    # who asked may state another ground: that is a new ask
    commands.terminate(session, first, agreement.id, ground=ExitGround.OPERATOR_REQUEST, **common)
    with pytest.raises(GroundsDiffer):
        commands.terminate(session, second, agreement.id, ground=ExitGround.BREACH, **common)
    commands.terminate(session, second, agreement.id, ground=ExitGround.OPERATOR_REQUEST, **common)
    assert (agreement.state, agreement.exit_ground) == (AgreementState.TERMINATED, ExitGround.OPERATOR_REQUEST)
    stated = session.scalars(sa.select(EndingAsk.ground).order_by(EndingAsk.id)).all()
    assert stated == [ExitGround.BREACH, ExitGround.OPERATOR_REQUEST]


def test_a_revocation_is_confirmed_for_the_same_reason_spaces_apart(session: Session) -> None:
    agreement = make.make_agreement(session)
    first, second = (make.actor(Role.SUPERVISOR, place="xinchang", name=name) for name in "甲乙")
    common = {"coordination_record": "纪要3", "now": life.moment(ENDED_ON), "book": make.book()}
    commands.revoke(session, first, agreement.id, reason="提供 虚假材料", **common)
    with pytest.raises(GroundsDiffer, match="擅自转授权"):
        commands.revoke(session, second, agreement.id, reason="擅自转授权", **common)
    commands.revoke(session, second, agreement.id, reason=" 提供虚假材料 ", **common)
    assert agreement.state is AgreementState.REVOKED


def test_the_page_shows_the_second_person_what_the_first_one_stated(app: Flask) -> None:
    with app.app_context(), db.transaction() as session:
        agreement = make.make_agreement(session)
    one, other = (as_person(app, Role.SUPERVISOR, place="xinchang") for _ in range(2))
    url = f"/agreements/{agreement.id}"
    said = {"ground": "breach", "reason": "三次逾期", "coordination_record": "纪要3"}
    assert send(one, f"{url}/terminate", said, form_at=url).status_code == 303
    shown = other.get(url).get_data(as_text=True)
    assert "提出的事由" in shown
    assert "三次逾期" in shown
    differing = send(other, f"{url}/terminate", {**said, "ground": "operator_request"}, form_at=url)
    assert differing.status_code == 409
    assert "两人所述应当一致" in differing.get_data(as_text=True)
    assert send(other, f"{url}/terminate", said, form_at=url).status_code == 303
    with app.app_context():
        assert agreement_queries.get(db.session(), agreement.id).state is AgreementState.TERMINATED
