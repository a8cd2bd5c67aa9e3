"""The worklist: who sees what, in order of due dates, page by page, and whose turn it is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.db import new_id
from kernel.identity import Actor, Role
from registry.desk import queries
from registry.desk.queries import Wanted
from registry.procedures.rules import STAGES, Procedure, Seat
from registry.products.queries import latest_version
from registry.review_clocks import commands as clocks
from registry.reviews import commands as engine
from registry.reviews.model import Review
from registry.reviews.queries import NoSuchReview, awaits
from registry.reviews.rules import ReviewState
from tests.make.registry_base import NOW, acting_for, actor, make_department, make_operator, supervisor
from tests.make.registry_products import calendar, make_merchant, make_product, make_review, reviewer

TODAY = date(2026, 7, 1)
KINDS = sorted(STAGES)


def open_review(session: Session, *seats: Seat, place: str = "xinchang", **changed: Any) -> Review:
    """A review of a made-up subject."""
    values = {"procedure": Procedure.PLAN, "subject_id": new_id(), "subject_title": "方案", "applicant_id": None}
    return engine.open_review(
        session, supervisor(place), place=place, seats=seats or [Seat("preliminary", 1, None, 5)],
        calendar=calendar(), now=NOW, **(values | changed),
    )  # fmt: skip


def listed(session: Session, person: Actor, today: date = TODAY, **wanted: Any) -> list[str]:
    """The numbers on somebody's worklist."""
    session.flush()
    return [one.number for one in queries.worklist(session, person, Wanted(**wanted), today=today)]


@pytest.mark.both_databases
def test_what_is_due_first_stands_first_and_what_has_no_deadline_last(session: Session) -> None:
    unlimited = open_review(session, Seat("government", 1))
    found = [open_review(session, Seat("preliminary", 1, None, days)) for days in (9, 2, 5)]
    open_review(session, place="puer")
    assert listed(session, reviewer()) == [found[1].number, found[2].number, found[0].number, unlimited.number]


@pytest.mark.both_databases
def test_the_pages_of_a_worklist_hold_everything_once(session: Session) -> None:
    numbers = {open_review(session, Seat("preliminary", 1, None, days)).number for days in (3, 1, 1, 2, 1)}
    numbers.add(open_review(session, Seat("government", 1)).number)
    session.flush()
    seen = [number for page in pages(session, reviewer(), limit=2) for number in page]
    assert (len(seen), set(seen)) == (6, numbers)


def pages(session: Session, person: Actor, *, limit: int) -> Iterator[list[str]]:
    """Page through a worklist as the desk does."""
    after = None
    while found := queries.worklist(session, person, today=TODAY, after=after, limit=limit):
        yield [one.number for one in found]
        after = queries.position_of(queries.position_text(found[-1]))


@pytest.mark.parametrize("text", ["", "nonsense", "2026-07-01", "2026-07-01_x", "x_01a2028555f6747791379713d48d9c10"])
def test_an_address_that_names_no_place_begins_at_the_top(text: str) -> None:
    assert queries.position_of(text) is None


def test_overdue_paused_and_escalated_reviews_are_found(session: Session) -> None:
    late, paused, other = (open_review(session, Seat("preliminary", 1, None, days)) for days in (1, 1, 9))
    clocks.pause(session, supervisor(), paused.id, reason="等待", now=NOW)
    clocks.escalate(session, actor(Role.SCHEDULER), now=NOW + timedelta(days=2))
    after = TODAY + timedelta(days=2)
    person = supervisor()
    assert listed(session, person, after, is_overdue=True) == [late.number]
    assert listed(session, person, after, is_escalated=True) == [late.number]
    assert listed(session, person, after, is_paused=True) == [paused.number]
    assert queries.count(session, person, Wanted(is_overdue=True), today=after) == 1
    assert set(listed(session, person, after)) == {late.number, paused.number, other.number}


def test_procedure_and_place_narrow_the_list(session: Session) -> None:
    plan = open_review(session)
    egress = open_review(session, procedure=Procedure.EGRESS, place="puer")
    auditor = actor(Role.AUDITOR)
    assert listed(session, auditor, procedure=Procedure.PLAN) == [plan.number]
    assert listed(session, auditor, place="puer") == [egress.number]


@pytest.mark.both_databases
@pytest.mark.parametrize("role", [Role.REVIEWER, Role.SUPERVISOR, Role.SOURCE, Role.OPERATOR, Role.MERCHANT])
def test_mine_is_what_the_engine_lets_me_decide(session: Session, role: Role) -> None:
    """The condition in SQL says the same as the rule, for every kind of seat, party and applicant."""
    department, operator, merchant = make_department(session), make_operator(session), make_merchant(session)
    own = {Role.SOURCE: department, Role.OPERATOR: operator, Role.MERCHANT: merchant}.get(role)
    person = acting_for(own, role) if own else actor(role, place="xinchang")
    for kind in KINDS:
        for party, applicant in [(None, None), (department, None), (operator, merchant), (department, own)]:
            open_review(
                session, Seat(kind, 1, party.id if party else None), applicant_id=applicant.id if applicant else None
            )
    session.flush()
    everything = session.scalars(
        sa.select(Review).options(sa.orm.selectinload(Review.stages)).execution_options(populate_existing=True)
    ).all()
    mine = {one.id for one in session.scalars(sa.select(Review).where(queries.waits_for(person)))}
    assert mine == {one.id for one in everything if awaits(person, one)}
    assert bool(mine) == (role is not Role.MERCHANT)


def test_a_department_and_an_operator_read_what_they_have_a_part_in(session: Session) -> None:
    made = make_product(session)
    review = make_review(session, made, state=ReviewState.SUBMITTED)
    used = latest_version(session, made.id).inputs[0].resource
    session.flush()
    part = [
        actor(Role.SOURCE, org_id=used.source_department_id, place="xinchang"),
        actor(Role.OPERATOR, org_id=made.agreement.operating_institution_id, place="xinchang"),
        actor(Role.MERCHANT, org_id=made.owner_id, place="xinchang"),
    ]
    for person in [*part, reviewer(), actor(Role.AUDITOR)]:
        assert queries.detail(session, person, review.id).id == review.id
    strangers = [
        acting_for(make_department(session), Role.SOURCE), acting_for(make_merchant(session), Role.MERCHANT),
        reviewer("puer"), actor(Role.BUYER),
    ]  # fmt: skip
    for person in strangers:
        with pytest.raises(NoSuchReview):
            queries.detail(session, person, review.id)


@pytest.mark.postgresql_only
def test_the_first_page_of_a_long_worklist_is_read_from_the_index(session: Session) -> None:
    template = open_review(session)
    session.flush()
    columns = [column.name for column in Review.__table__.columns]
    own = {"id": "gen_random_uuid()", "number": "'N-' || n", "subject_id": "gen_random_uuid()"}
    due = "DATE '2026-07-01' + (n % 900)"
    own |= {"due_date": due, "worklist_date": due, "state": "CASE WHEN n % 3 = 0 THEN 'submitted' ELSE 'in_stage' END"}
    wanted = ", ".join(own.get(name, f"r.{name}") for name in columns)
    session.execute(
        sa.text(
            f"INSERT INTO registry_review ({', '.join(columns)}) SELECT {wanted} "
            "FROM registry_review r CROSS JOIN generate_series(1, 20000) n WHERE r.id = :id"
        ),
        {"id": template.id},
    )
    session.execute(sa.text("ANALYZE registry_review"))
    query = queries._open(reviewer(), Wanted(), TODAY).order_by(Review.worklist_date, Review.id).limit(50)
    text = query.compile(session.get_bind(), compile_kwargs={"literal_binds": True})
    plan = "\n".join(session.scalars(sa.text(f"EXPLAIN {text}")))
    assert "ix_registry_review_worklist" in plan, plan
    assert "Sort" not in plan
