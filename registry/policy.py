"""The part of the law that the registry needs: who, what, under which agreement, and whether it is allowed."""

from dataclasses import dataclass

from kernel.policy_part import Named, PolicyPart


@dataclass(frozen=True)
class RegistryPolicy(PolicyPart):
    """Rules of one place on one day; each attribute is None where that place has no such rule.

    Example: ``policy = RegistryPolicy.at(book, "futian", on)``,
    then ``term_years = policy.require("agreement_term_years_max").integer()``.
    """

    plan_items_required = Named("plan.items_required")
    plan_collective_decision_required = Named("plan.collective_decision_required")
    plan_filing_required = Named("plan.filing_required")
    plan_authorization_modes = Named("plan.authorization_modes")
    plan_stages = Named("plan.stages")

    agreement_items_required = Named("agreement.items_required")
    agreement_term_years_max = Named("agreement.term_years_max")
    agreement_term_years_exact = Named("agreement.term_years_exact")
    agreement_trial_months_max = Named("agreement.trial_months_max")
    agreement_reapply_months_before = Named("agreement.reapply_months_before")
    agreement_legal_form = Named("agreement.legal_form")
    agreement_organisation_kinds = Named("agreement.organisation_kinds")
    agreement_filing_required = Named("agreement.filing_required")
    agreement_coordination_required = Named("agreement.coordination_required")
    agreement_service_agreement_required = Named("agreement.service_agreement_required")
    agreement_emergency_plan_required = Named("agreement.emergency_plan_required")
    agreement_emergency_plans_exact = Named("agreement.emergency_plans_exact")

    emergency_drill_months_max = Named("emergency.drill_months_max")

    operator_selection_methods = Named("operator.selection_methods")
    operator_application_stages = Named("operator.application_stages")
    operator_conditions_required = Named("operator.conditions_required")
    operator_incident_free_years_min = Named("operator.incident_free_years_min")
    operator_status_approved_by = Named("operator.status_approved_by")
    operator_review_validity_years = Named("operator.review_validity_years")
    operator_prohibited_acts = Named("operator.prohibited_acts")

    training_required = Named("training.required")
    training_roles = Named("training.roles")
    training_validity_months = Named("training.validity_months")

    request_scenario_unit = Named("request.scenario_unit")
    request_network_security_review_required = Named("request.network_security_review_required")
    request_shared_data_consent_required = Named("request.shared_data_consent_required")
    request_check_by = Named("request.check_by")
    request_check_working_days = Named("request.check_working_days")
    request_reviewers = Named("request.reviewers")
    request_review_working_days = Named("request.review_working_days")
    request_deemed_consent = Named("request.deemed_consent")
    request_irs_review_required = Named("request.irs_review_required")
    request_simulated_data_offered = Named("request.simulated_data_offered")

    review_stages = Named("review.stages")
    review_checks_required = Named("review.checks_required")
    review_stage_working_days = Named("review.stage_working_days")
    review_appeal_working_days = Named("review.appeal_working_days")
    review_warning_working_days = Named("review.warning_working_days")

    quality_ticket_working_days = Named("quality.ticket_working_days")
    quality_window_months = Named("quality.window_months")
    quality_penalty_open = Named("quality.penalty_open")
    quality_penalty_resolved = Named("quality.penalty_resolved")
    quality_weight_completeness = Named("quality.weight_completeness")
    quality_weight_accuracy = Named("quality.weight_accuracy")
    quality_weight_timeliness = Named("quality.weight_timeliness")
    quality_weight_consistency = Named("quality.weight_consistency")
    quality_weight_other = Named("quality.weight_other")

    egress_check_required = Named("egress.check_required")
    egress_raw_data_forbidden = Named("egress.raw_data_forbidden")
    egress_restorable_forbidden = Named("egress.restorable_forbidden")

    platform_functions_required = Named("platform.functions_required")

    registration_required_for = Named("registration.required_for")
    registration_materials_required = Named("registration.materials_required")
    registration_first_application_working_days = Named("registration.first_application_working_days")
    registration_legacy_application_working_days = Named("registration.legacy_application_working_days")
    registration_acceptance_working_days = Named("registration.acceptance_working_days")
    registration_review_working_days = Named("registration.review_working_days")
    registration_notice_working_days = Named("registration.notice_working_days")
    registration_cancellation_working_days = Named("registration.cancellation_working_days")
    registration_change_working_days = Named("registration.change_working_days")
    registration_validity_years = Named("registration.validity_years")
    registration_renewal_window_days = Named("registration.renewal_window_days")
    registration_renewal_years_max = Named("registration.renewal_years_max")
    registration_local_register = Named("registration.local_register")
    registration_local_filing_required = Named("registration.local_filing_required")

    retention_log_months_min = Named("retention.log_months_min")
    retention_trade_record_years_min = Named("retention.trade_record_years_min")
    retention_voucher_years_min = Named("retention.voucher_years_min")

    disclosure_implementing_institution_due = Named("disclosure.implementing_institution_due")
    disclosure_implementing_institution_items = Named("disclosure.implementing_institution_items")
    disclosure_operating_institution_due = Named("disclosure.operating_institution_due")
    disclosure_operating_institution_items = Named("disclosure.operating_institution_items")
    disclosure_authorization_months = Named("disclosure.authorization_months")
    disclosure_resource_use_months = Named("disclosure.resource_use_months")
    disclosure_operation_status_months = Named("disclosure.operation_status_months")
    disclosure_selection_result_required = Named("disclosure.selection_result_required")

    report_security_months = Named("report.security.months")
    report_security_grace_days = Named("report.security.grace_days")
    report_annual_operation_months = Named("report.annual_operation.months")
    report_annual_operation_grace_days = Named("report.annual_operation.grace_days")
    report_self_evaluation_months = Named("report.self_evaluation.months")

    evaluation_indices = Named("evaluation.indices")

    incident_report_to = Named("incident.report_to")
    incident_stop_at_once = Named("incident.stop_at_once")
