"""The independent checker finds each planted breach, names it, and finds nothing in sound books."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.rig.books import damaged, findings_of, told_books
from web.cli import huiyi

LAST_LINE = "(SELECT max(rowid) FROM settlement_journal_line)"
BREACHES = {
    "A1 一行分录被改": f"UPDATE settlement_journal_line SET amount = amount + 1 WHERE rowid = {LAST_LINE}",
    "A1 一行分录被删": f"DELETE FROM settlement_journal_line WHERE rowid = {LAST_LINE}",
    "A1 凭证头被删": "DELETE FROM settlement_journal_entry WHERE number = 2",
    "A1 凭证头没有分录": "DELETE FROM settlement_journal_line "
    "WHERE entry_id = (SELECT id FROM settlement_journal_entry LIMIT 1)",
    "A10 凭证号跳号": "UPDATE settlement_journal_entry SET number = 99 WHERE number = 1",
    "A2 预收变成借方": (
        "UPDATE settlement_journal_line SET amount = -9 * amount "
        "WHERE account LIKE 'liability:unearned:%' AND amount < 0"
    ),
    "A2 银行变成贷方": "UPDATE settlement_journal_line SET amount = -amount WHERE account LIKE 'asset:bank:%'",
    "E11 收款金额被改": "UPDATE market_payment SET amount = amount + 1",
    "E11 入账的收款不存在": "UPDATE market_payment SET captured_at = NULL, bank_line = NULL, state = 'expected'",
    "C2 已付款却没有到账记录": "DELETE FROM market_payment",
    "C2 已到账而订单未推进": "UPDATE market_order SET state = 'placed' WHERE amount > 0",
    "C2 合同未签即有权益": "UPDATE market_contract SET seller_signed_at = NULL, seller_signed_by = NULL",
    "B1 公益用途被收费": (
        "UPDATE market_order SET amount = 100 WHERE purpose IN ('public_welfare', 'public_governance')"
    ),
    "B4 订单金额与报价不符": "UPDATE market_order SET amount = amount + 1 WHERE amount > 0",
    "B5 登记被删": "DELETE FROM registry_registration",
    "B5 审查结论被改": "UPDATE registry_review SET state = 'refused'",
    "B5 协议没有签署": "UPDATE registry_agreement SET signed_at = NULL",
    "B7 公示未满即赋码": "UPDATE registry_registration SET coded_at = '2026-01-06 00:00:00'",
    "B11 权益换了场景": "UPDATE market_entitlement SET scenario = '别的场景'",
    "PRC-02 准许收入被改": "UPDATE pricing_ceiling SET max_permitted_revenue = max_permitted_revenue + 100",
    "PRC-02 利润率超限": "UPDATE pricing_ceiling SET profit_rate = bond_yield + spread_max + 1",
    "PRC-03 报告晚于生效": "UPDATE pricing_fee_cap SET report_date = '2030-01-01'",
    "PRC-05 价格高于上限": "UPDATE pricing_tariff SET unit_price_max = 999999999999 WHERE cap_id IS NOT NULL",
    "PUB-02 免费没有批准": "UPDATE pricing_exemption SET approved_at = NULL",
    "REU-01 没有供数的单位无偿回用": "UPDATE market_order SET reason = 'source_reuse' WHERE amount > 0",
    "C6 已用量被改": "UPDATE settlement_usage_total SET used = used - 1 WHERE used > 0",
    "C6 使用事件被删": (
        "DELETE FROM settlement_usage_event WHERE rowid = (SELECT max(rowid) FROM settlement_usage_event WHERE hit)"
    ),
    "C6 使用事件换了产品": "UPDATE settlement_usage_event SET product_id = lower(hex(randomblob(16)))",
    "C1 已用量超过购买量": "UPDATE settlement_usage_total SET used = quota + 1 WHERE quota IS NOT NULL",
    "A13 收入不等于净额加税": "UPDATE settlement_revenue_line SET tax = tax + 1 WHERE gross > 0",
    "A4 一方多分一分": "UPDATE settlement_share_line SET amount = amount + 1 WHERE amount > 0",
    "H1 收入超过收款": ("UPDATE settlement_revenue_line SET gross = gross * 1000, net = net * 1000, tax = tax * 1000"),
    "H1 收入没有凭证": "UPDATE settlement_journal_entry SET cause_id = cause_id || 'x' WHERE cause = 'revenue_earned'",
    "H1 结算单被删": "DELETE FROM settlement_statement",
    "H1 结算单合计被改": "UPDATE settlement_statement SET total = total + 1",
    "H2 结算单明细被改": "UPDATE settlement_statement SET lines = '[]'",
    "H2 结算被退回": "UPDATE settlement_run SET state = 'prepared', checked_at = NULL, sealed_at = NULL",
    "H3 结算底稿被改": "UPDATE settlement_run SET report = '{}'",
    "H9 编制与复核同一人": "UPDATE settlement_run SET checked_by = prepared_by",
    "REV-01 方案未签署": "UPDATE settlement_share_schedule SET state = 'draft', signed_at = NULL",
    "REV-05 行政单位自留收益": (
        "UPDATE settlement_share_line SET payee_kind = 'own_account' WHERE payee_kind = 'treasury_non_tax'"
    ),
    "CONTRACT 合同文本被改": "UPDATE market_contract SET text = text || '。'",
    "FILE 证据被换": "UPDATE evidence_file SET content = x'00'",
    "SEAL 审计行被改": "UPDATE audit_line SET note = note || 'x' WHERE rowid = 3",
    "SEAL 叶摘要被改": "UPDATE audit_leaves SET hashes = zeroblob(length(hashes))",
    "ROOT 封存根被改": "UPDATE settlement_period_root SET sm3 = sha256",
    "ROOT 封存根被删": "DELETE FROM settlement_root_part",
    "ROOT 封存的销售被改": "UPDATE settlement_revenue_line SET rating = '{}'",
    "RECEIPT 交付回执被改": (
        "UPDATE market_delivery_receipt SET provider_count = provider_count + 1 WHERE sha256 IS NOT NULL"
    ),
    "RECEIPT 回执签署被删": "DELETE FROM market_receipt_signature",
    "SEAL 审计行被删": "DELETE FROM audit_line WHERE rowid = 3",
}


@pytest.fixture(scope="module")
def books() -> Path:
    """The books of three places after the whole story."""
    return told_books()


def test_sound_books_have_no_findings(books: Path) -> None:
    assert findings_of(books) == []


@pytest.mark.parametrize("breach", BREACHES)
def test_each_planted_breach_is_found_and_named(books: Path, tmp_path: Path, breach: str) -> None:
    found = findings_of(damaged(books, tmp_path, BREACHES[breach]))
    code = breach.split()[0]
    assert any(finding.startswith(f"{code} ") for finding in found), found


def test_a_dropped_trigger_is_found(books: Path, tmp_path: Path) -> None:
    path = tmp_path / "open.sqlite"
    shutil.copy(books, path)
    connection = sqlite3.connect(path)
    connection.execute("DROP TRIGGER settlement_journal_line_no_update")
    connection.commit()
    connection.close()
    assert findings_of(path) == ["GUARD 数据库触发器缺失或被停用：settlement_journal_line_no_update"]


def test_the_terminal_exits_1_with_findings_and_0_without(books: Path, tmp_path: Path) -> None:
    broken = damaged(books, tmp_path, BREACHES["H1 结算单被删"])
    assert CliRunner().invoke(huiyi, ["verify", "--from", str(books)]).exit_code == 0
    refused = CliRunner().invoke(huiyi, ["verify", "--from", str(broken)])
    assert refused.exit_code == 1
    assert "H1" in refused.output
