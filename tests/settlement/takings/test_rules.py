"""Rows of takings add up whichever way they are summed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kernel.money import Money
from settlement.takings.rules import SUMMED, Taking, by_month, by_product, gathered, summed

AMOUNTS = st.integers(0, 10**12).map(Money)
FACTS = st.builds(
    Taking,
    product=st.sampled_from(["A", "B"]),
    title=st.just("评分"),
    month=st.sampled_from(["2026-08", "2026-09"]),
    orders=st.integers(0, 9),
    **{name: AMOUNTS for name in SUMMED if name != "orders"},
)


@given(st.lists(FACTS, max_size=20))
def test_rows_months_and_products_have_the_same_sum(facts: list[Taking]) -> None:
    rows = gathered(facts)
    assert summed(rows) == summed(by_month(rows)) == summed(by_product(rows)) == summed(facts)
    assert len({(row.month, row.product) for row in rows}) == len(rows)


def test_facts_of_one_product_and_month_become_one_row_and_months_come_in_order() -> None:
    later = Taking("A", "评分", "2026-09", paid=Money(300))
    facts = [later, Taking("A", "评分", "2026-08", orders=1), Taking("A", "评分", "2026-08", paid=Money(5))]
    assert gathered(facts) == (Taking("A", "评分", "2026-08", orders=1, paid=Money(5)), later)


def test_nothing_sums_to_nothing() -> None:
    assert summed([]) == Taking("", "", "")
