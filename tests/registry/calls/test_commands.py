"""Calls on a real database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from kernel import audit
from kernel.calendar import business_date
from kernel.errors import NotAllowed
from kernel.identity import ANONYMOUS, Role
from registry.calls import commands, queries
from registry.calls.model import Call
from registry.calls.rules import (
    TRANSITIONS,
    CallEvent,
    CallIncomplete,
    CallNotEditable,
    CallState,
    PlanNotInEffect,
    SelectionMethod,
    WrongState,
)
from registry.plans.rules import PlanState
from tests.make import authorization as auth
from tests.make import registry_base as make

BOOK, TODAY = make.book(), business_date(make.NOW)
LATER = make.NOW + auth.AFTER_CALL


def draft(session: Session, place: str = "puer") -> Call:
    """A draft without texts under a plan in effect."""
    plan = auth.make_plan(session, place=place)
    return commands.draft(
        session, make.supervisor(place), plan_id=plan.plan_id, method=SelectionMethod.NEGOTIATION, title="公告",
        now=make.NOW, book=BOOK,
    )  # fmt: skip


@pytest.mark.both_databases
def test_a_draft_is_saved_bit_by_bit_and_published_for_everybody(session: Session) -> None:
    call, person = draft(session), make.supervisor("puer")
    with pytest.raises(queries.NoSuchCall):
        queries.visible(session, ANONYMOUS, call.id)
    with pytest.raises(CallIncomplete):
        commands.publish(session, person, call.id, now=make.NOW, book=BOOK)
    commands.save(session, person, call.id, texts=auth.TEXTS, now=make.NOW, book=BOOK)
    commands.save(session, person, call.id, opens_on=TODAY, closes_on=TODAY, now=make.NOW, book=BOOK)
    commands.publish(session, person, call.id, now=make.NOW, book=BOOK)
    assert queries.visible(session, ANONYMOUS, call.id).is_open(TODAY)
    found = sa.select(Call.id).where(queries.open_clause(TODAY))
    assert session.scalars(found).all() == [call.id]
    assert session.scalars(sa.select(Call.id).where(queries.open_clause(TODAY + timedelta(days=1)))).all() == []


def test_a_call_needs_a_plan_in_effect_on_the_day_of_publication(session: Session) -> None:
    plan = auth.carry_plan(session, auth.draft_plan(session), PlanState.FILED)
    call = commands.draft(
        session, make.supervisor("puer"), plan_id=plan.plan_id, method=SelectionMethod.OPEN_TENDER, title="公告",
        texts=auth.TEXTS, opens_on=TODAY, closes_on=TODAY, now=make.NOW, book=BOOK,
    )  # fmt: skip
    with pytest.raises(PlanNotInEffect):
        commands.publish(session, make.supervisor("puer"), call.id, now=make.NOW, book=BOOK)
    assert call.state is CallState.DRAFT


def test_what_was_published_is_changed_neither_by_commands_nor_by_hand(session: Session) -> None:
    call = auth.make_call(session)
    session.flush()
    with pytest.raises(CallNotEditable):
        commands.save(session, make.supervisor("puer"), call.id, title="另一名", now=make.NOW, book=BOOK)
    with pytest.raises((IntegrityError, OperationalError)):
        session.execute(sa.update(Call).values(closes_on=TODAY + timedelta(days=99)))
    session.rollback()


def test_only_the_authority_of_the_place_writes_calls(session: Session) -> None:
    call = draft(session)
    for stranger in (make.supervisor("quzhou"), make.actor(Role.OPERATOR, place="puer")):
        with pytest.raises(NotAllowed):
            commands.save(session, stranger, call.id, now=make.NOW, book=BOOK)


STEPS: dict[CallEvent, Callable[[Session, Call], object]] = {
    CallEvent.PUBLISH: lambda session, call: commands.publish(
        session, make.supervisor("puer"), call.id, now=make.NOW, book=BOOK
    ),
    CallEvent.CLOSE: lambda session, call: commands.close(session, make.supervisor("puer"), call.id, now=LATER),
    CallEvent.FAIL: lambda session, call: commands.fail(
        session, make.supervisor("puer"), call.id, reason="无合格申请", now=LATER
    ),
    CallEvent.CANCEL: lambda session, call: commands.cancel(
        session, make.supervisor("puer"), call.id, reason="方案调整", now=LATER
    ),
}


def in_state(session: Session, state: CallState) -> Call:
    """A call in the wanted state, by the real commands."""
    if state in (CallState.SELECTED, CallState.RESULT_PUBLISHED):
        selection = auth.make_selection(session)
        call = queries.get(session, selection.call_id)
        if state is CallState.SELECTED:  # one step before the publication
            session.execute(sa.update(Call).values(state=CallState.SELECTED))
            session.refresh(call)
        return call
    call = draft(session)
    commands.save(
        session, make.supervisor("puer"), call.id, texts=auth.TEXTS, opens_on=TODAY, closes_on=TODAY, now=make.NOW,
        book=BOOK,
    )  # fmt: skip
    way = {
        CallState.DRAFT: (), CallState.PUBLISHED: (CallEvent.PUBLISH,), CallState.CANCELLED: (CallEvent.CANCEL,),
        CallState.CLOSED: (CallEvent.PUBLISH, CallEvent.CLOSE),
        CallState.FAILED: (CallEvent.PUBLISH, CallEvent.CLOSE, CallEvent.FAIL),
    }  # fmt: skip
    for event in way[state]:
        STEPS[event](session, call)
    return call


@pytest.mark.parametrize("state", list(CallState))
def test_each_command_works_in_its_states_and_leaves_no_trace_in_the_others(session: Session, state: CallState) -> None:
    call = in_state(session, state)
    session.commit()
    lines = sa.select(sa.func.count()).select_from(audit.AuditLine)
    for event, step in STEPS.items():
        before, kept = session.scalar(lines), (call.state, call.version)
        if (state, event) in TRANSITIONS:
            step(session, call)
            session.flush()
            assert call.state is TRANSITIONS[state, event]
        else:
            with pytest.raises(WrongState):
                step(session, call)
            session.flush()
            assert (session.scalar(lines), (call.state, call.version)) == (before, kept)
        session.rollback()
        session.refresh(call)
