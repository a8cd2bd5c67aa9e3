"""The archive of usage: first what stands there is checked, then closed days that are not in it; daily or by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from rich.console import Console
from sqlalchemy.orm import Session

from kernel import clock, db, progress
from kernel.calendar import Period
from kernel.http import policy_book
from kernel.identity import Actor
from settlement.lateness.queries import sealed
from settlement.usage import checks, commands, queries
from settlement.usage.model import ArchivedDay
from settlement.usage.rules import ArchiveDiffers, archived_before, closed_days
from web.scheduling import SCHEDULER, Turn

FINDINGS_NAMED = 3


def archive(actor: Actor, place: str, console: Console, *, only_check: bool) -> int:
    """Check the archive of a place, then write its closed days, each in a transaction of its own; return the exit code.

    A day is closed when a sealed settlement covers it and the time for its late events is over; what comes later for it
    is written into a further part.
    """
    policy_book().place(place)
    session = db.session()
    findings = checks.run(session, place)
    for finding in findings:
        console.print(f"✗ {finding}", markup=False, soft_wrap=True)
    if findings:
        return 1
    console.print(f"{place}：已归档的 {len(queries.archived(session, place))} 个文件与数据库一致。")
    if not only_check:
        for made in _write(actor, place):
            day = date.fromordinal(made.day_number)
            console.print(f"{day}：{made.events} 条、{made.units} 个单位，写入 {made.file_name}", soft_wrap=True)
    return 0


def archive_all(turn: Turn) -> str:
    """Check and write the archive of every place; a place whose archive is wrong holds up no other.

    Raises:
        ArchiveDiffers: files of some place are not what the database holds; its further days wait.
    """
    written, wrong = 0, list[str]()
    for place in policy_book().places():
        findings = checks.run(db.session(), place)
        wrong += findings
        written += 0 if findings else sum(1 for _ in _write(SCHEDULER, place, turn.now))
    if wrong:
        raise ArchiveDiffers(f"归档 {written} 个文件；有 {len(wrong)} 处不符：{'；'.join(wrong[:FINDINGS_NAMED])}")
    return f"归档 {written} 个文件，此前的均与数据库一致"


def _write(actor: Actor, place: str, now: datetime | None = None) -> Iterator[ArchivedDay]:
    session = db.session()
    before = _closed_before(session, place, now or clock.now())
    days = [] if before is None else closed_days(queries.days_with_use(session, place, before), before)
    session.rollback()  # no question stays open while files are written
    if not days:
        return
    with progress.track("usage.archive", len(days), about=place) as told:
        for day in days:
            with db.transaction() as opened:
                made = commands.archive_day(opened, actor, place=place, day=day, now=now or clock.now())
            told.step(str(day))
            if made is not None:
                yield made


def _closed_before(session: Session, place: str, now: datetime) -> date | None:
    runs = sealed(session, place)
    if not runs:
        return None
    last = max(runs, key=lambda run: run.period_end)
    period = Period(last.period_start, last.period_end)
    return archived_before(period.end, period, queries.grace_hours(policy_book(), place, period.last_day), now)
