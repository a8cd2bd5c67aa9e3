"""The oldest part of a balance is settled first."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kernel.money import Money, total
from settlement.ageing.rules import HEADS, aged
from settlement.ledger.rules import CHART, Side

amounts = st.integers(0, 10**12).map(Money)
risen = st.lists(amounts, min_size=1, max_size=6)


@given(risen, amounts)
def test_the_parts_add_up_to_what_came_less_what_left(came: list[Money], left: Money) -> None:
    assert total(aged(came, left)) == total(came) - left


@given(risen, amounts)
def test_an_older_part_is_open_only_when_it_is_whole_or_nothing_older_is(came: list[Money], left: Money) -> None:
    parts = aged(came, left)
    touched = [number for number, part in enumerate(parts) if part != came[number]]
    for number in touched:
        assert all(part == Money(0) for part in parts[number + 1 :])


def test_a_payment_settles_the_oldest_debt_and_then_the_next() -> None:
    came = [Money(100), Money(50), Money(30)]
    assert aged(came, Money(60)) == (Money(100), Money(20), Money(0))


def test_who_was_paid_too_much_is_negative_in_the_youngest_part() -> None:
    assert aged([Money(10), Money(0)], Money(25)) == (Money(-15), Money(0))


def test_every_account_that_is_aged_stands_in_the_chart_on_its_side() -> None:
    for standing, side in (("payable", Side.CREDIT), ("receivable", Side.DEBIT)):
        heads = [head for head in HEADS[standing] if head in CHART]  # type: ignore[index]
        assert heads
        assert {CHART[head] for head in heads} == {side}
