"""A day counts as archived only when its file was read back and is the same; later damage is found and named."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from kernel import db
from kernel.calendar import Period, business_date, start_of_day
from kernel.db import new_id
from kernel.errors import NotAllowed
from kernel.identity import Role
from settlement.metering.model import UsageEvent
from settlement.usage import checks, commands, gateway, queries
from settlement.usage.gateway import OPTION, Archive
from settlement.usage.model import ArchivedDay
from settlement.usage.rules import ArchiveDamaged, ArchiveDiffers, Engine, archived_before
from tests.make import registry_base as base
from tests.make import settlement as make
from web.scheduling import Turn
from web.timetable import JOBS

DAY = business_date(make.USED_AT)
LATER = make.NOW + timedelta(hours=2)


@pytest.fixture
def used(session: Session, tmp_path: Path) -> Session:
    """A day with 60 uses of two entitlements, some of which found nothing."""
    world = make.make_world(session)
    session.get_bind().update_execution_options(**{OPTION: Archive(Engine.DUCKDB, tmp_path)})  # type: ignore[union-attr]
    make.use(session, world.scores_bought, 40, subject='甲, "乙"', subject_kind="enterprise", quantity=2)
    make.use(session, world.levels_bought, 15)
    make.use(session, world.levels_bought, 5, prefix="missed", hit="false")
    return session


def archive(session: Session) -> ArchivedDay | None:
    """Archive the day."""
    return commands.archive_day(session, make.preparer(), place=base.PLACE, day=DAY, now=LATER)


@pytest.mark.both_databases
def test_a_day_is_archived_with_count_units_and_digest_and_its_rows_stay(used: Session, tmp_path: Path) -> None:
    made = archive(used)
    assert made is not None
    assert (made.events, made.units, made.part) == (60, 100, 1)
    path = tmp_path / made.file_name
    assert path.parts[-3:-1] == (f"place={base.PLACE}", f"day={DAY}")
    assert made.file_digest == gateway.digest_of(path)
    assert used.scalar(sa.select(sa.func.count()).select_from(UsageEvent)) == 60
    assert checks.run(used, base.PLACE) == []
    assert list(tmp_path.rglob("*.draft")) == []


@pytest.mark.both_databases
def test_the_archive_answers_as_the_database_does(used: Session, tmp_path: Path) -> None:
    archive(used)
    asked = {"place": base.PLACE, "period": Period(DAY, DAY + timedelta(days=1)), "stored_until": LATER}
    from_archive = queries.totals(used, **asked)
    used.get_bind().update_execution_options(**{OPTION: Archive(Engine.DATABASE, tmp_path)})  # type: ignore[union-attr]
    assert from_archive == queries.totals(used, **asked)
    assert sorted((one.calls, one.hits, one.units, one.units_hit) for kinds in from_archive.values()
                  for one in kinds.values()) == [(20, 15, 20, 15), (40, 40, 80, 80)]  # fmt: skip


@pytest.mark.breaks_the_books
def test_a_file_that_was_changed_or_removed_is_named(used: Session, tmp_path: Path) -> None:
    made = archive(used)
    assert made is not None
    path = tmp_path / made.file_name
    path.write_bytes(path.read_bytes()[:-1] + b"0")
    assert [f"{DAY}" in finding and "已被改动" in finding for finding in checks.run(used, base.PLACE)] == [True]
    path.unlink()
    assert ["不存在" in finding for finding in checks.run(used, base.PLACE)] == [True]


@pytest.mark.breaks_the_books
def test_nothing_is_counted_by_a_file_that_was_changed_or_is_gone(used: Session, tmp_path: Path) -> None:
    made = archive(used)
    assert made is not None
    asked = {"place": base.PLACE, "period": Period(DAY, DAY + timedelta(days=1)), "stored_until": LATER}
    assert queries.totals(used, **asked)
    path = tmp_path / made.file_name
    path.write_bytes(path.read_bytes()[:-1] + b"0")
    with pytest.raises(ArchiveDamaged, match="已被改动"):
        queries.totals(used, **asked)
    path.unlink()
    with pytest.raises(ArchiveDamaged, match="不存在"):
        queries.totals(used, **asked)


def test_a_day_is_archived_only_when_the_time_for_late_events_is_over() -> None:
    period = Period.month("2026-08")
    ends = start_of_day(period.end) + timedelta(hours=48)
    for grace, now, before in ((None, ends, period.end), (48, ends, period.end),
                               (48, ends - timedelta(seconds=1), period.start)):  # fmt: skip
        assert archived_before(period.end, period, grace, now) == before


@pytest.mark.breaks_the_books
def test_the_job_archives_sealed_months_once_and_fails_while_a_file_is_wrong(app: Flask, tmp_path: Path) -> None:
    (job,) = [one for one in JOBS if one.name == "usage.archive"]
    with app.app_context():
        with db.transaction() as session:
            session.get_bind().update_execution_options(  # type: ignore[union-attr]
                **{OPTION: Archive(Engine.DATABASE, tmp_path)}
            )
            make.use(session, make.make_world(session).scores_bought, 3)
        assert job.alone is not None
        turn = Turn(LATER, job.cadence.slot(LATER))
        assert job.alone(turn) == "归档 0 个文件，此前的均与数据库一致"  # the month is not sealed
        with db.transaction() as session:
            make.settle(session)
        assert [job.alone(turn)[:4] for _ in range(2)] == ["归档 1", "归档 0"]
        next(tmp_path.rglob("*.parquet")).unlink()
        with pytest.raises(ArchiveDiffers, match="不存在"):
            job.alone(turn)


def test_an_event_that_slipped_in_behind_the_archive_is_found(used: Session) -> None:
    archive(used)
    event = used.scalars(sa.select(UsageEvent).limit(1)).one()
    twin = {column.key: getattr(event, column.key) for column in UsageEvent.__table__.columns}
    used.execute(sa.insert(UsageEvent), [twin | {"id": new_id(), "client_reference": "slipped"}])
    assert ["有 61 条" in finding for finding in checks.run(used, base.PLACE)] == [True]


def test_only_who_prepares_settlements_there_archives(used: Session) -> None:
    stranger = base.actor(Role.FINANCE_PREPARER, place="futian")
    with pytest.raises(NotAllowed):
        commands.archive_day(used, stranger, place=base.PLACE, day=DAY, now=LATER)
