"""Counting use: one call at a time for the data plane, whole files for platforms that count elsewhere.

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
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from kernel import audit
from kernel.calendar import business_date
from kernel.db import new_id
from kernel.errors import DomainError
from kernel.identity import Actor, Permission
from kernel.policy import PolicyBook
from market.delivery.queries import look_up
from market.entitlements.model import Entitlement
from market.entitlements.queries import must_hold
from market.entitlements.rules import OutOfScope, QuotaExhausted, may_use
from settlement.metering import queries, sheets
from settlement.metering.model import UsageEvent, UsageTotal
from settlement.metering.queries import Candidate, NoEntitlement
from settlement.metering.rules import (
    Channel,
    ReferenceReused,
    UsageRefused,
    Use,
    fault,
    read_use,
    subject_digest,
)

FAULTS_SHOWN = 1000
EVENT_COLUMNS = (
    "place", "entitlement_id", "product_id", "received_at", "channel", "id", "occurred_at", "day_number",
    "client_reference", "quantity", "subject_kind", "subject", "hit",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Served:
    """What a call gets: the record or nothing found, and what is left."""

    entitlement: str
    hit: bool
    body: dict[str, Any] | None
    used: int
    remaining: int | None
    repeated: bool


@dataclass(frozen=True, slots=True)
class Imported:
    """What a file brought: new events, and those that were known already."""

    rows: int
    accepted: int
    duplicates: int


def record_use(
    session: Session,
    actor: Actor,
    *,
    code: str,
    key: str,
    reference: str,
    now: datetime,
    book: PolicyBook,
    scenario: str | None = None,
    entitlement: str | None = None,
) -> Served:
    """Serve one record of a product to the actor's organisation and count it, once per reference.

    A call that finds nothing is noted and uses nothing up (查得计费), unless the tariff charges every query (查询即计).

    Raises:
        NotAllowed: the actor may not call the data plane.
        NoSuchProduct: there is no such product.
        NoEntitlement: the organisation has bought nothing of it.
        WrongProduct: the named entitlement is not for it.
        Closed: the entitlement rests on something that does not hold now.
        OutOfTerm: its term does not cover today.
        OutOfScope: the declared scenario, or the kind of the subject, is not the agreed one.
        QuotaExhausted: nothing is left.
        ReferenceReused: the reference came with another key before.
    """
    actor.must(Permission.EXCHANGE_CALL, org_id=actor.org_id)
    if actor.org_id is None:
        raise NoEntitlement("只有购买单位可以调用；请使用本单位的访问密钥", detail_en="Call with a key of the buyer")
    found = queries.candidates(
        session, buyer_id=actor.org_id, code=code, reference=reference, now=now, book=book, number=entitlement
    )
    candidate = found[0] if found[0].event is not None else _usable(session, found, scenario, now, book)
    held = candidate.entitlement
    row = look_up(session, held.version_id, key)
    if candidate.event is not None:
        return _again(session, candidate, key, row.body if row else None, now, book)
    kind = row.subject_kind if row else None
    if held.subject_kind is not None and kind not in (None, held.subject_kind):
        raise OutOfScope(f"使用权 {held.number} 仅限“{held.subject_kind}”类对象", detail_en="another kind of subject")
    event = {
        "id": new_id(), "place": held.place, "entitlement_id": held.id, "product_id": held.product_id,
        "occurred_at": now, "day_number": business_date(now).toordinal(), "received_at": now,
        "client_reference": reference, "quantity": 1, "subject_kind": kind, "subject": subject_digest(kind, key),
        "hit": row is not None, "channel": Channel.EXCHANGE,
    }  # fmt: skip
    made = session.execute(
        _insert(session, UsageEvent).values(event).on_conflict_do_nothing().returning(UsageEvent.id)
    ).scalar_one_or_none()
    if made is None:  # the same call ran beside this one and was first
        return record_use(
            session, actor, code=code, key=key, reference=reference, now=now, book=book, entitlement=held.number
        )
    used = _use_up(session, held, 1) if row is not None or candidate.charges_misses else candidate.used
    audit.record(session, actor, "usage.record", ("settlement_usage_event", str(made)), at=now,
                 detail={"entitlement": held.number, "hit": row is not None})  # fmt: skip
    return Served(held.number, row is not None, row.body if row else None, used, _remaining(held, used), False)


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


def _usable(
    session: Session, found: Sequence[Candidate], scenario: str | None, now: datetime, book: PolicyBook
) -> Candidate:
    """Return the first entitlement that permits one more use; refuse with what stands against the first."""
    refusals: list[DomainError] = []
    for candidate in found:
        try:
            may_use(candidate.entitlement.terms, candidate.used, now, scenario=scenario)
            if not candidate.is_open:
                must_hold(session, candidate.entitlement, now, book=book)
        except DomainError as refusal:
            refusals.append(refusal)
        else:
            return candidate
    raise refusals[0]


def _again(
    session: Session, candidate: Candidate, key: str, body: dict[str, Any] | None, now: datetime, book: PolicyBook
) -> Served:
    event, held = candidate.event, candidate.entitlement
    assert event is not None
    if event.subject != subject_digest(event.subject_kind, key):
        raise ReferenceReused(
            f"Client-Reference {event.client_reference} 已用于另一次查询；新的查询请换新编号",
            detail_en="Use a new Client-Reference for a new question",
        )
    if not candidate.is_open:
        must_hold(session, held, now, book=book)
    shown = body if event.hit else None
    return Served(held.number, event.hit, shown, candidate.used, _remaining(held, candidate.used), True)


def _remaining(held: Entitlement, used: int) -> int | None:
    return None if held.quota is None else held.quota - used


def _insert(session: Session, table: type[UsageEvent] | type[UsageTotal]) -> Any:
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    return dialect.insert(table)


def _use_up(session: Session, held: Entitlement, units: int) -> int:
    """Add to what is used; the condition in the UPDATE keeps the quota, whoever else is adding."""
    raised = (
        sa.update(UsageTotal)
        .where(
            UsageTotal.entitlement_id == held.id,
            sa.or_(UsageTotal.quota.is_(None), UsageTotal.used + units <= UsageTotal.quota),
        )
        .values(used=UsageTotal.used + units)
        .returning(UsageTotal.used)
        .execution_options(synchronize_session=False)
    )
    used = session.execute(raised).scalar_one_or_none()
    if used is None:
        first = {"entitlement_id": held.id, "used": 0, "quota": held.quota}
        session.execute(_insert(session, UsageTotal).values(first).on_conflict_do_nothing())
        used = session.execute(raised).scalar_one_or_none()
    if used is None:
        raise QuotaExhausted(f"使用权 {held.number} 共 {held.quota}，不足本次 {units}；请续购",
                             detail_en=f"{held.number}: less than {units} left")  # fmt: skip
    return int(used)


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
        session.execute(_insert(session, UsageTotal).on_conflict_do_nothing(), rows)
    found: dict[UUID, int] = {}
    for one in ordered:
        query = sa.select(UsageTotal.used).where(UsageTotal.entitlement_id == one.id).with_for_update()
        found[one.id] = session.execute(query).scalar_one()
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
