"""A hundred callers at once: never more than was bought, the same call once, the limit to the call (C1, D1, L1)."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.db import Database, write_transaction
from kernel.errors import DomainError
from kernel.identity import Actor, Role
from market.limits import commands as limits
from settlement.calls import commands
from settlement.calls.model import CallCounter
from settlement.calls.queries import admitted
from settlement.metering.model import UsageEvent, UsageTotal
from settlement.reservations import commands as reservations
from settlement.reservations.rules import ReservationEvent
from tests.make import market
from tests.make import registry_base as base
from tests.make import registry_products as registry
from tests.make import settlement as make
from tests.rig import sizes

NOW = datetime(2026, 8, 5, tzinfo=UTC)
CALLERS = 100
ROUNDS = sizes.of("D1")


def prepared(url: str, *, quantity: int, **terms: Any) -> tuple[Database, make.World, Actor]:
    """A world with one record to serve."""
    database = Database(url)
    with database.new_session() as session, write_transaction(session):
        world = make.make_world(session, quantity=quantity, **terms)
        market.load_data(session, world.scores, [{"key": "k", "score": "1", "level": "A"}])
    return database, world, base.actor(Role.BUYER, org_id=world.buyer.org_id)


def race(database: Database, act: Callable[[Session, int], object]) -> Counter[str]:
    """Let a hundred threads act at once, each in a transaction of its own; count how they ended."""
    barrier, ended = threading.Barrier(CALLERS), list[str]()

    def run(turn: int) -> None:
        barrier.wait()
        try:
            with database.new_session() as opened, write_transaction(opened):
                act(opened, turn)
            ended.append("done")
        except DomainError as refusal:
            ended.append(refusal.code)

    threads = [threading.Thread(target=run, args=(turn,)) for turn in range(CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Counter(ended)


def counted(database: Database) -> tuple[int, int, int]:
    """What is used, put aside, and noted."""
    with database.new_session() as session:
        total = session.scalars(sa.select(UsageTotal)).one()
        return total.used, total.reserved, session.scalar(sa.select(sa.func.count()).select_from(UsageEvent)) or 0


@pytest.mark.soak
@pytest.mark.both_databases
def test_a_hundred_callers_for_ten_uses_get_exactly_ten_again_and_again(database_url: str) -> None:
    database, world, caller = prepared(database_url, quantity=10)
    for turned in range(ROUNDS):
        if turned:  # what was bought is used up: ten more
            with database.new_session() as session, write_transaction(session):
                market.make_entitlement(session, world.scores, caller, quantity=10, now=NOW)

        def use(session: Session, turn: int, turned: int = turned) -> object:
            return commands.record_use(session, caller, code=world.scores.code, key="k", reference=f"{turned}-{turn}",
                                       now=NOW, book=make.LAW)  # fmt: skip

        assert race(database, use) == {"done": 10, "entitlement.quota_exhausted": CALLERS - 10}
    with database.new_session() as session:
        assert session.execute(sa.select(UsageTotal.used, UsageTotal.reserved)).all() == [(10, 0)] * ROUNDS
        assert session.scalar(sa.select(sa.func.count()).select_from(UsageEvent)) == 10 * ROUNDS
    database.engine.dispose()


@pytest.mark.both_databases
def test_the_same_call_from_a_hundred_callers_is_served_to_all_and_counted_once(database_url: str) -> None:
    database, world, caller = prepared(database_url, quantity=10)
    ended = race(database, lambda session, _turn: commands.record_use(
        session, caller, code=world.scores.code, key="k", reference="same", now=NOW, book=make.LAW))  # fmt: skip
    assert ended == {"done": CALLERS}
    assert counted(database) == (1, 0, 1)
    database.engine.dispose()


@pytest.mark.both_databases
def test_calls_and_units_put_aside_never_take_more_than_was_bought_together(database_url: str) -> None:
    database, world, caller = prepared(database_url, quantity=10)

    def act(session: Session, turn: int) -> object:
        reference = f"r{turn}"
        if turn % 2:
            return commands.record_use(session, caller, code=world.scores.code, key="k", reference=reference, now=NOW,
                                       book=make.LAW)  # fmt: skip
        held = admitted(session, caller, code=world.scores.code, key="k", reference=reference, now=NOW, book=make.LAW)
        made = reservations.reserve(session, caller, held, key="k", reference=reference, seconds=10, now=NOW,
                                    book=make.LAW)  # fmt: skip
        event = ReservationEvent.ANSWER if turn % 4 else ReservationEvent.LOSE
        return reservations.conclude(session, caller, made.id, attempt=1, event=event, is_hit=True, now=NOW)

    ended = race(database, act)
    used, reserved, events = counted(database)
    assert ended == {"done": 10, "entitlement.quota_exhausted": CALLERS - 10}
    assert (used + reserved, used) == (10, events)
    database.engine.dispose()


@pytest.mark.both_databases
def test_a_limit_of_calls_holds_across_callers_to_the_call_and_opens_with_the_next_span(database_url: str) -> None:
    database, world, caller = prepared(database_url, quantity=1000)
    with database.new_session() as session, write_transaction(session):
        seller = registry.seller(world.scores)
        limits.limit_calls(session, seller, code=world.scores.code, calls=7, seconds=60, reason="合同第八条", now=NOW)

    def act(now: datetime, name: str) -> Callable[[Session, int], object]:
        return lambda session, turn: commands.record_use(
            session, caller, code=world.scores.code, key="k", reference=f"{name}{turn}", now=now, book=make.LAW
        )

    assert race(database, act(NOW, "a")) == {"done": 7, "exchange.rate_limited": CALLERS - 7}
    assert race(database, act(NOW + timedelta(seconds=59), "b")) == {"exchange.rate_limited": CALLERS}
    assert race(database, act(NOW + timedelta(seconds=60), "c")) == {"done": 7, "exchange.rate_limited": CALLERS - 7}
    with database.new_session() as session:
        assert session.scalar(sa.select(CallCounter.used)) == 7
    assert counted(database) == (14, 0, 14)
    database.engine.dispose()


def test_an_entitlements_own_limit_goes_before_that_of_the_product_and_the_newest_counts(session: Session) -> None:
    world = make.make_world(session)
    market.load_data(session, world.scores, [{"key": "k", "score": "1", "level": "A"}])
    seller, caller = registry.seller(world.scores), base.actor(Role.BUYER, org_id=world.buyer.org_id)

    def call(reference: str) -> commands.Served:
        return commands.record_use(session, caller, code=world.scores.code, key="k", reference=reference, now=NOW,
                                   book=make.LAW)  # fmt: skip

    assert call("free").limit is None
    for calls, number in ((1, None), (5, world.scores_bought.number), (3, world.scores_bought.number)):
        limits.limit_calls(session, seller, code=world.scores.code, calls=calls, seconds=60, reason="约定", now=NOW,
                           entitlement=number)  # fmt: skip
    assert [call(f"r{turn}").calls_left for turn in range(3)] == [2, 1, 0]
    with pytest.raises(DomainError, match="最多调用 3 次"):
        call("too many")
    with pytest.raises(limits.ForeignEntitlement):
        limits.limit_calls(session, seller, code=world.scores.code, calls=1, seconds=1, reason="约定", now=NOW,
                           entitlement=world.levels_bought.number)  # fmt: skip
