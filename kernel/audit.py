"""Audit lines: written in the business transaction, never changed, sealed by digest afterwards.

A digest per row inside the transaction would queue every writer behind one lock; one sealer links new lines
later, by inserting a seal over them and the seal before.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.db import Base, Entity, new_id, to_json
from kernel.identity import Actor

APPEND_ONLY = {"info": {"guard": "append_only"}}
SEAL_LINES_MAX = 50_000
GENESIS = "0" * 64


class AuditLine(Base):
    """One important act: who, what, on which object, with what result."""

    __tablename__ = "audit_line"
    __table_args__ = (sa.Index(None, "object_type", "object_id"), APPEND_ONLY)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    actor_id: Mapped[UUID | None]
    actor_name: Mapped[str]
    org_id: Mapped[UUID | None]
    channel: Mapped[str]
    action: Mapped[str] = mapped_column(index=True)
    object_type: Mapped[str]
    object_id: Mapped[str]
    note: Mapped[str]
    detail: Mapped[dict[str, Any]]


class AuditSeal(Base):
    """A digest over the lines since the seal before; both tables stay insert-only."""

    __tablename__ = "audit_seal"
    __table_args__ = (sa.CheckConstraint("line_count > 0", name="not_empty"), APPEND_ONLY)

    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sealed_at: Mapped[datetime]
    first_line: Mapped[UUID]
    last_line: Mapped[UUID] = mapped_column(unique=True)
    line_count: Mapped[int]
    previous_sha256: Mapped[str]
    sha256: Mapped[str]


def record(
    session: Session,
    actor: Actor,
    action: str,
    subject: Entity | tuple[str, str],
    *,
    at: datetime,
    note: str = "",
    detail: dict[str, Any] | None = None,
) -> None:
    """Add one line about ``subject`` (an entity, or its type and name) to the audit log.

    ``detail`` holds hashes, numbers and field names, never personal data.
    """
    if not isinstance(subject, tuple):
        subject = (subject.__tablename__, _identity(session, subject))
    session.add(AuditLine(**values(actor, action, subject, at=at, note=note, detail=detail)))


def values(
    actor: Actor, action: str, subject: tuple[str, str], *, at: datetime, note: str = "",
    detail: dict[str, Any] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Return the columns of one line, for the few commands that write it within a statement of their own."""
    return {
        "id": new_id(), "at": at, "actor_id": actor.id, "actor_name": actor.name, "org_id": actor.org_id,
        "channel": actor.channel, "action": action, "object_type": subject[0], "object_id": subject[1], "note": note,
        "detail": detail or {},
    }  # fmt: skip


def _identity(session: Session, subject: Entity) -> str:
    if sa.inspect(subject).pending:  # the id is a default of the flush
        session.flush([subject])
    return str(subject.id)


def digest(previous: str, lines: list[AuditLine]) -> str:
    """Return the SHA-256 over the seal before and the canonical text of the lines, in order of id."""
    running = hashlib.sha256(previous.encode())
    for line in lines:
        text = to_json(
            [str(line.id), line.at.isoformat(), str(line.actor_id), line.actor_name, str(line.org_id), line.channel,
             line.action, line.object_type, line.object_id, line.note, line.detail]
        )  # fmt: skip
        data = text.encode()
        running.update(len(data).to_bytes(8, "big"))
        running.update(data)
    return running.hexdigest()


def last_seal(session: Session, *, lock: bool = False) -> AuditSeal | None:
    """Return the newest seal, or ``None``."""
    query = sa.select(AuditSeal).order_by(AuditSeal.sequence.desc()).limit(1)
    return session.scalar(query.with_for_update() if lock else query)


def lines_after(session: Session, last_line: UUID | None, *, limit: int) -> list[AuditLine]:
    """Return the lines that follow ``last_line``, in order of id."""
    query = sa.select(AuditLine).order_by(AuditLine.id).limit(limit)
    if last_line is not None:
        query = query.where(AuditLine.id > last_line)
    return list(session.scalars(query))


def seal(session: Session, *, now: datetime, before: datetime) -> AuditSeal | None:
    """Seal the unsealed lines written before ``before``; return the seal, or ``None`` when there are none.

    ``before`` leaves a margin for transactions that are still open: their lines may carry older ids.
    Two sealers cannot both win: the sequence is the primary key.
    """
    last = last_seal(session, lock=True)
    lines = lines_after(session, last.last_line if last else None, limit=SEAL_LINES_MAX)
    lines = [line for line in lines if line.at < before]
    if not lines:
        return None
    previous = last.sha256 if last else GENESIS
    made = AuditSeal(
        sequence=last.sequence + 1 if last else 1, sealed_at=now, first_line=lines[0].id, last_line=lines[-1].id,
        line_count=len(lines), previous_sha256=previous, sha256=digest(previous, lines),
    )  # fmt: skip
    session.add(made)
    return made


def findings(session: Session) -> list[str]:
    """Recompute every seal; return what does not agree, in words (empty when all is well)."""
    found: list[str] = []
    previous, after, expected = GENESIS, None, 1
    for made in session.scalars(sa.select(AuditSeal).order_by(AuditSeal.sequence)):
        lines = lines_after(session, after, limit=made.line_count)
        if made.sequence != expected or made.previous_sha256 != previous:
            found.append(f"审计封印 {made.sequence} 与前一封印不相接")
        if not lines or lines[-1].id != made.last_line or digest(previous, lines) != made.sha256:
            found.append(f"审计封印 {made.sequence} 覆盖的 {made.line_count} 行已被改动、删除或插入")
        previous, after, expected = made.sha256, made.last_line, made.sequence + 1
    return found
