"""Complaints about fees: filed by anybody, reviewed and decided by the authorizing entity, tied to the new price."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from kernel.errors import NotAllowed
from kernel.identity import ANONYMOUS, Role
from pricing.complaints import commands, queries
from pricing.complaints.rules import (
    TRANSITIONS,
    AdjustmentMissing,
    AdjustmentUnfit,
    ComplaintAct,
    ComplaintState,
    Ground,
    Outcome,
    TooManyComplaints,
    WrongState,
)
from pricing.tariffs.queries import NoSuchTariff
from tests.make import people
from tests.make import pricing as make
from tests.make import registry_base as base

LATER = make.NOW + timedelta(days=1)
ACTS = {
    ComplaintAct.ACCEPT: lambda s, c: commands.accept(s, base.supervisor(), c.id, now=make.NOW),
    ComplaintAct.REVIEW: lambda s, c: commands.review(s, base.supervisor(), c.id, findings="核查", now=make.NOW),
    ComplaintAct.DECIDE: lambda s, c: commands.decide(
        s, base.supervisor(), c.id, outcome=Outcome.KEEP, reason="合理", now=make.NOW
    ),
    ComplaintAct.CLOSE: lambda s, c: commands.close(s, base.supervisor(), c.id, now=make.NOW),
    ComplaintAct.WITHDRAW: lambda s, c: commands.withdraw(s, ANONYMOUS, c.reference, now=make.NOW),
}
WAY = [ComplaintAct.ACCEPT, ComplaintAct.REVIEW, ComplaintAct.DECIDE, ComplaintAct.CLOSE]
STEPS = {state: WAY[:count] for count, state in enumerate(list(ComplaintState)[:5])}
STEPS[ComplaintState.WITHDRAWN] = [ComplaintAct.WITHDRAW]


@pytest.fixture
def product(session):
    return make.make_priced_product(session)


def filed(session, product, person=ANONYMOUS, **changed):
    told = {
        "product_code": product.code, "ground": Ground.TOO_HIGH, "words": "比同类产品贵一倍", "name": "张三",
        "contact": "13800000000", "now": make.NOW, **changed,
    }  # fmt: skip
    return commands.file_complaint(session, person, **told)


def test_every_state_and_every_act(session, product):
    for state, steps in STEPS.items():
        for act, take in ACTS.items():
            complaint = filed(session, product)
            for step in steps:
                ACTS[step](session, complaint)
            assert complaint.state is state
            if (state, act) in TRANSITIONS:
                assert take(session, complaint).state is TRANSITIONS[state, act]
                session.flush()
            else:
                with pytest.raises(WrongState):
                    take(session, complaint)


@pytest.mark.both_databases
def test_a_fee_to_be_adjusted_is_closed_with_the_new_price(session, product):
    buyer = make.make_buyer(session, name="某银行")
    old = queries.tariffs_since(session, product.id, make.NOW - timedelta(days=1))[0]
    complaint = filed(session, product, make.buyer(buyer), tariff_number=old.number)
    assert (complaint.name, complaint.party_id, complaint.tariff_id) == ("某银行", buyer.id, old.id)
    supervisor, officer = base.supervisor(), make.price_officer()
    assert queries.waiting(session, supervisor) == queries.waiting(session, officer) == [complaint]
    assert queries.waiting(session, base.supervisor("puer")) == []
    assert queries.open_count(session, [product.id]) == {product.id: 1}
    commands.accept(session, officer, complaint.id, now=make.NOW)
    commands.review(session, supervisor, complaint.id, findings="成本下降", now=make.NOW)
    commands.decide(session, supervisor, complaint.id, outcome=Outcome.ADJUST, reason="应当调低", now=make.NOW)
    with pytest.raises(AdjustmentMissing):
        commands.close(session, supervisor, complaint.id, now=LATER)
    with pytest.raises(AdjustmentUnfit):
        commands.close(session, supervisor, complaint.id, tariff_number=old.number, now=LATER)
    cheaper = {"model": "per_unit", "unit_price": "0.60"}
    new = make.make_tariff(session, product, cheaper, effective_from=LATER.date() + timedelta(days=1), now=LATER)
    commands.close(session, supervisor, complaint.id, tariff_number=new.number, now=LATER)
    assert (complaint.state, complaint.new_tariff_id) == (ComplaintState.CLOSED, new.id)
    assert queries.open_count(session, [product.id]) == {}
    assert queries.counts(session, officer) == [(product.id, 1, 0, 1)]
    session.flush()
    for words in ("words = 'x'", "outcome = 'keep'", "state = 'filed'"):
        with pytest.raises(DBAPIError), session.begin_nested():
            session.execute(sa.text(f"UPDATE pricing_complaint SET {words}"))


def test_whoever_complained_does_not_decide_and_only_offices_of_the_place_do(session, product):
    operator = make.seller_of(session, product)
    complaint = filed(session, product, operator)
    colleague = base.actor(Role.SUPERVISOR, org_id=operator.org_id, place=base.PLACE)
    both = base.actor(Role.PRICE, org_id=operator.org_id, place=base.PLACE)
    for person in (base.supervisor("puer"), operator, colleague):
        with pytest.raises(NotAllowed):
            commands.accept(session, person, complaint.id, now=make.NOW)
    second_account = make.price_officer()
    people.are_one_person(session, operator, second_account)
    for person in (both, second_account):
        with pytest.raises(commands.OwnComplaint):
            commands.accept(session, person, complaint.id, now=make.NOW)
    assert queries.waiting(session, both) == []
    entity = base.actor(Role.SUPERVISOR, org_id=complaint.authorizing_entity_id, place=base.PLACE)
    assert queries.waiting(session, entity) == [complaint]
    commands.accept(session, entity, complaint.id, now=make.NOW)


def test_a_flood_from_one_address_waits_and_a_foreign_price_is_unknown(session, product):
    with pytest.raises(NoSuchTariff):
        filed(session, product, tariff_number="TAR-1999-000001")
    for _ in range(commands.FILINGS_MAX):
        filed(session, product, source_digest="a" * 64)
    with pytest.raises(TooManyComplaints):
        filed(session, product, source_digest="a" * 64)
    filed(session, product, source_digest="b" * 64)
    filed(session, product, source_digest="a" * 64, now=make.NOW + commands.FILINGS_WINDOW)
    with pytest.raises(NotAllowed):
        filed(session, product, base.actor(Role.REVIEWER, org_id=make.make_buyer(session).id))
