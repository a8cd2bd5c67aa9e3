"""A child process that dies at a chosen statement or commit, as if somebody had pulled the plug."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session

from kernel.db import Database, write_transaction

Act = Callable[[Session], object]


def do(database: Database, act: Act) -> None:
    """Do it in one transaction, in this process, and let go of every connection: a child must not share one."""
    with database.new_session() as session, write_transaction(session):
        act(session)
    database.engine.dispose()


def dies_at(database: Database, act: Act, point: int) -> bool:
    """Let a child do it and die at its ``point``-th statement or commit; say whether it came so far.

    The point after the last statement is before the commit, the one after that behind it.
    """
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
            do(database, act)
            count()
        finally:
            os._exit(0 if reached < point else 1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


def points_of(database: Database, act: Act) -> int:
    """Return how many points there are up to and with the one behind the commit; nothing is left behind."""
    reached = 0

    def count(*_: Any) -> None:
        nonlocal reached
        reached += 1

    event.listen(database.engine, "before_cursor_execute", count)
    with database.new_session() as session:
        session.connection(execution_options={"huiyi_writes": True})
        act(session)
        session.flush()
        session.rollback()
    event.remove(database.engine, "before_cursor_execute", count)
    database.engine.dispose()
    return reached + 2


def sampled(points: int, most: int) -> Iterator[int]:
    """Yield points evenly over an act, always the first, the one before the commit and the one behind it."""
    inner = points - 2
    chosen = range(1, inner + 1) if inner <= most else [1 + turn * (inner - 1) // (most - 1) for turn in range(most)]
    yield from chosen
    yield from (points - 1, points)
