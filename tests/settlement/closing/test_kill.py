"""Whenever the process dies while a month is closed, the next one closes it as if nothing had happened."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import Session

from kernel import audit
from kernel.calendar import Period
from kernel.db import Database, write_transaction
from settlement.closing import commands
from settlement.closing.model import Closing
from settlement.closing.rules import ClosingState
from tests.make import registry_base as base
from tests.make import registry_products as registry
from tests.make import settlement as make
from tests.rig.databases import Databases

JULY = Period.month("2026-07")
POINTS_MIN = 20


def ready(session: Session) -> None:
    """July is settled and somebody has begun to close it."""
    make.make_world(session)
    make.settle(session, period=JULY)
    session.flush()
    audit.seal(session, now=make.NOW, before=make.NOW.replace(year=2030))
    commands.start(session, make.preparer(), place=base.PLACE, period=JULY, now=make.NOW,
                   calendar=registry.calendar(), book=make.LAW)  # fmt: skip


def close(database: Database) -> None:
    """Close July."""
    with database.new_session() as session, write_transaction(session):
        commands.close(session, make.checker(), place=base.PLACE, period=JULY, now=make.NOW,
                       calendar=registry.calendar())  # fmt: skip
    database.engine.dispose()


def dies_at(database: Database, point: int) -> bool:
    """Let a child close and die at its ``point``-th statement or commit; say whether it came so far."""
    child = os.fork()
    if child == 0:
        reached = 0

        def count(*_: Any) -> None:
            nonlocal reached
            reached += 1
            if reached == point:
                os.kill(os.getpid(), signal.SIGKILL)

        try:
            event.listen(database.engine, "before_cursor_execute", count)
            event.listen(database.engine, "commit", count)
            close(database)
            count()
        finally:
            os._exit(0 if reached < point else 1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


def standing(database: Database) -> tuple[Any, ...]:
    """What stands of the closing."""
    with database.new_session() as session:
        found = session.execute(
            sa.select(Closing.state, Closing.balances_sha256, Closing.last_voucher, Closing.version)
        ).one()
    database.engine.dispose()
    return tuple(found)


@pytest.mark.both_databases
def test_a_closing_survives_death_at_every_statement(databases: Databases, database_kind: str) -> None:
    urls = {name: databases.fresh(database_kind) for name in ("undisturbed", "killed")}
    opened = {name: Database(url) for name, url in urls.items()}
    for database in opened.values():
        with database.new_session() as session, write_transaction(session):
            ready(session)
        database.engine.dispose()
    close(opened["undisturbed"])
    killed, point = opened["killed"], 1
    before = standing(killed)
    assert before[0] is ClosingState.CLOSING
    while dies_at(killed, point) and standing(killed) == before:
        point += 1
    assert point > POINTS_MIN
    assert standing(killed) == standing(opened["undisturbed"])
    for url in urls.values():
        databases.discard(url)
