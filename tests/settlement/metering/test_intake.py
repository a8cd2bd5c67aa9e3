"""Batches and large files: unique by source and number, read by columns or by rows with the same result."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from kernel import clock, db
from kernel.identity import Role
from settlement.metering import commands
from settlement.metering.commands import BULK_BYTES, Imported
from settlement.metering.model import UsageEvent, UsageTotal
from settlement.metering.rules import UsageRefused
from tests.make import registry_base as base
from tests.make import settlement as make
from tests.make.clients import as_program

URL = "/api/v1/usage/events"
LARGE = 16_000  # rows that are more than BULK_BYTES


def rows_of(number: str, count: int, **cells: Any) -> list[dict[str, Any]]:
    """So many uses of one entitlement, in a file that is large when there are many."""
    common = {"entitlement": number, "occurred_at": make.USED_AT.isoformat(), "subject_kind": "enterprise", **cells}
    return [common | {"client_reference": f"r{turn:06d}"} for turn in range(count)]


def bring_in(session: Session, rows: list[dict[str, Any]], source: str | None = "platform", **more: Any) -> Imported:
    """Import a file of one source."""
    return commands.import_usage(
        session, make.preparer(), place=base.PLACE, file_name="usage.csv", content=make.usage_file(rows), now=make.NOW,
        source=source, **more,
    )  # fmt: skip


def stored(session: Session) -> list[tuple[Any, ...]]:
    """Everything about the events but their id, in the order of their numbers."""
    columns = [
        column for column in UsageEvent.__table__.columns if column.key not in ("id", "stored_at", "received_at")
    ]
    query = sa.select(*columns).order_by(UsageEvent.source, UsageEvent.client_reference)
    return [tuple(row) for row in session.execute(query)]


def used(session: Session) -> int:
    """What is used up in all."""
    return session.scalar(sa.select(sa.func.coalesce(sa.func.sum(UsageTotal.used), 0))) or 0


@pytest.mark.both_databases
def test_an_event_is_unique_by_who_counted_it_and_its_number(session: Session) -> None:
    held = make.make_world(session).scores_bought.number
    assert bring_in(session, rows_of(held, 20), "platform-1") == Imported(20, 20, 0)
    assert bring_in(session, rows_of(held, 20), "platform-1") == Imported(20, 0, 20)
    assert bring_in(session, rows_of(held, 20), "platform-2") == Imported(20, 20, 0)
    assert bring_in(session, rows_of(held, 20), None) == Imported(20, 20, 0)
    assert used(session) == 60


@pytest.mark.both_databases
@pytest.mark.parametrize("count", [8, LARGE])
def test_a_number_that_comes_again_with_another_use_is_refused_by_its_row(session: Session, count: int) -> None:
    world = make.make_world(session, quantity=2 * LARGE)
    rows = rows_of(world.scores_bought.number, count)
    bring_in(session, rows)
    rows[3] |= {"quantity": "2"}
    rows[5] |= {"entitlement": world.levels_bought.number}
    with pytest.raises(UsageRefused) as refused:
        bring_in(session, rows)
    assert [(error["row"], error["code"]) for error in refused.value.errors] == [
        (4, "usage.reused"),
        (6, "usage.reused"),
    ]
    assert used(session) == count


@pytest.mark.both_databases
def test_a_large_file_read_by_columns_brings_what_small_ones_bring(session: Session) -> None:
    world = make.make_world(session, quantity=4 * LARGE)
    rows = rows_of(world.scores_bought.number, LARGE)
    odd = [
        {"quantity": "03", "hit": "TRUE"}, {"occurred_at": " 2026-08-05T10:00:00.5 "}, {"hit": "False"},
        {"occurred_at": "20260805T100000Z"}, {"subject": "甲"}, {"quantity": ""},
        {"subject": " 甲, \"乙\"\n丙 ", "subject_kind": "enterprise "},
        {"occurred_at": "2026-08-05T23:59:59.999999+14:00"}, {"entitlement": world.levels_bought.number + " "},
    ]  # fmt: skip
    for row, cells in zip(rows, odd, strict=False):
        row |= cells
    assert len(make.usage_file(rows)) > BULK_BYTES
    assert bring_in(session, rows, "large") == Imported(LARGE, LARGE, 0)
    for start in range(0, LARGE, LARGE // 4):
        bring_in(session, rows[start : start + LARGE // 4], "small")
    found = stored(session)
    source = [
        column.key for column in UsageEvent.__table__.columns if column.key not in ("id", "stored_at", "received_at")
    ]
    at = source.index("source")
    large = [row[:at] + row[at + 1 :] for row in found if row[at] == "large"]
    assert large == [row[:at] + row[at + 1 :] for row in found if row[at] == "small"]
    assert len(large) == LARGE


@pytest.mark.both_databases
def test_a_large_file_that_is_partly_known_is_completed(session: Session) -> None:
    world = make.make_world(session, quantity=2 * LARGE)
    rows = rows_of(world.scores_bought.number, LARGE)
    bring_in(session, rows[10:50])
    assert bring_in(session, [*rows, *rows[:7]]) == Imported(LARGE + 7, LARGE - 40, 47)
    assert used(session) == LARGE


@pytest.mark.both_databases
def test_faults_of_a_large_file_are_named_by_row_and_nothing_is_written(session: Session) -> None:
    world = make.make_world(session, quantity=2 * LARGE)
    rows = rows_of(world.scores_bought.number, LARGE)
    rows[0]["occurred_at"] = "yesterday"
    rows[1]["entitlement"] = "ENT-2026-999999"
    rows[LARGE - 2]["occurred_at"] = "2026-06-01T08:00:00"
    rows[LARGE - 1]["source"] = "no source"
    names = [*rows[LARGE - 1]]
    text = "\n".join([",".join(names), *(",".join(str(row.get(name, "")) for name in names) for row in rows)])
    with pytest.raises(UsageRefused) as refused:
        commands.import_usage(session, make.preparer(), place=base.PLACE, file_name="usage.csv", content=text.encode(),
                              now=make.NOW)  # fmt: skip
    assert [(error["row"], error["field"]) for error in refused.value.errors] == [
        (1, "occurred_at"), (2, "entitlement"), (LARGE - 1, "occurred_at"), (LARGE, "source"),
    ]  # fmt: skip
    assert (used(session), session.scalar(sa.select(sa.func.count()).select_from(UsageEvent))) == (0, 0)


@pytest.mark.both_databases
@pytest.mark.parametrize("is_known", [False, True])
def test_a_large_file_beyond_the_quota_is_refused_from_the_first_row_that_is_too_much(
    session: Session, is_known: bool
) -> None:
    world = make.make_world(session, quantity=LARGE - 3)
    rows = rows_of(world.scores_bought.number, LARGE)
    bring_in(session, rows[:1] if is_known else rows_of(world.levels_bought.number, 1, client_reference="x"))
    with pytest.raises(UsageRefused) as refused:
        bring_in(session, rows, "platform" if is_known else "another")
    assert [error["row"] for error in refused.value.errors] == [LARGE - 2, LARGE - 1, LARGE]
    assert used(session) == 1
    assert session.scalar(sa.select(sa.func.count()).select_from(UsageEvent)) == 1


def test_an_event_keeps_when_it_was_received_and_when_it_was_stored(session: Session) -> None:
    world = make.make_world(session)
    received = make.NOW - timedelta(minutes=7)
    bring_in(session, rows_of(world.scores_bought.number, 1), received_at=received)
    event = session.scalars(sa.select(UsageEvent)).one()
    assert (event.occurred_at, event.received_at, event.stored_at) == (make.USED_AT, received, make.NOW)


@pytest.fixture
def platform(app: Flask) -> dict[str, str]:
    """The headers of a platform that reports use."""
    return as_program(app, Role.FINANCE_PREPARER, place=base.PLACE)


def sent(world: make.World, count: int, **cells: Any) -> dict[str, Any]:
    """A batch as a platform sends it."""
    common = {"entitlement": world.scores_bought.number, "occurred_at": str(make.USED_AT), **cells}
    events = [common | {"client_reference": f"e{turn}"} for turn in range(count)]
    return {"place": base.PLACE, "source": "platform-1", "events": events}


@pytest.mark.both_databases
def test_a_batch_is_taken_in_once_however_often_it_is_sent(
    client: FlaskClient, app: Flask, world: make.World, platform: dict[str, str]
) -> None:
    batch = sent(world, 100, subject_kind="enterprise", subject="甲", quantity=2)
    first, again = (client.post(URL, json=batch, headers=platform) for _ in range(2))
    assert (first.status_code, first.json) == (200, {"rows": 100, "accepted": 100, "duplicates": 0})
    assert (again.status_code, again.json) == (200, {"rows": 100, "accepted": 0, "duplicates": 100})
    with app.app_context():
        event = db.session().scalars(sa.select(UsageEvent).limit(1)).one()
        assert (event.source, event.received_at <= event.stored_at <= clock.now()) == ("platform-1", True)
        assert db.session().scalar(sa.select(UsageTotal.used)) == 200


@pytest.mark.both_databases
def test_a_wrong_event_names_itself_and_the_batch_leaves_nothing(
    client: FlaskClient, app: Flask, world: make.World, platform: dict[str, str]
) -> None:
    batch = sent(world, 5)
    batch["events"][1]["occurred_at"] = "yesterday"
    batch["events"][3]["entitlement"] = "ENT-2026-999999"
    answer = client.post(URL, json=batch, headers=platform)
    assert (answer.status_code, answer.json["code"]) == (422, "usage.refused")
    assert [(error["pointer"], error["code"]) for error in answer.json["errors"]] == [
        ("/rows/2/occurred_at", "usage.moment"), ("/rows/4/entitlement", "usage.unknown_entitlement"),
    ]  # fmt: skip
    with app.app_context():
        assert db.session().scalar(sa.select(sa.func.count()).select_from(UsageEvent)) == 0


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"quantity": "2"}, "/events/0/quantity"), ({"quantity": 0}, "/events/0/quantity"),
        ({"price": 9}, "/events/0/price"), ({"hit": "yes"}, "/events/0/hit"),
        ({"entitlement": 5}, "/events/0/entitlement"),
    ],
)  # fmt: skip
def test_what_is_no_event_is_refused_with_the_place_of_the_fault(
    client: FlaskClient, world: make.World, platform: dict[str, str], change: dict[str, Any], pointer: str
) -> None:
    answer = client.post(URL, json=sent(world, 1, **change), headers=platform)
    assert answer.status_code == 422, answer.json
    assert pointer in [error["pointer"] for error in answer.json["errors"]]


def test_more_than_five_hundred_events_at_once_are_refused(
    client: FlaskClient, world: make.World, platform: dict[str, str]
) -> None:
    assert client.post(URL, json=sent(world, 501, quantity=1), headers=platform).status_code == 422
    assert client.post(URL, data=b"[", content_type="application/json", headers=platform).status_code == 400
    assert client.post(URL, data=b"{}", headers=platform).status_code in (415, 422)


def test_a_stranger_reports_no_use(client: FlaskClient, app: Flask, world: make.World) -> None:
    elsewhere = as_program(app, Role.FINANCE_PREPARER, place="futian")
    assert client.post(URL, json=sent(world, 1), headers=elsewhere).status_code == 403
    assert client.post(URL, json=sent(world, 1)).status_code == 401


def test_the_time_of_use_is_that_of_beijing_where_no_zone_is_given(session: Session) -> None:
    world = make.make_world(session)
    bring_in(session, rows_of(world.scores_bought.number, 1, occurred_at="2026-08-05T00:30:00"))
    event = session.scalars(sa.select(UsageEvent)).one()
    assert (event.occurred_at, event.day_number) == (datetime.fromisoformat("2026-08-04T16:30:00+00:00"),
                                                     make.USED_AT.date().toordinal())  # fmt: skip
