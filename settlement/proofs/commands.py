"""The daily anchor."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy.orm import Session

from kernel import audit
from kernel.calendar import DAY, business_date, start_of_day
from kernel.identity import Actor, Permission
from settlement.proofs import queries
from settlement.proofs.model import Anchor, AnchoredRoot
from settlement.proofs.rules import anchor_content, digests_of, log_tree
from settlement.roots.commands import bind
from settlement.roots.model import PeriodRoot
from settlement.runs.queries import sealed


def anchor(session: Session, actor: Actor, *, now: datetime, day: date | None = None) -> Anchor:
    """Publish what stands sealed, once for each day; a second time, or for an earlier day, return the newest one.

    Sealed periods from before roots were booked get theirs first, for the next anchor. An anchor that is published
    never changes: what comes later is in the next one. A missed day that is made up for holds what stood at its end.

    Args:
        session: a session that writes.
        actor: the timetable.
        now: the present moment.
        day: the day that it is for, in Beijing; the day before when none is given.

    Raises:
        NotAllowed: the actor seals nothing.
    """
    actor.must(Permission.AUDIT_SEAL)
    day = day or business_date(now) - DAY
    before = queries.newest_anchor(session)
    if before is not None and before.day >= day:
        return before
    for run in queries.unbound(session):
        bind(session, actor, sealed(run), now=now)
    end = start_of_day(day + DAY)
    is_made_up_for = day < business_date(now) - DAY
    seals = queries.seals(session, before=end if is_made_up_for else None)
    if before is not None and len(seals) < before.seals:
        seals = queries.seals(session, before.seals)  # never less than was published before
    new = queries.not_anchored(session, before=end)
    content = anchor_content(
        day=day, made_at=now, log=log_tree(seals), last=seals[-1] if seals else None,
        roots=[_told(root) for root in new],
        previous={"day": before.day.isoformat(), "sha256": before.sha256, "sm3": before.sm3} if before else None,
    )  # fmt: skip
    made = Anchor(day=day, seals=len(seals), content=content, made_at=now, **digests_of(content))
    session.add(made)
    session.flush()
    session.add_all(AnchoredRoot(root_id=root.id, anchor_id=made.id) for root in new)
    audit.record(
        session, actor, "proof.anchor", made, at=now, note=day.isoformat(),
        detail={"seals": made.seals, "roots": len(new), "sha256": made.sha256, "sm3": made.sm3},
    )  # fmt: skip
    return made


def _told(root: PeriodRoot) -> dict[str, str | int]:
    return {
        "run": root.run_number, "place": root.place, "period_start": root.period_start.isoformat(),
        "period_end": root.period_end.isoformat(), "leaves": root.leaf_count, "sha256": root.sha256, "sm3": root.sm3,
    }  # fmt: skip
