"""Two schedulers and four workers as real processes; the leader is killed in the middle of its work (F7)."""

from __future__ import annotations

import multiprocessing
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from itertools import pairwise
from multiprocessing.process import BaseProcess

import pytest
import sqlalchemy as sa

from kernel import db
from kernel.jobs import JobLead, JobRun, RunState
from tests.rig import sizes
from tests.rig.timetables import effects, make_effects, played

KILLS = sizes.of("F7")
WORKERS = 4
PLAYERS = multiprocessing.get_context("forkserver")  # it imports the application once and not for every process
PLAYERS.set_forkserver_preload(["tests.rig.timetables"])
PATIENCE = 60  # seconds: a takeover must be done by then


@contextmanager
def playing(url: str, part: str) -> Iterator[BaseProcess]:
    """Let a process play a part; it is stopped, and killed if it does not listen."""
    process = PLAYERS.Process(target=played, args=(url, part))
    process.start()
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.join(PATIENCE)
        finally:
            process.kill()


def until(engine: sa.Engine, wanted: Callable[[sa.Connection], bool]) -> None:
    """Wait until the database shows what is wanted."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with engine.connect() as connection:
            if wanted(connection):
                return
        time.sleep(0.05)
    raise AssertionError("nobody took over in time")


def fence_of(connection: sa.Connection) -> tuple[int, int]:
    """Return the fencing number and the process of whoever leads."""
    row = connection.execute(sa.select(JobLead.fence, JobLead.holder)).first()
    return (row.fence, int(row.holder.split(":")[1])) if row else (0, 0)


def is_at_work(connection: sa.Connection) -> bool:
    """Say whether the leader is in the middle of a run."""
    fence, process = fence_of(connection)
    claimed = sa.select(JobRun.job).where(JobRun.state == RunState.CLAIMED, JobRun.fence == fence)
    return process != 0 and connection.execute(claimed).first() is not None


def kill_the_leader(engine: sa.Engine, schedulers: dict[int, BaseProcess]) -> None:
    """Kill the scheduler that leads, in the middle of a run, and wait until somebody else leads."""
    until(engine, lambda seen: fence_of(seen)[1] in schedulers and is_at_work(seen))
    with engine.connect() as connection:
        fence, process = fence_of(connection)
    schedulers[process].kill()
    until(engine, lambda seen: fence_of(seen)[0] > fence)


@pytest.mark.soak
@pytest.mark.both_databases
def test_each_period_is_done_once_although_the_leader_is_killed_at_work_again_and_again(database_url: str) -> None:
    make_effects(database_url)
    engine = db.make_engine(database_url)
    with ExitStack() as stack:
        schedulers = {
            one.pid or 0: one for one in (stack.enter_context(playing(database_url, "scheduler")) for _ in "ab")
        }
        for _worker in range(WORKERS):
            stack.enter_context(playing(database_url, "worker"))
        for _kill in range(KILLS):
            kill_the_leader(engine, schedulers)
            fresh = stack.enter_context(playing(database_url, "scheduler"))
            schedulers[fresh.pid or 0] = fresh
        until(engine, lambda seen: fence_of(seen)[1] in schedulers and is_at_work(seen))
    with engine.connect() as connection:
        runs = connection.execute(sa.select(JobRun.job, JobRun.period, JobRun.state, JobRun.attempts)).all()
    engine.dispose()
    assert set(Counter(effects(database_url)).values()) == {1}
    assert {(run.job, run.period) for run in runs if run.state is RunState.DONE} == set(effects(database_url))
    assert {run.state for run in runs} == {RunState.DONE}, "what a killed leader left behind was taken up"
    assert max(run.attempts for run in runs) > 1
    seconds = sorted(datetime.fromisoformat(run.period) for run in runs if run.job == "each")
    assert {later - earlier for earlier, later in pairwise(seconds)} == {timedelta(seconds=1)}, "none is left out"
