"""Digests recomputed from the rows: audit seals, evidence, contracts, statements."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

GENESIS = "0" * 64


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def canonical(value: Any) -> str:
    """Return the canonical JSON text that digests are taken over."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def evidence(connection: sa.Connection) -> list[str]:
    """Find kept files whose content is not what their name says."""
    rows = connection.execute(sa.text("SELECT sha256, content FROM evidence_file"))
    return [f"FILE 证据文件内容与摘要不符：{name}" for name, content in rows if _sha256(bytes(content)) != name]


def contracts(connection: sa.Connection) -> list[str]:
    """Find contracts whose text is not the text that was signed."""
    rows = connection.execute(sa.text("SELECT number, text, sha256 FROM market_contract"))
    return [f"CONTRACT 合同文本与签署摘要不符：{number}" for number, text, sha in rows if _sha256(text.encode()) != sha]


def settlement_reports(connection: sa.Connection) -> list[str]:
    """Find settlements whose stored working is not the one that was checked."""
    rows = connection.execute(sa.text("SELECT number, report, report_sha256 FROM settlement_run"))
    return [f"H3 结算底稿与摘要不符：{number}" for number, report, sha in rows if digest(report) != sha]


def statements(connection: sa.Connection) -> list[str]:
    """Find statements that are not what was issued."""
    query = """SELECT t.number, p.uscc, p.name, t.place, t.period_start, t.period_end, t.total, t.lines, t.sha256
        FROM settlement_statement t JOIN registry_party p ON p.id = t.party_id"""
    found = []
    for number, uscc, name, place, start, end, fen, lines, sha in connection.execute(sa.text(query)):
        content = {
            "party": uscc, "name": name, "place": place, "period_start": str(start), "period_end": str(end),
            "total": f"{fen // 100}.{fen % 100:02d}", "lines": parsed(lines),
        }  # fmt: skip
        if digest(content) != sha:
            found.append(f"H2 结算单与发出时的摘要不符：{number}")
    return found


def parsed(value: Any) -> Any:
    """Return the value of a JSON column, which SQLite hands out as text."""
    return json.loads(value) if isinstance(value, str) else value


def digest(value: Any) -> str:
    """Return the SHA-256 over the canonical JSON of a value."""
    return _sha256(canonical(parsed(value)).encode())


def audit_seals(connection: sa.Connection) -> list[str]:
    """Recompute the chain of seals over the audit lines."""
    lines = _audit_lines(connection)
    found: list[str] = []
    previous, expected = GENESIS, 1
    query = "SELECT sequence, previous_sha256, sha256, line_count, last_line FROM audit_seal ORDER BY sequence"
    for sequence, linked, sha256, count, last_line in connection.execute(sa.text(query)):
        running, last = hashlib.sha256(previous.encode()), None
        for _ in range(count):
            last, data = next(lines, (None, b""))
            running.update(len(data).to_bytes(8, "big") + data)
        if sequence != expected or linked != previous or last != str(last_line).replace("-", ""):
            found.append(f"SEAL 审计封印不相接：{sequence}")
        if running.hexdigest() != sha256:
            found.append(f"SEAL 审计行被改动、删除或插入：封印 {sequence}")
        previous, expected = sha256, sequence + 1
    return found


def _audit_lines(connection: sa.Connection) -> Iterator[tuple[str, bytes]]:
    query = """SELECT id, at, actor_id, actor_name, org_id, channel, action, object_type, object_id, note, detail
        FROM audit_line ORDER BY id"""
    for identity, at, actor, name, org, channel, action, kind, object_id, note, detail in connection.execute(
        sa.text(query)
    ):
        row = [_id(identity), _moment(at), _id(actor), name, _id(org), channel, action, kind, object_id, note,
               parsed(detail)]  # fmt: skip
        yield str(identity).replace("-", ""), canonical(row).encode()


def _id(value: Any) -> str:
    return "None" if value is None else str(value if isinstance(value, UUID) else UUID(str(value)))


def _moment(value: Any) -> str:
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return (moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()


DIGESTS: tuple[Callable[[sa.Connection], list[str]], ...] = (
    evidence, contracts, settlement_reports, statements, audit_seals,
)  # fmt: skip
