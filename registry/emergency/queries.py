"""Reading emergency plans and drills."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from kernel.calendar import business_date
from kernel.policy import PolicyBook
from registry.agreements import queries as agreements
from registry.agreements.model import Agreement
from registry.agreements.rules import AgreementState
from registry.emergency.model import EmergencyDrill, EmergencyPlan
from registry.emergency.rules import next_drill_by
from registry.policy import RegistryPolicy


def plans(session: Session, agreement_id: UUID) -> Sequence[EmergencyPlan]:
    """Return the emergency plans of an authorization, the current one first."""
    query = sa.select(EmergencyPlan).where(EmergencyPlan.agreement_id == agreement_id)
    return session.scalars(query.order_by(EmergencyPlan.number.desc())).all()


def current(session: Session, agreement_id: UUID) -> EmergencyPlan | None:
    """Return the one current plan of an authorization (一授权一预案), or ``None``."""
    query = sa.select(EmergencyPlan).where(EmergencyPlan.agreement_id == agreement_id)
    return session.scalar(query.order_by(EmergencyPlan.number.desc()).limit(1))


def drills(session: Session, agreement_id: UUID) -> Sequence[EmergencyDrill]:
    """Return the drills of an authorization, the latest first."""
    query = sa.select(EmergencyDrill).where(EmergencyDrill.agreement_id == agreement_id)
    return session.scalars(query.order_by(EmergencyDrill.held_on.desc(), EmergencyDrill.id.desc())).all()


def drill_due(session: Session, agreement: Agreement, on: date, *, book: PolicyBook) -> date | None:
    """Return the last day for the next drill of an active authorization (EMG-03).

    Counted from the last drill, or from the day on which operation began; ``None`` where no interval is configured
    or no operation is going on.
    """
    if agreement.state not in (AgreementState.ACTIVE, AgreementState.SUSPENDED) or agreement.activated_at is None:
        return None
    if agreement.has_ended(on):
        return None
    held = drills(session, agreement.id)
    last = held[0].held_on if held else business_date(agreement.activated_at)
    return next_drill_by(last, RegistryPolicy.at(book, agreement.place, on).emergency_drill_months_max)


def places_that_demand(book: PolicyBook, name: str, on: date) -> list[str]:
    """Return the places where a yes-or-no rule demands something on that day."""
    found = ((place, book.get(place, name, on=on)) for place in book.places())
    return [place for place, cited in found if cited is not None and cited.boolean()]


def emergency_plan_gate_fact(
    session: Session, agreement_id: UUID, *, on: date, book: PolicyBook
) -> tuple[bool, str, date | None]:
    """Say whether the authorization has the emergency plan that its place demands: open, fact, since when (EMG-01).

    Raises:
        NoSuchAgreement: there is no such agreement.
    """
    agreement = agreements.get(session, agreement_id)
    plan = current(session, agreement_id)
    demanded = agreement.place in places_that_demand(book, "agreement.emergency_plan_required", on)
    if agreement.emergency_plan_sha256 is not None:
        since = business_date(plan.adopted_at) if plan else None
        number = f"第 {plan.number} 版" if plan else ""
        return True, f"协议 {agreement.number} 的应急预案{number}已提交", since
    if demanded:
        return False, f"协议 {agreement.number} 未制定应急预案", None
    return True, "当地未要求在开展授权运营前制定应急预案", None


def emergency_plan_clause(
    agreement_id: sa.ColumnElement[UUID] | UUID, *, on: date, book: PolicyBook
) -> sa.ColumnElement[bool]:
    """Return the SQL condition that the authorization has its plan: :func:`emergency_plan_gate_fact` for sets."""
    agreement = aliased(Agreement)
    demanding = places_that_demand(book, "agreement.emergency_plan_required", on)
    return (
        sa.select(sa.literal(1))
        .select_from(agreement)
        .where(
            agreement.id == agreement_id,
            sa.or_(agreement.place.not_in(demanding), agreement.emergency_plan_sha256.is_not(None)),
        )
        .correlate_except(agreement)
        .exists()
    )
