"""What came too late for its settlement is named, taken by the next one as a delta, and never twice."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from kernel import db
from kernel.calendar import Period, start_of_day
from kernel.identity import Role
from kernel.policy import PolicyBook
from settlement.lateness import queries
from settlement.lateness.queries import NoSuchEvent
from settlement.metering.model import UsageEvent
from settlement.runs import commands as runs
from settlement.runs import queries as previews
from settlement.usage.rules import GraceRunning
from tests.make import registry_base as base
from tests.make import settlement as make
from tests.make.clients import as_person, as_program
from tests.rig.databases import ROOT

SEPTEMBER = Period.month("2026-09")
LATER, OCTOBER = make.NOW + timedelta(days=3), make.NOW + timedelta(days=30)


GRACE = """
title: 当地结算办法
documents:
  local: {title: 办法, number: 无, in_force: 2024-01-01, read_on: 2026-11-22, status: demonstration, note: 测试}
places:
  national:
    settlement.usage_grace_hours:
      - from: 2024-01-01
        value: "48"
        source: {document: local, article: 第一条, evidence: I, rule: REV-03, quote: 迟到用量}
"""


def reader(place: str = base.PLACE):  # type: ignore[no-untyped-def]
    """A person who reads the settlements of a place."""
    return base.actor(Role.AUDITOR, place=place)


@pytest.mark.both_databases
def test_late_events_wait_for_the_next_settlement_which_takes_them_as_a_delta(session: Session) -> None:
    world = make.make_world(session)
    make.use(session, world.scores_bought, 100)
    august = make.settle(session)
    assert queries.late(session, base.PLACE) == []
    make.use(session, world.scores_bought, 7, prefix="late", quantity=2, now=LATER)
    make.use(session, world.levels_bought, 3, at=LATER, prefix="september", now=LATER)
    (waiting,) = queries.late(session, base.PLACE)
    assert (waiting.run, waiting.period, waiting.entitlement) == (
        august.number,
        make.PERIOD,
        world.scores_bought.number,
    )
    assert (waiting.events, waiting.units, waiting.taken_by) == (7, 14, None)
    september = make.settle(session, period=SEPTEMBER, now=OCTOBER)
    (taken,) = queries.late(session, base.PLACE)
    assert (taken.events, taken.units, taken.taken_by) == (7, 14, september.number)
    assert (august.totals["quantity"], september.totals["quantity"]) == (100, 14 + 3)
    make.use(session, world.scores_bought, 1, prefix="later-still", now=OCTOBER + timedelta(days=1))
    assert [(one.events, one.taken_by) for one in queries.late(session, base.PLACE)] == [
        (7, september.number),
        (1, None),
    ]


def test_an_event_has_four_times_and_names_the_settlement_that_took_it(session: Session) -> None:
    world = make.make_world(session)
    make.use(session, world.scores_bought, 1, prefix="early")
    august = make.settle(session)
    make.use(session, world.scores_bought, 1, prefix="late", now=LATER)
    found = {event.client_reference: event.id for event in session.scalars(sa.select(UsageEvent))}
    early = queries.times_of(session, reader(), found["early-0"])
    assert (early.used_at, early.received_at, early.stored_at) == (make.USED_AT, make.NOW, make.NOW)
    assert (early.billed_at, early.billed_by, early.is_late) == (make.NOW, august.number, False)
    late = queries.times_of(session, reader(), found["late-0"])
    assert (late.billed_at, late.billed_by, late.is_late) == (None, None, True)
    september = make.settle(session, period=SEPTEMBER, now=OCTOBER)
    late = queries.times_of(session, reader(), found["late-0"])
    assert (late.billed_at, late.billed_by, late.is_late) == (OCTOBER, september.number, True)


def test_events_of_other_places_are_not_known(session: Session) -> None:
    make.use(session, make.make_world(session).scores_bought, 1)
    event = session.scalars(sa.select(UsageEvent.id)).one()
    for actor, key in ((reader("futian"), event), (reader(), uuid4())):
        with pytest.raises(NoSuchEvent):
            queries.times_of(session, actor, key)


def test_engine_archive_and_late_events_are_shown_on_a_page_and_to_programs(
    app: Flask, client: FlaskClient, world: make.World
) -> None:
    with app.app_context(), db.transaction() as session:
        make.use(session, world.scores_bought, 5)
        august = make.settle(session).number
        make.use(session, world.scores_bought, 2, prefix="late", now=LATER)
        event = session.scalars(sa.select(UsageEvent.id).limit(1)).one()
    person = as_person(app, Role.AUDITOR, place=base.PLACE)
    shown = person.get(f"/usage?place={base.PLACE}&month=2026-08").get_data(as_text=True)
    for words in ("数据库", august, world.scores_bought.number, "下一期", "2026-08-05"):
        assert words in shown
    assert person.get("/usage").status_code == 200
    assert person.get("/usage?place=futian").status_code == 403
    program = as_program(app, Role.AUDITOR, place=base.PLACE)
    state = client.get(f"/api/v1/usage/state?place={base.PLACE}&month=2026-08", headers=program).json
    assert (state["engine"], state["grace_hours"]) == ("database", None)
    assert [(one["day"], one["events"], one["archived"]) for one in state["days"]] == [("2026-08-05", 7, 0)]
    assert [(one["run"], one["events"], one["taken_by"]) for one in state["late"]] == [(august, 2, None)]
    times = client.get(f"/api/v1/usage/events/{event}/times", headers=program).json
    assert (times["billed_by"], times["used_at"]) == (august, "2026-08-05T02:00:00+00:00")
    assert client.get("/api/v1/usage/state?place=futian", headers=program).status_code == 403


def test_within_the_agreed_time_events_still_count_for_their_period_and_afterwards_for_the_next(
    session: Session, tmp_path: Path
) -> None:
    overlay = tmp_path / "grace.yaml"
    overlay.write_text(GRACE, encoding="utf-8")
    book = PolicyBook.load(ROOT / "policies", [ROOT / "policies" / "overlays" / "demonstration.yaml", overlay])
    world, end = make.make_world(session), start_of_day(make.PERIOD.end)
    asked = {"place": base.PLACE, "period": make.PERIOD, "book": book}
    make.use(session, world.scores_bought, 5, prefix="within", now=end + timedelta(hours=48))
    make.use(session, world.scores_bought, 3, prefix="beyond", now=end + timedelta(hours=48, seconds=1))
    with pytest.raises(GraceRunning):
        runs.prepare(session, make.preparer(), now=end + timedelta(hours=47), **asked)
    tried = previews.preview(session, make.preparer(), now=end + timedelta(days=9), **asked)
    assert tried["totals"]["quantity"] == 5  # cut as the real settlement will be, not at the moment of trying
    so_far = previews.preview(session, make.preparer(), now=end + timedelta(hours=47), **asked)
    assert so_far["totals"]["quantity"] == 0
    run = runs.prepare(session, make.preparer(), now=end + timedelta(days=9), **asked)
    assert (run.totals["quantity"], run.received_until) == (5, end + timedelta(hours=48))
    assert run.report == tried
