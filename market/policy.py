"""The part of the law that the market needs: who sells what to whom, where and how."""

from dataclasses import dataclass
from typing import Annotated

from kernel.policy import Cited
from kernel.policy_part import Named, PolicyPart


@dataclass(frozen=True)
class MarketPolicy(PolicyPart):
    """Rules of one place on one day; each attribute is None where that place has no such rule.

    Example: ``policy = MarketPolicy.at(book, "futian", on)``,
    then ``separated = policy.says("seller_operator_merchant_separation")``.
    """

    agreement_service_agreement_required: Annotated[Cited | None, Named("agreement.service_agreement_required")]

    egress_raw_data_forbidden: Annotated[Cited | None, Named("egress.raw_data_forbidden")]
    egress_restorable_forbidden: Annotated[Cited | None, Named("egress.restorable_forbidden")]

    exemption_purposes_free: Annotated[Cited | None, Named("exemption.purposes_free")]

    tax_vat_rate: Annotated[Cited | None, Named("tax.vat.rate")]
    tax_vat_levy_rate: Annotated[Cited | None, Named("tax.vat.levy_rate")]

    seller_capacities: Annotated[Cited | None, Named("seller.capacities")]
    seller_operator_merchant_separation: Annotated[Cited | None, Named("seller.operator_merchant_separation")]
    seller_operator_redevelopment_forbidden: Annotated[Cited | None, Named("seller.operator_redevelopment_forbidden")]
    seller_related_party_equity_rate_min: Annotated[Cited | None, Named("seller.related_party_equity_rate_min")]

    venue_required: Annotated[Cited | None, Named("venue.required")]
    venue_name: Annotated[Cited | None, Named("venue.name")]
    venue_channels: Annotated[Cited | None, Named("venue.channels")]

    reuse_source_department_free: Annotated[Cited | None, Named("reuse.source_department_free")]

    feedback_delivery: Annotated[Cited | None, Named("feedback.delivery")]

    intermediary_duties: Annotated[Cited | None, Named("intermediary.duties")]

    contract_model_types: Annotated[Cited | None, Named("contract.model_types")]

    dispute_tracks: Annotated[Cited | None, Named("dispute.tracks")]
    dispute_working_days: Annotated[Cited | None, Named("dispute.working_days")]

    retention_trade_record_years_min: Annotated[Cited | None, Named("retention.trade_record_years_min")]

    disclosure_price_list_before_charging: Annotated[Cited | None, Named("disclosure.price_list_before_charging")]
