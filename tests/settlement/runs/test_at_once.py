"""Eight processes settle the same month at once, one of them dies: one run, one set of entries, the same digest."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from kernel.calendar import Period
from kernel.db import Database, new_id, write_transaction
from kernel.errors import DomainError
from settlement.ledger import checks
from settlement.ledger.model import JournalEntry
from settlement.ledger.rules import Cause
from settlement.revenue.model import RevenueLine
from settlement.runs import commands as runs
from settlement.runs.model import SettlementRun
from settlement.statements.model import Statement
from tests.make import settlement as make
from tests.rig import sizes
from tests.rig.databases import Databases

PROCESSES, DIES_AT = 8, 40  # amid the preparing
ROUNDS = sizes.of("D5")


def used_world(session: Session) -> None:
    """The worked example after the buyer used everything."""
    world = make.make_world(session)
    make.use(session, world.scores_bought, 200)
    make.use(session, world.levels_bought, 100)


def one_by_one(database: Database) -> None:
    """Prepare, check and seal; whoever comes too late is refused and goes on."""
    for act in (make.prepare, check, seal):
        with suppress(DomainError, DBAPIError), database.new_session() as session, write_transaction(session):
            act(session)


def check(session: Session) -> None:
    """Check the settlement."""
    runs.check(session, make.checker(), session.scalars(sa.select(SettlementRun.number)).one(), now=make.NOW)


def seal(session: Session) -> None:
    """Seal the settlement."""
    number = session.scalars(sa.select(SettlementRun.number)).one()
    runs.seal(session, make.checker(), number, now=make.NOW, book=make.LAW)


def in_a_child(work: Callable[[], None]) -> int:
    """Run it in a process of its own; return its id."""
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    return child


def outcome(database: Database) -> tuple[object, ...]:
    """What stands of the settlement, by business keys."""
    with database.new_session() as session:
        run = session.scalars(sa.select(SettlementRun)).one()
        entries = session.execute(
            sa.select(JournalEntry.cause_id, sa.func.count())
            .where(JournalEntry.cause == Cause.REVENUE_EARNED)
            .group_by(JournalEntry.cause_id)
            .order_by(JournalEntry.cause_id)
        ).all()
        lines = session.scalars(sa.select(RevenueLine.sequence)).all()
        statements = session.execute(sa.select(Statement.number, Statement.sha256).order_by(Statement.number)).all()
        assert checks.run(session) == []
        found = (run.state, run.number, run.report_sha256, tuple(entries), tuple(lines), tuple(statements))
    database.engine.dispose()
    return found


def racing(database: Database, dies_at: int, alone: bool) -> bool:
    """Let eight processes settle at once, the first of which dies at a statement; say whether it came so far.

    Args:
        database: Where they settle.
        dies_at: The statement at which the first one dies, counted from 1.
        alone: Whether the others begin only when the first has come there, so that it surely dies amid its work.
    """
    waiting, opening = os.pipe()

    def dies() -> None:
        reached = 0

        def count(*_: object) -> None:
            nonlocal reached
            reached += 1
            if reached == dies_at:
                os.close(opening)
                os.sched_yield()
                os.kill(os.getpid(), signal.SIGKILL)

        event.listen(database.engine, "before_cursor_execute", count)
        one_by_one(database)

    def follows() -> None:
        os.close(opening)
        if alone:
            os.read(waiting, 1)  # ends when nobody holds the other end any more
        one_by_one(database)

    children = [in_a_child(follows if number else dies) for number in range(PROCESSES)]
    os.close(opening)
    ends = [os.waitpid(child, 0)[1] for child in children]
    os.close(waiting)
    assert not any(ends[1:])
    return os.WIFSIGNALED(ends[0])


@pytest.mark.soak
@pytest.mark.both_databases
def test_eight_processes_settle_a_month_once_and_as_one_does(databases: Databases, database_kind: str) -> None:
    """D5: one dies in each round, wherever chance wants it, unless the others have left it nothing to do before."""
    chance = random.Random(20261122)
    used = databases.fresh(database_kind)
    database = Database(used)
    with database.new_session() as session, write_transaction(session):
        used_world(session)
    database.engine.dispose()
    urls = [databases.copied(used) for _ in range(1 + (ROUNDS if database_kind == "postgresql" else 1))]
    alone, *together = [Database(url) for url in urls]
    one_by_one(alone)
    expected = outcome(alone)
    for turn, database in enumerate(together):
        first = turn == 0
        died = racing(database, DIES_AT if first else chance.randrange(1, 200), alone=first)
        assert died or not first
        one_by_one(database)  # whatever the last one left undone
        assert outcome(database) == expected
    for url in (used, *urls):
        databases.discard(url)


@pytest.mark.both_databases
def test_the_same_taking_cannot_be_claimed_twice(session: Session) -> None:
    used_world(session)
    make.settle(session)
    october = datetime(2026, 10, 2, 2, 0, tzinfo=UTC)
    following = make.prepare(session, period=Period.month("2026-09"), now=october)
    row = dict(session.execute(sa.select(RevenueLine.__table__).limit(1)).mappings().one())
    again = row | {"id": new_id(), "run_id": following.id}
    with pytest.raises(IntegrityError, match="sequence"), session.begin_nested():
        session.execute(sa.insert(RevenueLine).values(**again))
    with session.begin_nested():
        session.execute(sa.insert(RevenueLine).values(**again | {"sequence": 2, "continues_id": row["id"]}))
    session.rollback()
