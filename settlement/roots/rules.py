"""What a leaf of a sealed period says, and the tree over all leaves. Pure: the same facts give the same root.

The hashes beside a proof are given to whoever holds it. An amount is soon guessed, so every leaf is salted: nobody
learns what others earned by trying.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from kernel import merkle
from kernel.canonical import Written, text, woven

Leaf = dict[str, Any]
Journal = dict[str, Any]  # year → [the last number under the root before, the last under this one]


@dataclass(frozen=True, slots=True)
class Sealed:
    """A settlement as far as its tree needs it."""

    id: UUID
    number: str
    place: str
    period_start: date
    period_end: date
    report_sha256: str
    inputs_sha256: str

    def leaf(self, journal: Journal) -> Leaf:
        """Return the first leaf: the settlement itself, and which entries of the journal follow."""
        return {
            "kind": "run", "run": self.number, "place": self.place, "period_start": self.period_start.isoformat(),
            "period_end": self.period_end.isoformat(), "report_sha256": self.report_sha256,
            "inputs_sha256": self.inputs_sha256, "journal": journal,
        }  # fmt: skip


@dataclass(slots=True)
class Tree:
    """The hashes of all leaves by both functions, in order."""

    hashes: dict[str, list[bytes]] = field(default_factory=lambda: {name: [] for name in merkle.HASHES})

    def add(self, data: bytes) -> None:
        """Add the next leaf."""
        marked = merkle.LEAF + data
        for name, digest in merkle.HASHES.items():
            self.hashes[name].append(digest(marked))

    @property
    def size(self) -> int:
        """How many leaves there are."""
        return len(self.hashes["sha256"])

    def root(self, name: str) -> str:
        """Return the root by one of the hash functions."""
        return merkle.root(self.hashes[name], merkle.HASHES[name]).hex()

    def path(self, start: int, end: int) -> dict[str, list[str]]:
        """Return the proof that the leaves from ``start`` up to before ``end`` stand in the tree."""
        return {
            name: [one.hex() for one in merkle.range_proof(self.hashes[name], start, end, digest)]
            for name, digest in merkle.HASHES.items()
        }


def canonical(value: Any) -> bytes:
    """Return the text that digests are taken over: sorted keys, no spaces, no escapes."""
    return text(value).encode()


def digest(value: Any) -> str:
    """Return the SHA-256 over the canonical text of a value."""
    return merkle.sha256(canonical(value)).hex()


SALT_BYTES = len(UUID(int=0).bytes)


def opened(leaf: Leaf) -> Leaf:
    """Return a leaf whose values can be looked into, none of them a mere text of itself."""
    return {name: json.loads(value) if type(value) is Written else value for name, value in leaf.items()}


def salted(leaf: Leaf, salt: str, position: int) -> Leaf:
    """Return a leaf, opened, with its own salt, which tells nothing about the salt of any other."""
    return {**opened(leaf), "salt": _salt(bytes.fromhex(salt), position)}


def _salt(key: bytes, position: int) -> str:
    return hashlib.blake2b(str(position).encode(), key=key, digest_size=SALT_BYTES).hexdigest()


def journal_since(before: Journal, until: Mapping[str, int]) -> Journal:
    """Return which entries are new since the root before: numbers have no gap, so two of them name them all."""
    last = {year: both[-1] for year, both in before.items()}
    return {year: [last.get(year, 0), number] for year, number in sorted(until.items())}


def tree_over(leaves: Iterable[Leaf], salt: str) -> Tree:
    """Return the tree over leaves, one at a time."""
    made, key = Tree(), bytes.fromhex(salt)
    for position, leaf in enumerate(leaves):
        made.add(_with_salt(leaf, _salt(key, position)).encode())
    return made


def _with_salt(leaf: Leaf, salt: str) -> str:
    content = leaf.get("content")
    if type(content) is not Written:
        return woven({**leaf, "salt": salt})
    # of the lines of statements there are more than of everything else together
    place = f'"line":{leaf["line"]},"salt":"{salt}","statement":"{leaf["statement"]}"'
    return f'{{"content":{content},"kind":"line",{place}}}'


def statement_leaf(statement: Mapping[str, Any], *, lines: int) -> Leaf:
    """Return the leaf of a statement: what its digest covers, but for the lines, which follow."""
    return {"kind": "statement", **statement, "lines": lines}


def line_leaf(statement: str, number: int, content: Written) -> Leaf:
    """Return the leaf of one line of a statement, counted from 1; what the line says is written already."""
    return {"kind": "line", "statement": statement, "line": number, "content": content}
