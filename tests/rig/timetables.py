"""A timetable of its own for tests of the scheduler: jobs that leave one row behind for every time they did their work.

As a program it keeps time on a database until it is stopped or killed:
``python -m tests.rig.timetables URL scheduler|worker``.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from kernel import db, job_requests
from kernel.identity import Actor, Grant, Role
from kernel.schedule import Cadence, Every
from web.scheduling import Job, Turn, keep_time, run

EFFECTS = "CREATE TABLE IF NOT EXISTS trial_effect (job TEXT NOT NULL, period TEXT NOT NULL, made_at TEXT NOT NULL)"
LASTS = timedelta(seconds=3)
ADMINISTRATOR = Actor(id=UUID(int=7), name="系统管理", grants=(Grant(Role.SYSTEM_ADMINISTRATOR),))


def bare_app(url: str) -> Flask:
    """Return an application that is a database and nothing else."""
    app = Flask("trial")
    app.extensions["huiyi_database"] = db.Database(url)
    app.teardown_appcontext(db.close)
    return app


def make_effects(url: str) -> None:
    """Make the table in which the jobs leave their rows; nothing in it is unique."""
    engine = db.make_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text(EFFECTS))
    engine.dispose()


def leave_row(session: Session, job: str, turn: Turn) -> str:
    """Do the work of a period."""
    values = {"job": job, "period": turn.slot.name, "at": turn.now.isoformat()}
    session.execute(sa.text("INSERT INTO trial_effect VALUES (:job, :period, :at)"), values)
    return "done"


def working(name: str, cadence: Cadence, during: Callable[[], None] = lambda: None, **more: bool) -> Job:
    """Return a job that leaves a row; ``during`` happens between the row and the commit."""

    def work(session: Session, _actor: Actor, turn: Turn) -> str:
        said = leave_row(session, name, turn)
        during()
        return said

    return Job(name, cadence, work, **more)  # type: ignore[arg-type]


def effects(url: str) -> list[tuple[str, str]]:
    """Return the rows that were left, as (job, period)."""
    engine = db.make_engine(url)
    with engine.connect() as connection:
        found = connection.execute(sa.text("SELECT job, period FROM trial_effect ORDER BY period, job")).all()
    engine.dispose()
    return [(job, period) for job, period in found]


def timetable() -> list[Job]:
    """Return what the processes run: something for every second, each to be made up for, and something that goes on."""
    second = Every(timedelta(seconds=1))
    return [
        working("each", second, lambda: time.sleep(0.1), each=True),
        working("newest", second, lambda: time.sleep(0.3)),
    ]


def keep(app: Flask, stop: threading.Event) -> None:
    """Be a scheduler."""
    keep_time(app, timetable(), print, stop, lasts=LASTS, beat_seconds=0.5, look_seconds=0.2)


def disturb(app: Flask, stop: threading.Event) -> None:
    """Be a worker of the site: ask for runs, and try to run a period by hand."""
    while not stop.wait(0.5):
        with contextlib.suppress(job_requests.AlreadyAsked, sa.exc.SQLAlchemyError), app.app_context():
            with db.transaction() as session:
                job_requests.ask(session, ADMINISTRATOR, "newest", reason="试", now=datetime.now().astimezone())
        with contextlib.suppress(sa.exc.SQLAlchemyError):
            run(app, timetable()[0])


def main(url: str, part: str) -> None:
    """Play a part until SIGTERM."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: stop.set())
    (keep if part == "scheduler" else disturb)(bare_app(url), stop)


def played(url: str, part: str) -> None:
    """Play a part in a process of its own, in silence and in a server's time zone."""
    os.environ["TZ"] = "UTC"
    time.tzset()
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
    main(url, part)


if __name__ == "__main__":
    main(*sys.argv[1:])
