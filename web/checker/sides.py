"""Digests that reconciliations, payouts and archives are kept under, made a second time from the rows."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from web.checker.digests import digest

MICROSECOND = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ROWS_AT_ONCE = 2_000


def joined(parts: Iterable[object]) -> str:
    """Return the SHA-256 over parts that a separator keeps apart."""
    return hashlib.sha256("\x1f".join(str(part) for part in parts).encode()).hexdigest()


def facts_digest(facts: Sequence[Mapping[str, Any]]) -> str:
    """Return the digest of the facts of a break, each by its names in order."""
    return joined(sorted(fact.items()) for fact in facts)


PAYOUTS = """SELECT b.number AS batch, b.sha256, p.id, p.number, p.statement_id, p.party_id, p.destination,
        p.account_id, a.sealed_number AS account_number, p.gross, p.netted, p.amount
    FROM settlement_payout_batch b JOIN settlement_payout p ON p.batch_id = b.id
    JOIN settlement_payee_account a ON a.id = p.account_id ORDER BY b.number, p.number"""
ITEMS = """SELECT i.payout_id, i.order_number, i.account, i.amount FROM settlement_payout_item i"""


def payout_batches(connection: sa.Connection) -> list[str]:
    """Find batches of payouts that are not what was prepared, checked and sent."""
    items: dict[str, list[list[Any]]] = {}
    for payout, order, account, amount in connection.execute(sa.text(ITEMS)):
        items.setdefault(_id(payout), []).append([order, account, amount])
    found = []
    rows = connection.execute(sa.text(PAYOUTS)).mappings().all()
    for (number, sha), own in groupby(rows, lambda row: (row["batch"], row["sha256"])):
        content = [
            [one["number"], _id(one["statement_id"]), _id(one["party_id"]), one["destination"], _id(one["account_id"]),
             one["account_number"], one["gross"], one["netted"], one["amount"], sorted(items.get(_id(one["id"]), []))]
            for one in own
        ]  # fmt: skip
        if digest(content) != sha:
            found.append(f"REV-05 拨付批次与编制时的摘要不符：{number}")
    return found


def _id(value: Any) -> str:
    return str(value if isinstance(value, UUID) else UUID(str(value)))


# an event is of the part of its day up to whose moment it was stored, and of no earlier one
ARCHIVED = """SELECT a.id AS part_id, a.place, a.day_number, a.part, a.events, a.units, a.digest, e.id,
        e.entitlement_id, e.product_id, e.source, e.client_reference, e.occurred_at, e.received_at, e.stored_at,
        e.quantity, e.subject_kind, e.subject, e.hit, e.channel
    FROM (SELECT id, place, day_number, part, events, units, digest, stored_until, lag(stored_until)
            OVER (PARTITION BY place, day_number ORDER BY part) AS after FROM settlement_archived_day) a
    LEFT JOIN settlement_usage_event e ON e.place = a.place AND e.day_number = a.day_number
        AND e.stored_at <= a.stored_until AND (a.after IS NULL OR e.stored_at > a.after)
    ORDER BY a.place, a.day_number, a.part, e.id"""


def archives(connection: sa.Connection) -> Iterator[str]:
    """Yield archived days that are not what the database holds: count, units, digest over every event."""
    encode = msgspec.json.Encoder().encode
    rows = connection.execute(sa.text(ARCHIVED), execution_options={"yield_per": ROWS_AT_ONCE})
    for _, own in groupby(rows, lambda row: row.part_id):
        events, units, running, first = 0, 0, hashlib.sha256(), None
        for row in own:
            first = row
            if row.id is not None:
                events, units = events + 1, units + row.quantity
                running.update(encode(_event(row)) + b"\n")
        if first is not None and (events, units, running.hexdigest()) != (first.events, first.units, first.digest):
            words = f"{first.place} / {date.fromordinal(first.day_number)} / 第 {first.part} 份"
            yield (f"C6 归档的用量与数据库不符：{words}：归档 {first.events} 条、{first.units} 个单位，"
                   f"数据库 {events} 条、{units} 个单位")  # fmt: skip


def _event(row: Any) -> tuple[Any, ...]:
    return (
        _hex(row.id), _hex(row.entitlement_id), _hex(row.product_id), row.source, row.client_reference,
        _microseconds(row.occurred_at), _microseconds(row.received_at), _microseconds(row.stored_at), row.quantity,
        row.subject_kind, row.subject, bool(row.hit), row.channel,
    )  # fmt: skip


def _hex(value: Any) -> str:
    return value.hex if isinstance(value, UUID) else str(value)


def _microseconds(value: Any) -> int:
    at = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return ((at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)) - EPOCH) // MICROSECOND


SIDE_READERS: tuple[Callable[[sa.Connection], Iterable[str]], ...] = (payout_batches, archives)
