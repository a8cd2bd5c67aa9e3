"""Deemed consent (RVW-05): in Guangzhou only, only after the last day, and never against a refusal."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.calendar import CalendarGap
from kernel.db import Database, write_transaction
from kernel.errors import DomainError, NotAllowed
from kernel.identity import Role
from registry.agreements.model import Agreement
from registry.parties.model import Party
from registry.parties.rules import Capacity
from registry.requests import commands, queries
from registry.requests.model import DataRequest
from registry.requests.rules import Basis, Decision, RequestState, TooLate, WrongState
from tests.make.registry_base import NOW, acting_for, actor, book, make_agreement
from tests.make.registry_products import calendar, make_merchant, make_request, make_reviewers, on_seat

LAST_SECOND = datetime(2026, 7, 8, 15, 59, 59, tzinfo=UTC)
MIDNIGHT = LAST_SECOND + timedelta(seconds=1)  # 2026-07-09 00:00 in Beijing
SCHEDULER = actor(Role.SCHEDULER)


def under_review(session: Session, place: str = "guangzhou") -> DataRequest:
    """A request on which nobody has spoken yet."""
    make_reviewers(session, place)
    agreement = make_agreement(session, place=place)
    applicant = make_merchant(session, place=place)
    return make_request(session, agreement=agreement, applicant=applicant, state=RequestState.UNDER_REVIEW)


@pytest.mark.both_databases
def test_a_request_submitted_on_1_july_with_five_working_days_is_deemed_approved_on_9_july(session: Session) -> None:
    request = under_review(session)
    assert (request.due_date, request.silence_consents) == (date(2026, 7, 8), True)
    assert commands.let_silence_consent(session, SCHEDULER, now=LAST_SECOND) == 0
    assert commands.let_silence_consent(session, SCHEDULER, now=MIDNIGHT) == 1
    assert (request.state, request.basis, request.decided_at) == (RequestState.APPROVED, Basis.DEEMED, MIDNIGHT)
    given = queries.opinions(session, request.id)
    assert {seat.capacity for seat in given} == {
        Capacity.SOURCE_DEPARTMENT, Capacity.DATA_AUTHORITY, Capacity.MUNICIPAL_DATA_AGENCY,
    }  # fmt: skip
    assert all(seat.deemed and seat.decision is Decision.AGREE and "RVW-05" in seat.reason for seat in given)
    assert commands.let_silence_consent(session, SCHEDULER, now=MIDNIGHT) == 0


def test_who_spoke_keeps_the_opinion_and_only_the_silent_are_deemed(session: Session) -> None:
    request = under_review(session)
    first = queries.opinions(session, request.id)[0]
    commands.give_opinion(
        session, on_seat(first, request.place), request.id, decision=Decision.AGREE, reason="同意", now=LAST_SECOND
    )
    commands.let_silence_consent(session, SCHEDULER, now=MIDNIGHT)
    assert request.basis is Basis.DEEMED
    assert sorted(seat.deemed for seat in queries.opinions(session, request.id)) == [False, True, True]


def test_a_refusal_in_the_last_second_wins_over_the_silence_of_the_others(session: Session) -> None:
    request = under_review(session)
    seat = queries.opinions(session, request.id)[0]
    commands.give_opinion(
        session, on_seat(seat, request.place), request.id, decision=Decision.REFUSE, reason="超出必要", now=LAST_SECOND
    )
    assert commands.let_silence_consent(session, SCHEDULER, now=MIDNIGHT) == 0
    assert (request.state, request.basis) == (RequestState.REJECTED, None)


def test_after_the_last_day_an_opinion_is_refused_whether_or_not_the_job_has_run(session: Session) -> None:
    request = under_review(session)
    seat = queries.opinions(session, request.id)[0]
    late = {"decision": Decision.REFUSE, "reason": "不同意", "now": MIDNIGHT}
    with pytest.raises(TooLate, match="2026-07-08"):
        commands.give_opinion(session, on_seat(seat, request.place), request.id, **late)  # type: ignore[arg-type]
    commands.let_silence_consent(session, SCHEDULER, now=MIDNIGHT)
    with pytest.raises(WrongState):
        commands.give_opinion(session, on_seat(seat, request.place), request.id, **late)  # type: ignore[arg-type]


@pytest.mark.parametrize("place", ["quzhou", "futian", "puer", "xinchang"])
def test_nowhere_else_does_silence_consent(session: Session, place: str) -> None:
    request = under_review(session, place)
    assert not request.silence_consents
    assert commands.let_silence_consent(session, SCHEDULER, now=NOW + timedelta(days=3650)) == 0
    seat = queries.opinions(session, request.id)[0]
    commands.give_opinion(
        session, on_seat(seat, place), request.id, decision=Decision.REFUSE, reason="迟到的意见也是意见",
        now=NOW + timedelta(days=365),
    )  # fmt: skip
    assert request.state is RequestState.REJECTED


def test_only_the_scheduler_lets_silence_consent(session: Session) -> None:
    with pytest.raises(NotAllowed):
        commands.let_silence_consent(session, actor(Role.SUPERVISOR), now=MIDNIGHT)


def submitted(session: Session, *, applicant: Party | None = None) -> tuple[DataRequest, Agreement]:
    """A request in Guangzhou that waits for the operator's check."""
    make_reviewers(session, "guangzhou")
    agreement = make_agreement(session, place="guangzhou")
    applicant = applicant or make_merchant(session, place="guangzhou")
    return make_request(session, agreement=agreement, applicant=applicant, state=RequestState.SUBMITTED), agreement


def check(session: Session, request: DataRequest, person: object, decision: Decision = Decision.AGREE) -> None:
    """Record a check."""
    commands.check(
        session, person, request.id, decision=decision, reason="材料齐全", book=book(demonstration=True),  # type: ignore[arg-type]
        calendar=calendar(), now=NOW,
    )  # fmt: skip


def test_the_operator_checks_first_and_silence_is_no_check(session: Session) -> None:
    request, agreement = submitted(session)
    assert (request.check_due, request.due_date) == (date(2026, 7, 6), None)
    assert commands.let_silence_consent(session, SCHEDULER, now=NOW + timedelta(days=365)) == 0
    other = actor(Role.OPERATOR, org_id=make_merchant(session, place="guangzhou").id, place="guangzhou")
    for person in (other, actor(Role.SUPERVISOR, place="guangzhou")):
        with pytest.raises(commands.NotYourSeat, match="运营机构"):
            check(session, request, person)
    check(session, request, actor(Role.OPERATOR, org_id=agreement.operating_institution_id, place="guangzhou"))
    assert request.state is RequestState.UNDER_REVIEW


def test_a_failed_check_ends_the_request_with_its_reason(session: Session) -> None:
    request, agreement = submitted(session)
    person = actor(Role.OPERATOR, org_id=agreement.operating_institution_id, place="guangzhou")
    check(session, request, person, Decision.REFUSE)
    assert (request.state, request.check_reason) == (RequestState.REJECTED, "材料齐全")
    assert queries.opinions(session, request.id) == []


def test_the_operator_does_not_check_its_own_request(session: Session) -> None:
    make_reviewers(session, "guangzhou")
    agreement = make_agreement(session, place="guangzhou")
    operator = session.get_one(Party, agreement.operating_institution_id)
    request = make_request(session, agreement=agreement, applicant=operator, state=RequestState.SUBMITTED)
    with pytest.raises(commands.OwnRequest):
        check(session, request, acting_for(operator, Role.OPERATOR, place="guangzhou"))


def test_a_deadline_in_a_year_without_holidays_is_refused_and_not_guessed(session: Session) -> None:
    make_reviewers(session, "guangzhou")
    agreement = make_agreement(session, place="guangzhou")
    applicant = make_merchant(session, place="guangzhou")
    with pytest.raises(CalendarGap, match="2027"):
        make_request(
            session, agreement=agreement, applicant=applicant, state=RequestState.SUBMITTED,
            now=datetime(2026, 12, 30, 2, 0, tzinfo=UTC),
        )  # fmt: skip


@pytest.mark.both_databases
@pytest.mark.parametrize("first", ["opinion", "job"])
def test_a_refusal_and_the_job_at_the_same_moment_give_exactly_one_outcome(database_url: str, first: str) -> None:
    database = Database(database_url)
    with database.new_session() as opened, write_transaction(opened):
        request = under_review(opened)
        seat = queries.opinions(opened, request.id)[0]
        person, request_id = on_seat(seat, request.place), request.id

    def refuse(opened: Session) -> object:
        return commands.give_opinion(
            opened, person, request_id, decision=Decision.REFUSE, reason="不同意", now=LAST_SECOND
        )

    def deem(opened: Session) -> object:
        return commands.let_silence_consent(opened, SCHEDULER, now=MIDNIGHT)

    acts = [refuse, deem] if first == "opinion" else [deem, refuse]
    refusals = at_once(database, acts)
    with database.new_session() as opened:
        found = opened.scalar(sa.select(DataRequest).where(DataRequest.id == request_id))
        assert found is not None
        deemed = [one.deemed for one in queries.opinions(opened, request_id)]
        if found.state is RequestState.APPROVED:
            assert (found.basis, all(deemed)) == (Basis.DEEMED, True)
            assert [type(refusal) for refusal in refusals] == [WrongState]
        else:
            assert (found.state, any(deemed), refusals) == (RequestState.REJECTED, False, [])
    database.engine.dispose()


@pytest.mark.both_databases
def test_the_last_two_reviewers_agreeing_at_the_same_moment_approve_the_request(database_url: str) -> None:
    database = Database(database_url)
    with database.new_session() as opened, write_transaction(opened):
        request = under_review(opened, "quzhou")
        request_id = request.id
        persons = [on_seat(seat, "quzhou") for seat in queries.opinions(opened, request_id)]

    def agree(person: object) -> Callable[[Session], object]:
        return lambda opened: commands.give_opinion(
            opened,
            person,
            request_id,
            decision=Decision.AGREE,
            reason="同意",
            now=NOW,  # type: ignore[arg-type]
        )

    assert at_once(database, [agree(person) for person in persons]) == []
    with database.new_session() as opened:
        found = queries.get(opened, request_id)
        assert (found.state, found.basis) == (RequestState.APPROVED, Basis.DECIDED)
    database.engine.dispose()


def at_once(database: Database, acts: list[Callable[[Session], object]]) -> list[DomainError]:
    """Run the acts in threads that start together, each in its own transaction; return the refusals."""
    refusals: list[DomainError] = []
    start = threading.Barrier(len(acts))

    def run(act: Callable[[Session], object]) -> None:
        start.wait()
        try:
            with database.new_session() as opened, write_transaction(opened):
                act(opened)
        except DomainError as refusal:
            refusals.append(refusal)

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return refusals
