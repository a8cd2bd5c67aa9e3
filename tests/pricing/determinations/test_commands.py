"""A permitted revenue is determined by two persons, after an application, and never by the operator."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from kernel.errors import NotAllowed
from kernel.identity import Actor, Grant, Role
from kernel.money import ZERO, Money
from kernel.policy import PolicyBook
from pricing.ceilings import queries as ceilings
from pricing.ceilings.commands import ProposalOutdated
from pricing.determinations import commands, queries
from pricing.determinations.model import Proposal
from pricing.determinations.rules import (
    DeductionMissing,
    NotReady,
    OperatorExcluded,
    OtherProposal,
    SecondPersonNeeded,
    WrongState,
)
from pricing.determinations.rules import DeterminationState as State
from tests.make import determinations as walk
from tests.make import people
from tests.make import pricing as make
from tests.make import registry_base as base


@pytest.fixture
def offices(session: Session) -> walk.Offices:
    return walk.Offices(base.make_agreement(session))


@pytest.fixture
def ready(session, offices):
    found = walk.apply(session, offices)
    return commands.assess(session, offices.officer, found.id, is_ready=True, note="具备", now=make.NOW)


def confirm_as(session, person: Actor, found, sha256: str):
    return commands.confirm(session, person, found.id, sha256=sha256, now=make.NOW, book=base.book(demonstration=True))


@pytest.mark.both_databases
def test_only_the_confirmation_of_a_second_person_makes_the_permitted_revenue_of_prc_02(session, offices):
    found = walk.apply(session, offices)
    assert found.state is State.APPLIED
    commands.assess(session, offices.officer, found.id, is_ready=True, note="具备定价基础", now=make.NOW)
    proposal = walk.propose(session, offices, found)
    assert proposal.max_permitted_revenue == Money.yuan("8257824.00")
    assert ceilings.latest(session, offices.agreement.id, make.YEAR) is None
    confirmed = walk.confirm(session, offices, found)
    assert confirmed.state is State.MPR_DETERMINED
    ceiling = queries.ceiling_of(session, found.id)
    assert ceiling.max_permitted_revenue == Money.yuan("8257824.00")
    assert ceiling.inputs["proposed_by"] == offices.officer.name
    assert ceiling.inputs["confirmed_by"] == offices.data_department.name
    assert ceiling.inputs["proposal_sha256"] == proposal.sha256
    assert [step.state for step in confirmed.steps] == [
        State.APPLIED, State.READINESS_ASSESSED, State.PROPOSED, State.MPR_DETERMINED,
    ]  # fmt: skip
    assert ceiling.inputs["procedure_id"] == str(found.id)
    for statement in (sa.update(Proposal).values(sha256="0" * 64), sa.delete(Proposal)):
        with pytest.raises(DBAPIError, match="append-only"), session.begin_nested():
            session.execute(statement)


def test_neither_applicant_nor_proposer_nor_operator_confirms_and_only_what_was_read(session, offices, ready):
    proposal = walk.propose(session, offices, ready)
    with pytest.raises(SecondPersonNeeded):
        confirm_as(session, offices.officer, ready, proposal.sha256)
    with pytest.raises(SecondPersonNeeded):
        confirm_as(session, offices.entity, ready, proposal.sha256)
    second_account = make.price_officer(offices.agreement.place)
    people.are_one_person(session, offices.officer, second_account)
    with pytest.raises(SecondPersonNeeded):
        confirm_as(session, second_account, ready, proposal.sha256)
    with pytest.raises(NotAllowed):
        confirm_as(session, offices.operator, ready, proposal.sha256)
    both_hats = Actor(offices.operator.id, "双重身份", offices.operator.org_id, (Grant(Role.PRICE, None, base.PLACE),))
    with pytest.raises(OperatorExcluded):
        confirm_as(session, both_hats, ready, proposal.sha256)
    with pytest.raises(NotAllowed):
        confirm_as(session, make.price_officer("puer"), ready, proposal.sha256)
    with pytest.raises(OtherProposal):
        confirm_as(session, offices.second, ready, "0" * 64)
    assert confirm_as(session, offices.second, ready, proposal.sha256).state is State.MPR_DETERMINED


def test_the_operator_and_the_authorizing_entity_propose_nothing(session, offices, ready):
    survey = make.make_survey(session, offices.agreement)
    for person in (offices.operator, offices.entity, offices.data_department):
        offices.officer = person
        with pytest.raises(NotAllowed):
            walk.propose(session, offices, ready, survey=survey)


def test_a_rejected_proposal_stays_on_record_and_another_is_made(session, offices, ready):
    survey = make.make_survey(session, offices.agreement)
    first = walk.propose(session, offices, ready, survey=survey)
    rejected = commands.reject(
        session, offices.second, ready.id, sha256=first.sha256, note="税金依据不足", now=make.NOW
    )
    assert rejected.state is State.READINESS_ASSESSED
    second = walk.propose(session, offices, ready, survey=survey, margin=first.proposed.margin / 2)
    assert (second.round_number, second.sha256 != first.sha256) == (2, True)
    walk.confirm(session, offices, ready)
    assert [one.decision.is_confirmed for one in queries.locked(session, ready.id).proposals] == [False, True]


def test_a_proposal_that_would_come_out_differently_by_now_is_not_confirmed(session, offices, ready, tmp_path):
    proposal = walk.propose(session, offices, ready)
    overlay = tmp_path / "later.yaml"
    overlay.write_text(base.DEMONSTRATION.read_text(encoding="utf-8").replace('"0.0220"', '"0.0219"'), encoding="utf-8")
    later = PolicyBook.load(base.POLICIES, [overlay])
    with pytest.raises(ProposalOutdated):
        commands.confirm(session, offices.second, ready.id, sha256=proposal.sha256, now=make.NOW, book=later)
    assert ceilings.latest(session, offices.agreement.id, make.YEAR) is None


def test_before_a_complete_year_there_is_no_basis_and_the_application_is_refused_or_returned(session, offices):
    found = walk.apply(session, offices, first_sale=date(2025, 6, 1))
    with pytest.raises(NotReady):
        commands.assess(session, offices.officer, found.id, is_ready=True, note="", now=make.NOW)
    commands.send_back(session, offices.officer, found.id, note="请核对首次收费日", now=make.NOW)
    commands.amend(
        session, offices.entity, found.id, first_sale_date=walk.FIRST_SALE, reference="2号", statement="已核对",
        now=make.NOW,
    )  # fmt: skip
    with pytest.raises(commands.UnderWay), session.begin_nested():
        walk.apply(session, offices)
    refused = commands.assess(session, offices.officer, found.id, is_ready=False, note="未单独核算", now=make.NOW)
    assert refused.state is State.REFUSED
    again = walk.apply(session, offices)
    commands.withdraw(session, offices.entity, again.id, note="另行申请", now=make.NOW)
    with pytest.raises(WrongState):
        commands.assess(session, offices.officer, again.id, is_ready=True, note="", now=make.NOW)


def test_only_the_authorizing_entity_applies_and_for_no_year_that_is_over(session, offices):
    entity = offices.entity
    for person in (offices.operator, offices.officer, base.actor(Role.SUPERVISOR, org_id=base.new_id(), place="puer")):
        offices.entity = person
        with pytest.raises(NotAllowed):
            walk.apply(session, offices)
    offices.entity = entity
    with pytest.raises(commands.ApplicationUnusable):
        walk.apply(session, offices, year=make.YEAR - 1)
    with pytest.raises(commands.ApplicationUnusable):
        walk.apply(session, offices, first_sale=make.TODAY + timedelta(days=1))


def test_what_the_last_cycle_leaves_is_deducted_in_the_proposal(session, offices, ready):
    survey = make.make_survey(session, offices.agreement)
    due = (Money.yuan("57824.00"), "2023—2025 年评估周期超收")
    with pytest.raises(DeductionMissing):
        walk.propose(session, offices, ready, survey=survey, due=due, clawback=ZERO)
    proposal = walk.propose(session, offices, ready, survey=survey, due=due)
    assert proposal.max_permitted_revenue == Money.yuan("8200000.00")
    assert "2023—2025 年评估周期超收" in str(proposal.tree)


def test_applications_are_due_from_the_first_sale_until_a_determination_is_under_way(session, offices):
    agreement = offices.agreement
    reader, sales = offices.data_department, {agreement.id: date(2025, 6, 1)}
    (early,) = queries.applications(session, reader, first_sales=sales, on=date(2026, 12, 31))
    assert not early.is_due
    (due,) = queries.applications(session, reader, first_sales=sales, on=date(2027, 1, 1))
    assert (due.is_due, due.opens_date, due.year) == (True, date(2027, 1, 1), 2027)
    sales = {agreement.id: walk.FIRST_SALE}
    assert queries.applications(session, base.supervisor("puer"), first_sales=sales, on=make.TODAY) == []
    walk.apply(session, offices)
    assert queries.applications(session, reader, first_sales=sales, on=make.TODAY) == []
