CREATE OR REPLACE FUNCTION registry_person_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'registry_person is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER registry_person_no_update BEFORE UPDATE ON registry_person FOR EACH ROW EXECUTE FUNCTION registry_person_refuse()
--
ALTER TABLE registry_person ENABLE ALWAYS TRIGGER registry_person_no_update
--
CREATE TRIGGER registry_person_no_delete BEFORE DELETE ON registry_person FOR EACH ROW EXECUTE FUNCTION registry_person_refuse()
--
ALTER TABLE registry_person ENABLE ALWAYS TRIGGER registry_person_no_delete
--
CREATE TRIGGER registry_person_no_truncate BEFORE TRUNCATE ON registry_person FOR EACH STATEMENT EXECUTE FUNCTION registry_person_refuse()
--
ALTER TABLE registry_person ENABLE ALWAYS TRIGGER registry_person_no_truncate
--
CREATE OR REPLACE FUNCTION registry_credit_record_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'registry_credit_record is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER registry_credit_record_no_update BEFORE UPDATE ON registry_credit_record FOR EACH ROW EXECUTE FUNCTION registry_credit_record_refuse()
--
ALTER TABLE registry_credit_record ENABLE ALWAYS TRIGGER registry_credit_record_no_update
--
CREATE TRIGGER registry_credit_record_no_delete BEFORE DELETE ON registry_credit_record FOR EACH ROW EXECUTE FUNCTION registry_credit_record_refuse()
--
ALTER TABLE registry_credit_record ENABLE ALWAYS TRIGGER registry_credit_record_no_delete
--
CREATE TRIGGER registry_credit_record_no_truncate BEFORE TRUNCATE ON registry_credit_record FOR EACH STATEMENT EXECUTE FUNCTION registry_credit_record_refuse()
--
ALTER TABLE registry_credit_record ENABLE ALWAYS TRIGGER registry_credit_record_no_truncate
--
CREATE OR REPLACE FUNCTION registry_disclosure_content_fixed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.state IN ('published', 'discarded') OR OLD.sha256 <> NEW.sha256 OR CAST(OLD.content AS TEXT) <> CAST(NEW.content AS TEXT) THEN RAISE EXCEPTION 'a disclosure is not changed: publish a correction' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER registry_disclosure_content_fixed BEFORE UPDATE ON registry_disclosure FOR EACH ROW EXECUTE FUNCTION registry_disclosure_content_fixed()
--
ALTER TABLE registry_disclosure ENABLE ALWAYS TRIGGER registry_disclosure_content_fixed
--
CREATE OR REPLACE FUNCTION registry_disclosure_published_stays() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.state = 'published' THEN RAISE EXCEPTION 'a published disclosure stays' USING ERRCODE = 'check_violation'; END IF; RETURN OLD; END $$
--
CREATE TRIGGER registry_disclosure_published_stays BEFORE DELETE ON registry_disclosure FOR EACH ROW EXECUTE FUNCTION registry_disclosure_published_stays()
--
ALTER TABLE registry_disclosure ENABLE ALWAYS TRIGGER registry_disclosure_published_stays
--
CREATE OR REPLACE FUNCTION registry_party_name_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'registry_party_name is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER registry_party_name_no_update BEFORE UPDATE ON registry_party_name FOR EACH ROW EXECUTE FUNCTION registry_party_name_refuse()
--
ALTER TABLE registry_party_name ENABLE ALWAYS TRIGGER registry_party_name_no_update
--
CREATE TRIGGER registry_party_name_no_delete BEFORE DELETE ON registry_party_name FOR EACH ROW EXECUTE FUNCTION registry_party_name_refuse()
--
ALTER TABLE registry_party_name ENABLE ALWAYS TRIGGER registry_party_name_no_delete
--
CREATE TRIGGER registry_party_name_no_truncate BEFORE TRUNCATE ON registry_party_name FOR EACH STATEMENT EXECUTE FUNCTION registry_party_name_refuse()
--
ALTER TABLE registry_party_name ENABLE ALWAYS TRIGGER registry_party_name_no_truncate
--
CREATE OR REPLACE FUNCTION registry_relation_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'registry_relation is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER registry_relation_no_update BEFORE UPDATE ON registry_relation FOR EACH ROW EXECUTE FUNCTION registry_relation_refuse()
--
ALTER TABLE registry_relation ENABLE ALWAYS TRIGGER registry_relation_no_update
--
CREATE TRIGGER registry_relation_no_delete BEFORE DELETE ON registry_relation FOR EACH ROW EXECUTE FUNCTION registry_relation_refuse()
--
ALTER TABLE registry_relation ENABLE ALWAYS TRIGGER registry_relation_no_delete
--
CREATE TRIGGER registry_relation_no_truncate BEFORE TRUNCATE ON registry_relation FOR EACH STATEMENT EXECUTE FUNCTION registry_relation_refuse()
--
ALTER TABLE registry_relation ENABLE ALWAYS TRIGGER registry_relation_no_truncate
--
CREATE OR REPLACE FUNCTION registry_standard_text_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'registry_standard_text is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER registry_standard_text_no_update BEFORE UPDATE ON registry_standard_text FOR EACH ROW EXECUTE FUNCTION registry_standard_text_refuse()
--
ALTER TABLE registry_standard_text ENABLE ALWAYS TRIGGER registry_standard_text_no_update
--
CREATE TRIGGER registry_standard_text_no_delete BEFORE DELETE ON registry_standard_text FOR EACH ROW EXECUTE FUNCTION registry_standard_text_refuse()
--
ALTER TABLE registry_standard_text ENABLE ALWAYS TRIGGER registry_standard_text_no_delete
--
CREATE TRIGGER registry_standard_text_no_truncate BEFORE TRUNCATE ON registry_standard_text FOR EACH STATEMENT EXECUTE FUNCTION registry_standard_text_refuse()
--
ALTER TABLE registry_standard_text ENABLE ALWAYS TRIGGER registry_standard_text_no_truncate
--
CREATE OR REPLACE FUNCTION registry_account_person_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'registry_account_person is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER registry_account_person_no_update BEFORE UPDATE ON registry_account_person FOR EACH ROW EXECUTE FUNCTION registry_account_person_refuse()
--
ALTER TABLE registry_account_person ENABLE ALWAYS TRIGGER registry_account_person_no_update
--
CREATE TRIGGER registry_account_person_no_delete BEFORE DELETE ON registry_account_person FOR EACH ROW EXECUTE FUNCTION registry_account_person_refuse()
--
ALTER TABLE registry_account_person ENABLE ALWAYS TRIGGER registry_account_person_no_delete
--
CREATE TRIGGER registry_account_person_no_truncate BEFORE TRUNCATE ON registry_account_person FOR EACH STATEMENT EXECUTE FUNCTION registry_account_person_refuse()
--
ALTER TABLE registry_account_person ENABLE ALWAYS TRIGGER registry_account_person_no_truncate
--
CREATE OR REPLACE FUNCTION registry_call_published_is_fixed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.state <> 'draft' AND (COALESCE(CAST(OLD.plan_id AS TEXT), '') <> COALESCE(CAST(NEW.plan_id AS TEXT), '') OR COALESCE(CAST(OLD.method AS TEXT), '') <> COALESCE(CAST(NEW.method AS TEXT), '') OR COALESCE(CAST(OLD.content AS TEXT), '') <> COALESCE(CAST(NEW.content AS TEXT), '') OR COALESCE(CAST(OLD.conditions AS TEXT), '') <> COALESCE(CAST(NEW.conditions AS TEXT), '') OR COALESCE(CAST(OLD.criteria AS TEXT), '') <> COALESCE(CAST(NEW.criteria AS TEXT), '') OR COALESCE(CAST(OLD.domain AS TEXT), '') <> COALESCE(CAST(NEW.domain AS TEXT), '') OR COALESCE(CAST(OLD.scenario AS TEXT), '') <> COALESCE(CAST(NEW.scenario AS TEXT), '') OR COALESCE(CAST(OLD.opens_on AS TEXT), '') <> COALESCE(CAST(NEW.opens_on AS TEXT), '') OR COALESCE(CAST(OLD.closes_on AS TEXT), '') <> COALESCE(CAST(NEW.closes_on AS TEXT), '')) THEN RAISE EXCEPTION 'a published call is not changed: cancel it and publish another one' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER registry_call_published_is_fixed BEFORE UPDATE ON registry_call FOR EACH ROW EXECUTE FUNCTION registry_call_published_is_fixed()
--
ALTER TABLE registry_call ENABLE ALWAYS TRIGGER registry_call_published_is_fixed
--
CREATE OR REPLACE FUNCTION registry_plan_submitted_is_fixed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.state NOT IN ('draft', 'returned') AND (CAST(OLD.items AS TEXT) <> CAST(NEW.items AS TEXT) OR OLD.scope_text <> NEW.scope_text OR COALESCE(OLD.mode, '') <> COALESCE(NEW.mode, '') OR COALESCE(OLD.decision_sha256, '') <> COALESCE(NEW.decision_sha256, '')) THEN RAISE EXCEPTION 'a submitted plan is not changed: start a major change' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER registry_plan_submitted_is_fixed BEFORE UPDATE ON registry_plan_version FOR EACH ROW EXECUTE FUNCTION registry_plan_submitted_is_fixed()
--
ALTER TABLE registry_plan_version ENABLE ALWAYS TRIGGER registry_plan_submitted_is_fixed
--
CREATE OR REPLACE FUNCTION registry_relation_end_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'registry_relation_end is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER registry_relation_end_no_update BEFORE UPDATE ON registry_relation_end FOR EACH ROW EXECUTE FUNCTION registry_relation_end_refuse()
--
ALTER TABLE registry_relation_end ENABLE ALWAYS TRIGGER registry_relation_end_no_update
--
CREATE TRIGGER registry_relation_end_no_delete BEFORE DELETE ON registry_relation_end FOR EACH ROW EXECUTE FUNCTION registry_relation_end_refuse()
--
ALTER TABLE registry_relation_end ENABLE ALWAYS TRIGGER registry_relation_end_no_delete
--
CREATE TRIGGER registry_relation_end_no_truncate BEFORE TRUNCATE ON registry_relation_end FOR EACH STATEMENT EXECUTE FUNCTION registry_relation_end_refuse()
--
ALTER TABLE registry_relation_end ENABLE ALWAYS TRIGGER registry_relation_end_no_truncate
--
CREATE OR REPLACE FUNCTION registry_resource_sample_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'registry_resource_sample is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER registry_resource_sample_no_update BEFORE UPDATE ON registry_resource_sample FOR EACH ROW EXECUTE FUNCTION registry_resource_sample_refuse()
--
ALTER TABLE registry_resource_sample ENABLE ALWAYS TRIGGER registry_resource_sample_no_update
--
CREATE TRIGGER registry_resource_sample_no_delete BEFORE DELETE ON registry_resource_sample FOR EACH ROW EXECUTE FUNCTION registry_resource_sample_refuse()
--
ALTER TABLE registry_resource_sample ENABLE ALWAYS TRIGGER registry_resource_sample_no_delete
--
CREATE TRIGGER registry_resource_sample_no_truncate BEFORE TRUNCATE ON registry_resource_sample FOR EACH STATEMENT EXECUTE FUNCTION registry_resource_sample_refuse()
--
ALTER TABLE registry_resource_sample ENABLE ALWAYS TRIGGER registry_resource_sample_no_truncate
--
CREATE OR REPLACE FUNCTION registry_resource_shared_in_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'registry_resource_shared_in is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER registry_resource_shared_in_no_update BEFORE UPDATE ON registry_resource_shared_in FOR EACH ROW EXECUTE FUNCTION registry_resource_shared_in_refuse()
--
ALTER TABLE registry_resource_shared_in ENABLE ALWAYS TRIGGER registry_resource_shared_in_no_update
--
CREATE TRIGGER registry_resource_shared_in_no_delete BEFORE DELETE ON registry_resource_shared_in FOR EACH ROW EXECUTE FUNCTION registry_resource_shared_in_refuse()
--
ALTER TABLE registry_resource_shared_in ENABLE ALWAYS TRIGGER registry_resource_shared_in_no_delete
--
CREATE TRIGGER registry_resource_shared_in_no_truncate BEFORE TRUNCATE ON registry_resource_shared_in FOR EACH STATEMENT EXECUTE FUNCTION registry_resource_shared_in_refuse()
--
ALTER TABLE registry_resource_shared_in ENABLE ALWAYS TRIGGER registry_resource_shared_in_no_truncate
--
CREATE OR REPLACE FUNCTION registry_review_pause_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'registry_review_pause is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER registry_review_pause_no_update BEFORE UPDATE ON registry_review_pause FOR EACH ROW EXECUTE FUNCTION registry_review_pause_refuse()
--
ALTER TABLE registry_review_pause ENABLE ALWAYS TRIGGER registry_review_pause_no_update
--
CREATE TRIGGER registry_review_pause_no_delete BEFORE DELETE ON registry_review_pause FOR EACH ROW EXECUTE FUNCTION registry_review_pause_refuse()
--
ALTER TABLE registry_review_pause ENABLE ALWAYS TRIGGER registry_review_pause_no_delete
--
CREATE TRIGGER registry_review_pause_no_truncate BEFORE TRUNCATE ON registry_review_pause FOR EACH STATEMENT EXECUTE FUNCTION registry_review_pause_refuse()
--
ALTER TABLE registry_review_pause ENABLE ALWAYS TRIGGER registry_review_pause_no_truncate
--
CREATE OR REPLACE FUNCTION registry_training_record_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'registry_training_record is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER registry_training_record_no_update BEFORE UPDATE ON registry_training_record FOR EACH ROW EXECUTE FUNCTION registry_training_record_refuse()
--
ALTER TABLE registry_training_record ENABLE ALWAYS TRIGGER registry_training_record_no_update
--
CREATE TRIGGER registry_training_record_no_delete BEFORE DELETE ON registry_training_record FOR EACH ROW EXECUTE FUNCTION registry_training_record_refuse()
--
ALTER TABLE registry_training_record ENABLE ALWAYS TRIGGER registry_training_record_no_delete
--
CREATE TRIGGER registry_training_record_no_truncate BEFORE TRUNCATE ON registry_training_record FOR EACH STATEMENT EXECUTE FUNCTION registry_training_record_refuse()
--
ALTER TABLE registry_training_record ENABLE ALWAYS TRIGGER registry_training_record_no_truncate
--
CREATE OR REPLACE FUNCTION registry_grant_ask_is_fixed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.state <> 'asked' OR OLD.account_id <> NEW.account_id OR OLD.role <> NEW.role OR COALESCE(OLD.place, '') <> COALESCE(NEW.place, '') THEN RAISE EXCEPTION 'what was asked for is not changed: ask anew' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER registry_grant_ask_is_fixed BEFORE UPDATE ON registry_grant_ask FOR EACH ROW EXECUTE FUNCTION registry_grant_ask_is_fixed()
--
ALTER TABLE registry_grant_ask ENABLE ALWAYS TRIGGER registry_grant_ask_is_fixed
--
CREATE OR REPLACE FUNCTION registry_onboarding_statement_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'registry_onboarding_statement is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER registry_onboarding_statement_no_update BEFORE UPDATE ON registry_onboarding_statement FOR EACH ROW EXECUTE FUNCTION registry_onboarding_statement_refuse()
--
ALTER TABLE registry_onboarding_statement ENABLE ALWAYS TRIGGER registry_onboarding_statement_no_update
--
CREATE TRIGGER registry_onboarding_statement_no_delete BEFORE DELETE ON registry_onboarding_statement FOR EACH ROW EXECUTE FUNCTION registry_onboarding_statement_refuse()
--
ALTER TABLE registry_onboarding_statement ENABLE ALWAYS TRIGGER registry_onboarding_statement_no_delete
--
CREATE TRIGGER registry_onboarding_statement_no_truncate BEFORE TRUNCATE ON registry_onboarding_statement FOR EACH STATEMENT EXECUTE FUNCTION registry_onboarding_statement_refuse()
--
ALTER TABLE registry_onboarding_statement ENABLE ALWAYS TRIGGER registry_onboarding_statement_no_truncate
--
CREATE OR REPLACE FUNCTION registry_plan_scope_is_fixed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM registry_plan_version v WHERE v.id = NEW.plan_version_id AND v.state NOT IN ('draft', 'returned')) THEN RAISE EXCEPTION 'the scope of a submitted plan is not widened: start a major change' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER registry_plan_scope_is_fixed BEFORE INSERT ON registry_plan_resource FOR EACH ROW EXECUTE FUNCTION registry_plan_scope_is_fixed()
--
ALTER TABLE registry_plan_resource ENABLE ALWAYS TRIGGER registry_plan_scope_is_fixed
--
CREATE OR REPLACE FUNCTION registry_quality_event_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'registry_quality_event is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER registry_quality_event_no_update BEFORE UPDATE ON registry_quality_event FOR EACH ROW EXECUTE FUNCTION registry_quality_event_refuse()
--
ALTER TABLE registry_quality_event ENABLE ALWAYS TRIGGER registry_quality_event_no_update
--
CREATE TRIGGER registry_quality_event_no_delete BEFORE DELETE ON registry_quality_event FOR EACH ROW EXECUTE FUNCTION registry_quality_event_refuse()
--
ALTER TABLE registry_quality_event ENABLE ALWAYS TRIGGER registry_quality_event_no_delete
--
CREATE TRIGGER registry_quality_event_no_truncate BEFORE TRUNCATE ON registry_quality_event FOR EACH STATEMENT EXECUTE FUNCTION registry_quality_event_refuse()
--
ALTER TABLE registry_quality_event ENABLE ALWAYS TRIGGER registry_quality_event_no_truncate
--
CREATE OR REPLACE FUNCTION registry_resource_consent_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'registry_resource_consent is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER registry_resource_consent_no_update BEFORE UPDATE ON registry_resource_consent FOR EACH ROW EXECUTE FUNCTION registry_resource_consent_refuse()
--
ALTER TABLE registry_resource_consent ENABLE ALWAYS TRIGGER registry_resource_consent_no_update
--
CREATE TRIGGER registry_resource_consent_no_delete BEFORE DELETE ON registry_resource_consent FOR EACH ROW EXECUTE FUNCTION registry_resource_consent_refuse()
--
ALTER TABLE registry_resource_consent ENABLE ALWAYS TRIGGER registry_resource_consent_no_delete
--
CREATE TRIGGER registry_resource_consent_no_truncate BEFORE TRUNCATE ON registry_resource_consent FOR EACH STATEMENT EXECUTE FUNCTION registry_resource_consent_refuse()
--
ALTER TABLE registry_resource_consent ENABLE ALWAYS TRIGGER registry_resource_consent_no_truncate
--
CREATE OR REPLACE FUNCTION registry_review_opinion_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'registry_review_opinion is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER registry_review_opinion_no_update BEFORE UPDATE ON registry_review_opinion FOR EACH ROW EXECUTE FUNCTION registry_review_opinion_refuse()
--
ALTER TABLE registry_review_opinion ENABLE ALWAYS TRIGGER registry_review_opinion_no_update
--
CREATE TRIGGER registry_review_opinion_no_delete BEFORE DELETE ON registry_review_opinion FOR EACH ROW EXECUTE FUNCTION registry_review_opinion_refuse()
--
ALTER TABLE registry_review_opinion ENABLE ALWAYS TRIGGER registry_review_opinion_no_delete
--
CREATE TRIGGER registry_review_opinion_no_truncate BEFORE TRUNCATE ON registry_review_opinion FOR EACH STATEMENT EXECUTE FUNCTION registry_review_opinion_refuse()
--
ALTER TABLE registry_review_opinion ENABLE ALWAYS TRIGGER registry_review_opinion_no_truncate
--
CREATE OR REPLACE FUNCTION registry_review_opinion_silence() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.deemed AND NOT EXISTS (SELECT 1 FROM registry_review_stage s WHERE s.id = NEW.stage_id AND s.silence_consents) THEN RAISE EXCEPTION 'silence consents on no such seat' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER registry_review_opinion_silence BEFORE INSERT ON registry_review_opinion FOR EACH ROW EXECUTE FUNCTION registry_review_opinion_silence()
--
ALTER TABLE registry_review_opinion ENABLE ALWAYS TRIGGER registry_review_opinion_silence
--
CREATE OR REPLACE FUNCTION registry_application_proof_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'registry_application_proof is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER registry_application_proof_no_update BEFORE UPDATE ON registry_application_proof FOR EACH ROW EXECUTE FUNCTION registry_application_proof_refuse()
--
ALTER TABLE registry_application_proof ENABLE ALWAYS TRIGGER registry_application_proof_no_update
--
CREATE TRIGGER registry_application_proof_no_delete BEFORE DELETE ON registry_application_proof FOR EACH ROW EXECUTE FUNCTION registry_application_proof_refuse()
--
ALTER TABLE registry_application_proof ENABLE ALWAYS TRIGGER registry_application_proof_no_delete
--
CREATE TRIGGER registry_application_proof_no_truncate BEFORE TRUNCATE ON registry_application_proof FOR EACH STATEMENT EXECUTE FUNCTION registry_application_proof_refuse()
--
ALTER TABLE registry_application_proof ENABLE ALWAYS TRIGGER registry_application_proof_no_truncate
--
CREATE OR REPLACE FUNCTION registry_application_score_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'registry_application_score is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER registry_application_score_no_update BEFORE UPDATE ON registry_application_score FOR EACH ROW EXECUTE FUNCTION registry_application_score_refuse()
--
ALTER TABLE registry_application_score ENABLE ALWAYS TRIGGER registry_application_score_no_update
--
CREATE TRIGGER registry_application_score_no_delete BEFORE DELETE ON registry_application_score FOR EACH ROW EXECUTE FUNCTION registry_application_score_refuse()
--
ALTER TABLE registry_application_score ENABLE ALWAYS TRIGGER registry_application_score_no_delete
--
CREATE TRIGGER registry_application_score_no_truncate BEFORE TRUNCATE ON registry_application_score FOR EACH STATEMENT EXECUTE FUNCTION registry_application_score_refuse()
--
ALTER TABLE registry_application_score ENABLE ALWAYS TRIGGER registry_application_score_no_truncate
--
CREATE OR REPLACE FUNCTION registry_onboarding_document_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'registry_onboarding_document is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER registry_onboarding_document_no_update BEFORE UPDATE ON registry_onboarding_document FOR EACH ROW EXECUTE FUNCTION registry_onboarding_document_refuse()
--
ALTER TABLE registry_onboarding_document ENABLE ALWAYS TRIGGER registry_onboarding_document_no_update
--
CREATE TRIGGER registry_onboarding_document_no_delete BEFORE DELETE ON registry_onboarding_document FOR EACH ROW EXECUTE FUNCTION registry_onboarding_document_refuse()
--
ALTER TABLE registry_onboarding_document ENABLE ALWAYS TRIGGER registry_onboarding_document_no_delete
--
CREATE TRIGGER registry_onboarding_document_no_truncate BEFORE TRUNCATE ON registry_onboarding_document FOR EACH STATEMENT EXECUTE FUNCTION registry_onboarding_document_refuse()
--
ALTER TABLE registry_onboarding_document ENABLE ALWAYS TRIGGER registry_onboarding_document_no_truncate
--
CREATE OR REPLACE FUNCTION registry_agreement_signed_is_fixed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.state <> 'draft' AND (OLD.term_start <> NEW.term_start OR OLD.term_end <> NEW.term_end OR OLD.place <> NEW.place OR OLD.operating_institution_id <> NEW.operating_institution_id OR OLD.authorizing_entity_id <> NEW.authorizing_entity_id OR COALESCE(CAST(OLD.plan_id AS TEXT), '') <> COALESCE(CAST(NEW.plan_id AS TEXT), '') OR COALESCE(CAST(OLD.selection_id AS TEXT), '') <> COALESCE(CAST(NEW.selection_id AS TEXT), '') OR CAST(OLD.items AS TEXT) <> CAST(NEW.items AS TEXT)) THEN RAISE EXCEPTION 'a signed agreement is not changed: sign a new one' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER registry_agreement_signed_is_fixed BEFORE UPDATE ON registry_agreement FOR EACH ROW EXECUTE FUNCTION registry_agreement_signed_is_fixed()
--
ALTER TABLE registry_agreement ENABLE ALWAYS TRIGGER registry_agreement_signed_is_fixed
--
CREATE OR REPLACE FUNCTION registry_access_decision_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'registry_access_decision is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER registry_access_decision_no_update BEFORE UPDATE ON registry_access_decision FOR EACH ROW EXECUTE FUNCTION registry_access_decision_refuse()
--
ALTER TABLE registry_access_decision ENABLE ALWAYS TRIGGER registry_access_decision_no_update
--
CREATE TRIGGER registry_access_decision_no_delete BEFORE DELETE ON registry_access_decision FOR EACH ROW EXECUTE FUNCTION registry_access_decision_refuse()
--
ALTER TABLE registry_access_decision ENABLE ALWAYS TRIGGER registry_access_decision_no_delete
--
CREATE TRIGGER registry_access_decision_no_truncate BEFORE TRUNCATE ON registry_access_decision FOR EACH STATEMENT EXECUTE FUNCTION registry_access_decision_refuse()
--
ALTER TABLE registry_access_decision ENABLE ALWAYS TRIGGER registry_access_decision_no_truncate
--
CREATE OR REPLACE FUNCTION registry_agreement_scope_is_fixed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM registry_agreement a WHERE a.id = NEW.agreement_id AND a.state <> 'draft') THEN RAISE EXCEPTION 'the scope of a signed agreement is not widened: sign a new one' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER registry_agreement_scope_is_fixed BEFORE INSERT ON registry_agreement_resource FOR EACH ROW EXECUTE FUNCTION registry_agreement_scope_is_fixed()
--
ALTER TABLE registry_agreement_resource ENABLE ALWAYS TRIGGER registry_agreement_scope_is_fixed
--
CREATE OR REPLACE FUNCTION registry_agreement_scope_ends_once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.agreement_id <> NEW.agreement_id OR OLD.resource_id <> NEW.resource_id OR OLD.ended_on IS NOT NULL THEN RAISE EXCEPTION 'an entry of the scope is ended once and not changed otherwise' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER registry_agreement_scope_ends_once BEFORE UPDATE ON registry_agreement_resource FOR EACH ROW EXECUTE FUNCTION registry_agreement_scope_ends_once()
--
ALTER TABLE registry_agreement_resource ENABLE ALWAYS TRIGGER registry_agreement_scope_ends_once
--
CREATE OR REPLACE FUNCTION registry_agreement_scope_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM registry_agreement a WHERE a.id = OLD.agreement_id AND a.state <> 'draft') THEN RAISE EXCEPTION 'the scope of a signed agreement is kept: end the entry' USING ERRCODE = 'check_violation'; END IF; RETURN OLD; END $$
--
CREATE TRIGGER registry_agreement_scope_is_kept BEFORE DELETE ON registry_agreement_resource FOR EACH ROW EXECUTE FUNCTION registry_agreement_scope_is_kept()
--
ALTER TABLE registry_agreement_resource ENABLE ALWAYS TRIGGER registry_agreement_scope_is_kept
--
CREATE OR REPLACE FUNCTION registry_correction_report_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'registry_correction_report is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER registry_correction_report_no_update BEFORE UPDATE ON registry_correction_report FOR EACH ROW EXECUTE FUNCTION registry_correction_report_refuse()
--
ALTER TABLE registry_correction_report ENABLE ALWAYS TRIGGER registry_correction_report_no_update
--
CREATE TRIGGER registry_correction_report_no_delete BEFORE DELETE ON registry_correction_report FOR EACH ROW EXECUTE FUNCTION registry_correction_report_refuse()
--
ALTER TABLE registry_correction_report ENABLE ALWAYS TRIGGER registry_correction_report_no_delete
--
CREATE TRIGGER registry_correction_report_no_truncate BEFORE TRUNCATE ON registry_correction_report FOR EACH STATEMENT EXECUTE FUNCTION registry_correction_report_refuse()
--
ALTER TABLE registry_correction_report ENABLE ALWAYS TRIGGER registry_correction_report_no_truncate
--
CREATE OR REPLACE FUNCTION registry_duty_filing_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'registry_duty_filing is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER registry_duty_filing_no_update BEFORE UPDATE ON registry_duty_filing FOR EACH ROW EXECUTE FUNCTION registry_duty_filing_refuse()
--
ALTER TABLE registry_duty_filing ENABLE ALWAYS TRIGGER registry_duty_filing_no_update
--
CREATE TRIGGER registry_duty_filing_no_delete BEFORE DELETE ON registry_duty_filing FOR EACH ROW EXECUTE FUNCTION registry_duty_filing_refuse()
--
ALTER TABLE registry_duty_filing ENABLE ALWAYS TRIGGER registry_duty_filing_no_delete
--
CREATE TRIGGER registry_duty_filing_no_truncate BEFORE TRUNCATE ON registry_duty_filing FOR EACH STATEMENT EXECUTE FUNCTION registry_duty_filing_refuse()
--
ALTER TABLE registry_duty_filing ENABLE ALWAYS TRIGGER registry_duty_filing_no_truncate
--
CREATE OR REPLACE FUNCTION registry_emergency_plan_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'registry_emergency_plan is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER registry_emergency_plan_no_update BEFORE UPDATE ON registry_emergency_plan FOR EACH ROW EXECUTE FUNCTION registry_emergency_plan_refuse()
--
ALTER TABLE registry_emergency_plan ENABLE ALWAYS TRIGGER registry_emergency_plan_no_update
--
CREATE TRIGGER registry_emergency_plan_no_delete BEFORE DELETE ON registry_emergency_plan FOR EACH ROW EXECUTE FUNCTION registry_emergency_plan_refuse()
--
ALTER TABLE registry_emergency_plan ENABLE ALWAYS TRIGGER registry_emergency_plan_no_delete
--
CREATE TRIGGER registry_emergency_plan_no_truncate BEFORE TRUNCATE ON registry_emergency_plan FOR EACH STATEMENT EXECUTE FUNCTION registry_emergency_plan_refuse()
--
ALTER TABLE registry_emergency_plan ENABLE ALWAYS TRIGGER registry_emergency_plan_no_truncate
--
CREATE OR REPLACE FUNCTION registry_evaluation_final() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.state IN ('published', 'closed') OR (OLD.self_assessed_at IS NOT NULL AND (OLD.self_text <> NEW.self_text OR CAST(OLD.self_figures AS TEXT) <> CAST(NEW.self_figures AS TEXT))) OR (OLD.assessed_at IS NOT NULL AND (OLD.grade <> NEW.grade OR CAST(OLD.scores AS TEXT) <> CAST(NEW.scores AS TEXT))) THEN RAISE EXCEPTION 'what was assessed is not changed' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER registry_evaluation_final BEFORE UPDATE ON registry_evaluation FOR EACH ROW EXECUTE FUNCTION registry_evaluation_final()
--
ALTER TABLE registry_evaluation ENABLE ALWAYS TRIGGER registry_evaluation_final
--
CREATE OR REPLACE FUNCTION registry_service_agreement_is_fixed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.state <> 'draft' AND (OLD.agreement_id <> NEW.agreement_id OR OLD.partner_id <> NEW.partner_id OR OLD.operating_institution_id <> NEW.operating_institution_id OR OLD.text_id <> NEW.text_id OR OLD.start_date <> NEW.start_date OR OLD.end_date <> NEW.end_date OR OLD.particulars <> NEW.particulars OR OLD.content_sha256 <> NEW.content_sha256) THEN RAISE EXCEPTION 'a service agreement that somebody signed is not changed: sign a new one' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER registry_service_agreement_is_fixed BEFORE UPDATE ON registry_service_agreement FOR EACH ROW EXECUTE FUNCTION registry_service_agreement_is_fixed()
--
ALTER TABLE registry_service_agreement ENABLE ALWAYS TRIGGER registry_service_agreement_is_fixed
--
CREATE OR REPLACE FUNCTION registry_correction_finding_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'registry_correction_finding is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER registry_correction_finding_no_update BEFORE UPDATE ON registry_correction_finding FOR EACH ROW EXECUTE FUNCTION registry_correction_finding_refuse()
--
ALTER TABLE registry_correction_finding ENABLE ALWAYS TRIGGER registry_correction_finding_no_update
--
CREATE TRIGGER registry_correction_finding_no_delete BEFORE DELETE ON registry_correction_finding FOR EACH ROW EXECUTE FUNCTION registry_correction_finding_refuse()
--
ALTER TABLE registry_correction_finding ENABLE ALWAYS TRIGGER registry_correction_finding_no_delete
--
CREATE TRIGGER registry_correction_finding_no_truncate BEFORE TRUNCATE ON registry_correction_finding FOR EACH STATEMENT EXECUTE FUNCTION registry_correction_finding_refuse()
--
ALTER TABLE registry_correction_finding ENABLE ALWAYS TRIGGER registry_correction_finding_no_truncate
--
CREATE OR REPLACE FUNCTION registry_deletion_certificate_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'registry_deletion_certificate is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER registry_deletion_certificate_no_update BEFORE UPDATE ON registry_deletion_certificate FOR EACH ROW EXECUTE FUNCTION registry_deletion_certificate_refuse()
--
ALTER TABLE registry_deletion_certificate ENABLE ALWAYS TRIGGER registry_deletion_certificate_no_update
--
CREATE TRIGGER registry_deletion_certificate_no_delete BEFORE DELETE ON registry_deletion_certificate FOR EACH ROW EXECUTE FUNCTION registry_deletion_certificate_refuse()
--
ALTER TABLE registry_deletion_certificate ENABLE ALWAYS TRIGGER registry_deletion_certificate_no_delete
--
CREATE TRIGGER registry_deletion_certificate_no_truncate BEFORE TRUNCATE ON registry_deletion_certificate FOR EACH STATEMENT EXECUTE FUNCTION registry_deletion_certificate_refuse()
--
ALTER TABLE registry_deletion_certificate ENABLE ALWAYS TRIGGER registry_deletion_certificate_no_truncate
--
CREATE OR REPLACE FUNCTION registry_delivery_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'registry_delivery is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER registry_delivery_no_update BEFORE UPDATE ON registry_delivery FOR EACH ROW EXECUTE FUNCTION registry_delivery_refuse()
--
ALTER TABLE registry_delivery ENABLE ALWAYS TRIGGER registry_delivery_no_update
--
CREATE TRIGGER registry_delivery_no_delete BEFORE DELETE ON registry_delivery FOR EACH ROW EXECUTE FUNCTION registry_delivery_refuse()
--
ALTER TABLE registry_delivery ENABLE ALWAYS TRIGGER registry_delivery_no_delete
--
CREATE TRIGGER registry_delivery_no_truncate BEFORE TRUNCATE ON registry_delivery FOR EACH STATEMENT EXECUTE FUNCTION registry_delivery_refuse()
--
ALTER TABLE registry_delivery ENABLE ALWAYS TRIGGER registry_delivery_no_truncate
--
CREATE OR REPLACE FUNCTION registry_emergency_drill_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'registry_emergency_drill is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER registry_emergency_drill_no_update BEFORE UPDATE ON registry_emergency_drill FOR EACH ROW EXECUTE FUNCTION registry_emergency_drill_refuse()
--
ALTER TABLE registry_emergency_drill ENABLE ALWAYS TRIGGER registry_emergency_drill_no_update
--
CREATE TRIGGER registry_emergency_drill_no_delete BEFORE DELETE ON registry_emergency_drill FOR EACH ROW EXECUTE FUNCTION registry_emergency_drill_refuse()
--
ALTER TABLE registry_emergency_drill ENABLE ALWAYS TRIGGER registry_emergency_drill_no_delete
--
CREATE TRIGGER registry_emergency_drill_no_truncate BEFORE TRUNCATE ON registry_emergency_drill FOR EACH STATEMENT EXECUTE FUNCTION registry_emergency_drill_refuse()
--
ALTER TABLE registry_emergency_drill ENABLE ALWAYS TRIGGER registry_emergency_drill_no_truncate
--
CREATE OR REPLACE FUNCTION registry_incident_facts_fixed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.state IN ('resumed', 'terminated') OR OLD.agreement_id <> NEW.agreement_id OR OLD.description <> NEW.description OR OLD.detected_at <> NEW.detected_at OR OLD.stops_at_once <> NEW.stops_at_once THEN RAISE EXCEPTION 'what was found is not changed, and a closed incident is final' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER registry_incident_facts_fixed BEFORE UPDATE ON registry_incident FOR EACH ROW EXECUTE FUNCTION registry_incident_facts_fixed()
--
ALTER TABLE registry_incident ENABLE ALWAYS TRIGGER registry_incident_facts_fixed
--
CREATE OR REPLACE FUNCTION registry_registration_record_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'registry_registration_record is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER registry_registration_record_no_update BEFORE UPDATE ON registry_registration_record FOR EACH ROW EXECUTE FUNCTION registry_registration_record_refuse()
--
ALTER TABLE registry_registration_record ENABLE ALWAYS TRIGGER registry_registration_record_no_update
--
CREATE TRIGGER registry_registration_record_no_delete BEFORE DELETE ON registry_registration_record FOR EACH ROW EXECUTE FUNCTION registry_registration_record_refuse()
--
ALTER TABLE registry_registration_record ENABLE ALWAYS TRIGGER registry_registration_record_no_delete
--
CREATE TRIGGER registry_registration_record_no_truncate BEFORE TRUNCATE ON registry_registration_record FOR EACH STATEMENT EXECUTE FUNCTION registry_registration_record_refuse()
--
ALTER TABLE registry_registration_record ENABLE ALWAYS TRIGGER registry_registration_record_no_truncate
--
CREATE OR REPLACE FUNCTION registry_request_clearance_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'registry_request_clearance is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER registry_request_clearance_no_update BEFORE UPDATE ON registry_request_clearance FOR EACH ROW EXECUTE FUNCTION registry_request_clearance_refuse()
--
ALTER TABLE registry_request_clearance ENABLE ALWAYS TRIGGER registry_request_clearance_no_update
--
CREATE TRIGGER registry_request_clearance_no_delete BEFORE DELETE ON registry_request_clearance FOR EACH ROW EXECUTE FUNCTION registry_request_clearance_refuse()
--
ALTER TABLE registry_request_clearance ENABLE ALWAYS TRIGGER registry_request_clearance_no_delete
--
CREATE TRIGGER registry_request_clearance_no_truncate BEFORE TRUNCATE ON registry_request_clearance FOR EACH STATEMENT EXECUTE FUNCTION registry_request_clearance_refuse()
--
ALTER TABLE registry_request_clearance ENABLE ALWAYS TRIGGER registry_request_clearance_no_truncate
--
CREATE OR REPLACE FUNCTION registry_service_signature_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'registry_service_signature is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER registry_service_signature_no_update BEFORE UPDATE ON registry_service_signature FOR EACH ROW EXECUTE FUNCTION registry_service_signature_refuse()
--
ALTER TABLE registry_service_signature ENABLE ALWAYS TRIGGER registry_service_signature_no_update
--
CREATE TRIGGER registry_service_signature_no_delete BEFORE DELETE ON registry_service_signature FOR EACH ROW EXECUTE FUNCTION registry_service_signature_refuse()
--
ALTER TABLE registry_service_signature ENABLE ALWAYS TRIGGER registry_service_signature_no_delete
--
CREATE TRIGGER registry_service_signature_no_truncate BEFORE TRUNCATE ON registry_service_signature FOR EACH STATEMENT EXECUTE FUNCTION registry_service_signature_refuse()
--
ALTER TABLE registry_service_signature ENABLE ALWAYS TRIGGER registry_service_signature_no_truncate
--
CREATE OR REPLACE FUNCTION registry_evidence_record_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'registry_evidence_record is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER registry_evidence_record_no_update BEFORE UPDATE ON registry_evidence_record FOR EACH ROW EXECUTE FUNCTION registry_evidence_record_refuse()
--
ALTER TABLE registry_evidence_record ENABLE ALWAYS TRIGGER registry_evidence_record_no_update
--
CREATE TRIGGER registry_evidence_record_no_delete BEFORE DELETE ON registry_evidence_record FOR EACH ROW EXECUTE FUNCTION registry_evidence_record_refuse()
--
ALTER TABLE registry_evidence_record ENABLE ALWAYS TRIGGER registry_evidence_record_no_delete
--
CREATE TRIGGER registry_evidence_record_no_truncate BEFORE TRUNCATE ON registry_evidence_record FOR EACH STATEMENT EXECUTE FUNCTION registry_evidence_record_refuse()
--
ALTER TABLE registry_evidence_record ENABLE ALWAYS TRIGGER registry_evidence_record_no_truncate
--
CREATE OR REPLACE FUNCTION registry_incident_report_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'registry_incident_report is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER registry_incident_report_no_update BEFORE UPDATE ON registry_incident_report FOR EACH ROW EXECUTE FUNCTION registry_incident_report_refuse()
--
ALTER TABLE registry_incident_report ENABLE ALWAYS TRIGGER registry_incident_report_no_update
--
CREATE TRIGGER registry_incident_report_no_delete BEFORE DELETE ON registry_incident_report FOR EACH ROW EXECUTE FUNCTION registry_incident_report_refuse()
--
ALTER TABLE registry_incident_report ENABLE ALWAYS TRIGGER registry_incident_report_no_delete
--
CREATE TRIGGER registry_incident_report_no_truncate BEFORE TRUNCATE ON registry_incident_report FOR EACH STATEMENT EXECUTE FUNCTION registry_incident_report_refuse()
--
ALTER TABLE registry_incident_report ENABLE ALWAYS TRIGGER registry_incident_report_no_truncate
--
CREATE OR REPLACE FUNCTION registry_registration_code_fixed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.code IS NOT NULL AND (NEW.code IS NULL OR NEW.code <> OLD.code OR NEW.valid_from <> OLD.valid_from OR NEW.valid_until <> OLD.valid_until) THEN RAISE EXCEPTION 'a registration code and its validity are final' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER registry_registration_code_fixed BEFORE UPDATE ON registry_registration FOR EACH ROW EXECUTE FUNCTION registry_registration_code_fixed()
--
ALTER TABLE registry_registration ENABLE ALWAYS TRIGGER registry_registration_code_fixed
--
CREATE OR REPLACE FUNCTION registry_registration_record_end_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'registry_registration_record_end is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER registry_registration_record_end_no_update BEFORE UPDATE ON registry_registration_record_end FOR EACH ROW EXECUTE FUNCTION registry_registration_record_end_refuse()
--
ALTER TABLE registry_registration_record_end ENABLE ALWAYS TRIGGER registry_registration_record_end_no_update
--
CREATE TRIGGER registry_registration_record_end_no_delete BEFORE DELETE ON registry_registration_record_end FOR EACH ROW EXECUTE FUNCTION registry_registration_record_end_refuse()
--
ALTER TABLE registry_registration_record_end ENABLE ALWAYS TRIGGER registry_registration_record_end_no_delete
--
CREATE TRIGGER registry_registration_record_end_no_truncate BEFORE TRUNCATE ON registry_registration_record_end FOR EACH STATEMENT EXECUTE FUNCTION registry_registration_record_end_refuse()
--
ALTER TABLE registry_registration_record_end ENABLE ALWAYS TRIGGER registry_registration_record_end_no_truncate
--
CREATE OR REPLACE FUNCTION registry_version_evidence_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'registry_version_evidence is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER registry_version_evidence_no_update BEFORE UPDATE ON registry_version_evidence FOR EACH ROW EXECUTE FUNCTION registry_version_evidence_refuse()
--
ALTER TABLE registry_version_evidence ENABLE ALWAYS TRIGGER registry_version_evidence_no_update
--
CREATE TRIGGER registry_version_evidence_no_delete BEFORE DELETE ON registry_version_evidence FOR EACH ROW EXECUTE FUNCTION registry_version_evidence_refuse()
--
ALTER TABLE registry_version_evidence ENABLE ALWAYS TRIGGER registry_version_evidence_no_delete
--
CREATE TRIGGER registry_version_evidence_no_truncate BEFORE TRUNCATE ON registry_version_evidence FOR EACH STATEMENT EXECUTE FUNCTION registry_version_evidence_refuse()
--
ALTER TABLE registry_version_evidence ENABLE ALWAYS TRIGGER registry_version_evidence_no_truncate
--
CREATE OR REPLACE FUNCTION registry_version_origin_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'registry_version_origin is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER registry_version_origin_no_update BEFORE UPDATE ON registry_version_origin FOR EACH ROW EXECUTE FUNCTION registry_version_origin_refuse()
--
ALTER TABLE registry_version_origin ENABLE ALWAYS TRIGGER registry_version_origin_no_update
--
CREATE TRIGGER registry_version_origin_no_delete BEFORE DELETE ON registry_version_origin FOR EACH ROW EXECUTE FUNCTION registry_version_origin_refuse()
--
ALTER TABLE registry_version_origin ENABLE ALWAYS TRIGGER registry_version_origin_no_delete
--
CREATE TRIGGER registry_version_origin_no_truncate BEFORE TRUNCATE ON registry_version_origin FOR EACH STATEMENT EXECUTE FUNCTION registry_version_origin_refuse()
--
ALTER TABLE registry_version_origin ENABLE ALWAYS TRIGGER registry_version_origin_no_truncate
--
CREATE OR REPLACE FUNCTION registry_co_registrant_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'registry_co_registrant is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER registry_co_registrant_no_update BEFORE UPDATE ON registry_co_registrant FOR EACH ROW EXECUTE FUNCTION registry_co_registrant_refuse()
--
ALTER TABLE registry_co_registrant ENABLE ALWAYS TRIGGER registry_co_registrant_no_update
--
CREATE TRIGGER registry_co_registrant_no_delete BEFORE DELETE ON registry_co_registrant FOR EACH ROW EXECUTE FUNCTION registry_co_registrant_refuse()
--
ALTER TABLE registry_co_registrant ENABLE ALWAYS TRIGGER registry_co_registrant_no_delete
--
CREATE TRIGGER registry_co_registrant_no_truncate BEFORE TRUNCATE ON registry_co_registrant FOR EACH STATEMENT EXECUTE FUNCTION registry_co_registrant_refuse()
--
ALTER TABLE registry_co_registrant ENABLE ALWAYS TRIGGER registry_co_registrant_no_truncate
--
CREATE OR REPLACE FUNCTION registry_egress_export_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'registry_egress_export is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER registry_egress_export_no_update BEFORE UPDATE ON registry_egress_export FOR EACH ROW EXECUTE FUNCTION registry_egress_export_refuse()
--
ALTER TABLE registry_egress_export ENABLE ALWAYS TRIGGER registry_egress_export_no_update
--
CREATE TRIGGER registry_egress_export_no_delete BEFORE DELETE ON registry_egress_export FOR EACH ROW EXECUTE FUNCTION registry_egress_export_refuse()
--
ALTER TABLE registry_egress_export ENABLE ALWAYS TRIGGER registry_egress_export_no_delete
--
CREATE TRIGGER registry_egress_export_no_truncate BEFORE TRUNCATE ON registry_egress_export FOR EACH STATEMENT EXECUTE FUNCTION registry_egress_export_refuse()
--
ALTER TABLE registry_egress_export ENABLE ALWAYS TRIGGER registry_egress_export_no_truncate
--
CREATE OR REPLACE FUNCTION registry_interested_party_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'registry_interested_party is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER registry_interested_party_no_update BEFORE UPDATE ON registry_interested_party FOR EACH ROW EXECUTE FUNCTION registry_interested_party_refuse()
--
ALTER TABLE registry_interested_party ENABLE ALWAYS TRIGGER registry_interested_party_no_update
--
CREATE TRIGGER registry_interested_party_no_delete BEFORE DELETE ON registry_interested_party FOR EACH ROW EXECUTE FUNCTION registry_interested_party_refuse()
--
ALTER TABLE registry_interested_party ENABLE ALWAYS TRIGGER registry_interested_party_no_delete
--
CREATE TRIGGER registry_interested_party_no_truncate BEFORE TRUNCATE ON registry_interested_party FOR EACH STATEMENT EXECUTE FUNCTION registry_interested_party_refuse()
--
ALTER TABLE registry_interested_party ENABLE ALWAYS TRIGGER registry_interested_party_no_truncate
--
CREATE OR REPLACE FUNCTION registry_objection_final() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.outcome IS NOT NULL OR NEW.evidence <> OLD.evidence OR NEW.name <> OLD.name THEN RAISE EXCEPTION 'an objection is not changed, and its outcome is final' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER registry_objection_final BEFORE UPDATE ON registry_objection FOR EACH ROW EXECUTE FUNCTION registry_objection_final()
--
ALTER TABLE registry_objection ENABLE ALWAYS TRIGGER registry_objection_final
--
CREATE OR REPLACE FUNCTION registry_objection_file_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'registry_objection_file is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER registry_objection_file_no_update BEFORE UPDATE ON registry_objection_file FOR EACH ROW EXECUTE FUNCTION registry_objection_file_refuse()
--
ALTER TABLE registry_objection_file ENABLE ALWAYS TRIGGER registry_objection_file_no_update
--
CREATE TRIGGER registry_objection_file_no_delete BEFORE DELETE ON registry_objection_file FOR EACH ROW EXECUTE FUNCTION registry_objection_file_refuse()
--
ALTER TABLE registry_objection_file ENABLE ALWAYS TRIGGER registry_objection_file_no_delete
--
CREATE TRIGGER registry_objection_file_no_truncate BEFORE TRUNCATE ON registry_objection_file FOR EACH STATEMENT EXECUTE FUNCTION registry_objection_file_refuse()
--
ALTER TABLE registry_objection_file ENABLE ALWAYS TRIGGER registry_objection_file_no_truncate
