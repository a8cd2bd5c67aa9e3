"""Reads of settlements."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, Session

from kernel.calendar import Period, business_date
from kernel.errors import NotFound
from kernel.identity import ROLES_OF, Actor, Permission
from kernel.money import ZERO, Money
from kernel.policy import PolicyBook
from settlement.ledger.model import JournalLine
from settlement.revenue.model import RevenueLine
from settlement.runs.model import SettlementRun
from settlement.runs.rules import must_be_over
from settlement.splits.model import ShareLine
from settlement.statements.model import Statement
from settlement.workings.queries import work_out

IDS_AT_ONCE = 5_000


class NoSuchRun(NotFound):
    """There is no such settlement, or none that the actor may know of."""

    code = "settlement.run_not_found"


def preview(
    session: Session, actor: Actor, *, place: str, period: Period, now: datetime, book: PolicyBook
) -> dict[str, Any]:
    """Return the report of a settlement as it would be prepared now; nothing is written.

    Raises:
        NotAllowed: the actor prepares no settlements of this place.
        PeriodNotOver: the period has not ended.
    """
    actor.must(Permission.SETTLEMENT_PREPARE, place=place)
    must_be_over(period, business_date(now))
    return work_out(session, place=place, period=period, received_until=now, book=book).report()


def listed(actor: Actor, *, place: str | None = None) -> sa.Select[SettlementRun]:
    """Return the query of the settlements of the actor's places."""
    reached = [
        sa.true() if grant.place is None else SettlementRun.place == grant.place
        for grant in actor.grants
        if grant.role in ROLES_OF[Permission.SETTLEMENT_READ]
    ]
    query = sa.select(SettlementRun).where(sa.or_(sa.false(), *reached))
    return query if place is None else query.where(SettlementRun.place == place)


def visible(session: Session, actor: Actor, number: str) -> SettlementRun:
    """Return a settlement by its number.

    Raises:
        NoSuchRun: there is none that the actor may know of.
    """
    found = session.scalar(listed(actor).where(SettlementRun.number == number))
    if found is None:
        raise NoSuchRun(f"没有结算 {number}，或不在您的职责范围内", detail_en=f"No settlement {number}")
    return found


def of_period(session: Session, place: str, period: Period) -> SettlementRun | None:
    """Return the settlement of a place that begins with the period, locked, or None."""
    query = sa.select(SettlementRun).where(SettlementRun.place == place, SettlementRun.period_start == period.start)
    return session.scalar(query.with_for_update().execution_options(populate_existing=True))


def tie_out(session: Session, run: SettlementRun, entry_ids: Sequence[UUID]) -> dict[str, Money]:
    """Return the four sums that must agree, read back from the database; each includes the tax."""
    net = _summed(session, RevenueLine.net, RevenueLine.run_id == run.id)
    tax = _summed(session, RevenueLine.tax, RevenueLine.run_id == run.id)
    journal = ZERO
    for start in range(0, len(entry_ids), IDS_AT_ONCE):
        part = entry_ids[start : start + IDS_AT_ONCE]
        journal += _summed(session, JournalLine.amount, JournalLine.entry_id.in_(part), JournalLine.amount > ZERO)
    return {
        "收入（不含税＋税）": net + tax,
        "凭证": journal,
        "分配＋税": _summed(session, ShareLine.amount, ShareLine.run_id == run.id) + tax,
        "结算单＋税": _summed(session, Statement.total, Statement.run_id == run.id) + tax,
    }


def _summed(session: Session, column: InstrumentedAttribute[Money], *conditions: sa.ColumnElement[bool]) -> Money:
    found: Money | None = session.scalar(sa.select(sa.func.sum(column)).where(*conditions))
    return found or ZERO
