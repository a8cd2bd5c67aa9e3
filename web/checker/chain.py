"""The chain of audit seals recomputed from the rows, and the tree over the seals as each anchor states it.

A tampered line is named, not only the seal over it: the leaves of the tree are kept beside the seal.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from json.encoder import encode_basestring as quoted
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from web.checker.digests import canonical
from web.checker.offline import HASHES

GENESIS = "0" * 64
ROWS_AT_ONCE = 2_000
BLOCK_BYTES = 1 << 20
HASH_BYTES = 32
DASHED = 36  # signs of an identifier with its dashes
NAMED_MAX = 5  # of the lines under one seal that do not agree
# as text, made by the database: to build a million objects and take them apart again takes longer than to hash them
LINES = {
    "postgresql": r"""SELECT CAST(id AS text), to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24\:MI\:SS.US'),
        CAST(actor_id AS text), actor_name, CAST(org_id AS text), channel, action, object_type, object_id, note,
        CAST(detail AS text) FROM audit_line ORDER BY id""",
    "sqlite": """SELECT id, replace(at, ' ', 'T'), actor_id, actor_name, org_id, channel, action, object_type,
        object_id, note, detail FROM audit_line ORDER BY id""",
}
IN_MORE_WAYS = re.compile(r"[\s\\]")  # white space and escapes: what canonical JSON must not have, or writes in one way
SEALS = """SELECT sequence, version, sealed_at, first_line, last_line, line_count, previous_sha256, sha256,
    tree_sha256, lines_sm3, previous_sm3, sm3 FROM audit_seal ORDER BY sequence"""


@dataclass(slots=True)
class Under:
    """What was computed over the lines under one seal."""

    version: int
    previous: str
    count: int = 0
    first: str = ""
    last: str = ""
    leaves: list[tuple[bytes, str]] = field(default_factory=list)  # hash of the line, and its identifier
    running: Any = None


class Beside:
    """A slow hash over a long stream, in a thread of its own."""

    def __init__(self, name: str) -> None:
        """Begin with nothing."""
        self._pool, self._hash = ThreadPoolExecutor(1), hashlib.new(name)
        self._block, self._under_way = bytearray(), list[Future[None]]()

    def add(self, data: bytes) -> None:
        """Add the next line, framed by its length."""
        self._block += len(data).to_bytes(8, "big") + data
        if len(self._block) > BLOCK_BYTES:
            self._hand_over()

    def _hand_over(self) -> None:
        while self._under_way:
            self._under_way.pop().result()
        self._under_way.append(self._pool.submit(self._hash.update, bytes(self._block)))
        self._block = bytearray()

    def hexdigest(self) -> str:
        """Return the digest; nothing can be added afterwards."""
        self._hand_over()
        self._pool.shutdown()
        return self._hash.hexdigest()


def identity(value: Any) -> str:
    """Return an identifier as it is written in digests; SQLite hands out its bare digits."""
    return "None" if value is None else str(value if isinstance(value, UUID) else UUID(str(value)))


def moment(value: Any) -> str:
    """Return a moment as it is written in digests."""
    at = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return (at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)).isoformat()


def root(leaves: Sequence[bytes], name: str = "sha256") -> bytes:
    """Return the root over hashes of leaves."""
    hashed, level = HASHES[name], list(leaves) or [HASHES[name](b"")]
    while len(level) > 1:
        pairs = [hashed(b"\1" + level[at] + level[at + 1]) for at in range(0, len(level) - 1, 2)]
        level = pairs + level[2 * len(pairs) :]
    return level[0]


def audit_seals(connection: sa.Connection) -> list[str]:
    """Recompute the chain of seals over the audit lines; name each line that does not agree."""
    lines, held = _lines(connection), list[tuple[str, bytes]]()
    found: list[str] = []
    previous, previous_sm3, expected = GENESIS, GENESIS, 1
    for seal in connection.execute(sa.text(SEALS)).mappings().all():
        linked = [seal["previous_sha256"] == previous, seal["sequence"] == expected]
        if seal["version"] != 1:
            linked.append(seal["previous_sm3"] == previous_sm3)
        if not all(linked):
            found.append(f"SEAL 审计封印不相接：{seal['sequence']}")
        under = _under(lines, held, seal, previous)
        found += _disagreeing(connection, seal, under)
        previous, expected = seal["sha256"], seal["sequence"] + 1
        previous_sm3 = seal["sm3"] or HASHES["sm3"](previous.encode()).hex()
    return found


def _under(lines: Iterator[tuple[str, bytes]], held: list[tuple[str, bytes]], seal: Any, previous: str) -> Under:
    """Read the lines up to the last one under a seal; the first beyond it waits in ``held``."""
    under, end = Under(seal["version"], previous), identity(seal["last_line"])
    under.running = hashlib.sha256(previous.encode()) if under.version == 1 else Beside("sm3")
    while (got := held.pop() if held else next(lines, None)) is not None:
        name, data = got
        if name > end:
            held.append(got)
            break
        under.count, under.first, under.last = under.count + 1, under.first or name, name
        if under.version == 1:
            under.running.update(len(data).to_bytes(8, "big") + data)
        else:
            under.running.add(data)
            under.leaves.append((HASHES["sha256"](b"\0" + data), name))
    return under


def _disagreeing(connection: sa.Connection, seal: Any, under: Under) -> list[str]:
    sequence, taken = seal["sequence"], under.running.hexdigest()
    if under.version == 1:
        is_whole = (under.count, under.last, taken) == (seal["line_count"], identity(seal["last_line"]), seal["sha256"])
        return [] if is_whole else [f"SEAL 审计行被改动、删除或插入：封印 {sequence}"]
    kept = _kept_leaves(connection, sequence)
    found = [f"SEAL {words}：封印 {sequence}" for words in _differing(kept, under.leaves)]
    head = {
        "version": seal["version"], "sequence": sequence, "sealed_at": moment(seal["sealed_at"]),
        "first_line": identity(seal["first_line"]), "last_line": identity(seal["last_line"]),
        "line_count": seal["line_count"], "tree_sha256": seal["tree_sha256"], "lines_sm3": seal["lines_sm3"],
    }  # fmt: skip
    text = canonical(head)
    made = [HASHES[kind]((str(seal[f"previous_{kind}"]) + text).encode()).hex() for kind in HASHES]
    if made != [seal["sha256"], seal["sm3"]] or root(kept).hex() != seal["tree_sha256"] or not kept:
        found.append(f"SEAL 审计封印或其叶摘要被改动：封印 {sequence}")
    ends = (under.first, under.last, under.count, taken)
    told = (head["first_line"], head["last_line"], seal["line_count"], seal["lines_sm3"])
    return found or ([] if ends == told else [f"SEAL 审计行被改动、删除或插入：封印 {sequence}"])


def _differing(kept: Sequence[bytes], read: Sequence[tuple[bytes, str]]) -> list[str]:
    """Return, in words, which lines are not those that were sealed, and how many of the sealed ones are gone."""
    if len(kept) == len(read) and all(one == other for one, (other, _) in zip(kept, read, strict=True)):
        return []
    sealed, present = set(kept), {one for one, _ in read}
    found = [f"审计行被改动或插入：{name}" for one, name in read if one not in sealed]
    gone = [place for place, one in enumerate(kept, start=1) if one not in present]
    found += [f"审计行原第 {place} 行被改动或删除" for place in gone] if len(gone) > len(found) else []
    return (found or ["审计行次序被改动"])[:NAMED_MAX]


def _kept_leaves(connection: sa.Connection, sequence: int) -> list[bytes]:
    query = sa.text("SELECT hashes FROM audit_leaves WHERE sequence = :sequence ORDER BY part")
    return cut(bytes(part) for part in connection.scalars(query, {"sequence": sequence}))


def cut(parts: Iterable[bytes]) -> list[bytes]:
    """Return the hashes that stand one after the other in some parts."""
    return [part[at : at + HASH_BYTES] for part in parts for at in range(0, len(part), HASH_BYTES)]


def _lines(connection: sa.Connection) -> Iterator[tuple[str, bytes]]:
    query = sa.text(LINES[connection.dialect.name])
    names: dict[str | None, str] = {}
    with closing(connection.execute(query, execution_options={"yield_per": ROWS_AT_ONCE})) as rows:
        yield from (_text(row, names) for row in rows)


def _text(row: Any, names: dict[str | None, str]) -> tuple[str, bytes]:
    name, at, actor, who, org, channel, action, kind, about, note, detail = row
    for one in (actor, org):
        if one not in names:
            names[one] = identity(one)
    if len(name) != DASHED:
        name = f"{name[:8]}-{name[8:12]}-{name[12:16]}-{name[16:20]}-{name[20:]}"
    if IN_MORE_WAYS.search(detail):
        detail = canonical(json.loads(detail))
    at = at.removesuffix(".000000") + "+00:00"
    said = (name, at, names[actor], who, names[org], channel, action, kind, about, note)
    return name, f"[{','.join(map(quoted, said))},{detail}]".encode()


class Log:
    """The tree over the seals as it grows: it tells its root at any size, without going back."""

    def __init__(self, connection: sa.Connection) -> None:
        """Begin before the first seal."""
        query = sa.text("SELECT sequence, sha256, sm3 FROM audit_seal ORDER BY sequence")
        self._seals = iter(connection.execute(query).all())
        self._stacks: dict[str, list[tuple[int, bytes]]] = {name: [] for name in HASHES}
        self.size, self.last = 0, (None, None)

    def grow_to(self, size: int) -> dict[str, str]:
        """Take in seals up to a size, which never shrinks; return both roots."""
        for sequence, sha256, sm3 in islice(self._seals, max(size - self.size, 0)):
            data = canonical([str(sequence), sha256, sm3]).encode()
            self.size, self.last = self.size + 1, (sha256, sm3)
            for name, hashed in HASHES.items():
                grown = (1, hashed(b"\0" + data))
                stack = self._stacks[name]
                while stack and stack[-1][0] == grown[0]:
                    grown = (grown[0] * 2, hashed(b"\1" + stack.pop()[1] + grown[1]))
                stack.append(grown)
        return {name: self._folded(name) for name in HASHES}

    def _folded(self, name: str) -> str:
        stack = self._stacks[name]
        if not stack:
            return HASHES[name](b"").hex()
        folded = stack[-1][1]
        for _, left in reversed(stack[:-1]):
            folded = HASHES[name](b"\1" + left + folded)
        return folded.hex()
