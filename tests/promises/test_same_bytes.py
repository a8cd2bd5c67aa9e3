"""H3: the same facts give the same bytes, on whichever database, in whichever order, by one process or by four.

Each run begins with a copy of the same random month. Its uses come in shuffled, in one file or in four at once; every
question that names no order is answered in the other order; between any two acts all connections are let go.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from kernel.db import Database, to_json
from kernel.errors import DomainError
from settlement.ledger.queries import trial_balance
from settlement.metering import commands as metering
from settlement.payouts.model import PayoutBatch
from settlement.runs import commands as settling
from settlement.runs.model import SettlementRun
from settlement.statements.model import Statement
from tests.make import payouts, random_months, settled_months
from tests.make import registry_base as base
from tests.make import settlement as make
from tests.rig import sizes
from tests.rig.databases import KINDS, Databases
from tests.rig.dying import do

RUNS, SEED = sizes.of("H3"), 3
OTHER_ORDER = {
    "sqlite": "PRAGMA reverse_unordered_selects = ON",
    "postgresql": "SET enable_hashagg = off; SET enable_hashjoin = off; SET enable_indexscan = off",
}


def told(session: Session) -> list[dict[str, Any]]:
    """Tell the month as far as the uses; return them."""
    story = random_months.tell(session, SEED)
    settled_months.make_accounts(session)
    random_months.quarrel(session, story, random.Random(SEED), now=make.NOW)
    return random_months.rows(story, random.Random(SEED), random_months.AUGUST)


def built(databases: Databases, kind: str) -> tuple[str, list[dict[str, Any]]]:
    """Return a database with the month in it, and its uses, which nobody has imported."""
    url, rows = databases.fresh(kind), list[dict[str, Any]]()
    do(Database(url), lambda session: rows.extend(told(session)))
    return url, rows


class Office:
    """So many hands at one database, each with connections of its own that it lets go after every act."""

    def __init__(self, url: str, hands: int) -> None:
        self.url, self.hands = url, hands

    def opened(self) -> Database:
        """Return the database; several hands are answered in the other order."""
        database = Database(self.url)
        if self.hands > 1:
            text = OTHER_ORDER[database.engine.dialect.name]
            event.listen(database.engine, "connect", lambda raw, _: raw.execute(text))
        return database

    def all_at_once(self, work: Callable[[Session, int], object]) -> list[Exception]:
        """Let every hand do its part; return what kept the others from it."""
        barrier, hindered = Barrier(self.hands), list[Exception]()

        def act(hand: int) -> None:
            database = self.opened()
            barrier.wait()
            try:
                do(database, lambda session: work(session, hand))
            except Exception as error:
                hindered.append(error)
                database.engine.dispose()

        threads = [Thread(target=act, args=(hand,)) for hand in range(self.hands)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert [error for error in hindered if not isinstance(error, DomainError | DBAPIError)] == []
        return hindered

    def alone(self, work: Callable[[Session], object]) -> None:
        """Let one hand do it."""
        do(self.opened(), work)


def settle(office: Office) -> None:
    """Prepare, check and seal August, each by every hand at once, and pay it."""
    office.alone(lambda session: make.intake.take_in_payments(session, make.preparer(), now=make.NOW, place=base.PLACE))

    def number(session: Session) -> str:
        return session.scalars(sa.select(SettlementRun.number)).one()

    def check(session: Session, _: int) -> object:
        return settling.check(session, make.checker(), number(session), now=make.NOW)

    def seal(session: Session, _: int) -> object:
        return settling.seal(session, make.checker(), number(session), now=make.NOW, book=make.LAW)

    for act in (lambda session, _: make.prepare(session), check, seal):
        assert len(office.all_at_once(act)) < office.hands  # one of them at least could do it
    office.alone(payouts.pay_all)


def bytes_of(session: Session) -> dict[str, Any]:
    """Return everything that is handed out, as text."""
    run = session.scalars(sa.select(SettlementRun)).one()
    return {
            "report": to_json(run.report), "digest": run.report_sha256, "inputs": run.inputs_sha256,
            "totals": to_json(run.totals),
            "statements": [(one.number, one.sha256, to_json(one.lines))
                           for one in session.scalars(sa.select(Statement).order_by(Statement.number))],
            "batches": session.execute(
                sa.select(PayoutBatch.number, PayoutBatch.total, PayoutBatch.state).order_by(PayoutBatch.number)).all(),
            "books": trial_balance(session, place=base.PLACE),
        }  # fmt: skip


@pytest.mark.soak
def test_h3_the_same_facts_give_the_same_bytes_however_they_come_and_whoever_settles_them(databases: Databases) -> None:
    months = {kind: built(databases, kind) for kind in KINDS}
    assert months["sqlite"][1] == months["postgresql"][1]
    found = list[dict[str, Any]]()
    for turn in range(RUNS):
        kind, hands, chance = KINDS[turn % len(KINDS)], (1, 4)[turn // len(KINDS) % 2], random.Random(turn)
        url = databases.copied(months[kind][0])
        office, rows = Office(url, hands), list(months[kind][1])
        chance.shuffle(rows)
        files = [make.usage_file(rows[hand::hands]) for hand in range(hands)]
        assert not office.all_at_once(lambda session, hand, files=files: metering.import_usage(
            session, make.preparer(), place=base.PLACE, file_name=f"{hand}.csv", content=files[hand], now=make.NOW
        ))  # fmt: skip
        settle(office)
        office.alone(lambda session: found.append(bytes_of(session)))
        databases.discard(url)
    assert found[1:] == found[:1] * (RUNS - 1)
    assert found[0]["batches"]
    for url, _ in months.values():
        databases.discard(url)
