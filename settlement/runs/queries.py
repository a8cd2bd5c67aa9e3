"""Reads of settlements."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, Session

from kernel.calendar import Period, business_date
from kernel.errors import NotFound
from kernel.identity import ROLES_OF, Actor, Permission
from kernel.money import ZERO, Money
from kernel.policy import PolicyBook
from settlement.ledger.model import JournalEntry, JournalLine
from settlement.ledger.rules import Cause
from settlement.revenue.model import RevenueLine
from settlement.roots.rules import Sealed
from settlement.runs.model import SettlementRun
from settlement.runs.rules import RunState, must_be_over
from settlement.splits.model import ShareLine
from settlement.statements.model import Statement
from settlement.usage.queries import grace_hours
from settlement.usage.rules import cut_of_preview
from settlement.workings.queries import work_out


class NoSuchRun(NotFound):
    """There is no such settlement, or none that the actor may know of."""

    code = "settlement.run_not_found"


def preview(
    session: Session, actor: Actor, *, place: str, period: Period, now: datetime, book: PolicyBook
) -> dict[str, Any]:
    """Return the report of a settlement as it would be prepared, with the same cut; nothing is written.

    Raises:
        NotAllowed: the actor prepares no settlements of this place.
        PeriodNotOver: the period has not ended.
    """
    actor.must(Permission.SETTLEMENT_PREPARE, place=place)
    must_be_over(period, business_date(now))
    until = cut_of_preview(period, grace_hours(book, place, period.last_day), now)
    return work_out(session, place=place, period=period, received_until=until, book=book).report()


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


def neighbours(session: Session, place: str, period: Period) -> tuple[str | None, str | None]:
    """Return the number of an earlier settlement that is not sealed and of a later one that is, or None for each.

    Every settlement of the place is locked, in order of periods: two of them cannot be sealed at once (R4).
    """
    query = sa.select(SettlementRun.number, SettlementRun.period_start, SettlementRun.state)
    rows = session.execute(
        query.where(SettlementRun.place == place).order_by(SettlementRun.period_start).with_for_update()
    ).all()
    before = [number for number, start, state in rows if start < period.start and state is not RunState.SEALED]
    later = [number for number, start, state in rows if start >= period.end and state is RunState.SEALED]
    return (before[0] if before else None), (later[0] if later else None)


def sealed(run: SettlementRun) -> Sealed:
    """Return what the tree over a settlement needs of it."""
    return Sealed(run.id, run.number, run.place, run.period_start, run.period_end, run.report_sha256, run.inputs_sha256)


def tie_out(session: Session, run: SettlementRun) -> dict[str, Money]:
    """Return the four sums that must agree, read back from the database; each includes the tax.

    An entry of earned revenue carries the identity of its line of revenue.
    """
    own = sa.select(RevenueLine.id).where(RevenueLine.run_id == run.id)
    journal = _summed(session, JournalLine.amount, JournalLine.entry_id.in_(own), JournalLine.amount > ZERO)
    return _sums(session, run, journal)


def sealed_tie_out(session: Session, run: SettlementRun) -> dict[str, Money]:
    """Return the same four sums of a settlement that is sealed, found in the journal by what caused the entries."""
    period = Period(run.period_start, run.period_end)
    own = sa.select(JournalEntry.id).where(
        JournalEntry.cause == Cause.REVENUE_EARNED, JournalEntry.place == run.place,
        JournalEntry.entry_date == period.last_day,
        JournalEntry.cause_id.startswith(f"{run.place}/{run.period_start}/"),
    )  # fmt: skip
    journal = _summed(session, JournalLine.amount, JournalLine.entry_id.in_(own), JournalLine.amount > ZERO)
    return _sums(session, run, journal)


def _sums(session: Session, run: SettlementRun, journal: Money) -> dict[str, Money]:
    net = _summed(session, RevenueLine.net, RevenueLine.run_id == run.id)
    tax = _summed(session, RevenueLine.tax, RevenueLine.run_id == run.id)
    return {
        "收入（不含税＋税）": net + tax,
        "凭证": journal,
        "分配＋税": _summed(session, ShareLine.amount, ShareLine.run_id == run.id) + tax,
        "结算单＋税": _summed(session, Statement.total, Statement.run_id == run.id) + tax,
    }


def _summed(session: Session, column: InstrumentedAttribute[Money], *conditions: sa.ColumnElement[bool]) -> Money:
    found: Money | None = session.scalar(sa.select(sa.func.sum(column)).where(*conditions))
    return found or ZERO
