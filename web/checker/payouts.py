"""What must be true of payouts, receivables and payees' accounts; SQL of its own, as in ``statements.py``."""

from __future__ import annotations

from web.checker.persons import two_persons
from web.checker.statements import Check

LEFT_US = "('sent', 'unknown', 'short', 'confirmed')"  # money that went out, or may have
BOOKED_AS = "e.cause_id = replace(CAST(p.id AS TEXT), '-', '')"
# what the sealed lines give a party on one account, by statement and order
SHARED = """SELECT t.id AS statement_id, o.number AS order_number, CASE s.payee_kind
        WHEN 'own_account' THEN 'liability:payable:' WHEN 'treasury_non_tax' THEN 'liability:treasury:'
        ELSE 'liability:held:' END || y.uscc AS account, sum(s.amount) AS amount
    FROM settlement_share_line s
    JOIN settlement_statement t ON t.run_id = s.run_id AND t.party_id = s.party_id
    JOIN settlement_revenue_line v ON v.id = s.revenue_line_id JOIN market_order o ON o.id = v.order_id
    JOIN registry_party y ON y.id = s.party_id GROUP BY t.id, o.number, s.payee_kind, y.uscc"""
REDUCED = """SELECT statement_id, order_number, account, sum(amount) AS amount FROM settlement_clawback
    WHERE kind = 'reduced' GROUP BY statement_id, order_number, account"""
NETTINGS = "SELECT n.clawback_id, n.amount FROM settlement_clawback_netting n WHERE n.released_at IS NULL"


def filled(sql: str) -> str:
    """Return a query with the parts that several share put in."""
    return sql.format(LEFT_US=LEFT_US, BOOKED_AS=BOOKED_AS, SHARED=SHARED, REDUCED=REDUCED, NETTINGS=NETTINGS)


ITEMS = (
    Check("REV-05", "拨付金额与其明细之和不符", """SELECT p.number, p.gross, coalesce(sum(i.amount), 0)
        FROM settlement_payout p LEFT JOIN settlement_payout_item i ON i.payout_id = p.id
        GROUP BY p.id, p.number, p.gross HAVING p.gross <> coalesce(sum(i.amount), 0)"""),
    Check("REV-05", "拨付明细不等于结算单分得减退款", filled("""SELECT p.number, i.order_number, i.amount,
            coalesce(d.amount, 0), coalesce(r.amount, 0)
        FROM settlement_payout_item i JOIN settlement_payout p ON p.id = i.payout_id AND p.state IN {LEFT_US}
        LEFT JOIN ({SHARED}) d ON d.statement_id = i.statement_id AND d.order_number = i.order_number
            AND d.account = i.account
        LEFT JOIN ({REDUCED}) r ON r.statement_id = i.statement_id AND r.order_number = i.order_number
            AND r.account = i.account
        WHERE i.amount <> coalesce(d.amount, 0) - coalesce(r.amount, 0)""")),
    Check("REV-05", "同一款项有两笔有效拨付", """SELECT i.statement_id, i.order_number, i.account, count(*)
        FROM settlement_payout_item i JOIN settlement_payout p ON p.id = i.payout_id
        WHERE p.state NOT IN ('returned', 'cancelled')
        GROUP BY i.statement_id, i.order_number, i.account HAVING count(*) > 1"""),
    Check("REV-05", "拨付明细的占用标记与拨付状态不符", """SELECT p.number, i.order_number FROM settlement_payout_item i
        JOIN settlement_payout p ON p.id = i.payout_id
        WHERE (i.slot IS NULL) <> (p.state IN ('returned', 'cancelled'))
            OR i.slot <> replace(CAST(i.statement_id AS TEXT), '-', '') || '/' || i.order_number
                || '/' || i.account"""),
    Check("REV-05", "拨付明细不属于该结算单或该单位", """SELECT p.number, i.order_number FROM settlement_payout_item i
        JOIN settlement_payout p ON p.id = i.payout_id JOIN registry_party y ON y.id = p.party_id
        JOIN settlement_statement t ON t.id = p.statement_id
        WHERE i.statement_id <> p.statement_id OR t.party_id <> p.party_id OR t.place <> p.place
            OR i.account NOT IN ('liability:payable:' || y.uscc, 'liability:treasury:' || y.uscc,
                'liability:held:' || y.uscc)"""),
    Check("REV-05", "拨付批次的金额或笔数与拨付不符", """SELECT b.number, b.total, b.count, coalesce(sum(p.amount), 0),
            count(p.id) FROM settlement_payout_batch b LEFT JOIN settlement_payout p ON p.batch_id = b.id
        GROUP BY b.id, b.number, b.total, b.count
        HAVING b.total <> coalesce(sum(p.amount), 0) OR b.count <> count(p.id)"""),
    Check("REV-05", "拨付与所属批次的状态或地方不符", """SELECT b.number, b.state, p.number, p.state
        FROM settlement_payout_batch b JOIN settlement_payout p ON p.batch_id = b.id
        WHERE p.place <> b.place OR (b.state = 'done' AND p.state NOT IN ('confirmed', 'returned'))
            OR (b.state = 'sent' AND p.state IN ('prepared', 'cancelled'))
            OR (b.state = 'cancelled' AND p.state <> 'cancelled')
            OR (b.state IN ('parked', 'prepared', 'checked') AND p.state <> 'prepared')"""),
)  # fmt: skip

VOUCHERS = (
    Check("A2", "在途拨付科目与未办结的拨付不符", """SELECT x.account, sum(x.amount) FROM (
            SELECT account, amount FROM settlement_journal_line WHERE account LIKE 'liability:in_transit:%'
            UNION ALL SELECT 'liability:in_transit:' || place, amount FROM settlement_payout
            WHERE state IN ('sent', 'unknown', 'short')) x GROUP BY x.account HAVING sum(x.amount) <> 0"""),
    Check("H1", "已发出的拨付没有对应凭证", filled("""SELECT p.number, p.amount FROM settlement_payout p
        WHERE p.state IN ('sent', 'unknown', 'short', 'confirmed', 'returned') AND NOT EXISTS (
            SELECT 1 FROM settlement_journal_entry e JOIN settlement_journal_line l ON l.entry_id = e.id
            WHERE e.cause = 'payout_sent' AND {BOOKED_AS} AND e.place = p.place
            GROUP BY e.id HAVING sum(CASE WHEN l.account = 'liability:in_transit:' || p.place
                THEN l.amount ELSE 0 END) = -p.amount)""")),
    Check("H1", "已到账或退回的拨付没有对应凭证", filled("""SELECT p.number, p.state, p.amount FROM settlement_payout p
        WHERE p.amount > 0 AND p.state IN ('confirmed', 'returned') AND NOT EXISTS (
            SELECT 1 FROM settlement_journal_entry e JOIN settlement_journal_line l ON l.entry_id = e.id
            WHERE e.cause = 'payout_' || p.state AND {BOOKED_AS}
                AND l.account = 'liability:in_transit:' || p.place AND l.amount = p.amount)""")),
    Check("H1", "拨付凭证没有对应的拨付", filled("""SELECT e.place, e.year, e.number, e.cause
        FROM settlement_journal_entry e
        WHERE e.cause IN ('payout_sent', 'payout_confirmed', 'payout_returned') AND NOT EXISTS (
            SELECT 1 FROM settlement_payout p WHERE {BOOKED_AS} AND (
                (e.cause = 'payout_sent' AND p.state IN ('sent', 'unknown', 'short', 'confirmed', 'returned'))
                OR e.cause = 'payout_' || p.state))""")),
    Check("H1", "应付科目因拨付减少的金额与拨付明细不符", filled("""SELECT x.account, sum(x.amount) FROM (
            SELECT l.account, l.amount FROM settlement_journal_line l
            JOIN settlement_journal_entry e ON e.id = l.entry_id
            WHERE e.cause IN ('payout_sent', 'payout_returned') AND (l.account LIKE 'liability:payable:%'
                OR l.account LIKE 'liability:treasury:%' OR l.account LIKE 'liability:held:%')
            UNION ALL SELECT i.account, -i.amount FROM settlement_payout_item i
            JOIN settlement_payout p ON p.id = i.payout_id AND p.state IN {LEFT_US}
        ) x GROUP BY x.account HAVING sum(x.amount) <> 0""")),
)  # fmt: skip

PAYEES = (
    Check("REV-05", "拨付没有付到归属单位或国库的有效账户", """SELECT p.number, a.holder FROM settlement_payout p
        JOIN settlement_payee_account a ON a.id = p.account_id JOIN registry_party y ON y.id = p.party_id
        WHERE a.state <> 'confirmed' OR a.place <> p.place OR (a.party_id IS NOT NULL AND a.party_id <> p.party_id)
            OR (a.party_id IS NULL) <> (p.destination = 'treasury_non_tax')
            OR (y.kind = 'administrative_unit' AND p.destination <> 'treasury_non_tax')"""),
    Check("E12", "收款账户生效之前已编制拨付", """SELECT p.number, a.holder FROM settlement_payout p
        JOIN settlement_payout_batch b ON b.id = p.batch_id JOIN settlement_payee_account a ON a.id = p.account_id
        WHERE a.effective_at > b.prepared_at OR a.effective_at IS NULL"""),
    Check("H8", "冻结期间发出了拨付", """SELECT p.number, f.document FROM settlement_payout p
        JOIN settlement_payee_freeze f ON f.party_id = p.party_id AND f.place = p.place
        WHERE f.placed_at < p.sent_at AND (f.lifted_at IS NULL OR f.lifted_at > p.sent_at)"""),
    two_persons("H9", "收款账户由同一人提出和确认", "settlement_payee_account", "holder", "asked_by_id",
                "decided_by_id", "t.state IN ('confirmed', 'refused')"),
    two_persons("H9", "冻结由同一人申请和解除", "settlement_payee_freeze", "document", "lift_asked_by_id",
                "lifted_by_id", "t.lifted_at IS NOT NULL"),
    two_persons("H9", "拨付结果由同一人提出和确认", "settlement_payout_resolution", "id", "proposed_by_id",
                "decided_by_id", "t.state IN ('confirmed', 'refused')"),
    Check("R9", "经人认定的拨付与认定的结果不符", """SELECT p.number, p.state, r.fate
        FROM settlement_payout_resolution r JOIN settlement_payout p ON p.id = r.payout_id
        WHERE r.state = 'confirmed' AND r.fate <> 'sent_again' AND p.state <> r.fate"""),
    Check("H9", "拨付发出而没有三人办理", """SELECT number FROM settlement_payout_batch
        WHERE (state IN ('checked', 'sent', 'done') AND checked_by_id IS NULL)
            OR (state IN ('sent', 'done') AND sent_by_id IS NULL)
            OR (parked_reason <> '' AND state IN ('prepared', 'checked', 'sent', 'done')
                AND released_by_id IS NULL)"""),
    *(two_persons("H9", f"同一人{words}拨付批次", "settlement_payout_batch", "number", one, other)
      for words, one, other in (
          ("编制并复核", "prepared_by_id", "checked_by_id"), ("编制并发出", "prepared_by_id", "sent_by_id"),
          ("复核并发出", "checked_by_id", "sent_by_id"), ("编制并解除", "prepared_by_id", "released_by_id"),
          ("解除并发出", "released_by_id", "sent_by_id"))),
)  # fmt: skip

CLAWBACKS = (
    Check("A5", "退款分摊与退款凭证不符", """SELECT e.place, e.year, e.number, l.account, l.amount, sum(c.amount)
        FROM settlement_clawback c JOIN settlement_journal_entry e ON e.id = c.entry_id
        JOIN settlement_journal_line l ON l.entry_id = c.entry_id AND l.account = c.account AND l.amount > 0
        GROUP BY e.place, e.year, e.number, l.account, l.amount HAVING sum(c.amount) <> l.amount"""),
    Check("A5", "退款分摊不出于退款凭证", """SELECT c.order_number, c.account, c.amount FROM settlement_clawback c
        LEFT JOIN settlement_journal_entry e ON e.id = c.entry_id AND e.cause IN ('refund_paid', 'dispute_lost')
        LEFT JOIN settlement_journal_line l ON l.entry_id = e.id AND l.account = c.account AND l.amount > 0
        WHERE l.entry_id IS NULL"""),
    Check("A5", "一方退回超过分得", filled("""SELECT c.order_number, c.account, sum(c.amount),
            coalesce(max(d.amount), 0)
        FROM settlement_clawback c LEFT JOIN ({SHARED}) d ON d.statement_id = c.statement_id
            AND d.order_number = c.order_number AND d.account = c.account
        GROUP BY c.statement_id, c.order_number, c.account HAVING sum(c.amount) > coalesce(max(d.amount), 0)""")),
    Check("A5", "应收退款没有对应凭证或金额不符", """SELECT c.order_number, c.account, c.amount
        FROM settlement_clawback c WHERE c.kind = 'receivable' AND NOT EXISTS (SELECT 1 FROM settlement_journal_entry e
            JOIN settlement_journal_line l ON l.entry_id = e.id AND l.account = c.account AND l.amount = -c.amount
            WHERE e.cause = 'clawback_raised' AND e.cause_id = replace(CAST(c.id AS TEXT), '-', ''))"""),
    Check("A5", "应收退款凭证没有对应的应收款", """SELECT e.place, e.year, e.number FROM settlement_journal_entry e
        WHERE e.cause = 'clawback_raised' AND NOT EXISTS (SELECT 1 FROM settlement_clawback c
            WHERE c.kind = 'receivable' AND e.cause_id = replace(CAST(c.id AS TEXT), '-', ''))"""),
    Check("A5", "应收退款抵扣、退回和核销超过应收", filled("""SELECT c.order_number, c.account, c.amount, sum(x.amount)
        FROM settlement_clawback c JOIN ({NETTINGS} UNION ALL SELECT r.clawback_id, r.amount
            FROM settlement_clawback_recovery r WHERE r.state IN ('asked', 'confirmed')) x ON x.clawback_id = c.id
        GROUP BY c.id, c.order_number, c.account, c.amount HAVING sum(x.amount) > c.amount""")),
    Check("A5", "应收退款科目与应收款余额不符", filled("""SELECT x.account, sum(x.amount) FROM (
            SELECT account, amount FROM settlement_journal_line
            WHERE account LIKE 'asset:clawback:%' OR account LIKE 'asset:treasury_claim:%'
            UNION ALL
            SELECT CASE WHEN c.is_treasury THEN 'asset:treasury_claim:' ELSE 'asset:clawback:' END || y.uscc,
                coalesce((SELECT sum(n.amount) FROM settlement_clawback_netting n
                    JOIN settlement_payout p ON p.id = n.payout_id AND p.state IN {LEFT_US}
                    WHERE n.clawback_id = c.id AND n.released_at IS NULL), 0)
                + coalesce((SELECT sum(r.amount) FROM settlement_clawback_recovery r
                    WHERE r.clawback_id = c.id AND r.state = 'confirmed'), 0) - c.amount
            FROM settlement_clawback c JOIN registry_party y ON y.id = c.party_id WHERE c.kind = 'receivable'
        ) x GROUP BY x.account HAVING sum(x.amount) <> 0""")),
    Check("REV-05", "抵扣或核销了国库款项", """SELECT c.order_number, c.account, n.amount FROM settlement_clawback c
        JOIN settlement_clawback_netting n ON n.clawback_id = c.id
        LEFT JOIN settlement_payout p ON p.id = n.payout_id
        WHERE c.is_treasury OR c.kind <> 'receivable' OR p.destination <> 'own_account'
        UNION ALL SELECT c.order_number, c.account, r.amount FROM settlement_clawback c
        JOIN settlement_clawback_recovery r ON r.clawback_id = c.id
        WHERE c.is_treasury AND r.kind = 'written_off' AND r.state = 'confirmed'
        UNION ALL SELECT number, destination, netted FROM settlement_payout
        WHERE netted <> 0 AND destination <> 'own_account'"""),
    Check("REV-05", "拨付抵扣的金额与抵扣明细不符", """SELECT p.number, p.gross, p.netted, p.amount,
            coalesce(sum(n.amount), 0) FROM settlement_payout p
        LEFT JOIN settlement_clawback_netting n ON n.payout_id = p.id AND n.released_at IS NULL
        GROUP BY p.id, p.number, p.gross, p.netted, p.amount, p.state
        HAVING p.amount <> p.gross - p.netted OR p.amount < 0 OR coalesce(sum(n.amount), 0)
            <> CASE WHEN p.state IN ('returned', 'cancelled') THEN 0 ELSE p.netted END"""),
    Check("A5", "抵扣了别的单位的应收退款", """SELECT p.number, c.order_number, c.account
        FROM settlement_clawback_netting n JOIN settlement_payout p ON p.id = n.payout_id
        JOIN settlement_clawback c ON c.id = n.clawback_id
        WHERE p.party_id <> c.party_id OR p.place <> c.place"""),
    two_persons("H9", "应收退款由同一人申请和复核", "settlement_clawback_recovery", "reason", "asked_by_id",
                "decided_by_id", "t.state IN ('confirmed', 'refused')"),
    Check("H9", "应收退款没有第二人复核", """SELECT reason, amount FROM settlement_clawback_recovery
        WHERE state = 'confirmed' AND decided_by_id IS NULL"""),
)  # fmt: skip

PAYOUT_CHECKS = (*ITEMS, *VOUCHERS, *PAYEES, *CLAWBACKS)
