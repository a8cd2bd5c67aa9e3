"""The archive of usage at the terminal: what stands there is checked first, then the closed days that are not in it."""

from __future__ import annotations

from rich.console import Console

from kernel import clock, db, progress
from kernel.http import policy_book
from kernel.identity import Actor
from settlement.lateness.queries import closed_before
from settlement.usage import checks, commands, queries
from settlement.usage.rules import closed_days


def archive(actor: Actor, place: str, console: Console, *, only_check: bool) -> int:
    """Check the archive of a place, then write its closed days, each in a transaction of its own; return the exit code.

    A day is closed when a sealed settlement covers it; what comes later for it is written into a further part.
    """
    policy_book().place(place)
    session = db.session()
    findings = checks.run(session, place)
    for finding in findings:
        console.print(f"✗ {finding}", markup=False, soft_wrap=True)
    if findings:
        return 1
    console.print(f"{place}：已归档的 {len(queries.archived(session, place))} 个文件与数据库一致。")
    before = closed_before(session, place)
    if only_check or before is None:
        return 0
    days = closed_days(queries.days_with_use(session, place, before), before)
    with progress.track("usage.archive", len(days), about=place) as told:
        for day in days:
            with db.transaction() as opened:
                made = commands.archive_day(opened, actor, place=place, day=day, now=clock.now())
            told.step(str(day))
            if made is not None:
                console.print(f"{day}：{made.events} 条、{made.units} 个单位，写入 {made.file_name}", soft_wrap=True)
    return 0
