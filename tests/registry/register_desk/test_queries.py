"""The registrar's worklist: what is due first comes first, on every page, on both databases."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from kernel.identity import Role
from registry.register_desk import queries
from registry.registrations.model import Registration
from registry.registrations.rules import RegistrationState
from tests.make.registry_base import NOW, actor
from tests.make.registry_products import make_product, make_registration, make_review, reviewer


@pytest.fixture
def running(session: Session) -> list[Registration]:
    """One registration on each step, made in the opposite order of their last days."""
    made = []
    for state in ("public_notice", "accepted", "submitted"):
        product = make_product(session)
        make_review(session, product)
        made.append(make_registration(session, product, state=RegistrationState(state)))
    made[1].state = RegistrationState.RETURNED  # waits for the registrant, and has no last day
    other = make_product(session)
    make_review(session, other)
    made.append(make_registration(session, other, state=RegistrationState.ACCEPTED))
    session.flush()
    return made


@pytest.mark.both_databases
def test_the_worklist_is_ordered_by_the_last_day_page_by_page(session: Session, running: list[Registration]) -> None:
    notice, returned, submitted, accepted = running
    expected = [submitted.id, notice.id, accepted.id, returned.id]
    assert [one.due_date() for one in (submitted, notice, accepted, returned)] == [
        date(2026, 7, 6), date(2026, 7, 15), date(2026, 7, 29), None,
    ]  # fmt: skip
    assert [one.id for one in queries.worklist(session, reviewer())] == expected
    found, after = [], None
    for _ in expected:
        page = queries.worklist(session, reviewer(), limit=1, after=after)
        found += [one.id for one in page]
        after = queries.position_of(queries.position(page[-1]))
    assert found == expected
    assert list(queries.worklist(session, reviewer(), limit=1, after=after)) == []


def test_what_lies_elsewhere_is_not_shown_and_the_registrant_sees_the_own(
    session: Session, running: list[Registration]
) -> None:
    assert list(queries.worklist(session, reviewer("puer"))) == []
    for one in running:
        own = actor(Role.MERCHANT, org_id=one.registrant_id, place="xinchang")
        assert [seen.id for seen in queries.worklist(session, own)] == [one.id]
    everywhere = actor(Role.AUDITOR)
    assert len(queries.worklist(session, everywhere)) == len(running)


@pytest.mark.both_databases
def test_only_steps_whose_last_day_is_over_are_overdue(session: Session, running: list[Registration]) -> None:
    _, _, submitted, accepted = running
    overdue = {
        on: [one.id for one in queries.worklist(session, reviewer(), overdue_on=on)]
        for on in (date(2026, 7, 6), date(2026, 7, 7), date(2026, 7, 30))
    }
    assert list(overdue.values()) == [[], [submitted.id], [submitted.id, accepted.id]]


def test_a_position_that_nobody_gave_is_the_beginning() -> None:
    assert queries.position_of("") is None
    assert queries.position_of("2026-07-01_x") is None
    assert queries.position_of(str(NOW + timedelta(days=1))) is None
