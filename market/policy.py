"""The part of the law that the market needs: who sells what to whom, where and how."""

from dataclasses import dataclass

from kernel.policy_part import Named, PolicyPart


@dataclass(frozen=True)
class MarketPolicy(PolicyPart):
    """Rules of one place on one day; each attribute is None where that place has no such rule.

    Example: ``policy = MarketPolicy.at(book, "futian", on)``,
    then ``separated = policy.says("seller_operator_merchant_separation")``.
    """

    agreement_service_agreement_required = Named("agreement.service_agreement_required")

    egress_raw_data_forbidden = Named("egress.raw_data_forbidden")
    egress_restorable_forbidden = Named("egress.restorable_forbidden")

    exemption_purposes_free = Named("exemption.purposes_free")

    tax_vat_rate = Named("tax.vat.rate")
    tax_vat_levy_rate = Named("tax.vat.levy_rate")

    seller_capacities = Named("seller.capacities")
    seller_operator_merchant_separation = Named("seller.operator_merchant_separation")
    seller_operator_redevelopment_forbidden = Named("seller.operator_redevelopment_forbidden")
    seller_related_party_equity_rate_min = Named("seller.related_party_equity_rate_min")

    venue_required = Named("venue.required")
    venue_name = Named("venue.name")
    venue_channels = Named("venue.channels")

    reuse_source_department_free = Named("reuse.source_department_free")

    feedback_delivery = Named("feedback.delivery")

    intermediary_duties = Named("intermediary.duties")

    contract_model_types = Named("contract.model_types")

    dispute_tracks = Named("dispute.tracks")
    dispute_working_days = Named("dispute.working_days")
    dispute_acceptance_working_days = Named("dispute.acceptance_working_days")
    dispute_statement_working_days = Named("dispute.statement_working_days")
    dispute_mediation_working_days = Named("dispute.mediation_working_days")

    retention_log_months_min = Named("retention.log_months_min")
    retention_trade_record_years_min = Named("retention.trade_record_years_min")
    retention_voucher_years_min = Named("retention.voucher_years_min")

    disclosure_price_list_before_charging = Named("disclosure.price_list_before_charging")
