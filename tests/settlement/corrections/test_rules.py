"""What an upheld objection moves: nothing is made or lost, and nobody gives more than it gets."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from kernel.money import ZERO, Money, allocate, total
from settlement.corrections.rules import moving, owed, together

PARTIES = ("a", "b", "c")
AMOUNTS = st.fixed_dictionaries({party: st.integers(0, 10**9).map(Money) for party in PARTIES})
WEIGHTS = st.fixed_dictionaries({party: st.fractions(0, 1) for party in PARTIES}).filter(lambda by: any(by.values()))


def test_what_is_owed_is_the_difference_to_the_decided_weights() -> None:
    out = {"a": Money(6000), "b": Money(4000)}
    assert owed(out, {}, {"a": Fraction(1, 2), "b": Fraction(1, 2)}) == {"a": Money(-1000), "b": Money(1000)}
    moved = {"a": Money(1000), "b": Money(-1000)}  # of another period, not of this one
    assert owed(out, moved, {"a": Fraction(1, 2), "b": Fraction(1, 2)}) == {"a": ZERO, "b": ZERO}


def test_who_gets_less_now_than_it_had_too_much_gives_the_rest_later() -> None:
    due = {"a": Money(-1000), "b": Money(600), "c": Money(400)}
    now = moving({"a": Money(300), "b": Money(5)}, due)
    assert now == {"a": Money(-300), "b": Money(180), "c": Money(120)}
    assert moving({"b": Money(5)}, due) == {}


@given(AMOUNTS, AMOUNTS, WEIGHTS, WEIGHTS)
def test_nothing_is_made_or_lost_and_everything_is_put_right_in_the_end(sealed, now, shown, decided) -> None:
    due = owed(allocate(total(sealed.values()), shown), {}, decided)
    assert total(due.values()) == ZERO
    moved = moving(now, due)
    after = together(now, moved)
    assert total(after.values()) == total(now.values())
    assert min(after.values()) >= ZERO
    left = together(due, {party: -amount for party, amount in moved.items()})
    assert all(abs(left[party].fen) <= abs(due[party].fen) for party in PARTIES)
    plenty = {party: Money(abs(amount.fen)) for party, amount in left.items()}
    if any(amount.fen for amount in plenty.values()):
        assert together(left, {party: -one for party, one in moving(plenty, left).items()}) == dict.fromkeys(left, ZERO)
