"""Emergency plans and drills on a real database."""

from __future__ import annotations

from datetime import date

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from kernel.errors import NotAllowed
from kernel.identity import Actor
from registry.agreements import commands as agreements
from registry.agreements.model import Agreement
from registry.agreements.rules import AgreementState, EmergencyPlanMissing
from registry.emergency import checks, commands, queries
from registry.emergency.model import EmergencyDrill, EmergencyPlan
from registry.emergency.rules import AuthorizationEnded, Department, DrillDate, DrillOutcome, NoPlanToDrill
from tests.make import authorizations as life
from tests.make import registry_base as make

ALL = tuple(Department)
ON = date(2026, 8, 3)


def adopt(session: Session, agreement: Agreement, content: bytes = b"plan", **changes: object) -> EmergencyPlan:
    """Adopt an emergency plan, but for the changes."""
    said = {"name": "预案.pdf", "media_type": "application/pdf", "participants": ALL, "now": make.NOW, **changes}
    return commands.adopt_plan(session, make.supervisor(agreement.place), agreement.id, content=content, **said)


def drill(session: Session, agreement: Agreement, actor: Actor, held_on: date, today: date = ON) -> EmergencyDrill:
    """Record a drill."""
    return commands.record_drill(
        session, actor, agreement.id, held_on=held_on, participants="运营机构、公安机关", outcome=DrillOutcome.PASSED,
        summary="十分钟内关闭访问", **life.FILE, now=life.moment(today),
    )  # fmt: skip


@pytest.mark.both_databases
def test_a_newer_plan_becomes_the_one_current_and_the_older_stays_on_record(session: Session) -> None:
    agreement = make.make_agreement(session, state=AgreementState.FILED)
    first = adopt(session, agreement)
    second = adopt(session, agreement, b"better plan", participants=(Department.POLICE, Department.DATA_AUTHORITY))
    session.flush()
    assert [plan.number for plan in queries.plans(session, agreement.id)] == [2, 1]
    assert queries.current(session, agreement.id).id == second.id
    assert agreement.emergency_plan_sha256 == second.sha256 != first.sha256
    assert second.participants == ["data_authority", "police"]
    session.commit()
    with pytest.raises((IntegrityError, OperationalError), match="append-only"):
        session.execute(sa.update(EmergencyPlan).values(title="改"))
    session.rollback()


@pytest.mark.both_databases
@pytest.mark.parametrize("place", ["xinchang", "puer"])
def test_the_gate_is_closed_where_a_plan_is_demanded_and_missing_and_sql_agrees(session: Session, place: str) -> None:
    agreement = make.make_agreement(session, place=place, state=AgreementState.FILED)
    session.flush()

    def gate() -> tuple[bool, bool]:
        fact = queries.emergency_plan_gate_fact(session, agreement.id, on=ON, book=make.book())
        column = Agreement.__table__.c.id
        clause = queries.emergency_plan_clause(column, on=ON, book=make.book())
        return fact[0], session.scalar(sa.select(sa.literal(1)).select_from(Agreement).where(clause)) is not None

    open_without = place == "puer"
    assert gate() == (open_without, open_without)
    if not open_without:
        with pytest.raises(EmergencyPlanMissing):
            agreements.activate(session, make.supervisor(place), agreement.id, now=make.NOW, book=make.book())
    adopt(session, agreement)
    session.flush()
    assert gate() == (True, True)
    agreements.activate(session, make.supervisor(place), agreement.id, now=make.NOW, book=make.book())
    since = queries.emergency_plan_gate_fact(session, agreement.id, on=ON, book=make.book())[2]
    assert since == date(2026, 7, 1)


def test_the_next_drill_is_counted_from_the_last_one(session: Session) -> None:
    agreement = make.make_agreement(session)
    adopt(session, agreement)
    book = make.book(demonstration=True)
    assert queries.drill_due(session, agreement, ON, book=make.book()) is None
    assert queries.drill_due(session, agreement, ON, book=book) == date(2027, 7, 1)
    drill(session, agreement, life.operator_of(agreement), date(2026, 8, 1))
    assert queries.drill_due(session, agreement, ON, book=book) == date(2027, 8, 1)
    assert checks.of_agreement(session, agreement, on=date(2027, 8, 1), book=book) == []
    overdue = checks.run(session, on=date(2027, 8, 2), book=book)
    assert ["EMG-03" in words for words in overdue] == [True]
    assert queries.drill_due(session, agreement, date(2028, 7, 1), book=book) is None


def test_departments_that_took_no_part_are_named(session: Session) -> None:
    agreement = make.make_agreement(session)
    adopt(session, agreement, participants=(Department.DATA_AUTHORITY,))
    found = checks.run(session, on=ON, book=make.book())
    assert len(found) == 1
    for words in ("网信", "密码", "保密", "公安", "国家安全", "EMG-02"):
        assert words in found[0]


def test_a_drill_exercises_a_plan_that_exists_and_lies_in_the_past(session: Session) -> None:
    agreement = make.make_agreement(session, state=AgreementState.FILED)
    operator = life.operator_of(agreement)
    with pytest.raises(NoPlanToDrill):
        drill(session, agreement, operator, ON)
    adopt(session, agreement)
    for day in (date(2026, 6, 30), date(2026, 8, 4)):
        with pytest.raises(DrillDate):
            drill(session, agreement, operator, day)
    assert queries.drills(session, agreement.id) == []
    later, earlier = (drill(session, agreement, operator, day) for day in (ON, date(2026, 7, 9)))
    assert [one.id for one in queries.drills(session, agreement.id)] == [later.id, earlier.id]


def test_an_ended_authorization_needs_no_plan(session: Session) -> None:
    agreement = make.make_agreement(session)
    adopt(session, agreement)
    over = date(2028, 7, 1)
    with pytest.raises(AuthorizationEnded):
        adopt(session, agreement, now=life.moment(over))
    with pytest.raises(AuthorizationEnded):
        drill(session, agreement, life.operator_of(agreement), ON, over)


def test_only_the_authority_adopts_plans_and_only_the_two_parties_record_drills(session: Session) -> None:
    agreement = make.make_agreement(session)
    adopt(session, agreement)
    operator = life.operator_of(agreement)
    said = {"content": b"x", "name": "1", "media_type": "text/plain", "now": make.NOW}
    for actor in (operator, make.supervisor("puer")):
        with pytest.raises(NotAllowed):
            commands.adopt_plan(session, actor, agreement.id, **said)
    for actor in (life.operator_of(make.make_agreement(session)), make.supervisor("puer")):
        with pytest.raises(NotAllowed):
            drill(session, agreement, actor, ON)
