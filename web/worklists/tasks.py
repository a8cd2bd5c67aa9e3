"""What a task is, and for whom tasks are looked up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from kernel.calendar import CalendarGap, WorkingCalendar, business_date
from kernel.identity import Actor, Role
from kernel.policy import PolicyBook

SHOWN_MAX = 50  # of one kind; the page of that kind shows the rest
COUNTED = timedelta(days=60)  # working days are counted so far ahead; beyond, the date says enough


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to do: what, on which record, since when, until when, by which rule."""

    kind: str
    what: str
    number: str
    title: str
    url: str
    place: str
    since: date | None = None
    due: date | None = None
    rule: str = ""
    note: str = ""
    is_paused: bool = False

    def is_overdue(self, today: date) -> bool:
        """Say whether it should have been done by now; a paused clock is never late."""
        return not self.is_paused and self.due is not None and today > self.due


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks at which moment, and what is needed to answer."""

    session: Session
    actor: Actor
    now: datetime
    book: PolicyBook
    calendar: WorkingCalendar

    @property
    def today(self) -> date:
        """The business date."""
        return business_date(self.now)

    def holds(self, *roles: Role) -> bool:
        """Say whether the person holds one of these roles anywhere."""
        return any(grant.role in roles for grant in self.actor.grants)

    def acting(self, *roles: Role) -> Actor:
        """Return the person with the grants of these roles alone, so that each desk shows what belongs to it."""
        return replace(self.actor, grants=tuple(grant for grant in self.actor.grants if grant.role in roles))

    def own(self, *roles: Role) -> list[UUID]:
        """Return the organisations for which the person holds one of these roles."""
        return sorted({grant.org_id for grant in self.actor.grants if grant.role in roles and grant.org_id}, key=str)

    def places(self, *roles: Role) -> list[str]:
        """Return the places at which the person holds one of these roles."""
        reached = self.acting(*roles).places()
        return [place for place in self.book.places() if reached is None or place in reached]

    def days_left(self, due: date | None) -> int | None:
        """Return the working days until a day; ``None`` when it is over, far away, or in a year without a table."""
        if due is None or due < self.today or due - self.today > COUNTED:
            return None
        try:
            return self.calendar.working_days_between(self.today, due)
        except CalendarGap:
            return None


def in_order(tasks: Iterable[Task]) -> list[Task]:
    """Return the tasks, those due first on top, those without a last day at the end, the oldest first."""
    return sorted(tasks, key=lambda task: (task.due or date.max, task.since or date.max, task.kind, task.number))
