"""The timetable writes down, for every order, the schedule that divides it."""

from __future__ import annotations

from flask import Flask

from kernel import clock, db
from kernel.schedule import Slot
from settlement.splits.queries import frozen_terms
from tests.make import registry_base as base
from tests.make import settlement as make
from web.scheduling import SCHEDULER, Turn
from web.timetable import JOBS


def test_the_timetable_freezes_the_schedule_of_every_order_and_finds_nothing_the_second_time(app: Flask) -> None:
    (job,) = (one for one in JOBS if one.name == "orders.freeze_terms")
    assert job.run is not None
    turn = Turn(make.NOW, Slot(make.NOW, "2026-09-02"))
    with clock.set_to(make.NOW), app.app_context():
        with db.transaction() as session:
            make.make_world(session)
        for count in (2, 0):
            with db.transaction() as session:
                assert job.run(session, SCHEDULER, turn) == f"为订单固定分配方案 {count} 笔"
                assert len(frozen_terms(session, base.PLACE)) == 2
