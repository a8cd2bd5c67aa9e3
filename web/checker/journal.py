"""What was booked stands in the journal: each entry against the digest in the audit line of its booking (A3)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import closing
from itertools import groupby

import sqlalchemy as sa

from web.checker.chain import ROWS_AT_ONCE, identity, moment
from web.checker.digests import canonical, parsed

BOOKINGS = "SELECT object_id, detail, at, actor_name FROM audit_line WHERE action = 'ledger.book'"
ENTRIES = """SELECT e.id, e.place, e.year, e.number, e.cause, e.cause_id, e.entry_date, e.text, e.booked_at,
    e.booked_by, e.agreement, e.product, e.use_class, e.value_date, e.reverses_id, l.account, l.amount
    FROM settlement_journal_entry e LEFT JOIN settlement_journal_line l ON l.entry_id = e.id
    ORDER BY e.place, e.year, e.number, e.id, l.position"""
# revenue is booked inside the database: its text and tags follow from the line of revenue that it is named after
EARNED = """SELECT DISTINCT v.run_id, e.booked_at, e.booked_by FROM settlement_journal_entry e
    JOIN settlement_revenue_line v ON v.id = e.id WHERE e.cause = 'revenue_earned'"""
DIFFERING = """SELECT e.place, e.year, e.number FROM settlement_journal_entry e
    JOIN settlement_revenue_line v ON v.id = e.id JOIN market_order o ON o.id = v.order_id
    JOIN registry_product p ON p.id = v.product_id JOIN registry_agreement a ON a.id = v.agreement_id
    WHERE e.cause = 'revenue_earned' AND (e.text <> '订单 ' || o.number || ' 收入' OR e.agreement <> a.number
        OR e.product <> p.code OR e.use_class <> v.use_class OR e.agreement IS NULL OR e.product IS NULL
        OR e.use_class IS NULL OR e.value_date IS NOT NULL OR e.reverses_id IS NOT NULL)"""


def booked(connection: sa.Connection) -> list[str]:
    """Find entries that are not what their audit line says was booked."""
    kept: dict[str, list[tuple[int, int, str]]] = {}
    for _, detail, _, _ in connection.execute(sa.text(BOOKINGS)):
        for series, (first, last, sha) in parsed(detail).get("books", {}).items():
            kept.setdefault(series, []).append((first, last, sha))
    found = []
    for series, entries in groupby(_entries(connection), key=lambda one: one[0]):
        found += _differing(series, sorted(kept.pop(series, [])), ((number, text) for _, number, text in entries))
    gone = [f"{series}：{first}–{last}" for series, parts in kept.items() for first, last, _ in parts]
    return found + [f"A3 入账的凭证已不在账簿中：{words}" for words in gone]


def _entries(connection: sa.Connection) -> Iterator[tuple[str, int, str]]:
    """Yield each entry: its series, its number, and its text as it was put into the digest."""
    with closing(connection.execute(sa.text(ENTRIES), execution_options={"yield_per": ROWS_AT_ONCE})) as rows:
        for _, lines in groupby(rows, key=lambda row: row.id):
            legs = list(lines)
            one = legs[0]
            told = [
                identity(one.id), one.number, one.cause, one.cause_id, str(one.entry_date), one.text,
                moment(one.booked_at), one.booked_by, one.agreement, one.product, one.use_class, str(one.value_date),
                identity(one.reverses_id), [[leg.account, leg.amount] for leg in legs],
            ]  # fmt: skip
            yield f"JV-{one.place}-{one.year}", one.number, canonical(told)


def _differing(series: str, parts: list[tuple[int, int, str]], entries: Iterator[tuple[int, str]]) -> list[str]:
    """Name the bookings whose entries are not those that were booked."""
    found, held = [], list[tuple[int, str]]()
    for first, last, sha in parts:
        under = hashlib.sha256()
        joint = ""
        while (got := held.pop() if held else next(entries, None)) is not None:
            number, text = got
            if number > last:
                held.append(got)
                break
            if number >= first:
                under.update(f"{joint}{text}".encode())
                joint = "\n"
        if under.hexdigest() != sha:
            found.append(f"A3 凭证与入账时的摘要不符：{series} 第 {first}–{last} 号")
    return found


def earned(connection: sa.Connection) -> list[str]:
    """Find entries of revenue whose words, tags, moment or person are not those of their settlement."""
    rows = connection.execute(sa.text(DIFFERING))
    found = [f"A3 收入凭证与结算明细不符：JV-{place}-{year} 第 {number} 号" for place, year, number in rows]
    told = {(about, moment(at), who) for about, _, at, who in connection.execute(sa.text(BOOKINGS))}
    for run, at, who in connection.execute(sa.text(EARNED)):
        if (identity(run), moment(at), who) not in told:
            found.append(f"A3 收入凭证的入账人或时间与审计记录不符：{identity(run)}")
    return found


JOURNAL = (booked, earned)
