"""What the timetable does to the register."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy.orm import Session

from kernel import audit
from kernel.calendar import CalendarGap, WorkingCalendar, business_date
from kernel.identity import Actor, Permission
from registry.deadlines.rules import may_move, why_moved
from registry.registrations import queries as registrations
from registry.registrations.model import Registration
from registry.registrations.rules import RegistrationEvent, RegistrationState, after
from registry.terms.rules import moved_notice_end
from registry.upkeep import queries

BATCH_MAX = 200
NOT_RENEWED = "not_renewed"
PARAMETERS = {
    "accept_due": ("registration.acceptance_working_days",),
    "review_due": ("registration.review_working_days", "registration.cancellation_working_days"),
    "notice_end": ("registration.notice_working_days",),
}
TITLES = {"accept_due": "受理期限", "review_due": "审核期限", "notice_end": "公示期"}


def move_deadlines(session: Session, actor: Actor, *, calendar: WorkingCalendar, now: datetime) -> int:
    """Bring the last days of what is under way into line with the present holiday tables; return how many moved.

    The days are those that applied when the step began. A public notice that is over stays over, and none becomes
    shorter than it was announced [I]. The audit line says from when to when, and which table is the reason.

    Raises:
        NotAllowed: the actor does not watch procedures.

    Source:
        发改数据规〔2025〕26号 第十条至第十二条 (REG-04); working days by the State Council's holiday notices.
    """
    actor.must(Permission.REVIEW_WATCH)
    today, moved = business_date(now), 0
    for one in queries.timed(session):
        try:
            if _due(one, calendar, today) is None:
                continue
        except CalendarGap:
            continue  # a table was taken away: nothing says that the deadline is wrong
        registration = registrations.get(session, one.id, lock=True)
        found = _due(registration, calendar, today)
        if found is not None:
            field, start, due = found
            _move(session, actor, registration, field, start, due, calendar, now)
            moved += 1
    return moved


def _due(registration: Registration, calendar: WorkingCalendar, today: date) -> tuple[str, date, date] | None:
    """Return field, start and new last day of the step that runs; ``None`` when nothing moves."""
    field, began = {
        RegistrationState.SUBMITTED: ("accept_due", registration.received_at),
        RegistrationState.ACCEPTED: ("review_due", registration.accepted_at),
        RegistrationState.PUBLIC_NOTICE: ("notice_end", registration.passed_at),
        RegistrationState.OBJECTED: ("notice_end", registration.passed_at),
    }.get(registration.state, ("", None))
    cited = [source for source in registration.sources if source["name"] in PARAMETERS.get(field, ())]
    before: date | None = getattr(registration, field) if field else None
    if began is None or before is None or not cited:
        return None
    start, days = business_date(began), int(cited[-1]["value"])
    if field == "notice_end":
        due = moved_notice_end(before, passed_on=start, working_days=days, today=today, calendar=calendar)
    else:
        due = calendar.add_working_days(start, days)
    return (field, start, due) if may_move(before, due, today, silence_consents=False) else None


def _move(
    session: Session, actor: Actor, registration: Registration, field: str, start: date, due: date,
    calendar: WorkingCalendar, now: datetime,
) -> None:  # fmt: skip
    before: date = getattr(registration, field)
    setattr(registration, field, due)
    years, days = why_moved(calendar, start, before, due)
    tables = "、".join(f"{year} 年节假日表" for year in years)
    audit.record(
        session, actor, "registration.move_deadline", registration, at=now,
        note=f"{TITLES[field]}：{before} → {due}（{tables}）",
        detail={"field": field, "from": str(before), "to": str(due), "tables": years, "days": days},
    )  # fmt: skip


def cancel_expired(session: Session, actor: Actor, *, now: datetime) -> int:
    """Cancel registrations that ended without renewal, at most :data:`BATCH_MAX`; return how many.

    Sales stopped by themselves on the last valid day; this is the entry in the register. One whose renewal is still
    being decided waits. Safe to run again at any time.

    Raises:
        NotAllowed: the actor does not watch procedures.

    Source:
        发改数据规〔2025〕26号 第十五条 (REG-07).
    """
    actor.must(Permission.REVIEW_WATCH)
    done = 0
    for one in queries.expired(session, business_date(now), limit=BATCH_MAX):
        registration = registrations.get(session, one.id, lock=True)
        if registration.state is not RegistrationState.CODED:
            continue
        registration.state = after(registration.state, RegistrationEvent.CANCEL)
        registration.closed_at, registration.ground = now, NOT_RENEWED
        registration.reason = f"有效期至 {registration.valid_until} 届满，未申请续展（26号 第十五条）"
        audit.record(session, actor, "registration.cancel_expired", registration, at=now, note=registration.code or "")
        done += 1
    return done
