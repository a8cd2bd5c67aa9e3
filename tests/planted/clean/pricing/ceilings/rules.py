"""Formulas as they should be."""

from decimal import Decimal
from fractions import Fraction

NONE = Decimal("0")
REVERSED = -1
YEAR = Decimal("1.00")


def parts(pool: int, weights: dict[str, Fraction], profit_rate: Decimal) -> dict[str, Fraction]:
    """Return each party's exact part, in fen.

    Raises:
        NoWeights: nobody takes part.

    Source:
        发改价格〔2025〕65号, 三（一）.
    """
    whole = sum(weights.values())
    if whole == 0:
        raise NoWeights(f"{len(weights)} weights")
    part = Fraction(pool) / whole
    margin = profit_rate / 2
    return {party: weight / whole * part for party, weight in weights.items()} | {"": margin}


def _private(state):
    raise ValueError(state)


class NoWeights(ValueError):
    """Nobody takes part."""

    def __init__(self, words):
        if not words:
            raise ValueError(words)
