"""Totals of use per entitlement and period, from the database or from the archive and what is not in it yet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.calendar import Period
from kernel.policy import PolicyBook
from settlement.metering.model import UsageEvent
from settlement.policy import SettlementPolicy
from settlement.usage import gateway
from settlement.usage.gateway import OPTION, ROWS_AT_ONCE, Archive
from settlement.usage.model import ArchivedDay
from settlement.usage.rules import Engine, Total, microseconds, must_be_intact, totals_text

Totals = dict[UUID, dict[str | None, Total]]
IN_DATABASE = Archive(Engine.DATABASE, Path())


@dataclass(frozen=True, slots=True)
class DayState:
    """One day of a place: how many events there are, how many of them in the archive, and in how many files."""

    day: date
    events: int
    archived: int
    parts: int
    archived_at: datetime | None


def archive_of(session: Session) -> Archive:
    """Return the archive and the engine that this process was started with."""
    found: Archive = session.get_bind().get_execution_options().get(OPTION, IN_DATABASE)
    return found


def totals(session: Session, *, place: str, period: Period, stored_until: datetime) -> Totals:
    """Return what was used of each entitlement of a place in a period, by kind of subject: the one way to ask it.

    Whatever engine answers, the totals are the same to the unit. Days that are not in the archive, and events that
    came after their day was archived, are always counted by the database.

    Args:
        session: the session to read with; its database knows the engine.
        place: whose entitlements.
        period: Beijing dates of the use.
        stored_until: events stored later are left out.

    Raises:
        ArchiveDamaged: a file of the archive is gone or was changed.
    """
    archive = archive_of(session)
    if archive.engine is Engine.DATABASE:
        return _merged([_counted(session, place, period, stored_until)])
    parts = archived(session, place, period)
    cuts: dict[datetime, list[int]] = {}
    for day, until in {one.day_number: one.stored_until for one in parts}.items():
        cuts.setdefault(until, []).append(day)
    rest = UsageEvent.day_number.not_in([day for days in cuts.values() for day in days])
    found = [_counted(session, place, period, stored_until, rest)]
    for until, days in cuts.items():
        late = sa.and_(UsageEvent.day_number.in_(days), UsageEvent.stored_at > until)
        found.append(_counted(session, place, period, stored_until, late))
    if parts:
        files = [archive.folder.joinpath(one.file_name) for one in parts]
        for one, file in zip(parts, files, strict=True):
            must_be_intact(one.file_name, gateway.digest_now(file), one.file_digest)
        cut = stored_until if any(one.stored_until > stored_until for one in parts) else None
        rows = gateway.ask(archive, files, totals_text(place, period, cut))
        found.append((UUID(key), kind, *numbers) for key, kind, *numbers in rows)
    return _merged(found)


def archived(session: Session, place: str, period: Period | None = None) -> Sequence[ArchivedDay]:
    """Return the files of the archive of a place, by day and part."""
    query = sa.select(ArchivedDay).where(ArchivedDay.place == place)
    if period is not None:
        first, end = period.start.toordinal(), period.end.toordinal()
        query = query.where(ArchivedDay.day_number >= first, ArchivedDay.day_number < end)
    return session.scalars(query.order_by(ArchivedDay.day_number, ArchivedDay.part)).all()


def days(session: Session, place: str, period: Period) -> list[DayState]:
    """Return the days of a period on which there was any use, with what of it is in the archive; newest first."""
    counted = (
        sa.select(UsageEvent.day_number, sa.func.count())
        .where(UsageEvent.place == place, *_within(period))
        .group_by(UsageEvent.day_number)
    )
    parts: dict[int, list[ArchivedDay]] = {}
    for one in archived(session, place, period):
        parts.setdefault(one.day_number, []).append(one)
    return [
        DayState(
            date.fromordinal(day), events, sum(one.events for one in parts.get(day, ())), len(parts.get(day, ())),
            max((one.archived_at for one in parts.get(day, ())), default=None),
        )
        for day, events in sorted(session.execute(counted), reverse=True)
    ]  # fmt: skip


def days_with_use(session: Session, place: str, before: date) -> list[int]:
    """Return the ordinals of the days before another on which anything of a place was used."""
    query = sa.select(UsageEvent.day_number).where(
        UsageEvent.place == place, UsageEvent.day_number < before.toordinal()
    )
    return list(session.scalars(query.distinct()))


def unarchived(session: Session, place: str, day: date, after: datetime | None, until: datetime) -> Iterator[list[Any]]:
    """Yield the events of a day stored in a span, as the archive writes them, in order of their id and in parts.

    Identifiers and moments are taken as the driver hands them out and written in one way: objects for each of them
    would take most of the time.
    """
    table = UsageEvent.__table__.c
    conditions = [table.place == place, table.day_number == day.toordinal(), table.stored_at <= until]
    if after is not None:
        conditions.append(table.stored_at > after)
    plain = [
        sa.type_coerce(column, sa.Text)
        for column in (table.id, table.entitlement_id, table.product_id, table.occurred_at, table.received_at,
                       table.stored_at, table.channel)
    ]  # fmt: skip
    query = sa.select(
        *plain, table.source, table.client_reference, table.quantity, table.subject_kind, table.subject, table.hit
    )
    is_text = session.get_bind().dialect.name == "sqlite"
    identity = cache(str if is_text else _hex)
    moment = cache(_microseconds_of_text if is_text else microseconds)
    streamed = query.where(*conditions).order_by(table.id).execution_options(stream_results=True)
    with session.execute(streamed) as rows:
        for part in rows.partitions(ROWS_AT_ONCE):
            yield [
                (key if is_text else _hex(key), identity(held), identity(product), source, reference, moment(used),
                 moment(received), moment(stored), quantity, kind, subject, hit, channel)
                for key, held, product, used, received, stored, channel, source, reference, quantity, kind, subject, hit
                in part
            ]  # fmt: skip
            moment.cache_clear()


def _hex(key: Any) -> str:
    return str(key.hex)


def _microseconds_of_text(at: str) -> int:
    return microseconds(datetime.fromisoformat(at).replace(tzinfo=UTC))


def counted_between(session: Session, place: str, day: date, after: datetime | None, until: datetime) -> Any:
    """Return how many events of a day were stored in a span, and their units."""
    conditions = [UsageEvent.place == place, UsageEvent.day_number == day.toordinal(), UsageEvent.stored_at <= until]
    if after is not None:
        conditions.append(UsageEvent.stored_at > after)
    query = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(UsageEvent.quantity), 0)).where(*conditions)
    events, units = session.execute(query).one()
    return int(events), int(units)


def grace_hours(book: PolicyBook, place: str, on: date) -> int | None:
    """Return for how long after a period its events may still come in; None where nothing is agreed."""
    found = SettlementPolicy.at(book, place, on).settlement_usage_grace_hours
    return None if found is None else found.integer()


def _within(period: Period) -> tuple[sa.ColumnElement[bool], ...]:
    first, end = period.start.toordinal(), period.end.toordinal()
    return UsageEvent.day_number >= first, UsageEvent.day_number < end


def _counted(
    session: Session, place: str, period: Period, stored_until: datetime, *conditions: sa.ColumnElement[bool]
) -> Iterator[tuple[Any, ...]]:
    event = UsageEvent
    query = (
        sa.select(
            event.entitlement_id, event.subject_kind, sa.func.count(), sa.func.sum(sa.case((event.hit, 1), else_=0)),
            sa.func.sum(event.quantity), sa.func.sum(sa.case((event.hit, event.quantity), else_=0)),
        )
        .where(event.place == place, *_within(period), event.stored_at <= stored_until, *conditions)
        .group_by(event.entitlement_id, event.subject_kind)
    )  # fmt: skip
    return iter(session.execute(query))


def _merged(parts: Any) -> Totals:
    found: Totals = {}
    for part in parts:
        for key, kind, *numbers in part:
            kinds = found.setdefault(key, {})
            kinds[kind] = kinds.get(kind, Total()) + Total(*map(int, numbers))
    return found
