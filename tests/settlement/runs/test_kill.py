"""Whenever the process dies while a settlement is prepared or sealed, the next one ends as if nothing had happened.

A child process kills itself before its k-th statement, before the commit and after it: on every change for k spread
evenly over the act, with ``make soak`` for every k. Until the commit nothing of its work may be there; afterwards
everything, once.
"""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.db import Database
from settlement.ledger import checks
from settlement.ledger.queries import trial_balance
from settlement.runs import commands as runs
from settlement.runs.model import SettlementRun
from settlement.runs.rules import WrongState
from settlement.statements.model import Statement
from tests.make import registry_base as base
from tests.make import settlement as make
from tests.rig import sizes
from tests.rig.databases import Databases
from tests.rig.dying import Act, dies_at, do, points_of, sampled

TABLES = ("settlement_run", "settlement_revenue_line", "settlement_share_line", "settlement_journal_entry",
          "settlement_journal_line", "settlement_statement", "audit_line")  # fmt: skip
POINTS_MIN = {"prepare": 10, "seal": 30}
POINTS_MAX = 2 * sizes.of("F1")


def check(session: Session) -> None:
    """Check the only settlement there is."""
    runs.check(session, make.checker(), session.scalars(sa.select(SettlementRun.number)).one(), now=make.NOW)


def seal(session: Session) -> None:
    """Seal the only settlement there is."""
    number = session.scalars(sa.select(SettlementRun.number)).one()
    runs.seal(session, make.checker(), number, now=make.NOW, book=make.LAW)


ACTS: dict[str, Act] = {"prepare": make.prepare, "seal": seal}


def rows_of(database: Database) -> list[int]:
    """How many rows there are of everything that a settlement writes."""
    with database.engine.connect() as connection:
        found = [connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one() for table in TABLES]
    database.engine.dispose()
    return found


def outcome(database: Database) -> dict[str, Any]:
    """What remains of a settlement, by business keys."""
    with database.new_session() as session:
        run = session.scalars(sa.select(SettlementRun)).one()
        statements = session.execute(sa.select(Statement.number, Statement.sha256).order_by(Statement.number)).all()
        found = {
            "state": run.state, "number": run.number, "report": run.report_sha256, "statements": list(statements),
            "books": trial_balance(session, place=base.PLACE), "findings": checks.run(session),
        }  # fmt: skip
    database.engine.dispose()
    return found


def used_world(session: Session) -> None:
    """The worked example after the buyer used everything."""
    world = make.make_world(session)
    make.use(session, world.scores_bought, 200)
    make.use(session, world.levels_bought, 100)


@pytest.mark.soak
@pytest.mark.both_databases
def test_a_settlement_survives_death_at_any_statement(databases: Databases, database_kind: str) -> None:
    urls = {name: databases.fresh(database_kind) for name in ("undisturbed", "killed")}
    opened = {name: Database(url) for name, url in urls.items()}
    for database in opened.values():
        do(database, used_world)
    for act in (make.prepare, check, seal):
        do(opened["undisturbed"], act)
    killed = opened["killed"]
    for name, act in ACTS.items():
        if name == "seal":
            do(killed, check)
        before, points = rows_of(killed), points_of(killed, act)
        assert points > POINTS_MIN[name]
        for point in sampled(points, POINTS_MAX):
            assert rows_of(killed) == before  # nothing is left of whoever died before
            assert dies_at(killed, act, point)
        assert rows_of(killed) != before  # the last one died behind its commit
    assert outcome(killed) == outcome(opened["undisturbed"])
    after = rows_of(killed)
    with pytest.raises(WrongState):
        do(killed, seal)
    with pytest.raises(WrongState):
        do(killed, make.prepare)
    assert rows_of(killed) == after
    for url in urls.values():
        databases.discard(url)
