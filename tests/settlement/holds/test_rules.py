"""What stands of a count and what is frozen of an amount."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kernel.money import ZERO, Money
from settlement.holds.rules import NOTHING_HELD, Counted, Hold, hold_of

UNITS = st.integers(0, 100_000)
AMOUNTS = st.integers(0, 10**9).map(Money)
COUNTS = st.builds(Counted, st.just("DRC-2026-000001"), UNITS, UNITS, UNITS)


def test_of_10_000_metered_and_9_990_agreed_ten_wait() -> None:
    hold = hold_of([Counted("DRC-1", 10_000, 9_990, 10)], unsigned=0, frozen=ZERO, matters=[])
    assert (hold.stands(12_000), hold.claims(12_000), hold.matters) == (11_990, 12_000, ("DRC-1",))


def test_a_decided_count_takes_the_place_of_the_metered_one_and_nothing_waits() -> None:
    hold = hold_of([Counted("DRC-1", 10_000, 9_996, 0)], unsigned=0, frozen=ZERO, matters=[])
    assert (hold.stands(10_000), hold.claims(10_000), hold.matters) == (9_996, 9_996, ())


def test_unsigned_months_wait_where_only_countersigned_counts_are_settled() -> None:
    hold = hold_of([], unsigned=300, frozen=ZERO, matters=[])
    assert (hold.stands(300), hold.claims(300)) == (0, 300)


@given(st.lists(COUNTS), UNITS, AMOUNTS, UNITS)
def test_never_more_stands_than_is_claimed(counts: list[Counted], unsigned: int, frozen: Money, billable: int) -> None:
    hold = hold_of(counts, unsigned=unsigned, frozen=frozen, matters=["DSP-1"])
    assert 0 <= hold.stands(billable) <= hold.claims(billable)


@given(AMOUNTS, AMOUNTS, AMOUNTS)
def test_what_is_settled_and_what_is_frozen_are_together_what_stands(firm: Money, frozen: Money, before: Money) -> None:
    found = Hold(frozen=frozen).settles(firm, before)
    assert found >= before
    assert found == before or found + frozen == firm


@given(st.lists(COUNTS), UNITS, AMOUNTS)
def test_a_hold_is_kept_and_read_back(counts: list[Counted], unsigned: int, frozen: Money) -> None:
    hold = hold_of(counts, unsigned=unsigned, frozen=frozen, matters=["DSP-1"])
    assert Hold.from_dict(hold.to_dict()) == hold
    assert hold_of([], unsigned=0, frozen=ZERO, matters=[]) == NOTHING_HELD
