"""Ceilings and caps: who determines them, what they rest on, and that caps fit."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from kernel.db import new_id
from kernel.errors import NotAllowed
from kernel.identity import Role
from kernel.money import Money, UnitPrice
from kernel.policy import PolicyGap
from pricing.ceilings import commands, queries
from pricing.ceilings.model import Ceiling, FeeCap
from pricing.ceilings.rules import CapsAboveRevenue, RateAboveCap
from pricing.costs.rules import ChargeUnit
from registry.agreements import queries as agreements
from registry.agreements.model import Agreement
from tests.make import pricing as make
from tests.make import registry_base as base


@pytest.fixture
def agreement(session: Session) -> Agreement:
    return base.make_agreement(session)


@pytest.mark.both_databases
def test_the_permitted_revenue_of_prc_02_is_determined_to_the_fen(session, agreement):
    ceiling = make.make_ceiling(session, agreement)
    assert ceiling.operating_cost == Money.yuan("7200000.00")
    assert ceiling.profit_rate == Decimal("0.082")
    assert ceiling.permitted_profit == Money.yuan("590400.00")
    assert ceiling.max_permitted_revenue == Money.yuan("8257824.00")


def test_a_ceiling_is_recomputed_from_its_own_row(session, agreement):
    ceiling = make.make_ceiling(session, agreement, clawback=Money.yuan("57824.00"), clawback_reason="2023—2025 周期")
    session.flush()
    session.expire(ceiling)
    again = queries.computed(ceiling.inputs)
    assert again.total == ceiling.max_permitted_revenue == Money.yuan("8200000.00")
    cited = {source["name"]: source for source in ceiling.sources}
    assert cited["pricing.profit_rate.spread_max"]["article"] == "三（一）"
    assert cited["pricing.profit_rate.spread_max"]["document"] == "ndrc-2025-65"
    assert cited["pricing.bond_yield_10y"]["value"] == "0.0220"


def test_the_explanation_goes_down_to_single_cost_lines_and_is_kept_with_the_row(session, agreement):
    lines = [make.cost("6000000.00", "0.8"), {**make.cost("4000000.00", "0.8"), "text": "算力租赁"}]
    ceiling = make.make_ceiling(session, agreement, survey=make.make_survey(session, agreement, lines=lines))
    kept = ceiling.inputs["explanation"]
    assert queries.breakdown(ceiling) == kept
    (cost, *_) = kept["lines"]
    assert "算力租赁" in str(cost)
    assert "3,200,000.00" in str(cost)
    assert "cost_tree" not in ceiling.inputs


def test_the_margin_is_at_most_what_the_rules_admit(session, agreement):
    with pytest.raises(RateAboveCap):
        make.make_ceiling(session, agreement, margin="0.060000001")


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.BUYER, Role.FINANCE_CHECKER])
def test_nobody_but_the_departments_that_determine_confirms_a_ceiling(session, agreement, role):
    survey = make.make_survey(session, agreement)
    org_id = agreement.operating_institution_id if role is Role.OPERATOR else None
    with pytest.raises(NotAllowed):
        commands.determine_confirmed(
            session, base.actor(role, org_id=org_id, place=base.PLACE), survey_id=survey.id, year=make.YEAR,
            proposed={}, decision={}, margin=Decimal("0.06"), tax_lines=[], now=make.NOW, book=base.book(),
        )  # fmt: skip


def test_nothing_is_determined_but_exactly_what_was_proposed(session, agreement):
    survey = make.make_survey(session, agreement)
    with pytest.raises(commands.ProposalOutdated):
        commands.determine_confirmed(
            session, make.price_officer(), survey_id=survey.id, year=make.YEAR, proposed={"margin": "0.06"},
            decision={}, margin=Decimal("0.06"), tax_lines=[], now=make.NOW, book=base.book(demonstration=True),
        )  # fmt: skip


def test_a_ceiling_rests_on_an_accepted_survey(session, agreement):
    survey = make.make_survey(session, agreement, accepted=False)
    with pytest.raises(queries.SurveyNotAccepted):
        make.make_ceiling(session, agreement, survey=survey)


def test_without_a_treasury_yield_on_record_the_proposal_brings_one_with_its_source(session, agreement):
    survey, book = make.make_survey(session, agreement), base.book()

    def proposed(**given) -> Ceiling:
        return queries.prepared(survey, make.YEAR, Decimal("0.05"), [], now=make.NOW, book=book, **given)

    with pytest.raises(PolicyGap) as gap:
        proposed()
    assert "pricing.bond_yield_10y" in gap.value.detail
    with pytest.raises(queries.YieldNotTheRecorded):
        proposed(bond_yield=Decimal("0.018"))
    ceiling = proposed(bond_yield=Decimal("0.018"), bond_yield_source="国债收益率曲线 2024 年均值")
    assert ceiling.profit_rate == Decimal("0.068")
    assert "国债收益率曲线 2024 年均值" in str(ceiling.inputs)


def test_a_yield_on_record_cannot_be_replaced(session, agreement):
    with pytest.raises(queries.YieldNotTheRecorded):
        make.make_ceiling(session, agreement, bond_yield=Decimal("0.03"), bond_yield_source="另一来源")


def test_a_county_may_not_determine_a_ceiling(session, agreement):
    with pytest.raises(queries.LevelNotCompetent) as refused:
        make.make_ceiling(session, agreement, authority_level="county")
    assert refused.value.rule == "PRC-03"


def test_the_newest_determination_of_a_year_counts(session, agreement):
    first = make.make_ceiling(session, agreement)
    second = make.make_ceiling(session, agreement, tax="0.00", now=make.NOW + timedelta(hours=1))
    assert second.supersedes_id == first.id
    assert queries.latest(session, agreement.id, make.YEAR) is second
    assert queries.latest(session, agreement.id, make.YEAR + 1) is None
    product = make.make_product(session, agreement=agreement)
    with pytest.raises(commands.CeilingSuperseded):
        set_at_once(session, first, [make.cap(product, "0.80")])


@pytest.mark.both_databases
def test_a_ceiling_and_a_cap_are_never_changed(session):
    make.make_capped_product(session)
    for statement in (
        sa.update(Ceiling).values(tax=Money(1)),
        sa.delete(FeeCap),
        sa.update(FeeCap).values(amount=UnitPrice.yuan("9")),
    ):
        with pytest.raises(DBAPIError, match="append-only"), session.begin_nested():
            session.execute(statement)


@pytest.mark.both_databases
def test_the_database_refuses_a_ceiling_that_does_not_add_up(session, agreement):
    ceiling = make.make_ceiling(session, agreement)
    row = {column.key: getattr(ceiling, column.key) for column in sa.inspect(Ceiling).columns}
    wrong = {**row, "id": new_id(), "number": "CEIL-X", "max_permitted_revenue": Money.yuan("8257824.01")}
    with pytest.raises(DBAPIError, match="adds_up"), session.begin_nested():
        session.execute(sa.insert(Ceiling).values(**wrong))
    high = {**row, "id": new_id(), "number": "CEIL-Y", "profit_rate": Decimal("0.082000001")}
    with pytest.raises(DBAPIError, match="rate_within_limit"), session.begin_nested():
        session.execute(sa.insert(Ceiling).values(**high))


def set_at_once(session, ceiling, caps, **changed):
    """Set caps as the report of a plan does, without the checks that the plan has made before."""
    entity = base.actor(
        Role.SUPERVISOR, place=ceiling.place,
        org_id=agreements.get(session, ceiling.agreement_id).authorizing_entity_id,
    )  # fmt: skip
    terms = {"effective_from": make.TODAY, "report_number": "1号", "report_date": make.TODAY, **changed}
    return commands.set_caps(session, entity, ceiling_id=ceiling.id, caps=caps, now=make.NOW, book=base.book(), **terms)


def three_products(session, agreement):
    return [make.make_product(session, agreement=agreement) for _ in range(3)]


def caps_of_prc_04(products, first: str):
    calls, reports, subscriptions = products
    return [
        make.cap(calls, first, "5000000"),
        make.cap(reports, "300", "10000", ChargeUnit.PER_ITEM),
        make.cap(subscriptions, "20000", "60", ChargeUnit.PER_PERIOD),
    ]


@pytest.mark.both_databases
def test_caps_of_8_200_000_fit_and_of_8_300_000_are_refused_with_both_figures(session, agreement):
    ceiling = make.make_ceiling(session, agreement)
    products = three_products(session, agreement)
    with pytest.raises(CapsAboveRevenue) as refused:
        make.set_caps(session, ceiling, caps_of_prc_04(products, "0.82"))
    assert "8300000" in refused.value.detail
    assert "8257824.00" in refused.value.detail
    made = make.set_caps(session, ceiling, caps_of_prc_04(products, "0.80"))
    assert [cap.amount.text() for cap in made] == ["0.8", "300", "20000"]


def test_caps_set_earlier_count_when_another_is_added_or_raised(session, agreement):
    ceiling = make.make_ceiling(session, agreement)
    products = three_products(session, agreement)
    calls, reports, _ = products
    make.set_caps(session, ceiling, caps_of_prc_04(products, "0.80"))
    tomorrow = make.TODAY + timedelta(days=1)
    with pytest.raises(CapsAboveRevenue):
        make.set_caps(session, ceiling, [make.cap(calls, "0.82", "5000000")], effective_from=tomorrow)
    make.set_caps(session, ceiling, [make.cap(calls, "0.81", "5000000")], effective_from=tomorrow)
    with pytest.raises(CapsAboveRevenue):  # it would fit today, and no more from tomorrow on
        make.set_caps(session, ceiling, [make.cap(reports, "50", "1000", ChargeUnit.PER_USE)])


def test_a_cap_goes_on_into_the_next_year_and_fits_in_its_ceiling_too(session, agreement):
    ceiling = make.make_ceiling(session, agreement)  # 8 257 824.00
    lower = make.make_ceiling(session, agreement, year=make.YEAR + 1, margin="0.00", tax="0.00",
                              survey=make.make_survey(session, agreement))  # fmt: skip
    assert lower.max_permitted_revenue < ceiling.max_permitted_revenue
    product = make.make_product(session, agreement=agreement)
    volume = str(int(lower.max_permitted_revenue.exact_yuan()) + 1)  # at one yuan each: a yuan or less too much
    with pytest.raises(CapsAboveRevenue) as refused:
        set_at_once(session, ceiling, [make.cap(product, "1.00", volume)])
    assert lower.max_permitted_revenue.text() in refused.value.detail
    assert set_at_once(session, ceiling, [make.cap(product, "1.00", str(int(volume) - 1))])


def test_only_the_authorizing_entity_sets_caps(session, agreement):
    ceiling = make.make_ceiling(session, agreement)
    product = make.make_product(session, agreement=agreement)
    other = base.make_authority(session)
    people = (
        make.price_officer(),
        base.actor(Role.OPERATOR, org_id=agreement.operating_institution_id, place=base.PLACE),
        base.actor(Role.SUPERVISOR, org_id=other.id, place=base.PLACE),
        base.supervisor("puer"),
    )
    for person in people:
        with pytest.raises(NotAllowed):
            commands.set_caps(
                session, person, ceiling_id=ceiling.id, caps=[make.cap(product, "0.80")], effective_from=make.TODAY,
                report_number="1号", report_date=make.TODAY, now=make.NOW, book=base.book(),
            )  # fmt: skip


@pytest.mark.parametrize(
    "changed",
    [
        {"report_date": make.TODAY + timedelta(days=1)},
        {"reported_to": ["price_authority"]},
        {"reported_to": ["data_authority"]},
    ],
)
def test_the_written_report_goes_to_both_departments_before_the_cap_takes_effect(session, agreement, changed):
    ceiling = make.make_ceiling(session, agreement)
    product = make.make_product(session, agreement=agreement)
    with pytest.raises(commands.ReportMissing):
        set_at_once(session, ceiling, [make.cap(product, "0.80")], **changed)


@pytest.mark.parametrize("day", [make.TODAY - timedelta(days=1), date(make.YEAR + 1, 1, 1)])
def test_a_cap_begins_neither_in_the_past_nor_in_another_year(session, agreement, day):
    ceiling = make.make_ceiling(session, agreement)
    product = make.make_product(session, agreement=agreement)
    with pytest.raises(commands.CapUnusable):
        set_at_once(session, ceiling, [make.cap(product, "0.80")], effective_from=day)


def test_a_cap_is_for_a_product_of_the_operator_and_set_once_for_a_day(session, agreement):
    ceiling = make.make_ceiling(session, agreement)
    elsewhere = make.make_product(session)
    with pytest.raises(commands.CapUnusable):
        set_at_once(session, ceiling, [make.cap(elsewhere, "0.80")])
    product = make.make_product(session, agreement=agreement)
    with pytest.raises(commands.CapUnusable):
        set_at_once(session, ceiling, [make.cap(product, "0")])
    with pytest.raises(commands.CapUnusable):
        set_at_once(session, ceiling, [make.cap(product, "0.80"), make.cap(product, "0.70")])
    make.set_caps(session, ceiling, [make.cap(product, "0.80")])
    with pytest.raises(commands.CapUnusable):
        set_at_once(session, ceiling, [make.cap(product, "0.70")])


@pytest.mark.both_databases
def test_the_cap_in_effect_follows_the_day_the_unit_and_the_kind_of_subject(session, agreement):
    ceiling = make.make_ceiling(session, agreement)
    product = make.make_product(session, agreement=agreement)
    later = make.TODAY + timedelta(days=30)
    make.set_caps(session, ceiling, [make.cap(product, "9"), make.cap(product, "1", subject_kind="personal")])
    make.set_caps(session, ceiling, [make.cap(product, "8")], effective_from=later)

    def amount(on: date, kind: str | None = None, unit: ChargeUnit = ChargeUnit.PER_USE) -> str | None:
        found = queries.cap_at(session, product.id, unit, on, kind)
        return found.amount.text() if found else None

    assert amount(make.TODAY - timedelta(days=1)) is None
    assert [amount(make.TODAY), amount(later)] == ["9", "8"]
    assert amount(later, "personal") == "1"
    assert amount(later, "enterprise") == "8"
    assert amount(later, unit=ChargeUnit.PER_ITEM) is None
