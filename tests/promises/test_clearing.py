"""A8: what only passes through is gone in its time, and whatever is not is told, however much passes after it."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, time, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.calendar import DAY, Period
from kernel.money import Money, total
from market.payments.model import Attempt, Payment
from market.payments.rules import AttemptState, PaymentMethod
from settlement.closing import checks
from settlement.ledger.commands import book
from settlement.ledger.queries import balance
from settlement.ledger.rules import Cause, bank, psp, transfer_entry, transit, unapplied, unearned
from settlement.reconciliation import queries
from tests.make import registry_base as base
from tests.make import registry_products as registry
from tests.make import settlement as make

BEGAN, DAYS = date(2026, 7, 1), 50
CALENDAR = registry.calendar()
AUGUST = Period.month("2026-08")


class Passing:
    """Days on which money comes to the provider and to the bank, and goes on when it should."""

    def __init__(self, session: Session, dice: random.Random) -> None:
        self.session, self.dice, self.count = session, dice, 0
        self.due: dict[date, list[tuple[str, str, Money]]] = {}
        self.cleared: list[Money] = []

    def move(self, debit: str, credit: str, amount: Money, day: date) -> None:
        """Book one movement."""
        self.count += 1
        entry = transfer_entry(place=base.PLACE, cause=Cause.BANK_LINE_RECEIVED, cause_id=f"move-{self.count}",
                               debit=debit, credit=credit, amount=amount, entry_date=day, text="过账")  # fmt: skip
        book(self.session, make.preparer(), entry, now=make.NOW)

    def later(self, day: date, debit: str, credit: str, amount: Money) -> None:
        """Note what goes on at a later day."""
        self.due.setdefault(day, []).append((debit, credit, amount))

    def live(self, day: date, *, stuck: bool = False) -> None:
        """Let a day pass: first what is due, then what comes; what is stuck never goes on."""
        for debit, credit, amount in self.due.pop(day, []):
            self.move(debit, credit, amount, day)
            self.cleared.append(amount)
        sold, unknown = (Money(self.dice.randrange(1, 10**7)) for _ in range(2))
        self.move(psp(base.PLACE), unearned("A"), sold, day)
        self.move(bank(base.PLACE), unapplied(base.PLACE), unknown, day)
        if stuck:
            return
        next_day = CALENDAR.add_working_days(day, 1)
        self.later(next_day, transit(base.PLACE), psp(base.PLACE), sold)
        self.later(CALENDAR.add_working_days(next_day, 1), bank(base.PLACE), transit(base.PLACE), sold)
        known = CALENDAR.add_working_days(day, self.dice.randrange(1, 6))
        self.later(known, unapplied(base.PLACE), unearned("A"), unknown)


def late(session: Session, day: date) -> list[tuple[str, date, int]]:
    """What the monitor tells in the evening of a day."""
    evening = datetime.combine(day, time(10), UTC)
    found = queries.uncleared(session, evening, calendar=CALENDAR, places=[base.PLACE])
    assert not any(one.is_owned for one in found), "nobody has taken it up yet"
    return [(one.account, one.since, one.amount.fen) for one in found]


@pytest.mark.both_databases
def test_a8_what_clears_in_time_is_never_named_and_what_does_not_is_named_on_its_day(session: Session) -> None:
    passing, day = Passing(session, random.Random("A8")), BEGAN
    for _ in range(DAYS):
        passing.live(day)
        assert late(session, day) == [], day
        day += DAY
    assert total(passing.cleared) > Money.yuan("1000000")
    while passing.due:  # nothing new comes; the last of what came goes on
        for debit, credit, amount in passing.due.pop(day, []):
            passing.move(debit, credit, amount, day)
        assert late(session, day) == [], day
        day += DAY
    assert [balance(session, name(base.PLACE)) for name in (psp, transit, unapplied)] == [Money(0)] * 3
    passing.live(day, stuck=True)
    at_provider, in_suspense = (balance(session, name(base.PLACE)) for name in (psp, unapplied))
    one, five = (CALENDAR.add_working_days(day, days) for days in (1, 5))
    assert late(session, one) == []
    held = (psp(base.PLACE), day, at_provider.fen)
    assert late(session, one + DAY) == [held]
    assert late(session, five) == [held]
    assert sorted(late(session, five + DAY)) == sorted([held, (unapplied(base.PLACE), day, in_suspense.fen)])


@pytest.mark.both_databases
def test_a8_a_charge_that_never_leaves_the_provider_blocks_the_close_though_others_come_and_go(
    session: Session,
) -> None:
    make.make_world(session)
    passing, stuck = Passing(session, random.Random("A8")), date(2026, 8, 10)
    payment = session.scalars(sa.select(Payment).order_by(Payment.number).limit(1)).one()
    moment = datetime.combine(stuck, time(2), UTC)
    session.add(
        Attempt(
            number="TRY-1",
            payment_id=payment.id,
            place=base.PLACE,
            state=AttemptState.SUCCEEDED,
            amount=Money(500),
            asked_at=moment,
            received=Money(500),
            received_at=moment,
            intent_id="pi_held",
            sequence=1,
            method=PaymentMethod.STRIPE,
            key="held",
            return_url="",
            asked_by="买方",
        )
    )
    passing.move(psp(base.PLACE), unearned("A"), Money(500), stuck)
    for number in range(1, 30):
        day = stuck + timedelta(days=number)
        passing.move(psp(base.PLACE), unearned("A"), Money(70_000), day)
        passing.move(transit(base.PLACE), psp(base.PLACE), Money(70_000), day + DAY)
    session.flush()
    asked = checks.Asked(base.PLACE, AUGUST, datetime(2026, 9, 8, 2, tzinfo=UTC), CALENDAR)
    blocked = checks.provider_not_clear(session, asked)
    assert blocked.count == 1
    assert "pi_held" in blocked.detail
