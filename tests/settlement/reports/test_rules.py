"""How rows are gathered."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.calendar import NotAPeriod, Period
from kernel.money import Money
from settlement.reports.rules import (
    AMOUNTS,
    COUNTS,
    FromAfterUntil,
    Grain,
    Row,
    closed,
    gathered,
    months,
    part_of,
    ranked,
)

fen = st.integers(-(10**9), 10**9).map(Money)
rows = st.lists(
    st.builds(Row, st.sampled_from(["", "a", "b", "c"]), st.just("名"), st.sampled_from(["2026-01", "2026-02"]),
              lines=st.integers(0, 9), gross=fen, net=fen, share=fen),
    max_size=20,
)  # fmt: skip


@given(rows)
def test_gathering_loses_nothing_and_leaves_one_row_per_part_and_key(facts: list[Row]) -> None:
    found = gathered(facts)
    assert len({(row.part, row.key) for row in found}) == len(found)
    for name in (*COUNTS, *AMOUNTS):
        assert getattr(closed(found), name) == getattr(closed(facts), name)


@given(rows)
def test_the_league_is_in_order_of_the_amount_with_the_rest_last(facts: list[Row]) -> None:
    found = ranked(facts, "net")
    named = [row.net.fen for row in found if row.key]
    assert named == sorted(named, reverse=True)
    assert all(row.key for row in found[:-1])


@pytest.mark.parametrize(
    ("day", "grain", "name"),
    [
        (date(2026, 3, 1), Grain.MONTH, "2026-03"), (date(2026, 3, 1), Grain.QUARTER, "2026 Q1"),
        (date(2026, 4, 1), Grain.QUARTER, "2026 Q2"), (date(2026, 12, 1), Grain.QUARTER, "2026 Q4"),
        (date(2026, 12, 1), Grain.YEAR, "2026"), (date(2026, 12, 1), Grain.WHOLE, ""),
    ],
)  # fmt: skip
def test_a_settlement_belongs_to_the_part_in_which_it_begins(day: date, grain: Grain, name: str) -> None:
    assert part_of(Period.month_of(day), grain) == name


def test_both_months_belong_to_the_report_and_they_stand_in_order() -> None:
    assert months("2026-01", "2026-12") == Period.year(2026)
    with pytest.raises(FromAfterUntil):
        months("2026-02", "2026-01")
    with pytest.raises(NotAPeriod):
        months("2026-13", "2026-14")
