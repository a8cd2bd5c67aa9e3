"""What must be true of the rows, as SQL that both databases read; each query returns the records that break it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """One rule of the books, its words, and the query for its breaches."""

    code: str
    words: str
    sql: str


LEDGER = (
    Check("A1", "分录借贷不平", """SELECT l.entry_id, sum(l.amount) FROM settlement_journal_line l
        GROUP BY l.entry_id HAVING sum(l.amount) <> 0"""),
    Check("A1", "分录少于两行或没有凭证头", """SELECT l.entry_id, count(*) FROM settlement_journal_line l
        LEFT JOIN settlement_journal_entry e ON e.id = l.entry_id
        GROUP BY l.entry_id, e.id HAVING count(*) < 2 OR e.id IS NULL"""),
    Check("A1", "凭证头没有分录行", """SELECT e.place, e.year, e.number FROM settlement_journal_entry e
        WHERE NOT EXISTS (SELECT 1 FROM settlement_journal_line l WHERE l.entry_id = e.id)"""),
    Check("A10", "凭证号不连续", """SELECT place, year, max(number), count(*) FROM settlement_journal_entry
        GROUP BY place, year HAVING max(number) <> count(*) OR min(number) <> 1"""),
    Check("A2", "负债科目出现借方余额", """SELECT account, sum(amount) FROM settlement_journal_line
        WHERE account LIKE 'liability:%' GROUP BY account HAVING sum(amount) > 0"""),
    Check("A2", "资产科目出现贷方余额", """SELECT account, sum(amount) FROM settlement_journal_line
        WHERE account LIKE 'asset:%' GROUP BY account HAVING sum(amount) < 0"""),
)  # fmt: skip

PAYMENTS = (
    Check("E11", "收款金额与订单金额不符", """SELECT p.number, p.amount, o.amount FROM market_payment p
        JOIN market_order o ON o.id = p.order_id WHERE p.amount <> o.amount"""),
    Check("E11", "收款与入账金额不符", """SELECT p.number, p.amount FROM market_payment p
        JOIN settlement_journal_entry e ON e.cause = 'payment_captured'
            AND e.cause_id = replace(CAST(p.id AS TEXT), '-', '')
        WHERE NOT EXISTS (SELECT 1 FROM settlement_journal_line l
            WHERE l.entry_id = e.id AND l.account NOT LIKE 'liability:unearned:%' AND l.amount = p.amount)"""),
    Check("E11", "入账的收款不存在", """SELECT e.place, e.year, e.number FROM settlement_journal_entry e
        WHERE e.cause = 'payment_captured' AND NOT EXISTS (SELECT 1 FROM market_payment p
            WHERE e.cause_id = replace(CAST(p.id AS TEXT), '-', '') AND p.captured_at IS NOT NULL)"""),
    Check("C2", "订单已付款却没有到账记录", """SELECT o.number FROM market_order o WHERE o.state = 'paid'
        AND NOT EXISTS (SELECT 1 FROM market_payment p WHERE p.order_id = o.id AND p.captured_at IS NOT NULL)"""),
    Check("C2", "已到账而订单未推进", """SELECT o.number FROM market_payment p JOIN market_order o ON o.id = p.order_id
        WHERE p.state = 'captured' AND o.state IN ('placed', 'contracted')"""),
)  # fmt: skip

PRICES = (
    Check("B1", "公益用途收取了费用", """SELECT number, amount FROM market_order
        WHERE purpose IN ('public_governance', 'public_welfare') AND amount <> 0"""),
    Check("B4", "订单金额与报价不符", """SELECT o.number, o.amount, q.amount FROM market_order o
        JOIN market_quote q ON q.id = o.quote_id WHERE o.amount <> q.amount OR o.quantity <> q.quantity
            OR o.buyer_id <> q.buyer_id OR o.purpose <> q.purpose OR o.product_id <> q.product_id"""),
    Check("PRC-05", "收费标准高于上限", """SELECT t.number, t.unit_price_max, c.amount FROM pricing_tariff t
        JOIN pricing_fee_cap c ON c.id = t.cap_id WHERE t.unit_price_max > c.amount"""),
    Check("PRC-05", "政府指导价没有上限依据", """SELECT number FROM pricing_tariff
        WHERE regime = 'gov_guided' AND cap_id IS NULL"""),
    Check("PRC-03", "上限在书面报告之前生效", """SELECT place, report_number, effective_from, report_date
        FROM pricing_fee_cap WHERE report_date > effective_from"""),
    Check("PRC-02", "最高准许收入不等于成本、利润、税金之和减扣减", """SELECT number, max_permitted_revenue
        FROM pricing_ceiling WHERE max_permitted_revenue <> CASE
            WHEN operating_cost + permitted_profit + tax < clawback THEN 0
            ELSE operating_cost + permitted_profit + tax - clawback END"""),
    Check("PRC-02", "准许利润率超过国债收益率加点", """SELECT number, profit_rate FROM pricing_ceiling
        WHERE profit_rate > bond_yield + spread_max"""),
    Check("PUB-02", "免费使用没有经批准的公益用途", """SELECT o.number FROM market_order o
        LEFT JOIN pricing_exemption x ON x.id = o.exemption_id
        WHERE o.purpose IN ('public_governance', 'public_welfare') AND o.reason <> 'source_reuse'
            AND (x.id IS NULL OR x.approved_at IS NULL OR x.grantee_id <> o.buyer_id
                OR x.product_id <> o.product_id)"""),
    Check("REU-01", "无偿回用的单位没有为该产品无偿提供数据", """SELECT o.number FROM market_order o
        WHERE o.reason = 'source_reuse' AND NOT EXISTS (SELECT 1 FROM registry_product_input i
            JOIN registry_resource r ON r.id = i.resource_id
            WHERE i.version_id = o.version_id AND i.access = 'free' AND r.source_department_id = o.buyer_id)"""),
)  # fmt: skip

GATES = (
    Check("B5", "下单时产品没有有效登记", """SELECT o.number FROM market_order o WHERE NOT EXISTS (
        SELECT 1 FROM registry_registration r WHERE r.product_id = o.product_id AND r.version_id = o.version_id
            AND r.coded_at <= o.placed_at AND (r.closed_at IS NULL OR r.closed_at > o.placed_at))"""),
    Check("B5", "下单时产品没有通过合规审查", """SELECT o.number FROM market_order o WHERE NOT EXISTS (
        SELECT 1 FROM registry_review w WHERE w.procedure = 'product' AND w.subject_id = o.version_id
            AND w.state = 'passed' AND w.decided_at <= o.placed_at)"""),
    Check("B5", "下单时授权运营协议尚未签署", """SELECT o.number FROM market_order o
        JOIN registry_agreement a ON a.id = o.agreement_id WHERE a.signed_at IS NULL OR a.signed_at > o.placed_at"""),
    Check("B7", "公示期未满即赋码", """SELECT number FROM registry_registration
        WHERE coded_at IS NOT NULL AND (notice_end IS NULL OR coded_at < notice_end)"""),
    Check("C2", "收费订单未到账即授予权益", """SELECT t.number FROM market_entitlement t
        JOIN market_order o ON o.id = t.order_id WHERE o.amount > 0 AND NOT EXISTS (
            SELECT 1 FROM market_payment p WHERE p.order_id = o.id AND p.captured_at IS NOT NULL)"""),
    # a source department's free use stands on the agreement itself, with every part of that ground present (REU-01)
    Check("C2", "合同未经双方签署即授予权益", """SELECT t.number FROM market_entitlement t
        JOIN market_order o ON o.id = t.order_id WHERE NOT EXISTS (
        SELECT 1 FROM market_contract c WHERE c.order_id = t.order_id
            AND c.buyer_signed_at IS NOT NULL AND c.seller_signed_at IS NOT NULL)
        AND NOT (o.reason = 'source_reuse' AND o.amount = 0 AND t.buyer_id = o.buyer_id AND EXISTS (
            SELECT 1 FROM market_reuse_ground g
            JOIN registry_agreement a ON a.id = g.agreement_id AND a.signed_at <= o.placed_at
            JOIN registry_agreement_resource s ON s.agreement_id = a.id AND s.resource_id = g.resource_id
            JOIN registry_product_input i ON i.resource_id = g.resource_id AND i.access = 'free'
            JOIN registry_resource r ON r.id = g.resource_id
            WHERE g.order_id = o.id AND g.agreement_id = o.agreement_id AND i.version_id = o.version_id
                AND r.source_department_id = o.buyer_id))"""),
    Check("REU-01", "无偿回用的依据与订单或数据来源不符", """SELECT o.number FROM market_reuse_ground g
        JOIN market_order o ON o.id = g.order_id JOIN registry_resource r ON r.id = g.resource_id
        WHERE o.reason <> 'source_reuse' OR o.amount <> 0 OR g.agreement_id <> o.agreement_id
            OR r.source_department_id <> o.buyer_id OR NOT EXISTS (SELECT 1 FROM registry_product_input i
                WHERE i.version_id = o.version_id AND i.resource_id = g.resource_id AND i.access = 'free')
            OR NOT EXISTS (SELECT 1 FROM registry_agreement_resource s
                WHERE s.agreement_id = g.agreement_id AND s.resource_id = g.resource_id)"""),
    Check("B11", "权益的用途、场景或买方与订单不符", """SELECT t.number FROM market_entitlement t
        JOIN market_order o ON o.id = t.order_id WHERE t.purpose <> o.purpose OR t.scenario <> o.scenario
            OR t.buyer_id <> o.buyer_id OR t.version_id <> o.version_id OR t.quota <> o.quantity"""),
)  # fmt: skip

CHECKS = (*LEDGER, *PAYMENTS, *PRICES, *GATES)
