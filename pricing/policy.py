"""The part of the law that pricing needs: what may be charged."""

from dataclasses import dataclass

from kernel.policy_part import Named, PolicyPart


@dataclass(frozen=True)
class PricingPolicy(PolicyPart):
    """Rules of one place on one day; each attribute is None where that place has no such rule.

    Example: ``policy = PricingPolicy.at(book, "futian", on)``,
    then ``spread = policy.require("profit_rate_spread_max").decimal()``.
    """

    regime_operator = Named("pricing.regime.operator")
    regime_merchant = Named("pricing.regime.merchant")
    merchant_price_basis = Named("pricing.merchant_price_basis")
    authority_levels = Named("pricing.authority_levels")
    bond_yield_10y = Named("pricing.bond_yield_10y")
    profit_rate_spread_max = Named("pricing.profit_rate.spread_max")
    cost_categories = Named("pricing.cost_categories")
    caps_report_required = Named("pricing.caps_report_required")
    charge_units = Named("pricing.charge_units")
    notice_days_for_rise = Named("pricing.notice_days_for_rise")
    trial_allowed = Named("pricing.trial.allowed")
    evaluation_cycle_years_max = Named("pricing.evaluation_cycle_years_max")
    smoothing_threshold = Named("pricing.smoothing_threshold")
    deviation_threshold = Named("pricing.deviation.threshold")
    price_step = Named("pricing.price_step")
    adjustment_days = Named("pricing.adjustment_days")
    headroom_alert_share = Named("pricing.headroom.alert_share")
    headroom_forecast_months = Named("pricing.headroom.forecast_months")
    complaint_working_days = Named("pricing.complaint_working_days")
    block_at_ceiling = Named("pricing.block_at_ceiling")
    separate_accounting_required = Named("pricing.separate_accounting_required")
    service_fee_principle = Named("pricing.service_fee.principle")
    service_fee_margin_max = Named("pricing.service_fee.margin_max")
    report_due = Named("pricing.report_due")

    exemption_purposes_free = Named("exemption.purposes_free")
    exemption_purposes_charged = Named("exemption.purposes_charged")
    exemption_evidence_required = Named("exemption.evidence_required")

    cost_operator_borne = Named("cost.operator_borne")
    cost_merchant_charged_services = Named("cost.merchant_charged_services")

    tax_vat_rate = Named("tax.vat.rate")
    tax_vat_levy_rate = Named("tax.vat.levy_rate")

    disclosure_free_use_value_public = Named("disclosure.free_use_value_public")
    disclosure_price_list_before_charging = Named("disclosure.price_list_before_charging")
