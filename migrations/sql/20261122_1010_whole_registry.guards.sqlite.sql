CREATE TRIGGER registry_person_no_update BEFORE UPDATE ON registry_person BEGIN SELECT RAISE(ABORT, 'registry_person is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_person_no_delete BEFORE DELETE ON registry_person BEGIN SELECT RAISE(ABORT, 'registry_person is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_credit_record_no_update BEFORE UPDATE ON registry_credit_record BEGIN SELECT RAISE(ABORT, 'registry_credit_record is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_credit_record_no_delete BEFORE DELETE ON registry_credit_record BEGIN SELECT RAISE(ABORT, 'registry_credit_record is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_disclosure_content_fixed BEFORE UPDATE ON registry_disclosure WHEN OLD.state IN ('published', 'discarded') OR OLD.sha256 <> NEW.sha256 OR CAST(OLD.content AS TEXT) <> CAST(NEW.content AS TEXT) BEGIN SELECT RAISE(ABORT, 'a disclosure is not changed: publish a correction'); END
--
CREATE TRIGGER registry_disclosure_published_stays BEFORE DELETE ON registry_disclosure WHEN OLD.state = 'published' BEGIN SELECT RAISE(ABORT, 'a published disclosure stays'); END
--
CREATE TRIGGER registry_party_name_no_update BEFORE UPDATE ON registry_party_name BEGIN SELECT RAISE(ABORT, 'registry_party_name is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_party_name_no_delete BEFORE DELETE ON registry_party_name BEGIN SELECT RAISE(ABORT, 'registry_party_name is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_relation_no_update BEFORE UPDATE ON registry_relation BEGIN SELECT RAISE(ABORT, 'registry_relation is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_relation_no_delete BEFORE DELETE ON registry_relation BEGIN SELECT RAISE(ABORT, 'registry_relation is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_standard_text_no_update BEFORE UPDATE ON registry_standard_text BEGIN SELECT RAISE(ABORT, 'registry_standard_text is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_standard_text_no_delete BEFORE DELETE ON registry_standard_text BEGIN SELECT RAISE(ABORT, 'registry_standard_text is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_account_person_no_update BEFORE UPDATE ON registry_account_person BEGIN SELECT RAISE(ABORT, 'registry_account_person is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_account_person_no_delete BEFORE DELETE ON registry_account_person BEGIN SELECT RAISE(ABORT, 'registry_account_person is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_call_published_is_fixed BEFORE UPDATE ON registry_call WHEN OLD.state <> 'draft' AND (COALESCE(CAST(OLD.plan_id AS TEXT), '') <> COALESCE(CAST(NEW.plan_id AS TEXT), '') OR COALESCE(CAST(OLD.method AS TEXT), '') <> COALESCE(CAST(NEW.method AS TEXT), '') OR COALESCE(CAST(OLD.content AS TEXT), '') <> COALESCE(CAST(NEW.content AS TEXT), '') OR COALESCE(CAST(OLD.conditions AS TEXT), '') <> COALESCE(CAST(NEW.conditions AS TEXT), '') OR COALESCE(CAST(OLD.criteria AS TEXT), '') <> COALESCE(CAST(NEW.criteria AS TEXT), '') OR COALESCE(CAST(OLD.domain AS TEXT), '') <> COALESCE(CAST(NEW.domain AS TEXT), '') OR COALESCE(CAST(OLD.scenario AS TEXT), '') <> COALESCE(CAST(NEW.scenario AS TEXT), '') OR COALESCE(CAST(OLD.opens_on AS TEXT), '') <> COALESCE(CAST(NEW.opens_on AS TEXT), '') OR COALESCE(CAST(OLD.closes_on AS TEXT), '') <> COALESCE(CAST(NEW.closes_on AS TEXT), '')) BEGIN SELECT RAISE(ABORT, 'a published call is not changed: cancel it and publish another one'); END
--
CREATE TRIGGER registry_plan_submitted_is_fixed BEFORE UPDATE ON registry_plan_version WHEN OLD.state NOT IN ('draft', 'returned') AND (CAST(OLD.items AS TEXT) <> CAST(NEW.items AS TEXT) OR OLD.scope_text <> NEW.scope_text OR COALESCE(OLD.mode, '') <> COALESCE(NEW.mode, '') OR COALESCE(OLD.decision_sha256, '') <> COALESCE(NEW.decision_sha256, '')) BEGIN SELECT RAISE(ABORT, 'a submitted plan is not changed: start a major change'); END
--
CREATE TRIGGER registry_relation_end_no_update BEFORE UPDATE ON registry_relation_end BEGIN SELECT RAISE(ABORT, 'registry_relation_end is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_relation_end_no_delete BEFORE DELETE ON registry_relation_end BEGIN SELECT RAISE(ABORT, 'registry_relation_end is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_resource_sample_no_update BEFORE UPDATE ON registry_resource_sample BEGIN SELECT RAISE(ABORT, 'registry_resource_sample is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_resource_sample_no_delete BEFORE DELETE ON registry_resource_sample BEGIN SELECT RAISE(ABORT, 'registry_resource_sample is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_resource_shared_in_no_update BEFORE UPDATE ON registry_resource_shared_in BEGIN SELECT RAISE(ABORT, 'registry_resource_shared_in is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_resource_shared_in_no_delete BEFORE DELETE ON registry_resource_shared_in BEGIN SELECT RAISE(ABORT, 'registry_resource_shared_in is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_review_pause_no_update BEFORE UPDATE ON registry_review_pause BEGIN SELECT RAISE(ABORT, 'registry_review_pause is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_review_pause_no_delete BEFORE DELETE ON registry_review_pause BEGIN SELECT RAISE(ABORT, 'registry_review_pause is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_training_record_no_update BEFORE UPDATE ON registry_training_record BEGIN SELECT RAISE(ABORT, 'registry_training_record is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_training_record_no_delete BEFORE DELETE ON registry_training_record BEGIN SELECT RAISE(ABORT, 'registry_training_record is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_grant_ask_is_fixed BEFORE UPDATE ON registry_grant_ask WHEN OLD.state <> 'asked' OR OLD.account_id <> NEW.account_id OR OLD.role <> NEW.role OR COALESCE(OLD.place, '') <> COALESCE(NEW.place, '') BEGIN SELECT RAISE(ABORT, 'what was asked for is not changed: ask anew'); END
--
CREATE TRIGGER registry_onboarding_statement_no_update BEFORE UPDATE ON registry_onboarding_statement BEGIN SELECT RAISE(ABORT, 'registry_onboarding_statement is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_onboarding_statement_no_delete BEFORE DELETE ON registry_onboarding_statement BEGIN SELECT RAISE(ABORT, 'registry_onboarding_statement is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_plan_scope_is_fixed BEFORE INSERT ON registry_plan_resource WHEN EXISTS (SELECT 1 FROM registry_plan_version v WHERE v.id = NEW.plan_version_id AND v.state NOT IN ('draft', 'returned')) BEGIN SELECT RAISE(ABORT, 'the scope of a submitted plan is not widened: start a major change'); END
--
CREATE TRIGGER registry_quality_event_no_update BEFORE UPDATE ON registry_quality_event BEGIN SELECT RAISE(ABORT, 'registry_quality_event is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_quality_event_no_delete BEFORE DELETE ON registry_quality_event BEGIN SELECT RAISE(ABORT, 'registry_quality_event is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_resource_consent_no_update BEFORE UPDATE ON registry_resource_consent BEGIN SELECT RAISE(ABORT, 'registry_resource_consent is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_resource_consent_no_delete BEFORE DELETE ON registry_resource_consent BEGIN SELECT RAISE(ABORT, 'registry_resource_consent is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_review_opinion_no_update BEFORE UPDATE ON registry_review_opinion BEGIN SELECT RAISE(ABORT, 'registry_review_opinion is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_review_opinion_no_delete BEFORE DELETE ON registry_review_opinion BEGIN SELECT RAISE(ABORT, 'registry_review_opinion is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_review_opinion_silence BEFORE INSERT ON registry_review_opinion WHEN NEW.deemed AND NOT EXISTS (SELECT 1 FROM registry_review_stage s WHERE s.id = NEW.stage_id AND s.silence_consents) BEGIN SELECT RAISE(ABORT, 'silence consents on no such seat'); END
--
CREATE TRIGGER registry_application_proof_no_update BEFORE UPDATE ON registry_application_proof BEGIN SELECT RAISE(ABORT, 'registry_application_proof is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_application_proof_no_delete BEFORE DELETE ON registry_application_proof BEGIN SELECT RAISE(ABORT, 'registry_application_proof is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_application_score_no_update BEFORE UPDATE ON registry_application_score BEGIN SELECT RAISE(ABORT, 'registry_application_score is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_application_score_no_delete BEFORE DELETE ON registry_application_score BEGIN SELECT RAISE(ABORT, 'registry_application_score is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_onboarding_document_no_update BEFORE UPDATE ON registry_onboarding_document BEGIN SELECT RAISE(ABORT, 'registry_onboarding_document is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_onboarding_document_no_delete BEFORE DELETE ON registry_onboarding_document BEGIN SELECT RAISE(ABORT, 'registry_onboarding_document is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_agreement_signed_is_fixed BEFORE UPDATE ON registry_agreement WHEN OLD.state <> 'draft' AND (OLD.term_start <> NEW.term_start OR OLD.term_end <> NEW.term_end OR OLD.place <> NEW.place OR OLD.operating_institution_id <> NEW.operating_institution_id OR OLD.authorizing_entity_id <> NEW.authorizing_entity_id OR COALESCE(CAST(OLD.plan_id AS TEXT), '') <> COALESCE(CAST(NEW.plan_id AS TEXT), '') OR COALESCE(CAST(OLD.selection_id AS TEXT), '') <> COALESCE(CAST(NEW.selection_id AS TEXT), '') OR CAST(OLD.items AS TEXT) <> CAST(NEW.items AS TEXT)) BEGIN SELECT RAISE(ABORT, 'a signed agreement is not changed: sign a new one'); END
--
CREATE TRIGGER registry_access_decision_no_update BEFORE UPDATE ON registry_access_decision BEGIN SELECT RAISE(ABORT, 'registry_access_decision is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_access_decision_no_delete BEFORE DELETE ON registry_access_decision BEGIN SELECT RAISE(ABORT, 'registry_access_decision is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_agreement_scope_is_fixed BEFORE INSERT ON registry_agreement_resource WHEN EXISTS (SELECT 1 FROM registry_agreement a WHERE a.id = NEW.agreement_id AND a.state <> 'draft') BEGIN SELECT RAISE(ABORT, 'the scope of a signed agreement is not widened: sign a new one'); END
--
CREATE TRIGGER registry_agreement_scope_ends_once BEFORE UPDATE ON registry_agreement_resource WHEN OLD.agreement_id <> NEW.agreement_id OR OLD.resource_id <> NEW.resource_id OR OLD.ended_on IS NOT NULL BEGIN SELECT RAISE(ABORT, 'an entry of the scope is ended once and not changed otherwise'); END
--
CREATE TRIGGER registry_agreement_scope_is_kept BEFORE DELETE ON registry_agreement_resource WHEN EXISTS (SELECT 1 FROM registry_agreement a WHERE a.id = OLD.agreement_id AND a.state <> 'draft') BEGIN SELECT RAISE(ABORT, 'the scope of a signed agreement is kept: end the entry'); END
--
CREATE TRIGGER registry_correction_report_no_update BEFORE UPDATE ON registry_correction_report BEGIN SELECT RAISE(ABORT, 'registry_correction_report is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_correction_report_no_delete BEFORE DELETE ON registry_correction_report BEGIN SELECT RAISE(ABORT, 'registry_correction_report is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_duty_filing_no_update BEFORE UPDATE ON registry_duty_filing BEGIN SELECT RAISE(ABORT, 'registry_duty_filing is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_duty_filing_no_delete BEFORE DELETE ON registry_duty_filing BEGIN SELECT RAISE(ABORT, 'registry_duty_filing is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_emergency_plan_no_update BEFORE UPDATE ON registry_emergency_plan BEGIN SELECT RAISE(ABORT, 'registry_emergency_plan is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_emergency_plan_no_delete BEFORE DELETE ON registry_emergency_plan BEGIN SELECT RAISE(ABORT, 'registry_emergency_plan is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_evaluation_final BEFORE UPDATE ON registry_evaluation WHEN OLD.state IN ('published', 'closed') OR (OLD.self_assessed_at IS NOT NULL AND (OLD.self_text <> NEW.self_text OR CAST(OLD.self_figures AS TEXT) <> CAST(NEW.self_figures AS TEXT))) OR (OLD.assessed_at IS NOT NULL AND (OLD.grade <> NEW.grade OR CAST(OLD.scores AS TEXT) <> CAST(NEW.scores AS TEXT))) BEGIN SELECT RAISE(ABORT, 'what was assessed is not changed'); END
--
CREATE TRIGGER registry_service_agreement_is_fixed BEFORE UPDATE ON registry_service_agreement WHEN OLD.state <> 'draft' AND (OLD.agreement_id <> NEW.agreement_id OR OLD.partner_id <> NEW.partner_id OR OLD.operating_institution_id <> NEW.operating_institution_id OR OLD.text_id <> NEW.text_id OR OLD.start_date <> NEW.start_date OR OLD.end_date <> NEW.end_date OR OLD.particulars <> NEW.particulars OR OLD.content_sha256 <> NEW.content_sha256) BEGIN SELECT RAISE(ABORT, 'a service agreement that somebody signed is not changed: sign a new one'); END
--
CREATE TRIGGER registry_correction_finding_no_update BEFORE UPDATE ON registry_correction_finding BEGIN SELECT RAISE(ABORT, 'registry_correction_finding is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_correction_finding_no_delete BEFORE DELETE ON registry_correction_finding BEGIN SELECT RAISE(ABORT, 'registry_correction_finding is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_deletion_certificate_no_update BEFORE UPDATE ON registry_deletion_certificate BEGIN SELECT RAISE(ABORT, 'registry_deletion_certificate is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_deletion_certificate_no_delete BEFORE DELETE ON registry_deletion_certificate BEGIN SELECT RAISE(ABORT, 'registry_deletion_certificate is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_delivery_no_update BEFORE UPDATE ON registry_delivery BEGIN SELECT RAISE(ABORT, 'registry_delivery is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_delivery_no_delete BEFORE DELETE ON registry_delivery BEGIN SELECT RAISE(ABORT, 'registry_delivery is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_emergency_drill_no_update BEFORE UPDATE ON registry_emergency_drill BEGIN SELECT RAISE(ABORT, 'registry_emergency_drill is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_emergency_drill_no_delete BEFORE DELETE ON registry_emergency_drill BEGIN SELECT RAISE(ABORT, 'registry_emergency_drill is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_incident_facts_fixed BEFORE UPDATE ON registry_incident WHEN OLD.state IN ('resumed', 'terminated') OR OLD.agreement_id <> NEW.agreement_id OR OLD.description <> NEW.description OR OLD.detected_at <> NEW.detected_at OR OLD.stops_at_once <> NEW.stops_at_once BEGIN SELECT RAISE(ABORT, 'what was found is not changed, and a closed incident is final'); END
--
CREATE TRIGGER registry_registration_record_no_update BEFORE UPDATE ON registry_registration_record BEGIN SELECT RAISE(ABORT, 'registry_registration_record is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_registration_record_no_delete BEFORE DELETE ON registry_registration_record BEGIN SELECT RAISE(ABORT, 'registry_registration_record is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_request_clearance_no_update BEFORE UPDATE ON registry_request_clearance BEGIN SELECT RAISE(ABORT, 'registry_request_clearance is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_request_clearance_no_delete BEFORE DELETE ON registry_request_clearance BEGIN SELECT RAISE(ABORT, 'registry_request_clearance is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_service_signature_no_update BEFORE UPDATE ON registry_service_signature BEGIN SELECT RAISE(ABORT, 'registry_service_signature is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_service_signature_no_delete BEFORE DELETE ON registry_service_signature BEGIN SELECT RAISE(ABORT, 'registry_service_signature is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_evidence_record_no_update BEFORE UPDATE ON registry_evidence_record BEGIN SELECT RAISE(ABORT, 'registry_evidence_record is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_evidence_record_no_delete BEFORE DELETE ON registry_evidence_record BEGIN SELECT RAISE(ABORT, 'registry_evidence_record is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_incident_report_no_update BEFORE UPDATE ON registry_incident_report BEGIN SELECT RAISE(ABORT, 'registry_incident_report is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_incident_report_no_delete BEFORE DELETE ON registry_incident_report BEGIN SELECT RAISE(ABORT, 'registry_incident_report is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_registration_code_fixed BEFORE UPDATE ON registry_registration WHEN OLD.code IS NOT NULL AND (NEW.code IS NULL OR NEW.code <> OLD.code OR NEW.valid_from <> OLD.valid_from OR NEW.valid_until <> OLD.valid_until) BEGIN SELECT RAISE(ABORT, 'a registration code and its validity are final'); END
--
CREATE TRIGGER registry_registration_record_end_no_update BEFORE UPDATE ON registry_registration_record_end BEGIN SELECT RAISE(ABORT, 'registry_registration_record_end is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_registration_record_end_no_delete BEFORE DELETE ON registry_registration_record_end BEGIN SELECT RAISE(ABORT, 'registry_registration_record_end is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_version_evidence_no_update BEFORE UPDATE ON registry_version_evidence BEGIN SELECT RAISE(ABORT, 'registry_version_evidence is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_version_evidence_no_delete BEFORE DELETE ON registry_version_evidence BEGIN SELECT RAISE(ABORT, 'registry_version_evidence is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_version_origin_no_update BEFORE UPDATE ON registry_version_origin BEGIN SELECT RAISE(ABORT, 'registry_version_origin is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_version_origin_no_delete BEFORE DELETE ON registry_version_origin BEGIN SELECT RAISE(ABORT, 'registry_version_origin is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_co_registrant_no_update BEFORE UPDATE ON registry_co_registrant BEGIN SELECT RAISE(ABORT, 'registry_co_registrant is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_co_registrant_no_delete BEFORE DELETE ON registry_co_registrant BEGIN SELECT RAISE(ABORT, 'registry_co_registrant is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_egress_export_no_update BEFORE UPDATE ON registry_egress_export BEGIN SELECT RAISE(ABORT, 'registry_egress_export is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_egress_export_no_delete BEFORE DELETE ON registry_egress_export BEGIN SELECT RAISE(ABORT, 'registry_egress_export is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_interested_party_no_update BEFORE UPDATE ON registry_interested_party BEGIN SELECT RAISE(ABORT, 'registry_interested_party is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_interested_party_no_delete BEFORE DELETE ON registry_interested_party BEGIN SELECT RAISE(ABORT, 'registry_interested_party is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_objection_final BEFORE UPDATE ON registry_objection WHEN OLD.outcome IS NOT NULL OR NEW.evidence <> OLD.evidence OR NEW.name <> OLD.name BEGIN SELECT RAISE(ABORT, 'an objection is not changed, and its outcome is final'); END
--
CREATE TRIGGER registry_objection_file_no_update BEFORE UPDATE ON registry_objection_file BEGIN SELECT RAISE(ABORT, 'registry_objection_file is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_objection_file_no_delete BEFORE DELETE ON registry_objection_file BEGIN SELECT RAISE(ABORT, 'registry_objection_file is append-only: book a correction instead'); END
