"""Claims of scheduled work: each (job, period) runs once, whoever starts it."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.db import Base


class JobRun(Base):
    """One run of one job for one period; the row is the claim."""

    __tablename__ = "job_run"

    job: Mapped[str] = mapped_column(primary_key=True)
    period: Mapped[str] = mapped_column(primary_key=True)
    run_at: Mapped[datetime]
    result: Mapped[str]


def claim(session: Session, job: str, period: str, *, now: datetime) -> bool:
    """Claim the work of one period; say whether it was free. The claim is committed with the work, or not at all."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = insert(JobRun).values(job=job, period=period, run_at=now, result="").on_conflict_do_nothing()
    return session.execute(statement.returning(JobRun.job)).scalar_one_or_none() is not None


def finish(session: Session, job: str, period: str, result: str) -> None:
    """Write down what the run did."""
    session.execute(sa.update(JobRun).where(JobRun.job == job, JobRun.period == period).values(result=result))


def last_runs(session: Session) -> list[tuple[str, datetime]]:
    """Return each job's newest run."""
    query = sa.select(JobRun.job, sa.func.max(JobRun.run_at)).group_by(JobRun.job).order_by(JobRun.job)
    return [(name, at) for name, at in session.execute(query)]


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
