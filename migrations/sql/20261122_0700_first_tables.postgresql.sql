CREATE OR REPLACE FUNCTION audit_line_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'audit_line is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER audit_line_no_update BEFORE UPDATE ON audit_line FOR EACH ROW EXECUTE FUNCTION audit_line_refuse()
--
ALTER TABLE audit_line ENABLE ALWAYS TRIGGER audit_line_no_update
--
CREATE TRIGGER audit_line_no_delete BEFORE DELETE ON audit_line FOR EACH ROW EXECUTE FUNCTION audit_line_refuse()
--
ALTER TABLE audit_line ENABLE ALWAYS TRIGGER audit_line_no_delete
--
CREATE TRIGGER audit_line_no_truncate BEFORE TRUNCATE ON audit_line FOR EACH STATEMENT EXECUTE FUNCTION audit_line_refuse()
--
ALTER TABLE audit_line ENABLE ALWAYS TRIGGER audit_line_no_truncate
--
CREATE OR REPLACE FUNCTION audit_seal_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'audit_seal is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER audit_seal_no_update BEFORE UPDATE ON audit_seal FOR EACH ROW EXECUTE FUNCTION audit_seal_refuse()
--
ALTER TABLE audit_seal ENABLE ALWAYS TRIGGER audit_seal_no_update
--
CREATE TRIGGER audit_seal_no_delete BEFORE DELETE ON audit_seal FOR EACH ROW EXECUTE FUNCTION audit_seal_refuse()
--
ALTER TABLE audit_seal ENABLE ALWAYS TRIGGER audit_seal_no_delete
--
CREATE TRIGGER audit_seal_no_truncate BEFORE TRUNCATE ON audit_seal FOR EACH STATEMENT EXECUTE FUNCTION audit_seal_refuse()
--
ALTER TABLE audit_seal ENABLE ALWAYS TRIGGER audit_seal_no_truncate
--
CREATE OR REPLACE FUNCTION evidence_file_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'evidence_file is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER evidence_file_no_update BEFORE UPDATE ON evidence_file FOR EACH ROW EXECUTE FUNCTION evidence_file_refuse()
--
ALTER TABLE evidence_file ENABLE ALWAYS TRIGGER evidence_file_no_update
--
CREATE TRIGGER evidence_file_no_delete BEFORE DELETE ON evidence_file FOR EACH ROW EXECUTE FUNCTION evidence_file_refuse()
--
ALTER TABLE evidence_file ENABLE ALWAYS TRIGGER evidence_file_no_delete
--
CREATE TRIGGER evidence_file_no_truncate BEFORE TRUNCATE ON evidence_file FOR EACH STATEMENT EXECUTE FUNCTION evidence_file_refuse()
--
ALTER TABLE evidence_file ENABLE ALWAYS TRIGGER evidence_file_no_truncate
--
CREATE OR REPLACE FUNCTION settlement_journal_entry_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'settlement_journal_entry is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER settlement_journal_entry_no_update BEFORE UPDATE ON settlement_journal_entry FOR EACH ROW EXECUTE FUNCTION settlement_journal_entry_refuse()
--
ALTER TABLE settlement_journal_entry ENABLE ALWAYS TRIGGER settlement_journal_entry_no_update
--
CREATE TRIGGER settlement_journal_entry_no_delete BEFORE DELETE ON settlement_journal_entry FOR EACH ROW EXECUTE FUNCTION settlement_journal_entry_refuse()
--
ALTER TABLE settlement_journal_entry ENABLE ALWAYS TRIGGER settlement_journal_entry_no_delete
--
CREATE TRIGGER settlement_journal_entry_no_truncate BEFORE TRUNCATE ON settlement_journal_entry FOR EACH STATEMENT EXECUTE FUNCTION settlement_journal_entry_refuse()
--
ALTER TABLE settlement_journal_entry ENABLE ALWAYS TRIGGER settlement_journal_entry_no_truncate
--
CREATE OR REPLACE FUNCTION settlement_journal_entry_balanced() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF (SELECT count(*) FROM settlement_journal_line AS l WHERE l.entry_id = NEW.id) < 2 OR (SELECT sum(l.amount) FROM settlement_journal_line AS l WHERE l.entry_id = NEW.id) <> 0 THEN RAISE EXCEPTION 'journal entry is not balanced' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER settlement_journal_entry_balanced BEFORE INSERT ON settlement_journal_entry FOR EACH ROW EXECUTE FUNCTION settlement_journal_entry_balanced()
--
ALTER TABLE settlement_journal_entry ENABLE ALWAYS TRIGGER settlement_journal_entry_balanced
--
CREATE OR REPLACE FUNCTION settlement_journal_entry_sealed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM settlement_run AS r WHERE r.place = NEW.place AND r.state = 'sealed' AND r.period_start <= NEW.entry_date AND NEW.entry_date < r.period_end) THEN RAISE EXCEPTION 'the period is sealed: book into an open one' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER settlement_journal_entry_sealed BEFORE INSERT ON settlement_journal_entry FOR EACH ROW EXECUTE FUNCTION settlement_journal_entry_sealed()
--
ALTER TABLE settlement_journal_entry ENABLE ALWAYS TRIGGER settlement_journal_entry_sealed
--
CREATE OR REPLACE FUNCTION settlement_run_overlap() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM settlement_run AS r WHERE r.place = NEW.place AND r.period_start < NEW.period_end AND NEW.period_start < r.period_end) THEN RAISE EXCEPTION 'periods of one place do not overlap' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER settlement_run_overlap BEFORE INSERT ON settlement_run FOR EACH ROW EXECUTE FUNCTION settlement_run_overlap()
--
ALTER TABLE settlement_run ENABLE ALWAYS TRIGGER settlement_run_overlap
--
CREATE OR REPLACE FUNCTION settlement_run_sealed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.state = 'sealed' OR NEW.place <> OLD.place OR NEW.period_start <> OLD.period_start OR NEW.period_end <> OLD.period_end OR NEW.number <> OLD.number THEN RAISE EXCEPTION 'a sealed settlement is not changed' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER settlement_run_sealed BEFORE UPDATE ON settlement_run FOR EACH ROW EXECUTE FUNCTION settlement_run_sealed()
--
ALTER TABLE settlement_run ENABLE ALWAYS TRIGGER settlement_run_sealed
--
CREATE OR REPLACE FUNCTION settlement_run_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.state = 'sealed' THEN RAISE EXCEPTION 'a sealed settlement is kept' USING ERRCODE = 'check_violation'; END IF; RETURN OLD; END $$
--
CREATE TRIGGER settlement_run_kept BEFORE DELETE ON settlement_run FOR EACH ROW EXECUTE FUNCTION settlement_run_kept()
--
ALTER TABLE settlement_run ENABLE ALWAYS TRIGGER settlement_run_kept
--
CREATE OR REPLACE FUNCTION market_import_batch_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'market_import_batch is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER market_import_batch_no_update BEFORE UPDATE ON market_import_batch FOR EACH ROW EXECUTE FUNCTION market_import_batch_refuse()
--
ALTER TABLE market_import_batch ENABLE ALWAYS TRIGGER market_import_batch_no_update
--
CREATE TRIGGER market_import_batch_no_delete BEFORE DELETE ON market_import_batch FOR EACH ROW EXECUTE FUNCTION market_import_batch_refuse()
--
ALTER TABLE market_import_batch ENABLE ALWAYS TRIGGER market_import_batch_no_delete
--
CREATE TRIGGER market_import_batch_no_truncate BEFORE TRUNCATE ON market_import_batch FOR EACH STATEMENT EXECUTE FUNCTION market_import_batch_refuse()
--
ALTER TABLE market_import_batch ENABLE ALWAYS TRIGGER market_import_batch_no_truncate
--
CREATE OR REPLACE FUNCTION registry_agreement_signed_is_fixed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.state <> 'draft' AND (OLD.term_start <> NEW.term_start OR OLD.term_end <> NEW.term_end OR OLD.place <> NEW.place OR OLD.operating_institution_id <> NEW.operating_institution_id OR OLD.authorizing_entity_id <> NEW.authorizing_entity_id OR CAST(OLD.items AS TEXT) <> CAST(NEW.items AS TEXT)) THEN RAISE EXCEPTION 'a signed agreement is not changed: sign a new one' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER registry_agreement_signed_is_fixed BEFORE UPDATE ON registry_agreement FOR EACH ROW EXECUTE FUNCTION registry_agreement_signed_is_fixed()
--
ALTER TABLE registry_agreement ENABLE ALWAYS TRIGGER registry_agreement_signed_is_fixed
--
CREATE OR REPLACE FUNCTION settlement_journal_line_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'settlement_journal_line is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER settlement_journal_line_no_update BEFORE UPDATE ON settlement_journal_line FOR EACH ROW EXECUTE FUNCTION settlement_journal_line_refuse()
--
ALTER TABLE settlement_journal_line ENABLE ALWAYS TRIGGER settlement_journal_line_no_update
--
CREATE TRIGGER settlement_journal_line_no_delete BEFORE DELETE ON settlement_journal_line FOR EACH ROW EXECUTE FUNCTION settlement_journal_line_refuse()
--
ALTER TABLE settlement_journal_line ENABLE ALWAYS TRIGGER settlement_journal_line_no_delete
--
CREATE TRIGGER settlement_journal_line_no_truncate BEFORE TRUNCATE ON settlement_journal_line FOR EACH STATEMENT EXECUTE FUNCTION settlement_journal_line_refuse()
--
ALTER TABLE settlement_journal_line ENABLE ALWAYS TRIGGER settlement_journal_line_no_truncate
--
CREATE OR REPLACE FUNCTION settlement_journal_line_closed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM settlement_journal_entry AS e WHERE e.id = NEW.entry_id) THEN RAISE EXCEPTION 'journal entry is booked already' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER settlement_journal_line_closed BEFORE INSERT ON settlement_journal_line FOR EACH ROW EXECUTE FUNCTION settlement_journal_line_closed()
--
ALTER TABLE settlement_journal_line ENABLE ALWAYS TRIGGER settlement_journal_line_closed
--
CREATE OR REPLACE FUNCTION settlement_statement_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'settlement_statement is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER settlement_statement_no_update BEFORE UPDATE ON settlement_statement FOR EACH ROW EXECUTE FUNCTION settlement_statement_refuse()
--
ALTER TABLE settlement_statement ENABLE ALWAYS TRIGGER settlement_statement_no_update
--
CREATE TRIGGER settlement_statement_no_delete BEFORE DELETE ON settlement_statement FOR EACH ROW EXECUTE FUNCTION settlement_statement_refuse()
--
ALTER TABLE settlement_statement ENABLE ALWAYS TRIGGER settlement_statement_no_delete
--
CREATE TRIGGER settlement_statement_no_truncate BEFORE TRUNCATE ON settlement_statement FOR EACH STATEMENT EXECUTE FUNCTION settlement_statement_refuse()
--
ALTER TABLE settlement_statement ENABLE ALWAYS TRIGGER settlement_statement_no_truncate
--
CREATE OR REPLACE FUNCTION settlement_statement_closed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM settlement_run AS r WHERE r.id = NEW.run_id AND r.state = 'sealed') THEN RAISE EXCEPTION 'the period is sealed' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER settlement_statement_closed BEFORE INSERT ON settlement_statement FOR EACH ROW EXECUTE FUNCTION settlement_statement_closed()
--
ALTER TABLE settlement_statement ENABLE ALWAYS TRIGGER settlement_statement_closed
--
CREATE OR REPLACE FUNCTION pricing_cost_survey_closed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.state = 'accepted' THEN RAISE EXCEPTION 'an accepted cost survey is never changed' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER pricing_cost_survey_closed BEFORE UPDATE ON pricing_cost_survey FOR EACH ROW EXECUTE FUNCTION pricing_cost_survey_closed()
--
ALTER TABLE pricing_cost_survey ENABLE ALWAYS TRIGGER pricing_cost_survey_closed
--
CREATE OR REPLACE FUNCTION pricing_service_fee_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'pricing_service_fee is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER pricing_service_fee_no_update BEFORE UPDATE ON pricing_service_fee FOR EACH ROW EXECUTE FUNCTION pricing_service_fee_refuse()
--
ALTER TABLE pricing_service_fee ENABLE ALWAYS TRIGGER pricing_service_fee_no_update
--
CREATE TRIGGER pricing_service_fee_no_delete BEFORE DELETE ON pricing_service_fee FOR EACH ROW EXECUTE FUNCTION pricing_service_fee_refuse()
--
ALTER TABLE pricing_service_fee ENABLE ALWAYS TRIGGER pricing_service_fee_no_delete
--
CREATE TRIGGER pricing_service_fee_no_truncate BEFORE TRUNCATE ON pricing_service_fee FOR EACH STATEMENT EXECUTE FUNCTION pricing_service_fee_refuse()
--
ALTER TABLE pricing_service_fee ENABLE ALWAYS TRIGGER pricing_service_fee_no_truncate
--
CREATE OR REPLACE FUNCTION registry_agreement_scope_is_fixed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM registry_agreement a WHERE a.id = NEW.agreement_id AND a.state <> 'draft') THEN RAISE EXCEPTION 'the scope of a signed agreement is not widened: sign a new one' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER registry_agreement_scope_is_fixed BEFORE INSERT ON registry_agreement_resource FOR EACH ROW EXECUTE FUNCTION registry_agreement_scope_is_fixed()
--
ALTER TABLE registry_agreement_resource ENABLE ALWAYS TRIGGER registry_agreement_scope_is_fixed
--
CREATE OR REPLACE FUNCTION pricing_buyer_class_member_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'pricing_buyer_class_member is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER pricing_buyer_class_member_no_update BEFORE UPDATE ON pricing_buyer_class_member FOR EACH ROW EXECUTE FUNCTION pricing_buyer_class_member_refuse()
--
ALTER TABLE pricing_buyer_class_member ENABLE ALWAYS TRIGGER pricing_buyer_class_member_no_update
--
CREATE TRIGGER pricing_buyer_class_member_no_delete BEFORE DELETE ON pricing_buyer_class_member FOR EACH ROW EXECUTE FUNCTION pricing_buyer_class_member_refuse()
--
ALTER TABLE pricing_buyer_class_member ENABLE ALWAYS TRIGGER pricing_buyer_class_member_no_delete
--
CREATE TRIGGER pricing_buyer_class_member_no_truncate BEFORE TRUNCATE ON pricing_buyer_class_member FOR EACH STATEMENT EXECUTE FUNCTION pricing_buyer_class_member_refuse()
--
ALTER TABLE pricing_buyer_class_member ENABLE ALWAYS TRIGGER pricing_buyer_class_member_no_truncate
--
CREATE OR REPLACE FUNCTION pricing_ceiling_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'pricing_ceiling is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER pricing_ceiling_no_update BEFORE UPDATE ON pricing_ceiling FOR EACH ROW EXECUTE FUNCTION pricing_ceiling_refuse()
--
ALTER TABLE pricing_ceiling ENABLE ALWAYS TRIGGER pricing_ceiling_no_update
--
CREATE TRIGGER pricing_ceiling_no_delete BEFORE DELETE ON pricing_ceiling FOR EACH ROW EXECUTE FUNCTION pricing_ceiling_refuse()
--
ALTER TABLE pricing_ceiling ENABLE ALWAYS TRIGGER pricing_ceiling_no_delete
--
CREATE TRIGGER pricing_ceiling_no_truncate BEFORE TRUNCATE ON pricing_ceiling FOR EACH STATEMENT EXECUTE FUNCTION pricing_ceiling_refuse()
--
ALTER TABLE pricing_ceiling ENABLE ALWAYS TRIGGER pricing_ceiling_no_truncate
--
CREATE OR REPLACE FUNCTION pricing_cost_line_closed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF (SELECT state FROM pricing_cost_survey WHERE id = OLD.survey_id) = 'accepted' THEN RAISE EXCEPTION 'an accepted cost survey is never changed' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER pricing_cost_line_closed BEFORE UPDATE ON pricing_cost_line FOR EACH ROW EXECUTE FUNCTION pricing_cost_line_closed()
--
ALTER TABLE pricing_cost_line ENABLE ALWAYS TRIGGER pricing_cost_line_closed
--
CREATE OR REPLACE FUNCTION pricing_cost_line_late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF (SELECT state FROM pricing_cost_survey WHERE id = NEW.survey_id) = 'accepted' THEN RAISE EXCEPTION 'an accepted cost survey is never changed' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER pricing_cost_line_late BEFORE INSERT ON pricing_cost_line FOR EACH ROW EXECUTE FUNCTION pricing_cost_line_late()
--
ALTER TABLE pricing_cost_line ENABLE ALWAYS TRIGGER pricing_cost_line_late
--
CREATE OR REPLACE FUNCTION registry_product_derivation_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'registry_product_derivation is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER registry_product_derivation_no_update BEFORE UPDATE ON registry_product_derivation FOR EACH ROW EXECUTE FUNCTION registry_product_derivation_refuse()
--
ALTER TABLE registry_product_derivation ENABLE ALWAYS TRIGGER registry_product_derivation_no_update
--
CREATE TRIGGER registry_product_derivation_no_delete BEFORE DELETE ON registry_product_derivation FOR EACH ROW EXECUTE FUNCTION registry_product_derivation_refuse()
--
ALTER TABLE registry_product_derivation ENABLE ALWAYS TRIGGER registry_product_derivation_no_delete
--
CREATE TRIGGER registry_product_derivation_no_truncate BEFORE TRUNCATE ON registry_product_derivation FOR EACH STATEMENT EXECUTE FUNCTION registry_product_derivation_refuse()
--
ALTER TABLE registry_product_derivation ENABLE ALWAYS TRIGGER registry_product_derivation_no_truncate
--
CREATE OR REPLACE FUNCTION registry_product_version_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'registry_product_version is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER registry_product_version_no_update BEFORE UPDATE ON registry_product_version FOR EACH ROW EXECUTE FUNCTION registry_product_version_refuse()
--
ALTER TABLE registry_product_version ENABLE ALWAYS TRIGGER registry_product_version_no_update
--
CREATE TRIGGER registry_product_version_no_delete BEFORE DELETE ON registry_product_version FOR EACH ROW EXECUTE FUNCTION registry_product_version_refuse()
--
ALTER TABLE registry_product_version ENABLE ALWAYS TRIGGER registry_product_version_no_delete
--
CREATE TRIGGER registry_product_version_no_truncate BEFORE TRUNCATE ON registry_product_version FOR EACH STATEMENT EXECUTE FUNCTION registry_product_version_refuse()
--
ALTER TABLE registry_product_version ENABLE ALWAYS TRIGGER registry_product_version_no_truncate
--
CREATE OR REPLACE FUNCTION registry_request_opinion_final() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.decision IS NOT NULL THEN RAISE EXCEPTION 'an opinion on a data request is final' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER registry_request_opinion_final BEFORE UPDATE ON registry_request_opinion FOR EACH ROW EXECUTE FUNCTION registry_request_opinion_final()
--
ALTER TABLE registry_request_opinion ENABLE ALWAYS TRIGGER registry_request_opinion_final
--
CREATE OR REPLACE FUNCTION registry_request_resource_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'registry_request_resource is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER registry_request_resource_no_update BEFORE UPDATE ON registry_request_resource FOR EACH ROW EXECUTE FUNCTION registry_request_resource_refuse()
--
ALTER TABLE registry_request_resource ENABLE ALWAYS TRIGGER registry_request_resource_no_update
--
CREATE TRIGGER registry_request_resource_no_delete BEFORE DELETE ON registry_request_resource FOR EACH ROW EXECUTE FUNCTION registry_request_resource_refuse()
--
ALTER TABLE registry_request_resource ENABLE ALWAYS TRIGGER registry_request_resource_no_delete
--
CREATE TRIGGER registry_request_resource_no_truncate BEFORE TRUNCATE ON registry_request_resource FOR EACH STATEMENT EXECUTE FUNCTION registry_request_resource_refuse()
--
ALTER TABLE registry_request_resource ENABLE ALWAYS TRIGGER registry_request_resource_no_truncate
--
CREATE OR REPLACE FUNCTION settlement_share_schedule_frozen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.state = 'signed' OR CAST(NEW.steps AS TEXT) <> CAST(OLD.steps AS TEXT) OR CAST(NEW.parties AS TEXT) <> CAST(OLD.parties AS TEXT) OR NEW.number <> OLD.number OR NEW.place <> OLD.place OR NEW.agreement_id <> OLD.agreement_id OR NEW.scope <> OLD.scope OR NEW.version_number <> OLD.version_number OR NEW.valid_from <> OLD.valid_from OR NEW.made_at <> OLD.made_at THEN RAISE EXCEPTION 'a schedule keeps what was agreed: draw up a new version' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER settlement_share_schedule_frozen BEFORE UPDATE ON settlement_share_schedule FOR EACH ROW EXECUTE FUNCTION settlement_share_schedule_frozen()
--
ALTER TABLE settlement_share_schedule ENABLE ALWAYS TRIGGER settlement_share_schedule_frozen
--
CREATE OR REPLACE FUNCTION market_data_set_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'market_data_set is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER market_data_set_no_update BEFORE UPDATE ON market_data_set FOR EACH ROW EXECUTE FUNCTION market_data_set_refuse()
--
ALTER TABLE market_data_set ENABLE ALWAYS TRIGGER market_data_set_no_update
--
CREATE TRIGGER market_data_set_no_delete BEFORE DELETE ON market_data_set FOR EACH ROW EXECUTE FUNCTION market_data_set_refuse()
--
ALTER TABLE market_data_set ENABLE ALWAYS TRIGGER market_data_set_no_delete
--
CREATE TRIGGER market_data_set_no_truncate BEFORE TRUNCATE ON market_data_set FOR EACH STATEMENT EXECUTE FUNCTION market_data_set_refuse()
--
ALTER TABLE market_data_set ENABLE ALWAYS TRIGGER market_data_set_no_truncate
--
CREATE OR REPLACE FUNCTION market_import_row_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'market_import_row is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER market_import_row_no_update BEFORE UPDATE ON market_import_row FOR EACH ROW EXECUTE FUNCTION market_import_row_refuse()
--
ALTER TABLE market_import_row ENABLE ALWAYS TRIGGER market_import_row_no_update
--
CREATE TRIGGER market_import_row_no_delete BEFORE DELETE ON market_import_row FOR EACH ROW EXECUTE FUNCTION market_import_row_refuse()
--
ALTER TABLE market_import_row ENABLE ALWAYS TRIGGER market_import_row_no_delete
--
CREATE TRIGGER market_import_row_no_truncate BEFORE TRUNCATE ON market_import_row FOR EACH STATEMENT EXECUTE FUNCTION market_import_row_refuse()
--
ALTER TABLE market_import_row ENABLE ALWAYS TRIGGER market_import_row_no_truncate
--
CREATE OR REPLACE FUNCTION pricing_fee_cap_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'pricing_fee_cap is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER pricing_fee_cap_no_update BEFORE UPDATE ON pricing_fee_cap FOR EACH ROW EXECUTE FUNCTION pricing_fee_cap_refuse()
--
ALTER TABLE pricing_fee_cap ENABLE ALWAYS TRIGGER pricing_fee_cap_no_update
--
CREATE TRIGGER pricing_fee_cap_no_delete BEFORE DELETE ON pricing_fee_cap FOR EACH ROW EXECUTE FUNCTION pricing_fee_cap_refuse()
--
ALTER TABLE pricing_fee_cap ENABLE ALWAYS TRIGGER pricing_fee_cap_no_delete
--
CREATE TRIGGER pricing_fee_cap_no_truncate BEFORE TRUNCATE ON pricing_fee_cap FOR EACH STATEMENT EXECUTE FUNCTION pricing_fee_cap_refuse()
--
ALTER TABLE pricing_fee_cap ENABLE ALWAYS TRIGGER pricing_fee_cap_no_truncate
--
CREATE OR REPLACE FUNCTION pricing_fee_cap_place() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.place <> (SELECT place FROM pricing_ceiling WHERE id = NEW.ceiling_id) THEN RAISE EXCEPTION 'a cap belongs to the place of its ceiling' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER pricing_fee_cap_place BEFORE INSERT ON pricing_fee_cap FOR EACH ROW EXECUTE FUNCTION pricing_fee_cap_place()
--
ALTER TABLE pricing_fee_cap ENABLE ALWAYS TRIGGER pricing_fee_cap_place
--
CREATE OR REPLACE FUNCTION registry_product_input_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'registry_product_input is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER registry_product_input_no_update BEFORE UPDATE ON registry_product_input FOR EACH ROW EXECUTE FUNCTION registry_product_input_refuse()
--
ALTER TABLE registry_product_input ENABLE ALWAYS TRIGGER registry_product_input_no_update
--
CREATE TRIGGER registry_product_input_no_delete BEFORE DELETE ON registry_product_input FOR EACH ROW EXECUTE FUNCTION registry_product_input_refuse()
--
ALTER TABLE registry_product_input ENABLE ALWAYS TRIGGER registry_product_input_no_delete
--
CREATE TRIGGER registry_product_input_no_truncate BEFORE TRUNCATE ON registry_product_input FOR EACH STATEMENT EXECUTE FUNCTION registry_product_input_refuse()
--
ALTER TABLE registry_product_input ENABLE ALWAYS TRIGGER registry_product_input_no_truncate
--
CREATE OR REPLACE FUNCTION registry_registration_code_fixed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.code IS NOT NULL AND (NEW.code IS NULL OR NEW.code <> OLD.code OR NEW.valid_from <> OLD.valid_from OR NEW.valid_until <> OLD.valid_until) THEN RAISE EXCEPTION 'a registration code and its validity are final' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER registry_registration_code_fixed BEFORE UPDATE ON registry_registration FOR EACH ROW EXECUTE FUNCTION registry_registration_code_fixed()
--
ALTER TABLE registry_registration ENABLE ALWAYS TRIGGER registry_registration_code_fixed
--
CREATE OR REPLACE FUNCTION settlement_schedule_signature_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'settlement_schedule_signature is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER settlement_schedule_signature_no_update BEFORE UPDATE ON settlement_schedule_signature FOR EACH ROW EXECUTE FUNCTION settlement_schedule_signature_refuse()
--
ALTER TABLE settlement_schedule_signature ENABLE ALWAYS TRIGGER settlement_schedule_signature_no_update
--
CREATE TRIGGER settlement_schedule_signature_no_delete BEFORE DELETE ON settlement_schedule_signature FOR EACH ROW EXECUTE FUNCTION settlement_schedule_signature_refuse()
--
ALTER TABLE settlement_schedule_signature ENABLE ALWAYS TRIGGER settlement_schedule_signature_no_delete
--
CREATE TRIGGER settlement_schedule_signature_no_truncate BEFORE TRUNCATE ON settlement_schedule_signature FOR EACH STATEMENT EXECUTE FUNCTION settlement_schedule_signature_refuse()
--
ALTER TABLE settlement_schedule_signature ENABLE ALWAYS TRIGGER settlement_schedule_signature_no_truncate
--
CREATE OR REPLACE FUNCTION market_data_set_row_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'market_data_set_row is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER market_data_set_row_no_update BEFORE UPDATE ON market_data_set_row FOR EACH ROW EXECUTE FUNCTION market_data_set_row_refuse()
--
ALTER TABLE market_data_set_row ENABLE ALWAYS TRIGGER market_data_set_row_no_update
--
CREATE TRIGGER market_data_set_row_no_delete BEFORE DELETE ON market_data_set_row FOR EACH ROW EXECUTE FUNCTION market_data_set_row_refuse()
--
ALTER TABLE market_data_set_row ENABLE ALWAYS TRIGGER market_data_set_row_no_delete
--
CREATE TRIGGER market_data_set_row_no_truncate BEFORE TRUNCATE ON market_data_set_row FOR EACH STATEMENT EXECUTE FUNCTION market_data_set_row_refuse()
--
ALTER TABLE market_data_set_row ENABLE ALWAYS TRIGGER market_data_set_row_no_truncate
--
CREATE OR REPLACE FUNCTION pricing_tariff_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'pricing_tariff is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER pricing_tariff_no_update BEFORE UPDATE ON pricing_tariff FOR EACH ROW EXECUTE FUNCTION pricing_tariff_refuse()
--
ALTER TABLE pricing_tariff ENABLE ALWAYS TRIGGER pricing_tariff_no_update
--
CREATE TRIGGER pricing_tariff_no_delete BEFORE DELETE ON pricing_tariff FOR EACH ROW EXECUTE FUNCTION pricing_tariff_refuse()
--
ALTER TABLE pricing_tariff ENABLE ALWAYS TRIGGER pricing_tariff_no_delete
--
CREATE TRIGGER pricing_tariff_no_truncate BEFORE TRUNCATE ON pricing_tariff FOR EACH STATEMENT EXECUTE FUNCTION pricing_tariff_refuse()
--
ALTER TABLE pricing_tariff ENABLE ALWAYS TRIGGER pricing_tariff_no_truncate
--
CREATE OR REPLACE FUNCTION pricing_tariff_above_cap() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.regime = 'gov_guided' AND NOT EXISTS (SELECT 1 FROM pricing_fee_cap cap WHERE cap.id = NEW.cap_id AND cap.product_id = NEW.product_id AND cap.charge_unit = NEW.charge_unit AND cap.effective_from <= NEW.effective_from AND (cap.subject_kind IS NULL OR cap.subject_kind = NEW.subject_kind) AND cap.amount >= NEW.unit_price_max) THEN RAISE EXCEPTION 'a guided price needs a cap of its product and unit and may not exceed it' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER pricing_tariff_above_cap BEFORE INSERT ON pricing_tariff FOR EACH ROW EXECUTE FUNCTION pricing_tariff_above_cap()
--
ALTER TABLE pricing_tariff ENABLE ALWAYS TRIGGER pricing_tariff_above_cap
--
CREATE OR REPLACE FUNCTION registry_objection_final() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.outcome IS NOT NULL OR NEW.evidence <> OLD.evidence OR NEW.name <> OLD.name THEN RAISE EXCEPTION 'an objection is not changed, and its outcome is final' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER registry_objection_final BEFORE UPDATE ON registry_objection FOR EACH ROW EXECUTE FUNCTION registry_objection_final()
--
ALTER TABLE registry_objection ENABLE ALWAYS TRIGGER registry_objection_final
--
CREATE OR REPLACE FUNCTION market_quote_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'market_quote is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER market_quote_no_update BEFORE UPDATE ON market_quote FOR EACH ROW EXECUTE FUNCTION market_quote_refuse()
--
ALTER TABLE market_quote ENABLE ALWAYS TRIGGER market_quote_no_update
--
CREATE TRIGGER market_quote_no_delete BEFORE DELETE ON market_quote FOR EACH ROW EXECUTE FUNCTION market_quote_refuse()
--
ALTER TABLE market_quote ENABLE ALWAYS TRIGGER market_quote_no_delete
--
CREATE TRIGGER market_quote_no_truncate BEFORE TRUNCATE ON market_quote FOR EACH STATEMENT EXECUTE FUNCTION market_quote_refuse()
--
ALTER TABLE market_quote ENABLE ALWAYS TRIGGER market_quote_no_truncate
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
CREATE OR REPLACE FUNCTION market_order_frozen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.number <> OLD.number OR NEW.place <> OLD.place OR NEW.quote_id <> OLD.quote_id OR NEW.product_id <> OLD.product_id OR NEW.version_id <> OLD.version_id OR NEW.buyer_id <> OLD.buyer_id OR NEW.seller_id <> OLD.seller_id OR NEW.purpose <> OLD.purpose OR NEW.scenario <> OLD.scenario OR NEW.quantity <> OLD.quantity OR NEW.term_months <> OLD.term_months OR NEW.amount <> OLD.amount OR NEW.placed_at <> OLD.placed_at THEN RAISE EXCEPTION 'an order keeps what was bought: only its state moves' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER market_order_frozen BEFORE UPDATE ON market_order FOR EACH ROW EXECUTE FUNCTION market_order_frozen()
--
ALTER TABLE market_order ENABLE ALWAYS TRIGGER market_order_frozen
--
CREATE OR REPLACE FUNCTION market_contract_frozen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.text <> OLD.text OR NEW.sha256 <> OLD.sha256 OR NEW.order_id <> OLD.order_id OR NEW.number <> OLD.number OR (OLD.buyer_signed_at IS NOT NULL AND NEW.buyer_signed_at IS DISTINCT FROM OLD.buyer_signed_at) OR (OLD.seller_signed_at IS NOT NULL AND NEW.seller_signed_at IS DISTINCT FROM OLD.seller_signed_at) THEN RAISE EXCEPTION 'a contract keeps its text and its signatures' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER market_contract_frozen BEFORE UPDATE ON market_contract FOR EACH ROW EXECUTE FUNCTION market_contract_frozen()
--
ALTER TABLE market_contract ENABLE ALWAYS TRIGGER market_contract_frozen
--
CREATE OR REPLACE FUNCTION market_entitlement_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'market_entitlement is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER market_entitlement_no_update BEFORE UPDATE ON market_entitlement FOR EACH ROW EXECUTE FUNCTION market_entitlement_refuse()
--
ALTER TABLE market_entitlement ENABLE ALWAYS TRIGGER market_entitlement_no_update
--
CREATE TRIGGER market_entitlement_no_delete BEFORE DELETE ON market_entitlement FOR EACH ROW EXECUTE FUNCTION market_entitlement_refuse()
--
ALTER TABLE market_entitlement ENABLE ALWAYS TRIGGER market_entitlement_no_delete
--
CREATE TRIGGER market_entitlement_no_truncate BEFORE TRUNCATE ON market_entitlement FOR EACH STATEMENT EXECUTE FUNCTION market_entitlement_refuse()
--
ALTER TABLE market_entitlement ENABLE ALWAYS TRIGGER market_entitlement_no_truncate
--
CREATE OR REPLACE FUNCTION market_payment_frozen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.amount <> OLD.amount OR NEW.order_id <> OLD.order_id OR NEW.reference <> OLD.reference OR (OLD.captured_at IS NOT NULL AND (NEW.captured_at IS DISTINCT FROM OLD.captured_at OR NEW.bank_line IS DISTINCT FROM OLD.bank_line)) THEN RAISE EXCEPTION 'a payment keeps its amount and its bank line' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER market_payment_frozen BEFORE UPDATE ON market_payment FOR EACH ROW EXECUTE FUNCTION market_payment_frozen()
--
ALTER TABLE market_payment ENABLE ALWAYS TRIGGER market_payment_frozen
--
CREATE OR REPLACE FUNCTION settlement_revenue_line_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'settlement_revenue_line is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER settlement_revenue_line_no_update BEFORE UPDATE ON settlement_revenue_line FOR EACH ROW EXECUTE FUNCTION settlement_revenue_line_refuse()
--
ALTER TABLE settlement_revenue_line ENABLE ALWAYS TRIGGER settlement_revenue_line_no_update
--
CREATE TRIGGER settlement_revenue_line_no_delete BEFORE DELETE ON settlement_revenue_line FOR EACH ROW EXECUTE FUNCTION settlement_revenue_line_refuse()
--
ALTER TABLE settlement_revenue_line ENABLE ALWAYS TRIGGER settlement_revenue_line_no_delete
--
CREATE TRIGGER settlement_revenue_line_no_truncate BEFORE TRUNCATE ON settlement_revenue_line FOR EACH STATEMENT EXECUTE FUNCTION settlement_revenue_line_refuse()
--
ALTER TABLE settlement_revenue_line ENABLE ALWAYS TRIGGER settlement_revenue_line_no_truncate
--
CREATE OR REPLACE FUNCTION settlement_revenue_line_closed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM settlement_run AS r WHERE r.id = NEW.run_id AND r.state = 'sealed') THEN RAISE EXCEPTION 'the period is sealed' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER settlement_revenue_line_closed BEFORE INSERT ON settlement_revenue_line FOR EACH ROW EXECUTE FUNCTION settlement_revenue_line_closed()
--
ALTER TABLE settlement_revenue_line ENABLE ALWAYS TRIGGER settlement_revenue_line_closed
--
CREATE OR REPLACE FUNCTION settlement_usage_event_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'settlement_usage_event is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER settlement_usage_event_no_update BEFORE UPDATE ON settlement_usage_event FOR EACH ROW EXECUTE FUNCTION settlement_usage_event_refuse()
--
ALTER TABLE settlement_usage_event ENABLE ALWAYS TRIGGER settlement_usage_event_no_update
--
CREATE TRIGGER settlement_usage_event_no_delete BEFORE DELETE ON settlement_usage_event FOR EACH ROW EXECUTE FUNCTION settlement_usage_event_refuse()
--
ALTER TABLE settlement_usage_event ENABLE ALWAYS TRIGGER settlement_usage_event_no_delete
--
CREATE TRIGGER settlement_usage_event_no_truncate BEFORE TRUNCATE ON settlement_usage_event FOR EACH STATEMENT EXECUTE FUNCTION settlement_usage_event_refuse()
--
ALTER TABLE settlement_usage_event ENABLE ALWAYS TRIGGER settlement_usage_event_no_truncate
--
CREATE OR REPLACE FUNCTION settlement_share_line_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'settlement_share_line is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER settlement_share_line_no_update BEFORE UPDATE ON settlement_share_line FOR EACH ROW EXECUTE FUNCTION settlement_share_line_refuse()
--
ALTER TABLE settlement_share_line ENABLE ALWAYS TRIGGER settlement_share_line_no_update
--
CREATE TRIGGER settlement_share_line_no_delete BEFORE DELETE ON settlement_share_line FOR EACH ROW EXECUTE FUNCTION settlement_share_line_refuse()
--
ALTER TABLE settlement_share_line ENABLE ALWAYS TRIGGER settlement_share_line_no_delete
--
CREATE TRIGGER settlement_share_line_no_truncate BEFORE TRUNCATE ON settlement_share_line FOR EACH STATEMENT EXECUTE FUNCTION settlement_share_line_refuse()
--
ALTER TABLE settlement_share_line ENABLE ALWAYS TRIGGER settlement_share_line_no_truncate
--
CREATE OR REPLACE FUNCTION settlement_share_line_closed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM settlement_run AS r WHERE r.id = NEW.run_id AND r.state = 'sealed') THEN RAISE EXCEPTION 'the period is sealed' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER settlement_share_line_closed BEFORE INSERT ON settlement_share_line FOR EACH ROW EXECUTE FUNCTION settlement_share_line_closed()
--
ALTER TABLE settlement_share_line ENABLE ALWAYS TRIGGER settlement_share_line_closed
--
CREATE OR REPLACE FUNCTION settlement_share_line_payee() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.payee_kind = 'own_account' AND EXISTS (SELECT 1 FROM registry_party AS p WHERE p.id = NEW.party_id AND p.kind = 'administrative_unit') THEN RAISE EXCEPTION 'income of an administrative unit goes to the treasury (REV-05)' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER settlement_share_line_payee BEFORE INSERT ON settlement_share_line FOR EACH ROW EXECUTE FUNCTION settlement_share_line_payee()
--
ALTER TABLE settlement_share_line ENABLE ALWAYS TRIGGER settlement_share_line_payee
