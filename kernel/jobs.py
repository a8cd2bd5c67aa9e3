"""Claims of repeated work: each (job, period) is done once, whoever starts it, and by one leader at a time.

The leader holds a lease in the database with a fencing number, which every change of leader raises. A claim carries
the number, and every transaction of a led run reads it again just before it commits (:func:`fence`): a former leader
that wakes up late cannot write. The clock that a lease runs by is checked by looking: a lease whose holder gives no
sign of life for as long as it may rest is over, whatever the clocks say.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.db import Base
from kernel.errors import Conflict
from kernel.schedule import ATTEMPTS_MAX, EPOCH, Slot, back_off

LEADERSHIP = "timetable"
LEASE = timedelta(seconds=30)
WORDS_MAX = 2000


class LeadLost(Conflict):
    """Another process leads by now: nothing of this transaction is kept."""

    code = "job.lead_lost"
    title = "定时任务已由另一进程主持"
    title_en = "Another process runs the timetable"
    retryable = True


class RunState(StrEnum):
    """Where the run of one period stands."""

    CLAIMED = "claimed"
    DONE = "done"
    FAILED = "failed"


class JobRun(Base):
    """One period of one job; the row is the claim."""

    __tablename__ = "job_run"
    __table_args__ = (
        sa.Index(None, "job", "state", "starts_at"),
        sa.Index(None, "job", "run_at"),
        sa.CheckConstraint("(state = 'claimed') = (finished_at IS NULL)", name="finished_when_not_claimed"),
        sa.CheckConstraint("attempts > 0", name="tried"),
    )

    job: Mapped[str] = mapped_column(primary_key=True)
    period: Mapped[str] = mapped_column(primary_key=True)
    starts_at: Mapped[datetime | None]  # the moment from which the period was due; none: somebody asked for the run
    state: Mapped[RunState] = mapped_column(default=RunState.CLAIMED)
    attempts: Mapped[int] = mapped_column(default=1)
    fence: Mapped[int] = mapped_column(default=0)
    holder: Mapped[str] = mapped_column(default="")
    run_at: Mapped[datetime]  # when its newest attempt began
    finished_at: Mapped[datetime | None]
    took_ms: Mapped[int | None]  # by a clock that does not jump
    missed: Mapped[int] = mapped_column(default=0)  # periods before it that nobody ran, and that it makes up for
    result: Mapped[str] = mapped_column(default="")
    error: Mapped[str] = mapped_column(default="")


class JobLead(Base):
    """Who leads, and under which fencing number."""

    __tablename__ = "job_lead"

    name: Mapped[str] = mapped_column(primary_key=True)
    holder: Mapped[str]
    fence: Mapped[int]
    beats: Mapped[int]  # every sign of life raises it
    first_at: Mapped[datetime]  # when anybody led for the first time
    since: Mapped[datetime]
    until: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Lead:
    """The leadership of one process, as far as it knows."""

    holder: str
    fence: int


@dataclass(frozen=True, slots=True)
class Seen:
    """A sign of life of another leader, as it was read."""

    fence: int
    beats: int


# ---- leadership ----


def seen(session: Session) -> Seen | None:
    """Return the newest sign of life of whoever leads."""
    row = session.execute(sa.select(JobLead.fence, JobLead.beats).where(JobLead.name == LEADERSHIP)).first()
    return Seen(row.fence, row.beats) if row else None


def leader(session: Session) -> JobLead | None:
    """Return who leads, or led last."""
    return session.get(JobLead, LEADERSHIP)


def lead(
    session: Session, holder: str, *, now: datetime, lasts: timedelta = LEASE, silent: Seen | None = None
) -> Lead | None:
    """Take or prolong the leadership; return it, or ``None`` while somebody else has it.

    Args:
        session: a session that writes.
        holder: name of this process, never used again by another.
        now: the present moment.
        lasts: how long the lease runs without a further sign of life.
        silent: a sign of life that this process has seen unchanged for as long as a lease may last.
    """
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    until = now + lasts
    first = insert(JobLead).values(
        name=LEADERSHIP, holder=holder, fence=1, beats=0, first_at=now, since=now, until=until
    )  # fmt: skip
    if session.scalar(first.on_conflict_do_nothing().returning(JobLead.fence)) is not None:
        return Lead(holder, 1)
    query = sa.select(JobLead).where(JobLead.name == LEADERSHIP).with_for_update()
    row = session.scalars(query.execution_options(populate_existing=True)).one()
    is_over = row.until < now or silent == Seen(row.fence, row.beats)
    if row.holder == holder:
        row.beats, row.until = row.beats + 1, until
    elif is_over:
        row.holder, row.fence, row.beats, row.since, row.until = holder, row.fence + 1, 0, now, until
    else:
        return None
    session.flush()
    return Lead(holder, row.fence)


def resign(session: Session, held: Lead) -> None:
    """End a leadership, so that the next one need not wait for its end."""
    session.execute(
        sa.update(JobLead)
        .where(JobLead.name == LEADERSHIP, JobLead.fence == held.fence, JobLead.holder == held.holder)
        .values(until=EPOCH, beats=JobLead.beats + 1)
    )


def must_lead(session: Session, held: Lead) -> None:
    """Refuse unless the fencing number is still the newest.

    Raises:
        LeadLost: another process leads by now.
    """
    newest = session.scalar(sa.select(JobLead.fence).where(JobLead.name == LEADERSHIP))
    if newest != held.fence:
        raise LeadLost(
            f"定时任务的主持序号已是 {newest}，本进程为 {held.fence}：本次不写入，由现主持进程办理",
            detail_en=f"The fencing number is {newest} by now, ours is {held.fence}: nothing was written",
        )


@contextmanager
def fence(session: Session, held: Lead) -> Iterator[None]:
    """Let no transaction of ``session`` commit inside the block unless ``held`` still leads."""

    def before_commit(committing: Session) -> None:
        must_lead(committing, held)

    event.listen(session, "before_commit", before_commit)
    try:
        yield
    finally:
        event.remove(session, "before_commit", before_commit)


# ---- claims ----


def claim(
    session: Session, job: str, period: str, *, now: datetime, by: Lead | None = None,
    starts_at: datetime | None = None, missed: int = 0, is_forced: bool = False,
) -> bool:  # fmt: skip
    """Claim the work of one period; say whether it is ours to do.

    What is done stays done. What failed may be claimed again when it has rested, or at once when a person asks
    (``is_forced``); what another leader claimed and left behind, at once. A run that is being committed at this moment
    is left alone.
    """
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    mark = {"run_at": now, "fence": by.fence if by else 0, "holder": by.holder if by else ""}
    first = insert(JobRun).values(
        job=job, period=period, starts_at=starts_at, missed=missed, state=RunState.CLAIMED, attempts=1, result="",
        error="", **mark,
    )  # fmt: skip
    if session.scalar(first.on_conflict_do_nothing().returning(JobRun.job)) is not None:
        return True
    known = session.execute(
        sa.select(JobRun.state, JobRun.attempts, JobRun.finished_at)
        .where(JobRun.job == job, JobRun.period == period)
        .with_for_update(skip_locked=True)
    ).first()
    if known is None or known.state is RunState.DONE or (known.state is RunState.CLAIMED and by is None):
        return False
    if known.state is RunState.FAILED and not is_forced and not _has_rested(known.attempts, known.finished_at, now):
        return False
    again = {"state": RunState.CLAIMED, "attempts": known.attempts + 1, "finished_at": None, "took_ms": None}
    session.execute(sa.update(JobRun).where(JobRun.job == job, JobRun.period == period).values(**again, **mark))
    return True


def _has_rested(attempts: int, failed_at: datetime, now: datetime) -> bool:
    rest = back_off(attempts)
    return now - failed_at >= rest or failed_at - now > rest  # the clock went back: nobody knows how long it rested


def keep(session: Session, job: str, period: str, by: Lead) -> None:
    """Lock a claim for the transaction of its work, so that nobody takes it over while it commits.

    Raises:
        LeadLost: another leader has claimed the period meanwhile.
    """
    ours = sa.select(JobRun.job).where(
        JobRun.job == job, JobRun.period == period, JobRun.state == RunState.CLAIMED, JobRun.fence == by.fence,
        JobRun.holder == by.holder,
    )  # fmt: skip
    if session.scalar(ours.with_for_update()) is None:
        raise _taken_up(job, period)


def finish(
    session: Session, job: str, period: str, result: str, *, now: datetime, by: Lead | None = None,
    took_ms: int | None = None,
) -> None:  # fmt: skip
    """Write down what the run did, in the transaction of its work where it has one.

    Raises:
        LeadLost: another leader has claimed the period meanwhile; its run is the one that counts.
    """
    _close(session, job, period, by, state=RunState.DONE, result=result[:WORDS_MAX], error="", finished_at=now,
           took_ms=took_ms)  # fmt: skip


def fail(
    session: Session, job: str, period: str, error: str, *, now: datetime, by: Lead | None = None,
    took_ms: int | None = None,
) -> None:  # fmt: skip
    """Write down why the run came to nothing; it will be tried again.

    Raises:
        LeadLost: another leader has claimed the period meanwhile.
    """
    _close(session, job, period, by, state=RunState.FAILED, result="", error=error[:WORDS_MAX], finished_at=now,
           took_ms=took_ms)  # fmt: skip


def _close(session: Session, job: str, period: str, by: Lead | None, **values: object) -> None:
    ours = [JobRun.job == job, JobRun.period == period, JobRun.state == RunState.CLAIMED]
    if by is not None:
        ours += [JobRun.fence == by.fence, JobRun.holder == by.holder]
    closed = session.execute(sa.update(JobRun).where(*ours).values(**values).returning(JobRun.job))
    if closed.scalar_one_or_none() is None:
        raise _taken_up(job, period)


def _taken_up(job: str, period: str) -> LeadLost:
    return LeadLost(
        f"{job} 的 {period} 已由另一进程办理，本次不写入",
        detail_en=f"{period} of {job} was taken up by another process; nothing was written",
    )


# ---- what has been done ----


def settled_until(session: Session, job: str, *, before: datetime, with_given_up: bool) -> datetime | None:
    """Return the beginning of the newest period up to ``before`` that is done, or that was given up too."""
    found = []
    for state, more in ((RunState.DONE, ()), (RunState.FAILED, (JobRun.attempts >= ATTEMPTS_MAX,))):
        if state is RunState.DONE or with_given_up:
            query = sa.select(sa.func.max(JobRun.starts_at)).where(
                JobRun.job == job, JobRun.state == state, JobRun.starts_at <= before, *more
            )
            found.append(session.scalar(query))
    return max((one for one in found if one is not None), default=None)


def first_period(session: Session, job: str) -> datetime | None:
    """Return the beginning of the oldest period of a job that is remembered."""
    return session.scalar(sa.select(sa.func.min(JobRun.starts_at)).where(JobRun.job == job))


def done_since(session: Session, wanted: Sequence[tuple[str, datetime]], *, now: datetime) -> set[str]:
    """Return the jobs of which a period that began at the given moment or later is done, all in one statement."""
    if not wanted:
        return set()
    asked = [
        sa.exists().where(
            JobRun.job == job, JobRun.state == RunState.DONE, JobRun.starts_at >= since, JobRun.starts_at <= now
        ).label(f"job_{number}")
        for number, (job, since) in enumerate(wanted)
    ]  # fmt: skip
    row = session.execute(sa.select(*asked)).one()
    return {job for (job, _since), is_done in zip(wanted, row, strict=True) if is_done}


def newest(session: Session, job: str, *, limit: int = 1, state: RunState | None = None) -> Sequence[JobRun]:
    """Return the newest runs of a job, the newest first."""
    query = sa.select(JobRun).where(JobRun.job == job)
    if state is not None:
        query = query.where(JobRun.state == state)
    return session.scalars(query.order_by(JobRun.run_at.desc(), JobRun.period.desc()).limit(limit)).all()


def orphans(session: Session, job: str, by: Lead) -> Sequence[JobRun]:
    """Return the periods of a job that an earlier leader claimed and did not bring to an end, oldest first."""
    query = sa.select(JobRun).where(JobRun.job == job, JobRun.state == RunState.CLAIMED, JobRun.fence != by.fence)
    return session.scalars(query.order_by(JobRun.run_at, JobRun.period)).all()


def given_up(session: Session, job: str) -> JobRun | None:
    """Return the oldest period of a job that came to nothing and is not tried again by itself."""
    query = sa.select(JobRun).where(
        JobRun.job == job, JobRun.state == RunState.FAILED, JobRun.attempts >= ATTEMPTS_MAX,
        JobRun.starts_at.is_not(None),
    )  # fmt: skip
    return session.scalars(query.order_by(JobRun.starts_at).limit(1)).first()


def slot_of(run: JobRun) -> Slot:
    """Return the period of a run."""
    return Slot(run.starts_at or run.run_at, run.period)


def last_runs(session: Session) -> list[tuple[str, datetime]]:
    """Return each job's newest run."""
    query = sa.select(JobRun.job, sa.func.max(JobRun.run_at)).group_by(JobRun.job).order_by(JobRun.job)
    return [(name, at) for name, at in session.execute(query)]


def forget(session: Session, job: str, *, before: datetime) -> int:
    """Delete the runs of a job that are done since before a moment; return how many. What failed is kept."""
    old = sa.delete(JobRun).where(JobRun.job == job, JobRun.state == RunState.DONE, JobRun.finished_at < before)
    return len(session.scalars(old.returning(JobRun.period)).all())


class JobLease(Base):
    """Who alone does a work that cannot stay inside one transaction, and until when."""

    __tablename__ = "job_lease"

    job: Mapped[str] = mapped_column(primary_key=True)
    holder: Mapped[str]
    until: Mapped[datetime]


def hold(session: Session, job: str, holder: str, *, now: datetime, until: datetime) -> bool:
    """Take or prolong the lease of a work; say whether ``holder`` has it. One that ran out may be taken by anybody."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = insert(JobLease).values(job=job, holder=holder, until=until)
    statement = statement.on_conflict_do_update(
        index_elements=[JobLease.job], set_={"holder": holder, "until": until},
        where=sa.or_(JobLease.holder == holder, JobLease.until < now),
    )  # fmt: skip
    return session.execute(statement.returning(JobLease.job)).scalar_one_or_none() is not None


def let_go(session: Session, job: str, holder: str) -> None:
    """Give a lease back, so that the next one need not wait for its end."""
    session.execute(sa.delete(JobLease).where(JobLease.job == job, JobLease.holder == holder))
