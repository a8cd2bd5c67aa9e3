"""Free use in the public interest: asked for, decided by somebody else, ended."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from kernel.errors import NotAllowed
from kernel.identity import Role
from pricing.exemptions import commands, queries
from pricing.exemptions.model import Exemption
from pricing.exemptions.rules import (
    AmendmentAct,
    AmendmentClosed,
    EvidenceMissing,
    ExemptionState,
    NotPublicInterest,
    NotRenewable,
    Purpose,
    TermReversed,
    WrongState,
)
from registry.parties.rules import Capacity
from tests.make import people
from tests.make import pricing as make
from tests.make import registry_base as base


@pytest.fixture
def product(session):
    return make.make_product(session)


@pytest.fixture
def bureau(session):
    return make.make_buyer(session)


def asked(session, product, bureau, **changed):
    terms = {
        "purpose": Purpose.PUBLIC_GOVERNANCE, "reason": "防汛预警", "valid_from": make.TODAY,
        "valid_until": make.TODAY + timedelta(days=30), **changed,
    }  # fmt: skip
    return commands.request(
        session, make.buyer(bureau), product_id=product.id, grantee_id=bureau.id, now=make.NOW, book=base.book(),
        **terms,
    )  # fmt: skip


@pytest.mark.both_databases
def test_a_request_is_free_use_only_once_approved(session, product, bureau):
    made = asked(
        session, product, bureau, evidence={"name": "说明.pdf", "media_type": "application/pdf", "content": b"x"}
    )
    assert made.place == product.place
    assert len(made.evidence_sha256) == 64
    wanted = (product.id, bureau.id, Purpose.PUBLIC_GOVERNANCE, make.TODAY)
    assert queries.in_force(session, *wanted) is None
    person = base.supervisor()
    commands.approve(session, person, made.id, now=make.NOW)
    assert (made.approved_by, made.approved_at) == (person.id, make.NOW)
    assert queries.in_force(session, *wanted) is made


@pytest.mark.parametrize("purpose", [Purpose.INDUSTRY_DEVELOPMENT, Purpose.SECTOR_DEVELOPMENT])
def test_a_charged_purpose_is_not_served_free(session, product, bureau, purpose):
    with pytest.raises(NotPublicInterest) as refused:
        asked(session, product, bureau, purpose=purpose)
    assert refused.value.article == "发改价格〔2025〕65号 一"


def test_a_term_runs_forward_and_may_be_a_single_day(session, product, bureau):
    with pytest.raises(TermReversed):
        asked(session, product, bureau, valid_until=make.TODAY - timedelta(days=1))
    assert asked(session, product, bureau, valid_until=make.TODAY).valid_until == make.TODAY


def test_nobody_asks_for_another_organisation(session, product, bureau):
    stranger = make.make_buyer(session)
    with pytest.raises(NotAllowed):
        commands.request(
            session, make.buyer(stranger), product_id=product.id, grantee_id=bureau.id,
            purpose=Purpose.PUBLIC_WELFARE, reason="防汛", valid_from=make.TODAY, valid_until=make.TODAY, now=make.NOW,
            book=base.book(),
        )  # fmt: skip


def test_the_supervisor_of_the_place_decides_and_nobody_on_the_own_request(session, product, bureau):
    made = asked(session, product, bureau)
    for person in (make.seller_of(session, product), make.price_officer(), base.supervisor("puer")):
        with pytest.raises(NotAllowed):
            commands.approve(session, person, made.id, now=make.NOW)
    asker, second_account = replace(make.buyer(bureau), id=made.requested_by), base.supervisor()
    people.are_one_person(session, asker, second_account)
    for person in (base.actor(Role.SUPERVISOR, org_id=bureau.id, place=base.PLACE), second_account):
        with pytest.raises(commands.SecondPersonNeeded):
            commands.approve(session, person, made.id, now=make.NOW)


DECISIONS = {
    "approve": lambda session, made: commands.approve(session, base.supervisor(), made.id, now=make.NOW),
    "refuse": lambda session, made: commands.refuse(session, base.supervisor(), made.id, reason="否", now=make.NOW),
    "revoke": lambda session, made: commands.revoke(session, base.supervisor(), made.id, reason="变", now=make.NOW),
    "return": lambda session, made: commands.give_back(
        session, base.actor(Role.BUYER, org_id=made.grantee_id), made.id, reason="已完成", now=make.NOW
    ),
}
ALLOWED = {
    ("requested", "approve"): ExemptionState.APPROVED,
    ("requested", "refuse"): ExemptionState.REFUSED,
    ("approved", "revoke"): ExemptionState.REVOKED,
    ("approved", "return"): ExemptionState.REVOKED,
}
STATES = {"requested": [], "approved": ["approve"], "refused": ["refuse"], "revoked": ["approve", "revoke"]}


def test_every_state_and_every_decision(session, product, bureau):
    for state, steps in STATES.items():
        for act, decide in DECISIONS.items():
            made = asked(session, product, bureau)
            for step in steps:
                DECISIONS[step](session, made)
            assert made.state == state
            if (state, act) in ALLOWED:
                assert decide(session, made).state is ALLOWED[state, act]
                continue
            with session.begin_nested() as unchanged:  # as a refused request: nothing of it stays
                with pytest.raises(WrongState):
                    decide(session, made)
                unchanged.rollback()


@pytest.mark.both_databases
def test_terms_are_amended_by_a_second_person_and_the_old_ones_stay(session, product, bureau):
    made, person = asked(session, product, bureau, quota=100), base.supervisor()
    commands.approve(session, person, made.id, conditions="仅限汛期", now=make.NOW)
    buyer, later = make.buyer(bureau), make.TODAY + timedelta(days=60)
    change = {"quota": 500, "valid_until": later, "reason": "汛期延长", "now": make.NOW, "book": base.book()}
    asking = commands.ask_amendment(session, buyer, made.id, **change)
    assert (made.quota, made.valid_until) == (100, make.TODAY + timedelta(days=30))
    with pytest.raises(AmendmentClosed):
        commands.ask_amendment(session, buyer, made.id, **change)
    decision = {"act": AmendmentAct.AGREE, "reason": "同意", "now": make.NOW}
    colleague = base.actor(Role.SUPERVISOR, org_id=bureau.id, place=base.PLACE)
    with pytest.raises(commands.SecondPersonNeeded):
        commands.decide_amendment(session, colleague, made.id, asking.id, **decision)
    commands.decide_amendment(session, person, made.id, asking.id, **decision)
    kept = [(one.position, one.quota, one.valid_until, one.conditions) for one in queries.terms_of(session, made.id)]
    assert kept == [(1, 100, make.TODAY + timedelta(days=30), "仅限汛期"), (2, 500, later, "仅限汛期")]
    with pytest.raises(AmendmentClosed):
        commands.decide_amendment(session, person, made.id, asking.id, **decision)
    refused = commands.ask_amendment(session, buyer, made.id, **{**change, "quota": None})
    commands.decide_amendment(session, person, made.id, refused.id, **{**decision, "act": AmendmentAct.REFUSE})
    assert (made.quota, len(queries.terms_of(session, made.id))) == (500, 2)
    session.flush()
    for words in (
        "UPDATE pricing_exemption_terms SET quota = 1",
        "UPDATE pricing_exemption_amendment SET reason = 'x'",
    ):
        with pytest.raises(DBAPIError), session.begin_nested():
            session.execute(sa.text(words))


def test_a_renewal_follows_day_by_day_and_is_decided_anew(session, product, bureau):
    made, person, buyer = asked(session, product, bureau), base.supervisor(), make.buyer(bureau)
    renewal = {"reason": "继续", "valid_until": make.TODAY + timedelta(days=90), "now": make.NOW, "book": base.book()}
    with pytest.raises(NotRenewable):
        commands.renew(session, buyer, made.id, **renewal)
    commands.approve(session, person, made.id, now=make.NOW)
    with pytest.raises(NotAllowed):
        commands.renew(session, make.buyer(make.make_buyer(session)), made.id, **renewal)
    new = commands.renew(session, buyer, made.id, **renewal)
    assert (new.renews_id, new.valid_from) == (made.id, made.valid_until + timedelta(days=1))
    assert (new.purpose, new.product_id, new.state) == (made.purpose, product.id, ExemptionState.REQUESTED)
    with pytest.raises(NotRenewable):
        commands.renew(session, buyer, made.id, **renewal)
    commands.refuse(session, person, new.id, reason="材料不全", now=make.NOW)
    again = commands.renew(session, buyer, made.id, **renewal)
    wanted = (product.id, bureau.id, Purpose.PUBLIC_GOVERNANCE)
    assert queries.in_force(session, *wanted, again.valid_from) is None
    ending = queries.ending(buyer, make.TODAY, make.TODAY + timedelta(days=30))
    assert made not in session.scalars(ending).all()
    commands.refuse(session, person, again.id, reason="材料不全", now=make.NOW)
    assert session.scalars(ending).all() == [made]
    assert not session.scalars(queries.ending(buyer, make.TODAY, make.TODAY + timedelta(days=29))).all()


def test_evidence_is_required_only_where_the_place_says_so(session, product, bureau):
    merchant = base.make_party(session, Capacity.DATA_MERCHANT, place="guangzhou")
    there = make.make_product(session, place="guangzhou", merchant=merchant)
    terms = {
        "product_id": there.id, "grantee_id": bureau.id, "purpose": Purpose.PUBLIC_WELFARE, "reason": "防汛",
        "valid_from": make.TODAY, "valid_until": make.TODAY, "now": make.NOW,
    }  # fmt: skip
    law = base.book(demonstration=True)
    with pytest.raises(EvidenceMissing) as refused:
        commands.request(session, make.buyer(bureau), book=law, **terms)
    assert refused.value.errors[0]["pointer"] == "/evidence"
    letter = {"name": "说明.pdf", "media_type": "application/pdf", "content": b"x"}
    assert commands.request(session, make.buyer(bureau), book=law, evidence=letter, **terms).evidence_sha256
    here = commands.request(session, make.buyer(bureau), book=law, **{**terms, "product_id": product.id})
    assert here.evidence_sha256 is None


@pytest.mark.both_databases
def test_the_database_knows_no_exemption_for_a_charged_purpose_and_no_silent_approval(session, product, bureau):
    asked(session, product, bureau)
    session.flush()
    for change in ({"purpose": Purpose.INDUSTRY_DEVELOPMENT}, {"state": ExemptionState.APPROVED}, {"quota": 0}):
        with pytest.raises(DBAPIError, match="ck_pricing_exemption"), session.begin_nested():
            session.execute(sa.update(Exemption).values(**change))


def test_each_sees_what_concerns_it(session, product, bureau):
    made = asked(session, product, bureau)
    for person in (make.buyer(bureau), make.seller_of(session, product), base.supervisor(), make.price_officer()):
        assert queries.get(session, person, made.id) is made
    for person in (make.buyer(make.make_buyer(session)), base.supervisor("puer"), base.actor(Role.SCHEDULER)):
        with pytest.raises(queries.NoSuchExemption):
            queries.get(session, person, made.id)
