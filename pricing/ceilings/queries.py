"""Reads of the ceilings and caps, and how a ceiling came about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from kernel.calendar import business_date
from kernel.errors import Conflict, Invalid, NotFound
from kernel.identity import Actor, Permission
from kernel.money import ZERO, Money, decimal_text, fraction, total
from kernel.policy import Cited, PolicyBook
from pricing.ceilings.model import ALL_KINDS, Ceiling, FeeCap
from pricing.ceilings.rules import LevelNotCompetent as LevelNotCompetent
from pricing.ceilings.rules import computed, last_moment, must_be_competent, revenue_tree
from pricing.ceilings.rules import yuan as yuan  # what stands above explains its prices in the same form
from pricing.costs.model import CostSurvey
from pricing.costs.queries import explain_cost, within_reach
from pricing.costs.rules import (
    CATEGORY_TITLES,
    CHARGE_UNIT_TITLES,
    ChargeUnit,
    CostCategory,
    SurveyState,
    cited_dict,
    node,
)
from pricing.policy import PricingPolicy
from registry.products.model import Product


class NoSuchCeiling(NotFound):
    """There is no such ceiling, or none that the actor may know of."""

    code = "ceiling.not_found"


class NoSuchCap(NotFound):
    """There is no such cap."""

    code = "cap.not_found"


class SurveyNotAccepted(Conflict):
    """A ceiling rests on an accepted survey."""

    code = "ceiling.survey_not_accepted"


class YieldNotTheRecorded(Invalid):
    """Another treasury yield is given than the one on record, or one without its source."""

    code = "ceiling.yield_not_the_recorded"


def visible(actor: Actor) -> sa.Select[Ceiling]:
    """Return the ceilings that the actor may read."""
    reach = within_reach(actor, Permission.COST_READ, Ceiling.place, CostSurvey.operating_institution_id)
    return sa.select(Ceiling).join(CostSurvey, CostSurvey.id == Ceiling.survey_id).where(reach)


def get(session: Session, actor: Actor, ceiling_id: UUID) -> Ceiling:
    """Return one ceiling.

    Raises:
        NoSuchCeiling: there is none that the actor may read.
    """
    found = session.scalar(visible(actor).where(Ceiling.id == ceiling_id))
    if found is None:
        raise NoSuchCeiling(f"没有编号为 {ceiling_id} 的最高准许收入核定，或您无权查看。")
    return found


def locked(session: Session, ceiling_id: UUID) -> Ceiling:
    """Return one ceiling, locked so that caps under it are set one after the other.

    Raises:
        NoSuchCeiling: there is none.
    """
    found = session.scalar(sa.select(Ceiling).where(Ceiling.id == ceiling_id).with_for_update())
    if found is None:
        raise NoSuchCeiling(f"没有编号为 {ceiling_id} 的最高准许收入核定。")
    return found


def latest(session: Session, agreement_id: UUID, year: int) -> Ceiling | None:
    """Return the ceiling that counts for an agreement and year: the one determined last."""
    return ceiling_at(session, agreement_id, year)


def ceiling_at(
    session: Session, agreement_id: UUID, year_or_day: int | date, known_at: datetime | None = None
) -> Ceiling | None:
    """Return the ceiling of an agreement for a year or day as it was known at a moment; as it is known when None.

    A determination is known from the moment in which it was made; of those known for a year the last one counts.
    """
    year = year_or_day if isinstance(year_or_day, int) else year_or_day.year
    query = (
        sa.select(Ceiling)
        .where(Ceiling.agreement_id == agreement_id, Ceiling.year == year)
        .order_by(Ceiling.determined_at.desc(), Ceiling.id.desc())
        .limit(1)
    )
    return session.scalar(query if known_at is None else query.where(Ceiling.determined_at <= known_at))


def history(session: Session, agreement_id: UUID, year: int) -> Sequence[Ceiling]:
    """Return every ceiling ever determined for an agreement and year, in the order in which they became known."""
    query = (
        sa.select(Ceiling)
        .where(Ceiling.agreement_id == agreement_id, Ceiling.year == year)
        .order_by(Ceiling.determined_at, Ceiling.id)
    )
    return session.scalars(query).all()


def ceilings_as_known(query: sa.Select[Ceiling], on: date | None, known_on: date | None) -> sa.Select[Ceiling]:
    """Narrow a query to what was known at the end of a Beijing day, and to what then counted for the year of ``on``."""
    known = [] if known_on is None else [last_moment(known_on)]
    for moment in known:
        query = query.where(Ceiling.determined_at <= moment)
    if on is None:
        return query
    newer = aliased(Ceiling)
    overtaken = sa.select(newer.id).where(
        newer.agreement_id == Ceiling.agreement_id,
        newer.year == Ceiling.year,
        sa.tuple_(newer.determined_at, newer.id) > sa.tuple_(Ceiling.determined_at, Ceiling.id),
        *(newer.determined_at <= moment for moment in known),
    )
    return query.where(Ceiling.year == on.year, ~overtaken.exists())


def caps_as_known(query: sa.Select[FeeCap], on: date | None, known_on: date | None) -> sa.Select[FeeCap]:
    """Narrow a query to the caps known at the end of a Beijing day, and to those then in effect on ``on``."""
    known = [] if known_on is None else [last_moment(known_on)]
    for moment in known:
        query = query.where(FeeCap.set_at <= moment)
    if on is None:
        return query
    later = aliased(FeeCap)
    overtaken = sa.select(later.id).where(
        later.product_id == FeeCap.product_id,
        later.charge_unit == FeeCap.charge_unit,
        later.scope == FeeCap.scope,
        later.effective_from <= on,
        later.effective_from > FeeCap.effective_from,
        *(later.set_at <= moment for moment in known),
    )
    return query.where(FeeCap.effective_from <= on, ~overtaken.exists())


def counting_from(session: Session, agreement_id: UUID, year: int) -> list[Ceiling]:
    """Return the ceilings that count for an agreement from a year on: of each year the one determined last."""
    query = sa.select(Ceiling).where(Ceiling.agreement_id == agreement_id, Ceiling.year >= year)
    in_order = session.scalars(query.order_by(Ceiling.determined_at, Ceiling.id))
    return list({ceiling.year: ceiling for ceiling in in_order}.values())


def get_cap(session: Session, cap_id: UUID) -> FeeCap:
    """Return one cap.

    Raises:
        NoSuchCap: there is none.
    """
    found = session.get(FeeCap, cap_id)
    if found is None:
        raise NoSuchCap(f"没有编号为 {cap_id} 的上限收费标准。")
    return found


def cap_at(
    session: Session, product_id: UUID, charge_unit: ChargeUnit, on: date, subject_kind: str | None = None
) -> FeeCap | None:
    """Return the cap in effect on that day for the kind of subject, else the one for all kinds, else None."""
    return caps_known(session, product_id, charge_unit, on, None, subject_kind)


def caps_known(
    session: Session,
    product_id: UUID,
    unit: ChargeUnit,
    on: date,
    known_at: datetime | None = None,
    subject_kind: str | None = None,
) -> FeeCap | None:
    """Return the cap in effect on a day as it was known at a moment (None: as it is known), as :func:`cap_at` does."""
    scopes = [ALL_KINDS] if subject_kind is None else [subject_kind, ALL_KINDS]
    for scope in scopes:
        query = (
            sa.select(FeeCap)
            .where(
                FeeCap.product_id == product_id,
                FeeCap.charge_unit == unit,
                FeeCap.scope == scope,
                FeeCap.effective_from <= on,
            )
            .order_by(FeeCap.effective_from.desc())
            .limit(1)
        )
        found = session.scalar(query if known_at is None else query.where(FeeCap.set_at <= known_at))
        if found is not None:
            return found
    return None


def caps_of_agreement(session: Session, agreement_id: UUID) -> Sequence[FeeCap]:
    """Return every cap ever set for products under an agreement, in order of their first day."""
    query = (
        sa.select(FeeCap)
        .join(Product, Product.id == FeeCap.product_id)
        .where(Product.agreement_id == agreement_id)
        .order_by(FeeCap.effective_from, FeeCap.id)
    )
    return session.scalars(query).all()


def caps_of_product(session: Session, product_id: UUID) -> Sequence[FeeCap]:
    """Return every cap of a product, newest first."""
    query = sa.select(FeeCap).where(FeeCap.product_id == product_id).order_by(FeeCap.effective_from.desc(), FeeCap.id)
    return session.scalars(query).all()


def prepared(
    survey: CostSurvey,
    year: int,
    margin: Decimal,
    tax_lines: Sequence[Mapping[str, Any]],
    *,
    now: datetime,
    book: PolicyBook,
    bond_yield: Decimal | None = None,
    bond_yield_source: str = "",
    clawback: Money = ZERO,
    clawback_reason: str = "",
    authority_level: str = "prefecture",
) -> Ceiling:
    """Return the ceiling that would be determined, with inputs and sources, not yet numbered nor stored.

    Args:
        survey: the accepted survey, with its lines.
        year: accounting year for which the ceiling counts.
        margin: what is added to the yield.
        tax_lines: label, basis and amount (yuan) of each tax.
        now: the present moment.
        book: the rules in force.
        bond_yield: mean 10-year treasury yield of the year before the survey, where the book has none; a fraction.
        bond_yield_source: where that figure was published.
        clawback: revenue above an earlier ceiling, allotted to this year.
        clawback_reason: of which cycle.
        authority_level: level of government that decides.

    Raises:
        SurveyNotAccepted: the survey was not accepted yet.
        LevelNotCompetent: that level may not set fee standards.
        YieldNotTheRecorded: the yield differs from the record, or has no source.
        PolicyGap: nobody names the yield, or a limit is not configured.
        RateAboveCap: the margin is larger than the rules admit.
    """
    surveyed_on = _day_of_survey(survey)
    policy = PricingPolicy.at(book, survey.place, business_date(now))
    must_be_competent(authority_level, policy.require("authority_levels"))
    recorded = book.get(survey.place, "pricing.bond_yield_10y", on=surveyed_on)
    found = _bond_yield(policy, recorded, bond_yield, bond_yield_source).normalize()
    spread = policy.require("profit_rate_spread_max")
    inputs = {
        **_survey_inputs(survey),
        "bond_yield": format(found, "f"),
        "bond_yield_source": bond_yield_source,
        "spread_max": spread.value,
        "profit_rate": format((found + margin).normalize(), "f"),
        "tax_lines": [{**line, "amount": line["amount"].text()} for line in tax_lines],
        "clawback": clawback.text(),
        "clawback_reason": clawback_reason,
        "authority_level": authority_level,
    }
    cited = [recorded, spread, policy.cost_categories, policy.authority_levels]
    sources = [cited_dict(value) for value in cited if value is not None]
    return Ceiling(year=year, inputs=inputs, sources=sources, **_columns(survey, inputs))


def breakdown(ceiling: Ceiling) -> dict[str, Any]:
    """Return how the ceiling came about: the tree that its row kept when it was determined, down to cost lines."""
    kept: dict[str, Any] | None = ceiling.inputs.get("explanation")
    return kept or revenue_tree(ceiling.number, ceiling.year, ceiling.inputs, ceiling.sources)


def explain_cap(session: Session, cap: FeeCap) -> dict[str, Any]:
    """Return how a cap came about: the ceiling that it fits in and the written report."""
    ceiling = session.get_one(Ceiling, cap.ceiling_id)
    unit = CHARGE_UNIT_TITLES[cap.charge_unit]
    report = f"书面报告 {cap.report_number}（{cap.report_date}）"
    expected = decimal_text(cap.amount.times(cap.forecast_volume))
    return node(
        f"上限收费标准（自 {cap.effective_from} 起）",
        f"¥ {cap.amount.text()} / {unit}",
        source="发改价格〔2025〕65号 二",
        lines=[
            node("预测业务量", decimal_text(fraction(cap.forecast_volume)), formula=f"× 上限 = {expected} 元"),
            node("报告发展改革部门和数据管理部门", str(cap.report_date), source=report),
            breakdown(ceiling),
        ],
    )


def _day_of_survey(survey: CostSurvey) -> date:
    if survey.state is not SurveyState.ACCEPTED or survey.submitted_at is None:
        raise SurveyNotAccepted(f"成本调查 {survey.number} 尚未认定，请先审核认定后再核定最高准许收入。", rule="PRC-02")
    return business_date(survey.submitted_at)


def _columns(survey: CostSurvey, inputs: Mapping[str, Any]) -> dict[str, Any]:
    result = computed(inputs)
    return {
        "number": "",
        "place": survey.place,
        "agreement_id": survey.agreement_id,
        "survey_id": survey.id,
        "bond_yield": Decimal(inputs["bond_yield"]),
        "spread_max": Decimal(inputs["spread_max"]),
        "profit_rate": result.profit_rate,
        "operating_cost": result.operating_cost,
        "permitted_profit": result.profit,
        "tax": result.tax,
        "clawback": result.earlier_excess,
        "max_permitted_revenue": result.total,
    }


def _survey_inputs(survey: CostSurvey) -> dict[str, Any]:
    sums = survey.totals()
    by_category = [
        {
            "category": category.value,
            "text": CATEGORY_TITLES[category],
            "amount": total(line.as_line().recognised for line in survey.lines if line.category is category).text(),
        }
        for category in CostCategory
        if any(line.category is category for line in survey.lines)
    ]
    return {
        "survey": survey.number,
        "survey_year": survey.year,
        "spent": sums.spent.text(),
        "industry": sums.industry.text(),
        "disallowed": sums.disallowed.text(),
        "gross_cost": sums.recognised.text(),
        "subsidy": survey.subsidy.text(),
        "categories": by_category,
        "cost_tree": explain_cost(survey),
    }


def _bond_yield(policy: PricingPolicy, recorded: Cited | None, given: Decimal | None, source: str) -> Decimal:
    """Return the yield on record; only where there is none may the determination bring its own, with its source."""
    if recorded is not None:
        if given is not None and given != recorded.decimal():
            raise YieldNotTheRecorded(
                f"国债平均收益率 {given} 与已录入的 {recorded.value}（{recorded.citation()}）不一致，请按已录入值。",
                rule="PRC-02",
                errors=[{"pointer": "/bond_yield", "code": YieldNotTheRecorded.code, "message": recorded.value}],
            )
        return recorded.decimal()
    if given is None:
        return policy.require("bond_yield_10y").decimal()
    if not source.strip():
        raise YieldNotTheRecorded(
            "请写明国债平均收益率的公布来源（如中债信息网、年度、日期）。",
            rule="PRC-02",
            errors=[{"pointer": "/bond_yield_source", "code": YieldNotTheRecorded.code, "message": "缺少来源"}],
        )
    return given
