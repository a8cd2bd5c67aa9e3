"""One is reminded of a settlement once, so many working days before it is due, and until it is sealed it is a task."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from kernel.audit import AuditLine
from kernel.calendar import Period, WorkingCalendar
from kernel.errors import NotAllowed
from kernel.identity import Role
from kernel.policy import PolicyBook
from settlement.reminders import queries
from settlement.reminders.commands import remind
from settlement.reminders.rules import following, is_time
from tests.make import registry_base as base
from tests.make import settlement as make
from tests.rig.databases import ROOT
from web.scheduling import SCHEDULER
from web.worklists.offices import settlements_due
from web.worklists.tasks import Asking

CALENDAR = WorkingCalendar()
JULY = Period.month("2026-07")
TERMS = """
title: 当地结算办法
documents:
  local: {title: 办法, number: 无, in_force: 2024-01-01, read_on: 2026-11-22, status: demonstration, note: 测试}
places:
  national:
    settlement.due_working_days:
      - {from: 2024-01-01, value: "10", source: &said {document: local, article: 第一条, evidence: I,
         rule: REV-03, quote: 结算}}
    settlement.reminder_working_days:
      - {from: 2024-01-01, value: "3", source: *said}
"""


@pytest.fixture
def law(tmp_path: Path) -> PolicyBook:
    """A place that seals within ten working days and reminds three before."""
    overlay = tmp_path / "terms.yaml"
    overlay.write_text(TERMS, encoding="utf-8")
    return PolicyBook.load(ROOT / "policies", [ROOT / "policies" / "overlays" / "demonstration.yaml", overlay])


@given(st.dates(date(2026, 1, 5), date(2026, 9, 30)), st.integers(0, 20))
def test_who_is_reminded_stays_reminded(due: date, ahead: int) -> None:
    days = [due + timedelta(days=shift) for shift in range(-30, 3)]
    told = [is_time(day, due, ahead, CALENDAR) for day in days]
    assert told == sorted(told)
    assert told[-3]  # on the last day at the latest


def test_months_follow_one_another_up_to_the_one_that_runs() -> None:
    assert [one.text() for one in following(JULY, date(2026, 9, 1))] == ["2026-07", "2026-08", "2026-09"]


def test_a_settlement_is_reminded_of_once_and_is_a_task_until_it_is_sealed(session: Session, law: PolicyBook) -> None:
    make.make_world(session)  # sold in July; ten working days after 31 July are over on 14 August

    def on(day: int) -> list[str]:
        now = datetime(2026, 8, day, 2, tzinfo=UTC)
        found = remind(session, SCHEDULER, place=base.PLACE, now=now, book=law, calendar=CALENDAR)
        session.flush()
        return [f"{one.period.text()} {one.due}" for one in found]

    assert on(10) == []
    assert on(11) == ["2026-07 2026-08-14"]
    assert on(12) == []
    assert session.scalars(sa.select(AuditLine.object_id).where(AuditLine.action == "settlement.remind")).all() == [
        f"{base.PLACE}/2026-07"
    ]
    late = datetime(2026, 8, 20, 2, tzinfo=UTC)
    asked = {"place": base.PLACE, "now": late, "book": law, "calendar": CALENDAR}
    (one,) = queries.soon(session, **asked)
    assert one.is_told
    make.settle(session, period=JULY, now=late)
    assert queries.soon(session, **asked) == []
    assert queries.soon(session, **asked | {"place": "futian"}) == []


def test_the_desk_of_those_who_prepare_settlements_shows_it_and_no_other(
    app, session: Session, law: PolicyBook
) -> None:  # type: ignore[no-untyped-def]
    make.make_world(session)
    now = datetime(2026, 8, 20, 2, tzinfo=UTC)

    def tasks(role: Role, place: str) -> list[str]:
        with app.test_request_context():
            asking = Asking(session, base.actor(role, place=place), now, law, CALENDAR)
            return [f"{one.number} {one.due}" for one in settlements_due(asking)]

    assert tasks(Role.FINANCE_PREPARER, base.PLACE) == ["2026-07 2026-08-14"]
    assert tasks(Role.FINANCE_PREPARER, "futian") == tasks(Role.AUDITOR, base.PLACE) == []
    with pytest.raises(NotAllowed):
        remind(session, base.actor(Role.AUDITOR), place=base.PLACE, now=now, book=law, calendar=CALENDAR)


def test_a_place_that_says_nothing_is_not_reminded(session: Session) -> None:
    make.make_world(session)
    now = datetime(2026, 8, 20, 2, tzinfo=UTC)
    assert remind(session, SCHEDULER, place=base.PLACE, now=now, book=make.LAW, calendar=CALENDAR) == []
