"""What use comes to, the one question every engine answers, and until when an event belongs to a period. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from kernel.calendar import Period, start_of_day
from kernel.errors import Conflict

PLACE = re.compile(r"[a-z0-9_-]{1,40}")
MICROSECOND = timedelta(microseconds=1)
EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
ARCHIVE = "usage_archive"  # what both engines know the Parquet files of the closed days as
# One text for DuckDB and Spark in ANSI mode: whole numbers only, names and functions of both
TOTALS = """SELECT entitlement_id, subject_kind, COUNT(*) AS calls,
    SUM(CASE WHEN hit THEN 1 ELSE 0 END) AS hits, SUM(quantity) AS units,
    SUM(CASE WHEN hit THEN quantity ELSE 0 END) AS units_hit
FROM {archive}
WHERE place = '{place}' AND day_number >= {first} AND day_number < {end}{cut}
GROUP BY entitlement_id, subject_kind"""


class Engine(StrEnum):
    """What adds up the use: the database of record, DuckDB on one machine, or a Spark cluster."""

    DATABASE = "database"
    DUCKDB = "duckdb"
    SPARK = "spark"


class ArchiveDiffers(Conflict):
    """What was written to the archive is not what the database holds; nothing was marked as archived."""

    code = "usage.archive_differs"
    title = "归档与数据库不一致"
    title_en = "The archive differs from the database"


class ArchiveDamaged(Conflict):
    """A file of the archive is gone or is not the one that was written: nothing is counted without it."""

    code = "usage.archive_damaged"
    title = "用量归档文件缺失或已被改动"
    title_en = "A file of the usage archive is missing or was changed"


class GraceRunning(Conflict):
    """Events of the period may still come in within the agreed time."""

    code = "usage.grace_running"
    title = "迟到用量的宽限期未满"
    title_en = "Late events may still come in"


@dataclass(frozen=True, slots=True)
class Total:
    """Calls of an entitlement, how many found something, and the units of both."""

    calls: int = 0
    hits: int = 0
    units: int = 0
    units_hit: int = 0

    def __add__(self, other: Total) -> Total:
        """Add up two parts."""
        return Total(self.calls + other.calls, self.hits + other.hits, self.units + other.units,
                     self.units_hit + other.units_hit)  # fmt: skip

    def counted(self, *, charges_misses: bool) -> int:
        """Return the units that count: of what found something, or of every query where the tariff says so."""
        return self.units if charges_misses else self.units_hit


@dataclass(frozen=True, slots=True)
class Sums:
    """What identifies the events of one closed day: how many, their units, and a digest over all of them."""

    events: int
    units: int
    digest: str


def microseconds(at: datetime) -> int:
    """Return a moment as microseconds since 1970, as the archive keeps it."""
    return (at.astimezone(UTC) - EPOCH) // MICROSECOND


def totals_text(place: str, period: Period, stored_until: datetime | None) -> str:
    """Return the question that DuckDB and Spark both answer about the archive.

    Args:
        place: whose entitlements.
        period: Beijing dates of the use.
        stored_until: events stored later are left out; None where no file holds any, which saves reading the moments.

    Raises:
        ValueError: the place is not written as a place is.
    """
    if PLACE.fullmatch(place) is None:
        raise ValueError(f"{place!r} is no place")
    cut = "" if stored_until is None else f" AND stored_us <= {microseconds(stored_until)}"
    return TOTALS.format(archive=ARCHIVE, place=place, first=period.start.toordinal(), end=period.end.toordinal(),
                         cut=cut)  # fmt: skip


def must_be_same(kept: Sums, written: Sums, day: date) -> None:
    """Refuse an archive file that does not hold what the database holds.

    Raises:
        ArchiveDiffers: count, units or digest differ.
    """
    if kept != written:
        raise ArchiveDiffers(
            f"{day} 的用量：数据库 {kept.events} 条、{kept.units} 个单位，归档文件 {written.events} 条、"
            f"{written.units} 个单位，或内容摘要不同；未标记为已归档，请检查磁盘后重试",
            detail_en=f"{day}: {kept.events} events of {kept.units} units against {written.events} of {written.units}",
        )


def must_be_intact(file_name: str, found: str | None, written: str) -> None:
    """Refuse to count by a file that is not the one that was archived.

    Args:
        file_name: of the file, below the folder of the archive.
        found: its SHA-256 now; None where there is no such file.
        written: its SHA-256 when it was archived.

    Raises:
        ArchiveDamaged: it is gone or was changed.
    """
    if found != written:
        raise ArchiveDamaged(
            f"用量归档文件 {file_name} {'不存在' if found is None else '已被改动'}，不能据以计数；请从备份恢复该文件，"
            "或改用 HUIYI_USAGE_ENGINE=database 由数据库计数",
            detail_en=f"{file_name} is {'missing' if found is None else 'not what was archived'}: restore it",
        )


def cut(period: Period, grace_hours: int | None, now: datetime) -> datetime:
    """Return until when an event must be stored to be settled with its period; later ones are the next one's delta.

    Args:
        period: the period, over by now.
        grace_hours: how long events may come in after its end; None where nothing is agreed: until now.
        now: the moment of preparing.

    Raises:
        GraceRunning: that time is not over, so the period would be settled without what may still come.
    """
    ends = grace_ends(period, grace_hours)
    if ends is None:
        return now
    if now < ends:
        raise GraceRunning(
            f"期间 {period.text()} 的迟到用量收至 {ends:%Y-%m-%d %H:%M}，请在此之后编制结算",
            detail_en=f"Events of {period.text()} are taken in until {ends:%Y-%m-%d %H:%M}",
        )
    return ends


def grace_ends(period: Period, grace_hours: int | None) -> datetime | None:
    """Return until when events of a period may come in; None where nothing is agreed."""
    return None if grace_hours is None else start_of_day(period.end) + timedelta(hours=grace_hours)


def cut_of_preview(period: Period, grace_hours: int | None, now: datetime) -> datetime:
    """Return where the real settlement would be cut: never after the end of the agreed time, whenever it is tried.

    While that time runs, what has come in so far is all there is to show.
    """
    ends = grace_ends(period, grace_hours)
    return now if ends is None else min(now, ends)


def archived_before(sealed_until: date, period: Period, grace_hours: int | None, now: datetime) -> date:
    """Return the first day that may not be archived yet: days of sealed periods whose time for late events is over.

    Args:
        sealed_until: the first day that no sealed settlement covers.
        period: the last sealed period.
        grace_hours: how long events of it may come in after its end; None where nothing is agreed.
        now: the present moment.
    """
    ends = grace_ends(period, grace_hours)
    return sealed_until if ends is None or now >= ends else period.start


def closed_days(days: Iterable[int], closed_before: date) -> list[date]:
    """Return those of the days (ordinals) that no settlement will open again, in order."""
    return [date.fromordinal(day) for day in sorted(set(days)) if day < closed_before.toordinal()]
