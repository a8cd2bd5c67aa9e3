"""Counting use of platforms that count elsewhere, by the file or by the batch; single calls: settlement/calls.

A quota holds by a conditional UPDATE and a CHECK, a repetition by a unique index; neither rests on having looked.
Everything is taken in or nothing: events and sums are written under one savepoint, so a refusal leaves nothing behind.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from kernel import audit
from kernel.db import new_id
from kernel.identity import Actor, Permission
from settlement.metering import queries, sheets
from settlement.metering.queries import AlreadyKnown, New, Staged
from settlement.metering.rules import (
    Held,
    UsageRefused,
    Use,
    fault,
    faults_of,
    faults_of_quota,
    read_use,
)

FAULTS_SHOWN = 1000
BULK_BYTES = 1_000_000  # larger files are read by columns, and only what is odd in them row by row


@dataclass(frozen=True, slots=True)
class Imported:
    """What a file brought: new events, and those that were known already."""

    rows: int
    accepted: int
    duplicates: int


@dataclass(frozen=True, slots=True)
class _Batch:
    """What is handed in together: its place and name, when it reached us, and when it is written."""

    place: str
    name: str
    received_at: datetime
    now: datetime


def import_usage(
    session: Session,
    actor: Actor,
    *,
    place: str,
    file_name: str,
    content: bytes,
    now: datetime,
    source: str | None = None,
    received_at: datetime | None = None,
) -> Imported:
    """Count the uses of a file (CSV, JSON lines, Parquet): all of them or none; known ones are counted once.

    Args:
        session: the session to write with.
        actor: who brings them in.
        place: whose entitlements they are of.
        file_name: its ending tells the kind.
        content: the file.
        now: when the events are written.
        source: who counted them, where the rows do not say it; an event is unique by it and by its own number.
        received_at: when the file reached us, if not just now.

    Raises:
        NotAllowed: the actor does not bring in use at this place.
        UsageUnreadable: the file cannot be read.
        UsageRefused: rows are wrong; each is named with field and reason.
    """
    actor.must(Permission.USAGE_IMPORT, place=place)
    batch = _Batch(place, file_name, received_at or now, now)
    if len(content) >= BULK_BYTES:
        result = _import_by_columns(session, batch, content, source)
    else:
        read = (read_use(row, cells, source) for row, cells in sheets.read_rows(content, file_name))
        result = _take_in(session, batch, read)
    audit.record(
        session, actor, "usage.import", ("settlement_usage_file", hashlib.sha256(content).hexdigest()), at=now,
        note=file_name,
        detail={"place": place, "accepted": result.accepted, "duplicates": result.duplicates, "source": source},
    )  # fmt: skip
    return result


def take_in_events(
    session: Session,
    actor: Actor,
    *,
    place: str,
    source: str,
    events: Iterable[tuple[Use | None, list[dict[str, Any]]]],
    digest: str,
    now: datetime,
    received_at: datetime,
) -> Imported:
    """Count a batch of events that a platform sends: all of them or none; known ones are counted once.

    Args:
        session: the session to write with.
        actor: who sends them.
        place: whose entitlements they are of.
        source: who counted them; an event is unique by it and by its own number.
        events: the events as :func:`settlement.metering.rules.checked_use` returns them.
        digest: SHA-256 of what was sent, for the audit.
        now: when they are written.
        received_at: when they reached us.

    Raises:
        NotAllowed: the actor does not bring in use at this place.
        UsageRefused: events are wrong; each is named with field and reason.
    """
    actor.must(Permission.USAGE_IMPORT, place=place)
    result = _take_in(session, _Batch(place, source, received_at, now), events)
    audit.record(
        session, actor, "usage.take_in", ("settlement_usage_file", digest), at=now, note=source,
        detail={"place": place, "accepted": result.accepted, "duplicates": result.duplicates, "source": source},
    )  # fmt: skip
    return result


def _take_in(
    session: Session, batch: _Batch, read: Iterable[tuple[Use | None, list[dict[str, Any]]]]
) -> Imported:  # fmt: skip
    """Count uses one by one: what a request or a small file brings."""
    uses, faults = [], []
    for use, wrong in read:
        faults += wrong
        if use is not None:
            uses.append(use)
    held = queries.held_by_numbers(session, batch.place, {use.entitlement for use in uses})
    for use in uses:
        faults += faults_of(use, held.get(use.entitlement), batch.place, batch.now)
    _must_be_clean(faults, batch.name)
    try:
        with session.begin_nested():
            found = queries.write_uses(
                session, uses, held, place=batch.place, received_at=batch.received_at, stored_at=batch.now
            )
            beyond = _use_up(session, held, found)
            if beyond:
                new = [use for use in uses if held[use.entitlement].id in beyond]
                _must_be_clean(faults_of_quota(new, held, queries.taken(session, beyond)), batch.name)
            return Imported(len(uses), len(uses), 0)
    except AlreadyKnown:
        return _take_in_new(session, batch, uses, held)


def _take_in_new(session: Session, batch: _Batch, uses: Sequence[Use], held: Mapping[str, Held]) -> Imported:
    """Count those of the uses that are not known yet."""
    rows = [
        (use.row, new_id(), held[use.entitlement].id, use.source, use.reference, use.occurred_at, use.day.toordinal(),
         use.quantity, use.subject_kind, use.subject, use.hit)
        for use in uses
    ]  # fmt: skip
    with session.begin_nested():
        staged = queries.stage(session, rows)
        accepted = _count(session, batch, staged, held, len(uses), lambda wanted: _chosen(uses, wanted))
    return Imported(len(uses), accepted, len(uses) - accepted)


def _chosen(uses: Sequence[Use], wanted: set[int]) -> list[Use]:
    return [use for use in uses if use.row in wanted]


def _import_by_columns(session: Session, batch: _Batch, content: bytes, source: str | None) -> Imported:
    """Count the uses of a large file: read, checked and written by columns; the rules decide on whatever is odd."""
    with sheets.opened(content, batch.name, source) as sheet:
        faults: list[dict[str, Any]] = []
        for rows in sheet.odd_rows():
            read = [read_use(row, cells, source) for row, cells in rows]
            faults += [found for _, wrong in read for found in wrong]
            sheet.take_back([use for use, _ in read if use is not None])
        held = queries.held_by_numbers(session, batch.place, sheet.numbers())
        sheet.hold(held.values(), batch.now)
        for use in sheet.against_terms():
            faults += faults_of(use, held.get(use.entitlement), batch.place, batch.now)
        _must_be_clean(faults, batch.name)
        count = sheet.count()
        try:
            with session.begin_nested():
                _write_all(session, batch, sheet, held)
                return Imported(count, count, 0)
        except AlreadyKnown:
            with session.begin_nested():
                staged = queries.stage_file(session, sheet)
                accepted = _count(session, batch, staged, held, count, sheet.uses_of)
                return Imported(count, accepted, count - accepted)


def _write_all(session: Session, batch: _Batch, sheet: sheets.Columns, held: Mapping[str, Held]) -> None:
    """Write every event of a file, on the understanding that none is known, and add up what they use."""
    queries.write_file(session, sheet, place=batch.place, received_at=batch.received_at, stored_at=batch.now)
    beyond = _use_up(session, held, [New(*one) for one in sheet.sums()])
    if beyond:
        new = sheet.uses_of(sheet.rows_of(beyond))
        _must_be_clean(faults_of_quota(new, held, queries.taken(session, beyond)), batch.name)


def _use_up(session: Session, held: Mapping[str, Held], found: Iterable[New]) -> set[UUID]:
    by_id = {one.id: one for one in held.values()}
    units = {one.entitlement_id: by_id[one.entitlement_id].units(one.units, one.units_hit) for one in found}
    wanted = {key: count for key, count in units.items() if count}
    return queries.use_up(session, wanted, {key: by_id[key].quota for key in wanted})


def _count(
    session: Session, batch: _Batch, staged: Staged, held: Mapping[str, Held], rows: int,
    uses_of: Callable[[set[int]], list[Use]],
) -> int:  # fmt: skip
    """Write the events that are new and add up what they use; return how many were new."""
    found = queries.insert_new(session, staged, received_at=batch.received_at, stored_at=batch.now)
    accepted = sum(one.events for one in found)
    if accepted < rows:
        reused = queries.reused(session, staged)
        _must_be_clean(
            [fault(row, "client_reference", "reused", "流水号已用于另一次使用") for row in reused], batch.name
        )
    beyond = _use_up(session, held, found)
    if beyond:
        _must_be_clean(_over_quota(session, staged, held, beyond, uses_of), batch.name)
    queries.drop(session, staged)
    return accepted


def _over_quota(
    session: Session, staged: Staged, held: Mapping[str, Held], beyond: set[UUID],
    uses_of: Callable[[set[int]], list[Use]],
) -> list[dict[str, Any]]:  # fmt: skip
    """Return the rows that go beyond what was bought; the sums of these entitlements are locked by now."""
    numbers = {number: one for number, one in held.items() if one.id in beyond}
    new = uses_of(queries.rows_written(session, staged, beyond))
    return faults_of_quota(new, numbers, queries.taken(session, beyond))


def _must_be_clean(faults: list[dict[str, Any]], file_name: str) -> None:
    if faults:
        faults.sort(key=lambda found: int(found["row"]))
        raise UsageRefused(
            f"{file_name} 有 {len(faults)} 处问题，未导入任何一行；{faults[0]['message']}",
            detail_en=f"{len(faults)} fault(s) in {file_name}; nothing was imported",
            errors=faults[:FAULTS_SHOWN],
        )
