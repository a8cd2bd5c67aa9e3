"""Reads of the cap plans, and the headroom that caps leave below the permitted revenue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from kernel.calendar import Period
from kernel.errors import NotFound
from kernel.identity import Actor, Permission
from kernel.money import fraction
from pricing.cap_plans.model import CapPlan
from pricing.cap_plans.rules import CapPlanState
from pricing.ceilings.model import ALL_KINDS, Ceiling
from pricing.ceilings.queries import caps_of_agreement
from pricing.ceilings.rules import CapForecast, DatedCap, Load, loads
from pricing.costs.queries import within_reach
from pricing.determinations.model import Determination
from registry.agreements.model import Agreement
from registry.products.model import Product


class NoSuchCapPlan(NotFound):
    """There is no such plan, or none that the actor may know of."""

    code = "cap_plan.not_found"


@dataclass(frozen=True, slots=True)
class Part:
    """What one cap brings in at its forecast volume: exact yuan."""

    product: Product
    cap: DatedCap
    expected: Fraction


def visible(actor: Actor) -> sa.Select[CapPlan]:
    """Return the plans that the actor may read."""
    reach = within_reach(actor, Permission.COST_READ, CapPlan.place, Determination.operating_institution_id)
    return sa.select(CapPlan).join(Determination, Determination.id == CapPlan.determination_id).where(reach)


def get(session: Session, actor: Actor, plan_id: UUID) -> CapPlan:
    """Return one plan with its rows.

    Raises:
        NoSuchCapPlan: there is none that the actor may read.
    """
    found = session.scalar(visible(actor).where(CapPlan.id == plan_id).options(selectinload(CapPlan.rows)))
    if found is None:
        raise NoSuchCapPlan(f"没有编号为 {plan_id} 的上限方案，或您无权查看。")
    return found


def locked(session: Session, plan_id: UUID) -> CapPlan:
    """Return one plan with its rows, locked for a change.

    Raises:
        NoSuchCapPlan: there is none.
    """
    query = sa.select(CapPlan).where(CapPlan.id == plan_id).options(selectinload(CapPlan.rows)).with_for_update()
    found = session.scalar(query.execution_options(populate_existing=True))
    if found is None:
        raise NoSuchCapPlan(f"没有编号为 {plan_id} 的上限方案。")
    return found


def of_determination(session: Session, determination_id: UUID) -> Sequence[CapPlan]:
    """Return the plans under a determination, newest first, with their rows."""
    query = sa.select(CapPlan).where(CapPlan.determination_id == determination_id).options(selectinload(CapPlan.rows))
    return session.scalars(query.order_by(CapPlan.id.desc())).all()


def to_report(actor: Actor) -> sa.Select[CapPlan]:
    """Return the drafts whose written report is still to be recorded."""
    return visible(actor).where(CapPlan.state == CapPlanState.DRAFT).order_by(CapPlan.effective_from, CapPlan.id)


def own_products(session: Session, agreement: Agreement) -> Sequence[Product]:
    """Return what the operator itself offers under the agreement: whatever may have a cap."""
    query = sa.select(Product).where(
        Product.agreement_id == agreement.id, Product.owner_id == agreement.operating_institution_id
    )
    return session.scalars(query.order_by(Product.code)).all()


def headroom(session: Session, ceiling: Ceiling, rows: Sequence[Mapping[str, Any]] = (), *, start: date) -> list[Load]:
    """Return what the caps of the agreement, with planned ones, bring in from a day on and from each later change on.

    Args:
        session: the open session.
        ceiling: the permitted revenue that they must fit in.
        rows: planned caps (product_id, charge_unit, subject_kind, amount, forecast_volume), from ``start`` on.
        start: the first day that is looked at; a day of the ceiling's year.

    Source:
        PRC-04; 发改价格〔2025〕65号, 二.
    """
    planned = [
        DatedCap(
            (row["product_id"], row["charge_unit"], row.get("subject_kind") or ALL_KINDS),
            start,
            CapForecast(row["amount"], fraction(row["forecast_volume"])),
        )
        for row in rows
    ]
    caps = [*(cap.dated() for cap in caps_of_agreement(session, ceiling.agreement_id)), *planned]
    return loads(caps, ceiling.max_permitted_revenue, start=start, year=ceiling.year)


def parts_of(session: Session, load: Load) -> list[Part]:
    """Return what each cap of a load brings in, in order of the products' codes."""
    keys: list[Any] = [cap.key for cap in load.caps]
    query = sa.select(Product).where(Product.id.in_({key[0] for key in keys}))
    products = {product.id: product for product in session.scalars(query)}
    found = [
        Part(products[key[0]], cap, cap.forecast.cap.times(cap.forecast.volume))
        for key, cap in zip(keys, load.caps, strict=True)
    ]
    return sorted(found, key=lambda part: (part.product.code, str(part.cap.key)))


def first_day(ceiling: Ceiling, today: date) -> date:
    """Return the day from which the headroom of a ceiling is shown: today, or the nearest day of its year."""
    year = Period.year(ceiling.year)
    return min(max(today, year.start), year.last_day)


def headroom_of(session: Session, plan: CapPlan) -> list[Load]:
    """Return what the caps of the agreement bring in with a plan; a reported one is among them already."""
    ceiling = session.get_one(Ceiling, plan.ceiling_id)
    rows = [row.as_cap() for row in plan.rows] if plan.state is CapPlanState.DRAFT else []
    return headroom(session, ceiling, rows, start=plan.effective_from)
