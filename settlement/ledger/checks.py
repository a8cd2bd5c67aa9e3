"""What an auditor asks of the books; each check returns findings and never raises."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.money import ZERO
from settlement.ledger.model import JournalEntry, JournalLine
from settlement.ledger.rules import CHART, Side

SIGN = {Side.DEBIT: 1, Side.CREDIT: -1}


def run(session: Session) -> list[str]:
    """Return every finding in words; an empty list means that the books are right."""
    return [*unbalanced_entries(session), *gaps_in_numbers(session), *overdrawn_accounts(session)]


def unbalanced_entries(session: Session) -> list[str]:
    """Find entries that do not sum to zero, have fewer than two lines, or lines without a header."""
    query = (
        sa.select(JournalLine.entry_id, sa.func.sum(JournalLine.amount), sa.func.count(), JournalEntry.id)
        .outerjoin(JournalEntry, JournalEntry.id == JournalLine.entry_id)
        .group_by(JournalLine.entry_id, JournalEntry.id)
    )
    rows = session.execute(
        query.having(sa.or_(sa.func.sum(JournalLine.amount) != ZERO, sa.func.count() < 2, JournalEntry.id.is_(None)))
    )
    return [
        f"分录 {entry_id} 不平衡或没有凭证头（{lines} 行，差 {amount.text()} 元）"
        for entry_id, amount, lines, _ in rows
    ]


def gaps_in_numbers(session: Session) -> list[str]:
    """Find series of vouchers with a gap."""
    query = sa.select(
        JournalEntry.place, JournalEntry.year, sa.func.max(JournalEntry.number), sa.func.count()
    ).group_by(JournalEntry.place, JournalEntry.year)
    return [
        f"{place} {year} 年凭证号不连续：最大 {last}，共 {count} 张"
        for place, year, last, count in session.execute(query)
        if last != count
    ]


def overdrawn_accounts(session: Session) -> list[str]:
    """Find accounts whose balance stands on the wrong side."""
    query = sa.select(JournalLine.account, sa.func.sum(JournalLine.amount)).group_by(JournalLine.account)
    found = []
    for account, amount in session.execute(query):
        side = CHART.get(":".join(account.split(":")[:2]))
        if side is None:
            found.append(f"科目 {account} 不在科目表内")
        elif amount.fen * SIGN[side] < 0:
            found.append(f"科目 {account} 余额方向错误：{amount.text()} 元")
    return found
