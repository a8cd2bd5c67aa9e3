"""Three engines, one answer: database, DuckDB and a Spark cluster count the same million events to the unit."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.calendar import Period
from settlement.usage import checks, commands, queries
from settlement.usage.gateway import OPTION, Archive, stop_spark
from settlement.usage.queries import Totals
from settlement.usage.rules import Engine, Total
from tests.make import market
from tests.make import registry_base as base
from tests.make import settlement as make

MILLION, LATE, HELD = 1_000_000, 1_000, 8
DAYS = (date(2026, 8, 3), date(2026, 8, 4), date(2026, 8, 5), date(2026, 8, 6))
STORED, LATER = datetime(2026, 8, 8, 2, 0, tzinfo=UTC), datetime(2026, 9, 5, 2, 0, tzinfo=UTC)
MONTH = Period.month("2026-08")
CLUSTER = "local-cluster[2,1,1024]"  # two worker processes with a core and a GiB each
LEAN = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"  # Java that starts soon, for a minute at most
QUICK = (("spark.driver.extraJavaOptions", LEAN), ("spark.executor.extraJavaOptions", LEAN))

# eight to a day in turn, a kind of subject for two of three, quantity 1 to 5, nothing found by every seventh
EVENTS = """INSERT INTO settlement_usage_event (id, place, entitlement_id, product_id, source, occurred_at, day_number,
    received_at, stored_at, client_reference, quantity, subject_kind, subject, hit, channel)
WITH RECURSIVE number(i) AS (SELECT :first UNION ALL SELECT i + 1 FROM number WHERE i + 1 < :end)
SELECT printf('%032x', i), h.place, h.id, h.product_id, 'platform', :used, :day + i / 8 % 4, :stored, :stored,
    'R' || i, 1 + i % 5, CASE i % 3 WHEN 0 THEN NULL WHEN 1 THEN 'person' ELSE 'enterprise' END, NULL, i % 7 <> 0,
    'import'
FROM number JOIN (SELECT *, row_number() OVER (ORDER BY number) - 1 AS turn FROM market_entitlement) h
    ON h.turn = i % 8"""


def expected(numbers: range) -> Total:
    """What the events come to, by plain arithmetic."""
    found = [i for i in numbers if i % 7]
    return Total(len(numbers), len(found), sum(1 + i % 5 for i in numbers), sum(1 + i % 5 for i in found))


def write_events(session: Session, first: int, end: int, stored: datetime) -> None:
    """Store events that platforms sent."""
    moment = f"{stored:%Y-%m-%d %H:%M:%S.%f}"
    sent = {"first": first, "end": end, "used": moment, "day": DAYS[0].toordinal(), "stored": moment}
    session.execute(sa.text(EVENTS), sent)


@pytest.fixture
def held(session: Session, tmp_path: Path) -> Iterator[Session]:
    """Eight entitlements, and an archive that is empty."""
    product = market.make_offer(session)
    for _ in range(HELD):
        market.make_entitlement(session, product, market.buyer_of(session))
    choose(session, Engine.DATABASE, tmp_path)
    yield session
    choose(session, Engine.DATABASE, Path())


def choose(session: Session, engine: Engine, folder: Path) -> None:
    """Let the database of this session be answered for by an engine."""
    session.get_bind().update_execution_options(**{OPTION: Archive(engine, folder, CLUSTER, QUICK)})  # type: ignore[union-attr]


@pytest.fixture
def cluster() -> Iterator[None]:
    """Whatever the test asks of Spark, the cluster is gone afterwards."""
    yield
    stop_spark()


def totals(session: Session, engine: Engine, folder: Path, period: Period = MONTH) -> Totals:
    """Ask one engine."""
    choose(session, engine, folder)
    return queries.totals(session, place=base.PLACE, period=period, stored_until=LATER)


def test_three_engines_count_a_million_events_to_the_same_unit(held: Session, tmp_path: Path, cluster: None) -> None:
    write_events(held, 0, MILLION, STORED)
    for day in DAYS[:3]:
        made = commands.archive_day(held, make.preparer(), place=base.PLACE, day=day, now=make.NOW)
        assert made is not None
        assert made.events == MILLION // len(DAYS)
    write_events(held, MILLION, MILLION + LATE, LATER)  # after their days were archived
    counted = totals(held, Engine.DATABASE, tmp_path)
    assert totals(held, Engine.DUCKDB, tmp_path) == counted
    assert totals(held, Engine.SPARK, tmp_path) == counted
    parts = [one for kinds in counted.values() for one in kinds.values()]
    assert sum(parts, Total()) == expected(range(MILLION + LATE))
    assert (len(counted), {len(kinds) for kinds in counted.values()}) == (HELD, {3})
    assert checks.run(held, base.PLACE) == []


def test_what_came_after_its_day_was_archived_is_written_into_a_further_part(held: Session, tmp_path: Path) -> None:
    write_events(held, 0, 4_000, STORED)
    person, day = make.preparer(), DAYS[0]
    first = commands.archive_day(held, person, place=base.PLACE, day=day, now=make.NOW)
    assert commands.archive_day(held, person, place=base.PLACE, day=day, now=make.NOW) is None
    write_events(held, 4_000, 5_000, LATER)
    second = commands.archive_day(held, person, place=base.PLACE, day=day, now=LATER + timedelta(hours=2))
    assert first is not None
    assert second is not None
    assert (first.part, first.events, second.part, second.events) == (1, 1_000, 2, 256)
    assert totals(held, Engine.DUCKDB, tmp_path) == totals(held, Engine.DATABASE, tmp_path)
    only = Period(day, day + timedelta(days=1))
    assert totals(held, Engine.DUCKDB, tmp_path, only) == totals(held, Engine.DATABASE, tmp_path, only)
    states = {one.day: (one.events, one.archived, one.parts) for one in queries.days(held, base.PLACE, MONTH)}
    assert states[day] == (1_256, 1_256, 2)
    assert states[DAYS[1]] == (1_248, 0, 0)


def test_events_stored_after_the_cut_are_left_out_by_every_engine(held: Session, tmp_path: Path) -> None:
    write_events(held, 0, 800, STORED)
    commands.archive_day(held, make.preparer(), place=base.PLACE, day=DAYS[0], now=make.NOW)
    for engine in (Engine.DATABASE, Engine.DUCKDB):
        choose(held, engine, tmp_path)
        asked = {"place": base.PLACE, "period": MONTH}
        assert queries.totals(held, **asked, stored_until=STORED - timedelta(microseconds=1)) == {}
        assert queries.totals(held, **asked, stored_until=STORED) != {}
