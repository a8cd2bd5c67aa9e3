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
from registry.deadlines.rules import TooLate
from registry.desk import commands as desk
from registry.parties.model import Party
from registry.parties.rules import Capacity
from registry.procedures.rules import RefusalGround
from registry.requests import commands, queries
from registry.requests.model import DataRequest
from registry.requests.rules import Basis, Decision, RequestState, WrongState
from registry.reviews.rules import GroundMissing
from tests.make.registry_base import NOW, acting_for, actor, book, make_agreement
from tests.make.registry_products import calendar, make_merchant, make_request, make_reviewers, on_seat

LAST_SECOND = datetime(2026, 7, 8, 15, 59, 59, tzinfo=UTC)
MIDNIGHT = LAST_SECOND + timedelta(seconds=1)  # 2026-07-09 00:00 in Beijing
SCHEDULER = actor(Role.SCHEDULER)
LAW = {"book": book(demonstration=True), "calendar": calendar()}


def silence(session: Session, *, now: datetime) -> int:
    """Let the timetable's job run."""
    return desk.let_silence_consent(session, SCHEDULER, now=now, **LAW)  # type: ignore[arg-type]


def shown(session: Session, request: DataRequest) -> DataRequest:
    """The request as its readers see it, with its reviews."""
    session.flush()
    return queries.detail(session, actor(Role.AUDITOR), request.id)


def say(
    session: Session, person: object, request_id: object, decision: Decision, *, now: datetime, reason: str = "意见"
) -> None:
    """Give an opinion."""
    commands.give_opinion(
        session, person, request_id, decision=decision, reason=reason, now=now, **LAW,  # type: ignore[arg-type]
    )  # fmt: skip


def under_review(session: Session, place: str = "guangzhou") -> DataRequest:
    """A request on which nobody has spoken yet."""
    make_reviewers(session, place)
    agreement = make_agreement(session, place=place)
    applicant = make_merchant(session, place=place)
    return make_request(session, agreement=agreement, applicant=applicant, state=RequestState.UNDER_REVIEW)


@pytest.mark.both_databases
def test_a_request_submitted_on_1_july_with_five_working_days_is_deemed_approved_on_9_july(session: Session) -> None:
    request = under_review(session)
    found = shown(session, request)
    assert (found.due_date, found.silence_consents) == (date(2026, 7, 8), True)
    assert silence(session, now=LAST_SECOND) == 0
    assert silence(session, now=MIDNIGHT) == 1
    assert (request.state, request.basis, request.decided_at) == (RequestState.APPROVED, Basis.DEEMED, MIDNIGHT)
    given = queries.opinions(session, request.id)
    assert {seat.capacity for seat in given} == {
        Capacity.SOURCE_DEPARTMENT, Capacity.DATA_AUTHORITY, Capacity.MUNICIPAL_DATA_AGENCY,
    }  # fmt: skip
    assert all(seat.deemed and seat.decision is Decision.AGREE and "RVW-05" in seat.reason for seat in given)
    assert silence(session, now=MIDNIGHT) == 0


def test_who_spoke_keeps_the_opinion_and_only_the_silent_are_deemed(session: Session) -> None:
    request = under_review(session)
    first = queries.opinions(session, request.id)[0]
    say(session, on_seat(first, request.place), request.id, Decision.AGREE, now=LAST_SECOND)
    silence(session, now=MIDNIGHT)
    assert request.basis is Basis.DEEMED
    assert sorted(seat.deemed for seat in queries.opinions(session, request.id)) == [False, True, True]


def test_a_refusal_in_the_last_second_wins_over_the_silence_of_the_others(session: Session) -> None:
    request = under_review(session)
    seat = queries.opinions(session, request.id)[0]
    say(session, on_seat(seat, request.place), request.id, Decision.REFUSE, now=LAST_SECOND)
    assert silence(session, now=MIDNIGHT) == 0
    assert (request.state, request.basis) == (RequestState.REJECTED, None)


def test_after_the_last_day_an_opinion_is_refused_whether_or_not_the_job_has_run(session: Session) -> None:
    request = under_review(session)
    seat = queries.opinions(session, request.id)[0]
    with pytest.raises(TooLate, match="2026-07-08"):
        say(session, on_seat(seat, request.place), request.id, Decision.REFUSE, now=MIDNIGHT)
    silence(session, now=MIDNIGHT)
    with pytest.raises(WrongState):
        say(session, on_seat(seat, request.place), request.id, Decision.REFUSE, now=MIDNIGHT)


@pytest.mark.parametrize("place", ["quzhou", "futian", "puer", "xinchang"])
def test_nowhere_else_does_silence_consent(session: Session, place: str) -> None:
    request = under_review(session, place)
    assert not shown(session, request).silence_consents
    assert silence(session, now=NOW + timedelta(days=3650)) == 0
    seat = queries.opinions(session, request.id)[0]
    say(session, on_seat(seat, place), request.id, Decision.REFUSE, now=NOW + timedelta(days=365))
    assert request.state is RequestState.REJECTED


def test_only_the_scheduler_lets_silence_consent(session: Session) -> None:
    with pytest.raises(NotAllowed):
        desk.let_silence_consent(session, actor(Role.SUPERVISOR), now=MIDNIGHT, **LAW)  # type: ignore[arg-type]


def submitted(session: Session, *, applicant: Party | None = None) -> tuple[DataRequest, Agreement]:
    """A request in Guangzhou that waits for the operator's check."""
    make_reviewers(session, "guangzhou")
    agreement = make_agreement(session, place="guangzhou")
    applicant = applicant or make_merchant(session, place="guangzhou")
    return make_request(session, agreement=agreement, applicant=applicant, state=RequestState.SUBMITTED), agreement


def check(
    session: Session,
    request: DataRequest,
    person: object,
    decision: Decision = Decision.AGREE,
    ground: RefusalGround | None = None,
) -> None:
    """Record a check."""
    commands.check(
        session, person, request.id, decision=decision, reason="材料齐全", ground=ground, now=NOW,
        **LAW,  # type: ignore[arg-type]
    )  # fmt: skip


def test_the_operator_checks_first_and_silence_is_no_check(session: Session) -> None:
    request, agreement = submitted(session)
    found = shown(session, request)
    assert (found.check_due, found.due_date) == (date(2026, 7, 6), None)
    assert silence(session, now=NOW + timedelta(days=365)) == 0
    other = actor(Role.OPERATOR, org_id=make_merchant(session, place="guangzhou").id, place="guangzhou")
    for person in (other, actor(Role.SUPERVISOR, place="guangzhou")):
        with pytest.raises(commands.NotYourSeat, match="运营机构"):
            check(session, request, person)
    check(session, request, actor(Role.OPERATOR, org_id=agreement.operating_institution_id, place="guangzhou"))
    assert request.state is RequestState.UNDER_REVIEW


def test_a_failed_check_ends_the_request_with_its_reason(session: Session) -> None:
    request, agreement = submitted(session)
    person = actor(Role.OPERATOR, org_id=agreement.operating_institution_id, place="guangzhou")
    with pytest.raises(GroundMissing, match="SEP-02"):
        check(session, request, person, Decision.REFUSE)
    check(session, request, person, Decision.REFUSE, RefusalGround.MATERIALS_INCOMPLETE)
    found = shown(session, request)
    assert (found.state, found.check_reason) == (RequestState.REJECTED, "材料齐全")
    assert found.opinions == []


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
        return say(opened, person, request_id, Decision.REFUSE, now=LAST_SECOND)

    def deem(opened: Session) -> object:
        return silence(opened, now=MIDNIGHT)

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
        return lambda opened: say(opened, person, request_id, Decision.AGREE, now=NOW)

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
