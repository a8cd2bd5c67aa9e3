"""Reads of settlements."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.calendar import Period, business_date
from kernel.errors import NotFound
from kernel.identity import ROLES_OF, Actor, Permission
from kernel.policy import PolicyBook
from settlement.runs.model import SettlementRun
from settlement.runs.rules import must_be_over
from settlement.workings.queries import work_out


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
