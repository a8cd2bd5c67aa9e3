"""What is recognised, deferred and still to come of every order, tied to the journal to the fen."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from kernel.calendar import Period
from kernel.money import Money, total
from pricing.costs.rules import ChargeUnit
from settlement.ledger.queries import balance
from settlement.ledger.rules import unearned
from settlement.recognition.queries import recognitions
from settlement.revenue.rules import months_of_term
from tests.make import registry_base as base
from tests.make import settlement as make


@given(
    st.dates(date(2026, 1, 1), date(2028, 12, 31)), st.integers(0, 900), st.integers(0, 10**12).map(Money),
)  # fmt: skip
def test_the_months_of_a_term_add_up_and_none_is_negative(first: date, days: int, amount: Money) -> None:
    last = date.fromordinal(first.toordinal() + days)
    months = months_of_term(first, last, amount=amount)
    assert total(month.amount for month in months) == amount
    assert min(month.amount for month in months) >= Money(0)
    assert [months[0].month, months[-1].month] == [f"{first:%Y-%m}", f"{last:%Y-%m}"]


@pytest.mark.both_databases
def test_what_is_paid_is_recognised_or_deferred_and_the_rest_of_the_term_is_to_come(session: Session) -> None:
    world = make.make_world(session, quantity=3, unit=ChargeUnit.PER_PERIOD)  # 15.90 for 92 days from 20 July on
    for month, now in (("2026-07", datetime(2026, 8, 2, tzinfo=UTC)), ("2026-08", make.NOW)):
        at = datetime(2026, int(month[5:]), 21, 2, tzinfo=UTC)
        make.use(session, world.scores_bought, 1, prefix=month, at=at, now=now)  # weights rest on use
        make.settle(session, period=Period.month(month), now=now)
    subscription, by_use = recognitions(session, place=base.PLACE, day=date(2026, 8, 31))
    assert (subscription.recognised, subscription.deferred) == (Money(207 + 536), Money(1590 - 207 - 536))
    assert [(month.month, month.amount.fen) for month in subscription.to_come] == [("2026-09", 519), ("2026-10", 328)]
    assert total(month.amount for month in subscription.to_come) == subscription.deferred
    assert subscription.billed_ahead == -subscription.recognised  # nobody asked for an invoice
    assert by_use.to_come == ()
    for one in (subscription, by_use):
        assert one.deferred == -balance(session, unearned(one.order))
    before = recognitions(session, place=base.PLACE, day=date(2026, 7, 31))
    assert [one.recognised.fen for one in before] == [207, 0]
