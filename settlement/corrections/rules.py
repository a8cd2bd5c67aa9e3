"""What the parties of a pool owe each other after an upheld objection, and what of it moves now. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from kernel.money import ZERO, Money, allocate, total


def owed(out: Mapping[str, Money], moved: Mapping[str, Money], weights: Mapping[str, Fraction]) -> dict[str, Money]:
    """Return what each party of a sealed pool should have had by the decided weights, less what it had.

    The amounts add up to nothing: what one is owed others had too much.

    Args:
        out: what the settlement gave by the pool.
        moved: what of it was the correction of earlier periods.
        weights: as decided.
    """
    should = allocate(total(out.values()), weights)
    return {
        party: should.get(party, ZERO) - (out.get(party, ZERO) - moved.get(party, ZERO))
        for party in sorted({*should, *out, *moved})
    }


def together(one: Mapping[str, Money], other: Mapping[str, Money]) -> dict[str, Money]:
    """Return the sums of two sets of amounts, by party."""
    return {party: one.get(party, ZERO) + other.get(party, ZERO) for party in sorted({*one, *other})}


def moving(out: Mapping[str, Money], due: Mapping[str, Money]) -> dict[str, Money]:
    """Return what moves between the parties of a pool now: nobody gives more than it gets, the rest stays owed.

    The amounts add up to nothing, and added to ``out`` leave nobody with less than nothing.

    Args:
        out: what the pool gives now.
        due: what each party is owed (above zero) or had too much (below) of sealed periods; adds up to nothing.
    """
    gives = {party: min(-amount, out.get(party, ZERO)) for party, amount in sorted(due.items()) if amount < ZERO}
    takes = {party: amount.fen for party, amount in sorted(due.items()) if amount > ZERO}
    moved = total(gives.values())
    if moved == ZERO:
        return {}
    back = {party: -amount for party, amount in gives.items() if amount != ZERO}
    return back | {party: part for party, part in allocate(moved, takes).items() if part != ZERO}
