"""What the authority should see about agreements; findings in words, never refusals."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from registry.agreements.model import Agreement, AgreementResource
from registry.agreements.rules import AgreementState
from registry.resources.model import Resource

OPEN = (AgreementState.SIGNED, AgreementState.FILED, AgreementState.ACTIVE, AgreementState.SUSPENDED)


def run(session: Session, *, on: date) -> list[str]:
    """Return what waits for the authority on that day.

    Corrections not made in time (ACC-01), terms that are over, data barred from opening in the scope (APP-05).
    """
    return [*_late_corrections(session, on), *_over(session, on), *_barred(session)]


def _late_corrections(session: Session, on: date) -> list[str]:
    query = sa.select(Agreement).where(Agreement.state == AgreementState.SUSPENDED, Agreement.correction_due < on)
    return [
        f"协议 {found.number} 的整改期限 {found.correction_due} 已过，应核实整改后恢复，或终止相关数据的授权（ACC-01）"
        for found in session.scalars(query.order_by(Agreement.number))
    ]


def _over(session: Session, on: date) -> list[str]:
    query = sa.select(Agreement).where(Agreement.state.in_(OPEN), Agreement.term_end <= on)
    return [
        f"协议 {found.number} 已于 {found.term_end} 届满，授权自该日起不再成立，请办理届满（AGR-03）"
        for found in session.scalars(query.order_by(Agreement.number))
    ]


def _barred(session: Session) -> list[str]:
    query = (
        sa.select(Agreement.number, Resource.code)
        .join(AgreementResource, AgreementResource.agreement_id == Agreement.id)
        .join(Resource, Resource.id == AgreementResource.resource_id)
        .where(Agreement.state.in_(OPEN), Resource.barred.is_(True), AgreementResource.ended_on.is_(None))
    )
    return [
        f"协议 {number} 的范围内有不予开放的数据资源 {code}，不得再使用（APP-05）"
        for number, code in session.execute(query.order_by(Agreement.number, Resource.code))
    ]
