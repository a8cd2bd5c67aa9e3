"""Organisations on a real database."""

from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel import audit
from kernel.db import Database, new_id, write_transaction
from kernel.errors import NotAllowed, Unauthenticated
from kernel.identity import ANONYMOUS, Role
from kernel.policy import NoSuchPlace
from registry.parties import commands, queries
from registry.parties.model import PartyCapacity
from registry.parties.rules import (
    BadUscc,
    Capacity,
    DutiesNotSeparated,
    NotInOrder,
    PartyKind,
    Standing,
    WrongStanding,
    uscc_from_body,
)
from tests.make import registry_base as make

USCC = uscc_from_body("913306240000000AB")


def create(session: Session, **changes: object) -> object:
    """Register an organisation of Xinchang, but for the changes."""
    fields = {"uscc": USCC, "name": "甲公司", "kind": PartyKind.ENTERPRISE, "place": "xinchang", "now": make.NOW,
              "capacities": [Capacity.BUYER], "book": make.book(), **changes}  # fmt: skip
    actor = fields.pop("actor", make.supervisor("xinchang"))
    return commands.create_party(session, actor, **fields)


@pytest.mark.both_databases
def test_an_organisation_is_found_under_any_spelling_of_its_code(session: Session) -> None:
    party = create(session, uscc=f" {USCC[:8]}-{USCC[8:]} ".lower())
    assert party.uscc == USCC
    assert queries.by_uscc(session, USCC.lower()).id == party.id
    assert [held.capacity for held in party.capacities] == [Capacity.BUYER]
    line = session.scalar(sa.select(audit.AuditLine).where(audit.AuditLine.action == "party.create"))
    assert (line.object_id, line.note) == (str(party.id), USCC)


@pytest.mark.both_databases
def test_a_code_is_registered_once(session: Session) -> None:
    create(session)
    with pytest.raises(commands.AlreadyRegistered, match=USCC):
        create(session, name="乙公司", place="xinchang")
    assert queries.by_uscc(session, USCC).name == "甲公司"


def test_nobody_registers_organisations_of_another_place(session: Session) -> None:
    for actor in (make.supervisor("quzhou"), make.actor(Role.BUYER, place="xinchang"), ANONYMOUS):
        with pytest.raises((NotAllowed, Unauthenticated)):
            create(session, actor=actor)
    assert session.scalars(sa.select(PartyCapacity)).all() == []


def test_a_wrong_code_and_a_place_that_is_none_are_refused(session: Session) -> None:
    with pytest.raises(BadUscc):
        create(session, uscc=USCC[:-1] + ("0" if USCC[-1] != "0" else "1"))
    with pytest.raises(NoSuchPlace):
        create(session, place="atlantis", actor=make.security_administrator())


def test_in_guangzhou_one_organisation_is_not_operator_and_merchant(session: Session) -> None:
    both = [Capacity.OPERATING_INSTITUTION, Capacity.DATA_MERCHANT]
    with pytest.raises(DutiesNotSeparated, match="运商分离") as refused:
        create(session, place="guangzhou", capacities=both, actor=make.supervisor("guangzhou"))
    assert refused.value.rule == "SEP-01"
    assert refused.value.article
    operator = make.make_operator(session, place="guangzhou")
    with pytest.raises(DutiesNotSeparated):
        commands.add_capacity(
            session, make.supervisor("guangzhou"), operator.id, capacity=Capacity.DATA_MERCHANT, place="guangzhou",
            now=make.NOW, book=make.book(),
        )  # fmt: skip


@pytest.mark.parametrize("place", ["quzhou", "futian", "puer", "xinchang"])
def test_elsewhere_operator_and_merchant_may_be_the_same_organisation(session: Session, place: str) -> None:
    both = [Capacity.OPERATING_INSTITUTION, Capacity.DATA_MERCHANT]
    party = create(session, place=place, capacities=both, actor=make.supervisor(place))
    assert {held.capacity for held in party.capacities} == set(both)


def test_the_separation_of_guangzhou_does_not_follow_an_organisation_elsewhere(session: Session) -> None:
    operator = make.make_operator(session, place="guangzhou")
    grown = commands.add_capacity(
        session, make.supervisor("puer"), operator.id, capacity=Capacity.DATA_MERCHANT, place="puer", now=make.NOW,
        book=make.book(),
    )  # fmt: skip
    assert {(held.capacity, held.place) for held in grown.capacities} == {
        (Capacity.OPERATING_INSTITUTION, "guangzhou"), (Capacity.DATA_MERCHANT, "puer"),
    }  # fmt: skip


def test_a_capacity_is_registered_once(session: Session) -> None:
    party = make.make_party(session, Capacity.BUYER)
    with pytest.raises(commands.AlreadyRegistered, match="已在新昌县登记为购买方"):
        commands.add_capacity(
            session, make.supervisor(), party.id, capacity=Capacity.BUYER, place="xinchang", now=make.NOW,
            book=make.book(),
        )  # fmt: skip


@pytest.mark.both_databases
def test_a_suspension_needs_one_person_and_its_end_two(session: Session) -> None:
    party, first, second = make.make_party(session, Capacity.BUYER), make.supervisor(), make.supervisor()
    commands.suspend(session, first, party.id, reason="泄露数据", now=make.NOW)
    assert party.standing is Standing.SUSPENDED
    with pytest.raises(NotInOrder):
        commands.add_capacity(
            session, first, party.id, capacity=Capacity.DATA_MERCHANT, place="xinchang", now=make.NOW, book=make.book()
        )
    commands.restore(session, first, party.id, now=make.NOW)
    assert party.standing is Standing.SUSPENDED
    with pytest.raises(commands.SecondPersonNeeded):
        commands.restore(session, first, party.id, now=make.NOW)
    commands.restore(session, second, party.id, now=make.NOW)
    assert (party.standing, party.standing_reason, party.restore_asked_by) == (Standing.IN_ORDER, None, None)
    with pytest.raises(WrongStanding):
        commands.restore(session, first, party.id, now=make.NOW)


def test_a_new_suspension_voids_the_request_to_restore_after_an_end(session: Session) -> None:
    party, person = make.make_party(session, Capacity.BUYER), make.supervisor()
    commands.suspend(session, person, party.id, reason="违规", now=make.NOW)
    commands.restore(session, person, party.id, now=make.NOW)
    commands.end(session, person, party.id, reason="注销", now=make.NOW)
    session.flush()
    assert (party.standing, party.restore_asked_by) == (Standing.ENDED, None)


def test_only_the_authority_of_the_place_suspends(session: Session) -> None:
    party = make.make_party(session, Capacity.BUYER, place="puer")
    for actor in (make.supervisor("quzhou"), make.acting_for(party, Role.BUYER), make.security_administrator()):
        with pytest.raises(NotAllowed):
            commands.suspend(session, actor, party.id, reason="违规", now=make.NOW)


def test_what_does_not_exist_is_not_found(session: Session) -> None:
    for call in (queries.get, queries.refreshed):
        with pytest.raises(queries.NoSuchParty):
            call(session, new_id())
    with pytest.raises(queries.NoSuchParty, match="请先登记"):
        queries.by_uscc(session, USCC)


def test_people_see_the_organisations_of_their_scope(session: Session) -> None:
    here = make.make_party(session, Capacity.BUYER, place="xinchang")
    there = make.make_party(session, Capacity.BUYER, place="puer")
    visitor = make.make_party(session, Capacity.DATA_MERCHANT, place="puer")
    commands.add_capacity(
        session, make.supervisor("xinchang"), visitor.id, capacity=Capacity.BUYER, place="xinchang", now=make.NOW,
        book=make.book(),
    )  # fmt: skip

    def seen(actor: object) -> set[object]:
        return {party.id for party in session.scalars(queries.listed(actor))}

    assert seen(make.supervisor("xinchang")) == {here.id, visitor.id}
    assert seen(make.supervisor("puer")) == {there.id, visitor.id}
    assert seen(make.security_administrator()) == {here.id, there.id, visitor.id}
    assert seen(make.acting_for(here, Role.BUYER)) == {here.id}
    assert seen(ANONYMOUS) == set()
    assert queries.visible(session, make.acting_for(here, Role.BUYER), here.id).id == here.id
    with pytest.raises(queries.NoSuchParty):
        queries.visible(session, make.acting_for(here, Role.BUYER), there.id)
    found = session.scalars(queries.listed(make.security_administrator(), place="xinchang", capacity=Capacity.BUYER))
    assert {party.id for party in found} == {here.id, visitor.id}


def test_organisations_are_found_by_what_they_may_act_as(session: Session) -> None:
    operator, department = make.make_operator(session), make.make_department(session)
    assert [party.id for party in queries.having(session, Capacity.OPERATING_INSTITUTION, "xinchang")] == [operator.id]
    assert queries.has_capacity(session, operator.id, Capacity.OPERATING_INSTITUTION, "xinchang")
    assert queries.has_capacity(session, operator.id, Capacity.OPERATING_INSTITUTION, None)
    assert not queries.has_capacity(session, operator.id, Capacity.OPERATING_INSTITUTION, "puer")
    assert not queries.has_capacity(session, department.id, Capacity.OPERATING_INSTITUTION, None)
    commands.suspend(session, make.supervisor(), operator.id, reason="违规", now=make.NOW)
    session.flush()
    assert queries.having(session, Capacity.OPERATING_INSTITUTION, "xinchang") == []
    assert len(queries.having(session, Capacity.OPERATING_INSTITUTION, "xinchang", in_order=False)) == 1


@pytest.mark.both_databases
def test_two_officers_at_once_cannot_join_operator_and_merchant(database_url: str) -> None:
    database = Database(database_url)
    with database.new_session() as session, write_transaction(session):
        party_id = make.make_party(session, Capacity.BUYER, place="guangzhou").id
    start, refused = threading.Barrier(2), []

    def add(capacity: Capacity) -> None:
        with database.new_session() as own:
            start.wait()
            try:
                with write_transaction(own):
                    commands.add_capacity(
                        own, make.supervisor("guangzhou"), party_id, capacity=capacity, place="guangzhou", now=make.NOW,
                        book=make.book(),
                    )  # fmt: skip
            except DutiesNotSeparated as error:
                refused.append(error)

    pair = (Capacity.OPERATING_INSTITUTION, Capacity.DATA_MERCHANT)
    threads = [threading.Thread(target=add, args=(capacity,)) for capacity in pair]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.new_session() as session:
        held = {found.capacity for found in queries.get(session, party_id).capacities}
    database.engine.dispose()
    assert len(refused) == 1
    assert len(held & set(pair)) == 1
