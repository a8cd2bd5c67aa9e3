"""A call in one statement writes and answers what the ordinary way does, or nothing at all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.audit import AuditLine
from kernel.db import Database, write_transaction
from kernel.identity import Actor
from market.limits import commands as limits
from market.orders.model import Order
from market.orders.rules import OrderState
from registry.parties.model import Party
from registry.parties.rules import Standing
from settlement.calls import commands
from settlement.calls.commands import Served
from settlement.calls.model import CallCounter
from settlement.metering.model import UsageEvent, UsageTotal
from settlement.quick_calls import commands as quick
from tests.make import registry_products as registry
from tests.make import settlement as make
from tests.settlement.calls.test_races import CALLERS, NOW, counted, prepared, race

pytestmark = pytest.mark.postgresql_only


def at_once(session: Session, caller: Actor, code: str, reference: str, key: str = "k", **how: Any) -> Served | None:
    """Ask in one statement."""
    return quick.use_at_once(session, caller, code=code, key=key, reference=reference, now=NOW, book=make.LAW, **how)


def begun(url: str, *, quantity: int = 10, **terms: Any) -> tuple[Database, make.World, Actor]:
    """A world in which the first call was made, so that there is a sum to add to."""
    database, world, caller = prepared(url, quantity=quantity, **terms)
    with database.new_session() as session, write_transaction(session):
        commands.record_use(session, caller, code=world.scores.code, key="k", reference="first", now=NOW, book=make.LAW)
    return database, world, caller


def calling(world: make.World, caller: Actor, reference: Callable[[int], str]) -> Callable[[Database, int], None]:
    """The call as the data plane makes it: in one statement, else the ordinary way."""

    def call(database: Database, turn: int) -> None:
        with database.new_session() as session:
            if at_once(session, caller, world.scores.code, reference(turn)) is None:
                with write_transaction(session):
                    commands.record_use(session, caller, code=world.scores.code, key="k", reference=reference(turn),
                                        now=NOW, book=make.LAW)  # fmt: skip

    return call


def written(session: Session, reference: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The event of a call and its line, without the ids and the reference."""
    event = session.execute(sa.select(UsageEvent.__table__).where(UsageEvent.client_reference == reference)).one()
    line = session.execute(sa.select(AuditLine.__table__).where(AuditLine.object_id == str(event.id))).one()
    own = {"id", "client_reference", "object_id"}
    found = [{name: value for name, value in row._mapping.items() if name not in own} for row in (event, line)]
    return found[0], found[1]


@pytest.mark.parametrize("key", ["k", "nobody has it 没有"])
@pytest.mark.parametrize("charges_misses", [False, True])
def test_it_writes_and_answers_what_the_ordinary_way_does(database_url: str, key: str, charges_misses: bool) -> None:
    database, world, caller = begun(database_url, charges_misses=charges_misses)
    code = world.scores.code
    with database.new_session() as session:
        quick = at_once(session, caller, code, "quick", key)
        assert quick is not None
        assert not session.in_transaction()
        with write_transaction(session):
            slow = commands.record_use(session, caller, code=code, key=key, reference="slow", now=NOW, book=make.LAW)
        assert written(session, "quick") == written(session, "slow")
        step = 1 if quick.hit or charges_misses else 0
        assert (quick.used + step, quick.entitlement, quick.hit, quick.body, quick.repeated) == (
            slow.used, slow.entitlement, slow.hit, slow.body, slow.repeated
        )  # fmt: skip
    database.engine.dispose()


@pytest.mark.parametrize("table", [Order, Party])
def test_what_is_closed_repeated_unknown_or_for_another_scenario_writes_nothing(database_url: str, table: Any) -> None:
    database, world, caller = begun(database_url)
    code, before = world.scores.code, counted(database)
    with database.new_session() as session:
        assert at_once(session, caller, code, "first") is None
        assert at_once(session, caller, "NONE", "r") is None
        assert at_once(session, caller, code, "r", scenario="别的") is None
        assert at_once(session, caller, code, "r", entitlement=world.levels_bought.number) is None
        assert at_once(session, caller, code, "r", key="a\0b") is None
        with write_transaction(session):
            values = {"state": OrderState.REFUNDED} if table is Order else {"standing": Standing.SUSPENDED}
            session.execute(sa.update(table).values(values))
        assert at_once(session, caller, code, "r") is None
        assert session.scalar(sa.select(sa.func.count()).select_from(UsageEvent)) == before[2]
    assert counted(database) == before
    database.engine.dispose()


def test_a_hundred_callers_get_the_ten_that_were_bought_and_the_same_call_once(database_url: str) -> None:
    database, world, caller = begun(database_url)
    one = calling(world, caller, lambda _turn: "same")
    assert race(database, lambda _session, turn: one(database, turn)) == {"done": CALLERS}
    assert counted(database) == (2, 0, 2)
    each = calling(world, caller, lambda turn: f"r{turn}")
    assert race(database, lambda _session, turn: each(database, turn)) == {
        "done": 8, "entitlement.quota_exhausted": CALLERS - 8,
    }  # fmt: skip
    assert counted(database) == (10, 0, 10)
    with database.new_session() as session:
        lines = sa.select(sa.func.count()).select_from(AuditLine).where(AuditLine.action == "usage.record")
        assert session.scalar(lines) == 10
    database.engine.dispose()


def test_units_put_aside_are_not_taken_and_a_refused_call_takes_no_place_in_the_span(database_url: str) -> None:
    database, world, caller = begun(database_url)
    with database.new_session() as session, write_transaction(session):
        limits.limit_calls(session, registry.seller(world.scores), code=world.scores.code, calls=7, seconds=60,
                           reason="合同第八条", now=NOW)  # fmt: skip
        session.execute(sa.update(UsageTotal).values(reserved=9))
    with database.new_session() as session:
        assert at_once(session, caller, world.scores.code, "r") is None
        assert session.scalar(sa.select(CallCounter.used)) is None
        with write_transaction(session):
            session.execute(sa.update(UsageTotal).values(reserved=0))
        served = at_once(session, caller, world.scores.code, "r")
        assert served is not None
        assert (served.used, served.remaining, served.calls_left) == (2, 8, 6)
    database.engine.dispose()


def test_a_limit_of_calls_holds_across_callers(database_url: str) -> None:
    database, world, caller = begun(database_url, quantity=1000)
    with database.new_session() as session, write_transaction(session):
        limits.limit_calls(session, registry.seller(world.scores), code=world.scores.code, calls=7, seconds=60,
                           reason="合同第八条", now=NOW - timedelta(seconds=1))  # fmt: skip
    call = calling(world, caller, lambda turn: f"r{turn}")
    assert race(database, lambda _session, turn: call(database, turn)) == {
        "done": 7,
        "exchange.rate_limited": CALLERS - 7,
    }
    assert counted(database) == (8, 0, 8)
    database.engine.dispose()
