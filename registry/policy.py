"""The part of the law that the registry needs: who, what, under which agreement, and whether it is allowed."""

from dataclasses import dataclass
from typing import Annotated

from kernel.policy import Cited
from kernel.policy_part import Named, PolicyPart


@dataclass(frozen=True)
class RegistryPolicy(PolicyPart):
    """Rules of one place on one day; each attribute is None where that place has no such rule.

    Example: ``policy = RegistryPolicy.at(book, "futian", on)``,
    then ``term_years = policy.require("agreement_term_years_max").integer()``.
    """

    plan_items_required: Annotated[Cited | None, Named("plan.items_required")]
    plan_collective_decision_required: Annotated[Cited | None, Named("plan.collective_decision_required")]
    plan_filing_required: Annotated[Cited | None, Named("plan.filing_required")]
    plan_authorization_modes: Annotated[Cited | None, Named("plan.authorization_modes")]

    agreement_items_required: Annotated[Cited | None, Named("agreement.items_required")]
    agreement_term_years_max: Annotated[Cited | None, Named("agreement.term_years_max")]
    agreement_term_years_exact: Annotated[Cited | None, Named("agreement.term_years_exact")]
    agreement_trial_months_max: Annotated[Cited | None, Named("agreement.trial_months_max")]
    agreement_reapply_months_before: Annotated[Cited | None, Named("agreement.reapply_months_before")]
    agreement_legal_form: Annotated[Cited | None, Named("agreement.legal_form")]
    agreement_organisation_kinds: Annotated[Cited | None, Named("agreement.organisation_kinds")]
    agreement_filing_required: Annotated[Cited | None, Named("agreement.filing_required")]
    agreement_coordination_required: Annotated[Cited | None, Named("agreement.coordination_required")]
    agreement_service_agreement_required: Annotated[Cited | None, Named("agreement.service_agreement_required")]
    agreement_emergency_plan_required: Annotated[Cited | None, Named("agreement.emergency_plan_required")]
    agreement_emergency_plans_exact: Annotated[Cited | None, Named("agreement.emergency_plans_exact")]

    emergency_drill_months_max: Annotated[Cited | None, Named("emergency.drill_months_max")]

    operator_selection_methods: Annotated[Cited | None, Named("operator.selection_methods")]
    operator_conditions_required: Annotated[Cited | None, Named("operator.conditions_required")]
    operator_incident_free_years_min: Annotated[Cited | None, Named("operator.incident_free_years_min")]
    operator_status_approved_by: Annotated[Cited | None, Named("operator.status_approved_by")]
    operator_review_validity_years: Annotated[Cited | None, Named("operator.review_validity_years")]
    operator_prohibited_acts: Annotated[Cited | None, Named("operator.prohibited_acts")]

    training_required: Annotated[Cited | None, Named("training.required")]
    training_roles: Annotated[Cited | None, Named("training.roles")]
    training_validity_months: Annotated[Cited | None, Named("training.validity_months")]

    request_scenario_unit: Annotated[Cited | None, Named("request.scenario_unit")]
    request_network_security_review_required: Annotated[Cited | None, Named("request.network_security_review_required")]
    request_shared_data_consent_required: Annotated[Cited | None, Named("request.shared_data_consent_required")]
    request_check_by: Annotated[Cited | None, Named("request.check_by")]
    request_check_working_days: Annotated[Cited | None, Named("request.check_working_days")]
    request_reviewers: Annotated[Cited | None, Named("request.reviewers")]
    request_review_working_days: Annotated[Cited | None, Named("request.review_working_days")]
    request_deemed_consent: Annotated[Cited | None, Named("request.deemed_consent")]
    request_irs_review_required: Annotated[Cited | None, Named("request.irs_review_required")]
    request_simulated_data_offered: Annotated[Cited | None, Named("request.simulated_data_offered")]

    review_stages: Annotated[Cited | None, Named("review.stages")]
    review_checks_required: Annotated[Cited | None, Named("review.checks_required")]
    review_stage_working_days: Annotated[Cited | None, Named("review.stage_working_days")]

    egress_check_required: Annotated[Cited | None, Named("egress.check_required")]
    egress_raw_data_forbidden: Annotated[Cited | None, Named("egress.raw_data_forbidden")]
    egress_restorable_forbidden: Annotated[Cited | None, Named("egress.restorable_forbidden")]

    platform_functions_required: Annotated[Cited | None, Named("platform.functions_required")]

    registration_required_for: Annotated[Cited | None, Named("registration.required_for")]
    registration_materials_required: Annotated[Cited | None, Named("registration.materials_required")]
    registration_first_application_working_days: Annotated[
        Cited | None, Named("registration.first_application_working_days")
    ]
    registration_legacy_application_working_days: Annotated[
        Cited | None, Named("registration.legacy_application_working_days")
    ]
    registration_acceptance_working_days: Annotated[Cited | None, Named("registration.acceptance_working_days")]
    registration_review_working_days: Annotated[Cited | None, Named("registration.review_working_days")]
    registration_notice_working_days: Annotated[Cited | None, Named("registration.notice_working_days")]
    registration_cancellation_working_days: Annotated[Cited | None, Named("registration.cancellation_working_days")]
    registration_change_working_days: Annotated[Cited | None, Named("registration.change_working_days")]
    registration_validity_years: Annotated[Cited | None, Named("registration.validity_years")]
    registration_renewal_window_days: Annotated[Cited | None, Named("registration.renewal_window_days")]
    registration_renewal_years_max: Annotated[Cited | None, Named("registration.renewal_years_max")]
    registration_local_register: Annotated[Cited | None, Named("registration.local_register")]
    registration_local_filing_required: Annotated[Cited | None, Named("registration.local_filing_required")]

    retention_log_months_min: Annotated[Cited | None, Named("retention.log_months_min")]

    disclosure_implementing_institution_due: Annotated[Cited | None, Named("disclosure.implementing_institution_due")]
    disclosure_implementing_institution_items: Annotated[
        Cited | None, Named("disclosure.implementing_institution_items")
    ]
    disclosure_operating_institution_due: Annotated[Cited | None, Named("disclosure.operating_institution_due")]
    disclosure_operating_institution_items: Annotated[Cited | None, Named("disclosure.operating_institution_items")]
    disclosure_authorization_months: Annotated[Cited | None, Named("disclosure.authorization_months")]
    disclosure_resource_use_months: Annotated[Cited | None, Named("disclosure.resource_use_months")]
    disclosure_operation_status_months: Annotated[Cited | None, Named("disclosure.operation_status_months")]
    disclosure_selection_result_required: Annotated[Cited | None, Named("disclosure.selection_result_required")]

    report_security_months: Annotated[Cited | None, Named("report.security.months")]
    report_security_grace_days: Annotated[Cited | None, Named("report.security.grace_days")]
    report_annual_operation_months: Annotated[Cited | None, Named("report.annual_operation.months")]
    report_annual_operation_grace_days: Annotated[Cited | None, Named("report.annual_operation.grace_days")]
    report_self_evaluation_months: Annotated[Cited | None, Named("report.self_evaluation.months")]

    incident_report_to: Annotated[Cited | None, Named("incident.report_to")]
    incident_stop_at_once: Annotated[Cited | None, Named("incident.stop_at_once")]
