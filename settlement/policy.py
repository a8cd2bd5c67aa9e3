"""The part of the law that settlement needs: who gets what, and on which account."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from kernel.policy import Cited, PolicyBook
from kernel.policy_part import Named, PolicyPart


@dataclass(frozen=True)
class SettlementPolicy(PolicyPart):
    """Rules of one place on one day; each attribute is None where that place has no such rule.

    Example: ``policy = SettlementPolicy.at(book, "futian", on)``,
    then ``payee = policy.payee_administrative_unit``.
    """

    exemption_purposes_free = Named("exemption.purposes_free")

    cost_operator_borne = Named("cost.operator_borne")
    cost_merchant_charged_services = Named("cost.merchant_charged_services")

    tax_vat_rate = Named("tax.vat.rate")
    tax_vat_levy_rate = Named("tax.vat.levy_rate")

    distribution_methods = Named("distribution.methods")
    distribution_contribution_indices = Named("distribution.contribution_indices")

    objection_days = Named("settlement.objection_days")

    payee_administrative_unit = Named("settlement.payee.administrative_unit")
    payee_public_institution = Named("settlement.payee.public_institution")
    payee_enterprise = Named("settlement.payee.enterprise")
    prohibited_acts = Named("settlement.prohibited_acts")

    clawback_order = Named("settlement.clawback.order")
    clawback_net_rate_max = Named("settlement.clawback.net_rate_max")
    clawback_keep_min = Named("settlement.clawback.keep_min")

    provider_fee_rate = Named("settlement.provider_fee.rate")
    provider_fee_fixed = Named("settlement.provider_fee.fixed")

    provider_payout_working_days = Named("settlement.provider_payout.working_days")

    settlement_due_working_days = Named("settlement.due_working_days")
    settlement_reminder_working_days = Named("settlement.reminder_working_days")

    settlement_receipt_required = Named("settlement.receipt_required")
    settlement_usage_grace_hours = Named("settlement.usage_grace_hours")

    accounting_data_resource_classes = Named("accounting.data_resource_classes")

    retention_trade_record_years_min = Named("retention.trade_record_years_min")
    retention_voucher_years_min = Named("retention.voucher_years_min")


PAYEE_RULES = {
    "ADMINISTRATIVE_UNIT": "payee_administrative_unit",
    "INSTITUTION_RULE": "payee_public_institution",
    "ENTERPRISE": "payee_enterprise",
}


def payee_rules(book: PolicyBook, place: str, on: date, reasons: Iterable[str]) -> dict[str, Cited]:
    """Return, by reason code of a share, the rule that named its account; only those that the reasons need (REV-05)."""
    policy = SettlementPolicy.at(book, place, on)
    found = {reason: getattr(policy, PAYEE_RULES[reason]) for reason in sorted(set(reasons) & PAYEE_RULES.keys())}
    return {reason: cited for reason, cited in found.items() if cited is not None}
