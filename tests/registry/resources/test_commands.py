"""The catalogue on a real database."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kernel.db import new_id
from kernel.errors import NotAllowed
from kernel.identity import ANONYMOUS, Role
from registry.parties import commands as parties
from registry.parties.rules import Capacity, NotInOrder
from registry.resources import commands, queries
from registry.resources.rules import AccessKind, WrongResourceState
from tests.make import registry_base as make


@pytest.mark.both_databases
def test_a_resource_gets_the_next_number_and_keeps_what_was_entered(session: Session) -> None:
    department = make.make_department(session)
    first, second = (
        make.make_resource(session, department),
        make.make_resource(session, department, access=AccessKind.PAID),
    )
    assert (first.code, second.code) == ("RES-2026-000001", "RES-2026-000002")
    assert first.fields == [{"name": "name", "title": "名称", "type": "text"}]
    session.expire_all()
    assert queries.by_code(session, second.code).access is AccessKind.PAID


@pytest.mark.both_databases
def test_a_catalogue_code_is_used_once(session: Session) -> None:
    department = make.make_department(session)
    make.make_resource(session, department)
    person = make.acting_for(department, Role.SOURCE)
    fields = {
        "place": "xinchang", "source_department_id": department.id, "title": "甲", "description": "乙", "grade": 1,
        "classification": "丙", "update_frequency": "每日", "fields": [], "now": make.NOW, "book": make.book(),
    }  # fmt: skip
    with pytest.raises(commands.CodeTaken, match="RES-2026-000001"):
        commands.catalogue(session, person, code="RES-2026-000001", **fields)
    assert commands.catalogue(session, person, code="330624-0001", **fields).code == "330624-0001"


def test_only_people_of_the_department_enter_its_resources(session: Session) -> None:
    department, other = make.make_department(session), make.make_department(session)
    resource = make.make_resource(session, department)
    for actor in (make.acting_for(other, Role.SOURCE), make.supervisor(), make.acting_for(department, Role.BUYER)):
        with pytest.raises(NotAllowed):
            commands.bar(session, actor, resource.id, reason="涉密", now=make.NOW)
        with pytest.raises(NotAllowed):
            commands.change(session, actor, resource.id, title="改名", now=make.NOW)


def test_an_organisation_that_is_no_source_department_there_enters_nothing(session: Session) -> None:
    buyer = make.make_party(session, Capacity.BUYER)
    with pytest.raises(commands.NotASourceDepartment, match="新昌"):
        make.make_resource(session, buyer)
    elsewhere = make.make_department(session, place="puer")
    with pytest.raises(commands.NotASourceDepartment):
        make.make_resource(session, elsewhere, place="xinchang")
    department = make.make_department(session)
    parties.suspend(session, make.supervisor(), department.id, reason="违规", now=make.NOW)
    with pytest.raises(NotInOrder):
        make.make_resource(session, department)


def test_the_description_changes_and_nothing_else(session: Session) -> None:
    department = make.make_department(session)
    resource, person = make.make_resource(session, department), make.acting_for(department, Role.SOURCE)
    commands.change(session, person, resource.id, title="新名称", grade=3, now=make.NOW)
    assert (resource.title, resource.grade) == ("新名称", 3)
    for name in ("code", "place", "source_department_id", "barred"):
        with pytest.raises(TypeError):
            commands.change(session, person, resource.id, now=make.NOW, **{name: "x"})


def test_a_resource_is_barred_and_admitted_again_with_reasons(session: Session) -> None:
    department = make.make_department(session)
    resource, person = make.make_resource(session, department), make.acting_for(department, Role.SOURCE)
    with pytest.raises(WrongResourceState):
        commands.unbar(session, person, resource.id, reason="无", now=make.NOW)
    commands.bar(session, person, resource.id, reason="涉及个人隐私", now=make.NOW)
    assert (resource.barred, resource.barred_reason) == (True, "涉及个人隐私")
    with pytest.raises(WrongResourceState):
        commands.bar(session, person, resource.id, reason="再次", now=make.NOW)
    commands.unbar(session, person, resource.id, reason="已脱敏", now=make.NOW)
    assert (resource.barred, resource.barred_reason) == (False, None)


@pytest.mark.both_databases
@pytest.mark.parametrize("grade", [0, 6, -1])
def test_the_database_itself_refuses_a_grade_that_is_none(session: Session, grade: int) -> None:
    resource = make.make_resource(session)
    resource.grade = grade
    with pytest.raises(IntegrityError):
        session.flush()
    session.rollback()


def test_people_see_the_resources_of_their_scope(session: Session) -> None:
    mine, theirs = make.make_department(session), make.make_department(session)
    merchant = make.make_party(session, Capacity.DATA_MERCHANT)
    own, barred = make.make_resource(session, mine), make.make_resource(session, mine, barred=True)
    other, far = make.make_resource(session, theirs), make.make_resource(session, place="puer")

    def seen(actor: object) -> set[object]:
        return {resource.id for resource in session.scalars(queries.listed(actor))}

    assert seen(make.acting_for(mine, Role.SOURCE)) == {own.id, barred.id}
    assert seen(make.acting_for(merchant, Role.MERCHANT)) == {own.id, other.id}
    assert seen(make.supervisor("xinchang")) == {own.id, barred.id, other.id}
    assert seen(make.actor(Role.AUDITOR)) == {own.id, barred.id, other.id, far.id}
    assert seen(make.actor(Role.BUYER, place="xinchang")) == seen(ANONYMOUS) == set()
    assert {found.id for found in queries.open_at(session, "xinchang")} == {own.id, other.id}
    assert queries.visible(session, make.supervisor("puer"), far.id).source_department.name
    with pytest.raises(queries.NoSuchResource):
        queries.visible(session, make.supervisor("puer"), own.id)


def test_what_does_not_exist_is_not_found(session: Session) -> None:
    resource = make.make_resource(session)
    assert [found.id for found in queries.several(session, [resource.id, resource.id])] == [resource.id]
    with pytest.raises(queries.NoSuchResource):
        queries.several(session, [resource.id, new_id()])
    with pytest.raises(queries.NoSuchResource):
        queries.get(session, new_id())
    with pytest.raises(queries.NoSuchResource):
        queries.by_code(session, "RES-1999-000001")
