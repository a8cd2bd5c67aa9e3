"""A day counts as archived only when its file was read back and is the same; later damage is found and named."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.calendar import Period, business_date
from kernel.db import new_id
from kernel.errors import NotAllowed
from kernel.identity import Role
from settlement.metering.model import UsageEvent
from settlement.usage import checks, commands, gateway, queries
from settlement.usage.gateway import OPTION, Archive
from settlement.usage.model import ArchivedDay
from settlement.usage.rules import Engine
from tests.make import registry_base as base
from tests.make import settlement as make

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
