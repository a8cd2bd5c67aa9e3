"""What an auditor asks of the archive of usage; each check returns findings and never raises."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy.orm import Session

from settlement.usage import gateway, queries


def run(session: Session, place: str) -> list[str]:
    """Return every finding about the archive of a place in words; an empty list means that it can be read for totals.

    Each file must be the one that was written, and the database must hold as many events and units as it did then:
    what is stored with an earlier moment afterwards would be in neither.
    """
    folder, found = queries.archive_of(session).folder, list[str]()
    after: dict[date, datetime] = {}
    for one in queries.archived(session, place):
        day, path = date.fromordinal(one.day_number), folder.joinpath(one.file_name)
        if not path.is_file():
            found.append(f"{place} {day}：归档文件 {one.file_name} 不存在")
        elif gateway.digest_of(path) != one.file_digest:
            found.append(f"{place} {day}：归档文件 {one.file_name} 已被改动")
        events, units = queries.counted_between(session, place, day, after.get(day), one.stored_until)
        if (events, units) != (one.events, one.units):
            found.append(
                f"{place} {day}：数据库有 {events} 条、{units} 个单位，归档时为 {one.events} 条、{one.units} 个单位"
            )
        after[day] = one.stored_until
    return found
