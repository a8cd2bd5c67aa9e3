"""Drawing up caps, and recording the written report by which they become caps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from kernel import audit, numbering
from kernel.calendar import business_date
from kernel.errors import Conflict
from kernel.identity import Actor, Permission
from kernel.policy import PolicyBook
from pricing.cap_plans import queries
from pricing.cap_plans.model import CapPlan, CapPlanRow
from pricing.cap_plans.rules import (
    CapPlanEvent,
    CapPlanState,
    after,
    check_day,
    check_loads,
    check_report,
    check_rows,
)
from pricing.ceilings import commands as ceilings
from pricing.ceilings.model import Ceiling
from pricing.determinations import commands as determinations
from pricing.determinations import queries as determined
from pricing.determinations.model import Determination
from pricing.determinations.rules import DeterminationEvent, check_not_operator
from pricing.policy import PricingPolicy
from registry.agreements import queries as agreements


class NothingDetermined(Conflict):
    """There is no permitted revenue yet in which caps could fit."""

    code = "cap_plan.nothing_determined"


class PlanUnderWay(Conflict):
    """Another plan of the same determination is being drawn up."""

    code = "cap_plan.under_way"


def draft(
    session: Session,
    actor: Actor,
    *,
    determination_id: UUID,
    effective_from: date,
    caps: Sequence[Mapping[str, Any]],
    note: str = "",
    now: datetime,
    book: PolicyBook,
) -> CapPlan:
    """Draw up caps that are to take effect together; nothing is in force before their written report is recorded.

    Args:
        session: the open transaction.
        actor: somebody of the authorizing entity (授权主体).
        determination_id: the determination whose permitted revenue they must fit in.
        effective_from: first day of the caps; in the year of the ceiling, not before today.
        caps: product_id, charge_unit, amount (yuan per unit), forecast_volume (units in the year), subject_kind.
        note: on what the caps rest (数据、算力、存储等资源使用，人力资源投入，销售规模).
        now: the present moment.
        book: the rules in force.

    Raises:
        NotAllowed: the actor does not act for the authorizing entity.
        OperatorExcluded: the actor belongs to the operating institution.
        NothingDetermined: no permitted revenue is confirmed.
        PlanUnderWay: another draft waits for its report.
        DayUnusable: the first day is over, or of another year.
        RowUnusable: a row names a wrong product, unit or amount, or repeats another.
        CapsAboveRevenue: all caps together, at the forecast volumes, exceed the permitted revenue.

    Source:
        PRC-03, PRC-04; 发改价格〔2025〕65号, 二, 三（二）.
    """
    found = determined.locked(session, determination_id)
    _must_be_entity(actor, found)
    ceiling = _ceiling(session, found)
    _check(session, found, ceiling, effective_from, caps, now, book)
    assert actor.id is not None
    made = CapPlan(
        number=numbering.number(session, "CAPP", business_date(now)), place=found.place, determination_id=found.id,
        ceiling_id=ceiling.id, state=CapPlanState.DRAFT, effective_from=effective_from, note=note,
        drafted_by=actor.id, drafted_at=now, rows=_rows(caps),
    )  # fmt: skip
    session.add(made)
    number = found.number
    try:
        session.flush()
    except IntegrityError as error:
        if "pricing_cap_plan" not in str(error.orig):
            raise
        raise PlanUnderWay(
            f"{number} 已有一份上限方案待报告，请先修改、报告或放弃。",
            detail_en="Another draft waits for its report.", rule="PRC-03",
        ) from error  # fmt: skip
    determinations.carry_on(session, actor, found.id, DeterminationEvent.SET_CAPS, note=made.number, now=now)
    audit.record(session, actor, "cap_plan.draft", made, at=now, note=made.number)
    return made


def amend(
    session: Session,
    actor: Actor,
    plan_id: UUID,
    *,
    effective_from: date,
    caps: Sequence[Mapping[str, Any]],
    note: str = "",
    now: datetime,
    book: PolicyBook,
) -> CapPlan:
    """Replace day and caps of a draft.

    Raises:
        NotAllowed: the actor does not act for the authorizing entity.
        OperatorExcluded: the actor belongs to the operating institution.
        WrongState: the plan was reported or dropped.
        DayUnusable: the first day is over, or of another year.
        RowUnusable: a row names a wrong product, unit or amount, or repeats another.
        CapsAboveRevenue: all caps together exceed the permitted revenue.
    """
    plan, found = _opened(session, actor, plan_id)
    plan.state = after(plan.state, CapPlanEvent.AMEND, plan.number)
    _check(session, found, session.get_one(Ceiling, plan.ceiling_id), effective_from, caps, now, book)
    plan.rows.clear()
    session.flush()
    plan.rows.extend(_rows(caps))
    plan.effective_from, plan.note = effective_from, note
    flag_modified(plan, "note")  # the version also counts changes of the rows
    session.flush()
    determinations.carry_on(session, actor, found.id, DeterminationEvent.SET_CAPS, note=plan.number, now=now)
    audit.record(session, actor, "cap_plan.amend", plan, at=now, note=plan.number)
    return plan


def drop(session: Session, actor: Actor, plan_id: UUID, *, note: str, now: datetime) -> CapPlan:
    """Give up a draft.

    Raises:
        NotAllowed: the actor does not act for the authorizing entity.
        OperatorExcluded: the actor belongs to the operating institution.
        WrongState: the plan was reported or dropped.
    """
    plan, found = _opened(session, actor, plan_id)
    plan.state = after(plan.state, CapPlanEvent.DROP, plan.number)
    session.flush()
    determinations.carry_on(session, actor, found.id, DeterminationEvent.DROP_CAPS, note=note, now=now)
    audit.record(session, actor, "cap_plan.drop", plan, at=now, note=note)
    return plan


def record_report(
    session: Session,
    actor: Actor,
    plan_id: UUID,
    *,
    report_number: str,
    report_date: date,
    reported_to: Sequence[str],
    now: datetime,
    book: PolicyBook,
) -> CapPlan:
    """Record the written report (书面报告) of a plan; only now do its rows become caps, from the planned day on.

    Raises:
        NotAllowed: the actor does not act for the authorizing entity.
        OperatorExcluded: the actor belongs to the operating institution.
        WrongState: the plan was reported or dropped.
        ReportIncomplete: it did not go to both departments, or its day lies ahead.
        DayUnusable: the planned day passed before the report was made; amend the plan.
        CeilingSuperseded: another permitted revenue counts by now.
        CapsAboveRevenue: with the caps set meanwhile, the plan exceeds the permitted revenue.

    Source:
        PRC-03, DIS-08; 发改价格〔2025〕65号, 二: 并书面报告发展改革部门、数据管理部门.
    """
    plan, found = _opened(session, actor, plan_id)
    following = after(plan.state, CapPlanEvent.REPORT, plan.number)
    today = business_date(now)
    check_report(plan.number, reported_to, report_date, today=today)
    ceiling = session.get_one(Ceiling, plan.ceiling_id)
    check_day(plan.effective_from, year=ceiling.year, today=today)
    ceilings.set_caps(
        session, actor, ceiling_id=ceiling.id, caps=[row.as_cap() for row in plan.rows],
        effective_from=plan.effective_from, report_number=report_number, report_date=report_date,
        reported_to=reported_to, now=now, book=book,
    )  # fmt: skip
    plan.report_number, plan.report_date, plan.reported_to = report_number, report_date, list(reported_to)
    plan.recorded_by, plan.recorded_at, plan.state = actor.id, now, following
    session.flush()
    determinations.carry_on(session, actor, found.id, DeterminationEvent.REPORT_CAPS, note=report_number, now=now)
    audit.record(session, actor, "cap_plan.report", plan, at=now, note=report_number)
    return plan


def _must_be_entity(actor: Actor, found: Determination) -> None:
    actor.must(Permission.CAP_SET, org_id=found.authorizing_entity_id, place=found.place)
    check_not_operator(found.number, actor.org_id, found.operating_institution_id)


def _opened(session: Session, actor: Actor, plan_id: UUID) -> tuple[CapPlan, Determination]:
    plan = queries.locked(session, plan_id)
    found = determined.locked(session, plan.determination_id)
    _must_be_entity(actor, found)
    return plan, found


def _ceiling(session: Session, found: Determination) -> Ceiling:
    ceiling = determined.ceiling_of(session, found.id)
    if ceiling is None:
        raise NothingDetermined(
            f"{found.number} 尚未核定最高准许收入，请待核定确认后再制定上限收费标准。",
            detail_en="No permitted revenue is confirmed yet.", rule="PRC-03",
        )  # fmt: skip
    return ceiling


def _check(
    session: Session,
    found: Determination,
    ceiling: Ceiling,
    effective_from: date,
    caps: Sequence[Mapping[str, Any]],
    now: datetime,
    book: PolicyBook,
) -> None:
    today = business_date(now)
    check_day(effective_from, year=ceiling.year, today=today)
    own = queries.own_products(session, agreements.get(session, found.agreement_id))
    units = PricingPolicy.at(book, found.place, today).require("charge_units")
    check_rows(caps, own={product.id: product.code for product in own}, units=units)
    check_loads(queries.headroom(session, ceiling, caps, start=effective_from))


def _rows(caps: Sequence[Mapping[str, Any]]) -> list[CapPlanRow]:
    names = ("product_id", "charge_unit", "amount", "forecast_volume")
    return [
        CapPlanRow(position=position, subject_kind=cap.get("subject_kind"), **{name: cap[name] for name in names})
        for position, cap in enumerate(caps, start=1)
    ]
