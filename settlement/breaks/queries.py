"""Reading breaks: whose they are, how old, and what happened to them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.calendar import WorkingCalendar
from kernel.errors import NotFound
from kernel.identity import ROLES_OF, Actor, Permission
from settlement.breaks.model import Break, BreakStep
from settlement.breaks.rules import BreakAct, BreakState, Owner
from settlement.matching.rules import Item, Kind

NAME_DAYS = 1  # working days within which somebody is named
CLOSE_DAYS = 5  # working days within which it is closed (A8)
BANDS = (("0–1", 0, 1), ("2–5", 2, 5), ("6–20", 6, 20), ("21+", 21, None))  # working days


class NoSuchBreak(NotFound):
    """There is no such break, or none that the actor may know of."""

    code = "break.not_found"


def facts_of(items: Sequence[Item]) -> list[dict[str, str]]:
    """Return items as they are kept in a break: words only, money in yuan."""
    return [
        {"side": one.side.value, "key": one.key, "flow": one.flow.value, "reference": one.reference,
         "amount": one.amount.text(), "currency": one.currency, "day": one.day.isoformat(), "fee": one.fee.text(),
         "net": one.net.text() if one.net is not None else "", "parent": one.parent, "batch": one.batch,
         "own": one.own, "order": one.order, "words": one.words}
        for one in items
    ]  # fmt: skip


def numbered(session: Session, numbers: Collection[str]) -> list[Break]:
    """Return the breaks with these numbers as they stand now, by number."""
    return list(session.scalars(sa.select(Break).where(Break.number.in_(numbers)).order_by(Break.number)))


def listed(
    actor: Actor, *, kind: Kind | None = None, owner: Owner | None = None, state: BreakState | None = None,
    place: str | None = None, older_than: date | None = None, is_open: bool | None = None, text: str = "",
) -> sa.Select[Break]:  # fmt: skip
    """Return the query of the breaks at the actor's places; ``older_than`` keeps those that began before that day."""
    reached = [
        sa.true() if grant.place is None else Break.place == grant.place
        for grant in actor.grants
        if grant.role in ROLES_OF[Permission.SETTLEMENT_READ]
    ]
    query = sa.select(Break).where(sa.or_(sa.false(), *reached))
    chosen = ((Break.kind, kind), (Break.owner, owner), (Break.state, state), (Break.place, place))
    for column, wanted in chosen:
        query = query if wanted is None else query.where(column == wanted)
    if older_than is not None:
        query = query.where(Break.since < older_than)
    if is_open is not None:
        query = query.where((Break.state != BreakState.CLOSED) == is_open)
    if text:
        query = query.where(sa.or_(Break.reference == text, Break.number == text, Break.order_number == text))
    return query


def visible(session: Session, actor: Actor, number: str) -> Break:
    """Return one break.

    Raises:
        NoSuchBreak: there is none that the actor may know of.
    """
    found = session.scalar(listed(actor).where(Break.number == number))
    if found is None:
        raise NoSuchBreak(f"没有编号为 {number} 的对账差异，或不在您的范围内", detail_en="No such break")
    return found


def locked(session: Session, actor: Actor, number: str) -> Break:
    """Return one break, locked and read afresh.

    Raises:
        NoSuchBreak: there is none that the actor may know of.
    """
    query = sa.select(Break).where(Break.id == visible(session, actor, number).id).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).one()


def steps(session: Session, break_id: UUID) -> Sequence[BreakStep]:
    """Return what happened to a break, the oldest first."""
    query = sa.select(BreakStep).where(BreakStep.break_id == break_id)
    return session.scalars(query.order_by(BreakStep.position)).all()


def waiting_proposal(session: Session, break_id: UUID) -> BreakStep | None:
    """Return the proposal that waits for the second person, or None."""
    last = sa.select(BreakStep).where(
        BreakStep.break_id == break_id,
        BreakStep.act.in_((BreakAct.PROPOSE, BreakAct.CONFIRM, BreakAct.REJECT, BreakAct.REOPEN)),
    )
    found = session.scalar(last.order_by(BreakStep.position.desc()).limit(1))
    return found if found is not None and found.act is BreakAct.PROPOSE else None


def workers(session: Session, break_id: UUID) -> list[UUID | None]:
    """Return who explained or proposed about a break since it was opened last."""
    found: list[UUID | None] = []
    for step in steps(session, break_id):
        if step.act is BreakAct.REOPEN:
            found = []
        elif step.act in (BreakAct.EXPLAIN, BreakAct.PROPOSE):
            found.append(step.actor_id)
    return found


def by_fingerprint(session: Session, place: str, fingerprints: Collection[str]) -> dict[str, Break]:
    """Return the breaks of a place with these fingerprints."""
    found: dict[str, Break] = {}
    wanted = sorted(fingerprints)
    for start in range(0, len(wanted), 500):
        query = sa.select(Break).where(Break.place == place, Break.fingerprint.in_(wanted[start : start + 500]))
        found |= {one.fingerprint: one for one in session.scalars(query)}
    return found


def unfinished(session: Session, place: str) -> Sequence[Break]:
    """Return the breaks of a place that are not closed, the oldest first."""
    query = sa.select(Break).where(Break.place == place, Break.state != BreakState.CLOSED)
    return session.scalars(query.order_by(Break.since, Break.number)).all()


def age(one: Break, today: date, calendar: WorkingCalendar) -> int:
    """Return the working days that a break has stood: until today, or until it was closed."""
    return calendar.working_days_between(one.since, today) if one.since < today else 0


def ageing(found: Sequence[Break], today: date, calendar: WorkingCalendar) -> Mapping[str, dict[Kind, int]]:
    """Return how many breaks of each kind are how old, by band of working days."""
    ages: dict[date, int] = {}
    counted: dict[str, dict[Kind, int]] = {label: {} for label, _, _ in BANDS}
    for one in found:
        days = ages.setdefault(one.since, age(one, today, calendar))
        label = next(label for label, low, high in BANDS if low <= days and (high is None or days <= high))
        counted[label][one.kind] = counted[label].get(one.kind, 0) + 1
    return counted
