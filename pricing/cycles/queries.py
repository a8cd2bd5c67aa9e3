"""Reads of the evaluation cycles, what is due for evaluation, and what a ceiling has to deduct."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from kernel.calendar import Period
from kernel.errors import NotFound
from kernel.identity import Actor, Permission
from kernel.money import ZERO, Money
from kernel.policy import PolicyBook
from pricing.assessments import queries as assessments
from pricing.assessments.model import Assessment
from pricing.assessments.rules import ARTICLE, YearResult
from pricing.ceilings.model import Ceiling
from pricing.ceilings.queries import latest
from pricing.costs.queries import within_reach
from pricing.costs.rules import node
from pricing.cycles.model import CycleClosing, Deduction, EvaluationCycle
from pricing.cycles.rules import Result, Span, YearsNotAssessed, derived, result
from pricing.cycles.rules import due as deducted_still
from pricing.policy import PricingPolicy
from registry.agreements import queries as agreements
from registry.agreements.model import Agreement


class NoSuchCycle(NotFound):
    """There is no such evaluation cycle, or none that the actor may know of."""

    code = "cycle.not_found"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A cycle of an agreement that waits for its evaluation; ``cycle`` is None where nobody opened it yet."""

    agreement: Agreement
    span: Span
    cycle: EvaluationCycle | None
    ends_on: date  # last day of the cycle: the evaluation is due when it is over

    def is_due(self, today: date) -> bool:
        """Say whether the cycle is over."""
        return today > self.ends_on


def visible(actor: Actor) -> sa.Select[EvaluationCycle]:
    """Return the query of the cycles that the actor may read, with their closings and plans."""
    reach = within_reach(actor, Permission.COST_READ, Agreement.place, Agreement.operating_institution_id)
    joined = sa.select(EvaluationCycle).join(Agreement, Agreement.id == EvaluationCycle.agreement_id)
    return joined.where(reach).options(_with_closings())


def get(session: Session, actor: Actor, cycle_id: UUID) -> EvaluationCycle:
    """Return one cycle with its closings and plans.

    Raises:
        NoSuchCycle: there is none that the actor may read.
    """
    query = visible(actor).where(EvaluationCycle.id == cycle_id)
    found = session.scalar(query.execution_options(populate_existing=True))
    if found is None:
        raise NoSuchCycle(f"没有编号为 {cycle_id} 的评估周期，或您无权查看。")
    return found


def locked(session: Session, cycle_id: UUID) -> EvaluationCycle:
    """Return one cycle with its closings and plans, locked so that closings follow each other.

    Raises:
        NoSuchCycle: there is none.
    """
    query = sa.select(EvaluationCycle).where(EvaluationCycle.id == cycle_id).options(_with_closings())
    found = session.scalar(query.with_for_update(of=EvaluationCycle).execution_options(populate_existing=True))
    if found is None:
        raise NoSuchCycle(f"没有编号为 {cycle_id} 的评估周期。")
    return found


def of_agreement(session: Session, agreement_id: UUID) -> Sequence[EvaluationCycle]:
    """Return the cycles of an agreement, the oldest first."""
    query = sa.select(EvaluationCycle).where(EvaluationCycle.agreement_id == agreement_id).options(_with_closings())
    return session.scalars(query.order_by(EvaluationCycle.first_year)).all()


def due(session: Session, actor: Actor, book: PolicyBook, today: date) -> list[Evaluation]:
    """Return the cycles within the actor's reach that are not closed, opened or derived, those that end first on top.

    Source:
        PRC-07, EVA-05; 发改价格〔2025〕65号 四.
    """
    reach = within_reach(actor, Permission.COST_READ, Agreement.place, Agreement.operating_institution_id)
    query = (
        sa.select(Ceiling.agreement_id, Ceiling.year)
        .join(Agreement, Agreement.id == Ceiling.agreement_id)
        .where(reach)
        .distinct()
    )
    years: dict[UUID, list[int]] = {}
    for agreement_id, year in session.execute(query):
        years.setdefault(agreement_id, []).append(year)
    found = []
    for agreement_id, with_ceiling in years.items():
        agreement = agreements.get(session, agreement_id)
        cycles = of_agreement(session, agreement_id)
        longest = PricingPolicy.at(book, agreement.place, today).evaluation_cycle_years_max
        spans: list[tuple[Span, EvaluationCycle | None]] = [(one.span, one) for one in cycles if one.closing is None]
        if longest is not None:
            opened = [one.span for one in cycles]
            spans += [(span, None) for span in derived(with_ceiling, longest.integer(), opened)]
        found += [Evaluation(agreement, span, cycle, Period.year(span.last).last_day)
                  for span, cycle in spans]  # fmt: skip
    return sorted(found, key=lambda one: (one.ends_on, one.agreement.number))


def results(session: Session, cycle: EvaluationCycle) -> list[tuple[int, Assessment | None]]:
    """Return the assessment that counts for each year of a cycle."""
    return [(year, assessments.latest(session, cycle.agreement_id, year)) for year in cycle.span.years]


def brought(session: Session, cycle: EvaluationCycle) -> tuple[Result, list[Assessment]]:
    """Return what a cycle brought, and the assessments that say so.

    Years without a ceiling, under trial prices, are no part of the sums.

    Raises:
        YearsNotAssessed: a year with a ceiling has no assessment, or no year has one.
    """
    years = results(session, cycle)
    missing = [year for year, found in years if found is None and latest(session, cycle.agreement_id, year)]
    found = [one for _, one in years if one is not None]
    if missing or not found:
        words = "、".join(str(year) for year in missing) or cycle.span.text()
        raise YearsNotAssessed(
            f"周期 {cycle.number} 的 {words} 年尚未评估，请先完成年度评估再结束周期。",
            detail_en=f"Not assessed yet: {words}.",
            rule="PRC-07",
            article=ARTICLE,
        )
    return result([YearResult(one.permitted, one.actual) for one in found]), found


def kept(assessment: Assessment) -> dict[str, Any]:
    """Return what a closing keeps of the assessment of one year."""
    return {
        "year": assessment.year, "number": assessment.number, "sha256": assessment.sha256,
        "permitted": assessment.permitted.text(), "actual": assessment.actual.text(),
    }  # fmt: skip


def planned(session: Session, agreement_id: UUID) -> Sequence[Deduction]:
    """Return every deduction planned for an agreement, by year."""
    query = sa.select(Deduction).where(Deduction.agreement_id == agreement_id).order_by(Deduction.year, Deduction.id)
    return session.scalars(query).all()


def deducted(session: Session, agreement_id: UUID, since: int) -> list[tuple[int, Money]]:
    """Return what the ceilings that count really gave back, by year, from a year on.

    A deduction larger than cost, profit and tax together takes the ceiling to zero; the rest was not given back.
    """
    years = sa.select(Ceiling.year).where(Ceiling.agreement_id == agreement_id, Ceiling.year >= since).distinct()
    found = []
    for year in session.scalars(years.order_by(Ceiling.year)):
        ceiling = latest(session, agreement_id, year)
        if ceiling is not None:
            before = ceiling.operating_cost + ceiling.permitted_profit + ceiling.tax
            found.append((year, min(ceiling.clawback, before)))
    return found


def deduction_due(session: Session, agreement_id: UUID, year: int) -> tuple[Money, str]:
    """Return what the ceiling of a year has to deduct for earlier cycles, and why; nothing and "" when nothing is due.

    Everything planned up to that year counts that the ceilings of the years before did not give back.

    Source:
        PRC-07; 发改价格〔2025〕65号 四.
    """
    rows = planned(session, agreement_id)
    if not rows:
        return ZERO, ""
    plan = [(row.year, row.amount) for row in rows]
    amount = deducted_still(plan, deducted(session, agreement_id, rows[0].year), year)
    if not amount:
        return ZERO, ""
    cycles = [one for one in of_agreement(session, agreement_id) if one.closing and one.closing.excess]
    words = "、".join(
        f"{one.span.text()} 年评估周期（{one.number}）超收 {one.closing.excess.grouped()} 元"
        for one in cycles
        if one.closing is not None
    )
    return amount, f"{words}，{year} 年应扣减 {amount.grouped()} 元"


def explained(cycle: EvaluationCycle, closing: CycleClosing) -> dict[str, Any]:
    """Return how the result of a cycle came about, from what its closing keeps."""
    years = [
        node(
            f"{one['year']} 年（{one['number']}）", f"¥ {Money.yuan(one['actual']).grouped()}",
            formula=f"最高准许收入 {Money.yuan(one['permitted']).grouped()}",
        )
        for one in closing.inputs["years"]
    ]  # fmt: skip
    lines = [
        node("周期实际收入合计", f"¥ {closing.actual.grouped()}", lines=years, source="REV-06"),
        node("周期最高准许收入合计", f"¥ {closing.permitted.grouped()}"),
    ]
    if closing.excess:
        source = closing.sources[0] if closing.sources else closing.reason or ARTICLE
        words = f"在 {closing.spread_years} 个年度平滑扣减" if closing.spread_years > 1 else "在下一周期首年一次扣减"
        parts = [node(f"{row.year} 年", f"¥ {row.amount.grouped()}") for row in closing.deductions]
        lines.append(node(words, f"¥ {closing.excess.grouped()}", source=source, lines=parts))
    else:
        lines.append(node("没有超收；不足部分文件没有规定结转，不予结转", "¥ 0.00", source=ARTICLE))
    return node(
        f"{cycle.span.text()} 年评估周期超收", f"¥ {closing.excess.grouped()}",
        formula=f"max(0, {closing.actual.grouped()} − {closing.permitted.grouped()})", source=ARTICLE, lines=lines,
    )  # fmt: skip


def _with_closings() -> Any:
    return selectinload(EvaluationCycle.closings).selectinload(CycleClosing.deductions)
