"""What covers a purchase, what a refund goes against, and who decides about credit."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import ZERO, Money
from market.buyer_accounts.rules import (
    TRANSITIONS,
    BalanceShort,
    LimitAct,
    LimitExceeded,
    LimitState,
    WrongState,
    after,
    divide_credit,
    must_cover,
    must_fit,
)

amounts = st.integers(0, 10**9).map(Money)


@pytest.mark.parametrize(("state", "act"), list(product(LimitState, LimitAct)))
def test_a_limit_is_decided_once(state, act):
    if (state, act) in TRANSITIONS:
        assert after(state, act, "ACC-1") is TRANSITIONS[state, act]
        return
    with pytest.raises(WrongState, match="ACC-1"):
        after(state, act, "ACC-1")


@given(amounts, amounts)
def test_a_balance_covers_what_is_not_more_than_it(balance, amount):
    if amount <= balance:
        must_cover("ACC-1", balance, amount)
        return
    with pytest.raises(BalanceShort, match=f"还差 {amount - balance} 元"):
        must_cover("ACC-1", balance, amount)


@given(amounts, amounts, amounts)
def test_what_is_owed_stays_within_the_limit(owed, limit, amount):
    if owed + amount <= limit:
        must_fit("ACC-1", owed, limit, amount)
        return
    with pytest.raises(LimitExceeded):
        must_fit("ACC-1", owed, limit, amount)


@given(st.integers(-100, 10**6).map(Money), amounts)
def test_a_refund_goes_against_unstated_charges_first_and_is_divided_to_the_fen(unstated, amount):
    against, rest = divide_credit(unstated, amount)
    assert against + rest == amount
    assert ZERO <= against <= max(unstated, ZERO)
    assert rest >= ZERO
