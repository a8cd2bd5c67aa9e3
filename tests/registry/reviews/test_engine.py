"""The engine on a real database: seats in order and in parallel, one person per seat, opinions that stay."""

from __future__ import annotations

from datetime import date
from itertools import permutations
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from kernel.db import new_id
from kernel.errors import DomainError
from kernel.identity import Actor, Role
from registry.procedures.rules import Procedure, Seat, SilenceForbidden
from registry.reviews import commands, queries
from registry.reviews.model import Opinion, Review, ReviewStage
from registry.reviews.rules import Decision, ReviewState, StageState, WrongState
from tests.make.registry_base import NOW, actor, make_department
from tests.make.registry_products import calendar

PLACE = "xinchang"
COMMON: dict[str, Any] = {"calendar": calendar(), "now": NOW}


def open_review(session: Session, *seats: Seat, procedure: Procedure = Procedure.PLAN, **changed: Any) -> Review:
    """A review of a made-up subject."""
    values = {"subject_id": new_id(), "subject_title": "实施方案", "place": PLACE, "applicant_id": None} | changed
    return commands.open_review(
        session, actor(Role.SUPERVISOR, place=PLACE), procedure=procedure, seats=seats, **values, **COMMON
    )


def decide(session: Session, review: Review, person: Actor, decision: Decision, **changed: Any) -> Review:
    """Decide whichever seat is the person's."""
    values = {"reason": "意见", "checklist": {}, "defects": ["缺项"], "required": (), "findings": (), **COMMON}
    return commands.decide(session, person, review.id, decision=decision, **(values | changed))


def departments(session: Session, count: int) -> tuple[list[Seat], list[Actor]]:
    """Seats side by side, each with a person."""
    found = [make_department(session) for _ in range(count)]
    people = [actor(Role.SOURCE, org_id=one.id, place=PLACE) for one in found]
    return [Seat("source_department", 1, one.id, 5) for one in found], people


def reviewer() -> Actor:
    """Another person of the authority."""
    return actor(Role.REVIEWER, place=PLACE)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_parallel_seats_agree_in_any_order_and_only_all_of_them_open_what_follows(
    session: Session, order: tuple[int, ...]
) -> None:
    seats, people = departments(session, 3)
    review = open_review(session, *seats, Seat("government", 2))
    for number in order[:-1]:
        decide(session, review, people[number], Decision.AGREE)
        assert (review.state, review.stage_position) == (ReviewState.IN_STAGE, 1)
    decide(session, review, people[order[-1]], Decision.AGREE)
    assert (review.state, review.stage_position, review.due_date) == (ReviewState.IN_STAGE, 2, None)
    decide(session, review, actor(Role.SUPERVISOR, place=PLACE), Decision.AGREE)
    assert (review.state, review.decided_at) == (ReviewState.PASSED, NOW)


@pytest.mark.parametrize("agreed", [(), (0,), (0, 1), (1,)])
@pytest.mark.parametrize("refuser", [0, 1, 2])
def test_one_refusal_refuses_at_once_whoever_agreed_before(
    session: Session, agreed: tuple[int, ...], refuser: int
) -> None:
    seats, people = departments(session, 3)
    review = open_review(session, *seats)
    for number in agreed:
        if number != refuser:
            decide(session, review, people[number], Decision.AGREE)
    decide(session, review, people[refuser], Decision.REFUSE)
    assert review.state is ReviewState.REFUSED
    states = {one.state for one in queries.stages(session, review)}
    assert states <= {StageState.REFUSED, StageState.AGREED, StageState.CLOSED}
    with pytest.raises(WrongState):
        decide(session, review, people[(refuser + 1) % 3], Decision.AGREE)


def test_every_seat_has_its_own_clock_and_the_review_shows_the_earliest(session: Session) -> None:
    seats, people = departments(session, 2)
    review = open_review(session, seats[0], Seat("source_department", 1, seats[1].party_id, 3), Seat("expert", 2))
    assert [one.due_date for one in queries.stages(session, review)] == [date(2026, 7, 8), date(2026, 7, 6), None]
    assert (review.due_date, review.worklist_date) == (date(2026, 7, 6), date(2026, 7, 6))
    decide(session, review, people[1], Decision.AGREE)
    assert review.due_date == date(2026, 7, 8)
    decide(session, review, people[0], Decision.AGREE)
    assert (review.due_date, review.worklist_date, review.is_overdue(date.max)) == (None, date.max, False)


def test_positions_may_be_any_numbers_and_are_taken_in_their_order(session: Session) -> None:
    review = open_review(session, Seat("government", 30), Seat("preliminary", 10), Seat("expert", 20))
    found = [(one.kind, one.position, one.state) for one in queries.stages(session, review)]
    assert found == [
        ("preliminary", 1, StageState.OPEN), ("expert", 2, StageState.WAITING), ("government", 3, StageState.WAITING),
    ]  # fmt: skip


def test_one_person_decides_one_seat_of_a_review(session: Session) -> None:
    review = open_review(session, Seat("preliminary", 1), Seat("expert", 2))
    person = reviewer()
    decide(session, review, person, Decision.AGREE)
    with pytest.raises(commands.SecondSeat, match="另一环节"):
        decide(session, review, person, Decision.AGREE)
    decide(session, review, reviewer(), Decision.AGREE)
    assert review.state is ReviewState.PASSED


def test_who_decided_before_the_return_decides_again_after_it(session: Session) -> None:
    review, person = open_review(session, Seat("preliminary", 1)), reviewer()
    decide(session, review, person, Decision.RETURN_ONCE)
    commands.resubmit(
        session, person, review.id, subject_id=review.subject_id, subject_title="修改稿",
        seats=[Seat("preliminary", 1)], **COMMON,
    )  # fmt: skip
    assert (review.state, review.round_number, review.subject_title) == (ReviewState.SUBMITTED, 2, "修改稿")
    decide(session, review, person, Decision.AGREE)
    assert review.state is ReviewState.PASSED


def test_of_several_seats_the_named_one_is_decided(session: Session) -> None:
    review = open_review(session, Seat("basic_security", 1), Seat("technical_security", 1))
    first, second = queries.stages(session, review)
    decide(session, review, reviewer(), Decision.AGREE, stage_id=second.id)
    assert [one.state for one in queries.stages(session, review)] == [StageState.OPEN, StageState.AGREED]
    with pytest.raises(commands.NotYourStage):
        decide(session, review, reviewer(), Decision.AGREE, stage_id=second.id)
    decide(session, review, reviewer(), Decision.AGREE, stage_id=first.id)
    assert review.state is ReviewState.PASSED


def test_a_refused_event_leaves_nothing_behind(session: Session) -> None:
    """Promise B7: whatever a state does not admit changes no row, whoever asks."""
    review = open_review(session, Seat("preliminary", 1))
    decide(session, review, reviewer(), Decision.REFUSE)
    session.commit()
    before = rows(session)
    acts = [
        lambda: decide(session, review, reviewer(), Decision.AGREE),
        lambda: decide(session, review, reviewer(), Decision.REFUSE),
        lambda: decide(session, review, reviewer(), Decision.RETURN_ONCE),
        lambda: commands.withdraw(session, reviewer(), review.id, reason="", now=NOW),
        lambda: commands.resubmit(
            session, reviewer(), review.id, subject_id=new_id(), subject_title="", seats=[Seat("expert", 1)], **COMMON
        ),
    ]  # fmt: skip
    for act in acts:
        with pytest.raises(DomainError):
            act()
        assert not session.dirty
        session.rollback()
        assert rows(session) == before


def rows(session: Session) -> list[Any]:
    """Everything that the engine stores."""
    tables = (Review.__table__, ReviewStage.__table__, Opinion.__table__)
    return [tuple(row) for table in tables for row in session.execute(sa.select(table).order_by("id"))]


def test_the_engine_refuses_silence_outside_data_requests(session: Session) -> None:
    for procedure in set(Procedure) - {Procedure.DATA_REQUEST}:
        with pytest.raises(SilenceForbidden):
            open_review(session, Seat("data_authority", 1, None, 5, True), procedure=procedure)


@pytest.mark.both_databases
@pytest.mark.parametrize(
    ("procedure", "kind", "days"),
    [("product", "data_authority", 5), ("data_request", "operator_check", 5), ("data_request", "data_authority", None),
     ("data_request", "egress_check", 5), ("egress", "egress_check", 5)],
)  # fmt: skip
def test_the_database_refuses_silence_where_the_law_does(
    session: Session, procedure: str, kind: str, days: int | None
) -> None:
    review = open_review(session, Seat("preliminary", 1), procedure=Procedure(procedure))
    session.flush()
    stage = queries.stages(session, review)[0]
    with pytest.raises(DBAPIError, match="silence_where_allowed"):
        session.execute(
            sa.update(ReviewStage).where(ReviewStage.id == stage.id).values(
                silence_consents=True, kind=kind, days=days, due_date=days and date(2026, 7, 8)
            )
        )  # fmt: skip
    session.rollback()


@pytest.mark.both_databases
def test_a_seat_cannot_lie_about_its_procedure_nor_an_opinion_about_its_silence(session: Session) -> None:
    review = open_review(session, Seat("preliminary", 1))
    session.commit()
    stage = queries.stages(session, review)[0]
    with pytest.raises(DBAPIError, match=r"(?i)foreign key"):
        session.execute(
            sa.update(ReviewStage).where(ReviewStage.id == stage.id).values(procedure=Procedure.DATA_REQUEST)
        )
    session.rollback()
    session.add(
        Opinion(
            stage_id=stage.id, reviewer_account_id=None, reviewer_name="", decision=Decision.AGREE, reason="视为同意",
            checklist={}, defects=[], given_at=NOW, deemed=True,
        )
    )  # fmt: skip
    with pytest.raises(DBAPIError, match="silence consents on no such seat"):
        session.flush()
    session.rollback()
