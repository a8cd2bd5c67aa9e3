"""Reads of closings."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.calendar import Period
from kernel.errors import NotFound
from kernel.identity import ROLES_OF, Actor, Permission
from settlement.closing.model import Closing
from settlement.closing.rules import ClosingState


class NoSuchClosing(NotFound):
    """Nobody has started to close this month, or not within the actor's reach."""

    code = "book_closing.not_found"


def listed(actor: Actor, *, place: str | None = None) -> sa.Select[Closing]:
    """Return the query of the closings of the actor's places."""
    reached = [
        sa.true() if grant.place is None else Closing.place == grant.place
        for grant in actor.grants
        if grant.role in ROLES_OF[Permission.SETTLEMENT_READ]
    ]
    query = sa.select(Closing).where(sa.or_(sa.false(), *reached))
    return query if place is None else query.where(Closing.place == place)


def of_month(session: Session, place: str, period: Period, *, lock: bool = False) -> Closing | None:
    """Return the closing of a month, locked on demand, or None."""
    query = sa.select(Closing).where(Closing.place == place, Closing.period_start == period.start)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return session.scalar(query)


def next_period(session: Session, place: str) -> Period | None:
    """Return the month of a book that is to be closed next; None before the first closing."""
    query = sa.select(Closing).where(Closing.place == place).order_by(Closing.period_start.desc()).limit(1)
    newest = session.scalar(query)
    if newest is None:
        return None
    return Period.month_of(newest.period_end if newest.state is ClosingState.CLOSED else newest.period_start)


def visible(session: Session, actor: Actor, place: str, period: Period) -> Closing:
    """Return the closing of a month.

    Raises:
        NoSuchClosing: nobody has started it, or the actor may not know of it.
    """
    found = session.scalar(listed(actor, place=place).where(Closing.period_start == period.start))
    if found is None:
        raise NoSuchClosing(
            f"{place} {period.text()} 没有结账记录，或不在您的职责范围内", detail_en=f"No closing of {period.text()}"
        )
    return found
