"""The reminder itself: written down once for each place and period; the desk of the finance people shows it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from kernel import audit
from kernel.calendar import WorkingCalendar
from kernel.identity import Actor, Permission
from kernel.policy import PolicyBook
from settlement.reminders import queries
from settlement.reminders.rules import Due


def remind(
    session: Session, actor: Actor, *, place: str, now: datetime, book: PolicyBook, calendar: WorkingCalendar
) -> list[Due]:
    """Remind of every settlement of a place that is due soon and was not reminded of; return them.

    Safe to run again at any time: each place and period is reminded of once.

    Raises:
        NotAllowed: the actor does not follow the settlements of the place.
    """
    actor.must(Permission.SETTLEMENT_FOLLOW, place=place)
    found = queries.soon(session, place=place, now=now, book=book, calendar=calendar)
    new = [one for one in found if not one.is_told]
    for one in new:
        audit.record(
            session, actor, "settlement.remind", (queries.SUBJECT, one.name), at=now, note=one.name,
            detail={"due": one.due.isoformat()},
        )  # fmt: skip
    return new
