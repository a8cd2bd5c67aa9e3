"""Are the database's own refusals still in place? A dropped trigger is a breach, even before anybody uses the hole."""

from __future__ import annotations

import sqlalchemy as sa

APPEND_ONLY = (
    "audit_line", "audit_seal", "evidence_file", "market_entitlement", "market_quote", "pricing_ceiling",
    "pricing_fee_cap", "pricing_tariff", "registry_product_version", "registry_product_input",
    "registry_review_opinion", "settlement_journal_entry", "settlement_journal_line", "settlement_revenue_line",
    "settlement_share_line", "settlement_statement", "settlement_usage_event",
)  # fmt: skip
OTHERS = (
    "settlement_journal_entry_balanced", "settlement_journal_line_closed", "market_order_frozen",
    "market_payment_frozen", "pricing_tariff_above_cap", "settlement_run_sealed", "settlement_run_kept",
    "settlement_share_schedule_frozen", "settlement_share_line_payee", "settlement_share_line_closed",
    "settlement_revenue_line_closed", "settlement_statement_closed",
)  # fmt: skip


def missing_guards(connection: sa.Connection) -> list[str]:
    """Return the triggers that are gone or switched off."""
    wanted = {f"{table}_no_{act}" for table in APPEND_ONLY for act in ("update", "delete")} | set(OTHERS)
    if connection.dialect.name == "postgresql":
        query = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'A'"
    else:
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    present = set(connection.scalars(sa.text(query)))
    return [f"GUARD 数据库触发器缺失或被停用：{name}" for name in sorted(wanted - present)]
