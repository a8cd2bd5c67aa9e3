"""What a suspension and the end of part of the data do to requests, orders and settlement."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy.orm import Session

from kernel.errors import DomainError
from registry.agreements import commands as agreements
from registry.agreements import queries
from registry.requests import queries as requests
from tests.make import authorizations as life
from tests.make import registry_base as make
from tests.make import registry_products as products
from tests.make import settlement as books

BEFORE, ENDED_ON = date(2026, 9, 16), date(2026, 9, 17)


@pytest.mark.both_databases
def test_an_approval_ends_with_the_authorization_of_its_resource(session: Session) -> None:
    products.make_reviewers(session, make.PLACE)
    department = make.make_department(session)
    affected, kept = (make.make_resource(session, department) for _ in range(2))
    agreement = make.make_agreement(session, scope=[affected, kept])
    merchant = products.make_merchant(session)
    request = products.make_request(session, agreement=agreement, applicant=merchant, resources=[affected, kept])
    agreements.suspend(session, make.supervisor(), agreement.id, reason="越界", correction_due=BEFORE, now=life.BREACH)
    life.end_part(session, agreement, [affected.id], ENDED_ON)
    session.flush()
    asked = {"applicant_id": merchant.id, "agreement_id": agreement.id, "scenario": request.scenario}
    assert requests.approved_resources(session, **asked, on=BEFORE) == {affected.id, kept.id}
    assert requests.approved_resources(session, **asked, on=ENDED_ON) == {kept.id}
    assert [one.id for one in requests.scope(session, agreement.id)] == [kept.id]


def test_what_was_delivered_before_a_suspension_is_settled_and_nothing_new_is_ordered(session: Session) -> None:
    world = books.make_world(session, place="puer")
    books.use(session, world.scores_bought, 3)
    agreements.suspend(
        session, make.supervisor("puer"), world.agreement.id, reason="越界", correction_due=BEFORE, now=books.NOW
    )
    session.flush()
    assert not queries.get(session, world.agreement.id).in_force(ENDED_ON)
    with pytest.raises(DomainError):
        books.market.make_order(session, world.scores, world.buyer)
    run = books.settle(session, place="puer")
    assert run.state == "sealed"
