"""Roots of sealed periods and daily anchors, recomputed from the rows with SQL of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from web.checker.chain import ROWS_AT_ONCE, Log, cut, identity, root
from web.checker.digests import canonical, digest, parsed
from web.checker.offline import HASHES, check_anchor

NAMED_MAX = 5
RUNS = """SELECT r.id, r.number, r.place, r.period_start, r.period_end, r.report_sha256, r.inputs_sha256,
    t.id AS root_id, t.leaf_count, t.journal, t.salt, t.sha256, t.sm3, t.run_number, t.place AS root_place,
    t.period_start AS root_start, t.period_end AS root_end, r.state
    FROM settlement_period_root t LEFT JOIN settlement_run r ON r.id = t.run_id ORDER BY t.id"""
STATEMENTS = """SELECT s.number, coalesce(s.party_uscc, p.uscc) AS uscc, coalesce(s.party_name, p.name) AS name,
    s.place, s.period_start, s.period_end, s.total, s.payees, s.sha256, s.lines
    FROM settlement_statement s JOIN registry_party p ON p.id = s.party_id WHERE s.run_id = :run ORDER BY s.id"""
SALES = """SELECT v.id, n.number AS entitlement, o.number AS order_number, v.use_class, v.quantity, v.billable, v.gross,
    v.tax, v.net, v.shadow, v.rating, q.number AS quote, q.quantity AS quoted, q.term_months, q.purpose, q.reason,
    q.amount, q.shadow_amount, q.inputs, q.explanation, t.number AS tariff, t.regime, t.charge_unit, t.model, t.scope,
    t.dedup_days, t.charges_misses, t.effective_from, t.sources, c.number AS contract, c.sha256 AS contract_sha256
    FROM settlement_revenue_line v JOIN market_entitlement n ON n.id = v.entitlement_id
    JOIN market_order o ON o.id = v.order_id JOIN market_quote q ON q.id = o.quote_id
    LEFT JOIN pricing_tariff t ON t.id = o.tariff_id LEFT JOIN market_contract c ON c.order_id = o.id
    WHERE v.run_id = :run ORDER BY v.id"""
SHARES = """SELECT s.revenue_line_id, p.uscc, s.step, s.amount, s.payee_kind FROM settlement_share_line s
    JOIN registry_party p ON p.id = s.party_id JOIN settlement_revenue_line v ON v.id = s.revenue_line_id
    WHERE v.run_id = :run ORDER BY s.revenue_line_id"""
ENTRIES = """SELECT e.year, e.number, e.cause, e.cause_id, e.entry_date, l.account, l.amount
    FROM settlement_journal_entry e JOIN settlement_journal_line l ON l.entry_id = e.id
    WHERE e.place = :place AND e.year = :year AND e.number > :after AND e.number <= :until
    ORDER BY e.number, l.position"""
PARTS = "SELECT sha256, sm3 FROM settlement_root_part WHERE root_id = :root ORDER BY part"
ANCHORS = "SELECT id, day, seals, content, sha256, sm3 FROM settlement_anchor ORDER BY day"
ANCHORED = """SELECT t.run_number, t.place, t.period_start, t.period_end, t.leaf_count, t.sha256, t.sm3
    FROM settlement_anchored_root a JOIN settlement_period_root t ON t.id = a.root_id WHERE a.anchor_id = :anchor"""
TOLD = "SELECT object_id, note, detail FROM audit_line WHERE action = :action"
RECORDED = {
    "settlement.root": "SELECT run_id, sha256, sm3 FROM settlement_period_root",
    "proof.anchor": "SELECT id, sha256, sm3 FROM settlement_anchor",
}


def yuan(fen: int) -> str:
    """Return an amount as it is written in digests."""
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def period_roots(connection: sa.Connection) -> list[str]:
    """Recompute the tree over each sealed period; name each leaf that does not agree."""
    found, reached = [], dict[tuple[str, str], int]()
    for run in connection.execute(sa.text(RUNS)).mappings().all():
        told = (run["number"], run["place"], str(run["period_start"]), str(run["period_end"]), "sealed")
        kept = (run["run_number"], run["root_place"], str(run["root_start"]), str(run["root_end"]), run["state"])
        if told != kept:
            found.append(f"ROOT 封存根与结算不符：{run['run_number']}")
        for year, (after, until) in parsed(run["journal"]).items():
            if reached.get((run["root_place"], year), 0) != after:
                found.append(f"ROOT 凭证号不相接，有凭证不在任何封存根之下：{run['run_number']} {year} 第 {after} 号")
            reached[run["root_place"], year] = until
        if run["id"] is not None:
            found += _one_root(connection, run)
    return found


def _one_root(connection: sa.Connection, run: Any) -> list[str]:
    parts = connection.execute(sa.text(PARTS), {"root": run["root_id"]}).all()
    hashes = {name: cut(bytes(part[at]) for part in parts) for at, name in enumerate(HASHES)}
    found = []
    if [root(hashes[name], name).hex() for name in HASHES] != [run["sha256"], run["sm3"]]:
        found.append(f"ROOT 封存根或其叶摘要被改动：{run['number']}")
    read, differing = 0, list[str]()
    for position, leaf in enumerate(_leaves(connection, run)):
        read += 1
        data = canonical({**leaf, "salt": _salt(run["salt"], position)}).encode()
        is_kept = position < len(hashes["sha256"]) and all(
            hashed(b"\0" + data) == hashes[name][position] for name, hashed in HASHES.items()
        )
        if not is_kept:
            differing.append(f"ROOT 封存内容被改动、删除或插入：{run['number']} 第 {position + 1} 片 {_words(leaf)}")
    if not differing and read != len(hashes["sha256"]):
        differing.append(f"ROOT 封存内容被删除：{run['number']} 第 {read + 1} 片起")
    if run["leaf_count"] != len(hashes["sha256"]):
        found.append(f"ROOT 封存根的片数不符：{run['number']}")
    return found + differing[:NAMED_MAX]


def _words(leaf: dict[str, Any]) -> str:
    named = (leaf.get(name) for name in ("kind", "statement", "number", "line", "order", "run"))
    return " ".join(str(one) for one in named if one is not None)


def _salt(salt: str, position: int) -> str:
    return hashlib.blake2b(str(position).encode(), key=bytes.fromhex(salt), digest_size=16).hexdigest()


def _leaves(connection: sa.Connection, run: Any) -> Iterator[dict[str, Any]]:
    yield {
        "kind": "run", "run": run["number"], "place": run["place"], "period_start": str(run["period_start"]),
        "period_end": str(run["period_end"]), "report_sha256": run["report_sha256"],
        "inputs_sha256": run["inputs_sha256"], "journal": parsed(run["journal"]),
    }  # fmt: skip
    for row in _rows(connection, STATEMENTS, at_once=1, run=run["id"]):
        lines = parsed(row["lines"])
        yield {
            "kind": "statement", "number": row["number"], "party": row["uscc"], "name": row["name"],
            "place": row["place"], "period_start": str(row["period_start"]), "period_end": str(row["period_end"]),
            "total": yuan(row["total"]), "payees": parsed(row["payees"]), "sha256": row["sha256"], "lines": len(lines),
        }  # fmt: skip
        for position, line in enumerate(lines, start=1):
            yield {"kind": "line", "statement": row["number"], "line": position, "content": line}
    yield from _sales(connection, run["id"])
    for year, (after, until) in sorted(parsed(run["journal"]).items()):
        rows = _rows(connection, ENTRIES, place=run["place"], year=int(year), after=after, until=until)
        for number, legs in groupby(rows, key=lambda row: row["number"]):
            kept = list(legs)
            yield {
                "kind": "entry", "number": f"{run['place']}-{year}-{number}", "cause": kept[0]["cause"],
                "cause_id": kept[0]["cause_id"], "entry_date": str(kept[0]["entry_date"]),
                "legs": [[row["account"], yuan(row["amount"])] for row in kept],
            }  # fmt: skip


def _sales(connection: sa.Connection, run_id: Any) -> Iterator[dict[str, Any]]:
    shares = groupby(_rows(connection, SHARES, run=run_id), key=lambda row: identity(row["revenue_line_id"]))
    ahead = next(shares, None)
    for row in _rows(connection, SALES, run=run_id):
        own: list[list[Any]] = []
        if ahead is not None and ahead[0] == identity(row["id"]):
            own = [[one["uscc"], one["step"], yuan(one["amount"]), one["payee_kind"]] for one in ahead[1]]
            ahead = next(shares, None)
        yield {
            "kind": "sale", "entitlement": row["entitlement"], "order": row["order_number"],
            "use_class": row["use_class"], "quantity": row["quantity"], "billable": row["billable"],
            "gross": yuan(row["gross"]), "tax": yuan(row["tax"]), "net": yuan(row["net"]),
            "shadow": yuan(row["shadow"]), "rating_sha256": digest(row["rating"]),
            "shares": sorted(own, key=lambda share: (share[1], share[0])),
            "quote": {"number": row["quote"], "sha256": digest(_quote(row))},
            "tariff": {"number": row["tariff"], "sha256": digest(_tariff(row))} if row["tariff"] else None,
            "contract": {"number": row["contract"], "sha256": row["contract_sha256"]} if row["contract"] else None,
        }  # fmt: skip


def _quote(row: Any) -> dict[str, Any]:
    return {
        "number": row["quote"], "quantity": row["quoted"], "term_months": row["term_months"],
        "purpose": row["purpose"], "reason": row["reason"], "amount": yuan(row["amount"]),
        "shadow_amount": yuan(row["shadow_amount"]), "inputs": parsed(row["inputs"]),
        "explanation": parsed(row["explanation"]),
    }  # fmt: skip


def _tariff(row: Any) -> dict[str, Any]:
    return {
        "number": row["tariff"], "regime": row["regime"], "charge_unit": row["charge_unit"],
        "model": parsed(row["model"]), "scope": row["scope"], "dedup_days": row["dedup_days"],
        "charges_misses": bool(row["charges_misses"]), "effective_from": str(row["effective_from"]),
        "sources": parsed(row["sources"]),
    }  # fmt: skip


def _rows(connection: sa.Connection, query: str, *, at_once: int = ROWS_AT_ONCE, **values: Any) -> Iterator[Any]:
    with closing(connection.execute(sa.text(query), values, execution_options={"yield_per": at_once})) as rows:
        yield from rows.mappings()


def anchors(connection: sa.Connection) -> list[str]:
    """Recompute every anchor: its digests, the anchor before it, the log of seals, the roots that it holds."""
    found, log, before = [], Log(connection), None
    for row in connection.execute(sa.text(ANCHORS)).mappings().all():
        content = parsed(row["content"])
        told = {**content, "sha256": row["sha256"], "sm3": row["sm3"]}
        found += [f"ANCHOR {words}" for words in check_anchor(told)]
        if content["previous"] != before or (content["day"], content["seals"]) != (str(row["day"]), row["seals"]):
            found.append(f"ANCHOR 锚定不相接：{row['day']}")
        if _log_at(log, content) != _log_told(content):
            found.append(f"ANCHOR 审计封印与锚定不符，其后的封印被截断或重写：{row['day']}")
        held = connection.execute(sa.text(ANCHORED), {"anchor": row["id"]}).all()
        if sorted(_root_told(one) for one in held) != sorted(tuple(one.values()) for one in _plain(content["roots"])):
            found.append(f"ANCHOR 锚定的封存根与所记不符：{row['day']}")
        before = {"day": content["day"], "sha256": row["sha256"], "sm3": row["sm3"]}
    return found


def recorded(connection: sa.Connection) -> list[str]:
    """Find roots and anchors that the audit log tells of and that are gone or different."""
    found = []
    for action, query in RECORDED.items():
        kept = {identity(one): (str(sha256), str(sm3)) for one, sha256, sm3 in connection.execute(sa.text(query))}
        lines = connection.execute(sa.text(TOLD), {"action": action}).all()
        for name, note, detail in lines:
            told = parsed(detail)
            if kept.get(identity(name)) != (told["sha256"], told["sm3"]):
                found.append(f"ROOT 与审计记录不符，或已不存在：{action} {note}")
        if len(kept) > len(lines):
            found.append(f"ROOT 有 {len(kept) - len(lines)} 条没有审计记录：{action}")
    return found


def _plain(roots: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    names = ("run", "place", "period_start", "period_end", "leaves", "sha256", "sm3")
    return [{name: one[name] for name in names} for one in roots]


def _root_told(row: Any) -> tuple[Any, ...]:
    run, place, start, end, leaves, sha256, sm3 = row
    return run, place, str(start), str(end), leaves, sha256, sm3


def _log_at(log: Log, content: dict[str, Any]) -> tuple[Any, ...]:
    roots = log.grow_to(content["seals"])
    return log.size, *log.last, roots["sha256"], roots["sm3"]


def _log_told(content: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(content[name] for name in ("seals", "seal_sha256", "seal_sm3", "log_sha256", "log_sm3"))


def against(connection: sa.Connection, copies: Sequence[dict[str, Any]]) -> list[str]:
    """Compare the books with anchors that somebody kept a copy of."""
    found, log = [], Log(connection)
    rows = connection.execute(sa.text(ANCHORS)).mappings().all() if copies else []
    kept = {str(row["day"]): {**parsed(row["content"]), "sha256": row["sha256"], "sm3": row["sm3"]} for row in rows}
    for copy in sorted(copies, key=lambda one: str(one["day"])):
        wrong = check_anchor(copy)
        if wrong:
            found += [f"ANCHOR 所给副本：{words}" for words in wrong]
        elif kept.get(copy["day"]) != copy:
            found.append(f"ANCHOR 锚定与所给副本不符，或已不存在：{copy['day']}")
        if not wrong and _log_at(log, copy) != _log_told(copy):
            found.append(f"ANCHOR 审计封印与所给副本不符，封印被截断或重写：{copy['day']}")
    return found


PROOFS: tuple[Callable[[sa.Connection], list[str]], ...] = (period_roots, anchors, recorded)
