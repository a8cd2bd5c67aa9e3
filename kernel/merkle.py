"""Merkle trees as RFC 6962 draws them: leaves and nodes hashed apart, the left side a full power of two. Pure.

Two hash functions are in use side by side: SHA-256 for the world, SM3 (GB/T 32905) for China. A range proof shows that
neighbouring leaves stand in a tree without the others; a consistency proof that a longer tree begins with a shorter.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

LEAF, NODE = b"\x00", b"\x01"

Digest = Callable[[bytes], bytes]
_SM3 = hashlib.new("sm3")


def sha256(data: bytes) -> bytes:
    """Return the SHA-256 of ``data``."""
    return hashlib.sha256(data).digest()


def sm3(data: bytes) -> bytes:
    """Return the SM3 of ``data``."""
    made = _SM3.copy()  # several times cheaper than to look the function up by its name
    made.update(data)
    return made.digest()


HASHES: dict[str, Digest] = {"sha256": sha256, "sm3": sm3}


def leaf(data: bytes, digest: Digest = sha256) -> bytes:
    """Return the hash of a leaf."""
    return digest(LEAF + data)


def root(leaves: Sequence[bytes], digest: Digest = sha256) -> bytes:
    """Return the root over the hashes of the leaves, in order; of none, the hash of nothing."""
    level = list(leaves)
    if not level:
        return digest(b"")
    while len(level) > 1:
        paired = [digest(NODE + level[at] + level[at + 1]) for at in range(0, len(level) - 1, 2)]
        level = paired + level[len(paired) * 2 :]
    return level[0]


def range_proof(leaves: Sequence[bytes], start: int, end: int, digest: Digest = sha256) -> list[bytes]:
    """Return the roots of the whole subtrees beside the leaves from ``start`` up to before ``end``, left to right."""

    def beside(low: int, high: int) -> list[bytes]:
        if high <= start or end <= low:
            return [root(leaves[low:high], digest)]
        if high - low == 1:
            return []
        middle = low + _left(high - low)
        return beside(low, middle) + beside(middle, high)

    return beside(0, len(leaves))


def root_of_range(
    known: Sequence[bytes], start: int, size: int, proof: Sequence[bytes], digest: Digest = sha256
) -> bytes | None:
    """Return the root that a range proof leads to, or ``None`` when the proof has another length than it must have."""
    if not known or start < 0 or start + len(known) > size:
        return None
    left = list(proof)

    def above(low: int, high: int) -> bytes | None:
        if high <= start or start + len(known) <= low:
            return left.pop(0) if left else None
        if high - low == 1:
            return known[low - start]
        middle = low + _left(high - low)
        first, second = above(low, middle), above(middle, high)
        return None if first is None or second is None else digest(NODE + first + second)

    found = above(0, size)
    return None if left else found


def consistency_proof(leaves: Sequence[bytes], before: int, digest: Digest = sha256) -> list[bytes]:
    """Return the proof that the tree begins with the tree of its first ``before`` leaves (RFC 6962, 2.1.2)."""

    def beside(low: int, high: int, size: int, is_whole: bool) -> list[bytes]:
        if size == high - low:
            return [] if is_whole else [root(leaves[low:high], digest)]
        middle = _left(high - low)
        if size <= middle:
            return [*beside(low, low + middle, size, is_whole), root(leaves[low + middle : high], digest)]
        return [*beside(low + middle, high, size - middle, False), root(leaves[low : low + middle], digest)]

    return beside(0, len(leaves), before, True) if 0 < before < len(leaves) else []


def _left(size: int) -> int:
    """Return the largest power of two below ``size``."""
    return 1 << (size - 1).bit_length() - 1
