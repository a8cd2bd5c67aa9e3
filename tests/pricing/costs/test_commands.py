"""Cost surveys: filing, returning, accepting with disallowances."""

from __future__ import annotations

from decimal import Decimal

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from kernel.errors import NotAllowed
from kernel.identity import Role
from kernel.money import Money
from pricing.costs import commands, queries
from pricing.costs.model import CostLine, CostSurvey
from pricing.costs.rules import CostCategory, LineUnusable, NothingSurveyed, SurveyState, WrongState
from registry.agreements.model import Agreement
from tests.make import pricing as make
from tests.make import registry_base as base


@pytest.fixture
def agreement(session: Session) -> Agreement:
    return base.make_agreement(session)


def operator_of(agreement: Agreement):
    return base.actor(Role.OPERATOR, org_id=agreement.operating_institution_id, place=agreement.place)


def opened(session: Session, agreement: Agreement, *lines) -> CostSurvey:
    return commands.open_survey(
        session, operator_of(agreement), agreement_id=agreement.id, year=2025, subsidy=Money.yuan("0"),
        lines=lines, now=make.NOW, book=base.book(),
    )  # fmt: skip


@pytest.mark.both_databases
def test_an_accepted_survey_counts_the_industry_part_less_what_was_disallowed(session, agreement):
    lines = [
        make.cost("10000000.00", "0.8"),
        make.cost("500000.00", category=CostCategory.HUMAN_RESOURCES),
        make.cost("0.03", "0.5", category=CostCategory.PERIOD_EXPENSE),
    ]
    survey = make.make_survey(session, agreement, lines=lines, accepted=False)
    disallowed = [{"position": 2, "amount": Money.yuan("120000.00"), "reason": "与授权运营无关"}]
    commands.accept(session, make.price_officer(), survey.id, disallowed=disallowed, now=make.NOW)
    totals = survey.totals()
    assert survey.state is SurveyState.ACCEPTED
    assert totals.spent == Money.yuan("10500000.03")
    assert totals.industry == Money.yuan("8500000.02")  # half a fen is rounded up, once per line
    assert totals.disallowed == Money.yuan("120000.00")
    assert totals.recognised == Money.yuan("8380000.02")


def test_only_the_operating_institution_files_and_only_the_price_authority_accepts(session, agreement):
    stranger = base.actor(Role.OPERATOR, org_id=base.make_operator(session).id, place=agreement.place)
    with pytest.raises(NotAllowed):
        commands.open_survey(
            session, stranger, agreement_id=agreement.id, year=2025, subsidy=Money(0), lines=[make.cost("1.00")],
            now=make.NOW, book=base.book(),
        )  # fmt: skip
    survey = opened(session, agreement, make.cost("1.00"))
    commands.submit(session, operator_of(agreement), survey.id, now=make.NOW)
    for person in (operator_of(agreement), base.supervisor(), make.price_officer("puer")):
        with pytest.raises(NotAllowed):
            commands.accept(session, person, survey.id, now=make.NOW)


@pytest.mark.parametrize("share", ["1.5", "0.999999999"])
def test_a_share_is_a_fraction_and_a_shared_cost_names_its_key(session, agreement, share):
    line = {**make.cost("100.00"), "industry_share": Decimal(share)}
    with pytest.raises(LineUnusable) as refused:
        opened(session, agreement, make.cost("5.00"), line)
    assert refused.value.errors[0]["pointer"].startswith("/lines/1/")


def test_a_survey_needs_a_line(session, agreement):
    with pytest.raises(NothingSurveyed):
        opened(session, agreement)


def test_a_draft_is_amended_and_a_filed_survey_is_not(session, agreement):
    survey = opened(session, agreement, make.cost("1.00"))
    person = operator_of(agreement)
    commands.amend(
        session, person, survey.id, subsidy=Money.yuan("2.00"), lines=[make.cost("7.00"), make.cost("3.00")],
        now=make.NOW, book=base.book(),
    )  # fmt: skip
    assert [line.amount.text() for line in survey.lines] == ["7.00", "3.00"]
    assert survey.totals().recognised == Money.yuan("10.00")
    commands.submit(session, person, survey.id, now=make.NOW)
    with pytest.raises(WrongState):
        commands.amend(
            session, person, survey.id, subsidy=Money(0), lines=[make.cost("1.00")], now=make.NOW, book=base.book()
        )


def test_a_returned_survey_is_a_draft_again_and_says_why(session, agreement):
    survey = make.make_survey(session, agreement, accepted=False)
    commands.send_back(session, make.price_officer(), survey.id, note="请补充分摊依据", now=make.NOW)
    assert (survey.state, survey.submitted_at, survey.note) == (SurveyState.DRAFT, None, "请补充分摊依据")
    commands.submit(session, operator_of(agreement), survey.id, now=make.NOW)
    assert survey.state is SurveyState.SUBMITTED


@pytest.mark.parametrize(
    "disallowed, refusal",
    [
        ([{"position": 9, "amount": Money(1), "reason": "无"}], commands.DisallowanceUnusable),
        ([{"position": 1, "amount": Money(0), "reason": "零"}], commands.DisallowanceUnusable),
        ([{"position": 1, "amount": Money.yuan("8000000.01"), "reason": "超过产业部分"}], LineUnusable),
        (
            [{"position": 1, "amount": Money(1), "reason": "一"}, {"position": 1, "amount": Money(1), "reason": "二"}],
            commands.DisallowanceUnusable,
        ),
    ],
)
def test_a_disallowance_names_one_line_and_stays_within_its_industry_part(session, agreement, disallowed, refusal):
    survey = make.make_survey(session, agreement, accepted=False)
    with pytest.raises(refusal):
        commands.accept(session, make.price_officer(), survey.id, disallowed=disallowed, now=make.NOW)


@pytest.mark.both_databases
@pytest.mark.parametrize(
    "statement",
    [
        sa.update(CostLine).values(amount=Money(1)),
        sa.update(CostSurvey).values(subsidy=Money(1)),
    ],
)
def test_the_database_keeps_an_accepted_survey_as_it_is(session, agreement, statement):
    make.make_survey(session, agreement)
    with pytest.raises(DBAPIError, match="accepted cost survey"):
        session.execute(statement)
    session.rollback()


@pytest.mark.both_databases
def test_the_database_takes_no_line_after_acceptance_and_no_negative_amount(session, agreement):
    survey = make.make_survey(session, agreement)
    line = {
        "survey_id": survey.id, "position": 7, "category": CostCategory.HUMAN_RESOURCES, "text": "补报",
        "amount": Money(1), "industry_share": Decimal(1), "disallowed_amount": Money(0), "allocation_key": "",
    }  # fmt: skip
    with pytest.raises(DBAPIError, match="accepted cost survey"), session.begin_nested():
        session.execute(sa.insert(CostLine).values(**line))
    draft = opened(session, agreement, make.cost("1.00"))
    with pytest.raises(DBAPIError, match="amount_not_negative"), session.begin_nested():
        session.execute(sa.insert(CostLine).values(**{**line, "survey_id": draft.id, "amount": Money(-1)}))


def test_people_see_the_surveys_of_their_organisation_or_place(session, agreement):
    survey = make.make_survey(session, agreement)
    elsewhere = make.make_survey(session, base.make_agreement(session, place="quzhou"))
    assert queries.get(session, operator_of(agreement), survey.id) is survey
    assert [found.id for found in session.scalars(queries.visible(make.price_officer()))] == [survey.id]
    assert {found.id for found in session.scalars(queries.visible(base.actor(Role.AUDITOR)))} == {
        survey.id,
        elsewhere.id,
    }
    for person in (operator_of(agreement), make.price_officer(), base.actor(Role.BUYER)):
        with pytest.raises(queries.NoSuchSurvey):
            queries.get(session, person, elsewhere.id)
