"""How many cases each promise is tried with: a few on every change, all that were promised with ``HUIYI_SOAK=1``.

``make soak`` runs the tests marked ``soak`` at the second size; it takes hours. What a test proves is the same at
both sizes, so whoever writes one asks for its count here: ``sizes.of("D5")``.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

SOAK = "HUIYI_SOAK"
EVERY = 1_000_000  # more than there are: all of them


@dataclass(frozen=True, slots=True)
class Size:
    """How many on every change, how many at leisure, and of what."""

    change: int
    soak: int
    unit: str


SIZES = {
    "A4": Size(2_000, 20_000, "generated divisions"),
    "A7": Size(10_000, 1_000_000, "entries of the largest amount"),
    "A11": Size(40, 300, "histories of corrections"),
    "D1": Size(10, 200, "rounds of a hundred buyers for ten places"),
    "D2": Size(1, 200, "rounds of one key sent fifty times"),
    "D4": Size(3, 100, "rounds of twenty refunds at once"),
    "D5": Size(3, 100, "rounds of eight processes that settle one month"),
    "E3": Size(8, 720, "orders in which six events come"),
    "E3_histories": Size(6, 2_000, "random histories of a payment, each told in two orders"),
    "E6": Size(1_000, 10_000, "forged returns"),
    "E9": Size(40, 1_000, "answers that were lost"),
    "F1": Size(6, EVERY, "statements of each act at which it dies"),
    "F7": Size(2, 50, "leaders killed at work"),
    "G4": Size(2, 60, "random months told in another way"),
    "H1": Size(3, 200, "random worlds of two months"),
    "H1_on_postgresql": Size(1, 20, "random worlds of two months"),
    "H3": Size(4, 20, "runs over the same facts"),
    "H4": Size(100, 1_000, "facts beside midnight"),
    "H4_on_postgresql": Size(30, 200, "facts beside midnight"),
    "H5": Size(10_000, 100_000, "orders under sixty versions"),
}


def is_soak() -> bool:
    """Say whether the tests run at their full size."""
    return os.environ.get(SOAK) == "1"


def of(promise: str) -> int:
    """Return how many cases a promise is tried with now."""
    size = SIZES[promise]
    return size.soak if is_soak() else size.change
