"""Who runs the timetable: one leader among any number of ``huiyi work``, and what it does with each job.

Claim (one transaction) · work and "done" (one more, together) · or, for work that speaks to the outside, transactions
of its own and then "done". Each of them looks at the fencing number before it commits. Killed anywhere, the next leader
finds the claim and brings the period to its end; what was done is never done again.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from apscheduler.schedulers.background import BackgroundScheduler
from flask import Flask
from sqlalchemy.orm import Session

from kernel import clock, db, job_requests, jobs
from kernel.identity import Actor, Grant, Role
from kernel.jobs import Lead, LeadLost, Seen
from kernel.schedule import Cadence, Slot, waiting

SCHEDULER = Actor(id=UUID(int=1), name="定时任务", grants=(Grant(Role.SCHEDULER),), channel="job")
OF_THIS_PROCESS = secrets.token_hex(4)
MILLI = 1000
BEAT_SECONDS = 5
LOOK_SECONDS = 2
JUMP = timedelta(seconds=2)
LOOK_AGAIN = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Turn:
    """What a job is told: the present moment, whose period it is, and until when it was done before."""

    now: datetime
    slot: Slot
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """One line of the timetable.

    Attributes:
        run: the work, inside one transaction together with its "done".
        alone: the work, when it speaks to the outside and opens transactions of its own; it is safe to run twice.
        each: every period has work of its own and is made up for in order; otherwise the newest makes up for all.
        vital: the site is not ready while this job is late.
        after: jobs whose period must be over before this one begins.
    """

    name: str
    cadence: Cadence
    run: Callable[[Session, Actor, Turn], str] | None = None
    alone: Callable[[Turn], str] | None = None
    each: bool = False
    vital: bool = False
    after: tuple[str, ...] = ()
    kept: timedelta = timedelta(days=190)


@dataclass(frozen=True, slots=True)
class Due:
    """One run that is to be tried."""

    slot: Slot
    missed: int = 0
    since: datetime | None = None
    is_forced: bool = False
    is_extra: bool = False  # asked for although the period is done
    request_id: UUID | None = None


def name_of_process() -> str:
    """Return a name that no other process has had or will have."""
    return f"{socket.gethostname()}:{os.getpid()}:{OF_THIS_PROCESS}"


class Keeper:
    """One process that leads the timetable, or stands by."""

    def __init__(
        self, app: Flask, timetable: Sequence[Job], *, lasts: timedelta = jobs.LEASE, holder: str | None = None
    ) -> None:
        self.app = app
        self.timetable = {job.name: job for job in timetable}
        self.lasts = lasts
        self.holder = holder or name_of_process()
        self.lead: Lead | None = None
        self._other: tuple[Seen | None, timedelta] = (None, timedelta(0))
        self._unread = set(self.timetable)  # jobs whose periods an earlier leader may have left behind
        self._looked = timedelta(0)
        self._settled: dict[str, Slot] = {}
        self._asked: set[str] = set()

    def beat(self, elapsed: timedelta) -> bool:
        """Give a sign of life, or look whether another leader still does; say whether this process leads.

        Args:
            elapsed: time by a clock that does not jump, from any beginning.
        """
        with self.app.app_context(), db.transaction() as session:
            other, since = self._other
            is_silent = other is not None and elapsed - since >= self.lasts
            now = clock.now()
            found = jobs.lead(session, self.holder, now=now, lasts=self.lasts, silent=other if is_silent else None)
            if found is None:
                present = jobs.seen(session)
                self._other = (present, since if present == other else elapsed)
            self._asked = job_requests.waiting(session) if found else set()
        if found != self.lead or elapsed - self._looked >= LOOK_AGAIN:
            self._unread, self._settled, self._looked = set(self.timetable), {}, elapsed
        self.lead = found
        return found is not None

    def resign(self) -> None:
        """Stop leading, so that another may begin at once."""
        held, self.lead = self.lead, None
        if held is not None:
            with self.app.app_context(), db.transaction() as session:
                jobs.resign(session, held)

    def turn(self, job: Job) -> list[str]:
        """Do what waits of one job, in order; return what was done, in words. Who does not lead does nothing."""
        held = self.lead
        if held is None or self._is_idle(job):
            return []
        said = []
        for due in self.due(job, held):
            done = self.attempt(job, due, held)
            if done is None:
                break  # an earlier period comes first: it rests, or is being committed
            said.append(done)
        return said

    def _is_idle(self, job: Job) -> bool:
        if job.name in self._unread or job.name in self._asked:
            return False
        return self._settled.get(job.name) == job.cadence.slot(clock.now())

    def due(self, job: Job, held: Lead) -> list[Due]:
        """Return what waits of a job: what an earlier leader left behind, what a person asked for, what is due."""
        with self.app.app_context():
            session, now = db.session(), clock.now()
            current = job.cadence.slot(now)
            found: list[Due] = []
            if job.name in self._unread:
                left_behind = jobs.orphans(session, job.name, held)
                found += [Due(jobs.slot_of(run), is_extra=run.starts_at is None) for run in left_behind]
            request = job_requests.open_for(session, job.name) if job.name in self._asked else None
            if request is not None:
                found.append(self._asked_for(session, job, current, request.id, request.asked_at))
            if may_begin := self._may_begin(session, job, current, now):
                known = {due.slot.name for due in found}
                found += [due for due in self._waiting(session, job, current, now) if due.slot.name not in known]
            if not found and may_begin:
                self._settled[job.name] = current
                self._unread.discard(job.name)
            return found

    def _asked_for(self, session: Session, job: Job, current: Slot, request_id: UUID, asked_at: datetime) -> Due:
        """Return what a person gets: the period that was given up, else the present one, else one run more."""
        stuck = jobs.given_up(session, job.name) if job.each else None
        if stuck is not None:
            return Due(jobs.slot_of(stuck), is_forced=True, request_id=request_id)
        if jobs.settled_until(session, job.name, before=current.starts_at, with_given_up=False) != current.starts_at:
            return Due(current, is_forced=True, request_id=request_id)
        return Due(Slot(asked_at, f"{current.name} {request_id}"), is_extra=True, request_id=request_id)

    def _may_begin(self, session: Session, job: Job, current: Slot, now: datetime) -> bool:
        first = [jobs.settled_until(session, name, before=now, with_given_up=True) for name in job.after]
        return all(done is not None and done >= current.starts_at for done in first)

    def _waiting(self, session: Session, job: Job, current: Slot, now: datetime) -> Iterable[Due]:
        until = jobs.settled_until(session, job.name, before=current.starts_at, with_given_up=job.each)
        if until is None and job.each and (first := jobs.first_period(session, job.name)) is not None:
            until = first - timedelta(microseconds=1)  # its very first period has not come to an end yet
        slots, missed = waiting(job.cadence, settled_until=until, now=now, each=job.each)
        return [Due(slot, missed if number == 0 else 0, until) for number, slot in enumerate(slots)]

    def attempt(self, job: Job, due: Due, held: Lead) -> str | None:
        """Try one run; return what came of it in words, or ``None`` when the period is not ours to do now."""
        try:
            return self.do(job, due, held)
        except LeadLost as lost:
            if self.lead == held:
                self.lead = None
            return f"{job.name}：{lost.detail}"
        except Exception as error:
            self.app.logger.exception("job %s failed for %s", job.name, due.slot.name)
            return f"{job.name}：{due.slot.name} 未成，{type(error).__name__}: {error}"

    def do(self, job: Job, due: Due, held: Lead) -> str | None:
        """Do one run, or write down why it failed; return what it did, or ``None`` when the period is not ours.

        Raises:
            LeadLost: another process leads by now; nothing was written.
            Exception: whatever the work raises.
        """
        with self.app.app_context(), jobs.fence(db.session(), held):
            if not self._claim(job, due, held):
                return None
            try:
                return f"{job.name}：{self._work(job, due, held)}"
            except LeadLost:
                raise
            except Exception as error:
                self._fail(job, due, held, f"{type(error).__name__}: {error}")
                raise

    def _claim(self, job: Job, due: Due, held: Lead) -> bool:
        with db.transaction() as session:
            now = clock.now()
            is_ours = jobs.claim(
                session, job.name, due.slot.name, now=now, by=held, missed=due.missed, is_forced=due.is_forced,
                starts_at=None if due.is_extra else due.slot.starts_at,
            )  # fmt: skip
            if is_ours and due.request_id is not None:
                job_requests.take(session, due.request_id, period=due.slot.name, now=now)
            return is_ours

    def _work(self, job: Job, due: Due, held: Lead) -> str:
        turn, began, result = Turn(clock.now(), due.slot, due.since), time.monotonic(), ""
        if job.alone is not None:
            result = job.alone(turn)
        with db.transaction() as session:
            jobs.keep(session, job.name, due.slot.name, held)
            if job.run is not None:
                result = job.run(session, SCHEDULER, turn)
            jobs.finish(session, job.name, due.slot.name, result, now=clock.now(), by=held, took_ms=_since(began))
        return result

    def _fail(self, job: Job, due: Due, held: Lead, words: str) -> None:
        try:
            with db.transaction() as session:
                jobs.fail(session, job.name, due.slot.name, words, now=clock.now(), by=held)
        except sa.exc.SQLAlchemyError:  # the database itself is away: the claim is found again when it is back
            self.app.logger.exception("the failure of %s could not be written down", job.name)
            self._unread.add(job.name)


def _since(began: float) -> int:
    return int((time.monotonic() - began) * MILLI)


def run(app: Flask, job: Job) -> str:
    """Run what waits of one job now, by hand and whatever should come first (stories, tests); return what it did.

    Raises:
        Exception: whatever the work raises; the run is then written down as failed.
    """
    keeper = Keeper(app, (job,), holder=f"{name_of_process()}:{secrets.token_hex(4)}")
    keeper.beat(timedelta(0))
    if keeper.lead is None:
        return f"{job.name}：另一进程正在主持"
    try:
        alone = replace(job, after=())
        said = [keeper.do(job, replace(due, is_forced=True), keeper.lead) for due in keeper.due(alone, keeper.lead)]
        return next((one for one in reversed(said) if one), f"{job.name}：{job.cadence.slot(clock.now()).name} 已运行")
    finally:
        keeper.resign()


class Clocks:
    """Tells when the clock on the wall was moved: APScheduler sleeps by it, and would sleep on through a step back."""

    def __init__(self) -> None:
        self._wall, self._steady = clock.now(), time.monotonic()

    def jumped(self) -> bool:
        """Say whether the wall's clock went otherwise than time did since the last look."""
        wall, steady = clock.now(), time.monotonic()
        apart = (wall - self._wall) - timedelta(seconds=steady - self._steady)
        self._wall, self._steady = wall, steady
        return abs(apart) > JUMP


def keep_time(
    app: Flask, timetable: Sequence[Job], say: Callable[[str], None], stop: threading.Event, *,
    lasts: timedelta = jobs.LEASE, beat_seconds: float = BEAT_SECONDS, look_seconds: float = LOOK_SECONDS,
) -> None:  # fmt: skip
    """Stand by, or lead and run what is due, until ``stop``; then let what runs come to its end and step down."""
    keeper, clocks = Keeper(app, timetable, lasts=lasts), Clocks()
    scheduler = BackgroundScheduler(timezone="Asia/Shanghai", job_defaults={"misfire_grace_time": None})
    logging.getLogger("apscheduler").setLevel(logging.ERROR)  # that a long run is still running is no news

    told: dict[str, str] = {}

    def turn(job: Job) -> None:
        try:
            for line in keeper.turn(job):
                if told.get(job.name) != line:  # that again nothing was to be done is no news
                    told[job.name] = line
                    say(line)
        except sa.exc.SQLAlchemyError as error:
            app.logger.error("job %s waits for the database: %s", job.name, error)

    for job in timetable:
        scheduler.add_job(turn, "interval", [job], seconds=look_seconds, id=job.name, coalesce=True, max_instances=1)
    led: bool | None = None
    try:
        while not stop.is_set():
            try:
                leads = keeper.beat(timedelta(seconds=time.monotonic()))
            except sa.exc.SQLAlchemyError as error:
                app.logger.error("no sign of life was given: %s", error)
                leads = keeper.lead is not None
            if leads != led:
                led = leads
                say(f"主持定时任务，序号 {keeper.lead.fence}" if keeper.lead else "待命：另一进程正在主持定时任务")
            if not scheduler.running:
                scheduler.start()
            if clocks.jumped():
                for job in timetable:
                    scheduler.reschedule_job(job.name, trigger="interval", seconds=look_seconds)
            stop.wait(beat_seconds)
    finally:
        if scheduler.running:
            scheduler.shutdown(wait=True)
        keeper.resign()
