"""Charges drawn into a survey: each once, in one accepted survey, and not after they were corrected."""

from __future__ import annotations

from decimal import Decimal

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from kernel.identity import Role
from kernel.money import Money
from pricing.charges import commands as charges
from pricing.charges.rules import ChargeKind
from pricing.costs import commands, queries
from pricing.costs.model import CostSurvey
from pricing.costs.rules import CostCategory, LineUnusable, SurveyState
from registry.agreements.model import Agreement
from tests.make import charges as charged
from tests.make import cost_sheets as sheet
from tests.make import pricing as make
from tests.make import registry_base as base

MONTH = "2025-12"


@pytest.fixture
def agreement(session: Session) -> Agreement:
    return base.make_agreement(session)


def operator_of(agreement: Agreement):
    return base.actor(Role.OPERATOR, org_id=agreement.operating_institution_id, place=agreement.place)


def drafted(session: Session, agreement: Agreement) -> CostSurvey:
    return commands.open_survey(
        session, operator_of(agreement), agreement_id=agreement.id, year=2025, subsidy=Money(0),
        lines=[sheet.as_commands_take_it(sheet.line("1.00"))],
        keys=[sheet.as_commands_take_it(sheet.CALLS)], now=make.NOW, book=base.book(),
    )  # fmt: skip


@pytest.mark.both_databases
def test_the_charges_of_the_year_become_lines_once_however_often_they_are_drawn(session, agreement):
    made = charged.make_month(session, agreement, month=MONTH)
    charged.make_charge(session, agreement, ChargeKind.PUBLIC_DATA_ACQUISITION, "50000.00", month=MONTH)
    charged.make_charge(session, agreement, month="2024-12")  # of another year
    charged.make_charge(session, agreement, month=MONTH, in_cost_base=False, amount="9.00")
    survey, person = drafted(session, agreement), operator_of(agreement)
    first = commands.draw_charges(session, person, survey.id, key="调用量", now=make.NOW)
    version = survey.version
    again = commands.draw_charges(session, person, survey.id, now=make.NOW)
    assert (len(first.added), again.added, survey.version) == (6, [], version)
    lines = survey.lines[1:]
    assert {line.charge_id for line in lines} >= {charge.id for charge in made}
    assert survey.totals().spent == Money.yuan("69001.00")
    assert survey.totals().industry == Money.yuan("55201.00")  # 80 % of 69,000.00 and 1.00
    assert lines[0].evidence_sha256 == made[0].evidence_sha256
    assert lines[-1].category is CostCategory.PUBLIC_DATA_ACQUISITION
    assert made[0].number in str(queries.explain_cost(survey))


def test_a_corrected_charge_stops_the_filing_and_leaves_when_charges_are_drawn_again(session, agreement):
    charge = charged.make_charge(session, agreement, month=MONTH)
    survey, person = drafted(session, agreement), operator_of(agreement)
    commands.draw_charges(session, person, survey.id, now=make.NOW)
    charges.correct(session, base.supervisor(), charge.id, reason="多计", now=make.NOW)
    with pytest.raises(commands.ChargeCorrected) as refused:
        commands.submit(session, person, survey.id, now=make.NOW)
    assert charge.number in refused.value.detail
    done = commands.draw_charges(session, person, survey.id, now=make.NOW)
    assert (done.added, done.removed) == ([], [charge.number])
    commands.submit(session, person, survey.id, now=make.NOW)
    assert survey.totals().spent == Money.yuan("1.00")


@pytest.mark.both_databases
def test_a_charge_counts_in_one_accepted_survey_whoever_tries_how(session, agreement):
    charged.make_charge(session, agreement, month=MONTH)
    person, officer = operator_of(agreement), make.price_officer()
    first, second, third = (drafted(session, agreement) for _ in range(3))
    for survey in (first, second):
        commands.draw_charges(session, person, survey.id, now=make.NOW)
        commands.submit(session, person, survey.id, now=make.NOW)
    commands.accept(session, officer, first.id, now=make.NOW)
    with pytest.raises(queries.ChargeTaken) as refused:
        commands.accept(session, officer, second.id, now=make.NOW)
    assert first.number in refused.value.detail
    done = commands.draw_charges(session, person, third.id, now=make.NOW)
    assert done.taken == [(first.lines[1].charge.number, first.number)]
    with pytest.raises(DBAPIError), session.begin_nested():
        session.execute(
            sa.update(CostSurvey)
            .where(CostSurvey.id == second.id)
            .values(state=SurveyState.ACCEPTED, accepted_at=make.NOW, accepted_by=officer.id)
        )


def test_a_line_that_names_a_charge_has_its_amount_and_names_it_once(session, agreement):
    charge = charged.make_charge(session, agreement, month=MONTH)
    survey, person = drafted(session, agreement), operator_of(agreement)
    own = {
        "category": CostCategory.PLATFORM_BUILD_OM, "text": "算力", "amount": charge.amount,
        "industry_share": Decimal(1), "charge": charge.number,
    }  # fmt: skip
    given = {"subsidy": Money(0), "now": make.NOW, "book": base.book()}
    commands.amend(session, person, survey.id, lines=[own], **given)
    assert survey.lines[0].charge is charge
    with pytest.raises(LineUnusable):
        commands.amend(session, person, survey.id, lines=[{**own, "amount": Money.yuan("11999.99")}], **given)
    with pytest.raises(queries.ChargeTaken):
        commands.amend(session, person, survey.id, lines=[own, own], **given)
