"""Whether the site is ready: the database, its schema, the sealer, the timetable, the holiday tables.

A check that blocks makes ``/readyz`` answer 503; any other that is not in order leaves the site ready but degraded.
The sealer is judged by what it leaves behind, not by what it says it did.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel import audit, db, jobs
from kernel.audit import AuditLine
from kernel.calendar import business_date
from kernel.http import working_calendar
from kernel.jobs import JobRun, RunState
from kernel.schedule import expected, follows
from web.scheduling import Job
from web.schema import revisions
from web.timetable import JOBS

HOLIDAY_WARNING_DAYS = 60
SEAL_LATE = timedelta(minutes=5)
NOTHING_FOUND = "发现 0 处"


@dataclass(frozen=True, slots=True)
class Standing:
    """How one job stands: its newest run, when the next is due, and whether it is late."""

    job: Job
    last: JobRun | None
    next_at: datetime
    is_late: bool
    late_since: datetime

    @property
    def is_failing(self) -> bool:
        """Say whether the newest run came to nothing."""
        return self.last is not None and self.last.state is RunState.FAILED

    @property
    def is_in_order(self) -> bool:
        """Say whether nobody needs to look."""
        return not (self.is_late or self.is_failing)

    def words(self) -> str:
        """Say how it stands."""
        if self.last is None:
            return f"{self.job.name} 尚未运行"
        said = f"{self.job.name} {self.last.run_at.isoformat()}"
        if self.is_late:
            said += f"（逾期：应于 {self.late_since.isoformat()} 起的一期未完成）"
        return said + ("（上次未成）" if self.is_failing else "")  # why stands on the operations page, not in public


def standings(session: Session, now: datetime, timetable: tuple[Job, ...] = JOBS) -> list[Standing]:
    """Return how every job stands.

    On a site whose timetable never ran nothing is late yet; a job that has never run is late as soon as the timetable
    has been led for longer than the job may rest.
    """
    wanted = {job.name: expected(job.cadence, now) for job in timetable}
    done = jobs.done_since(session, [(name, slot.starts_at) for name, slot in wanted.items()], now=now)
    led = jobs.leader(session)
    found = []
    for job in timetable:
        since = wanted[job.name].starts_at
        last = next(iter(jobs.newest(session, job.name)), None)
        began = last is not None or (led is not None and led.first_at < since)
        found.append(Standing(job, last, follows(job.cadence, now), began and job.name not in done, since))
    return found


def readiness(session: Session, now: datetime) -> list[dict[str, Any]]:
    """Return the checks: name, whether it is in order, whether it blocks, and what was found."""
    found, wanted = revisions(session.connection())
    checks = [
        _check("database", session.scalar(sa.text("SELECT 1")) == 1, True, db.database().engine.dialect.name),
        _check("migrations", found == wanted, True, str(found)),
        _holidays(now),
    ]
    return [*checks, *_of_the_timetable(session, now)] if found == wanted else checks  # else the tables may be others


def _check(name: str, ok: bool, blocks: bool, found: str) -> dict[str, Any]:
    return {"name": name, "ok": ok, "blocks": blocks, "found": found}


def _holidays(now: datetime) -> dict[str, Any]:
    today = business_date(now)
    year = working_calendar().first_year_without_table(today)
    days_left = (today.replace(year=year, month=1, day=1) - today).days
    words = f"{year} 年尚无节假日表，距今 {days_left} 天：按国务院办公厅通知补充 holidays/{year}.yaml"
    return _check("holidays", days_left > HOLIDAY_WARNING_DAYS, False, words)


def _of_the_timetable(session: Session, now: datetime) -> list[dict[str, Any]]:
    all_jobs = standings(session, now)
    vital_late = [one for one in all_jobs if one.is_late and one.job.vital]
    ran = [one for one in all_jobs if one.last is not None or one.is_late]
    words = "；".join(one.words() for one in sorted(ran, key=lambda one: one.is_in_order)) or "尚未运行"
    checks = [
        _seals(session, now),
        _check("jobs", all(one.is_in_order for one in all_jobs), bool(vital_late), words),
    ]
    checked = next(iter(jobs.newest(session, "books.verify", state=RunState.DONE)), None)
    if checked is not None:
        checks.append(_check("books", checked.result == NOTHING_FOUND, False, checked.result))
    return checks


def _seals(session: Session, now: datetime) -> dict[str, Any]:
    last = audit.last_seal(session)
    query = sa.select(AuditLine.at).order_by(AuditLine.id).limit(1)
    unsealed = session.scalar(query.where(AuditLine.id > last.last_line) if last else query)
    waits = now - unsealed if unsealed else timedelta(0)
    words = f"封印至第 {last.sequence} 号" if last else "尚无封印"
    if unsealed and waits > SEAL_LATE:
        words += f"；自 {unsealed.isoformat()} 起的审计行未封印：请查看 huiyi work 是否在运行"
    return _check("seals", waits <= SEAL_LATE, True, words)
