"""States of an order, over every pair, and the refusals of an old or changed quote."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import Money
from market.orders.rules import (
    TRANSITIONS,
    NothingToPay,
    OrderEvent,
    OrderState,
    PriceChanged,
    QuoteExpired,
    WrongState,
    after,
    must_be_valid,
    must_cost_the_same,
)

PRICED, FREE = Money.yuan("800.00"), Money(0)
NOON = datetime(2026, 7, 20, 4, 0, tzinfo=UTC)
S, E = OrderState, OrderEvent
PRICED_STEPS = {
    (S.PLACED, E.SIGN): S.CONTRACTED,
    (S.PLACED, E.CANCEL): S.CANCELLED,
    (S.CONTRACTED, E.CAPTURE): S.PAID,
    (S.CONTRACTED, E.CANCEL): S.CANCELLED,
    (S.PAID, E.OPEN): S.FULFILLED,
    (S.PAID, E.REFUND): S.REFUNDED,
    (S.FULFILLED, E.REFUND): S.REFUNDED,
}
FREE_STEPS = {
    (S.PLACED, E.SIGN): S.CONTRACTED,
    (S.PLACED, E.CANCEL): S.CANCELLED,
    (S.CONTRACTED, E.OPEN): S.FULFILLED,
    (S.CONTRACTED, E.CANCEL): S.CANCELLED,
    (S.PAID, E.OPEN): S.FULFILLED,
    (S.PAID, E.REFUND): S.REFUNDED,
    (S.FULFILLED, E.REFUND): S.REFUNDED,
}


@pytest.mark.parametrize(("state", "event"), list(product(OrderState, OrderEvent)))
def test_a_priced_order_takes_exactly_the_steps_of_its_table(state, event):
    if (state, event) in PRICED_STEPS:
        assert after(state, event, amount=PRICED) is PRICED_STEPS[state, event]
    else:
        with pytest.raises((WrongState, NothingToPay)):
            after(state, event, amount=PRICED)


@pytest.mark.parametrize(("state", "event"), list(product(OrderState, OrderEvent)))
def test_an_order_of_nothing_opens_without_a_payment(state, event):
    if (state, event) in FREE_STEPS:
        assert after(state, event, amount=FREE) is FREE_STEPS[state, event]
    else:
        with pytest.raises((WrongState, NothingToPay)):
            after(state, event, amount=FREE)


def test_ended_orders_stay_ended():
    assert not [event for state, event in TRANSITIONS if state in (S.CANCELLED, S.REFUNDED)]


def test_a_quote_is_good_in_its_last_moment_and_not_a_microsecond_later():
    must_be_valid("QUO-2026-000001", NOON, NOON)
    with pytest.raises(QuoteExpired, match="QUO-2026-000001 已于北京时间 2026-07-20 12:00 过期"):
        must_be_valid("QUO-2026-000001", NOON, NOON + timedelta(microseconds=1))


@given(st.integers(0, 10**12), st.integers(0, 10**12))
def test_only_the_quoted_amount_to_the_fen_is_ordered(quoted, today):
    if quoted == today:
        must_cost_the_same("QUO-2026-000001", Money(quoted), Money(today))
    else:
        with pytest.raises(PriceChanged):
            must_cost_the_same("QUO-2026-000001", Money(quoted), Money(today))
