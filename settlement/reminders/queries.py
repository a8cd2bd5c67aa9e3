"""Which settlements of a place are due soon: derived from what is sealed and what the place says."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.audit import AuditLine
from kernel.calendar import CalendarGap, Period, WorkingCalendar, business_date
from kernel.policy import PolicyBook
from market.entitlements.model import Entitlement
from settlement.policy import SettlementPolicy
from settlement.reminders.rules import Due, due_day, following, is_time
from settlement.runs.model import SettlementRun
from settlement.runs.rules import RunState
from settlement.usage.queries import grace_hours
from settlement.usage.rules import grace_ends

MOMENT = timedelta(microseconds=1)
SUBJECT = "settlement_reminder"  # what the line of the audit log is about: a place and a period


def soon(session: Session, *, place: str, now: datetime, book: PolicyBook, calendar: WorkingCalendar) -> list[Due]:
    """Return the settlements of a place of which one is reminded by now, the earliest first.

    Nothing where the place says neither until when it settles nor how long before one is reminded.

    Args:
        session: the session to read with.
        place: whose settlements.
        now: the present moment.
        book: which says both in working days.
        calendar: which days are working days.
    """
    today, found = business_date(now), list[Due]()
    first = _first_open(session, place)
    for period in following(first, today) if first else ():
        ahead = SettlementPolicy.at(book, place, period.last_day).settlement_reminder_working_days
        try:
            due = due_of(place, period, book, calendar)
            if due is None or ahead is None:
                continue
            if is_time(today, due, ahead.integer(), calendar):
                found.append(Due(place, period, due))
        except CalendarGap:  # next year's holidays are not known yet, and are not guessed
            break
    return _with_told(session, found)


def due_of(place: str, period: Period, book: PolicyBook, calendar: WorkingCalendar) -> date | None:
    """Return the day by which a settlement is to be sealed; None where the place says none.

    Args:
        place: whose settlement.
        period: what it settles.
        book: which says in how many working days.
        calendar: which days are working days.

    Raises:
        CalendarGap: the day lies in a year without a holiday table.
    """
    days = SettlementPolicy.at(book, place, period.last_day).settlement_due_working_days
    if days is None:
        return None
    ends = grace_ends(period, grace_hours(book, place, period.last_day))
    last_intake = period.last_day if ends is None else max(period.last_day, business_date(ends - MOMENT))
    return due_day(last_intake, days.integer(), calendar)


def _first_open(session: Session, place: str) -> Period | None:
    """Return the first month that no sealed settlement covers; None where nothing was ever sold."""
    sealed_until: date | None = session.scalar(
        sa.select(sa.func.max(SettlementRun.period_end)).where(
            SettlementRun.place == place, SettlementRun.state == RunState.SEALED
        )
    )
    if sealed_until is not None:
        return Period.month_of(sealed_until)
    begun: date | None = session.scalar(
        sa.select(sa.func.min(Entitlement.valid_from)).where(Entitlement.place == place)
    )  # fmt: skip
    return None if begun is None else Period.month_of(begun)


def _with_told(session: Session, found: list[Due]) -> list[Due]:
    query = sa.select(AuditLine.object_id).where(
        AuditLine.object_type == SUBJECT, AuditLine.object_id.in_([one.name for one in found])
    )
    told = set(session.scalars(query))
    return [Due(one.place, one.period, one.due, one.name in told) for one in found]
