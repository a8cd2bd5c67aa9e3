"""A gate: one condition that must hold before a product may be sold. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Gate:
    """One condition that must hold before a product may be sold: whether it does, the fact, and the rule."""

    code: str
    title: str
    open: bool
    fact: str
    rule: str
    article: str
    since: date | None = None
    todo: str = ""

    @property
    def name(self) -> str:
        """The title, as the page macros call it."""
        return self.title

    @property
    def date(self) -> date | None:
        """The day since which it is so, as the page macros call it."""
        return self.since
