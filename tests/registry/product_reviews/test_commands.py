"""Compliance reviews of products on a real database: stages in order, deadlines, one return, what must be in order."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from kernel.calendar import CalendarGap
from kernel.errors import NotAllowed
from kernel.identity import Actor, Grant, Role
from kernel.policy import PolicyGap
from registry.desk import commands as desk
from registry.product_reviews import commands
from registry.product_reviews import queries as product_reviews
from registry.products import queries as products
from registry.products.model import Product
from registry.resources import commands as resources
from registry.reviews import commands as engine
from registry.reviews import queries
from registry.reviews.model import Opinion, Review
from registry.reviews.rules import (
    CHECK_TITLES,
    ChecklistIncomplete,
    Decision,
    FindingsOpen,
    Procedure,
    ReturnedBefore,
    ReviewState,
    StageState,
    WrongState,
)
from tests.make.registry_base import NOW, actor, book
from tests.make.registry_products import (
    add_version,
    calendar,
    make_product,
    make_review,
    reviewer,
    seller,
)

LAW = {"book": book(demonstration=True), "calendar": calendar()}


def decide(
    session: Session, review: Review, decision: Decision, person: Actor | None = None, **changed: object
) -> None:
    """Decide the open stage."""
    values = (
        {"reason": "审核意见", "checklist": list(CHECK_TITLES), "defects": ["样例过少"], "now": NOW} | LAW | changed
    )
    desk.decide(session, person or reviewer(review.place), review.id, decision=decision, **values)  # type: ignore[arg-type]
    session.flush()


def submitted(session: Session, place: str = "xinchang") -> tuple[Product, Review]:
    """A review that nobody has looked at yet."""
    made = make_product(session, place=place)
    return made, make_review(session, made, state=ReviewState.SUBMITTED)


@pytest.mark.both_databases
def test_a_review_passes_when_its_last_stage_agrees(session: Session) -> None:
    made, review = submitted(session, "futian")
    assert [(stage.kind, stage.state) for stage in queries.stages(session, review)] == [
        ("filing", StageState.OPEN), ("data_authority", StageState.WAITING),
    ]  # fmt: skip
    decide(session, review, Decision.AGREE)
    assert (review.state, review.stage_position) == (ReviewState.IN_STAGE, 2)
    decide(session, review, Decision.AGREE)
    assert (review.state, review.decided_at) == (ReviewState.PASSED, NOW)
    found = product_reviews.passed(session, products.latest_version(session, made.id).id)
    assert found is not None
    assert found.id == review.id


def test_each_stage_has_ten_working_days_from_its_opening_and_the_source_is_kept(session: Session) -> None:
    _, review = submitted(session, "futian")
    assert review.due_date == date(2026, 7, 15)
    later = NOW + timedelta(days=7)
    decide(session, review, Decision.AGREE, now=later)
    assert review.due_date == queries.stages(session, review)[1].due_date == date(2026, 7, 22)
    assert [source["name"] for source in review.sources] == ["review.stages", "review.stage_working_days"]
    assert not review.is_overdue(date(2026, 7, 22))
    assert review.is_overdue(date(2026, 7, 23))


def test_without_a_number_of_days_nothing_is_submitted_and_the_refusal_says_what_to_configure(
    session: Session,
) -> None:
    made = make_product(session)
    newest = products.latest_version(session, made.id)
    with pytest.raises(PolicyGap, match=r"review\.stage_working_days.*请配置"):
        commands.submit(session, seller(made), newest.id, book=book(), calendar=calendar(), now=NOW)


def test_a_deadline_in_a_year_without_holidays_is_refused(session: Session) -> None:
    made = make_product(session)
    with pytest.raises(CalendarGap, match="2027"):
        make_review(session, made, now=datetime(2026, 12, 25, 2, 0, tzinfo=UTC))


@pytest.mark.both_databases
def test_a_version_has_one_running_or_passed_review_and_a_new_one_after_refusal(session: Session) -> None:
    made, review = submitted(session)
    with pytest.raises(engine.ReviewExists, match=review.number):
        make_review(session, made)
    decide(session, review, Decision.REFUSE)
    assert review.state is ReviewState.REFUSED
    assert make_review(session, made).state is ReviewState.PASSED
    with pytest.raises(engine.ReviewExists):
        make_review(session, made)


@pytest.mark.both_databases
def test_the_database_admits_one_standing_review_per_version(session: Session) -> None:
    made, review = submitted(session)
    twin = Review(
        number="REV-X", place=made.place, procedure=Procedure.PRODUCT, subject_id=review.subject_id,
        subject_title="产品", submitted_at=NOW,
    )  # fmt: skip
    session.add(twin)
    with pytest.raises(DBAPIError, match=r"(?i)unique"):
        session.flush()
    session.rollback()


def test_only_the_newest_version_is_reviewed(session: Session) -> None:
    made = make_product(session)
    old = products.latest_version(session, made.id)
    add_version(session, made)
    with pytest.raises(commands.OldVersion, match="第 2 版"):
        commands.submit(session, seller(made), old.id, now=NOW, **LAW)  # type: ignore[arg-type]


def test_a_return_lists_all_defects_and_happens_once(session: Session) -> None:
    made, review = submitted(session, "futian")
    decide(session, review, Decision.RETURN_ONCE, defects=["样例过少", " ", "字段说明不清"])
    assert (review.state, review.decided_at) == (ReviewState.RETURNED, None)
    assert [stage.state for stage in queries.stages(session, review)] == [StageState.RETURNED, StageState.CLOSED]
    assert session.scalars(sa.select(Opinion.defects).where(Opinion.decision == Decision.RETURN_ONCE)).one() == [
        "样例过少",
        "字段说明不清",
    ]
    with pytest.raises(WrongState):
        decide(session, review, Decision.AGREE)
    add_version(session, made)
    later = NOW + timedelta(days=7)
    commands.resubmit(session, seller(made), review.id, now=later, **LAW)  # type: ignore[arg-type]
    session.flush()
    assert (review.state, review.round_number, review.due_date) == (ReviewState.SUBMITTED, 2, date(2026, 7, 22))
    assert review.subject_id == products.latest_version(session, made.id).id
    assert [stage.state for stage in queries.stages(session, review)] == [StageState.OPEN, StageState.WAITING]
    with pytest.raises(ReturnedBefore):
        decide(session, review, Decision.RETURN_ONCE)
    decide(session, review, Decision.AGREE)
    decide(session, review, Decision.AGREE)
    assert review.state is ReviewState.PASSED


def test_the_first_rounds_agreement_does_not_count_for_the_second(session: Session) -> None:
    made, review = submitted(session, "futian")
    decide(session, review, Decision.AGREE)
    decide(session, review, Decision.RETURN_ONCE)
    commands.resubmit(session, seller(made), review.id, now=NOW, **LAW)  # type: ignore[arg-type]
    session.flush()
    assert [stage.state for stage in queries.stages(session, review)] == [StageState.OPEN, StageState.WAITING]


def test_a_returned_review_does_not_take_over_a_version_under_review(session: Session) -> None:
    made, review = submitted(session)
    decide(session, review, Decision.RETURN_ONCE)
    add_version(session, made)
    make_review(session, made)
    with pytest.raises(engine.ReviewExists):
        commands.resubmit(session, seller(made), review.id, now=NOW, **LAW)  # type: ignore[arg-type]


def test_agreement_needs_the_whole_checklist_of_the_place(session: Session) -> None:
    _, review = submitted(session, "puer")
    without = [point for point in CHECK_TITLES if point != "not_reversible"]
    with pytest.raises(ChecklistIncomplete, match="不可还原"):
        decide(session, review, Decision.AGREE, checklist=without)
    _, elsewhere = submitted(session, "quzhou")
    decide(session, elsewhere, Decision.AGREE, checklist=without)
    assert elsewhere.state is ReviewState.PASSED


def test_agreement_waits_until_the_records_are_in_order(session: Session) -> None:
    made, review = submitted(session)
    resource = products.latest_version(session, made.id).inputs[0].resource
    owner = actor(Role.SOURCE, org_id=resource.source_department_id, place=made.place)
    resources.bar(session, owner, resource.id, reason="不予开放", now=NOW)
    session.flush()
    with pytest.raises(FindingsOpen, match=resource.code):
        decide(session, review, Decision.AGREE)
    decide(session, review, Decision.REFUSE)


def test_the_seller_does_not_review_and_others_decide_only_their_stage(session: Session) -> None:
    made, review = submitted(session)
    both = Actor(
        id=made.id, name="兼任", org_id=made.owner_id,
        grants=(Grant(Role.REVIEWER, None, made.place), Grant(Role.MERCHANT, made.owner_id, made.place)),
    )  # fmt: skip
    with pytest.raises(engine.OwnApplication, match="本单位"):
        decide(session, review, Decision.AGREE, both)
    source = actor(Role.SOURCE, org_id=made.id, place=made.place)
    with pytest.raises(engine.NotYourStage, match="环节"):
        decide(session, review, Decision.AGREE, source)
    with pytest.raises(NotAllowed):
        decide(session, review, Decision.AGREE, reviewer("puer"))
    with pytest.raises(NotAllowed):
        decide(session, review, Decision.AGREE, seller(made))


def test_the_seller_withdraws_until_the_decision(session: Session) -> None:
    made, review = submitted(session)
    commands.withdraw(session, seller(made), review.id, now=NOW)
    session.flush()
    assert (review.state, review.decided_at) == (ReviewState.WITHDRAWN, NOW)
    with pytest.raises(WrongState):
        commands.withdraw(session, seller(made), review.id, now=NOW)
    assert make_review(session, made).state is ReviewState.PASSED


@pytest.mark.both_databases
@pytest.mark.parametrize("statement", ["UPDATE {} SET reason = '改写'", "DELETE FROM {}"])
def test_the_database_keeps_an_opinion_as_it_was_given(session: Session, statement: str) -> None:
    make_review(session, make_product(session))
    with pytest.raises(DBAPIError, match="append-only"):
        session.execute(sa.text(statement.format("registry_review_opinion")))
    session.rollback()
