"""Whenever the process dies while a month is closed, the next one closes it as if nothing had happened."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel import audit
from kernel.calendar import Period
from kernel.db import Database
from settlement.closing import commands
from settlement.closing.model import Closing
from settlement.closing.rules import ClosingState
from tests.make import registry_base as base
from tests.make import registry_products as registry
from tests.make import settlement as make
from tests.rig import sizes
from tests.rig.databases import Databases
from tests.rig.dying import dies_at, do, points_of, sampled

JULY = Period.month("2026-07")
POINTS_MIN, POINTS_MAX = 20, 2 * sizes.of("F1")


def ready(session: Session) -> None:
    """July is settled and somebody has begun to close it."""
    make.make_world(session)
    make.settle(session, period=JULY)
    session.flush()
    audit.seal(session, now=make.NOW, before=make.NOW.replace(year=2030))
    commands.start(session, make.preparer(), place=base.PLACE, period=JULY, now=make.NOW,
                   calendar=registry.calendar(), book=make.LAW)  # fmt: skip


def close(session: Session) -> None:
    """Close July."""
    commands.close(session, make.checker(), place=base.PLACE, period=JULY, now=make.NOW,
                   calendar=registry.calendar())  # fmt: skip


def standing(database: Database) -> tuple[Any, ...]:
    """What stands of the closing."""
    with database.new_session() as session:
        found = session.execute(
            sa.select(Closing.state, Closing.balances_sha256, Closing.last_voucher, Closing.version)
        ).one()
    database.engine.dispose()
    return tuple(found)


@pytest.mark.soak
@pytest.mark.both_databases
def test_a_closing_survives_death_at_any_statement(databases: Databases, database_kind: str) -> None:
    urls = {name: databases.fresh(database_kind) for name in ("undisturbed", "killed")}
    opened = {name: Database(url) for name, url in urls.items()}
    for database in opened.values():
        do(database, ready)
    do(opened["undisturbed"], close)
    killed = opened["killed"]
    before, points = standing(killed), points_of(killed, close)
    assert before[0] is ClosingState.CLOSING
    assert points > POINTS_MIN
    for point in sampled(points, POINTS_MAX):
        assert standing(killed) == before  # nothing is left of whoever died before
        assert dies_at(killed, close, point)
    assert standing(killed) == standing(opened["undisturbed"])
    for url in urls.values():
        databases.discard(url)
