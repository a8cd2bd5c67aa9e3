"""Whose figures somebody may read. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose figures somebody may read: all at these places (``None``: at every place), and own organisations'."""

    places: frozenset[str] | None
    orgs: frozenset[UUID]

    @property
    def is_of_parties(self) -> bool:
        """Say whether only own figures are read."""
        return self.places is not None and not self.places
