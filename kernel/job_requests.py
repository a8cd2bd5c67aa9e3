"""Runs that a person asks for: with a reason, once at a time, carried out by whoever leads the timetable."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel import audit
from kernel.db import Entity
from kernel.errors import Conflict
from kernel.identity import Actor, Permission


class AlreadyAsked(Conflict):
    """Somebody has asked for the same run, and it has not begun yet."""

    code = "job.already_asked"
    title = "已有人请求运行"
    title_en = "Somebody has asked already"


class JobRequest(Entity):
    """One request to run a job now."""

    __tablename__ = "job_request"
    __table_args__ = (
        sa.Index("uq_job_request_open", "job", unique=True, sqlite_where=sa.text("taken_at IS NULL"),
                 postgresql_where=sa.text("taken_at IS NULL")),
        sa.CheckConstraint("(taken_at IS NULL) = (period IS NULL)", name="period_when_taken"),
    )  # fmt: skip

    job: Mapped[str] = mapped_column(index=True)
    reason: Mapped[str]
    asked_by_id: Mapped[UUID | None]
    asked_by_name: Mapped[str]
    asked_at: Mapped[datetime]
    taken_at: Mapped[datetime | None]
    period: Mapped[str | None]  # of the run that answered it


def ask(session: Session, actor: Actor, job: str, *, reason: str, now: datetime) -> JobRequest:
    """Ask for a run of a job now.

    Raises:
        NotAllowed: the actor does not run the site.
        AlreadyAsked: a request for the same job waits.
    """
    actor.must(Permission.JOB_RUN)
    waits = session.scalar(sa.select(JobRequest).where(JobRequest.job == job, JobRequest.taken_at.is_(None)))
    if waits is not None:
        raise AlreadyAsked(
            f"{waits.asked_by_name} 已请求运行 {job}，尚未开始：请等待，或查看定时进程是否在运行",
            detail_en=f"{waits.asked_by_name} has asked for {job}; it has not begun yet",
        )
    made = JobRequest(job=job, reason=reason, asked_by_id=actor.id, asked_by_name=actor.name, asked_at=now)
    session.add(made)
    session.flush()
    audit.record(session, actor, "job.ask", made, at=now, note=reason, detail={"job": job})
    return made


def waiting(session: Session) -> set[str]:
    """Return the jobs that somebody asked for and that have not begun."""
    return set(session.scalars(sa.select(JobRequest.job).where(JobRequest.taken_at.is_(None))))


def open_for(session: Session, job: str) -> JobRequest | None:
    """Return the request for a job that has not begun."""
    return session.scalar(sa.select(JobRequest).where(JobRequest.job == job, JobRequest.taken_at.is_(None)))


def take(session: Session, request_id: UUID, *, period: str, now: datetime) -> None:
    """Note which run answers a request, in the transaction of its claim."""
    session.execute(
        sa.update(JobRequest)
        .where(JobRequest.id == request_id, JobRequest.taken_at.is_(None))
        .values(taken_at=now, period=period, version=JobRequest.version + 1)
    )


def of_job(session: Session, job: str, *, limit: int) -> Sequence[JobRequest]:
    """Return the newest requests for a job."""
    query = sa.select(JobRequest).where(JobRequest.job == job)
    return session.scalars(query.order_by(JobRequest.id.desc()).limit(limit)).all()
