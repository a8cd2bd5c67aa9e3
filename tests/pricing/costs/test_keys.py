"""Allocation keys: exact shares, and a change that reaches exactly the lines that use the key."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from kernel.identity import Role
from kernel.money import ZERO, Money, total
from pricing.costs import commands, queries
from pricing.costs.model import AllocationKey, CostSurvey
from pricing.costs.rules import (
    CostCategory,
    Key,
    KeyUnusable,
    Line,
    LineUnusable,
    WrongState,
    accounts,
    effect_of_key,
    keys_must_stand,
)
from registry.agreements.model import Agreement
from tests.make import cost_sheets as sheet
from tests.make import pricing as make
from tests.make import registry_base as base

KEYS = [sheet.CALLS, sheet.HOURS]
LINES = [
    sheet.line("10000000.00", key="调用量"),
    sheet.line("300000.01", key="工时", category="human_resources", subsidised=True),
    sheet.line("77.77", category="period_expense"),
    sheet.line("0.05", key="调用量", text="短信"),
]
units = st.integers(0, 10**9).map(Decimal)


@pytest.fixture
def agreement(session: Session) -> Agreement:
    return base.make_agreement(session)


def operator_of(agreement: Agreement):
    return base.actor(Role.OPERATOR, org_id=agreement.operating_institution_id, place=agreement.place)


def opened(session: Session, agreement: Agreement, lines=LINES, keys=KEYS) -> CostSurvey:
    return commands.open_survey(
        session, operator_of(agreement), agreement_id=agreement.id, year=2025, subsidy=Money.yuan("800000.00"),
        lines=[sheet.as_commands_take_it(line) for line in lines],
        keys=[sheet.as_commands_take_it(key) for key in keys], now=make.NOW, book=base.book(),
    )  # fmt: skip


@given(units, units, st.lists(st.integers(0, 10**12).map(Money), max_size=5))
def test_both_uses_together_are_what_was_spent_and_the_share_is_exact(industry, public, amounts):
    key = Key("调用量", "次数", industry, public)
    if not industry + public:
        with pytest.raises(KeyUnusable):
            keys_must_stand([key])
        return
    keys_must_stand([key])
    assert key.share == Fraction(int(industry), int(industry + public))
    lines = [Line("一", amount, key.share, key.name, key=key.name) for amount in amounts]
    assert all(ZERO <= line.industry_amount <= line.amount for line in lines)
    rows = accounts([(CostCategory.HUMAN_RESOURCES, line, index == 0) for index, line in enumerate(lines)])
    assert total(row.industry + row.public_interest for row in rows) == total(amounts)
    assert all(row.industry_subsidised <= row.industry for row in rows)


@given(st.lists(st.sampled_from(["甲", "乙", ""]), max_size=8), units.filter(bool), units)
def test_the_effect_of_a_key_is_told_for_its_lines_and_for_no_other(names, industry, public):
    lines = [(n, Line("项", Money(100 * n), Fraction(1, 3), name, key=name)) for n, name in enumerate(names, start=1)]
    changed = Key("甲", "次数", industry, public)
    effects = effect_of_key(lines, changed)
    assert [effect.position for effect in effects] == [n for n, name in enumerate(names, start=1) if name == "甲"]
    assert all(effect.share_after == changed.share for effect in effects)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"industry_units": None}, "public_units"),
        ({"industry_share": Decimal("0.5")}, "industry_share"),
        ({"industry_units": None, "public_units": None}, "industry_share"),
        ({"industry_units": None, "public_units": None, "industry_share": Decimal("1.1")}, "industry_share"),
        ({"industry_units": Decimal(0), "public_units": Decimal(0)}, "industry_units"),
        ({"name": "工时"}, "name"),
    ],
)
def test_a_key_that_cannot_stand_names_its_field(session, agreement, changed, field):
    wrong = {**sheet.as_commands_take_it(sheet.CALLS), **changed}
    with pytest.raises(KeyUnusable) as refused:
        commands.open_survey(
            session, operator_of(agreement), agreement_id=agreement.id, year=2025, subsidy=ZERO,
            lines=[sheet.as_commands_take_it(LINES[2])],
            keys=[sheet.as_commands_take_it(sheet.HOURS), wrong], now=make.NOW, book=base.book(),
        )  # fmt: skip
    assert refused.value.errors[0]["pointer"] == f"/keys/1/{field}"


@pytest.mark.parametrize(
    ("line", "field"),
    [
        (sheet.line("1.00", key="没有"), "key"),
        (sheet.line("1.00", key="工时", industry_share="0.5"), "industry_share"),
        ({**sheet.line("1.00"), "industry_share": None}, "industry_share"),
        (sheet.line("1.00", charge="CHG-2025-000001"), "charge"),
    ],
)
def test_a_line_names_one_key_that_exists_or_a_share(session, agreement, line, field):
    with pytest.raises(LineUnusable) as refused:
        opened(session, agreement, [LINES[0], line])
    assert refused.value.errors[0]["pointer"] == f"/lines/1/{field}"


@pytest.mark.both_databases
def test_changing_one_key_changes_exactly_the_lines_that_use_it(session, agreement):
    survey = opened(session, agreement)
    before = {line.position: line.as_line().industry_amount for line in survey.lines}
    assert before[1] == Money.yuan("8000000.00")
    given = {"driver": "全年接口调用次数", "industry_units": Decimal(1), "public_units": Decimal(2)}
    person = operator_of(agreement)
    _, effects = commands.change_key(session, person, survey.id, "调用量", **given, now=make.NOW)
    session.expunge_all()
    again = queries.locked(session, survey.id)
    after = {line.position: line.as_line().industry_amount for line in again.lines}
    assert [(effect.position, effect.amount_before.text(), effect.amount_after.text()) for effect in effects] == [
        (1, "8000000.00", "3333333.33"), (4, "0.04", "0.02"),
    ]  # fmt: skip
    assert {n for n in after if after[n] != before[n]} == {1, 4}
    assert {n: after[n].text() for n in (2, 3)} == {2: "150000.01", 3: "77.77"}
    assert again.lines[0].as_line().industry_share == Fraction(1, 3)
    assert again.version > 1


def test_a_key_of_a_filed_survey_stays_and_of_an_accepted_one_the_database_keeps_it(session, agreement):
    survey = opened(session, agreement)
    person = operator_of(agreement)
    commands.submit(session, person, survey.id, now=make.NOW)
    with pytest.raises(WrongState):
        commands.change_key(session, person, survey.id, "工时", driver="x", industry_share=Decimal("0.1"), now=make.NOW)
    commands.accept(session, make.price_officer(), survey.id, now=make.NOW)
    for change in (sa.update(AllocationKey).values(direct_share=Decimal("0.9")), sa.delete(AllocationKey)):
        with pytest.raises(DBAPIError), session.begin_nested():
            session.execute(change.where(AllocationKey.survey_id == survey.id, AllocationKey.name == "工时"))


def test_the_cost_of_prc_02_is_7_200_000_and_says_by_which_key_units_and_article(session, agreement):
    survey = opened(session, agreement, [LINES[0]], [sheet.CALLS])
    commands.submit(session, operator_of(agreement), survey.id, now=make.NOW)
    tree = queries.explain_cost(survey)
    assert tree["value"] == "¥ 7,200,000.00"
    assert tree["source"] == "发改价格〔2025〕65号 三（一）"
    category, subsidy = tree["lines"]
    assert (category["value"], subsidy["value"]) == ("¥ 8,000,000.00", "− ¥ 800,000.00")
    key = category["lines"][0]["lines"][1]
    assert (key["label"], key["value"]) == ("分摊依据：调用量", "80%")
    assert key["formula"] == "全年接口调用次数：产业、行业用途 8000000，公益用途 2000000"
    disallowed = [{"position": 1, "amount": Money.yuan("50000.00"), "reason": "无凭证"}]
    commands.accept(session, make.price_officer(), survey.id, disallowed=disallowed, now=make.NOW)
    assert "核减：无凭证" in str(queries.explain_cost(survey))
    assert queries.explain_cost(survey)["value"] == "¥ 7,150,000.00"


def test_the_separate_account_shows_category_by_use_class_and_what_was_subsidised(session, agreement):
    survey = opened(session, agreement)
    found, rows = queries.account_of(session, make.price_officer(), agreement.id, 2025)
    assert found is survey
    assert [(row.category, row.industry.text(), row.public_interest.text()) for row in rows] == [
        (CostCategory.PLATFORM_BUILD_OM, "8000000.04", "2000000.01"),
        (CostCategory.HUMAN_RESOURCES, "150000.01", "150000.00"),
        (CostCategory.PERIOD_EXPENSE, "77.77", "0.00"),
    ]
    assert [row.industry_subsidised.text() for row in rows] == ["0.00", "150000.01", "0.00"]
    with pytest.raises(queries.NoSuchSurvey):
        queries.account_of(session, make.price_officer("puer"), agreement.id, 2025)


def test_a_digest_keeps_ones_own_evidence_and_opens_nobody_elses(session, agreement):
    bill = {"name": "发票.pdf", "media_type": "application/pdf", "content": b"invoice"}
    line = {**sheet.as_commands_take_it(LINES[2]), "evidence": bill}
    person = operator_of(agreement)
    given = {"year": 2025, "subsidy": ZERO, "now": make.NOW, "book": base.book()}
    survey = commands.open_survey(session, person, agreement_id=agreement.id, lines=[line], **given)
    sha256 = survey.lines[0].evidence_sha256
    assert survey.lines_without_evidence == []
    kept = {**line, "evidence": None, "evidence_sha256": sha256}
    commands.amend(
        session, person, survey.id, subsidy=ZERO, lines=[kept, line | {"evidence": None}], now=make.NOW,
        book=base.book(),
    )  # fmt: skip
    assert survey.lines[0].evidence_sha256 == sha256
    assert survey.lines_without_evidence == [2]
    other = base.make_agreement(session)
    with pytest.raises(queries.EvidenceUnknown):
        commands.open_survey(session, operator_of(other), agreement_id=other.id, lines=[kept], **given)
