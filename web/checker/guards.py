"""Are the database's own refusals still in place? A dropped trigger is a breach, even before anybody uses the hole."""

from __future__ import annotations

import hashlib
from pathlib import Path

import sqlalchemy as sa
import yaml

APPEND_ONLY = (
    "audit_leaves", "audit_line", "audit_seal", "evidence_file", "market_bank_file", "market_bank_line_release",
    "market_bank_line_share", "market_buyer_account_line", "market_call_limit", "market_contract_seal",
    "market_data_set", "market_data_set_row", "market_dispute_proposal", "market_dispute_statement",
    "market_dispute_verdict", "market_download", "market_entitlement", "market_gateway", "market_import_batch",
    "market_import_row", "market_interchange_record", "market_monthly_statement", "market_order_approval",
    "market_payer_name", "market_product_file", "market_provider_dispute", "market_quote", "market_receipt_count",
    "market_receipt_signature", "market_reuse_ground", "market_taxpayer", "pricing_assessment",
    "pricing_buyer_class_change", "pricing_buyer_class_member", "pricing_buyer_class_rule", "pricing_ceiling",
    "pricing_charge", "pricing_cycle_closing", "pricing_deduction", "pricing_determination_step",
    "pricing_evaluation_cycle", "pricing_exemption_terms", "pricing_fee_cap", "pricing_headroom_alarm",
    "pricing_headroom_reading", "pricing_misuse_line", "pricing_misuse_statement", "pricing_negotiable",
    "pricing_negotiation_round", "pricing_proposal", "pricing_proposal_decision", "pricing_service_fee",
    "pricing_tariff", "pricing_value_basis", "registry_access_decision", "registry_account_person",
    "registry_application_proof", "registry_application_score", "registry_co_registrant", "registry_correction_finding",
    "registry_correction_report", "registry_credit_record", "registry_deletion_certificate", "registry_delivery",
    "registry_duty_filing", "registry_egress_export", "registry_emergency_drill", "registry_emergency_plan",
    "registry_ending_ask", "registry_evidence_record", "registry_incident_report", "registry_interested_party",
    "registry_objection_file", "registry_onboarding_document", "registry_onboarding_statement",
    "registry_partial_deletion", "registry_party_name", "registry_person", "registry_product_derivation",
    "registry_product_input", "registry_product_version", "registry_quality_event", "registry_registration_record",
    "registry_registration_record_end", "registry_relation", "registry_relation_end", "registry_request_clearance",
    "registry_request_resource", "registry_resource_consent", "registry_resource_registration",
    "registry_resource_sample", "registry_resource_shared_in", "registry_review_opinion", "registry_review_pause",
    "registry_service_signature", "registry_standard_text", "registry_training_record", "registry_version_evidence",
    "registry_version_origin", "settlement_anchor", "settlement_anchored_root", "settlement_archived_day",
    "settlement_break_step", "settlement_clawback", "settlement_contribution_figure", "settlement_journal_entry",
    "settlement_journal_line", "settlement_order_terms", "settlement_payee_notice", "settlement_payout_arrival",
    "settlement_payout_arrival_release", "settlement_period_root", "settlement_provider_batch",
    "settlement_provider_file", "settlement_provider_line", "settlement_reconciliation_run", "settlement_revenue_line",
    "settlement_root_part", "settlement_schedule_signature", "settlement_share_line", "settlement_statement",
    "settlement_usage_day", "settlement_usage_event",
)  # fmt: skip
OTHERS = (
    "market_approval_rule_final", "market_bank_line_frozen", "market_bank_line_share_covered",
    "market_buyer_account_line_covered", "market_contract_frozen", "market_delivery_receipt_signed",
    "market_dispute_final", "market_feedback_final", "market_invoice_frozen", "market_invoice_line_kept",
    "market_invoice_line_stays", "market_order_frozen", "market_payment_attempt_frozen", "market_payment_frozen",
    "market_refund_covered", "market_refund_frozen", "market_stripe_event_frozen", "market_webhook_attempt_frozen",
    "market_webhook_message_frozen", "pricing_adjustment_frozen", "pricing_adjustment_kept",
    "pricing_allocation_key_closed", "pricing_allocation_key_kept", "pricing_allocation_key_late",
    "pricing_cap_plan_closed", "pricing_cap_plan_row_closed", "pricing_cap_plan_row_kept", "pricing_cap_plan_row_late",
    "pricing_complaint_final", "pricing_cost_line_closed", "pricing_cost_line_late", "pricing_cost_survey_charges_once",
    "pricing_cost_survey_closed", "pricing_cycle_overlap", "pricing_exemption_amendment_final", "pricing_fee_cap_place",
    "pricing_misuse_final", "pricing_negotiation_closed", "pricing_negotiation_kept", "pricing_parked_price_final",
    "pricing_parked_price_kept", "pricing_tariff_above_cap",
    "registry_agreement_scope_ends_once", "registry_agreement_scope_is_fixed", "registry_agreement_scope_is_kept",
    "registry_agreement_signed_is_fixed", "registry_call_published_is_fixed", "registry_disclosure_content_fixed",
    "registry_disclosure_published_stays", "registry_evaluation_final", "registry_grant_ask_is_fixed",
    "registry_incident_facts_fixed", "registry_objection_final", "registry_plan_scope_is_fixed",
    "registry_plan_submitted_is_fixed", "registry_registration_ask_final", "registry_registration_code_fixed",
    "registry_review_opinion_silence", "registry_service_agreement_is_fixed", "settlement_break_frozen",
    "settlement_break_kept", "settlement_break_two_people", "settlement_clawback_netting_covered",
    "settlement_clawback_netting_frozen", "settlement_clawback_recovery_covered", "settlement_clawback_recovery_frozen",
    "settlement_closing_closed", "settlement_closing_kept", "settlement_closing_overlap",
    "settlement_contribution_notice_shown", "settlement_contribution_objection_closed",
    "settlement_journal_entry_balanced", "settlement_journal_entry_over_reversed", "settlement_journal_entry_period",
    "settlement_journal_entry_reversed_deep", "settlement_journal_entry_sealed", "settlement_journal_line_closed",
    "settlement_payee_account_frozen", "settlement_payee_freeze_kept", "settlement_payout_arrival_covered",
    "settlement_payout_arrival_line", "settlement_payout_batch_frozen", "settlement_payout_frozen",
    "settlement_payout_item_frozen", "settlement_payout_own", "settlement_payout_resolution_final",
    "settlement_payout_resolution_kept", "settlement_payout_three",
    "settlement_revenue_line_closed", "settlement_run_kept", "settlement_run_overlap", "settlement_run_sealed",
    "settlement_share_line_closed", "settlement_share_line_payee", "settlement_share_schedule_frozen",
    "settlement_statement_closed",
)  # fmt: skip


REGISTER = Path(__file__).with_name("guards.yaml")  # of OTHERS: what each says, as digests; written by its test
TRIGGERS = {
    "sqlite": """SELECT name, tbl_name || '|' || sql, 1 FROM sqlite_master WHERE type = 'trigger'""",
    "postgresql": """SELECT t.tgname, concat_ws('|', t.tgrelid::regclass, t.tgtype, t.tgattr, t.tgqual IS NULL,
        p.proretset, p.proconfig, p.prosrc), t.tgenabled = 'A' FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
        WHERE NOT t.tgisinternal""",
}
# of PostgreSQL's catalogue: before each row (3) or each statement (2) of UPDATE (16), DELETE (8), TRUNCATE (32)
KINDS = {"update": 19, "delete": 11, "truncate": 34}
DIGITS = 16


def wanted_guards(dialect: str) -> set[str]:
    """Return the names of the triggers that must be there."""
    return {f"{table}_no_{act}" for table in APPEND_ONLY for act in acts_of(dialect)} | set(OTHERS)


def acts_of(dialect: str) -> tuple[str, ...]:
    """Return what an append-only table refuses."""
    return ("update", "delete", "truncate") if dialect == "postgresql" else ("update", "delete")


def present_guards(connection: sa.Connection) -> set[str]:
    """Return the names of the triggers that are there and switched on."""
    return set(said_by_guards(connection))


def said_by_guards(connection: sa.Connection) -> dict[str, str]:
    """Return what each trigger says that is there and switched on, without quotation marks and double spaces."""
    rows = connection.execute(sa.text(TRIGGERS[connection.dialect.name]))
    return {name: " ".join(text.replace('"', "").split()) for name, text, is_on in rows if is_on}


def short(text: str) -> str:
    """Return what the register keeps of a trigger."""
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]


def missing_guards(connection: sa.Connection) -> list[str]:
    """Return the triggers that are gone or switched off, and those that stand there and say something else."""
    dialect = connection.dialect.name
    said, wanted = said_by_guards(connection), wanted_guards(dialect)
    found = [f"GUARD 数据库触发器缺失或被停用：{name}" for name in sorted(wanted - said.keys())]
    right = _refusing_all(dialect) | _registered(dialect)
    changed = sorted(name for name in wanted & said.keys() if short(said[name]) != right.get(name))
    return found + [f"GUARD 数据库触发器内容被改动：{name}" for name in changed]


def _refusing_all(dialect: str) -> dict[str, str]:
    """Return the digests of the triggers of the append-only tables, which all say the same."""
    return {
        f"{table}_no_{act}": short(_refusal(table, act, dialect)) for table in APPEND_ONLY for act in acts_of(dialect)
    }


def _refusal(table: str, act: str, dialect: str) -> str:
    words = f"{table} is append-only: book a correction instead"
    if dialect == "postgresql":
        body = f"BEGIN RAISE EXCEPTION '{words}' USING ERRCODE = 'restrict_violation'; END"
        return f"{table}|{KINDS[act]}||t|f| {body}"
    head = f"{table}|CREATE TRIGGER {table}_no_{act} BEFORE {act.upper()} ON {table}"
    return f"{head} BEGIN SELECT RAISE(ABORT, '{words}'); END"


def _registered(dialect: str) -> dict[str, str]:
    kept: dict[str, dict[str, str]] = yaml.safe_load(REGISTER.read_text(encoding="utf-8"))
    return {name: digests[dialect] for name, digests in kept.items()}
