"""H4: money and use count for their own day in Beijing if its books are open, else for the next open day, with a link.

Facts lie on both sides of midnight, down to the microsecond, and come in before August is settled, after it, and after
September is settled too. The day that is expected is worked out here from the hour alone.
"""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.calendar import Period
from kernel.money import Money, total
from market.bank_lines import commands as bank_lines
from market.orders import queries as orders
from settlement.intake.commands import take_in_payments
from settlement.ledger.model import JournalEntry
from settlement.ledger.queries import balance
from settlement.ledger.rules import Cause, bank
from settlement.metering import commands as metering
from settlement.revenue.model import RevenueLine
from tests.make import market
from tests.make import registry_base as base
from tests.make import settlement as make
from tests.rig import sizes

FACTS = {"sqlite": sizes.of("H4"), "postgresql": sizes.of("H4_on_postgresql")}
MONTHS = tuple(Period.month(name) for name in ("2026-08", "2026-09", "2026-10"))
# when the facts of each stage come in, and when the month is settled after it
COMES = (make.NOW - timedelta(hours=1), make.NOW + timedelta(days=3), make.NOW + timedelta(days=32))
SETTLED = (make.NOW, make.NOW + timedelta(days=31), make.NOW + timedelta(days=62))
MIDNIGHTS = tuple(datetime(2026, *day, 16, tzinfo=UTC) for day in ((7, 31), (8, 15), (8, 31), (9, 3), (9, 30)))
BESIDE = tuple(timedelta(microseconds=count) for count in (-1, 0, 1, -1000, 999, 1000, -1_000_000, 59_999_999))


class Fact(NamedTuple):
    """Something that happened at a moment and came in at a stage."""

    stage: int
    at: datetime

    @property
    def day(self) -> date:
        """Its day in Beijing, which is eight hours ahead all year."""
        return (self.at.replace(tzinfo=None) + timedelta(hours=8)).date()

    @property
    def is_late(self) -> bool:
        """Whether its month was settled when it came in."""
        return any(self.day in settled for settled in MONTHS[: self.stage])

    @property
    def dates(self) -> tuple[date, date | None]:
        """The day for which it counts, and its own where that is another one."""
        return (MONTHS[self.stage].start, self.day) if self.is_late else (self.day, None)


def facts(chance: random.Random, count: int) -> list[Fact]:
    """Return facts beside midnights that had been by the time at which they come in."""
    found = []
    while len(found) < count:
        fact = Fact(chance.randrange(3), chance.choice(MIDNIGHTS) + chance.choice(BESIDE))
        if fact.at < COMES[fact.stage]:
            found.append(fact)
    return found


def settle(session: Session, stage: int) -> Counter[str]:
    """Settle the month after a stage; return its units, and how many of them came late."""
    run = make.settle(session, period=MONTHS[stage], now=SETTLED[stage])
    late = session.scalar(sa.select(sa.func.sum(RevenueLine.late)).where(RevenueLine.run_id == run.id))
    return Counter(units=run.totals["quantity"], late=late or 0)


@pytest.mark.soak
@pytest.mark.both_databases
def test_h4_money_and_use_beside_midnight_count_once_and_for_the_day_that_is_open(
    session: Session, database_kind: str
) -> None:
    chance, count = random.Random("H4"), FACTS[database_kind]
    came, used = facts(chance, count), facts(chance, count)
    world, lines = make.make_world(session), dict[object, Fact]()
    held = market.make_entitlement(session, world.scores, world.buyer, quantity=count)
    counted = []
    for stage, now in enumerate(COMES):
        for serial, fact in enumerate(came):
            if fact.stage == stage:
                made = bank_lines.record_line(
                    session, market.finance(), place=base.PLACE, serial=f"H4-{serial}", booked_at=fact.at,
                    amount=Money(1 + serial), payer_name="某人", remark="货款", now=now, book=make.LAW)  # fmt: skip
                lines[made.id.hex] = fact
        rows = [
            {"entitlement": held.number, "client_reference": f"H4-{number}", "occurred_at": fact.at.isoformat()}
            for number, fact in enumerate(used)
            if fact.stage == stage
        ]
        metering.import_usage(session, make.preparer(), place=base.PLACE, file_name=f"{stage}.csv",
                              content=make.usage_file(rows), now=now)  # fmt: skip
        while take_in_payments(session, make.preparer(), now=now, place=base.PLACE):
            pass
        counted.append(settle(session, stage))
    query = sa.select(JournalEntry.cause_id, JournalEntry.entry_date, JournalEntry.value_date)
    booked = session.execute(query.where(JournalEntry.cause == Cause.BANK_LINE_RECEIVED)).all()
    assert sorted((cause, (day, own)) for cause, day, own in booked) == sorted(
        (cause, fact.dates) for cause, fact in lines.items()
    )
    assert len(booked) == count
    assert {(fact.stage, fact.is_late) for fact in came} >= {(0, False), (1, False), (1, True), (2, False), (2, True)}
    month_of = [max(fact.stage, fact.day.month - 8) for fact in used]  # July was never settled: August took it in
    late = [fact.stage for fact in used if fact.stage and fact.day < MONTHS[fact.stage].start]
    assert counted == [Counter(units=month_of.count(stage), late=late.count(stage)) for stage in range(3)]
    assert balance(session, bank(base.PLACE)) - total(Money(1 + serial) for serial in range(count)) == total(
        orders.get(session, one.order_id).amount for one in (world.scores_bought, world.levels_bought, held)
    )


@pytest.mark.both_databases
def test_h4_a_payment_captured_beside_midnight_is_booked_on_its_day_or_the_next_open_one(session: Session) -> None:
    world = make.make_world(session)
    cases = [Fact(stage, midnight + beside) for stage in (0, 1) for midnight in (MIDNIGHTS[0], MIDNIGHTS[2])
             for beside in (timedelta(milliseconds=-1), timedelta(0))]  # fmt: skip
    expected: dict[str, Fact] = {}
    for stage in (0, 1):
        for case in cases:
            if case.stage == stage:
                order = market.make_order(session, world.levels, world.buyer, quantity=1)
                market.sign_both(session, order, world.buyer)
                payment = market.pay(session, order, captured_at=case.at, now=COMES[stage])
                expected[payment.id.hex] = case
        take_in_payments(session, make.preparer(), now=COMES[stage], place=base.PLACE)
        if not stage:
            make.settle(session)
    query = sa.select(JournalEntry.cause_id, JournalEntry.entry_date, JournalEntry.value_date).where(
        JournalEntry.cause == Cause.PAYMENT_CAPTURED, JournalEntry.cause_id.in_(expected)
    )
    assert sorted((cause, (day, own)) for cause, day, own in session.execute(query)) == sorted(
        (cause, case.dates) for cause, case in expected.items()
    )
