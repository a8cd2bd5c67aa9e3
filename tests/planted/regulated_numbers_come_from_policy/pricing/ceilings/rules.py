"""The rate that the notice permits, written into the program."""

from decimal import Decimal
from fractions import Fraction

SPREAD_MAX = Decimal("0.06")  # planted
YEARS_MAX = 3  # planted
HALF = 0.5  # planted
WHOLE = 1.0  # planted
TENTH = Fraction(1, 10)  # planted


def is_small(fen):
    """Return whether the amount needs no second pair of eyes."""
    return fen < 500_000  # planted
