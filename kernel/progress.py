"""How far long runs are, for people who wait: written beside the business transaction, on a connection of its own.

    with progress.track("settlement.run", total=len(groups), about="xinchang 2026-10") as run:
        for group in groups:
            run.step(group.name)

What it writes is news and no record: it may be lost, it never holds anything up, and it never makes a run fail. On
SQLite, where the business transaction is the only writer, it lies in a small file beside the database.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from flask import has_app_context
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.pool import NullPool

from kernel import clock, db
from kernel.db import Base

log = logging.getLogger(__name__)
BETWEEN_WRITES = 0.5  # seconds
SILENT_AFTER = timedelta(minutes=5)
WORDS_MAX = 300
BESIDE = "-progress"


class ProgressState(StrEnum):
    """Where a long run stands."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class JobProgress(Base):
    """One long run, as far as it is."""

    __tablename__ = "job_progress"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(index=True)
    about: Mapped[str]
    state: Mapped[ProgressState] = mapped_column(index=True)
    done: Mapped[int]
    total: Mapped[int | None]
    message: Mapped[str]
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]  # the newest sign of life


TABLE = JobProgress.metadata.tables[JobProgress.__tablename__]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one run is."""

    id: UUID
    name: str
    about: str
    state: ProgressState
    done: int
    total: int | None
    message: str
    started_at: datetime
    seen_at: datetime

    @property
    def percent(self) -> int | None:
        """Whole hundredths of the way, where the way is known."""
        return min(100 * self.done // self.total, 100) if self.total else None

    def is_silent(self, now: datetime) -> bool:
        """Say whether a run that should go on has given no sign of life for a while: it was probably killed."""
        return self.state is ProgressState.RUNNING and now - self.seen_at > SILENT_AFTER


Watcher = Callable[[Progress], None]
_watchers: list[Watcher] = []


@contextmanager
def watched_by(watcher: Watcher) -> Iterator[None]:
    """Tell ``watcher`` of every step of every run of this process (for the terminal)."""
    _watchers.append(watcher)
    try:
        yield
    finally:
        _watchers.remove(watcher)


@dataclass(slots=True)
class Track:
    """The handle of one long run."""

    state: Progress
    pause: float = BETWEEN_WRITES
    _written: float = field(default=0.0)

    def step(self, message: str = "", by: int = 1) -> None:
        """Say that so many further steps are done, and what comes next."""
        self._move(done=self.state.done + by, message=message or self.state.message)

    def to(self, done: int, *, total: int | None = None, message: str = "") -> None:
        """Say how many steps are done, and how many there are where that was not known before."""
        self._move(done=done, total=total if total is not None else self.state.total,
                   message=message or self.state.message)  # fmt: skip

    def _move(self, *, done: int, message: str, total: int | None = None) -> None:
        kept = total if total is not None else self.state.total
        self.state = replace(self.state, done=done, total=kept, message=message[:WORDS_MAX], seen_at=clock.now())
        self._tell(now_or_never=False)

    def _tell(self, *, now_or_never: bool) -> None:
        for watcher in tuple(_watchers):
            watcher(self.state)
        present = time.monotonic()
        if now_or_never or present - self._written >= self.pause:
            self._written = present
            _write(self.state)


@contextmanager
def track(
    name: str, total: int | None = None, *, about: str = "", pause: float = BETWEEN_WRITES
) -> Iterator[Track]:  # fmt: skip
    """Follow a long run: ``name`` says what it is, ``about`` of what, ``total`` how many steps it has if that is known.

    Steps are written at most every ``pause`` seconds; the beginning and the end always. A run without an application
    (a pure computation in a test) is told to the watchers of its process only.
    """
    now = clock.now()
    run = Track(Progress(db.new_id(), name, about, ProgressState.RUNNING, 0, total, "", now, now), pause)
    run._tell(now_or_never=True)
    try:
        yield run
    except BaseException:
        run.state = replace(run.state, state=ProgressState.FAILED, seen_at=clock.now())
        run._tell(now_or_never=True)
        raise
    run.state = replace(run.state, state=ProgressState.DONE, seen_at=clock.now())
    run._tell(now_or_never=True)


def _write(state: Progress) -> None:
    if not _is_kept():
        return
    values = {name: getattr(state, name) for name in Progress.__slots__}
    try:
        with _connection(writes=True) as connection:
            changed = connection.execute(sa.update(TABLE).where(TABLE.c.id == state.id).values(values))
            if not changed.rowcount:
                connection.execute(sa.insert(TABLE).values(values))
    except sa.exc.SQLAlchemyError as error:  # news that cannot be told must not stop what it is about
        log.debug("progress of %s was not written: %s", state.name, error)


def _is_kept() -> bool:
    """Say whether there is a place for news: a database in memory has one connection, and nobody else reads it."""
    return has_app_context() and (
        db.database().engine.dialect.name != "sqlite" or bool(db.database().engine.url.database)
    )


@contextmanager
def _connection(*, writes: bool) -> Iterator[sa.Connection]:
    engine = db.database().engine
    if engine.dialect.name != "sqlite":
        with engine.begin() as connection:
            yield connection
        return
    beside = sa.create_engine(engine.url.set(database=f"{engine.url.database}{BESIDE}"), poolclass=NullPool)
    with beside.begin() as connection:
        if writes or not sa.inspect(connection).has_table(TABLE.name):
            Base.metadata.create_all(connection, tables=[TABLE])
        yield connection


def current(*, since: datetime) -> Sequence[Progress]:
    """Return the runs that are under way, and those that ended after ``since``; the newest first."""
    if not _is_kept():
        return []
    query = sa.select(TABLE).where(
        sa.or_(TABLE.c.state == ProgressState.RUNNING, TABLE.c.seen_at >= since)
    ).order_by(TABLE.c.started_at.desc(), TABLE.c.id.desc())  # fmt: skip
    with _connection(writes=False) as connection:
        return [Progress(**row) for row in connection.execute(query).mappings()]


def forget(*, before: datetime) -> int:
    """Delete what gave its last sign of life before a moment; return how many."""
    if not _is_kept():
        return 0
    with _connection(writes=True) as connection:
        return int(connection.execute(sa.delete(TABLE).where(TABLE.c.seen_at < before)).rowcount)
