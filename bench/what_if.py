"""Trying another share on twelve months of real history: 100,000 events over twelve months, none of them sealed yet.

The worst case: every month is counted from its events. Against twelve dry runs, which do the same without a scenario;
and against the minute that a person will wait. The answer is compared with the dry runs to the fen.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bench.harness import Result, alternate, at_most
from kernel.calendar import Period, add_months
from kernel.db import Database, write_transaction
from kernel.identity import Role
from kernel.money import Money, total
from registry.agreements import queries as agreements
from settlement.comparisons.rules import Compared
from settlement.metering.commands import import_usage
from settlement.scenarios.rules import Move, MoveKind, Scenario
from settlement.splits.model import ShareSchedule
from settlement.what_if.queries import compare
from settlement.workings.queries import work_out
from tests.make import credit_centre as centre
from tests.make import registry_base as base
from tests.make import settlement as make
from tests.rig.databases import build_schema

EVENTS, BUYERS, MONTHS = 100_000, 20, 12
FOUR_WEEKS = timedelta(weeks=4)
NOW = datetime(2027, 8, 2, 2, 0, tzinfo=UTC)
FIRST = Period.month("2026-08")
SECONDS_MAX, RATIO_MAX = 60, 1.5


def make_year(session: Session) -> str:
    """Sell the reports and import their use, spread over twelve months; return the number of the agreement."""
    made = centre.make_centre(session, buyers=BUYERS, quantity=-(-EVENTS // BUYERS))
    asked = centre.queries_of_the_month(EVENTS, BUYERS)
    spread = [replace(one, at=one.at + FOUR_WEEKS * (number % MONTHS)) for number, one in enumerate(asked)]
    found = import_usage(session, make.preparer(centre.PLACE), place=centre.PLACE, file_name="year.csv",
                         content=centre.usage_file(made, spread), now=NOW)  # fmt: skip
    assert found.accepted == EVENTS
    schedule = session.scalars(sa.select(ShareSchedule)).one()
    return agreements.get(session, schedule.agreement_id).number


def months() -> list[Period]:
    """Return the twelve months."""
    return [Period.month_of(add_months(FIRST.start, number)) for number in range(MONTHS)]


def dry_runs(session: Session) -> Money:
    """Work out every month as a dry run would; return what had been earned by the last of them."""
    earned = Money(0)
    for month in months():
        worked = work_out(session, place=centre.PLACE, period=month, received_until=NOW, book=make.LAW)
        earned = total(line.gross for line in worked.lines)
    return earned


def scenario(session: Session, agreement: str) -> Compared:
    """Give the platform ten per cent instead of five, over the whole year."""
    move = Move(MoveKind.SHARE, agreement=agreement, step=1, value="0.10")
    asked = Scenario(centre.PLACE, FIRST, months()[-1], (move,))
    officer = base.actor(Role.PRICE, place=centre.PLACE)
    return compare(session, officer, asked, now=NOW, book=make.LAW)


def run() -> list[Result]:
    """Measure on SQLite."""
    with tempfile.TemporaryDirectory(prefix="huiyi-bench-") as name:
        url = f"sqlite:///{Path(name) / 'year.sqlite'}"
        build_schema(url)
        database = Database(url)
        with database.new_session() as session, write_transaction(session):
            agreement = make_year(session)
        with database.new_session() as session:
            taken = alternate({"dry": partial(dry_runs, session), "tried": partial(scenario, session, agreement)})
            earned, found = dry_runs(session), scenario(session, agreement)
        database.engine.dispose()
    assert found.gross.then == earned, "the history that a scenario starts from differs from the dry runs"
    assert any(row.difference for row in found.parties), "the scenario changed nothing"
    figure = f"{taken['tried']:.2f} s; twelve dry runs {taken['dry']:.2f} s"
    name = f"what-if over {MONTHS} months of {EVENTS:,} events"
    return [
        at_most(f"{name} ÷ {MONTHS} dry runs", figure, taken["tried"] / taken["dry"], RATIO_MAX),
        at_most(f"{name} ÷ {SECONDS_MAX} s", figure, taken["tried"] / SECONDS_MAX, 1),
    ]
