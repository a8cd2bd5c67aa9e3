"""What must be true of closed books, of reconciliations, contribution figures and recognition."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from web.checker.digests import digest, parsed
from web.checker.persons import two_persons
from web.checker.sides import facts_digest, joined
from web.checker.statements import Check

BEIJING = timedelta(hours=8)
MILLION = 1_000_000
IN_CLOSED = """FROM settlement_journal_entry e JOIN settlement_closing c ON c.place = e.place AND c.state = 'closed'
    AND c.period_start <= e.entry_date AND e.entry_date < c.period_end"""
INVOICED = """SELECT n.order_id, sum(n.gross) AS amount FROM market_invoice_line n
    JOIN market_invoice i ON i.id = n.invoice_id AND i.kind = 'blue' AND i.state = 'issued'
    WHERE n.released_at IS NULL GROUP BY n.order_id"""
MOVED = """SELECT coalesce(sum(l.amount), 0) FROM settlement_journal_line l
    JOIN settlement_journal_entry e ON e.id = l.entry_id WHERE l.account = 'liability:unearned:' || o.number"""
OBJECTED = """FROM settlement_contribution_objection o JOIN settlement_contribution_notice n ON n.id = o.notice_id
    JOIN settlement_contribution_figure f ON f.id = o.figure_id"""
RECOGNISED = "SELECT coalesce(sum(v.gross), 0) FROM settlement_revenue_line v WHERE v.order_id = o.id"


def filled(sql: str) -> str:
    """Return a query with the parts that several share put in."""
    return sql.format(IN_CLOSED=IN_CLOSED, INVOICED=INVOICED, MOVED=MOVED, OBJECTED=OBJECTED, RECOGNISED=RECOGNISED)


CLOSING = (
    Check("H4", "结账之后又记入已结账期间", filled("""SELECT e.place, e.year, e.number, e.entry_date {IN_CLOSED}
        WHERE e.booked_at > c.closed_at OR e.number > c.last_voucher""")),
    Check("H4", "已结账期间没有第二人或余额摘要", """SELECT place, period_start FROM settlement_closing
        WHERE state = 'closed' AND (closed_by IS NULL OR closed_at IS NULL OR balances_sha256 IS NULL
            OR last_voucher IS NULL)"""),
    Check("H4", "结账期间重叠", """SELECT a.place, a.period_start, b.period_start FROM settlement_closing a
        JOIN settlement_closing b ON b.place = a.place AND b.period_start > a.period_start
            AND b.period_start < a.period_end"""),
    two_persons("H9", "结账由同一人发起和完成", "settlement_closing", "period_start", "started_by", "closed_by"),
)  # fmt: skip

RECOGNITION = (
    Check("H1", "订单已确认收入与账簿不符", filled("""SELECT o.number, ({RECOGNISED}),
            ({MOVED} AND e.cause = 'revenue_earned') FROM market_order o
        WHERE ({RECOGNISED}) <> ({MOVED} AND e.cause = 'revenue_earned')""")),
    Check("H1", "订单已确认收入加预收不等于收款减退款", filled("""SELECT o.number FROM market_order o WHERE o.amount > 0
        AND -({MOVED}) + ({RECOGNISED}) <> coalesce((SELECT sum(p.amount) FROM market_payment p
            JOIN settlement_journal_entry e ON e.cause = 'payment_captured'
                AND e.cause_id = replace(CAST(p.id AS TEXT), '-', '')
            WHERE p.order_id = o.id AND p.captured_at IS NOT NULL), 0)
        - ({MOVED} AND e.cause NOT IN ('payment_captured', 'revenue_earned'))""")),
    Check("H1", "已开票金额超过已确认收入加预收", filled("""SELECT o.number, f.amount FROM market_order o
        JOIN ({INVOICED}) f ON f.order_id = o.id
        WHERE EXISTS ({MOVED} AND e.cause = 'payment_captured' HAVING count(*) > 0)
        AND f.amount > ({RECOGNISED}) - ({MOVED})
            + ({MOVED} AND e.cause NOT IN ('payment_captured', 'revenue_earned'))""")),
)  # fmt: skip

BREAKS = (
    Check("E11", "对账差异未经两人即关闭", """SELECT b.number FROM settlement_break b WHERE b.state = 'closed'
        AND NOT EXISTS (SELECT 1 FROM settlement_break_step c JOIN settlement_break_step p ON p.id = c.answers_id
            LEFT JOIN registry_account_person one ON one.account_id = c.actor_id
            LEFT JOIN registry_account_person other ON other.account_id = p.actor_id
            WHERE c.break_id = b.id AND p.break_id = b.id AND c.act = 'confirm' AND p.act = 'propose'
                AND c.sha256 = p.sha256 AND c.actor_id <> p.actor_id
                AND (one.person_id IS NULL OR other.person_id IS NULL OR one.person_id <> other.person_id)
                AND NOT EXISTS (SELECT 1 FROM settlement_break_step r WHERE r.break_id = b.id
                    AND r.position > c.position AND r.act = 'reopen'))"""),
    Check("E11", "对账差异的经过缺少步骤", """SELECT b.number, count(s.id), coalesce(max(s.position), 0)
        FROM settlement_break b LEFT JOIN settlement_break_step s ON s.break_id = b.id
        GROUP BY b.id, b.number HAVING count(s.id) <> coalesce(max(s.position), 0) OR count(s.id) = 0"""),
    Check("E11", "对账差异的状态与最后一步不符", """SELECT b.number, b.state, s.state FROM settlement_break b
        JOIN settlement_break_step s ON s.break_id = b.id AND s.position = (SELECT max(m.position)
            FROM settlement_break_step m WHERE m.break_id = b.id)
        WHERE s.state <> b.state OR (b.state = 'closed') <> (b.closed_at IS NOT NULL)"""),
)  # fmt: skip

CONTRIBUTION = (
    two_persons("J7", "贡献公示由同一人测算和公示", "settlement_contribution_notice", "number", "drawn_by",
                "opened_by"),
    two_persons("J7", "贡献异议由同一人提出和处理", "settlement_contribution_objection", "number", "filed_by",
                "decided_by"),
    Check("J7", "贡献异议由测算或公示的人处理", filled("""SELECT o.number, n.number {OBJECTED}
        LEFT JOIN registry_account_person one ON one.account_id = o.decided_by
        LEFT JOIN registry_account_person drew ON drew.account_id = n.drawn_by
        LEFT JOIN registry_account_person opened ON opened.account_id = n.opened_by
        WHERE o.decided_by IN (n.drawn_by, n.opened_by) OR one.person_id IN (drew.person_id, opened.person_id)""")),
    Check("REV-04", "贡献异议不是对本单位公示数字提出", filled("""SELECT o.number, n.number {OBJECTED}
        WHERE f.notice_id <> o.notice_id OR f.party_id <> o.party_id OR n.place <> o.place OR n.state <> 'open'
            OR o.filed_at < n.opened_at""")),
    Check("REV-04", "贡献异议的处理不完整", """SELECT number, state FROM settlement_contribution_objection
        WHERE (state IN ('upheld', 'dismissed') AND (decided_by IS NULL OR decided_at IS NULL OR reason IS NULL))
            OR (state = 'upheld') <> (corrected IS NOT NULL)"""),
    Check("REV-04", "以贡献异议暂缓的份额没有异议", filled("""SELECT s.run_id, p.name, s.amount
        FROM settlement_share_line s JOIN settlement_revenue_line v ON v.id = s.revenue_line_id
        JOIN settlement_run r ON r.id = s.run_id
        JOIN registry_party p ON p.id = s.party_id
        WHERE s.reason_code = 'CONTRIBUTION_OBJECTED' AND NOT EXISTS (SELECT 1 {OBJECTED}
            WHERE f.party_id = s.party_id AND f.product_id = v.product_id AND f.schedule_id = s.schedule_id
                AND f.step = s.step AND n.place = r.place AND n.period_start = r.period_start)""")),
    Check("REV-04", "贡献异议未处理而份额已支付", filled("""SELECT o.number, s.amount {OBJECTED}
        JOIN settlement_share_line s ON s.party_id = f.party_id AND s.schedule_id = f.schedule_id AND s.step = f.step
            AND s.amount > 0 AND s.payee_kind <> 'held'
        JOIN settlement_revenue_line v ON v.id = s.revenue_line_id AND v.product_id = f.product_id
        JOIN settlement_run r ON r.id = s.run_id AND r.place = n.place AND r.period_start = n.period_start
        WHERE o.state = 'filed' AND o.filed_at <= r.prepared_at""")),
)  # fmt: skip

BOOK_CHECKS = (*CLOSING, *RECOGNITION, *BREAKS, *CONTRIBUTION)


def closed_balances(connection: sa.Connection) -> list[str]:
    """Find closed periods whose balances are not those of the entries, or whose checklist was not clear."""
    query = """SELECT place, period_start, period_end, balances, balances_sha256, checklist FROM settlement_closing
        WHERE state = 'closed'"""
    summed = sa.text("""SELECT l.account, sum(l.amount) FROM settlement_journal_line l
        JOIN settlement_journal_entry e ON e.id = l.entry_id
        WHERE e.place = :place AND e.entry_date < :end GROUP BY l.account""")
    found = []
    for place, start, end, balances, sha, checklist in connection.execute(sa.text(query)).all():
        named, said = f"{place} / {start!s:.7}", parsed(balances)
        rows = connection.execute(summed, {"place": place, "end": end})
        true = {account: _yuan(int(amount)) for account, amount in rows}
        wrong = sorted(account for account in said.keys() | true.keys() if said.get(account) != true.get(account))
        if digest(said) != sha:
            found.append(f"H4 结账余额与摘要不符：{named}")
        found += [f"A9 结账余额与凭证不符：{named} / {account}" for account in wrong]
        found += [f"H10 结账检查未通过即结账：{named} / {one['blocker']}" for one in parsed(checklist) if one["count"]]
    return found


def _yuan(fen: int) -> str:
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def proposals(connection: sa.Connection) -> list[str]:
    """Find breaks whose facts are not those that were seen, and closed ones confirmed on something else."""
    found = []
    facts = "SELECT number, facts, facts_sha256 FROM settlement_break"
    for number, said, sha in connection.execute(sa.text(facts)):
        if facts_digest(parsed(said)) != sha:
            found.append(f"E11 对账差异的事实与摘要不符：{number}")
    steps = """SELECT b.number, b.facts_sha256, s.resolution, s.note, s.sha256 FROM settlement_break b
        JOIN settlement_break_step s ON s.break_id = b.id AND s.act = 'propose'
        WHERE b.state = 'closed' AND NOT EXISTS (SELECT 1 FROM settlement_break_step l WHERE l.break_id = b.id
            AND l.position > s.position AND l.act IN ('propose', 'see_again', 'reopen'))"""
    for number, seen, resolution, note, sha in connection.execute(sa.text(steps)):
        if joined([number, seen, resolution, note]) != sha:
            found.append(f"E11 对账差异的关闭依据与摘要不符：{number}")
    return found


def comparisons(connection: sa.Connection) -> list[str]:
    """Find reconciliations whose inputs are not kept, or not those that were compared."""
    kept = set(connection.scalars(sa.text("SELECT sha256 FROM evidence_file")))
    rows = connection.execute(sa.text("SELECT number, inputs, inputs_sha256 FROM settlement_reconciliation_run"))
    found = []
    for number, said, sha in rows:
        sides = {side: one["sha256"] for side, one in parsed(said).items()}
        if joined(f"{side}:{sides[side]}" for side in sorted(sides)) != sha:
            found.append(f"E11 对账依据与摘要不符：{number}")
        found += [f"FILE 对账依据没有保存：{number} / {side}" for side, one in sides.items() if one and one not in kept]
    return found


def contribution_weights(connection: sa.Connection) -> list[str]:
    """Work the weights out a second time: each factor normalised to one, then weighed; parts per million add up."""
    query = """SELECT n.number, p.code, f.step, y.name, f.coefficients, f.usage, f.quality, f.input, f.weight, f.ppm,
            f.parts
        FROM settlement_contribution_figure f JOIN settlement_contribution_notice n ON n.id = f.notice_id
        JOIN registry_product p ON p.id = f.product_id JOIN registry_party y ON y.id = f.party_id
        ORDER BY n.number, p.code, f.schedule_id, f.step"""
    found = []
    for (notice, product, step), rows in groupby(connection.execute(sa.text(query)), lambda row: tuple(row[:3])):
        pool, sums = list(rows), defaultdict[str, Fraction](Fraction)
        for row in pool:
            for factor, figure in _figures(row).items():
                sums[factor] += figure
        if sum(row.ppm for row in pool) != MILLION:
            found.append(f"REV-04 贡献权重合计不是百万分之一百万：{notice} / {product} / {step}")
        for row in pool:
            true = sum((Fraction(share) * figure / sums[factor] for factor, share, figure in (
                (factor, parsed(row.coefficients)[factor], figure) for factor, figure in _figures(row).items()
            )), Fraction(0))  # fmt: skip
            parts = sum(map(Fraction, parsed(row.parts).values()), Fraction(0))
            if Fraction(row.weight) != true or parts != true or abs(row.ppm - true * MILLION) >= 1:
                found.append(f"REV-04 贡献权重与公示数字不符：{notice} / {product} / {row.name}")
    return found


def _figures(row: Any) -> dict[str, Fraction]:
    """Return the figures that count: those whose coefficient is not zero."""
    stated = {"usage": Fraction(row.usage), "quality": Fraction(row.quality), "input": Fraction(row.input)}
    return {factor: stated[factor] for factor, share in parsed(row.coefficients).items() if Fraction(share)}


def late_objections(connection: sa.Connection) -> list[str]:
    """Find objections that were taken after the last day of their notice, in Beijing."""
    query = filled("SELECT o.number, o.filed_at, n.objection_until {OBJECTED}")
    found = []
    for number, filed, until in connection.execute(sa.text(query)):
        at = filed if isinstance(filed, datetime) else datetime.fromisoformat(str(filed))
        beijing = (at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)) + BEIJING
        if until is None or f"{beijing:%Y-%m-%d}" > str(until):
            found.append(f"REV-04 贡献异议在公示期满后提出：{number} / {until}")
    return found


BOOK_READERS: tuple[Callable[[sa.Connection], list[str]], ...] = (
    closed_balances, proposals, comparisons, contribution_weights, late_objections,
)  # fmt: skip
