"""Reads of the adjustments, what they should propose, and who may decide on them and carry them out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.errors import NotFound
from kernel.identity import Actor, Permission, Role
from kernel.money import Money, UnitPrice, floor_fen
from pricing.adjustments.model import Adjustment
from pricing.adjustments.rules import AdjustmentKind, AdjustmentState, Charged, proposals
from pricing.ceilings.model import FeeCap
from pricing.ceilings.queries import cap_at, caps_of_product
from pricing.costs.queries import within_reach
from pricing.costs.rules import CHARGE_UNIT_TITLES, ChargeUnit
from pricing.tariffs.model import Tariff
from pricing.tariffs.queries import in_force
from pricing.tariffs.rules import Regime
from registry.agreements.model import Agreement
from registry.products.model import Product

Held = tuple[ChargeUnit, str, UnitPrice, UnitPrice | None]  # unit, scope, price or cap, and the cap of a price


class NoSuchAdjustment(NotFound):
    """There is no such adjustment, or none that the actor may know of."""

    code = "adjustment.not_found"


def visible(actor: Actor) -> sa.Select[Adjustment]:
    """Return the query of the adjustments that the actor may read."""
    reach = within_reach(actor, Permission.COST_READ, Agreement.place, Agreement.operating_institution_id)
    return sa.select(Adjustment).join(Agreement, Agreement.id == Adjustment.agreement_id).where(reach)


def get(session: Session, actor: Actor, adjustment_id: UUID) -> Adjustment:
    """Return one adjustment.

    Raises:
        NoSuchAdjustment: there is none that the actor may read.
    """
    found = session.scalar(visible(actor).where(Adjustment.id == adjustment_id))
    if found is None:
        raise NoSuchAdjustment(f"没有编号为 {adjustment_id} 的收费调整，或您无权查看。")
    return found


def locked(session: Session, adjustment_id: UUID) -> Adjustment:
    """Return one adjustment, locked for a change.

    Raises:
        NoSuchAdjustment: there is none.
    """
    query = sa.select(Adjustment).where(Adjustment.id == adjustment_id).with_for_update()
    found = session.scalar(query.execution_options(populate_existing=True))
    if found is None:
        raise NoSuchAdjustment(f"没有编号为 {adjustment_id} 的收费调整。")
    return found


def of_assessment(session: Session, assessment_id: UUID) -> Sequence[Adjustment]:
    """Return what an assessment proposes to adjust, by number."""
    query = sa.select(Adjustment).where(Adjustment.assessment_id == assessment_id)
    return session.scalars(query.order_by(Adjustment.number)).all()


def unfinished(session: Session, assessment_id: UUID) -> Sequence[Adjustment]:
    """Return the adjustments of an assessment that are neither refused nor carried out, locked."""
    waiting = (AdjustmentState.PROPOSED, AdjustmentState.ACCEPTED)
    query = sa.select(Adjustment).where(Adjustment.assessment_id == assessment_id, Adjustment.state.in_(waiting))
    return session.scalars(query.order_by(Adjustment.number).with_for_update()).all()


def carriers(session: Session, found: Adjustment) -> Sequence[Tariff | FeeCap]:
    """Return the prices or caps by which an accepted adjustment may be carried out: set since, and low enough."""
    if found.kind is AdjustmentKind.CAP:
        return [cap for cap in caps_of_product(session, found.product_id) if carries(found, cap)]
    prices = sa.select(Tariff).where(Tariff.product_id == found.product_id, Tariff.scope == found.scope)
    return [tariff for tariff in session.scalars(prices.order_by(Tariff.number)) if carries(found, tariff)]


def carries(found: Adjustment, by: Tariff | FeeCap) -> bool:
    """Say whether a price or cap carries an adjustment out: for the same, set since, not above what was decided."""
    if found.decided is None or found.decided_at is None:
        return False
    amount, set_at = (by.amount, by.set_at) if isinstance(by, FeeCap) else (by.unit_price_max, by.published_at)
    same = (by.product_id, by.charge_unit, by.scope) == (found.product_id, found.charge_unit, found.scope)
    return same and set_at >= found.decided_at and amount <= found.decided


def may_decide(actor: Actor, agreement: Agreement) -> bool:
    """Say whether the actor acts for the authorizing entity, which decides on adjustments."""
    return _acts(actor, Role.SUPERVISOR, agreement.authorizing_entity_id, agreement.place)


def may_carry_out(actor: Actor, agreement: Agreement, kind: AdjustmentKind) -> bool:
    """Say whether the actor carries adjustments of that kind out: prices the operator, caps the authorizing entity."""
    if kind is AdjustmentKind.CAP:
        return may_decide(actor, agreement)
    return _acts(actor, Role.OPERATOR, agreement.operating_institution_id, agreement.place)


def _acts(actor: Actor, role: Role, org_id: UUID, place: str) -> bool:
    return any(grant.role is role and grant.covers(org_id=org_id, place=place) for grant in actor.grants)


def proposed(
    session: Session, kind: AdjustmentKind, earned: Mapping[str, Money], *, permitted: Money, actual: Money,
    step: UnitPrice, on: date,
) -> list[Adjustment]:  # fmt: skip
    """Return what the prices or caps in force on a day should become, not yet numbered nor stored.

    Args:
        session: the session to read with.
        kind: prices or caps.
        earned: revenue of the year by code of product.
        permitted: permitted revenue of the year.
        actual: actual revenue of the year.
        step: to which proposals are rounded down, yuan.
        on: Beijing date.

    Raises:
        StepTooCoarse: rounded down to the step, a price would become zero.
    """
    rows: dict[str, Adjustment] = {}
    charged = []
    products = session.scalars(sa.select(Product).where(Product.code.in_(earned)).order_by(Product.code))
    for product in products:
        revenue = earned[product.code]
        for unit, scope, amount, limit in _held(session, kind, product, on):
            key = f"{product.code} {scope}/{CHARGE_UNIT_TITLES[unit]}"
            charged.append(Charged(key, amount, revenue, limit))
            rows[key] = Adjustment(
                kind=kind, product_id=product.id, charge_unit=unit, scope=scope, current=amount, revenue=revenue
            )
    found = []
    for proposal in proposals(charged, permitted, actual, step):
        row = rows[proposal.charged.key]
        row.proposed, row.expected = proposal.proposed, floor_fen(proposal.expected)
        if row.proposed != row.current:
            found.append(row)
    return found


def _held(session: Session, kind: AdjustmentKind, product: Product, on: date) -> list[Held]:
    if kind is AdjustmentKind.CAP:
        counting = {
            (cap.charge_unit, cap.scope): cap.amount
            for cap in reversed(caps_of_product(session, product.id))
            if cap.effective_from <= on
        }
        return [(unit, scope, amount, None) for (unit, scope), amount in sorted(counting.items())]
    found = []
    for tariff in in_force(session, product.id, on):
        if tariff.regime in (Regime.MARKET_VALUE_BASED, Regime.FREE_PUBLIC_INTEREST):
            continue
        cap = cap_at(session, product.id, tariff.charge_unit, on, tariff.subject_kind)
        found.append((tariff.charge_unit, tariff.scope, tariff.unit_price_max, cap.amount if cap else None))
    return found
