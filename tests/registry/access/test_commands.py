"""Access decided on real records: each condition closes it by itself, and everything is logged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from kernel import clock, db
from kernel.errors import NotAllowed, NotFound
from kernel.identity import Actor, Grant, Role
from registry.access import commands, queries
from registry.access.model import AccessDecision
from registry.access.rules import Condition, Fact, Outcome
from registry.accounts import commands as accounts
from registry.accounts.model import Account
from registry.agreements.model import Agreement
from registry.parties import commands as parties
from registry.parties.model import Party
from registry.persons import commands as persons
from registry.resources.model import Resource
from registry.training import commands as training
from registry.training.rules import RoleKind
from tests.make import registry_base as make
from tests.make.clients import as_person, as_program, key, send

TRAINED = date(2026, 6, 1)
PLACE = "puer"  # where the texts demand neither training nor an operator-level review: the agreement alone decides


@dataclass(frozen=True)
class Scene:
    """An agreement in force with one resource, and one user of its operator."""

    operator: Party
    agreement: Agreement
    resource: Resource
    user: Account


def scene(session: Session, place: str) -> Scene:
    """Make an agreement that is in force and somebody who acts for its operator."""
    operator, resource = make.make_operator(session, place=place), make.make_resource(session, place=place)
    agreement = make.make_agreement(session, place=place, operator=operator, scope=[resource])
    administrator = make.security_administrator()
    user = persons.admit(
        session, administrator, login="user", name="张三", password_hash="-", party_id=operator.id, now=make.NOW
    )
    accounts.grant_role(session, administrator, user.id, role=Role.OPERATOR, place=place, now=make.NOW)
    return Scene(operator, agreement, resource, user)


def acting(user: Account, place: str) -> Actor:
    """The user, signed in."""
    return Actor(id=user.id, name=user.name, org_id=user.party_id, grants=(Grant(Role.OPERATOR, user.party_id, place),))


def train(session: Session, user: Account, place: str) -> None:
    """Let the user pass."""
    training.record(
        session, make.supervisor(place), account_id=user.id, place=place, role_kind=RoleKind.OPERATING,
        course="数据安全", trained_on=TRAINED, passed=True, examiner="县数据局", book=make.book(), now=make.NOW,
    )  # fmt: skip


def codes(session: Session, made: Scene, on: date = make.TERM[0]) -> set[str]:
    """Everything that fails on a day."""
    found = queries.verdict(session, made.user.id, made.agreement.id, [made.resource.id], on=on, book=make.book())
    return {one.code for one in found.failed}


@pytest.mark.both_databases
def test_the_agreement_alone_opens_and_time_alone_closes(session: Session) -> None:
    made = scene(session, PLACE)
    assert codes(session, made) == set()
    assert codes(session, made, make.TERM[1]) == {"AGREEMENT_NOT_IN_FORCE"}
    assert codes(session, made, date(2026, 6, 30)) == {"AGREEMENT_NOT_IN_FORCE"}


def test_training_and_the_review_of_the_operator_are_asked_for_where_texts_demand_them(session: Session) -> None:
    made = scene(session, "xinchang")
    assert codes(session, made) == {"BLOCKED_TRAINING", "REVIEW_NOT_VALID"}
    train(session, made.user, "xinchang")
    assert codes(session, made) == {"REVIEW_NOT_VALID"}
    assert "BLOCKED_TRAINING" in codes(session, made, date(2026, 5, 31))


def test_resources_outside_and_people_of_others_are_out_of_scope(session: Session) -> None:
    made = scene(session, PLACE)
    other = make.make_resource(session, place=PLACE)
    outside = queries.verdict(
        session, made.user.id, made.agreement.id, [made.resource.id, other.id], on=make.TERM[0], book=make.book()
    )
    assert (outside.code, other.code in outside.failed[0].fact.words) == ("OUT_OF_SCOPE", True)
    stranger = persons.admit(
        session, make.security_administrator(), login="other", name="李四", password_hash="-", now=make.NOW,
        party_id=make.make_operator(session, place=PLACE).id,
    )  # fmt: skip
    ask = {"on": make.TERM[0], "book": make.book()}
    assert queries.verdict(session, stranger.id, made.agreement.id, [made.resource.id], **ask).code == "OUT_OF_SCOPE"
    handed = queries.verdict(
        session, stranger.id, made.agreement.id, [made.resource.id], scope=Fact(True, "申请已获同意"), **ask
    )
    assert handed.outcome is Outcome.GRANTED


def test_a_suspended_operator_and_a_disabled_person_have_no_access(session: Session) -> None:
    made = scene(session, PLACE)
    accounts.disable(session, make.security_administrator(), made.user.id, reason="离职", now=make.NOW)
    assert codes(session, made) == {"OUT_OF_SCOPE"}
    accounts.enable(session, make.security_administrator(), made.user.id, now=make.NOW)
    parties.suspend(session, make.supervisor(PLACE), made.operator.id, reason="违规", now=make.NOW)
    assert "OUT_OF_SCOPE" in codes(session, made)


@pytest.mark.both_databases
def test_every_decision_is_logged_with_all_that_was_looked_at(session: Session) -> None:
    made = scene(session, "xinchang")
    user = acting(made.user, "xinchang")
    fields = {"agreement_id": made.agreement.id, "resource_ids": [made.resource.id], "book": make.book()}
    denied = commands.decide(session, user, now=make.NOW, **fields)
    assert (denied.outcome, denied.code) == (Outcome.DENIED, "BLOCKED_TRAINING")
    assert [one["condition"] for one in denied.looked] == [condition.value for condition in Condition]
    assert denied.resource_codes == [made.resource.code]
    late = commands.decide(session, user, now=datetime(2030, 1, 1, tzinfo=UTC), **fields)
    assert late.code == "AGREEMENT_NOT_IN_FORCE"
    mine = session.scalars(queries.listed(user)).all()
    assert {one.id for one in mine} == {denied.id, late.id}
    assert session.scalars(queries.listed(make.supervisor("quzhou"))).all() == []
    assert len(session.scalars(queries.listed(make.supervisor("xinchang"), outcome=Outcome.DENIED)).all()) == 2


def test_nobody_asks_for_others_but_the_institution_and_its_authority(session: Session) -> None:
    made = scene(session, PLACE)
    fields = {"agreement_id": made.agreement.id, "resource_ids": [made.resource.id], "book": make.book(),
              "now": make.NOW, "account_id": made.user.id}  # fmt: skip
    for asker in (make.supervisor(PLACE), make.acting_for(made.operator, Role.OPERATOR)):
        assert commands.decide(session, asker, **fields).outcome is Outcome.GRANTED
    with pytest.raises(NotFound):
        commands.decide(session, make.acting_for(make.make_operator(session), Role.OPERATOR), **fields)
    with pytest.raises(NotAllowed):
        commands.decide(session, make.actor(Role.PRICE, place=PLACE), **fields)


@pytest.mark.both_databases
@pytest.mark.breaks_the_books
def test_nobody_changes_or_removes_a_decision(session: Session) -> None:
    made = scene(session, PLACE)
    fields = {"agreement_id": made.agreement.id, "resource_ids": [made.resource.id], "book": make.book()}
    decision = commands.decide(session, acting(made.user, PLACE), now=make.NOW, **fields)
    for statement in (sa.update(AccessDecision).values(code="X"), sa.delete(AccessDecision)):
        with pytest.raises(DatabaseError, match="append-only"), session.begin_nested():
            session.execute(statement.where(AccessDecision.id == decision.id))


def test_program_and_page_decide_and_show_the_log(app: Flask, client: FlaskClient) -> None:
    with app.app_context(), db.transaction() as session:
        made = scene(session, PLACE)
        number = made.agreement.number
    assert clock.today() < make.TERM[1]
    own = as_program(app, Role.OPERATOR, party=made.operator)
    body = {"agreement_id": str(made.agreement.id), "resource_ids": [str(made.resource.id)]}
    decided = client.post("/api/v1/access-decisions", json=body, headers=key(own))
    assert (decided.status_code, decided.json["outcome"]) == (201, "granted")
    listed = client.get("/api/v1/access-decisions?outcome=granted", headers=own).json["items"]
    assert [one["id"] for one in listed] == [decided.json["id"]]
    person = as_person(app, Role.OPERATOR, party=made.operator)
    page = send(person, "/access-decisions", {"agreement_id": str(made.agreement.id)}, form_at="/access-decisions")
    assert (page.status_code, number in page.get_data(as_text=True)) == (201, True)
    assert send(person, "/access-decisions", {"agreement_id": "x"}, form_at="/access-decisions").status_code == 422
    assert as_person(app, Role.PRICE).get("/access-decisions").status_code == 403
