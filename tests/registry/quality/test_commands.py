"""Quality tickets on a real database: who reports, who answers, the clock, and the score."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from kernel import audit
from kernel.errors import NotAllowed
from kernel.identity import Role
from registry.parties import commands as parties
from registry.parties.rules import NotInOrder
from registry.quality import commands, queries
from registry.quality.model import QualityEvent
from registry.quality.rules import (
    BY_DEPARTMENT,
    TRANSITIONS,
    Category,
    ReasonMissing,
    TicketEvent,
    TicketState,
    WrongTicketState,
)
from registry.resources.queries import NoSuchResource
from tests.make import registry_base as make
from tests.make.data import make_ticket
from tests.make.registry_products import calendar, make_merchant

TO = {
    TicketState.FILED: (),
    TicketState.ACCEPTED: (TicketEvent.ACCEPT,),
    TicketState.REFUSED: (TicketEvent.REFUSE,),
    TicketState.CORRECTED: (TicketEvent.ACCEPT, TicketEvent.CORRECT),
    TicketState.CONFIRMED: (TicketEvent.ACCEPT, TicketEvent.CORRECT, TicketEvent.CONFIRM),
    TicketState.REOPENED: (TicketEvent.ACCEPT, TicketEvent.CORRECT, TicketEvent.REOPEN),
    TicketState.CLOSED: (TicketEvent.CLOSE,),
}


@pytest.mark.both_databases
def test_a_problem_is_reported_answered_corrected_and_confirmed(session: Session) -> None:
    resource, merchant = make.make_resource(session), make_merchant(session)
    ticket = make_ticket(session, resource, merchant, *TO[TicketState.CONFIRMED], TicketEvent.CLOSE)
    assert (ticket.number, ticket.state) == ("QLT-2026-000001", TicketState.CLOSED)
    assert ticket.due_date == date(2026, 7, 15)  # ten working days of the demonstration after 1 July
    found = queries.detail(session, make.acting_for(merchant, Role.MERCHANT), ticket.id)
    assert [one.event for one in found.course] == [*TO[TicketState.CONFIRMED], TicketEvent.CLOSE]
    with pytest.raises(DBAPIError, match="append-only"), session.begin_nested():
        session.execute(sa.update(QualityEvent).values(reason="改写"))


@pytest.mark.parametrize("state", TicketState)
def test_every_pair_of_state_and_event_succeeds_by_the_table_or_changes_nothing(
    session: Session, state: TicketState
) -> None:
    resource, merchant = make.make_resource(session), make_merchant(session)
    reporter = make.acting_for(merchant, Role.MERCHANT)
    department = make.actor(Role.SOURCE, org_id=resource.source_department_id, place=resource.place)
    for event in TicketEvent:
        ticket = make_ticket(session, resource, merchant, *TO[state])
        lines = session.scalar(sa.select(sa.func.count()).select_from(audit.AuditLine))
        person = department if event in BY_DEPARTMENT else reporter
        step = {"event": event, "reason": "理由", "book": make.book(), "calendar": calendar(), "now": make.NOW}
        if (state, event) in TRANSITIONS:
            assert commands.take_step(session, person, ticket.id, **step).state is TRANSITIONS[state, event]
            continue
        with pytest.raises(WrongTicketState):
            commands.take_step(session, person, ticket.id, **step)
        session.flush()
        assert ticket.state is state
        assert session.scalar(sa.select(sa.func.count()).select_from(audit.AuditLine)) == lines


def test_the_other_side_takes_no_step_and_strangers_see_nothing(session: Session) -> None:
    resource, merchant = make.make_resource(session), make_merchant(session)
    ticket = make_ticket(session, resource, merchant)
    reporter = make.acting_for(merchant, Role.MERCHANT)
    stranger = make.acting_for(make_merchant(session), Role.MERCHANT)
    other = make.acting_for(make.make_department(session), Role.SOURCE)
    common = {"book": make.book(), "calendar": calendar(), "now": make.NOW}
    for person, event in ((reporter, TicketEvent.ACCEPT), (stranger, TicketEvent.CLOSE), (other, TicketEvent.ACCEPT)):
        with pytest.raises(NotAllowed):
            commands.take_step(session, person, ticket.id, event=event, **common)
    for blind in (stranger, other, make.supervisor("puer")):
        with pytest.raises(queries.NoSuchTicket):
            queries.detail(session, blind, ticket.id)
    department = make.actor(Role.SOURCE, org_id=resource.source_department_id, place=resource.place)
    assert [one.id for one in queries.desk(session, department)] == [ticket.id]
    assert queries.detail(session, make.supervisor(), ticket.id).id == ticket.id
    with pytest.raises(ReasonMissing):
        commands.take_step(session, department, ticket.id, event=TicketEvent.REFUSE, **common)


def test_nobody_reports_on_hidden_resources_or_for_others_or_while_suspended(session: Session) -> None:
    resource, barred = make.make_resource(session), make.make_resource(session, barred=True)
    merchant, other = make_merchant(session), make_merchant(session)
    person = make.acting_for(merchant, Role.MERCHANT)
    values = {"category": Category.OTHER, "description": "缺字段", "book": make.book(), "calendar": calendar(),
              "now": make.NOW}  # fmt: skip
    with pytest.raises(NoSuchResource):
        commands.report(session, person, resource_id=barred.id, reporter_id=merchant.id, **values)
    with pytest.raises(NotAllowed):
        commands.report(session, person, resource_id=resource.id, reporter_id=other.id, **values)
    parties.suspend(session, make.supervisor(), merchant.id, reason="整改", now=make.NOW)
    with pytest.raises(NotInOrder):
        commands.report(session, person, resource_id=resource.id, reporter_id=merchant.id, **values)


def test_without_a_configured_number_of_days_no_clock_runs(session: Session) -> None:
    ticket = make_ticket(session, make.make_resource(session), make_merchant(session), demonstration=False)
    assert ticket.due_date is None
    assert not ticket.is_overdue(date(2030, 1, 1))


def test_a_reopened_ticket_starts_the_clock_anew(session: Session) -> None:
    resource, merchant = make.make_resource(session), make_merchant(session)
    ticket = make_ticket(session, resource, merchant, TicketEvent.ACCEPT, TicketEvent.CORRECT)
    later = make.NOW + timedelta(days=30)
    commands.take_step(
        session, make.acting_for(merchant, Role.MERCHANT), ticket.id, event=TicketEvent.REOPEN, reason="仍缺",
        book=make.book(demonstration=True), calendar=calendar(), now=later,
    )  # fmt: skip
    assert ticket.due_date == calendar().add_working_days(date(2026, 7, 31), 10)


@pytest.mark.both_databases
def test_the_score_follows_from_the_tickets_on_the_day_and_only_where_it_is_configured(session: Session) -> None:
    resource, merchant = make.make_resource(session), make_merchant(session)
    today, law = date(2026, 7, 1), make.book(demonstration=True)
    assert queries.quality_of(session, resource.id, today, law) == Decimal(1)
    make_ticket(session, resource, merchant, TicketEvent.ACCEPT)
    make_ticket(session, resource, merchant, *TO[TicketState.CONFIRMED], category=Category.TIMELINESS)
    make_ticket(session, resource, merchant, TicketEvent.REFUSE)
    figures = queries.score(session, resource.id, today, law)
    expected = 1 - Fraction(3, 10) * Fraction(1, 5) - Fraction(1, 5) * Fraction(1, 20)
    assert figures.score is not None
    assert figures.score.value == expected == Fraction(93, 100)
    assert queries.quality_of(session, resource.id, today, law) == Decimal("0.9300")
    assert queries.scores(session, [resource], today, law)[resource.id].value == Decimal("0.9300")
    assert queries.quality_of(session, resource.id, today - timedelta(days=1), law) == Decimal(1)
    silent = queries.score(session, resource.id, today, make.book())
    assert silent.value is None
    assert "不评分" in silent.words
