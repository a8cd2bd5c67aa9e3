"""Reading corrections."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from kernel.calendar import business_date
from kernel.errors import NotFound
from registry.agreements.model import Agreement
from registry.agreements.rules import AgreementState
from registry.suspensions.model import CorrectionReport, PartialEnd
from registry.suspensions.rules import CorrectionState, NotSuspended, Reported, correction_state


class NoSuchReport(NotFound):
    """There is no such report of a correction, or none of that agreement."""

    code = "suspension.no_such_report"


class NoSuchPart(NotFound):
    """Nobody asked for that end of part of the data."""

    code = "suspension.no_such_part"


def reports(session: Session, agreement_id: UUID) -> Sequence[CorrectionReport]:
    """Return every reported correction of the agreement with its answer, the oldest first; read afresh."""
    query = sa.select(CorrectionReport).where(CorrectionReport.agreement_id == agreement_id)
    query = query.options(joinedload(CorrectionReport.finding)).order_by(CorrectionReport.id)
    return session.scalars(query.execution_options(populate_existing=True)).all()


def report(session: Session, agreement_id: UUID, report_id: UUID) -> CorrectionReport:
    """Return one reported correction of the agreement with its answer.

    Raises:
        NoSuchReport: there is none.
    """
    query = sa.select(CorrectionReport).where(
        CorrectionReport.id == report_id, CorrectionReport.agreement_id == agreement_id
    )
    query = query.options(joinedload(CorrectionReport.finding)).execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise NoSuchReport("该协议没有这份整改报告", detail_en="No such report.")
    return found


def due_of(agreement: Agreement) -> date:
    """Return the last day of the running correction period.

    Raises:
        NotSuspended: the agreement is not suspended.
    """
    if agreement.state is not AgreementState.SUSPENDED or agreement.correction_due is None:
        raise NotSuspended(
            f"协议 {agreement.number} 目前没有暂停，无须整改",
            detail_en=f"{agreement.number} is not suspended.",
            rule="ACC-01",
        )
    return agreement.correction_due


def state_of(session: Session, agreement: Agreement, on: date) -> CorrectionState:
    """Return where the correction stands on that day: :func:`correction_state` over the running suspension.

    Raises:
        NotSuspended: the agreement is not suspended.
    """
    due = due_of(agreement)
    running = [one for one in reports(session, agreement.id) if one.suspended_at == agreement.suspended_at]
    return correction_state(due, [Reported(business_date(one.reported_at), bool(one.finding)) for one in running], on)


def parts(session: Session, agreement_id: UUID) -> Sequence[PartialEnd]:
    """Return every end of part of the data that was asked for, the oldest first."""
    query = sa.select(PartialEnd).where(PartialEnd.agreement_id == agreement_id).order_by(PartialEnd.id)
    return session.scalars(query).all()


def part(session: Session, agreement_id: UUID, part_id: UUID) -> PartialEnd:
    """Return one of them, locked.

    Raises:
        NoSuchPart: there is none.
    """
    query = sa.select(PartialEnd).where(PartialEnd.id == part_id, PartialEnd.agreement_id == agreement_id)
    found = session.scalar(query.with_for_update().execution_options(populate_existing=True))
    if found is None:
        raise NoSuchPart("该协议没有这项终止部分数据授权的申请", detail_en="No such request.")
    return found


def waiting_part(session: Session, agreement: Agreement) -> PartialEnd | None:
    """Return what was asked for last in the running suspension and waits for the second person, or ``None``."""
    query = sa.select(PartialEnd).where(
        PartialEnd.agreement_id == agreement.id,
        PartialEnd.suspended_at == agreement.suspended_at,
        PartialEnd.confirmed_at.is_(None),
    )
    if agreement.state is not AgreementState.SUSPENDED:
        return None
    return session.scalar(query.order_by(PartialEnd.id.desc()).limit(1))
