"""Files of use: all or nothing, known rows counted once, faults named by row."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.db import Database, write_transaction
from kernel.errors import DomainError
from kernel.identity import Role
from market.entitlements.rules import QuotaExhausted
from settlement.calls import commands as calls
from settlement.metering import commands
from settlement.metering.commands import Imported
from settlement.metering.model import UsageEvent, UsageTotal
from settlement.metering.rules import UsageRefused
from settlement.metering.sheets import UsageUnreadable
from tests.make import market
from tests.make import registry_base as base
from tests.make import settlement as make

MANY = 20_000


def rows_of(world: make.World, count: int, **cells: Any) -> list[dict[str, Any]]:
    """So many uses of the first product."""
    common = {"entitlement": world.scores_bought.number, "occurred_at": make.USED_AT.isoformat(), **cells}
    return [common | {"client_reference": f"r{number}"} for number in range(count)]


def bring_in(session: Session, content: bytes, name: str = "usage.csv") -> Imported:
    """Import a file."""
    return commands.import_usage(
        session, make.preparer(), place=base.PLACE, file_name=name, content=content, now=make.NOW
    )


def used(session: Session) -> int:
    """What is used up in all."""
    return session.scalar(sa.select(sa.func.coalesce(sa.func.sum(UsageTotal.used), 0))) or 0


@pytest.mark.both_databases
def test_many_uses_are_counted_and_settled(session: Session) -> None:
    world = make.make_world(session, quantity=MANY, dedup_days=7)
    rows = [
        row | {"subject": f"s{number % 9_000}", "occurred_at": str(make.USED_AT + timedelta(days=number % 20)),
               "subject_kind": "enterprise" if number % 3 else "person"}
        for number, row in enumerate(rows_of(world, MANY))
    ]  # fmt: skip
    assert bring_in(session, make.usage_file(rows)) == Imported(MANY, MANY, 0)
    run = make.prepare(session)
    assert run.totals["quantity"] == MANY
    assert 0 < run.totals["billable"] < MANY
    assert used(session) == MANY


@pytest.mark.both_databases
def test_known_rows_are_counted_and_not_doubled(session: Session) -> None:
    world = make.make_world(session)
    assert bring_in(session, make.usage_file(rows_of(world, 20))) == Imported(20, 20, 0)
    again = rows_of(world, 30) + rows_of(world, 5)
    assert bring_in(session, make.usage_file(again)) == Imported(35, 10, 25)
    assert used(session) == 30


@pytest.mark.both_databases
def test_a_file_with_a_bad_row_is_refused_as_a_whole_and_every_fault_is_named(session: Session) -> None:
    world = make.make_world(session)
    rows = rows_of(world, 6)
    rows[0]["entitlement"] = "ENT-2026-999999"
    rows[1]["occurred_at"] = "yesterday"
    rows[2]["quantity"] = "-1"
    rows[3]["occurred_at"] = "2026-06-01T08:00:00"
    rows[4] |= {"hit": "perhaps", "client_reference": "流水"}
    with pytest.raises(UsageRefused) as refused:
        bring_in(session, make.usage_file(rows))
    assert [(error["row"], error["field"]) for error in refused.value.errors] == [
        (1, "entitlement"), (2, "occurred_at"), (3, "quantity"), (4, "occurred_at"),
        (5, "client_reference"), (5, "hit"),
    ]  # fmt: skip
    assert used(session) == 0
    assert session.scalar(sa.select(sa.func.count()).select_from(UsageEvent)) == 0


def test_rows_beyond_the_quota_are_refused(session: Session) -> None:
    world = make.make_world(session)
    with pytest.raises(UsageRefused) as refused:
        bring_in(session, make.usage_file(rows_of(world, 203)))
    assert [error["row"] for error in refused.value.errors] == [201, 202, 203]


def test_a_use_that_found_nothing_uses_nothing_up(session: Session) -> None:
    world = make.make_world(session)
    bring_in(session, make.usage_file(rows_of(world, 5, hit="false")))
    assert used(session) == 0
    assert make.prepare(session).totals["gross"] == "0.00"


def test_json_lines_and_parquet_bring_the_same_as_csv(session: Session, tmp_path: Path) -> None:
    world = make.make_world(session)
    rows = rows_of(world, 12, quantity="2", hit="true")
    lines = "\n".join(json.dumps(row | {"quantity": 2, "hit": True}) for row in rows).encode()
    assert bring_in(session, lines, "usage.jsonl") == Imported(12, 12, 0)
    source, target = tmp_path / "usage.csv", tmp_path / "usage.parquet"
    source.write_bytes(make.usage_file(rows))
    duckdb.sql(f"COPY (SELECT entitlement, client_reference, occurred_at::TIMESTAMPTZ AS occurred_at, "
               f"quantity::INTEGER AS quantity, hit::BOOLEAN AS hit FROM read_csv('{source}', all_varchar = true)) "
               f"TO '{target}' (FORMAT parquet)")  # fmt: skip
    assert bring_in(session, target.read_bytes(), "usage.parquet") == Imported(12, 0, 12)
    assert used(session) == 24


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("usage.csv", b""),
        ("usage.csv", b"entitlement,occurred_at\nENT-1,2026-08-05\n"),
        ("usage.csv", b"entitlement,client_reference,occurred_at,price\nENT-1,1,2026-08-05,9\n"),
        ("usage.csv", b"entitlement,client_reference,occurred_at\nENT-1,1\n"),
        ("usage.csv", "entitlement,client_reference,occurred_at\n甲".encode("gb18030")),
        ("usage.jsonl", b'{"entitlement": '),
        ("usage.jsonl", b"[" * 100_000),
        ("usage.jsonl", b'{"entitlement": {}}'),
        ("usage.parquet", b"PAR1 and nothing else"),
    ],
)
def test_a_file_that_is_no_table_is_refused(session: Session, name: str, content: bytes) -> None:
    with pytest.raises(UsageUnreadable):
        bring_in(session, content, name)


@pytest.mark.both_databases
def test_callers_at_the_same_time_never_use_more_than_was_bought(database_url: str) -> None:
    database = Database(database_url)
    with database.new_session() as session, write_transaction(session):
        world = make.make_world(session, quantity=10)
        market.load_data(session, world.scores, [{"key": "k", "score": "1", "level": "A"}])
    caller, now = base.actor(Role.BUYER, org_id=world.buyer.org_id), datetime(2026, 8, 5, tzinfo=UTC)
    refused: list[DomainError] = []

    def call(worker: int) -> None:
        for step in range(5):
            try:
                with database.new_session() as opened, write_transaction(opened):
                    calls.record_use(
                        opened, caller, code=world.scores.code, key="k", reference=f"{worker % 5}-{step}", now=now,
                        book=make.LAW,
                    )  # fmt: skip
            except QuotaExhausted as refusal:
                refused.append(refusal)

    threads = [threading.Thread(target=call, args=(worker,)) for worker in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.new_session() as session:
        assert used(session) == 10
        assert session.scalar(sa.select(sa.func.count()).select_from(UsageEvent)) == 10
    assert refused
    database.engine.dispose()


def test_where_every_query_is_charged_a_miss_uses_up_the_quota_and_the_last_one_is_refused(session: Session) -> None:
    world = make.make_world(session, quantity=3, charges_misses=True)
    bring_in(session, make.usage_file(rows_of(world, 1, hit="false")))

    def call(reference: str) -> calls.Served:
        return calls.record_use(
            session, world.buyer, code=world.scores.code, key="unknown", reference=reference, now=make.NOW,
            book=make.LAW,
        )  # fmt: skip

    served = [call("one"), call("two")]
    assert [(one.hit, one.used, one.remaining) for one in served] == [(False, 2, 1), (False, 3, 0)]
    assert (call("two").repeated, used(session)) == (True, 3)
    with pytest.raises(QuotaExhausted):
        call("three")
    with pytest.raises(UsageRefused) as refused:
        bring_in(session, make.usage_file([rows_of(world, 1, hit="false")[0] | {"client_reference": "late"}]))
    assert refused.value.errors[0]["code"] == "usage.quota_exhausted"
