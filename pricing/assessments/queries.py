"""Reads of the yearly assessments and their adjustments, and how the result of a year came about."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.calendar import DAY, Period, business_date
from kernel.db import to_json
from kernel.errors import Conflict, NotFound
from kernel.identity import Actor, Permission
from kernel.money import PERCENT, Money, decimal_text, fraction
from kernel.policy import PolicyBook
from pricing.assessments.model import Assessment
from pricing.assessments.rules import (
    ACTION_TITLES,
    ARTICLE,
    DIRECTION_TITLES,
    Basis,
    Determined,
    Earned,
    Revenue,
    Settled,
    counted,
    deviation,
    must_be_assessable,
    share_text,
)
from pricing.ceilings.model import Ceiling
from pricing.costs.queries import within_reach
from pricing.costs.rules import cited_dict, node
from pricing.policy import PricingPolicy
from registry.agreements import queries as agreements
from registry.agreements.model import Agreement
from registry.products.model import Product

BASIS_TITLES = {Basis.NET_OF_TAX: "不含税", Basis.WITH_TAX: "含税"}


class NoSuchAssessment(NotFound):
    """There is no such assessment, or none that the actor may know of."""

    code = "assessment.not_found"


class NoCeiling(Conflict):
    """Nothing was determined for the year that revenue could be compared with."""

    code = "assessment.no_ceiling"
    title = "该年度没有核定最高准许收入"
    title_en = "No permitted revenue was determined for the year"


@dataclass(frozen=True, slots=True)
class Due:
    """A year of an agreement that is over and not assessed yet."""

    agreement: Agreement
    year: int
    due_date: date | None

    def is_overdue(self, today: date) -> bool:
        """Say whether the report that needs the assessment is late."""
        return self.due_date is not None and today > self.due_date


def visible(actor: Actor) -> sa.Select[Assessment]:
    """Return the query of the assessments that the actor may read."""
    reach = within_reach(actor, Permission.COST_READ, Agreement.place, Agreement.operating_institution_id)
    return sa.select(Assessment).join(Agreement, Agreement.id == Assessment.agreement_id).where(reach)


def get(session: Session, actor: Actor, assessment_id: UUID) -> Assessment:
    """Return one assessment.

    Raises:
        NoSuchAssessment: there is none that the actor may read.
    """
    found = session.scalar(visible(actor).where(Assessment.id == assessment_id))
    if found is None:
        raise NoSuchAssessment(f"没有编号为 {assessment_id} 的年度评估，或您无权查看。")
    return found


def latest(session: Session, agreement_id: UUID, year: int) -> Assessment | None:
    """Return the assessment that counts for an agreement and year: the last correction."""
    query = sa.select(Assessment).where(Assessment.agreement_id == agreement_id, Assessment.year == year)
    return session.scalar(query.order_by(Assessment.sequence.desc()).limit(1))


def newest() -> sa.ColumnElement[bool]:
    """Return the condition over :class:`Assessment` that nothing corrects it."""
    later = sa.orm.aliased(Assessment)
    return ~sa.exists().where(later.supersedes_id == Assessment.id)


def due(session: Session, actor: Actor, book: PolicyBook, today: date) -> list[Due]:
    """Return the years with a ceiling that are over and not assessed, within the actor's reach, the oldest first."""
    reach = within_reach(actor, Permission.COST_READ, Agreement.place, Agreement.operating_institution_id)
    assessed = sa.exists().where(Assessment.agreement_id == Ceiling.agreement_id, Assessment.year == Ceiling.year)
    query = (
        sa.select(Ceiling.agreement_id, Ceiling.year)
        .join(Agreement, Agreement.id == Ceiling.agreement_id)
        .where(reach, Ceiling.year < today.year, ~assessed)
        .distinct()
        .order_by(Ceiling.year)
    )
    found = []
    for agreement_id, year in session.execute(query):
        agreement = agreements.get(session, agreement_id)
        rule = PricingPolicy.at(book, agreement.place, today).report_due
        found.append(Due(agreement, year, date(year + 1, *rule.month_day()) if rule else None))
    return found


def determinations(session: Session, agreement_id: UUID, year: int) -> Sequence[Ceiling]:
    """Return every determination for an agreement and year, in the order in which they were made."""
    query = sa.select(Ceiling).where(Ceiling.agreement_id == agreement_id, Ceiling.year == year)
    return session.scalars(query.order_by(Ceiling.determined_at, Ceiling.id)).all()


def prepared(
    session: Session, agreement: Agreement, year: int, revenue: Revenue, basis: Basis, *, now: datetime,
    book: PolicyBook,
) -> Assessment:  # fmt: skip
    """Return the assessment that would be recorded, with inputs, sources and digest, not yet numbered nor stored.

    Args:
        session: the session to read with.
        agreement: whose operation is assessed.
        year: accounting year.
        revenue: what sealed settlements say of the operator's fees in the year.
        basis: with or without tax, as the permitted revenue is.
        now: the present moment.
        book: the rules in force.

    Raises:
        YearNotOver: the year is not over.
        NotSettled: part of it has no sealed settlement.
        NoCeiling: no permitted revenue was determined for it.
        NothingPermitted: the permitted revenue is zero and there was revenue.
        PolicyGap: no threshold is configured.

    Source:
        PRC-08, REV-06; 发改价格〔2025〕65号 四.
    """
    operation = Period(agreement.trial_start or agreement.term_start, agreement.term_end)
    must_be_assessable(year, operation, revenue.settled, business_date(now))
    made = determinations(session, agreement.id, year)
    if not made:
        raise NoCeiling(
            f"协议 {agreement.number} 的 {year} 年没有核定最高准许收入（试行收费的年度无须评估偏离），请先核定。",
            detail_en=f"No permitted revenue for {year} under {agreement.number}.",
            rule="PRC-08",
            article=ARTICLE,
        )
    threshold = PricingPolicy.at(book, agreement.place, Period.year(year).last_day).require("deviation_threshold")
    permitted, actual = made[-1].max_permitted_revenue, revenue.total(basis)
    result = deviation(permitted, actual, threshold.decimal())
    inputs = _inputs(agreement, year, made, revenue, basis, _titles(session, revenue))
    sources = [cited_dict(threshold)]
    return Assessment(
        number="", place=agreement.place, agreement_id=agreement.id, year=year, ceiling_id=made[-1].id, basis=basis,
        permitted=permitted, actual=actual, threshold=threshold.decimal().normalize(), direction=result.direction,
        sequence=1, action=result.action, inputs=inputs, sources=sources, sha256=digest(inputs, sources), note="",
    )  # fmt: skip


def digest(inputs: dict[str, Any], sources: list[Any]) -> str:
    """Return the SHA-256 over what an assessment rests on."""
    return hashlib.sha256(to_json([inputs, sources]).encode()).hexdigest()


def revenue_of(assessment: Assessment) -> Revenue:
    """Return the revenue that an assessment keeps."""
    inputs = assessment.inputs
    return Revenue(
        tuple(Settled(one["number"], _days(one)) for one in inputs["settlements"]),
        tuple(
            Earned(_days(one), one["product"], Money.yuan(one["net"]), Money.yuan(one["tax"]), one["quantity"])
            for one in inputs["revenue"]
        ),
    )


def _days(one: dict[str, Any]) -> Period:
    return Period(date.fromisoformat(one["from"]), date.fromisoformat(one["until"]) + DAY)


def is_intact(assessment: Assessment) -> bool:
    """Say whether a stored assessment is what follows from its stored inputs."""
    inputs = assessment.inputs
    actual = revenue_of(assessment).total(assessment.basis)
    permitted = Money.yuan(inputs["determinations"][-1]["permitted"])
    result = deviation(permitted, actual, assessment.threshold)
    return (digest(inputs, assessment.sources), permitted, actual, result.direction, result.action) == (
        assessment.sha256, assessment.permitted, assessment.actual, assessment.direction, assessment.action,
    )  # fmt: skip


def _titles(session: Session, revenue: Revenue) -> dict[str, str]:
    codes = {one.product for one in revenue.earned}
    rows = session.execute(sa.select(Product.code, Product.title).where(Product.code.in_(codes)))
    return {row.code: row.title for row in rows}


def _inputs(
    agreement: Agreement, year: int, made: Sequence[Ceiling], revenue: Revenue, basis: Basis, titles: dict[str, str]
) -> dict[str, Any]:
    told = [Determined(one.number, one.max_permitted_revenue, business_date(one.determined_at)) for one in made]
    return {
        "agreement": agreement.number,
        "operator": agreement.operating_institution.name,
        "year": year,
        "basis": basis.value,
        "tax_lines": made[-1].inputs["tax_lines"],
        "determinations": [
            {"number": one.number, "permitted": one.permitted.text(), "determined_on": one.on.isoformat(),
             "from": span.start.isoformat() if span else None, "until": span.last_day.isoformat() if span else None}
            for one, span in counted(told, year)
        ],
        "settlements": [
            {"number": one.number, "from": one.period.start.isoformat(), "until": one.period.last_day.isoformat()}
            for one in revenue.settled
        ],
        "revenue": [
            {"from": one.period.start.isoformat(), "until": one.period.last_day.isoformat(), "product": one.product,
             "title": titles.get(one.product, ""), "net": one.net.text(), "tax": one.tax.text(),
             "quantity": one.quantity}
            for one in revenue.earned
        ],
    }  # fmt: skip


def explained(assessment: Assessment) -> dict[str, Any]:
    """Return how the result of a year came about, from what its row keeps."""
    inputs, threshold = assessment.inputs, assessment.sources[0]
    ceilings = [
        node(
            one["number"], _yuan(one["permitted"]), source="发改价格〔2025〕65号 二",
            formula=f"{one['determined_on']} 核定，{_span(one)}",
        )
        for one in inputs["determinations"]
    ]  # fmt: skip
    titles = {line["product"]: line["title"] for line in inputs["revenue"]}
    by_product = revenue_of(assessment).by_product(assessment.basis)
    limit = f"{decimal_text(fraction(assessment.threshold) * PERCENT)}%"
    formula = f"（{assessment.actual.grouped()} − {assessment.permitted.grouped()}）÷ {assessment.permitted.grouped()}"
    return node(
        f"{assessment.year} 年实际收入偏离最高准许收入", share_text(assessment.permitted, assessment.actual),
        formula=formula, source=ARTICLE,
        lines=[
            node("最高准许收入（以最后一次核定为准）", _yuan(assessment.permitted.text()), lines=ceilings),
            node(
                f"实际收入（{BASIS_TITLES[assessment.basis]}，运营机构收取的运营服务费）",
                _yuan(assessment.actual.text()),
                formula=f"已封存结算 {len(inputs['settlements'])} 期",
                source="REV-06",
                lines=[node(f"{code} {titles[code]}", _yuan(amount.text())) for code, amount in by_product.items()],
            ),
            node("分界（正好等于分界的，属于以下一档）", limit, source=threshold),
            node("处理", ACTION_TITLES[assessment.action],
                 formula=f"实际收入{DIRECTION_TITLES[assessment.direction]}最高准许收入", source=ARTICLE),
        ],
    )  # fmt: skip


def tax_is_inside(assessment: Assessment) -> bool:
    """Say whether the permitted revenue holds VAT while the revenue compared with it does not."""
    named = any("增值税" in line["label"] for line in assessment.inputs["tax_lines"])
    return named and assessment.basis is Basis.NET_OF_TAX


def _span(one: dict[str, Any]) -> str:
    return f"{one['from']} 至 {one['until']} 有效" if one["from"] else "当日即被取代，未曾有效"


def _yuan(text: str) -> str:
    return f"¥ {Money.yuan(text).grouped()}"
