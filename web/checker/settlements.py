"""What must be true of metering, settlement and statements; the same kind of queries as ``statements.py``."""

from __future__ import annotations

from web.checker.statements import Check

COUNTED = """(e.hit OR EXISTS (SELECT 1 FROM market_entitlement h JOIN market_order o ON o.id = h.order_id
            JOIN pricing_tariff p ON p.id = o.tariff_id WHERE h.id = e.entitlement_id AND p.charges_misses))"""
METERING = (
    Check("C6", "已用量与使用事件合计不符", """SELECT t.entitlement_id, t.used, coalesce(sum(e.quantity), 0)
        FROM settlement_usage_total t
        LEFT JOIN settlement_usage_event e ON e.entitlement_id = t.entitlement_id AND IS_COUNTED
        GROUP BY t.entitlement_id, t.used HAVING t.used <> coalesce(sum(e.quantity), 0)"""
        .replace("IS_COUNTED", COUNTED)),
    Check("C6", "使用事件没有计入已用量", """SELECT e.entitlement_id, count(*) FROM settlement_usage_event e
        WHERE IS_COUNTED AND NOT EXISTS (
            SELECT 1 FROM settlement_usage_total t WHERE t.entitlement_id = e.entitlement_id)
        GROUP BY e.entitlement_id""".replace("IS_COUNTED", COUNTED)),
    Check("C6", "使用事件没有使用权，或产品、地区与使用权不符", """SELECT e.entitlement_id, count(*)
        FROM settlement_usage_event e LEFT JOIN market_entitlement n
            ON n.id = e.entitlement_id AND n.product_id = e.product_id AND n.place = e.place
        WHERE n.id IS NULL GROUP BY e.entitlement_id"""),
    Check("C1", "已用量超过购买量", """SELECT t.entitlement_id, t.used, n.quota FROM settlement_usage_total t
        JOIN market_entitlement n ON n.id = t.entitlement_id
        WHERE n.quota IS NOT NULL AND (t.used > n.quota OR t.quota IS NULL OR t.quota <> n.quota)"""),
    Check("C2", "使用发生在权益期限之前", """SELECT n.number, count(*) FROM settlement_usage_event e
        JOIN market_entitlement n ON n.id = e.entitlement_id WHERE e.occurred_at < n.granted_at GROUP BY n.number"""),
)  # fmt: skip

REVENUE = (
    Check("A13", "收入不等于净额加税额", """SELECT run_id, entitlement_id FROM settlement_revenue_line
        WHERE gross <> net + tax"""),
    Check("B1", "公益用途计提了收入", """SELECT v.entitlement_id, v.gross FROM settlement_revenue_line v
        JOIN market_order o ON o.id = v.order_id
        WHERE o.purpose IN ('public_governance', 'public_welfare') AND v.gross <> 0"""),
    Check("H1", "订单计提收入超过已收款", """SELECT o.number, sum(v.gross), o.amount FROM settlement_revenue_line v
        JOIN market_order o ON o.id = v.order_id GROUP BY o.number, o.amount HAVING sum(v.gross) > o.amount"""),
    # a dispute that was open from the preparation to the seal: nothing new may come out of what it froze
    Check("DSP-04", "争议中的金额已结算", """SELECT r.number, o.number, d.number FROM market_dispute d
        JOIN market_order o ON o.id = d.order_id
        JOIN settlement_revenue_line v ON v.order_id = o.id AND v.gross > 0
        JOIN settlement_run r ON r.id = v.run_id AND r.state = 'sealed'
        WHERE d.amount > 0 AND d.receipt_id IS NULL AND d.filed_at <= r.received_until
            AND coalesce(d.decided_at, d.ended_at, '9999-12-31 00:00:00') > r.sealed_at
            AND o.amount - d.amount < (SELECT sum(w.gross) FROM settlement_revenue_line w
                JOIN settlement_run q ON q.id = w.run_id
                WHERE w.order_id = o.id AND q.state = 'sealed' AND q.sealed_at <= r.sealed_at)"""),
    Check("A4", "各方分得之和不等于净收入", """SELECT v.entitlement_id, v.net, coalesce(sum(s.amount), 0)
        FROM settlement_revenue_line v LEFT JOIN settlement_share_line s ON s.revenue_line_id = v.id
        GROUP BY v.id, v.entitlement_id, v.net HAVING v.net <> coalesce(sum(s.amount), 0)"""),
    Check("REV-01", "分配依据的方案未经各方签署", """SELECT s.run_id, c.number FROM settlement_share_line s
        JOIN settlement_share_schedule c ON c.id = s.schedule_id WHERE c.state <> 'signed'
        GROUP BY s.run_id, c.number"""),
    Check("REV-05", "行政单位的收益没有缴入国库", """SELECT p.name, s.amount FROM settlement_share_line s
        JOIN registry_party p ON p.id = s.party_id
        WHERE p.kind = 'administrative_unit' AND s.payee_kind <> 'treasury_non_tax'
            AND s.reason_code <> 'CONTRIBUTION_OBJECTED'"""),
    Check("H1", "收入没有对应凭证", """SELECT v.entitlement_id, v.gross FROM settlement_revenue_line v
        JOIN settlement_run r ON r.id = v.run_id JOIN market_entitlement n ON n.id = v.entitlement_id
        WHERE v.gross > 0 AND NOT EXISTS (SELECT 1 FROM settlement_journal_entry e
            WHERE e.cause = 'revenue_earned'
                AND e.cause_id = v.place || '/' || CAST(r.period_start AS TEXT) || '/' || n.number)"""),
    Check("H1", "收入与凭证金额不符", """SELECT v.entitlement_id, v.gross, sum(l.amount) FROM settlement_revenue_line v
        JOIN settlement_run r ON r.id = v.run_id JOIN market_entitlement n ON n.id = v.entitlement_id
        JOIN settlement_journal_entry e ON e.cause = 'revenue_earned'
            AND e.cause_id = v.place || '/' || CAST(r.period_start AS TEXT) || '/' || n.number
        JOIN settlement_journal_line l ON l.entry_id = e.id AND l.account LIKE 'liability:unearned:%'
        GROUP BY v.id, v.entitlement_id, v.gross HAVING sum(l.amount) <> v.gross"""),
)  # fmt: skip

RUNS = (
    Check("H9", "编制与复核为同一人", """SELECT number FROM settlement_run
        WHERE checked_by = prepared_by OR sealed_by = prepared_by"""),
    Check("H1", "结算单合计与分配明细不符", """SELECT t.number, t.total, coalesce(sum(s.amount), 0)
        FROM settlement_statement t LEFT JOIN settlement_share_line s
            ON s.run_id = t.run_id AND s.party_id = t.party_id
        GROUP BY t.number, t.total HAVING t.total <> coalesce(sum(s.amount), 0)"""),
    Check("H1", "分得收益的一方没有结算单", """SELECT s.run_id, s.party_id FROM settlement_share_line s
        WHERE NOT EXISTS (SELECT 1 FROM settlement_statement t WHERE t.run_id = s.run_id AND t.party_id = s.party_id)
        GROUP BY s.run_id, s.party_id"""),
    Check("H2", "未封存的结算已有明细", """SELECT r.number FROM settlement_run r WHERE r.state <> 'sealed'
        AND EXISTS (SELECT 1 FROM settlement_revenue_line v WHERE v.run_id = r.id)"""),
    Check("H2", "同一地区的结算期重叠", """SELECT a.number, b.number FROM settlement_run a
        JOIN settlement_run b ON b.place = a.place AND b.id <> a.id
        WHERE a.period_start < b.period_end AND b.period_start < a.period_end"""),
)  # fmt: skip

SETTLEMENT_CHECKS = (*METERING, *REVENUE, *RUNS)
