"""What the timetable does: a new holiday table moves what is open, and what was not renewed is cancelled."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from kernel.calendar import WorkingCalendar
from kernel.errors import NotAllowed
from kernel.identity import Role
from registry.registrations import queries as registrations
from registry.registrations.model import Registration
from registry.registrations.rules import RegistrationKind, RegistrationState
from registry.upkeep import commands, queries
from tests.make.registry_base import NOW, actor
from tests.make.registry_products import make_product, make_registration, make_review, make_sellable, reviewer

SCHEDULER = actor(Role.SCHEDULER)
# as if the State Council had given 3, 10 and 27 July 2026 free, and let people work on Saturday 11 July
NEW = WorkingCalendar({2026: {date(2026, 7, day): day == 11 for day in (3, 10, 11, 27)}})
SHORTER = WorkingCalendar({2026: {date(2026, 7, 4): True, date(2026, 7, 5): True}})


def registration(session: Session, state: str) -> Registration:
    """A registration on one step."""
    product = make_product(session)
    make_review(session, product)
    return make_registration(session, product, state=RegistrationState(state))


def move(session: Session, calendar: WorkingCalendar, now: datetime = NOW) -> int:
    """Move the deadlines."""
    moved = commands.move_deadlines(session, SCHEDULER, calendar=calendar, now=now)
    session.flush()
    return moved


@pytest.mark.both_databases
def test_a_new_holiday_table_moves_what_is_open_and_says_why(session: Session) -> None:
    submitted, accepted, notice = (registration(session, state) for state in ("submitted", "accepted", "public_notice"))
    assert move(session, NEW) == 3
    # acceptance: 2, 6, 7 July (3 July is free); review: free on 3, 10, 27, working on 11; notice: likewise
    assert (submitted.accept_due, accepted.review_due, notice.notice_end) == (
        date(2026, 7, 7), date(2026, 7, 31), date(2026, 7, 16),
    )  # fmt: skip
    (line,) = queries.moved_deadlines(session, submitted)
    assert line.note == "受理期限：2026-07-06 → 2026-07-07（2026 年节假日表）"
    assert line.detail["days"] == ["2026-07-03 节假日表所列休息日"]
    assert "2026-07-11 调休上班" in queries.moved_deadlines(session, notice)[0].detail["days"]
    assert move(session, NEW) == 0


def test_a_notice_never_becomes_shorter_than_it_was_announced_and_other_terms_do(session: Session) -> None:
    submitted, notice = registration(session, "submitted"), registration(session, "public_notice")
    assert move(session, SHORTER) == 1
    assert (submitted.accept_due, notice.notice_end) == (date(2026, 7, 4), date(2026, 7, 15))


def test_a_notice_that_is_over_stays_over_and_nothing_moves_to_a_day_that_has_passed(session: Session) -> None:
    submitted, notice = registration(session, "submitted"), registration(session, "public_notice")
    assert move(session, NEW, datetime(2026, 7, 15, 16, 0, tzinfo=UTC)) == 1  # the 16th in Beijing
    assert (submitted.accept_due, notice.notice_end) == (date(2026, 7, 7), date(2026, 7, 15))
    other = registration(session, "submitted")
    assert move(session, SHORTER, datetime(2026, 7, 5, 2, 0, tzinfo=UTC)) == 0
    assert other.accept_due == date(2026, 7, 6)


def test_what_is_closed_does_not_move(session: Session) -> None:
    make_sellable(session)
    assert move(session, NEW) == 0


def expired(session: Session) -> tuple[Registration, datetime]:
    """A registration and the first second after its last day."""
    made = make_sellable(session)
    found = registrations.latest_coded(session, made.id)
    assert found is not None
    assert found.valid_until == date(2028, 6, 30)
    return found, datetime(2028, 6, 30, 16, 0, tzinfo=UTC)


@pytest.mark.both_databases
def test_a_registration_is_cancelled_on_the_day_after_its_end_and_was_closed_by_time_before(session: Session) -> None:
    found, midnight = expired(session)
    assert commands.cancel_expired(session, SCHEDULER, now=midnight - timedelta(seconds=1)) == 0
    assert registrations.effective(session, found.product_id, date(2028, 6, 30)) is found
    assert registrations.effective(session, found.product_id, date(2028, 7, 1)) is None  # no job ran
    assert commands.cancel_expired(session, SCHEDULER, now=midnight) == 1
    assert (found.state, found.ground, found.closed_at) == (RegistrationState.CANCELLED, "not_renewed", midnight)
    assert "2028-06-30" in found.reason
    assert commands.cancel_expired(session, SCHEDULER, now=midnight) == 0


@pytest.mark.both_databases
def test_a_renewal_that_is_being_decided_or_has_begun_keeps_the_entry(session: Session) -> None:
    found, midnight = expired(session)
    renewal = Registration(
        number="REG-2028-000001", place=found.place, product_id=found.product_id, version_id=found.version_id,
        registrant_id=found.registrant_id, original_id=found.id, kind=RegistrationKind.RENEWAL,
        state=RegistrationState.SUBMITTED, received_at=midnight - timedelta(days=9), sources=[], materials={},
        defects=[],
    )  # fmt: skip
    session.add(renewal)
    session.flush()
    assert commands.cancel_expired(session, SCHEDULER, now=midnight) == 0
    renewal.state, renewal.closed_at = RegistrationState.NOT_ACCEPTED, midnight
    session.flush()
    assert commands.cancel_expired(session, SCHEDULER, now=midnight) == 1


def test_only_the_timetable_does_this(session: Session) -> None:
    for person in (reviewer(), actor(Role.MERCHANT)):
        with pytest.raises(NotAllowed):
            commands.move_deadlines(session, person, calendar=NEW, now=NOW)
        with pytest.raises(NotAllowed):
            commands.cancel_expired(session, person, now=NOW)
