"""Entries cannot be made unbalanced, and undoing one gives its mirror image."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import ZERO, Money
from settlement.ledger.rules import (
    CHART,
    PAYEE_ACCOUNTS,
    Cause,
    Entry,
    Leg,
    NoSuchAccount,
    Unbalanced,
    capture_entry,
    earning_entry,
    reversal_of,
)
from settlement.splits.rules import PayeeKind

DAY = date(2026, 8, 31)
AMOUNTS = st.integers(1, 10**15).map(Money)


def entry(*legs: tuple[str, int]) -> Entry:
    """An entry of Xinchang with these legs, in fen."""
    return Entry(
        "xinchang", Cause.PAYMENT_CAPTURED, "1", DAY, "收款", tuple(Leg(name, Money(fen)) for name, fen in legs)
    )


@pytest.mark.parametrize(
    "legs",
    [
        (),
        (("asset:bank:xinchang", 0), ("liability:unearned:1", 0)),
        (("asset:bank:xinchang", 100),),
        (("asset:bank:xinchang", 100), ("liability:unearned:1", -99)),
        (("asset:bank:xinchang", 100), ("liability:unearned:1", 100)),
    ],
)
def test_an_entry_that_does_not_balance_cannot_be_made(legs: tuple[tuple[str, int], ...]) -> None:
    with pytest.raises(Unbalanced):
        entry(*legs)


def test_an_account_outside_the_chart_is_refused() -> None:
    with pytest.raises(NoSuchAccount):
        entry(("asset:bank:xinchang", 100), ("income:rounding", -100))


@given(AMOUNTS)
def test_a_reversal_undoes_every_leg(amount: Money) -> None:
    made = capture_entry(place="xinchang", payment_id="1", order_number="ORD-1", amount=amount, entry_date=DAY)
    undone = reversal_of(made, entry_id=UUID(int=7), entry_date=DAY, reason="重复入账")
    assert [leg.amount for leg in undone.legs] == [-leg.amount for leg in made.legs]
    assert (undone.cause, undone.cause_id) == (Cause.REVERSAL, str(UUID(int=7)))


@given(
    st.lists(st.tuples(st.sampled_from(sorted(PAYEE_ACCOUNTS)), st.sampled_from("ABC"), AMOUNTS), min_size=1), AMOUNTS
)
def test_earned_revenue_goes_to_the_account_of_each_payee(parts: list[tuple[str, str, Money]], tax: Money) -> None:
    gross = sum((amount for _, _, amount in parts), ZERO) + tax
    made = earning_entry(
        place="xinchang", cause_id="1", order_number="ORD-1", gross=gross, tax=tax, parts=parts, entry_date=DAY
    )
    by_account = {leg.account: leg.amount for leg in made.legs}
    assert len(by_account) == len(made.legs)
    assert by_account["liability:unearned:ORD-1"] == gross
    for kind, head in PAYEE_ACCOUNTS.items():
        for uscc in "ABC":
            owed = sum((amount for one, party, amount in parts if (one, party) == (kind, uscc)), ZERO)
            assert by_account.get(f"{head}:{uscc}", ZERO) == -owed


def test_every_kind_of_payee_has_an_account_in_the_chart() -> None:
    assert PAYEE_ACCOUNTS.keys() == {kind.value for kind in PayeeKind}
    assert set(PAYEE_ACCOUNTS.values()) <= CHART.keys()
