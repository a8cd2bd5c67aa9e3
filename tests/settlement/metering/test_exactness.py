"""Metering is exact: whatever comes twice, late, out of order or from a worker that dies, is counted once (C6)."""

from __future__ import annotations

import os
import random
import signal
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from kernel.db import Database, write_transaction
from kernel.money import Money
from settlement.metering import commands
from settlement.metering.queries import used_of
from tests.make import registry_base as base
from tests.make import settlement as make

USES, AT_ONCE, WORKERS, KILLS = 6_000, 100, 3, 20
STATEMENTS_MAX = 60
Chunks = list[list[dict[str, Any]]]


def chunks_of(number: str) -> list[Chunks]:
    """The files of three workers: a tenth of the uses twice, a twentieth late, all of them shuffled."""
    chance = random.Random(6)
    uses = [{"entitlement": number, "client_reference": f"r{turn}",
             "occurred_at": (make.USED_AT - timedelta(days=4 if turn % 20 == 0 else 0)).isoformat()}
            for turn in range(USES)]  # fmt: skip
    sent = uses + chance.sample(uses, USES // 10)
    chance.shuffle(sent)
    files = [sent[start : start + AT_ONCE] for start in range(0, len(sent), AT_ONCE)]
    return [files[worker::WORKERS] for worker in range(WORKERS)]


def start(url: str, files: Chunks, dies_at: int | None) -> int:
    """Let a child bring the files in, each in its own transaction; it dies before its ``dies_at``-th statement."""
    child = os.fork()
    if child:
        return child
    reached = 0

    def count(*_: Any) -> None:
        nonlocal reached
        reached += 1
        if reached == dies_at:
            os.kill(os.getpid(), signal.SIGKILL)

    code = 1
    try:
        database = Database(url)
        event.listen(database.engine, "before_cursor_execute", count)
        event.listen(database.engine, "commit", count)
        for rows in files:
            with database.new_session() as session, write_transaction(session):
                commands.import_usage(session, make.preparer(), place=base.PLACE, file_name="usage.csv",
                                      content=make.usage_file(rows), now=make.NOW)  # fmt: skip
        code = 0
    finally:
        os._exit(code)


@pytest.mark.both_databases
def test_what_three_workers_bring_in_while_twenty_die_is_counted_and_billed_to_the_fen(database_url: str) -> None:
    database = Database(database_url)
    with database.new_session() as session, write_transaction(session):
        world = make.make_world(session, quantity=USES)
        held = world.scores_bought
    database.engine.dispose()
    chance, waiting, kills = random.Random(7), dict(enumerate(chunks_of(held.number))), 0
    while waiting:
        dying = {worker: chance.randint(1, STATEMENTS_MAX) if kills + turn < KILLS else None
                 for turn, worker in enumerate(waiting)}  # fmt: skip
        children = {worker: start(database_url, waiting[worker], dying[worker]) for worker in waiting}
        for worker, child in children.items():
            _, status = os.waitpid(child, 0)
            if os.WIFSIGNALED(status):
                kills += 1
            else:
                assert os.WEXITSTATUS(status) == 0
                del waiting[worker]
    assert kills == KILLS
    with database.new_session() as session, write_transaction(session):
        assert used_of(session, held.id) == USES
        totals = make.prepare(session).totals
        assert (totals["quantity"], totals["billable"]) == (USES, USES)
        assert totals["gross"] == Money.yuan("5.30").times(USES).text()
    database.engine.dispose()
