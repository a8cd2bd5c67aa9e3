"""G4: the same month told in another way is settled in the same way, or differs as is said here.

No fen changes when orders are read in another order or somebody with no weight joins; and no byte when uses are read in
another order, identities are others, moments are written in another zone, or the process lives in one.
An order split in two earns what the one did, where the tax of a unit is whole fen.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from fractions import Fraction
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.db import Database, write_transaction
from kernel.money import Money, total
from market.entitlements.model import Entitlement
from registry.parties.rules import uscc_from_body
from settlement.earnings.queries import Facts, Schedules
from settlement.splits.queries import Agreed
from settlement.statements.model import Statement
from settlement.workings.queries import Worked, digest, facts_of, settled
from tests.make import market, random_months
from tests.make import registry_base as base
from tests.make import settlement as make
from tests.make.random_months import AUGUST, Told
from tests.rig import sizes
from tests.rig.databases import Databases

MONTHS = sizes.of("G4")
GUEST = uscc_from_body("91330681000000910")  # the buyer of what is free, who shares nothing


@pytest.fixture(params=range(MONTHS))
def month(databases: Databases, request: pytest.FixtureRequest) -> Iterator[tuple[Session, Told, random.Random]]:
    """A random month as far as its orders; what a test does to it is not kept."""
    url, chance = databases.fresh("sqlite"), random.Random(f"G4-{request.param}")
    database = Database(url)
    with database.new_session() as session, write_transaction(session):
        told = random_months.tell(session, request.param)
    with database.new_session() as session:
        yield session, told, chance
        session.rollback()
    database.engine.dispose()
    databases.discard(url)


def known(session: Session) -> Facts:
    """What August rests on."""
    return facts_of(session, place=base.PLACE, period=make.PERIOD, received_until=make.NOW, book=make.LAW)


def by_party(worked: Worked) -> dict[str, Money]:
    """What each party receives; who receives nothing is not named."""
    found: dict[str, Money] = {}
    for share in worked.shares:
        found[share.party.uscc] = found.get(share.party.uscc, Money(0)) + share.amount
    return {uscc: amount for uscc, amount in sorted(found.items()) if amount}


def to_the_fen(worked: Worked) -> list[tuple[str, int, str, Money]]:
    """What each party receives of each line by each step, however the report lists it."""
    return sorted((one.line.sale.entitlement.number, one.step, one.party.uscc, one.amount) for one in worked.shares)


def renamed(facts: Facts) -> Facts:
    """Return the same facts with other identities of orders and entitlements."""
    names: dict[UUID, UUID] = {}
    for sale in facts.sales:
        names |= {sale.entitlement.id: uuid4(), sale.order.id: uuid4()}

    def moved(by_id: Any) -> Any:
        return {names.get(key, key): value for key, value in by_id.items()}

    sales = [
        replace(sale, entitlement=sale.entitlement._replace(id=names[sale.entitlement.id]),
                order=sale.order._replace(id=names[sale.order.id]))
        for sale in facts.sales
    ]  # fmt: skip
    return replace(
        facts, sales=sales, used=moved(facts.used), taken=moved(facts.taken), holds=moved(facts.holds),
        levies=moved(facts.levies), late=moved(facts.late),
        schedules=Schedules(facts.schedules.signed, frozen=moved(facts.schedules.frozen)),
    )  # fmt: skip


def with_a_guest(agreed: Agreed) -> Agreed:
    """Return a schedule in which somebody without any weight joins every step that divides by weights."""
    steps = tuple(
        replace(step, weights=(*step.weights, (GUEST, Fraction(0)))) if len(step.weights) > 1 else step
        for step in agreed.schedule.steps
    )
    return replace(agreed, schedule=replace(agreed.schedule, steps=steps))


def handed_out(session: Session) -> list[tuple[str, str]]:
    """Settle August, and return the digests of report and statements."""
    run = make.settle(session)
    issued = session.scalars(sa.select(Statement).order_by(Statement.number))
    return [(run.number, run.report_sha256), *((one.number, one.sha256) for one in issued)]


def live_in(monkeypatch: pytest.MonkeyPatch, zone: str) -> None:
    """Let this process live in a zone."""
    monkeypatch.setenv("TZ", zone)
    time.tzset()


@pytest.mark.soak
def test_g4_order_names_zones_and_guests_change_nothing(
    month: tuple[Session, Told, random.Random], monkeypatch: pytest.MonkeyPatch
) -> None:
    session, told, chance = month
    rows = random_months.rows(told, chance, AUGUST)
    plain = session.begin_nested()
    random_months.import_rows(session, told, rows, now=make.NOW)
    facts = known(session)
    first = settled(session, facts)
    assert first.lines
    expected = digest(first.report())
    shuffled = chance.sample(list(facts.sales), len(facts.sales))
    turned = {key: dict(reversed(list(by.items()))) for key, by in reversed(list(facts.used.items()))}
    assert to_the_fen(settled(session, replace(facts, sales=shuffled, used=turned))) == to_the_fen(first)
    assert digest(settled(session, replace(facts, used=turned)).report()) == expected
    assert digest(settled(session, renamed(facts)).report()) == expected
    joined = Schedules(facts.schedules.signed, with_a_guest, facts.schedules.frozen)
    assert by_party(settled(session, replace(facts, schedules=joined))) == by_party(first)
    statements = handed_out(session)
    plain.rollback()
    live_in(monkeypatch, chance.choice(("America/Los_Angeles", "Pacific/Kiritimati")))
    zone = timezone(timedelta(hours=chance.randrange(-11, 14)))
    elsewhere = [row | {"occurred_at": datetime.fromisoformat(row["occurred_at"]).astimezone(zone).isoformat()}
                 for row in chance.sample(rows, len(rows))]  # fmt: skip
    random_months.import_rows(session, told, elsewhere, now=make.NOW)
    found = handed_out(session)
    live_in(monkeypatch, "UTC")
    assert found == statements


@pytest.mark.soak
def test_g4_an_order_split_in_two_earns_what_the_one_does(month: tuple[Session, Told, random.Random]) -> None:
    session, told, chance = month
    random_months.import_rows(session, told, random_months.rows(told, chance, AUGUST), now=make.NOW)
    parts = [(chance.randrange(2, 90), chance.randrange(1, 3)) for _ in range(2)]
    whole = [tuple(sum(pair) for pair in zip(*parts, strict=True))]

    def worked(orders: list[tuple[int, ...]]) -> Worked:
        kept = session.begin_nested()
        for quantity, used in orders:
            held: Entitlement = market.make_entitlement(session, told.world.levels, told.world.buyer, quantity=quantity)
            make.use(session, held, 1, quantity=used, prefix=f"split-{held.number}")
        found = settled(session, known(session))
        kept.rollback()
        return found

    one, two = worked(whole), worked(parts)
    assert len(two.lines) == len(one.lines) + 1
    assert total(line.gross for line in two.lines) == total(line.gross for line in one.lines)
    assert by_party(two) == by_party(one), "5.30 a unit holds 0.30 of tax: no line is rounded"
