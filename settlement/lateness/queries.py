"""Reads of what came late: events stored after the settlement of their day was cut, and the one that takes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.calendar import Period
from kernel.errors import NotFound
from kernel.identity import Actor, Permission
from market.entitlements.model import Entitlement
from settlement.metering.model import UsageEvent
from settlement.runs.model import SettlementRun
from settlement.runs.rules import RunState


class NoSuchEvent(NotFound):
    """There is no such event, or none that the actor may know of."""

    code = "usage.event_not_found"


@dataclass(frozen=True, slots=True)
class Late:
    """What came late of one entitlement for one sealed settlement: how much, since when, and who takes it."""

    run: str
    period: Period
    entitlement: str
    events: int
    units: int
    first_at: datetime
    last_at: datetime
    taken_by: str | None  # the settlement whose delta it is; none: the next one


@dataclass(frozen=True, slots=True)
class Times:
    """The four times of an event, and the settlement that took it."""

    entitlement: str
    source: str | None
    client_reference: str
    used_at: datetime
    received_at: datetime
    stored_at: datetime
    billed_at: datetime | None
    billed_by: str | None
    is_late: bool  # another than the settlement of its day took it, or will


def sealed(session: Session, place: str) -> Sequence[SettlementRun]:
    """Return the sealed settlements of a place, by the order of their cuts."""
    query = sa.select(SettlementRun).where(SettlementRun.place == place, SettlementRun.state == RunState.SEALED)
    return session.scalars(query.order_by(SettlementRun.received_until, SettlementRun.period_start)).all()


def closed_before(session: Session, place: str) -> date | None:
    """Return the first day of a place that no sealed settlement covers; None where nothing is sealed."""
    query = sa.select(sa.func.max(SettlementRun.period_end)).where(
        SettlementRun.place == place, SettlementRun.state == RunState.SEALED
    )
    return session.scalar(query)


def late(session: Session, place: str) -> list[Late]:
    """Return what came late for each sealed settlement of a place, by settlement and entitlement.

    An event counts as late when it was stored after the cut of the settlement that covers its day. The first later
    settlement that was cut after it takes it: what is settled is always the whole use so far, less what was settled
    before, so nothing is left out and nothing is taken twice.
    """
    runs, found = sealed(session, place), list[Late]()
    for run in sorted(runs, key=lambda one: one.period_start):
        later = [one for one in runs if one.received_until > run.received_until and one.period_end > run.period_start]
        bounds = [run.received_until, *(one.received_until for one in later)]
        for index, after in enumerate(bounds):
            until = bounds[index + 1] if index + 1 < len(bounds) else None
            taken_by = later[index].number if until is not None else None
            found += _late_between(session, run, after, until, taken_by)
    return found


def _late_between(
    session: Session, run: SettlementRun, after: datetime, until: datetime | None, taken_by: str | None
) -> list[Late]:
    event, period = UsageEvent, Period(run.period_start, run.period_end)
    conditions = [
        event.place == run.place, event.day_number >= period.start.toordinal(),
        event.day_number < period.end.toordinal(), event.stored_at > after,
    ]  # fmt: skip
    if until is not None:
        conditions.append(event.stored_at <= until)
    query = (
        sa.select(
            Entitlement.number, sa.func.count(), sa.func.sum(event.quantity), sa.func.min(event.stored_at),
            sa.func.max(event.stored_at),
        )
        .join(Entitlement, Entitlement.id == event.entitlement_id)
        .where(*conditions)
        .group_by(Entitlement.number)
        .order_by(Entitlement.number)
    )  # fmt: skip
    return [
        Late(run.number, period, number, events, int(units), first, last, taken_by)
        for number, events, units, first, last in session.execute(query)
    ]


def times_of(session: Session, actor: Actor, event_id: UUID) -> Times:
    """Return the four times of an event; the last is the seal of the first settlement whose cut is after it.

    Raises:
        NoSuchEvent: there is none at a place whose settlements the actor may read.
    """
    query = (
        sa.select(UsageEvent, Entitlement.number)
        .join(Entitlement, Entitlement.id == UsageEvent.entitlement_id)
        .where(UsageEvent.id == event_id)
    )
    row = session.execute(query).one_or_none()
    if row is None or not actor.may(Permission.SETTLEMENT_READ, place=row[0].place):
        raise NoSuchEvent(f"没有使用事件 {event_id}，或不在您的职责范围内", detail_en=f"No usage event {event_id}")
    event, number = row
    day = date.fromordinal(event.day_number)
    covering = [run for run in sealed(session, event.place) if run.period_end > day]
    took = next((run for run in covering if run.received_until >= event.stored_at), None)
    own = next((run for run in covering if run.period_start <= day), None)
    return Times(
        number, event.source, event.client_reference, event.occurred_at, event.received_at, event.stored_at,
        took.sealed_at if took else None, took.number if took else None, own is not None and own is not took,
    )  # fmt: skip
