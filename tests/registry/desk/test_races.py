"""Promise B8: an opinion and the end of the last day meet; there is one outcome, and it is of the right class."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from kernel.db import Database, write_transaction
from kernel.errors import DomainError
from kernel.identity import Actor, Role
from registry.deadlines.rules import TooLate
from registry.desk import commands as desk
from registry.procedures.rules import Procedure
from registry.requests import commands as requests
from registry.requests import queries as request_queries
from registry.requests.rules import Basis, Decision, RequestState, WrongState
from registry.reviews import queries
from registry.reviews.rules import WrongState as ReviewClosed
from tests.make.registry_base import NOW, actor, book, make_agreement
from tests.make.registry_products import calendar, make_merchant, make_request, make_reviewers, on_seat

MIDNIGHT = datetime(2026, 7, 8, 16, 0, tzinfo=UTC)  # silence consents from here on: 9 July, 0:00 in Beijing
SECOND = timedelta(seconds=1)
RACES = 6
SCHEDULER = actor(Role.SCHEDULER)
LAW: dict[str, Any] = {"book": book(demonstration=True), "calendar": calendar()}
LOSERS = (TooLate, WrongState, ReviewClosed)
Act = Callable[[Session], object]


@pytest.mark.both_databases
@pytest.mark.parametrize("route", ["request", "desk"])
@pytest.mark.parametrize("offset", [-1, 0, 1])
def test_a_refusal_at_the_end_of_the_last_day_races_with_silence(database_url: str, offset: int, route: str) -> None:
    database = Database(database_url)
    running = under_review(database, "guangzhou")
    moment = MIDNIGHT + offset * SECOND
    for number, (request_id, people) in enumerate(running):
        refusal = speaking(route, people[0], request_id, Decision.REFUSE, moment)
        acts: list[Act] = [refusal, silence] if number % 2 else [silence, refusal]
        refusals = at_once(database, acts)
        state, basis, deemed = outcome(database, request_id)
        if state is RequestState.APPROVED:
            assert (basis, deemed) == (Basis.DEEMED, {True})
            assert len(refusals) == 1
            assert isinstance(refusals[0], LOSERS)
        else:
            assert (state, offset, refusals) == (RequestState.REJECTED, -1, [])
            assert True not in deemed
    database.engine.dispose()


def test_who_is_first_wins_in_the_last_second_and_nobody_after_it(database_url: str) -> None:
    database = Database(database_url)
    running = under_review(database, "guangzhou")
    for (request_id, people), moment in zip(running, [-SECOND, 0 * SECOND, SECOND], strict=False):
        refusals = at_once(database, [speaking("desk", people[0], request_id, Decision.REFUSE, MIDNIGHT + moment)])
        state, _, _ = outcome(database, request_id)
        if moment < timedelta(0):
            assert (state, refusals) == (RequestState.REJECTED, [])
        else:
            assert (state, [type(one) for one in refusals]) == (RequestState.UNDER_REVIEW, [TooLate])
    at_once(database, [silence])
    assert [outcome(database, request_id)[0] for request_id, _ in running[:3]] == [
        RequestState.REJECTED, RequestState.APPROVED, RequestState.APPROVED,
    ]  # fmt: skip
    database.engine.dispose()


@pytest.mark.both_databases
def test_the_last_reviewers_agree_at_the_same_moment_by_different_doors(database_url: str) -> None:
    database = Database(database_url)
    for request_id, people in under_review(database, "quzhou"):
        acts = [
            speaking("desk" if number % 2 else "request", person, request_id, Decision.AGREE, NOW)
            for number, person in enumerate(people)
        ]
        assert at_once(database, acts) == []
        assert outcome(database, request_id)[:2] == (RequestState.APPROVED, Basis.DECIDED)
    database.engine.dispose()


def under_review(database: Database, place: str) -> list[tuple[UUID, list[Actor]]]:
    """Requests on which nobody has spoken, each with the people of its seats."""
    with database.new_session() as opened, write_transaction(opened):
        make_reviewers(opened, place)
        agreement = make_agreement(opened, place=place)
        applicant = make_merchant(opened, place=place)
        found = []
        for number in range(RACES):
            request = make_request(
                opened, agreement=agreement, applicant=applicant, scenario=f"场景 {number}",
                state=RequestState.UNDER_REVIEW,
            )  # fmt: skip
            people = [on_seat(seat, place) for seat in request_queries.opinions(opened, request.id)]
            found.append((request.id, people))
    return found


def speaking(route: str, person: Actor, request_id: UUID, decision: Decision, now: datetime) -> Act:
    """Return the act of a person, by the page of the request or by the desk of reviews."""
    values = {"decision": decision, "reason": "意见", "now": now} | LAW

    def speak(opened: Session) -> object:
        if route == "request":
            return requests.give_opinion(opened, person, request_id, **values)
        review = queries.history(opened, Procedure.DATA_REQUEST, [request_id])[0]
        return desk.decide(opened, person, review.id, checklist=(), defects=(), **values)

    return speak


def silence(opened: Session) -> object:
    """Let the timetable's job run right after the last day."""
    return desk.let_silence_consent(opened, SCHEDULER, now=MIDNIGHT, **LAW)


def outcome(database: Database, request_id: UUID) -> tuple[RequestState, Basis | None, set[bool]]:
    """What became of a request, and whether its opinions were silent."""
    with database.new_session() as opened:
        found = request_queries.get(opened, request_id)
        given = [one for one in request_queries.opinions(opened, request_id) if one.decision is not None]
        return found.state, found.basis, {one.deemed for one in given}


def at_once(database: Database, acts: Sequence[Act]) -> list[DomainError]:
    """Run the acts in threads that start together, each in its own transaction; return the refusals."""
    refusals: list[DomainError] = []
    start = threading.Barrier(len(acts))

    def run(act: Act) -> None:
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
