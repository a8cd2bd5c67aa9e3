"""Payments come into the books once, for the day on which the bank credited them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from sqlalchemy.orm import Session

from kernel.errors import NotAllowed
from kernel.identity import Role
from kernel.money import Money
from settlement.intake.commands import take_in_payments
from settlement.ledger.queries import balance, entries
from tests.make import market
from tests.make import registry_base as base
from tests.make import settlement as make

LATE = datetime(2026, 7, 20, 16, 30, tzinfo=UTC)  # half past midnight in Beijing, on the 21st


@pytest.mark.both_databases
def test_a_payment_is_taken_in_once(session: Session) -> None:
    market.make_entitlement(session)
    assert take_in_payments(session, make.preparer(), now=make.NOW) == 1
    assert take_in_payments(session, make.preparer(), now=make.NOW) == 0
    assert balance(session, f"asset:bank:{base.PLACE}") == Money.yuan("800.00")


def test_a_payment_counts_for_the_beijing_date_of_its_credit(session: Session) -> None:
    buyer = market.buyer_of(session)
    order = market.make_order(session, market.make_offer(session), buyer)
    market.sign_both(session, order, buyer)
    market.pay(session, order, captured_at=LATE, now=make.NOW)
    take_in_payments(session, make.preparer(), now=make.NOW)
    booked = entries(session, place=base.PLACE, start=date(2026, 1, 1), end=date(2027, 1, 1), limit=9)
    assert [one.entry.entry_date for one in booked] == [date(2026, 7, 21)]


def test_a_place_takes_in_its_own_payments_only(session: Session) -> None:
    market.make_entitlement(session)
    assert take_in_payments(session, make.preparer("futian"), now=make.NOW, place="futian") == 0
    with pytest.raises(NotAllowed):
        take_in_payments(session, make.preparer("futian"), now=make.NOW, place=base.PLACE)
    with pytest.raises(NotAllowed):
        take_in_payments(session, base.actor(Role.BUYER), now=make.NOW)
