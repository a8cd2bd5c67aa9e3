"""The part of the law that settlement needs: who gets what, and on which account."""

from dataclasses import dataclass
from typing import Annotated

from kernel.policy import Cited
from kernel.policy_part import Named, PolicyPart


@dataclass(frozen=True)
class SettlementPolicy(PolicyPart):
    """Rules of one place on one day; each attribute is None where that place has no such rule.

    Example: ``policy = SettlementPolicy.at(book, "futian", on)``,
    then ``payee = policy.payee_administrative_unit``.
    """

    exemption_purposes_free: Annotated[Cited | None, Named("exemption.purposes_free")]

    cost_operator_borne: Annotated[Cited | None, Named("cost.operator_borne")]
    cost_merchant_charged_services: Annotated[Cited | None, Named("cost.merchant_charged_services")]

    tax_vat_rate: Annotated[Cited | None, Named("tax.vat.rate")]
    tax_vat_levy_rate: Annotated[Cited | None, Named("tax.vat.levy_rate")]

    distribution_methods: Annotated[Cited | None, Named("distribution.methods")]
    distribution_contribution_indices: Annotated[Cited | None, Named("distribution.contribution_indices")]

    payee_administrative_unit: Annotated[Cited | None, Named("settlement.payee.administrative_unit")]
    payee_public_institution: Annotated[Cited | None, Named("settlement.payee.public_institution")]
    payee_enterprise: Annotated[Cited | None, Named("settlement.payee.enterprise")]
    prohibited_acts: Annotated[Cited | None, Named("settlement.prohibited_acts")]

    accounting_data_resource_classes: Annotated[Cited | None, Named("accounting.data_resource_classes")]

    retention_trade_record_years_min: Annotated[Cited | None, Named("retention.trade_record_years_min")]
    retention_voucher_years_min: Annotated[Cited | None, Named("retention.voucher_years_min")]
