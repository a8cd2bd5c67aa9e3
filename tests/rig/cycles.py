"""Could what transactions read have come from doing them one after another? A small checker in the manner of Elle.

Every transaction reads some lists and appends its own name to others. Who found a name stands after whoever appended
it, who did not find it before; a circle of these means that no order explains what was read (Adya's G1c, G-single, G2).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Done:
    """What one committed transaction did: its name, what it found in each list, and where it appended its name."""

    name: str
    read: Mapping[str, tuple[str, ...]]
    appended: frozenset[str]


def circles(transactions: Sequence[Done]) -> list[frozenset[str]]:
    """Return every group of transactions that each stand before and after each other.

    Raises:
        ValueError: somebody found a name that no committed transaction appended there.
    """
    return [frozenset(group) for group in _groups(before(transactions)) if len(group) > 1]


def before(transactions: Sequence[Done]) -> dict[str, set[str]]:
    """Return of each transaction which ones must come after it."""
    writers: dict[str, set[str]] = {}
    for one in transactions:
        for key in one.appended:
            writers.setdefault(key, set()).add(one.name)
    after: dict[str, set[str]] = {one.name: set() for one in transactions}
    for one in transactions:
        for key, found in one.read.items():
            wrote = writers.get(key, set())
            if unknown := set(found) - wrote:
                raise ValueError(f"{one.name} read {unknown} in {key}, which nobody appended")
            for name in wrote - {one.name}:
                first, second = (name, one.name) if name in found else (one.name, name)
                after[first].add(second)
    return after


def is_growing(lists: Iterable[tuple[str, ...]]) -> bool:
    """Say whether of any two readings of one list the shorter is the beginning of the longer."""
    longest: tuple[str, ...] = ()
    for found in sorted(lists, key=len):
        if found[: len(longest)] != longest:
            return False
        longest = found
    return True


def _groups(after: Mapping[str, set[str]]) -> list[list[str]]:
    """Return the strongly connected parts (Kosaraju)."""
    order: list[str] = []
    seen: set[str] = set()
    for start in after:
        _walk(start, after, seen, order)
    turned: dict[str, set[str]] = {name: set() for name in after}
    for name, others in after.items():
        for other in others:
            turned[other].add(name)
    found, seen = [], set()
    for start in reversed(order):
        group: list[str] = []
        _walk(start, turned, seen, group)
        if group:
            found.append(group)
    return found


def _walk(start: str, edges: Mapping[str, set[str]], seen: set[str], left: list[str]) -> None:
    """Walk everything reachable that was not seen, and note each name when it is left."""
    if start in seen:
        return
    seen.add(start)
    stack = [(start, iter(edges[start]))]
    while stack:
        name, others = stack[-1]
        following = next((other for other in others if other not in seen), None)
        if following is None:
            left.append(name)
            stack.pop()
        else:
            seen.add(following)
            stack.append((following, iter(edges[following])))
