"""Selections on a real database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel import audit
from kernel.calendar import business_date
from kernel.errors import DomainError, NotAllowed
from kernel.identity import Role
from registry.applications.rules import ApplicationState
from registry.calls import commands as calls
from registry.calls import queries as call_queries
from registry.calls.rules import CallState
from registry.calls.rules import WrongState as WrongCallState
from registry.parties import commands as parties
from registry.parties.model import Party
from registry.parties.rules import NotInOrder
from registry.selections import commands, queries
from registry.selections.model import Selection
from registry.selections.rules import (
    TRANSITIONS,
    NotPassed,
    ResultFilingMissing,
    SelectionEvent,
    SelectionProposed,
    SelectionSecondPerson,
    SelectionState,
    StatusApprovalMissing,
)
from tests.make import authorization as auth
from tests.make import registry_base as make

BOOK = make.book()
LATER = make.NOW + auth.AFTER_CALL


@pytest.mark.both_databases
@pytest.mark.parametrize("place", ["puer", "quzhou", "futian", "xinchang", "guangzhou"])
def test_one_proposes_another_confirms_and_the_result_is_published_at_every_place(session: Session, place: str) -> None:
    operator = make.make_operator(session, place=place)
    made = auth.make_selection(session, place=place, operator=operator)
    session.flush()
    assert (made.state, made.published_on) == (SelectionState.PUBLISHED, business_date(LATER))
    assert made.proposed_by != made.confirmed_by
    assert call_queries.get(session, made.call_id).state is CallState.RESULT_PUBLISHED
    assert (made.status_approved_by == "district_government") is (place == "futian")
    assert [one.id for one in session.scalars(queries.published(place=place))] == [made.id]


@pytest.mark.both_databases
def test_the_gate_opens_with_the_publication_and_sql_agrees(session: Session) -> None:
    operator, other = make.make_operator(session, place="puer"), make.make_operator(session, place="puer")
    made = auth.make_selection(session, operator=operator)
    session.flush()
    day = business_date(LATER)

    def gate(party: Party, place: str, on_day: int) -> tuple[bool, bool]:
        on = day + timedelta(days=on_day)
        told, words, since = queries.selection_gate_fact(session, party.id, place, on, BOOK)
        assert words
        assert since == (day if told else None)
        clause = queries.selection_clause(Party.id, sa.literal(place), on)
        return told, session.scalar(sa.select(Party.id).where(Party.id == party.id, clause)) is not None

    assert gate(operator, "puer", 0) == (True, True)
    assert gate(operator, "puer", -1) == (False, False)
    assert gate(operator, "quzhou", 0) == (False, False)
    assert gate(other, "puer", 0) == (False, False)
    named = queries.selection_clause(Party.id, sa.literal("puer"), day, selection_id=sa.literal(made.id))
    assert session.scalar(sa.select(Party.id).where(named)) == operator.id
    wrong = queries.selection_clause(Party.id, sa.literal("puer"), day, selection_id=sa.literal(operator.id))
    assert session.scalar(sa.select(Party.id).where(wrong)) is None
    assert not queries.selection_gate_fact(session, operator.id, "puer", day, BOOK, selection_id=operator.id)[0]


def test_the_proposer_does_not_confirm_and_a_second_proposal_waits(session: Session) -> None:
    call = auth.make_call(session)
    first, second = (auth.make_application(session, call) for _ in "ab")
    now, person = auth.close_call(session, call), make.supervisor("puer")
    made = auth.propose(session, person, first, now=now)
    with pytest.raises(SelectionSecondPerson):
        commands.confirm(session, person, made.id, now=now)
    session.commit()
    with pytest.raises(SelectionProposed):
        auth.propose(session, person, second, now=now)
    session.rollback()
    commands.drop(session, make.supervisor("puer"), made.id, reason="另议", now=now)
    again = auth.propose(session, person, second, now=now)
    commands.confirm(session, make.supervisor("puer"), again.id, now=now)
    assert again.state is SelectionState.CONFIRMED
    assert call_queries.get(session, call.id).state is CallState.SELECTED


def test_only_after_the_last_day_and_only_who_passed(session: Session) -> None:
    call = auth.make_call(session)
    passed, refused = auth.make_application(session, call), auth.make_application(
        session, call, state=ApplicationState.REFUSED
    )  # fmt: skip
    with pytest.raises(WrongCallState):
        auth.propose(session, make.supervisor("puer"), passed, now=make.NOW)
    now = auth.close_call(session, call)
    with pytest.raises(NotPassed):
        auth.propose(session, make.supervisor("puer"), refused, now=now)
    other = auth.make_application(session, auth.make_call(session))
    with pytest.raises(NotPassed):
        auth.propose(session, make.supervisor("puer"), passed, now=now, application_id=other.id)
    for stranger in (make.supervisor("quzhou"), make.actor(Role.REVIEWER, place="puer")):
        with pytest.raises(NotAllowed):
            auth.propose(session, stranger, passed, now=now)
    parties.suspend(session, make.supervisor("puer"), passed.applicant_id, reason="违规", now=now)
    session.flush()
    with pytest.raises(NotInOrder):
        auth.propose(session, make.supervisor("puer"), passed, now=now)


def test_futian_wants_the_governments_document_and_xinchang_the_filing(session: Session) -> None:
    call = auth.make_call(session, place="futian")
    application = auth.make_application(session, call)
    now = auth.close_call(session, call)
    with pytest.raises(StatusApprovalMissing):
        auth.propose(session, make.supervisor("futian"), application, now=now, status_approval_record=None)
    county = auth.make_call(session, place="xinchang")
    applied = auth.make_application(session, county)
    now = auth.close_call(session, county)
    made = auth.propose(session, make.supervisor("xinchang"), applied, now=now)
    commands.confirm(session, make.supervisor("xinchang"), made.id, now=now)
    with pytest.raises(ResultFilingMissing):
        commands.publish(session, make.supervisor("xinchang"), made.id, book=BOOK, now=now)
    assert made.state is SelectionState.CONFIRMED


def test_a_call_that_failed_meanwhile_selects_nobody(session: Session) -> None:
    call = auth.make_call(session)
    application = auth.make_application(session, call)
    now = auth.close_call(session, call)
    made = auth.propose(session, make.supervisor("puer"), application, now=now)
    calls.fail(session, make.supervisor("puer"), call.id, reason="程序有误", now=now)
    with pytest.raises(WrongCallState):
        commands.confirm(session, make.supervisor("puer"), made.id, now=now)


STEPS: dict[SelectionEvent, Callable[[Session, Selection], object]] = {
    SelectionEvent.CONFIRM: lambda session, one: commands.confirm(session, make.supervisor("puer"), one.id, now=LATER),
    SelectionEvent.DROP: lambda session, one: commands.drop(
        session, make.supervisor("puer"), one.id, reason="另议", now=LATER
    ),
    SelectionEvent.PUBLISH: lambda session, one: commands.publish(
        session, make.supervisor("puer"), one.id, book=BOOK, now=LATER
    ),
}


@pytest.mark.parametrize("state", list(SelectionState))
def test_each_command_works_in_its_states_and_leaves_no_trace_in_the_others(
    session: Session, state: SelectionState
) -> None:
    call = auth.make_call(session)
    application = auth.make_application(session, call)
    found = auth.propose(session, make.supervisor("puer"), application, now=auth.close_call(session, call))
    way = {
        SelectionState.PROPOSED: (), SelectionState.CONFIRMED: (SelectionEvent.CONFIRM,),
        SelectionState.PUBLISHED: (SelectionEvent.CONFIRM, SelectionEvent.PUBLISH),
        SelectionState.DROPPED: (SelectionEvent.DROP,),
    }  # fmt: skip
    for event in way[state]:
        STEPS[event](session, found)
    session.commit()
    lines = sa.select(sa.func.count()).select_from(audit.AuditLine)
    for event, step in STEPS.items():
        before, kept = session.scalar(lines), (found.state, found.version)
        if (state, event) in TRANSITIONS:
            step(session, found)
            session.flush()
            assert found.state is TRANSITIONS[state, event]
        else:
            with pytest.raises(DomainError) as refused:
                step(session, found)
            assert refused.value.code == "selection.wrong_state"
            session.flush()
            assert (session.scalar(lines), (found.state, found.version)) == (before, kept)
        session.rollback()
        session.refresh(found)
