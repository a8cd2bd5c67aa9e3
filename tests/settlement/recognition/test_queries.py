"""What is recognised, deferred and still to come of every order, tied to the journal to the fen."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from kernel.calendar import Period
from kernel.money import Money, total
from market.invoices import commands as invoices
from market.invoices.model import Invoice
from market.invoices.rules import InvoiceType
from market.orders import queries as orders
from pricing.costs.rules import ChargeUnit
from registry.parties.model import Party
from settlement.ledger.queries import balance
from settlement.ledger.rules import unearned
from settlement.recognition.queries import recognitions
from settlement.revenue.rules import months_of_term
from tests.make import invoices as invoicing
from tests.make import registry_base as base
from tests.make import settlement as make
from tests.market.invoices.test_commands import JOB, give_back

AUGUST = datetime(2026, 8, 3, 2, 0, tzinfo=UTC)


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


@pytest.mark.both_databases
def test_each_red_letter_to_a_collective_invoice_credits_the_orders_that_it_is_about(session: Session) -> None:
    world = make.make_world(session)
    first, second = (orders.get(session, one.order_id) for one in (world.scores_bought, world.levels_bought))
    buyer, seller = invoicing.sides(session, first)
    invoicing.state(session, seller, now=AUGUST)
    buying, selling = session.get_one(Party, first.buyer_id), session.get_one(Party, first.seller_id)
    (month,) = invoices.ask_month(
        session, buyer, month=Period.month("2026-07"), seller_uscc=selling.uscc, type=InvoiceType.GENERAL,
        title=buying.name, tax_number=buying.uscc, now=AUGUST, book=make.LAW,
    )  # fmt: skip
    invoices.issue(session, seller, month.id, tax_system_number="9" * 20, issued_date=AUGUST.date(), now=AUGUST)
    for serial, (order, amount) in enumerate(((first, "30.00"), (second, "5.00"))):
        day = AUGUST + timedelta(days=serial)
        give_back(session, order, amount, f"M-{serial}", now=day)
        assert invoices.follow_refunds(session, JOB, now=day) == 1
    asked = sorted(session.scalars(sa.select(Invoice).where(Invoice.original_id == month.id)), key=lambda one: one.id)
    assert [one.gross.text() for one in asked] == ["-30.00", "-5.00"]
    later = AUGUST + timedelta(days=3)
    seen = []
    for serial, letter in reversed(list(enumerate(asked))):  # the second one is issued first: each keeps its turn
        invoices.issue(session, seller, letter.id, tax_system_number=f"{serial}" * 20, issued_date=later.date(),
                       now=later)  # fmt: skip
        found = {one.order: one for one in recognitions(session, place=base.PLACE, day=later.date())}
        seen.append([found[order.number].credited.text() for order in (first, second)])
    assert seen == [["0.00", "5.00"], ["30.00", "5.00"]]
