"""Free use in the public interest: asked for, decided by somebody else, ended."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from kernel.errors import NotAllowed
from kernel.identity import Role
from pricing.exemptions import commands, queries
from pricing.exemptions.model import Exemption
from pricing.exemptions.rules import ExemptionState, NotPublicInterest, Purpose, TermReversed, WrongState
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
    colleague = base.actor(Role.SUPERVISOR, org_id=bureau.id, place=base.PLACE)
    with pytest.raises(commands.SecondPersonNeeded):
        commands.approve(session, colleague, made.id, now=make.NOW)


DECISIONS = {
    "approve": lambda session, made: commands.approve(session, base.supervisor(), made.id, now=make.NOW),
    "refuse": lambda session, made: commands.refuse(session, base.supervisor(), made.id, reason="否", now=make.NOW),
    "revoke": lambda session, made: commands.revoke(session, base.supervisor(), made.id, reason="变", now=make.NOW),
}
ALLOWED = {
    ("requested", "approve"): ExemptionState.APPROVED,
    ("requested", "refuse"): ExemptionState.REFUSED,
    ("approved", "revoke"): ExemptionState.REVOKED,
}
STATES = {"requested": [], "approved": ["approve"], "refused": ["refuse"], "revoked": ["approve", "revoke"]}


@pytest.mark.parametrize("act", DECISIONS)
@pytest.mark.parametrize("state", STATES)
def test_every_state_and_every_decision(session, product, bureau, state, act):
    made = asked(session, product, bureau)
    for step in STATES[state]:
        DECISIONS[step](session, made)
    assert made.state == state
    if (state, act) in ALLOWED:
        assert DECISIONS[act](session, made).state is ALLOWED[state, act]
    else:
        with pytest.raises(WrongState):
            DECISIONS[act](session, made)


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
