"""Counting use of platforms that count elsewhere, by the file; single calls are counted in settlement/calls.

A quota holds by a conditional UPDATE and a CHECK, a repetition by a unique index; neither rests on having looked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel import audit
from kernel.db import new_id
from kernel.identity import Actor, Permission
from market.entitlements.model import Entitlement
from market.entitlements.rules import QuotaExhausted
from settlement.metering import queries, sheets
from settlement.metering.model import UsageEvent, UsageTotal
from settlement.metering.rules import (
    Channel,
    UsageRefused,
    Use,
    fault,
    read_use,
)

FAULTS_SHOWN = 1000
EVENT_COLUMNS = (
    "place", "entitlement_id", "product_id", "received_at", "channel", "id", "occurred_at", "day_number",
    "client_reference", "quantity", "subject_kind", "subject", "hit",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Imported:
    """What a file brought: new events, and those that were known already."""

    rows: int
    accepted: int
    duplicates: int


def import_usage(
    session: Session, actor: Actor, *, place: str, file_name: str, content: bytes, now: datetime
) -> Imported:
    """Count the uses of a file (CSV, JSON lines, Parquet): all of them or none; known ones are counted once.

    Raises:
        NotAllowed: the actor does not bring in use at this place.
        UsageUnreadable: the file cannot be read.
        UsageRefused: rows are wrong; each is named with field and reason.
    """
    actor.must(Permission.USAGE_IMPORT, place=place)
    uses, faults = [], []
    for row, cells in sheets.read_rows(content, file_name):
        use, wrong = read_use(row, cells)
        faults += wrong
        if use is not None:
            uses.append(use)
    held = queries.by_numbers(session, place, (use.entitlement for use in uses))
    for use in uses:
        faults += _faults_of(use, held.get(use.entitlement), place, now)
    _must_be_clean(faults, file_name)
    totals = _lock_totals(session, list(held.values()))
    new = _new_uses(session, uses, held)
    counted = _counted(new, queries.charging_misses(session, held))
    faults = _over_quota(counted, held, totals)
    _must_be_clean(faults, file_name)
    _insert_events(session, new, held, now)
    for number, units in sorted(_units(counted).items()):
        _use_up(session, held[number], units)
    result = Imported(len(uses), len(new), len(uses) - len(new))
    audit.record(
        session, actor, "usage.import", ("settlement_usage_file", hashlib.sha256(content).hexdigest()), at=now,
        note=file_name, detail={"place": place, "accepted": result.accepted, "duplicates": result.duplicates},
    )  # fmt: skip
    return result


def _use_up(session: Session, held: Entitlement, units: int) -> None:
    if session.execute(queries.using_up(held.id, units)).scalar_one_or_none() is None:
        raise QuotaExhausted(f"使用权 {held.number} 共 {held.quota}，不足本次 {units}；请续购",
                             detail_en=f"{held.number}: less than {units} left")  # fmt: skip


def _faults_of(use: Use, held: Entitlement | None, place: str, now: datetime) -> list[dict[str, Any]]:
    if held is None:
        return [fault(use.row, "entitlement", "unknown_entitlement", f"{place} 没有使用权 {use.entitlement}")]
    found = []
    if use.occurred_at > now:
        found.append(fault(use.row, "occurred_at", "in_the_future", "发生时间晚于现在"))
    if not held.valid_from <= use.day <= held.valid_until:
        words = f"{use.day} 不在使用权 {held.number} 的期限 {held.valid_from} 至 {held.valid_until} 内"
        found.append(fault(use.row, "occurred_at", "out_of_term", words))
    if held.subject_kind is not None and use.subject_kind not in (None, held.subject_kind):
        words = f"使用权 {held.number} 仅限“{held.subject_kind}”类对象"
        found.append(fault(use.row, "subject_kind", "out_of_scope", words))
    return found


def _must_be_clean(faults: list[dict[str, Any]], file_name: str) -> None:
    if faults:
        faults.sort(key=lambda found: int(found["row"]))
        raise UsageRefused(
            f"{file_name} 有 {len(faults)} 处问题，未导入任何一行；{faults[0]['message']}",
            detail_en=f"{len(faults)} fault(s) in {file_name}; nothing was imported",
            errors=faults[:FAULTS_SHOWN],
        )


def _lock_totals(session: Session, held: list[Entitlement]) -> dict[UUID, int]:
    """Make and lock the sums, in order of id: two files never wait for each other crosswise."""
    ordered = sorted(held, key=lambda one: one.id)
    rows = [{"entitlement_id": one.id, "used": 0, "quota": one.quota} for one in ordered]
    if rows:
        session.execute(queries.inserting(session, UsageTotal).on_conflict_do_nothing(), rows)
    found: dict[UUID, int] = {}
    for one in ordered:
        taken = sa.select(UsageTotal.used + UsageTotal.reserved).where(UsageTotal.entitlement_id == one.id)
        found[one.id] = session.execute(taken.with_for_update()).scalar_one()
    return found


def _new_uses(session: Session, uses: Sequence[Use], held: Mapping[str, Entitlement]) -> list[Use]:
    references: dict[str, list[str]] = {}
    for use in uses:
        references.setdefault(use.entitlement, []).append(use.reference)
    known = {
        (number, reference)
        for number, asked in references.items()
        for reference in queries.references_known(session, held[number].id, asked)
    }
    new = []
    for use in uses:
        if (use.entitlement, use.reference) not in known:
            known.add((use.entitlement, use.reference))
            new.append(use)
    return new


def _counted(new: Sequence[Use], charging_misses: Collection[str]) -> list[Use]:
    """Return the uses that use up the quota: what found something, and every query where the tariff says so."""
    return [use for use in new if use.hit or use.entitlement in charging_misses]


def _units(counted: Sequence[Use]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for use in counted:
        sums[use.entitlement] = sums.get(use.entitlement, 0) + use.quantity
    return sums


def _over_quota(
    counted: Sequence[Use], held: Mapping[str, Entitlement], totals: Mapping[UUID, int]
) -> list[dict[str, Any]]:
    sums = {number: totals[one.id] for number, one in held.items()}
    faults = []
    for use in counted:
        quota = held[use.entitlement].quota
        sums[use.entitlement] += use.quantity
        if quota is not None and sums[use.entitlement] > quota:
            words = f"使用权 {use.entitlement} 共 {quota}，到本行为止为 {sums[use.entitlement]}"
            faults.append(fault(use.row, "quantity", "quota_exhausted", words))
    return faults


def _insert_events(session: Session, new: Sequence[Use], held: Mapping[str, Entitlement], now: datetime) -> None:
    """Write the events without objects: COPY on PostgreSQL, one prepared statement on SQLite."""
    rows = _event_rows(session.get_bind().dialect, new, held, now)
    names = ", ".join(EVENT_COLUMNS)
    table = UsageEvent.__tablename__
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        cursor = connection.connection.cursor()
        with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        return
    marks = ", ".join("?" for _ in EVENT_COLUMNS)
    filled = list(rows)
    if filled:
        connection.exec_driver_sql(f"INSERT INTO {table} ({names}) VALUES ({marks})", filled)  # noqa: S608 — own names


def _event_rows(
    dialect: sa.Dialect, new: Sequence[Use], held: Mapping[str, Entitlement], now: datetime
) -> Iterator[tuple[Any, ...]]:
    """Yield the events as the driver takes them, in the order of ``EVENT_COLUMNS``; what repeats is bound once."""
    bind = {
        column.name: column.type.dialect_impl(dialect).bind_processor(dialect) or _as_it_is
        for column in UsageEvent.__table__.columns
    }
    of = {
        number: (
            bind["place"](one.place), bind["entitlement_id"](one.id), bind["product_id"](one.product_id),
            bind["received_at"](now), bind["channel"](Channel.IMPORT),
        )
        for number, one in held.items()
    }  # fmt: skip
    identity, moment, truth = bind["id"], bind["occurred_at"], bind["hit"]
    for use in new:
        yield (
            *of[use.entitlement], identity(new_id()), moment(use.occurred_at), use.day.toordinal(), use.reference,
            use.quantity, use.subject_kind, use.subject, truth(use.hit),
        )  # fmt: skip


def _as_it_is(value: Any) -> Any:
    return value
