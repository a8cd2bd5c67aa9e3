"""Suspensions on a real database."""

from __future__ import annotations

from datetime import date

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from kernel.db import new_id
from kernel.errors import NotAllowed
from kernel.files import FileRefused
from registry.agreements import queries as agreements
from registry.agreements.model import AgreementResource
from registry.agreements.rules import AgreementState, CoordinationMissing, SecondPersonNeeded, WrongState
from registry.resources.model import Resource
from registry.suspensions import commands, queries
from registry.suspensions.model import CorrectionReport
from registry.suspensions.rules import (
    CorrectionMissing,
    CorrectionState,
    CorrectionStillOpen,
    FindingGiven,
    NotSuspended,
    PartClosed,
    PartRefused,
)
from tests.make import authorizations as life
from tests.make import registry_base as make

ACTIVE, SUSPENDED = AgreementState.ACTIVE, AgreementState.SUSPENDED
IN_TIME, LAST_DAY, TOO_LATE = date(2026, 9, 10), date(2026, 9, 16), date(2026, 9, 17)


def ids(session: Session, agreement_id: object) -> list[object]:
    """The resources that were signed, in order."""
    return [resource.id for resource in agreements.scope_of(session, agreement_id)]


def ask(session: Session, agreement: object, resource_ids: object, on: date, **changes: object) -> object:
    """Ask for the end of part of the data, but for the changes."""
    said = {
        "reason": "逾期未整改",
        "coordination_record": "纪要",
        "now": life.moment(on),
        "book": make.book(),
        **changes,
    }
    return commands.ask_end_of_part(session, make.supervisor(), agreement.id, resource_ids=resource_ids, **said)


@pytest.mark.both_databases
def test_the_operator_reports_its_correction_and_two_persons_restore(session: Session) -> None:
    agreement, first, second = life.make_suspended(session), make.supervisor(), make.supervisor()
    assert not agreement.in_force(IN_TIME)
    with pytest.raises(CorrectionMissing):
        commands.restore(session, first, agreement.id, now=life.moment(IN_TIME))
    assert agreement.pending_event is None
    report = life.report(session, agreement, IN_TIME)
    assert queries.state_of(session, agreement, LAST_DAY) is CorrectionState.REPORTED
    commands.restore(session, first, agreement.id, now=life.moment(IN_TIME, 11))
    with pytest.raises(SecondPersonNeeded):
        commands.restore(session, first, agreement.id, now=life.moment(IN_TIME, 12))
    assert agreement.state is SUSPENDED
    commands.restore(session, second, agreement.id, now=life.moment(IN_TIME, 12))
    assert (agreement.state, agreement.suspension_reason, agreement.pending_event) == (ACTIVE, None, None)
    assert agreement.in_force(LAST_DAY)
    assert [one.id for one in queries.reports(session, agreement.id)] == [report.id]


@pytest.mark.both_databases
def test_unanswered_after_the_period_only_the_affected_data_end(session: Session) -> None:
    agreement = life.make_suspended(session, resources=3)
    affected, *rest = ids(session, agreement.id)
    with pytest.raises(CorrectionStillOpen, match="2026-09-16"):
        ask(session, agreement, [affected], LAST_DAY)
    assert queries.parts(session, agreement.id) == []
    part = ask(session, agreement, [affected], TOO_LATE)
    session.flush()
    assert ids(session, agreement.id) == [affected, *rest]
    assert agreement.state is SUSPENDED
    second = make.supervisor()
    commands.confirm_end_of_part(session, second, agreement.id, part.id, now=life.moment(TOO_LATE, 15))
    session.flush()
    assert (agreement.state, agreement.in_force(TOO_LATE)) == (ACTIVE, True)
    assert [one.id for one in agreements.scope_of(session, agreement.id, on=TOO_LATE)] == rest
    assert ids(session, agreement.id) == [affected, *rest]
    ended = next(one for one in agreements.entries(session, agreement.id) if one.resource_id == affected)
    assert (ended.ended_on, ended.ended_reason) == (TOO_LATE, "逾期未整改")
    with pytest.raises(WrongState):
        commands.confirm_end_of_part(session, second, agreement.id, part.id, now=life.moment(TOO_LATE, 16))


@pytest.mark.both_databases
def test_ended_data_count_no_more_from_that_day_on_and_sql_agrees(session: Session) -> None:
    agreement = life.make_suspended(session)
    affected, kept = ids(session, agreement.id)
    life.end_part(session, agreement, [affected], TOO_LATE)
    session.flush()
    for resource_id, expected in ((affected, (True, False)), (kept, (True, True))):
        covered = [
            agreements.covers_resource(session, agreement.id, resource_id, on=day) for day in (LAST_DAY, TOO_LATE)
        ]
        assert tuple(covered) == expected
    clause = agreements.in_scope_clause(agreement.id, Resource.__table__.c.id, TOO_LATE)
    assert session.scalars(sa.select(Resource.id).where(clause)).all() == [kept]


def test_the_person_who_asked_does_not_confirm(session: Session) -> None:
    agreement = life.make_suspended(session)
    affected, _ = ids(session, agreement.id)
    person = make.supervisor()
    part = commands.ask_end_of_part(
        session, person, agreement.id, resource_ids=[affected], reason="逾期", coordination_record="纪要",
        now=life.moment(TOO_LATE), book=make.book(),
    )  # fmt: skip
    with pytest.raises(SecondPersonNeeded):
        commands.confirm_end_of_part(session, person, agreement.id, part.id, now=life.moment(TOO_LATE))
    assert queries.waiting_part(session, agreement).id == part.id
    with pytest.raises(queries.NoSuchPart):
        commands.confirm_end_of_part(session, make.supervisor(), agreement.id, new_id(), now=life.moment(TOO_LATE))


def test_a_report_in_time_must_be_answered_before_anything_ends(session: Session) -> None:
    agreement, person = life.make_suspended(session), make.supervisor()
    affected, _ = ids(session, agreement.id)
    report = life.report(session, agreement, IN_TIME)
    with pytest.raises(CorrectionStillOpen, match="先核实"):
        ask(session, agreement, [affected], TOO_LATE)
    commands.restore(session, person, agreement.id, now=life.moment(IN_TIME))
    commands.reject_correction(
        session, person, agreement.id, report.id, reason="未见清除记录", now=life.moment(LAST_DAY)
    )
    session.flush()
    assert agreement.pending_event is None
    with pytest.raises(FindingGiven):
        commands.reject_correction(session, person, agreement.id, report.id, reason="再次", now=life.moment(LAST_DAY))
    with pytest.raises(CorrectionMissing):
        commands.restore(session, make.supervisor(), agreement.id, now=life.moment(TOO_LATE))
    assert ask(session, agreement, [affected], TOO_LATE).reason == "逾期未整改"


def test_all_the_data_do_not_end_as_a_part_and_the_mechanism_is_asked(session: Session) -> None:
    agreement = life.make_suspended(session)
    affected, other = ids(session, agreement.id)
    with pytest.raises(PartRefused):
        ask(session, agreement, [affected, other], TOO_LATE)
    with pytest.raises(CoordinationMissing):
        ask(session, agreement, [affected], TOO_LATE, coordination_record=None)


def test_a_proposal_of_an_earlier_suspension_is_not_confirmed_in_a_later_one(session: Session) -> None:
    agreement = life.make_suspended(session, resources=3)
    first, second, _ = ids(session, agreement.id)
    stale = ask(session, agreement, [first], TOO_LATE)
    life.end_part(session, agreement, [second], TOO_LATE)
    make.take_step(session, make.supervisor(), agreement.id, SUSPENDED, now=life.moment(date(2026, 10, 9)))
    session.flush()
    with pytest.raises(PartClosed):
        commands.confirm_end_of_part(
            session, make.supervisor(), agreement.id, stale.id, now=life.moment(date(2026, 10, 10))
        )
    assert queries.waiting_part(session, agreement) is None


@pytest.mark.parametrize("state", [AgreementState.DRAFT, AgreementState.SIGNED, AgreementState.FILED, ACTIVE])
def test_nothing_is_corrected_where_nothing_is_suspended(session: Session, state: AgreementState) -> None:
    agreement = make.make_agreement(session, state=state)
    with pytest.raises(NotSuspended):
        life.report(session, agreement, IN_TIME)
    with pytest.raises(WrongState):
        commands.restore(session, make.supervisor(), agreement.id, now=life.moment(IN_TIME))
    with pytest.raises(NotSuspended):
        ask(session, agreement, ids(session, agreement.id), TOO_LATE)
    assert (agreement.state, queries.reports(session, agreement.id)) == (state, [])


def test_only_the_operator_itself_reports_and_only_with_evidence(session: Session) -> None:
    agreement = life.make_suspended(session)
    stranger = life.operator_of(make.make_agreement(session))
    said = {"text": "已整改", "name": "证据", "media_type": "text/plain", "now": life.moment(IN_TIME)}
    with pytest.raises(NotAllowed):
        commands.report_correction(session, stranger, agreement.id, content=b"x", **said)
    with pytest.raises(FileRefused):
        commands.report_correction(session, life.operator_of(agreement), agreement.id, content=b"", **said)
    with pytest.raises(NotAllowed):
        commands.restore(session, life.operator_of(agreement), agreement.id, now=life.moment(IN_TIME))


@pytest.mark.both_databases
@pytest.mark.parametrize("act", ["report", "ended entry", "entry of the scope", "end without a reason"])
def test_the_database_keeps_reports_and_scope_as_they_were_said(session: Session, act: str) -> None:
    agreement = life.make_suspended(session)
    report = life.report(session, agreement, TOO_LATE)
    affected, kept = ids(session, agreement.id)
    life.end_part(session, agreement, [affected], TOO_LATE)
    session.commit()
    entry = sa.update(AgreementResource)
    statements = {
        "report": sa.update(CorrectionReport).where(CorrectionReport.id == report.id).values(text="改"),
        "ended entry": entry.where(AgreementResource.resource_id == affected).values(ended_on=None, ended_reason=None),
        "entry of the scope": sa.delete(AgreementResource).where(AgreementResource.resource_id == kept),
        "end without a reason": entry.where(AgreementResource.resource_id == kept).values(ended_on=TOO_LATE),
    }
    with pytest.raises((IntegrityError, OperationalError)):
        session.execute(statements[act])
    session.rollback()
