"""Whole fen divided into binary fractions."""

from fractions import Fraction

AVERAGE = TOTAL / COUNT  # planted


def share(pool: int, weight: int, weights: int) -> object:
    """Divide."""
    pool /= weights  # planted
    part = Fraction(pool, 1)
    return pool * weight / weights, part / weight, [pool / one for one in (1, 2)]  # planted  # planted
