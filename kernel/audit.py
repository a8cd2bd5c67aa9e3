"""Audit lines: written in the business transaction, never changed, sealed by digest afterwards.

A digest per row inside the transaction would queue every writer behind one lock; one sealer links new lines
later, by inserting a seal over them and the seal before.

Seals of version 1 are a SHA-256 over the lines. Those of version 2 are chained by SHA-256 and by SM3 over a short head,
which holds the root of a Merkle tree over the lines and the SM3 of all of them; the leaves of the tree are kept, so
that a changed line can be named and any one line proved without the others.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from json.encoder import encode_basestring
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel import merkle
from kernel.db import Base, Entity, new_id, to_json
from kernel.identity import Actor

APPEND_ONLY = {"info": {"guard": "append_only"}}
SEAL_LINES_MAX = 50_000
GENESIS = "0" * 64
BATCH_LINES = 2_000
BLOCK_BYTES = 1 << 20
LEAVES_AT_ONCE = 4_096
BOTH_HASHES = 2  # the version of a seal
LINE = (
    "id",
    "at",
    "actor_id",
    "actor_name",
    "org_id",
    "channel",
    "action",
    "object_type",
    "object_id",
    "note",
    "detail",
)
# the same columns as text, made by the database: to build objects and take them apart again costs more than to hash
TEXTS = {
    "postgresql": r"""SELECT replace(id::text, '-', ''),
        to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24\:MI\:SS.US'), replace(actor_id::text, '-', ''),
        actor_name, replace(org_id::text, '-', ''), channel, action, object_type, object_id, note,
        detail::text FROM audit_line""",
    "sqlite": """SELECT id, replace(at, ' ', 'T'), actor_id, actor_name, org_id, channel, action, object_type,
        object_id, note, detail FROM audit_line""",
}
MOMENT = "%Y-%m-%dT%H:%M:%S.%f"
WHOLE_SECOND = ".000000"
UNUSUAL = re.compile(r"[\s\\]")  # what canonical text may write in more than one way
# whoever writes since then may still bring lines with older ids
OLDEST_WRITER = """SELECT extract(epoch FROM least(min(xact_start), clock_timestamp())) * 1000 FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_xid IS NOT NULL"""


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
    __table_args__ = (
        sa.CheckConstraint("line_count > 0", name="not_empty"),
        sa.CheckConstraint("(version = 1) = (sm3 IS NULL)", name="both_hashes_since_version_2"),
        APPEND_ONLY,
    )

    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sealed_at: Mapped[datetime]
    first_line: Mapped[UUID]
    last_line: Mapped[UUID] = mapped_column(unique=True)
    line_count: Mapped[int]
    previous_sha256: Mapped[str]
    sha256: Mapped[str]
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    tree_sha256: Mapped[str | None]  # root of the Merkle tree over the lines
    lines_sm3: Mapped[str | None]  # over all lines, one after the other
    previous_sm3: Mapped[str | None]
    sm3: Mapped[str | None]

    def contents(self) -> dict[str, Any]:
        """Return what a seal of version 2 hashes, after the seal before."""
        return {
            "version": self.version, "sequence": self.sequence, "sealed_at": self.sealed_at.astimezone(UTC).isoformat(),
            "first_line": str(self.first_line), "last_line": str(self.last_line), "line_count": self.line_count,
            "tree_sha256": self.tree_sha256, "lines_sm3": self.lines_sm3,
        }  # fmt: skip


class AuditLeaves(Base):
    """Hashes of the lines under a seal, in order: they name the line that was changed, and prove one alone."""

    __tablename__ = "audit_leaves"
    __table_args__ = (APPEND_ONLY,)

    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    part: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    hashes: Mapped[bytes]


@dataclass(frozen=True, slots=True)
class Digests:
    """What is taken over the lines of one seal."""

    first: UUID
    last: UUID
    leaves: list[bytes]
    lines_sm3: str


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


def text_of(row: Sequence[Any]) -> bytes:
    """Return the canonical text of a line, given its columns in the order of :data:`LINE`."""
    return _ENCODER.encode(contents_of(row)).encode()


def contents_of(row: Sequence[Any]) -> list[Any]:
    """Return what a line says, given its columns in the order of :data:`LINE`."""
    identity, at, actor, name, org, *rest = row
    return [str(identity), at.isoformat(), str(actor), name, str(org), *rest]


_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


class _Sm3Beside:
    """SM3 over a stream of lines, in a thread of its own: it is the slow one, and it lets the others run meanwhile."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1)
        self._hash = hashlib.new("sm3")
        self._block = bytearray()
        self._under_way: Future[None] | None = None

    def add(self, data: bytes) -> None:
        self._block += len(data).to_bytes(8, "big") + data
        if len(self._block) > BLOCK_BYTES:
            self._hand_over()

    def _hand_over(self) -> None:
        if self._under_way is not None:
            self._under_way.result()  # at most one block waits
        block, self._block = bytes(self._block), bytearray()
        self._under_way = self._pool.submit(self._hash.update, block)

    def hexdigest(self) -> str:
        self._hand_over()
        self._pool.shutdown()
        return self._hash.hexdigest()


def digests(lines: Iterable[tuple[str, bytes]]) -> Digests | None:
    """Return what a seal of version 2 says of lines, or ``None`` when there are none; one batch is held at a time.

    Args:
        lines: identifier (32 digits) and canonical text of each, in order.
    """
    beside, leaves, first, last = _Sm3Beside(), list[bytes](), "", ""
    for name, data in lines:
        leaves.append(merkle.leaf(data))
        beside.add(data)
        first, last = first or name, name
    lines_sm3 = beside.hexdigest()
    return Digests(UUID(first), UUID(last), leaves, lines_sm3) if leaves else None


def texts_after(
    session: Session, last_line: UUID | None, *, limit: int, before: datetime | None = None
) -> Iterator[tuple[str, bytes]]:
    """Yield identifier and canonical text of the lines after ``last_line``, up to the first not from ``before``."""
    dialect = session.get_bind().dialect.name
    is_after = "" if last_line is None else " WHERE id > :last"
    query = sa.text(f"{TEXTS[dialect]}{is_after} ORDER BY id LIMIT :limit")
    values: dict[str, Any] = {"limit": limit}
    if last_line is not None:
        values["last"] = last_line if dialect == "postgresql" else last_line.hex
    end = None if before is None else before.astimezone(UTC).strftime(MOMENT)
    named: dict[str | None, str] = {None: "None"}
    with closing(session.execute(query, values, execution_options={"yield_per": BATCH_LINES})) as rows:
        for row in rows:
            if end is not None and row[1] >= end:
                return
            yield row[0], _canonical(row, named)


def _canonical(row: Sequence[Any], named: dict[str | None, str]) -> bytes:
    """Return the text that :func:`text_of` gives, made of texts."""
    name, at, actor, who, org, channel, action, kind, about, note, detail = row
    for one in (actor, org):
        if one not in named:
            named[one] = _dashed(one)
    at = at.removesuffix(WHOLE_SECOND)
    if UNUSUAL.search(detail):
        detail = to_json(json.loads(detail))
    words = ",".join(map(encode_basestring, (who, named[org], channel, action, kind, about, note)))
    return f'["{_dashed(name)}","{at}+00:00","{named[actor]}",{words},{detail}]'.encode()


def _dashed(name: str) -> str:
    return f"{name[:8]}-{name[8:12]}-{name[12:16]}-{name[16:20]}-{name[20:]}"


def digest(previous: str, rows: Iterable[Sequence[Any]]) -> str:
    """Return what a seal of version 1 says: the SHA-256 over the seal before and the lines, in order of id."""
    running = hashlib.sha256(previous.encode())
    for row in rows:
        data = text_of(row)
        running.update(len(data).to_bytes(8, "big"))
        running.update(data)
    return running.hexdigest()


def last_seal(session: Session, *, lock: bool = False) -> AuditSeal | None:
    """Return the newest seal, or ``None``."""
    query = sa.select(AuditSeal).order_by(AuditSeal.sequence.desc()).limit(1)
    return session.scalar(query.with_for_update() if lock else query)


def lines_after(session: Session, last_line: UUID | None, *, limit: int) -> Iterator[sa.Row[Any]]:
    """Yield the lines that follow ``last_line``, in order of id: their columns in the order of :data:`LINE`."""
    query = sa.select(*(getattr(AuditLine, name) for name in LINE)).order_by(AuditLine.id).limit(limit)
    if last_line is not None:
        query = query.where(AuditLine.id > last_line)
    yield from session.execute(query.execution_options(yield_per=BATCH_LINES))


def seal(session: Session, *, now: datetime, before: datetime) -> AuditSeal | None:
    """Seal the unsealed lines written before ``before``; return the seal, or ``None`` when there are none.

    A line that comes out of order, because its transaction took long, would look smuggled in. So the seal ends before
    the first line that is younger than the oldest transaction still writing; ``before`` leaves a margin beside that.
    Two sealers cannot both win: the sequence is the primary key.
    """
    last = last_seal(session, lock=True)
    oldest = _oldest_writer(session, margin=now - before)  # asked before the lines are read
    lines = texts_after(session, last.last_line if last else None, limit=SEAL_LINES_MAX, before=before)
    found = digests(takewhile(lambda line: oldest is None or _made_ms(line[0]) < oldest, lines))
    if found is None:
        return None
    made = AuditSeal(
        sequence=last.sequence + 1 if last else 1, sealed_at=now, first_line=found.first, last_line=found.last,
        line_count=len(found.leaves), previous_sha256=last.sha256 if last else GENESIS, version=BOTH_HASHES,
        tree_sha256=merkle.root(found.leaves).hex(), lines_sm3=found.lines_sm3, previous_sm3=_sm3_of(last),
    )  # fmt: skip
    made.sha256, made.sm3 = chained(made)
    session.add(made)
    session.flush()
    session.add_all(
        AuditLeaves(sequence=made.sequence, part=part, hashes=b"".join(found.leaves[at : at + LEAVES_AT_ONCE]))
        for part, at in enumerate(range(0, len(found.leaves), LEAVES_AT_ONCE))
    )
    return made


def chained(made: AuditSeal) -> tuple[str, str]:
    """Return the SHA-256 and the SM3 of a seal of version 2: over the seal before, then its head."""
    head = to_json(made.contents())
    return (
        merkle.sha256((made.previous_sha256 + head).encode()).hex(),
        merkle.sm3((str(made.previous_sm3) + head).encode()).hex(),
    )


def _sm3_of(last: AuditSeal | None) -> str:
    """Return what the next seal's SM3 is chained to; of a seal without one, the SM3 of its SHA-256."""
    if last is None:
        return GENESIS
    return last.sm3 or merkle.sm3(last.sha256.encode()).hex()


def _oldest_writer(session: Session, *, margin: timedelta) -> int | None:
    """Return since when another transaction may be writing, in milliseconds; SQLite has one writer only, and it is us.

    The margin covers what the clocks of the machines differ by.
    """
    if session.get_bind().dialect.name != "postgresql":
        return None
    return int(session.scalar(sa.text(OLDEST_WRITER)) or 0) - margin // timedelta(milliseconds=1)


def _made_ms(name: str) -> int:
    """Return the moment in a time-ordered identifier, in milliseconds."""
    return int(name[:12], 16)


def findings(session: Session) -> list[str]:
    """Recompute every seal; return what does not agree, in words (empty when all is well)."""
    found: list[str] = []
    before: AuditSeal | None = None
    for made in session.scalars(sa.select(AuditSeal).order_by(AuditSeal.sequence)):
        linked = before.sha256 if before else GENESIS
        if made.sequence != (before.sequence + 1 if before else 1) or made.previous_sha256 != linked:
            found.append(f"审计封印 {made.sequence} 与前一封印不相接")
        if not _agrees(session, made, before):
            found.append(f"审计封印 {made.sequence} 或它覆盖的 {made.line_count} 行已被改动、删除或插入")
        before = made
    return found


def _agrees(session: Session, made: AuditSeal, before: AuditSeal | None) -> bool:
    last = before.last_line if before else None
    if made.version != BOTH_HASHES:
        kept = list(lines_after(session, last, limit=made.line_count))
        return bool(kept) and kept[-1][0] == made.last_line and digest(made.previous_sha256, kept) == made.sha256
    found = digests(texts_after(session, last, limit=made.line_count))
    if found is None or made.previous_sm3 != _sm3_of(before):
        return False
    told = (made.first_line, made.last_line, made.tree_sha256, made.lines_sm3, made.sha256, made.sm3)
    return told == (found.first, found.last, merkle.root(found.leaves).hex(), found.lines_sm3, *chained(made))
