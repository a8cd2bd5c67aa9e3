"""Reads for outsiders: anchors, and packs that prove what they hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from itertools import groupby
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel import audit, merkle
from kernel.audit import AuditLeaves, AuditLine, AuditSeal
from kernel.errors import Conflict, NotFound
from settlement.proofs.model import Anchor, AnchoredRoot
from settlement.proofs.rules import LOG, Seal, consistency, log_leaf, log_tree, pack, proof
from settlement.roots import queries as roots
from settlement.roots.model import PeriodRoot
from settlement.roots.queries import HASH_BYTES
from settlement.roots.rules import Leaf, salted
from settlement.runs.model import SettlementRun
from settlement.runs.queries import sealed
from settlement.runs.rules import RunState
from settlement.statements.model import Statement


class NoSuchAnchor(NotFound):
    """No anchor was made for that day."""

    code = "proof.anchor_not_found"


class NotBound(Conflict):
    """The period was sealed before roots were booked, and has none yet."""

    code = "proof.not_bound"
    title = "该期尚无封存根"
    title_en = "The period has no root yet"


def unbound(session: Session) -> Sequence[SettlementRun]:
    """Return sealed settlements without a root, the oldest first; they were sealed before roots were booked."""
    query = sa.select(SettlementRun).where(
        SettlementRun.state == RunState.SEALED, ~sa.exists().where(PeriodRoot.run_id == SettlementRun.id)
    )
    return session.scalars(query.order_by(SettlementRun.period_start, SettlementRun.place)).all()


# ---- anchors ----


def anchor_of(session: Session, day: date) -> Anchor | None:
    """Return the anchor of a day, or ``None``."""
    return session.scalar(sa.select(Anchor).where(Anchor.day == day))


def get_anchor(session: Session, day: str) -> Anchor:
    """Return the anchor of a day, written as 2026-11-22.

    Raises:
        NoSuchAnchor: there is none.
    """
    asked = _day(day)
    found = None if asked is None else anchor_of(session, asked)
    if found is None:
        raise NoSuchAnchor(f"{day} 没有锚定", detail_en=f"No anchor of {day}")
    return found


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def newest_anchor(session: Session) -> Anchor | None:
    """Return the anchor of the last day that has one."""
    return session.scalar(sa.select(Anchor).order_by(Anchor.day.desc()).limit(1))


def anchors() -> sa.Select[Anchor]:
    """Return the query of all anchors."""
    return sa.select(Anchor)


def seals(session: Session, limit: int | None = None, *, before: datetime | None = None) -> list[Seal]:
    """Return the first seals of the audit log, those from before a moment, or all of them."""
    query = sa.select(AuditSeal.sequence, AuditSeal.sha256, AuditSeal.sm3).order_by(AuditSeal.sequence)
    if before is not None:
        query = query.where(AuditSeal.sealed_at < before)
    return [(sequence, sha256, sm3) for sequence, sha256, sm3 in session.execute(query.limit(limit))]


def not_anchored(session: Session, *, before: datetime) -> Sequence[PeriodRoot]:
    """Return the roots from before a moment that no anchor holds yet, by place and period."""
    query = sa.select(PeriodRoot).where(
        PeriodRoot.made_at < before, ~sa.exists().where(AnchoredRoot.root_id == PeriodRoot.id)
    )
    return session.scalars(query.order_by(PeriodRoot.place, PeriodRoot.period_start)).all()


def continuation(session: Session, earlier: Anchor, later: Anchor) -> dict[str, Any]:
    """Return two anchors with the proof that the log of the later one begins with that of the earlier."""
    tree = log_tree(seals(session, later.seals))
    return {
        "earlier": earlier.published(), "later": later.published(), "proof": consistency(tree, earlier.seals),
    }  # fmt: skip


def anchors_holding(session: Session, root_ids: Sequence[UUID]) -> list[Anchor]:
    """Return the anchors that hold these roots, by day."""
    query = (
        sa.select(Anchor)
        .join(AnchoredRoot, AnchoredRoot.anchor_id == Anchor.id)
        .where(AnchoredRoot.root_id.in_(root_ids))
        .order_by(Anchor.day)
    )
    return list(session.scalars(query).unique())


# ---- packs ----


def statement_pack(session: Session, statement: Statement) -> dict[str, Any]:
    """Return what proves a statement to its party without any help of ours: its lines, their proof, the anchors.

    Raises:
        NotBound: the period has no root yet.
    """

    def is_own(leaf: Leaf) -> bool:
        return statement.number in (leaf.get("statement"), leaf.get("number")) and leaf["kind"] in ("statement", "line")

    root = _root(session, statement.run_id)
    held = [one.published() for one in anchors_holding(session, [root.id])]
    return pack("statement", statement.number, proofs=period_proofs(session, root, is_own), anchors=held)


def _root(session: Session, run_id: UUID) -> PeriodRoot:
    root = roots.root_of(session, run_id)
    if root is None:
        raise NotBound(
            "该期在启用封存根之前封存，尚未补记；每日锚定时自动补记，请次日再下载",
            detail_en="The period was sealed before roots were kept; the daily job books its root",
        )
    return root


def period_proofs(session: Session, root: PeriodRoot, wanted: Callable[[Leaf], bool]) -> list[dict[str, Any]]:
    """Return the proofs of the leaves of a period that are wanted; neighbours share one."""
    run = session.get_one(SettlementRun, root.run_id)
    tree = roots.tree_of(session, root)
    chosen = [
        (position, salted(leaf, root.salt, position))
        for position, leaf in enumerate(roots.leaves(session, sealed(run), root.journal))
        if wanted(leaf)
    ]
    found = []
    for _, group in groupby(enumerate(chosen), key=lambda item: item[1][0] - item[0]):
        members = [member for _, member in group]
        found.append(proof(root.run_number, tree, members[0][0], [leaf for _, leaf in members]))
    return found


def audit_proofs(session: Session, objects: Sequence[tuple[str, str]], anchor: Anchor) -> list[dict[str, Any]]:
    """Return the proofs of the audit lines about some objects, and that the anchor's log holds the seals over them.

    Args:
        session: the session to read with.
        objects: type and identity of each object, as the audit log names them.
        anchor: the newest anchor; what was sealed after it cannot be shown to anybody yet.
    """
    about = sa.tuple_(AuditLine.object_type, AuditLine.object_id).in_(list(objects))
    columns = [getattr(AuditLine, name) for name in audit.LINE]
    rows = session.execute(sa.select(*columns).where(about).order_by(AuditLine.id)).all()
    found, used = [], dict[int, AuditSeal]()
    for row in rows:
        over = _seal_over(session, row[0], anchor.seals)
        if over is not None:
            used[over.sequence] = over
            found.append(_line_proof(session, over, row))
    tree = log_tree(seals(session, anchor.seals))
    for sequence, over in sorted(used.items()):
        leaf = log_leaf((over.sequence, over.sha256, over.sm3))
        found.append(proof(LOG, tree, sequence - 1, [leaf], kind=LOG))
    return found


def _seal_over(session: Session, line_id: UUID, last: int) -> AuditSeal | None:
    """Return the seal that covers a line, if it has a tree and is one of the first ``last``."""
    query = sa.select(AuditSeal).where(AuditSeal.last_line >= line_id).order_by(AuditSeal.sequence).limit(1)
    found = session.scalar(query)
    return found if found is not None and found.tree_sha256 is not None and found.sequence <= last else None


def _line_proof(session: Session, over: AuditSeal, row: Sequence[Any]) -> dict[str, Any]:
    hashes = list(_leaf_hashes(session, over.sequence))
    before = sa.select(sa.func.count()).where(AuditLine.id >= over.first_line, AuditLine.id < row[0])
    start = session.scalar(before) or 0
    path = merkle.range_proof(hashes, start, start + 1)
    seal = {
        "head": over.contents(), "previous_sha256": over.previous_sha256, "previous_sm3": over.previous_sm3,
        "sha256": over.sha256, "sm3": over.sm3,
    }  # fmt: skip
    return {
        "tree": {"kind": "seal", "name": str(over.sequence), "leaves": len(hashes), "sha256": over.tree_sha256,
                 "seal": seal},
        "start": start, "leaves": [audit.contents_of(row)], "path": {"sha256": [one.hex() for one in path]},
    }  # fmt: skip


def _leaf_hashes(session: Session, sequence: int) -> Iterator[bytes]:
    query = sa.select(AuditLeaves.hashes).where(AuditLeaves.sequence == sequence).order_by(AuditLeaves.part)
    for part in session.scalars(query):
        yield from (part[at : at + HASH_BYTES] for at in range(0, len(part), HASH_BYTES))


def printed(session: Session, statement: Statement) -> dict[str, str | Sequence[str]] | None:
    """Return what of the proof is printed on a statement: roots, the anchor that holds them, where to check."""
    root = roots.root_of(session, statement.run_id)
    if root is None:
        return None
    held = anchors_holding(session, [root.id])
    found: dict[str, str | Sequence[str]] = {
        "叶数": str(root.leaf_count), "封存根 SHA-256": root.sha256, "封存根 SM3": root.sm3,
    }  # fmt: skip
    return found | ({"锚定日期": held[0].day.isoformat()} if held else {})
