"""The part of the law that pricing needs: what may be charged."""

from dataclasses import dataclass
from typing import Annotated

from kernel.policy import Cited
from kernel.policy_part import Named, PolicyPart


@dataclass(frozen=True)
class PricingPolicy(PolicyPart):
    """Rules of one place on one day; each attribute is None where that place has no such rule.

    Example: ``policy = PricingPolicy.at(book, "futian", on)``,
    then ``spread = policy.require("profit_rate_spread_max").decimal()``.
    """

    regime_operator: Annotated[Cited | None, Named("pricing.regime.operator")]
    regime_merchant: Annotated[Cited | None, Named("pricing.regime.merchant")]
    merchant_price_basis: Annotated[Cited | None, Named("pricing.merchant_price_basis")]
    authority_levels: Annotated[Cited | None, Named("pricing.authority_levels")]
    bond_yield_10y: Annotated[Cited | None, Named("pricing.bond_yield_10y")]
    profit_rate_spread_max: Annotated[Cited | None, Named("pricing.profit_rate.spread_max")]
    cost_categories: Annotated[Cited | None, Named("pricing.cost_categories")]
    caps_report_required: Annotated[Cited | None, Named("pricing.caps_report_required")]
    charge_units: Annotated[Cited | None, Named("pricing.charge_units")]
    trial_allowed: Annotated[Cited | None, Named("pricing.trial.allowed")]
    evaluation_cycle_years_max: Annotated[Cited | None, Named("pricing.evaluation_cycle_years_max")]
    smoothing_threshold: Annotated[Cited | None, Named("pricing.smoothing_threshold")]
    deviation_threshold: Annotated[Cited | None, Named("pricing.deviation.threshold")]
    separate_accounting_required: Annotated[Cited | None, Named("pricing.separate_accounting_required")]
    service_fee_principle: Annotated[Cited | None, Named("pricing.service_fee.principle")]
    service_fee_margin_max: Annotated[Cited | None, Named("pricing.service_fee.margin_max")]
    report_due: Annotated[Cited | None, Named("pricing.report_due")]

    exemption_purposes_free: Annotated[Cited | None, Named("exemption.purposes_free")]
    exemption_purposes_charged: Annotated[Cited | None, Named("exemption.purposes_charged")]

    cost_operator_borne: Annotated[Cited | None, Named("cost.operator_borne")]
    cost_merchant_charged_services: Annotated[Cited | None, Named("cost.merchant_charged_services")]

    tax_vat_rate: Annotated[Cited | None, Named("tax.vat.rate")]
    tax_vat_levy_rate: Annotated[Cited | None, Named("tax.vat.levy_rate")]

    disclosure_price_list_before_charging: Annotated[Cited | None, Named("disclosure.price_list_before_charging")]
