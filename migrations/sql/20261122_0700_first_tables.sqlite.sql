CREATE TRIGGER audit_line_no_update BEFORE UPDATE ON audit_line BEGIN SELECT RAISE(ABORT, 'audit_line is append-only: book a correction instead'); END
--
CREATE TRIGGER audit_line_no_delete BEFORE DELETE ON audit_line BEGIN SELECT RAISE(ABORT, 'audit_line is append-only: book a correction instead'); END
--
CREATE TRIGGER audit_seal_no_update BEFORE UPDATE ON audit_seal BEGIN SELECT RAISE(ABORT, 'audit_seal is append-only: book a correction instead'); END
--
CREATE TRIGGER audit_seal_no_delete BEFORE DELETE ON audit_seal BEGIN SELECT RAISE(ABORT, 'audit_seal is append-only: book a correction instead'); END
--
CREATE TRIGGER evidence_file_no_update BEFORE UPDATE ON evidence_file BEGIN SELECT RAISE(ABORT, 'evidence_file is append-only: book a correction instead'); END
--
CREATE TRIGGER evidence_file_no_delete BEFORE DELETE ON evidence_file BEGIN SELECT RAISE(ABORT, 'evidence_file is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_journal_entry_no_update BEFORE UPDATE ON settlement_journal_entry BEGIN SELECT RAISE(ABORT, 'settlement_journal_entry is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_journal_entry_no_delete BEFORE DELETE ON settlement_journal_entry BEGIN SELECT RAISE(ABORT, 'settlement_journal_entry is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_journal_entry_balanced BEFORE INSERT ON settlement_journal_entry WHEN (SELECT count(*) FROM settlement_journal_line AS l WHERE l.entry_id = NEW.id) < 2 OR (SELECT sum(l.amount) FROM settlement_journal_line AS l WHERE l.entry_id = NEW.id) <> 0 BEGIN SELECT RAISE(ABORT, 'journal entry is not balanced'); END
--
CREATE TRIGGER settlement_journal_entry_sealed BEFORE INSERT ON settlement_journal_entry WHEN EXISTS (SELECT 1 FROM settlement_run AS r WHERE r.place = NEW.place AND r.state = 'sealed' AND r.period_start <= NEW.entry_date AND NEW.entry_date < r.period_end) BEGIN SELECT RAISE(ABORT, 'the period is sealed: book into an open one'); END
--
CREATE TRIGGER settlement_run_overlap BEFORE INSERT ON settlement_run WHEN EXISTS (SELECT 1 FROM settlement_run AS r WHERE r.place = NEW.place AND r.period_start < NEW.period_end AND NEW.period_start < r.period_end) BEGIN SELECT RAISE(ABORT, 'periods of one place do not overlap'); END
--
CREATE TRIGGER settlement_run_sealed BEFORE UPDATE ON settlement_run WHEN OLD.state = 'sealed' OR NEW.place <> OLD.place OR NEW.period_start <> OLD.period_start OR NEW.period_end <> OLD.period_end OR NEW.number <> OLD.number BEGIN SELECT RAISE(ABORT, 'a sealed settlement is not changed'); END
--
CREATE TRIGGER settlement_run_kept BEFORE DELETE ON settlement_run WHEN OLD.state = 'sealed' BEGIN SELECT RAISE(ABORT, 'a sealed settlement is kept'); END
--
CREATE TRIGGER market_import_batch_no_update BEFORE UPDATE ON market_import_batch BEGIN SELECT RAISE(ABORT, 'market_import_batch is append-only: book a correction instead'); END
--
CREATE TRIGGER market_import_batch_no_delete BEFORE DELETE ON market_import_batch BEGIN SELECT RAISE(ABORT, 'market_import_batch is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_agreement_signed_is_fixed BEFORE UPDATE ON registry_agreement WHEN OLD.state <> 'draft' AND (OLD.term_start <> NEW.term_start OR OLD.term_end <> NEW.term_end OR OLD.place <> NEW.place OR OLD.operating_institution_id <> NEW.operating_institution_id OR OLD.authorizing_entity_id <> NEW.authorizing_entity_id OR CAST(OLD.items AS TEXT) <> CAST(NEW.items AS TEXT)) BEGIN SELECT RAISE(ABORT, 'a signed agreement is not changed: sign a new one'); END
--
CREATE TRIGGER settlement_journal_line_no_update BEFORE UPDATE ON settlement_journal_line BEGIN SELECT RAISE(ABORT, 'settlement_journal_line is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_journal_line_no_delete BEFORE DELETE ON settlement_journal_line BEGIN SELECT RAISE(ABORT, 'settlement_journal_line is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_journal_line_closed BEFORE INSERT ON settlement_journal_line WHEN EXISTS (SELECT 1 FROM settlement_journal_entry AS e WHERE e.id = NEW.entry_id) BEGIN SELECT RAISE(ABORT, 'journal entry is booked already'); END
--
CREATE TRIGGER settlement_statement_no_update BEFORE UPDATE ON settlement_statement BEGIN SELECT RAISE(ABORT, 'settlement_statement is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_statement_no_delete BEFORE DELETE ON settlement_statement BEGIN SELECT RAISE(ABORT, 'settlement_statement is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_statement_closed BEFORE INSERT ON settlement_statement WHEN EXISTS (SELECT 1 FROM settlement_run AS r WHERE r.id = NEW.run_id AND r.state = 'sealed') BEGIN SELECT RAISE(ABORT, 'the period is sealed'); END
--
CREATE TRIGGER pricing_cost_survey_closed BEFORE UPDATE ON pricing_cost_survey WHEN OLD.state = 'accepted' BEGIN SELECT RAISE(ABORT, 'an accepted cost survey is never changed'); END
--
CREATE TRIGGER pricing_service_fee_no_update BEFORE UPDATE ON pricing_service_fee BEGIN SELECT RAISE(ABORT, 'pricing_service_fee is append-only: book a correction instead'); END
--
CREATE TRIGGER pricing_service_fee_no_delete BEFORE DELETE ON pricing_service_fee BEGIN SELECT RAISE(ABORT, 'pricing_service_fee is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_agreement_scope_is_fixed BEFORE INSERT ON registry_agreement_resource WHEN EXISTS (SELECT 1 FROM registry_agreement a WHERE a.id = NEW.agreement_id AND a.state <> 'draft') BEGIN SELECT RAISE(ABORT, 'the scope of a signed agreement is not widened: sign a new one'); END
--
CREATE TRIGGER pricing_buyer_class_member_no_update BEFORE UPDATE ON pricing_buyer_class_member BEGIN SELECT RAISE(ABORT, 'pricing_buyer_class_member is append-only: book a correction instead'); END
--
CREATE TRIGGER pricing_buyer_class_member_no_delete BEFORE DELETE ON pricing_buyer_class_member BEGIN SELECT RAISE(ABORT, 'pricing_buyer_class_member is append-only: book a correction instead'); END
--
CREATE TRIGGER pricing_ceiling_no_update BEFORE UPDATE ON pricing_ceiling BEGIN SELECT RAISE(ABORT, 'pricing_ceiling is append-only: book a correction instead'); END
--
CREATE TRIGGER pricing_ceiling_no_delete BEFORE DELETE ON pricing_ceiling BEGIN SELECT RAISE(ABORT, 'pricing_ceiling is append-only: book a correction instead'); END
--
CREATE TRIGGER pricing_cost_line_closed BEFORE UPDATE ON pricing_cost_line WHEN (SELECT state FROM pricing_cost_survey WHERE id = OLD.survey_id) = 'accepted' BEGIN SELECT RAISE(ABORT, 'an accepted cost survey is never changed'); END
--
CREATE TRIGGER pricing_cost_line_late BEFORE INSERT ON pricing_cost_line WHEN (SELECT state FROM pricing_cost_survey WHERE id = NEW.survey_id) = 'accepted' BEGIN SELECT RAISE(ABORT, 'an accepted cost survey is never changed'); END
--
CREATE TRIGGER registry_product_derivation_no_update BEFORE UPDATE ON registry_product_derivation BEGIN SELECT RAISE(ABORT, 'registry_product_derivation is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_product_derivation_no_delete BEFORE DELETE ON registry_product_derivation BEGIN SELECT RAISE(ABORT, 'registry_product_derivation is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_product_version_no_update BEFORE UPDATE ON registry_product_version BEGIN SELECT RAISE(ABORT, 'registry_product_version is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_product_version_no_delete BEFORE DELETE ON registry_product_version BEGIN SELECT RAISE(ABORT, 'registry_product_version is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_request_opinion_final BEFORE UPDATE ON registry_request_opinion WHEN OLD.decision IS NOT NULL BEGIN SELECT RAISE(ABORT, 'an opinion on a data request is final'); END
--
CREATE TRIGGER registry_request_resource_no_update BEFORE UPDATE ON registry_request_resource BEGIN SELECT RAISE(ABORT, 'registry_request_resource is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_request_resource_no_delete BEFORE DELETE ON registry_request_resource BEGIN SELECT RAISE(ABORT, 'registry_request_resource is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_share_schedule_frozen BEFORE UPDATE ON settlement_share_schedule WHEN OLD.state = 'signed' OR CAST(NEW.steps AS TEXT) <> CAST(OLD.steps AS TEXT) OR CAST(NEW.parties AS TEXT) <> CAST(OLD.parties AS TEXT) OR NEW.number <> OLD.number OR NEW.place <> OLD.place OR NEW.agreement_id <> OLD.agreement_id OR NEW.scope <> OLD.scope OR NEW.version_number <> OLD.version_number OR NEW.valid_from <> OLD.valid_from OR NEW.made_at <> OLD.made_at BEGIN SELECT RAISE(ABORT, 'a schedule keeps what was agreed: draw up a new version'); END
--
CREATE TRIGGER market_data_set_no_update BEFORE UPDATE ON market_data_set BEGIN SELECT RAISE(ABORT, 'market_data_set is append-only: book a correction instead'); END
--
CREATE TRIGGER market_data_set_no_delete BEFORE DELETE ON market_data_set BEGIN SELECT RAISE(ABORT, 'market_data_set is append-only: book a correction instead'); END
--
CREATE TRIGGER market_import_row_no_update BEFORE UPDATE ON market_import_row BEGIN SELECT RAISE(ABORT, 'market_import_row is append-only: book a correction instead'); END
--
CREATE TRIGGER market_import_row_no_delete BEFORE DELETE ON market_import_row BEGIN SELECT RAISE(ABORT, 'market_import_row is append-only: book a correction instead'); END
--
CREATE TRIGGER pricing_fee_cap_no_update BEFORE UPDATE ON pricing_fee_cap BEGIN SELECT RAISE(ABORT, 'pricing_fee_cap is append-only: book a correction instead'); END
--
CREATE TRIGGER pricing_fee_cap_no_delete BEFORE DELETE ON pricing_fee_cap BEGIN SELECT RAISE(ABORT, 'pricing_fee_cap is append-only: book a correction instead'); END
--
CREATE TRIGGER pricing_fee_cap_place BEFORE INSERT ON pricing_fee_cap WHEN NEW.place <> (SELECT place FROM pricing_ceiling WHERE id = NEW.ceiling_id) BEGIN SELECT RAISE(ABORT, 'a cap belongs to the place of its ceiling'); END
--
CREATE TRIGGER registry_product_input_no_update BEFORE UPDATE ON registry_product_input BEGIN SELECT RAISE(ABORT, 'registry_product_input is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_product_input_no_delete BEFORE DELETE ON registry_product_input BEGIN SELECT RAISE(ABORT, 'registry_product_input is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_registration_code_fixed BEFORE UPDATE ON registry_registration WHEN OLD.code IS NOT NULL AND (NEW.code IS NULL OR NEW.code <> OLD.code OR NEW.valid_from <> OLD.valid_from OR NEW.valid_until <> OLD.valid_until) BEGIN SELECT RAISE(ABORT, 'a registration code and its validity are final'); END
--
CREATE TRIGGER settlement_schedule_signature_no_update BEFORE UPDATE ON settlement_schedule_signature BEGIN SELECT RAISE(ABORT, 'settlement_schedule_signature is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_schedule_signature_no_delete BEFORE DELETE ON settlement_schedule_signature BEGIN SELECT RAISE(ABORT, 'settlement_schedule_signature is append-only: book a correction instead'); END
--
CREATE TRIGGER market_data_set_row_no_update BEFORE UPDATE ON market_data_set_row BEGIN SELECT RAISE(ABORT, 'market_data_set_row is append-only: book a correction instead'); END
--
CREATE TRIGGER market_data_set_row_no_delete BEFORE DELETE ON market_data_set_row BEGIN SELECT RAISE(ABORT, 'market_data_set_row is append-only: book a correction instead'); END
--
CREATE TRIGGER pricing_tariff_no_update BEFORE UPDATE ON pricing_tariff BEGIN SELECT RAISE(ABORT, 'pricing_tariff is append-only: book a correction instead'); END
--
CREATE TRIGGER pricing_tariff_no_delete BEFORE DELETE ON pricing_tariff BEGIN SELECT RAISE(ABORT, 'pricing_tariff is append-only: book a correction instead'); END
--
CREATE TRIGGER pricing_tariff_above_cap BEFORE INSERT ON pricing_tariff WHEN NEW.regime = 'gov_guided' AND NOT EXISTS (SELECT 1 FROM pricing_fee_cap cap WHERE cap.id = NEW.cap_id AND cap.product_id = NEW.product_id AND cap.charge_unit = NEW.charge_unit AND cap.effective_from <= NEW.effective_from AND (cap.subject_kind IS NULL OR cap.subject_kind = NEW.subject_kind) AND cap.amount >= NEW.unit_price_max) BEGIN SELECT RAISE(ABORT, 'a guided price needs a cap of its product and unit and may not exceed it'); END
--
CREATE TRIGGER registry_objection_final BEFORE UPDATE ON registry_objection WHEN OLD.outcome IS NOT NULL OR NEW.evidence <> OLD.evidence OR NEW.name <> OLD.name BEGIN SELECT RAISE(ABORT, 'an objection is not changed, and its outcome is final'); END
--
CREATE TRIGGER market_quote_no_update BEFORE UPDATE ON market_quote BEGIN SELECT RAISE(ABORT, 'market_quote is append-only: book a correction instead'); END
--
CREATE TRIGGER market_quote_no_delete BEFORE DELETE ON market_quote BEGIN SELECT RAISE(ABORT, 'market_quote is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_review_opinion_no_update BEFORE UPDATE ON registry_review_opinion BEGIN SELECT RAISE(ABORT, 'registry_review_opinion is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_review_opinion_no_delete BEFORE DELETE ON registry_review_opinion BEGIN SELECT RAISE(ABORT, 'registry_review_opinion is append-only: book a correction instead'); END
--
CREATE TRIGGER market_order_frozen BEFORE UPDATE ON market_order WHEN NEW.number <> OLD.number OR NEW.place <> OLD.place OR NEW.quote_id <> OLD.quote_id OR NEW.product_id <> OLD.product_id OR NEW.version_id <> OLD.version_id OR NEW.buyer_id <> OLD.buyer_id OR NEW.seller_id <> OLD.seller_id OR NEW.purpose <> OLD.purpose OR NEW.scenario <> OLD.scenario OR NEW.quantity <> OLD.quantity OR NEW.term_months <> OLD.term_months OR NEW.amount <> OLD.amount OR NEW.placed_at <> OLD.placed_at BEGIN SELECT RAISE(ABORT, 'an order keeps what was bought: only its state moves'); END
--
CREATE TRIGGER market_contract_frozen BEFORE UPDATE ON market_contract WHEN NEW.text <> OLD.text OR NEW.sha256 <> OLD.sha256 OR NEW.order_id <> OLD.order_id OR NEW.number <> OLD.number OR (OLD.buyer_signed_at IS NOT NULL AND NEW.buyer_signed_at IS DISTINCT FROM OLD.buyer_signed_at) OR (OLD.seller_signed_at IS NOT NULL AND NEW.seller_signed_at IS DISTINCT FROM OLD.seller_signed_at) BEGIN SELECT RAISE(ABORT, 'a contract keeps its text and its signatures'); END
--
CREATE TRIGGER market_entitlement_no_update BEFORE UPDATE ON market_entitlement BEGIN SELECT RAISE(ABORT, 'market_entitlement is append-only: book a correction instead'); END
--
CREATE TRIGGER market_entitlement_no_delete BEFORE DELETE ON market_entitlement BEGIN SELECT RAISE(ABORT, 'market_entitlement is append-only: book a correction instead'); END
--
CREATE TRIGGER market_payment_frozen BEFORE UPDATE ON market_payment WHEN NEW.amount <> OLD.amount OR NEW.order_id <> OLD.order_id OR NEW.reference <> OLD.reference OR (OLD.captured_at IS NOT NULL AND (NEW.captured_at IS DISTINCT FROM OLD.captured_at OR NEW.bank_line IS DISTINCT FROM OLD.bank_line)) BEGIN SELECT RAISE(ABORT, 'a payment keeps its amount and its bank line'); END
--
CREATE TRIGGER settlement_revenue_line_no_update BEFORE UPDATE ON settlement_revenue_line BEGIN SELECT RAISE(ABORT, 'settlement_revenue_line is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_revenue_line_no_delete BEFORE DELETE ON settlement_revenue_line BEGIN SELECT RAISE(ABORT, 'settlement_revenue_line is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_revenue_line_closed BEFORE INSERT ON settlement_revenue_line WHEN EXISTS (SELECT 1 FROM settlement_run AS r WHERE r.id = NEW.run_id AND r.state = 'sealed') BEGIN SELECT RAISE(ABORT, 'the period is sealed'); END
--
CREATE TRIGGER settlement_usage_event_no_update BEFORE UPDATE ON settlement_usage_event BEGIN SELECT RAISE(ABORT, 'settlement_usage_event is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_usage_event_no_delete BEFORE DELETE ON settlement_usage_event BEGIN SELECT RAISE(ABORT, 'settlement_usage_event is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_share_line_no_update BEFORE UPDATE ON settlement_share_line BEGIN SELECT RAISE(ABORT, 'settlement_share_line is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_share_line_no_delete BEFORE DELETE ON settlement_share_line BEGIN SELECT RAISE(ABORT, 'settlement_share_line is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_share_line_closed BEFORE INSERT ON settlement_share_line WHEN EXISTS (SELECT 1 FROM settlement_run AS r WHERE r.id = NEW.run_id AND r.state = 'sealed') BEGIN SELECT RAISE(ABORT, 'the period is sealed'); END
--
CREATE TRIGGER settlement_share_line_payee BEFORE INSERT ON settlement_share_line WHEN NEW.payee_kind = 'own_account' AND EXISTS (SELECT 1 FROM registry_party AS p WHERE p.id = NEW.party_id AND p.kind = 'administrative_unit') BEGIN SELECT RAISE(ABORT, 'income of an administrative unit goes to the treasury (REV-05)'); END
