"""The gates to a sale: derived from the records at once, and the same for one product as for all of them in SQL."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import combinations

import pytest
from sqlalchemy.orm import Session

from registry.gates import queries
from registry.products.model import Product
from registry.registrations.rules import RegistrationKind, RegistrationState
from registry.reviews.rules import ReviewState
from tests.make.closers import CLOSERS
from tests.make.registry_base import NOW, book
from tests.make.registry_products import (
    CODED_AT,
    add_version,
    make_product,
    make_registration,
    make_review,
    make_sellable,
)

LATER = CODED_AT + timedelta(hours=1)
LAW = book(demonstration=True)
# the gates that no text of the place demands stay open whatever happens
DEMANDED_NOWHERE = {
    "xinchang": {"service_agreement", "egress_passed"},
    "guangzhou": {"emergency_plan", "operator_trained", "operator_reviewed", "local_register", "no_open_incident"},
}


def closed(session: Session, made: Product, now: datetime = LATER) -> set[str]:
    """Which gates of a product are closed, in words."""
    return {gate.code for gate in queries.gates(session, made, now=now, book=LAW) if not gate.open}


def is_open_in_sql(session: Session, made: Product, now: datetime = LATER) -> bool:
    """Whether the query for sets finds the product."""
    return made.id in {found.id for found in session.scalars(queries.open_products(now, LAW))}


@pytest.mark.both_databases
@pytest.mark.parametrize("place", DEMANDED_NOWHERE)
def test_words_and_sql_agree_with_every_gate_and_every_pair_of_gates_closed(session: Session, place: str) -> None:
    made = make_sellable(session, place=place)
    assert closed(session, made) == set()
    assert is_open_in_sql(session, made)
    wanted = [set(), *({code} for code in CLOSERS), *({one, other} for one, other in combinations(CLOSERS, 2))]
    wrong = []
    for codes in wanted:
        savepoint = session.begin_nested()
        for code in codes:
            CLOSERS[code](session, made)
        session.expire_all()
        expected = codes - DEMANDED_NOWHERE[place]
        if is_open_in_sql(session, made) != (not expected) or (len(codes) < 2 and closed(session, made) != expected):
            wrong.append((codes, closed(session, made)))
        savepoint.rollback()
    assert wrong == []


@pytest.mark.both_databases
def test_sql_and_words_agree_at_every_stage_of_a_products_life(session: Session) -> None:
    stages = [
        make_product(session),
        *(stage(session) for stage in (in_review, refused, reviewed, on_notice, re_registered)),
    ]
    for now in (NOW, LATER, datetime(2028, 6, 30, 15, 59, tzinfo=UTC), datetime(2028, 6, 30, 16, 0, tzinfo=UTC)):
        for made in stages:
            assert is_open_in_sql(session, made, now) == (not closed(session, made, now)), now


def in_review(session: Session) -> Product:
    """A product whose review has begun."""
    made = make_product(session)
    make_review(session, made, state=ReviewState.SUBMITTED)
    return made


def refused(session: Session) -> Product:
    """A product whose review was refused."""
    made = make_product(session)
    make_review(session, made, state=ReviewState.REFUSED)
    return made


def reviewed(session: Session) -> Product:
    """A product whose review passed, without a registration."""
    made = make_product(session)
    make_review(session, made)
    return made


def on_notice(session: Session) -> Product:
    """A product under public notice."""
    made = reviewed(session)
    make_registration(session, made, state=RegistrationState.PUBLIC_NOTICE)
    return made


def re_registered(session: Session) -> Product:
    """A product with a second version whose change was registered."""
    made = make_sellable(session)
    add_version(session, made, now=CODED_AT)
    make_review(session, made, now=CODED_AT)
    later = datetime(2026, 8, 3, 2, 0, tzinfo=UTC)
    make_registration(session, made, kind=RegistrationKind.CHANGE, now=CODED_AT, coded_at=later)
    return made


def test_each_gate_says_fact_rule_day_and_while_it_is_closed_what_to_do(session: Session) -> None:
    made = make_sellable(session)
    for gate in queries.gates(session, made, now=LATER, book=LAW):
        assert (gate.open, bool(gate.fact), bool(gate.rule), gate.todo) == (True, True, True, "")
        assert gate.article or gate.code in DEMANDED_NOWHERE["xinchang"], gate
    for code, close in CLOSERS.items():
        if code not in DEMANDED_NOWHERE["xinchang"]:
            savepoint = session.begin_nested()
            close(session, made)
            session.expire_all()
            shut = {gate.code: gate for gate in queries.gates(session, made, now=LATER, book=LAW)}[code]
            assert (shut.open, bool(shut.todo), bool(shut.fact)) == (False, True, True)
            savepoint.rollback()


@pytest.mark.both_databases
def test_time_alone_closes_each_gate_to_the_second_without_any_job(session: Session) -> None:
    made = make_sellable(session)
    second = timedelta(seconds=1)
    # reviewed and trained on 2026-07-01 for two years and (in the demonstration) 24 months; agreement and registration
    # end with the same day: 2028-07-01 is the first one without them
    end = datetime(2028, 6, 30, 16, 0, tzinfo=UTC)
    assert closed(session, made, end - second) == set()
    assert closed(session, made, end) == {
        "operator_reviewed", "operator_trained", "agreement_in_force", "registration_effective",
    }  # fmt: skip


def test_a_product_registered_in_an_earlier_version_is_told_to_register_the_change(session: Session) -> None:
    made = make_sellable(session)
    add_version(session, made, now=CODED_AT)
    make_review(session, made, now=CODED_AT)
    gates = {gate.code: gate for gate in queries.gates(session, made, now=LATER, book=LAW)}
    assert gates["registration_effective"].open
    assert "变更登记" in gates["registration_effective"].fact
