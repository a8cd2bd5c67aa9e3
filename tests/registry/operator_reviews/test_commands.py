"""Operator-level reviews on a real database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel import audit
from kernel.errors import NotAllowed
from kernel.identity import Role
from registry.operator_reviews import commands, queries
from registry.operator_reviews.model import OperatorReview
from registry.operator_reviews.rules import (
    TRANSITIONS,
    OperatorReviewEvent,
    OperatorReviewRunning,
    OperatorReviewState,
    StatementsMissing,
    WrongState,
)
from registry.parties.model import Party
from registry.reviews import queries as reviews
from registry.reviews.rules import Decision, StageState
from tests.make import authorization as auth
from tests.make import registry_base as make

BOOK = make.book()
END = date(2028, 7, 1)


def submit(session: Session, found: OperatorReview) -> OperatorReview:
    """Ask for the operator."""
    person = make.actor(Role.OPERATOR, org_id=found.operator_id, place=found.place)
    return commands.submit(session, person, found.id, book=BOOK, calendar=auth.CALENDAR, now=make.NOW)


@pytest.mark.both_databases
def test_both_seats_sit_side_by_side_and_the_result_is_valid_for_two_years(session: Session) -> None:
    operator = make.make_operator(session)
    found = submit(session, auth.make_operator_review(session, operator))
    assert found.review_id is not None
    seats = reviews.stages(session, reviews.get(session, found.review_id))
    assert [(one.kind, one.state, one.due_date) for one in seats] == [
        ("basic_security", StageState.OPEN, None), ("technical_security", StageState.OPEN, None)
    ]  # fmt: skip
    assert auth.agree(session, found.review_id) == 2
    assert (found.state, found.passed_on, found.valid_until) == (OperatorReviewState.PASSED, date(2026, 7, 1), END)


@pytest.mark.both_databases
def test_the_gate_opens_on_the_day_it_passed_and_time_alone_closes_it(session: Session) -> None:
    operator = make.make_operator(session)
    found = submit(session, auth.make_operator_review(session, operator))

    def gate(on: date, place: str = "xinchang") -> tuple[bool, bool, bool]:
        told, words, since = queries.operator_review_gate_fact(session, operator.id, place, on, BOOK)
        assert words
        assert since in (None, date(2026, 7, 1))
        bare = queries.operator_review_clause(Party.id, sa.literal(place), on)
        lawful = queries.operator_review_clause(Party.id, sa.literal(place), on, BOOK)
        query = sa.select(Party.id).where(Party.id == operator.id)
        return told, *(session.scalar(query.where(clause)) is not None for clause in (bare, lawful))  # type: ignore[return-value]

    assert gate(date(2026, 7, 1)) == (False, False, False)
    assert found.review_id is not None
    auth.agree(session, found.review_id)
    assert gate(date(2026, 6, 30)) == (False, False, False)
    assert gate(date(2026, 7, 1)) == (True, True, True)
    assert gate(END - timedelta(days=1)) == (True, True, True)
    assert gate(END) == (False, False, False)
    assert gate(END, "puer") == (True, False, True)  # no text of Pu'er demands it


def test_one_refusal_refuses_and_a_returned_request_goes_in_again(session: Session) -> None:
    refused = submit(session, auth.make_operator_review(session, make.make_operator(session)))
    returned = submit(session, auth.make_operator_review(session, make.make_operator(session)))
    assert refused.review_id is not None
    assert returned.review_id is not None
    auth.decide(session, refused.review_id, Decision.REFUSE)
    assert (refused.state, refused.passed_on) == (OperatorReviewState.REFUSED, None)
    auth.decide(session, returned.review_id, Decision.RETURN_ONCE)
    person = make.actor(Role.OPERATOR, org_id=returned.operator_id, place="xinchang")
    commands.save(session, person, returned.id, statements={"basic_security": "已补充"}, now=make.NOW)
    submit(session, returned)
    assert auth.agree(session, returned.review_id) == 2


@pytest.mark.both_databases
def test_one_request_at_a_time_and_nothing_without_statements(session: Session) -> None:
    operator = make.make_operator(session)
    person = make.acting_for(operator, Role.OPERATOR)
    made = commands.start(session, person, operator_id=operator.id, place="xinchang", now=make.NOW, book=BOOK)
    with pytest.raises(StatementsMissing):
        submit(session, made)
    session.commit()
    with pytest.raises(OperatorReviewRunning):
        commands.start(session, person, operator_id=operator.id, place="xinchang", now=make.NOW, book=BOOK)
    session.rollback()
    with pytest.raises(NotAllowed):
        commands.start(
            session, make.acting_for(make.make_operator(session), Role.OPERATOR), operator_id=operator.id,
            place="xinchang", now=make.NOW, book=BOOK,
        )  # fmt: skip


def in_state(session: Session, state: OperatorReviewState) -> OperatorReview:
    """A review in the wanted state, by the real commands."""
    found = auth.make_operator_review(session, make.make_operator(session))
    if state is OperatorReviewState.WITHDRAWN:
        STEPS[OperatorReviewEvent.WITHDRAW](session, found)
    elif state is not OperatorReviewState.DRAFT:
        submit(session, found)
        assert found.review_id is not None
        if state is OperatorReviewState.PASSED:
            auth.agree(session, found.review_id)
        elif state is not OperatorReviewState.UNDER_REVIEW:
            how = Decision.REFUSE if state is OperatorReviewState.REFUSED else Decision.RETURN_ONCE
            auth.decide(session, found.review_id, how)
    return found


STEPS: dict[OperatorReviewEvent, Callable[[Session, OperatorReview], object]] = {
    OperatorReviewEvent.SUBMIT: submit,
    OperatorReviewEvent.WITHDRAW: lambda session, found: commands.withdraw(
        session, make.actor(Role.OPERATOR, org_id=found.operator_id, place=found.place), found.id, reason="撤回",
        now=make.NOW,
    ),
}  # fmt: skip


@pytest.mark.parametrize("state", list(OperatorReviewState))
def test_each_command_works_in_its_states_and_leaves_no_trace_in_the_others(
    session: Session, state: OperatorReviewState
) -> None:
    found = in_state(session, state)
    session.commit()
    lines = sa.select(sa.func.count()).select_from(audit.AuditLine)
    for event, step in STEPS.items():
        before, kept = session.scalar(lines), (found.state, found.version)
        if (state, event) in TRANSITIONS:
            step(session, found)
            session.flush()
            assert found.state is TRANSITIONS[state, event]
        else:
            with pytest.raises(WrongState):
                step(session, found)
            session.flush()
            assert (session.scalar(lines), (found.state, found.version)) == (before, kept)
        session.rollback()
        session.refresh(found)
