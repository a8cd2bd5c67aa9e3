"""Moving closed days into the archive; a day counts as archived only once the file was read back and compared."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from kernel import audit
from kernel.db import new_id
from kernel.identity import Actor, Permission
from settlement.usage import gateway, queries
from settlement.usage.gateway import Summing
from settlement.usage.model import ArchivedDay
from settlement.usage.rules import must_be_same

SETTLING = timedelta(hours=1)  # a transaction that began before may still store events with its own moment


def archive_day(session: Session, actor: Actor, *, place: str, day: date, now: datetime) -> ArchivedDay | None:
    """Write the events of a closed day that are in no file yet into one; return it, or None where there are none.

    The rows stay where they are, for they are append-only; the engines that read the archive leave them alone. The
    file is written beside its place, read back and compared with the database by count, units and digest, and only
    then moved there and marked. Repeating it after a crash writes the same file again.

    Raises:
        NotAllowed: the actor moves no use of this place.
        ArchiveDiffers: the file does not hold what the database holds; nothing is marked.
    """
    actor.must(Permission.SETTLEMENT_FOLLOW, place=place)
    until, parts = (
        now - SETTLING,
        [one for one in queries.archived(session, place, None) if one.day_number == day.toordinal()],
    )
    after = parts[-1].stored_until if parts else None
    if not queries.counted_between(session, place, day, after, until)[0]:
        return None
    folder = queries.archive_of(session).folder
    number = parts[-1].part + 1 if parts else 1
    draft = folder / f"place={place}" / f"day={day}" / f"{number:04d}.{new_id().hex}.draft"
    kept, written = Summing(), Summing()
    try:
        gateway.write_day(
            draft, place, day.toordinal(), kept.passing(queries.unarchived(session, place, day, after, until))
        )
        for _ in written.passing(gateway.read_day(draft)):
            pass
        must_be_same(kept.sums, written.sums, day)
        digest = gateway.digest_of(draft)
        path = draft.with_name(f"{number:04d}-{digest[:16]}.parquet")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    made = ArchivedDay(
        id=new_id(), place=place, day_number=day.toordinal(), part=number, file_name=str(path.relative_to(folder)),
        events=kept.sums.events, units=kept.sums.units, digest=kept.sums.digest, file_digest=digest, stored_until=until,
        archived_at=now,
    )  # fmt: skip
    session.add(made)
    session.flush()
    audit.record(
        session, actor, "usage.archive", ("settlement_archived_day", str(made.id)), at=now, note=f"{place} {day}",
        detail={"events": made.events, "units": made.units, "digest": made.digest, "part": number},
    )  # fmt: skip
    return made
