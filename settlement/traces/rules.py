"""What a trace finds, as plain values. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from kernel.money import ZERO, Money, total


class Held(NamedTuple):
    """A line of a group, as a step found it: what was still undivided of its net revenue."""

    entitlement: str
    left: int  # fen


@dataclass(slots=True)
class Taken:
    """What the steps of a schedule took, by step and party, and of how much revenue."""

    by_step: dict[int, dict[str, Money]] = field(default_factory=dict)
    gross: Money = ZERO
    net: Money = ZERO


def flow(net: Money, out: Mapping[int, Mapping[str, Money]], steps: int) -> list[dict[str, Any]]:
    """Return what each step found, gave and left, from what was booked."""
    found, left = [], net
    for step in range(1, steps + 1):
        given = out.get(step, {})
        after = left - total(given.values())
        texts = {party: amount.text() for party, amount in sorted(given.items())}
        found.append({"step": step, "inflow": left.text(), "left": after.text(), "out": texts})
        left = after
    return found
