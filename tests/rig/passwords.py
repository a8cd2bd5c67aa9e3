"""Passwords in tests cost next to nothing to check: thousands are made, and nobody attacks them.

The program knows one place where the cost is chosen; what it is there has a test of its own, which asks for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher

from registry.accounts import queries

AS_SERVED = queries.HASHER
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def cost_little() -> None:
    """Make and check all passwords of this process at the least cost that argon2 allows."""
    _change_to(CHEAP)


@contextmanager
def cost_as_served() -> Iterator[None]:
    """Make and check passwords as the served application does."""
    _change_to(AS_SERVED)
    yield
    _change_to(CHEAP)


def _change_to(hasher: PasswordHasher) -> None:
    queries.HASHER = hasher
    queries._nobodys_hash.cache_clear()
