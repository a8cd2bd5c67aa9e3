"""The gates to a sale: derived from the records at once, and the same for one product as for all of them in SQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import product

import pytest
from sqlalchemy.orm import Session

from kernel.identity import Role
from registry.agreements import commands as agreements
from registry.parties import commands as parties
from registry.products.model import Product
from registry.products.queries import inputs, latest_version
from registry.registrations import commands, queries
from registry.registrations.rules import RegistrationKind, RegistrationState, RevocationGround
from registry.resources import commands as resources
from registry.reviews.rules import ReviewState
from tests.make.registry_base import NOW, actor, book, supervisor
from tests.make.registry_products import (
    CODED_AT,
    add_version,
    make_product,
    make_registration,
    make_review,
    make_sellable,
    reviewer,
)

CODES = ("seller_in_order", "agreement_in_force", "request_approved", "review_passed", "registration_effective")
LATER = CODED_AT + timedelta(hours=1)


def suspend_seller(session: Session, made: Product) -> None:
    """Close the first gate."""
    parties.suspend(session, supervisor(made.place), made.owner_id, reason="整改", now=CODED_AT)


def suspend_agreement(session: Session, made: Product) -> None:
    """Close the second gate."""
    agreements.suspend(
        session, supervisor(made.place), made.agreement_id, reason="整改", correction_due=date(2026, 8, 1), now=CODED_AT
    )


def bar_resource(session: Session, made: Product) -> None:
    """Close the third gate."""
    resource = inputs(session, latest_version(session, made.id).id)[0].resource
    owner = actor(Role.SOURCE, org_id=resource.source_department_id, place=made.place)
    resources.bar(session, owner, resource.id, reason="不予开放", now=CODED_AT)


def enter_version(session: Session, made: Product) -> None:
    """Close the fourth gate."""
    add_version(session, made, now=CODED_AT - timedelta(days=1))


def revoke(session: Session, made: Product) -> None:
    """Close the fifth gate."""
    found = queries.effective(session, made.id, date(2026, 7, 16))
    assert found is not None
    commands.revoke(
        session,
        reviewer(made.place),
        found.id,
        ground=RevocationGround.FALSE_MATERIALS,
        reason="虚假材料",
        now=CODED_AT,
    )


CLOSERS: dict[str, Callable[[Session, Product], None]] = dict(
    zip(CODES, (suspend_seller, suspend_agreement, enter_version, bar_resource, revoke), strict=True)
)
CLOSERS["request_approved"], CLOSERS["review_passed"] = bar_resource, enter_version


def state_of(session: Session, made: Product, now: datetime = LATER) -> dict[str, bool]:
    """Which gates of a product are open."""
    return {gate.code: gate.open for gate in queries.gates(session, made, now=now, book=book())}


@pytest.mark.both_databases
def test_sql_and_gates_agree_on_every_combination_of_gate_states(session: Session) -> None:
    made: dict[tuple[bool, ...], Product] = {}
    for wanted in product((True, False), repeat=len(CODES)):
        sold = make_sellable(session)
        # a new version needs its inputs approved, so it comes before the resource is barred
        for code in (
            "review_passed",
            "request_approved",
            "seller_in_order",
            "agreement_in_force",
            "registration_effective",
        ):
            if not wanted[CODES.index(code)]:
                CLOSERS[code](session, sold)
        session.flush()
        made[wanted] = sold
    in_sql = {found.id for found in session.scalars(queries.open_products(LATER))}
    for wanted, sold in made.items():
        assert tuple(state_of(session, sold)[code] for code in CODES) == wanted
        assert (sold.id in in_sql) == all(wanted), wanted
    assert len(in_sql) == 1


@pytest.mark.both_databases
def test_sql_and_gates_agree_at_every_stage_of_a_products_life(session: Session) -> None:
    stages = [
        make_product(session),
        *(stage(session) for stage in (in_review, refused, reviewed, on_notice, re_registered)),
    ]
    for now in (NOW, LATER, datetime(2028, 6, 30, 15, 59, tzinfo=UTC), datetime(2028, 6, 30, 16, 0, tzinfo=UTC)):
        in_sql = {found.id for found in session.scalars(queries.open_products(now))}
        for made in stages:
            assert (made.id in in_sql) == all(state_of(session, made, now).values()), now
    assert [made.id for made in stages if made.id in in_sql] == []


def in_review(session: Session) -> Product:
    """A product whose review runs."""
    made = make_product(session)
    make_review(session, made, state=ReviewState.SUBMITTED)
    return made


def refused(session: Session) -> Product:
    """A product whose review was refused."""
    made = make_product(session)
    make_review(session, made, state=ReviewState.REFUSED)
    return made


def reviewed(session: Session) -> Product:
    """A product that passed its review."""
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


def test_each_gate_says_fact_rule_article_day_and_what_to_do(session: Session) -> None:
    made = make_sellable(session)
    for gate in queries.gates(session, made, now=LATER, book=book()):
        assert gate.open
        assert (bool(gate.fact), bool(gate.rule), bool(gate.article), gate.todo) == (True, True, True, "")
    for code, close in CLOSERS.items():
        other = make_sellable(session)
        close(session, other)
        session.flush()
        shut = {gate.code: gate for gate in queries.gates(session, other, now=LATER, book=book())}[code]
        assert (shut.open, bool(shut.todo), bool(shut.fact)) == (False, True, True)


def test_a_product_is_open_on_its_last_valid_day_and_closed_on_the_next_without_any_job(session: Session) -> None:
    made = make_sellable(session)
    last_second = datetime(2028, 6, 30, 15, 59, 59, tzinfo=UTC)
    assert state_of(session, made, last_second)["registration_effective"]
    assert not state_of(session, made, last_second + timedelta(seconds=1))["registration_effective"]


def test_a_product_registered_in_an_earlier_version_is_told_to_register_the_change(session: Session) -> None:
    made = make_sellable(session)
    add_version(session, made, now=CODED_AT)
    make_review(session, made, now=CODED_AT)
    gate = queries.gates(session, made, now=LATER, book=book())[-1]
    assert gate.open
    assert "变更登记" in gate.fact


def test_progress_of_many_products_says_what_each_gate_says(session: Session) -> None:
    made = [make_product(session), make_sellable(session), in_review(session)]
    found = queries.progress(session, [one.id for one in made], date(2026, 7, 16))
    assert [found[one.id].is_open for one in made] == [False, True, False]
    assert [found[one.id].version_number for one in made] == [1, 1, 1]
    assert found[made[0].id].review is None
    assert found[made[1].id].registration is not None
