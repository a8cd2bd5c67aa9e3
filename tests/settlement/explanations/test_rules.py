"""The part of one line is the part that dividing among all of them gives it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import Money, WeightsUnusable, allocate
from settlement.explanations.rules import part_of_line
from settlement.traces.rules import Held

lefts = st.lists(st.integers(0, 50), min_size=1, max_size=9).filter(any)


@given(lefts=lefts, fen=st.integers(-2_000, 2_000))
def test_the_part_of_a_line_is_what_dividing_among_all_of_them_gives_it(lefts: list[int], fen: int) -> None:
    held = [Held(f"ENT-{number}", left) for number, left in enumerate(lefts)]
    divided = allocate(Money(fen), dict(held))
    assert {one.entitlement: part_of_line(held[::-1], one.entitlement, Money(fen)) for one in held} == divided


def test_equal_remainders_are_served_in_order_of_the_number() -> None:
    held = [Held("ENT-3", 1), Held("ENT-1", 1), Held("ENT-2", 1)]
    assert [part_of_line(held, f"ENT-{turn}", Money(2)).fen for turn in (1, 2, 3)] == [1, 1, 0]


def test_nothing_is_divided_by_less_than_nothing() -> None:
    assert part_of_line([Held("ENT-1", 0)], "ENT-1", Money(0)) == Money(0)
    for held in ([Held("ENT-1", 0)], [Held("ENT-1", 3), Held("ENT-2", -1)]):
        with pytest.raises(WeightsUnusable):
            part_of_line(held, "ENT-1", Money(1))
