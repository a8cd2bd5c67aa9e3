"""What a trace finds, as plain values. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Held:
    """A line of a group, as a step found it: what was still undivided of its net revenue."""

    entitlement: str
    left: int  # fen
