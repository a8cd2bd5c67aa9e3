"""Opening and closing evaluation cycles."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from kernel import audit, numbering
from kernel.calendar import business_date
from kernel.errors import Conflict
from kernel.identity import Actor, Permission
from kernel.policy import PolicyBook
from pricing.costs.rules import cited_dict
from pricing.cycles import queries
from pricing.cycles.model import CycleClosing, Deduction, EvaluationCycle
from pricing.cycles.rules import Span, must_be_a_cycle, must_be_smoothable, plan, revised
from pricing.policy import PricingPolicy
from registry.agreements import queries as agreements


class NothingChanged(Conflict):
    """The cycle was closed on the same assessments already."""

    code = "cycle.nothing_changed"


def open_cycle(
    session: Session, actor: Actor, *, agreement_id: UUID, first_year: int, last_year: int, now: datetime,
    book: PolicyBook,
) -> EvaluationCycle:  # fmt: skip
    """Open the evaluation cycle (评估周期) of an agreement.

    Raises:
        NotAllowed: the actor is no price officer of the place.
        CycleUnusable: too many years, or years of another cycle.
        PolicyGap: the longest cycle is not configured.

    Source:
        PRC-07; 发改价格〔2025〕65号 四.
    """
    agreement = agreements.get(session, agreement_id, lock=True)
    actor.must(Permission.ASSESSMENT_WRITE, place=agreement.place)
    on = business_date(now)
    longest = PricingPolicy.at(book, agreement.place, on).require("evaluation_cycle_years_max").integer()
    others = [one.span for one in queries.of_agreement(session, agreement_id)]
    must_be_a_cycle(Span(first_year, last_year), longest, others)
    assert actor.id is not None
    cycle = EvaluationCycle(
        number=numbering.number(session, "CYC", on), place=agreement.place, agreement_id=agreement.id,
        first_year=first_year, last_year=last_year, years_max=longest, opened_by=actor.id, opened_at=now, closings=[],
    )  # fmt: skip
    session.add(cycle)
    session.flush()
    audit.record(session, actor, "cycle.open", cycle, at=now, note=cycle.number, detail={"years": cycle.span.text()})
    return cycle


def close_cycle(
    session: Session, actor: Actor, cycle_id: UUID, *, spread_years: int = 1, reason: str = "", now: datetime,
    book: PolicyBook,
) -> CycleClosing:  # fmt: skip
    """Close a cycle: what was earned above its ceilings, and which years after it give that back.

    Closed again after an assessment was corrected, only the difference to the earlier plan is added.

    Args:
        session: the open transaction.
        actor: a price officer of the place.
        cycle_id: the cycle; all its years with a ceiling are assessed.
        spread_years: over how many years the excess is deducted, from the first one after the cycle on.
        reason: why a large excess is spread, where no rule says what is large; of a correction, why.
        now: the present moment.
        book: the rules in force.

    Raises:
        NotAllowed: the actor is no price officer of the place.
        YearsNotAssessed: a year of the cycle is not assessed.
        SmoothingNotAllowed: the excess is not large, or nobody says why it is.
        NothingChanged: it was closed on the same assessments over as many years already.

    Source:
        PRC-07; 发改价格〔2025〕65号 四.
    """
    cycle = queries.locked(session, cycle_id)
    actor.must(Permission.ASSESSMENT_WRITE, place=cycle.place)
    found, years = queries.brought(session, cycle)
    threshold = PricingPolicy.at(book, cycle.place, business_date(now)).smoothing_threshold
    must_be_smoothable(found, spread_years, threshold.decimal() if threshold else None, reason)
    inputs = {"years": [queries.kept(one) for one in years]}
    earlier = cycle.closing
    if earlier is not None and (earlier.inputs, earlier.spread_years) == (inputs, spread_years):
        raise NothingChanged(
            f"周期 {cycle.number} 已按同样的年度评估结束，无须重复办理。",
            detail_en=f"{cycle.number} was closed on the same assessments.",
            rule="PRC-07",
        )
    assert actor.id is not None
    closing = CycleClosing(
        cycle=cycle, sequence=earlier.sequence + 1 if earlier else 1, permitted=found.permitted, actual=found.actual,
        excess=found.excess, threshold=threshold.decimal().normalize() if threshold else None,
        spread_years=spread_years, reason=reason, inputs=inputs, deductions=[], closed_by=actor.id, closed_at=now,
        sources=[cited_dict(threshold)] if threshold else [],
    )  # fmt: skip
    session.add(closing)
    before = [(row.year, row.amount) for one in cycle.closings for row in one.deductions if one is not closing]
    for year, amount in revised(before, plan(found.excess, cycle.last_year + 1, spread_years)):
        session.add(Deduction(closing=closing, agreement_id=cycle.agreement_id, year=year, amount=amount))
    session.flush()
    detail = {"excess": found.excess.text(), "spread_years": spread_years, "reason": reason}
    audit.record(session, actor, "cycle.close", cycle, at=now, note=cycle.number, detail=detail)
    return closing
