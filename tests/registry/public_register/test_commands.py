"""Objections: anybody files one under the real name; it stops the code until the registrar has decided it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from kernel.errors import NotAllowed
from kernel.identity import ANONYMOUS, Role
from registry.public_register import commands
from registry.registrations.commands import assign_code
from registry.registrations.model import Objection, Registration
from registry.registrations.queries import NoSuchRegistration
from registry.registrations.rules import ObjectionOutcome, RegistrationState, WrongState
from registry.terms.rules import NoticeOver
from tests.make.registry_base import NOW, actor, book
from tests.make.registry_products import (
    CODED_AT,
    make_product,
    make_registration,
    make_review,
    reviewer,
)

DURING = datetime(2026, 7, 2, 2, 0, tzinfo=UTC)  # first day of the notice
LAST_SECOND = datetime(2026, 7, 15, 15, 59, 59, tzinfo=UTC)


@pytest.fixture
def registration(session: Session) -> Registration:
    """A registration on public notice."""
    made = make_product(session)
    make_review(session, made)
    return make_registration(session, made, state=RegistrationState.PUBLIC_NOTICE)


def object_to(session: Session, registration: Registration, now: datetime = DURING) -> Objection:
    """File an objection without signing in."""
    filed = commands.file_objection(
        session, ANONYMOUS, registration.id, name="王某某", contact="0575-0000000", evidence="该数据来源有争议", now=now
    )
    session.flush()
    return filed


def decide(session: Session, objection: Objection, outcome: ObjectionOutcome) -> Registration:
    """Decide an objection."""
    found = commands.decide_objection(session, reviewer(), objection.id, outcome=outcome, reason="经核实", now=CODED_AT)
    session.flush()
    return found


@pytest.mark.both_databases
def test_an_objection_stops_the_code_until_the_last_one_is_dismissed(
    session: Session, registration: Registration
) -> None:
    first, second = object_to(session, registration), object_to(session, registration, LAST_SECOND)
    assert registration.state is RegistrationState.OBJECTED
    for objection in (first, second):
        with pytest.raises(WrongState):
            assign_code(session, reviewer(), registration.id, book=book(), now=CODED_AT)
        decide(session, objection, ObjectionOutcome.DISMISSED)
    assert registration.state is RegistrationState.PUBLIC_NOTICE
    assign_code(session, reviewer(), registration.id, book=book(), now=CODED_AT)
    assert registration.state is RegistrationState.CODED


def test_an_upheld_objection_ends_the_registration(session: Session, registration: Registration) -> None:
    objection = object_to(session, registration)
    assert decide(session, objection, ObjectionOutcome.UPHELD).state is RegistrationState.TERMINATED
    assert (registration.closed_at, registration.reason) == (CODED_AT, "经核实")
    with pytest.raises(WrongState):
        object_to(session, registration)


@pytest.mark.parametrize("moment", [NOW, datetime(2026, 7, 15, 16, 0, tzinfo=UTC)])
def test_objections_are_taken_during_the_notice_only(
    session: Session, registration: Registration, moment: datetime
) -> None:
    with pytest.raises(NoticeOver, match="2026-07-02"):
        object_to(session, registration, moment)
    assert registration.state is RegistrationState.PUBLIC_NOTICE


def test_an_objection_is_decided_once_and_by_a_registrar_of_the_place(
    session: Session, registration: Registration
) -> None:
    objection = object_to(session, registration)
    for person in (reviewer("puer"), actor(Role.MERCHANT, org_id=registration.registrant_id, place="xinchang")):
        with pytest.raises(NotAllowed):
            commands.decide_objection(
                session, person, objection.id, outcome=ObjectionOutcome.DISMISSED, reason="x", now=CODED_AT
            )
    decide(session, objection, ObjectionOutcome.DISMISSED)
    with pytest.raises(commands.DecidedAlready):
        decide(session, objection, ObjectionOutcome.UPHELD)


def test_there_is_no_objection_to_what_does_not_exist(session: Session, registration: Registration) -> None:
    with pytest.raises(NoSuchRegistration):
        commands.file_objection(
            session, ANONYMOUS, registration.product_id, name="王", contact="1", evidence="证据", now=DURING
        )
    with pytest.raises(NoSuchRegistration):
        commands.decide_objection(
            session, reviewer(), registration.id, outcome=ObjectionOutcome.UPHELD, reason="x", now=DURING
        )


@pytest.mark.both_databases
def test_the_database_keeps_an_objection_as_it_was_filed(session: Session, registration: Registration) -> None:
    objection = object_to(session, registration)
    decide(session, objection, ObjectionOutcome.DISMISSED)
    for change in ("evidence = '改写'", "outcome = 'upheld'"):
        with pytest.raises(DBAPIError, match="not changed"), session.begin_nested():
            session.execute(sa.text(f"UPDATE registry_objection SET {change}"))
