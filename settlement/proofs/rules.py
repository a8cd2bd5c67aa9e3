"""Packs and anchors as an outsider reads them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from kernel import merkle
from settlement.roots.rules import Leaf, Tree, canonical

PACK_FORMAT = "huiyi-pack-1"
ANCHOR_FORMAT = "huiyi-anchor-1"
LOG = "log"  # the tree over all seals of the audit log

Seal = tuple[int, str, str | None]  # number, SHA-256, SM3; seals from before version 2 have no SM3


def log_leaf(seal: Seal) -> list[str | None]:
    """Return what stands in the log for one seal."""
    sequence, sha256, sm3 = seal
    return [str(sequence), sha256, sm3]


def log_tree(seals: Sequence[Seal]) -> Tree:
    """Return the tree over the seals, the first one first."""
    made = Tree()
    for seal in seals:
        made.add(canonical(log_leaf(seal)))
    return made


def consistency(tree: Tree, before: int) -> dict[str, list[str]]:
    """Return the proof that a log begins with the log of its first ``before`` seals."""
    return {
        name: [one.hex() for one in merkle.consistency_proof(tree.hashes[name], before, digest)]
        for name, digest in merkle.HASHES.items()
    }


def anchor_content(
    *,
    day: date,
    made_at: datetime,
    log: Tree,
    last: Seal | None,
    roots: Sequence[Mapping[str, Any]],
    previous: Mapping[str, str] | None,
) -> dict[str, Any]:
    """Return the anchor of a day: the last seal, the log of all seals, the roots that are new, the anchor before."""
    return {
        "format": ANCHOR_FORMAT, "day": day.isoformat(), "made_at": made_at.isoformat(), "seals": log.size,
        "seal_sha256": last[1] if last else None, "seal_sm3": last[2] if last else None,
        "log_sha256": log.root("sha256"), "log_sm3": log.root("sm3"), "roots": list(roots),
        "previous": dict(previous) if previous is not None else None,
    }  # fmt: skip


def digests_of(content: Mapping[str, Any]) -> dict[str, str]:
    """Return both digests over the canonical text of an anchor."""
    text = canonical(content)
    return {name: digest(text).hex() for name, digest in merkle.HASHES.items()}


def proof(
    name: str, tree: Tree, start: int, leaves: Sequence[Leaf | list[Any]], *, kind: str = "period"
) -> dict[str, Any]:
    """Return neighbouring leaves with the hashes beside them, by both functions."""
    return {
        "tree": {
            "kind": kind, "name": name, "leaves": tree.size, "sha256": tree.root("sha256"), "sm3": tree.root("sm3"),
        },
        "start": start, "leaves": list(leaves), "path": tree.path(start, start + len(leaves)),
    }  # fmt: skip


def pack(
    kind: str,
    subject: str,
    *,
    proofs: Sequence[Mapping[str, Any]],
    anchors: Sequence[Mapping[str, Any]],
    kept: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Return a pack: what is proved, what that rests on, and the anchors that hold the roots."""
    return {
        "format": PACK_FORMAT, "kind": kind, "subject": subject, "proofs": list(proofs), "kept": list(kept),
        "anchors": list(anchors),
    }  # fmt: skip
