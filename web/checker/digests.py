"""Digests recomputed from the rows: evidence, contracts, settlements, statements, delivery receipts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

BOTH_SIDES = 2


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


def receipts(connection: sa.Connection) -> list[str]:
    """Find delivery receipts (交付回执) that are not what was counted, or not what was signed."""
    query = """SELECT t.number, t.document, t.sha256, t.provider_count, t.buyer_count, t.period_start, t.state,
            e.number, o.number, p.code
        FROM market_delivery_receipt t JOIN market_entitlement e ON e.id = t.entitlement_id
        JOIN market_order o ON o.id = t.order_id JOIN registry_product p ON p.id = e.product_id
        WHERE t.sha256 IS NOT NULL"""
    found = []
    for number, document, sha, provider, buyer, start, state, held, order, product in connection.execute(
        sa.text(query)
    ):
        said = parsed(document)
        counted = {
            "number": number, "entitlement": held, "order": order, "product": product, "period": f"{start!s:.7}",
            "provider_count": provider, "buyer_count": buyer, "agreed": min(provider, buyer),
            "in_dispute": abs(provider - buyer),
        }  # fmt: skip
        if digest(said) != sha or said != counted:
            found.append(f"RECEIPT 交付回执与摘要或计数不符：{number}")
        if state in ("agreed", "disputed", "resolved"):
            found += _unsigned(connection, number, sha)
    return found


def _unsigned(connection: sa.Connection, number: str, sha: str) -> list[str]:
    """Find a receipt that is told as signed by both and that both have not signed as it stands."""
    query = """SELECT count(DISTINCT s.side) FROM market_receipt_signature s
        JOIN market_delivery_receipt t ON t.id = s.receipt_id WHERE t.number = :number AND s.sha256 = :sha"""
    sides = connection.execute(sa.text(query), {"number": number, "sha": sha}).scalar_one()
    return [] if sides == BOTH_SIDES else [f"RECEIPT 交付回执没有双方对现内容的签署：{number}"]


def parsed(value: Any) -> Any:
    """Return the value of a JSON column, which SQLite hands out as text."""
    return json.loads(value) if isinstance(value, str) else value


def digest(value: Any) -> str:
    """Return the SHA-256 over the canonical JSON of a value."""
    return _sha256(canonical(parsed(value)).encode())


DIGESTS: tuple[Callable[[sa.Connection], list[str]], ...] = (
    evidence, contracts, settlement_reports, statements, receipts,
)  # fmt: skip
