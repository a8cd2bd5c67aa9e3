DROP TRIGGER IF EXISTS pricing_cost_survey_closed ON pricing_cost_survey
--
DROP TRIGGER IF EXISTS pricing_cost_survey_charges_once ON pricing_cost_survey
--
DROP TRIGGER IF EXISTS pricing_cost_line_closed ON pricing_cost_line
--
DROP TRIGGER IF EXISTS pricing_cost_line_late ON pricing_cost_line
--
DROP TRIGGER IF EXISTS pricing_tariff_no_update ON pricing_tariff
--
DROP TRIGGER IF EXISTS pricing_tariff_no_delete ON pricing_tariff
--
DROP TRIGGER IF EXISTS pricing_tariff_no_truncate ON pricing_tariff
--
DROP TRIGGER IF EXISTS pricing_tariff_above_cap ON pricing_tariff
--
DROP TRIGGER IF EXISTS market_quote_no_update ON market_quote
--
DROP TRIGGER IF EXISTS market_quote_no_delete ON market_quote
--
DROP TRIGGER IF EXISTS market_quote_no_truncate ON market_quote
--
DROP TRIGGER IF EXISTS market_order_frozen ON market_order
--
CREATE TABLE pricing_charge (
	number TEXT NOT NULL,
	place TEXT NOT NULL,
	agreement_id UUID NOT NULL,
	operating_institution_id UUID NOT NULL,
	payee_id UUID NOT NULL,
	year BIGINT NOT NULL,
	month TEXT NOT NULL,
	kind VARCHAR(40) NOT NULL,
	amount BIGINT NOT NULL,
	quantity BIGINT,
	unit TEXT,
	note TEXT NOT NULL,
	in_cost_base BOOLEAN NOT NULL,
	evidence_sha256 TEXT,
	corrects_id UUID,
	reason TEXT,
	recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
	recorded_by UUID NOT NULL,
	sources JSON NOT NULL,
	id UUID NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_pricing_charge PRIMARY KEY (id),
	CONSTRAINT ck_pricing_charge_only_a_correction_is_negative CHECK ((amount > 0) = (corrects_id IS NULL)),
	CONSTRAINT ck_pricing_charge_amount_not_zero CHECK (amount <> 0),
	CONSTRAINT ck_pricing_charge_corrected_with_reason CHECK ((corrects_id IS NULL) = (reason IS NULL)),
	CONSTRAINT ck_pricing_charge_quantity_with_unit CHECK ((quantity IS NULL) = (unit IS NULL)),
	CONSTRAINT ck_pricing_charge_recorded_with_evidence CHECK (corrects_id IS NOT NULL OR evidence_sha256 IS NOT NULL),
	CONSTRAINT ck_pricing_charge_month_is_a_month CHECK (length(month) = 7),
	CONSTRAINT uq_pricing_charge_number UNIQUE (number),
	CONSTRAINT fk_pricing_charge_agreement_id FOREIGN KEY(agreement_id) REFERENCES registry_agreement (id),
	CONSTRAINT fk_pricing_charge_operating_institution_id FOREIGN KEY(operating_institution_id) REFERENCES registry_party (id),
	CONSTRAINT fk_pricing_charge_payee_id FOREIGN KEY(payee_id) REFERENCES registry_party (id),
	CONSTRAINT ck_pricing_charge_chargekind CHECK (kind IN ('resource_consumption', 'data_governance', 'model_publication', 'result_export', 'security_service', 'public_data_acquisition')),
	CONSTRAINT fk_pricing_charge_evidence_sha256 FOREIGN KEY(evidence_sha256) REFERENCES evidence_file (sha256),
	CONSTRAINT uq_pricing_charge_corrects_id UNIQUE (corrects_id),
	CONSTRAINT fk_pricing_charge_corrects_id FOREIGN KEY(corrects_id) REFERENCES pricing_charge (id)
)
--
CREATE INDEX ix_pricing_charge_agreement_id ON pricing_charge (agreement_id)
--
CREATE INDEX ix_pricing_charge_evidence_sha256 ON pricing_charge (evidence_sha256)
--
CREATE INDEX ix_pricing_charge_operating_institution_id ON pricing_charge (operating_institution_id)
--
CREATE INDEX ix_pricing_charge_payee_id ON pricing_charge (payee_id)
--
CREATE INDEX ix_pricing_charge_place ON pricing_charge (place)
--
CREATE TABLE pricing_determination (
	number TEXT NOT NULL,
	place TEXT NOT NULL,
	agreement_id UUID NOT NULL,
	authorizing_entity_id UUID NOT NULL,
	operating_institution_id UUID NOT NULL,
	year BIGINT NOT NULL,
	state VARCHAR(40) NOT NULL,
	first_sale_date DATE NOT NULL,
	reference TEXT NOT NULL,
	statement TEXT NOT NULL,
	evidence_sha256 TEXT,
	applied_by UUID NOT NULL,
	applied_at TIMESTAMP WITH TIME ZONE NOT NULL,
	id UUID NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_pricing_determination PRIMARY KEY (id),
	CONSTRAINT ck_pricing_determination_derived_states_are_not_stored CHECK (state NOT IN ('active', 'under_evaluation', 'superseded')),
	CONSTRAINT ck_pricing_determination_in_writing CHECK (length(reference) > 0 AND length(statement) > 0),
	CONSTRAINT uq_pricing_determination_number UNIQUE (number),
	CONSTRAINT fk_pricing_determination_agreement_id FOREIGN KEY(agreement_id) REFERENCES registry_agreement (id),
	CONSTRAINT fk_pricing_determination_authorizing_entity_id FOREIGN KEY(authorizing_entity_id) REFERENCES registry_party (id),
	CONSTRAINT fk_pricing_determination_operating_institution_id FOREIGN KEY(operating_institution_id) REFERENCES registry_party (id),
	CONSTRAINT ck_pricing_determination_determinationstate CHECK (state IN ('applied', 'returned', 'refused', 'withdrawn', 'readiness_assessed', 'proposed', 'mpr_determined', 'caps_set', 'caps_reported', 'active', 'under_evaluation', 'superseded')),
	CONSTRAINT fk_pricing_determination_evidence_sha256 FOREIGN KEY(evidence_sha256) REFERENCES evidence_file (sha256)
)
--
CREATE INDEX ix_pricing_determination_agreement_id ON pricing_determination (agreement_id)
--
CREATE INDEX ix_pricing_determination_authorizing_entity_id ON pricing_determination (authorizing_entity_id)
--
CREATE INDEX ix_pricing_determination_evidence_sha256 ON pricing_determination (evidence_sha256)
--
CREATE INDEX ix_pricing_determination_operating_institution_id ON pricing_determination (operating_institution_id)
--
CREATE INDEX ix_pricing_determination_place ON pricing_determination (place)
--
CREATE INDEX ix_pricing_determination_state ON pricing_determination (state)
--
CREATE UNIQUE INDEX uq_pricing_determination_under_way ON pricing_determination (agreement_id, year) WHERE state IN ('applied', 'returned', 'readiness_assessed', 'proposed')
--
CREATE TABLE pricing_evaluation_cycle (
	number TEXT NOT NULL,
	place TEXT NOT NULL,
	agreement_id UUID NOT NULL,
	first_year BIGINT NOT NULL,
	last_year BIGINT NOT NULL,
	years_max BIGINT NOT NULL,
	opened_by UUID NOT NULL,
	opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
	id UUID NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_pricing_evaluation_cycle PRIMARY KEY (id),
	CONSTRAINT ck_pricing_evaluation_cycle_years_ordered CHECK (first_year <= last_year),
	CONSTRAINT uq_pricing_evaluation_cycle_number UNIQUE (number),
	CONSTRAINT fk_pricing_evaluation_cycle_agreement_id FOREIGN KEY(agreement_id) REFERENCES registry_agreement (id)
)
--
CREATE INDEX ix_pricing_evaluation_cycle_agreement_id ON pricing_evaluation_cycle (agreement_id)
--
CREATE INDEX ix_pricing_evaluation_cycle_place ON pricing_evaluation_cycle (place)
--
CREATE TABLE pricing_allocation_key (
	survey_id UUID NOT NULL,
	position BIGINT NOT NULL,
	name TEXT NOT NULL,
	driver TEXT NOT NULL,
	industry_units BIGINT,
	public_units BIGINT,
	direct_share BIGINT,
	evidence_sha256 TEXT,
	id UUID NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_pricing_allocation_key PRIMARY KEY (id),
	CONSTRAINT uq_pricing_allocation_key_survey_id_name UNIQUE (survey_id, name),
	CONSTRAINT ck_pricing_allocation_key_named CHECK (length(name) > 0),
	CONSTRAINT ck_pricing_allocation_key_both_uses_measured CHECK ((industry_units IS NULL) = (public_units IS NULL)),
	CONSTRAINT ck_pricing_allocation_key_measured_or_stated CHECK ((industry_units IS NULL) = (direct_share IS NOT NULL)),
	CONSTRAINT ck_pricing_allocation_key_something_measured CHECK (industry_units IS NULL OR (industry_units >= 0 AND public_units >= 0 AND industry_units + public_units > 0)),
	CONSTRAINT ck_pricing_allocation_key_share_is_a_fraction CHECK (direct_share IS NULL OR direct_share BETWEEN 0 AND 1000000000),
	CONSTRAINT fk_pricing_allocation_key_survey_id FOREIGN KEY(survey_id) REFERENCES pricing_cost_survey (id),
	CONSTRAINT fk_pricing_allocation_key_evidence_sha256 FOREIGN KEY(evidence_sha256) REFERENCES evidence_file (sha256)
)
--
CREATE INDEX ix_pricing_allocation_key_evidence_sha256 ON pricing_allocation_key (evidence_sha256)
--
CREATE INDEX ix_pricing_allocation_key_survey_id ON pricing_allocation_key (survey_id)
--
CREATE TABLE pricing_buyer_class_rule (
	product_id UUID NOT NULL,
	buyer_class TEXT NOT NULL,
	rule TEXT NOT NULL,
	since DATE NOT NULL,
	set_by UUID NOT NULL,
	set_at TIMESTAMP WITH TIME ZONE NOT NULL,
	id UUID NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_pricing_buyer_class_rule PRIMARY KEY (id),
	CONSTRAINT uq_pricing_buyer_class_rule_product_id_buyer_class_since UNIQUE (product_id, buyer_class, since),
	CONSTRAINT ck_pricing_buyer_class_rule_rule_is_written CHECK (length(rule) > 0),
	CONSTRAINT fk_pricing_buyer_class_rule_product_id FOREIGN KEY(product_id) REFERENCES registry_product (id)
)
--
CREATE INDEX ix_pricing_buyer_class_rule_product_id ON pricing_buyer_class_rule (product_id)
--
CREATE TABLE pricing_cycle_closing (
	cycle_id UUID NOT NULL,
	sequence BIGINT NOT NULL,
	permitted BIGINT NOT NULL,
	actual BIGINT NOT NULL,
	excess BIGINT NOT NULL,
	threshold BIGINT,
	spread_years BIGINT NOT NULL,
	reason TEXT NOT NULL,
	inputs JSON NOT NULL,
	sources JSON NOT NULL,
	closed_by UUID NOT NULL,
	closed_at TIMESTAMP WITH TIME ZONE NOT NULL,
	id UUID NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_pricing_cycle_closing PRIMARY KEY (id),
	CONSTRAINT uq_pricing_cycle_closing_cycle_id_sequence UNIQUE (cycle_id, sequence),
	CONSTRAINT ck_pricing_cycle_closing_not_negative CHECK (permitted >= 0 AND actual >= 0),
	CONSTRAINT ck_pricing_cycle_closing_excess_follows CHECK (excess = CASE WHEN actual > permitted THEN actual - permitted ELSE 0 END),
	CONSTRAINT ck_pricing_cycle_closing_spread_over_a_year CHECK (spread_years >= 1),
	CONSTRAINT fk_pricing_cycle_closing_cycle_id FOREIGN KEY(cycle_id) REFERENCES pricing_evaluation_cycle (id)
)
--
CREATE INDEX ix_pricing_cycle_closing_cycle_id ON pricing_cycle_closing (cycle_id)
--
CREATE TABLE pricing_determination_step (
	determination_id UUID NOT NULL,
	position BIGINT NOT NULL,
	event VARCHAR(40),
	state VARCHAR(40) NOT NULL,
	note TEXT NOT NULL,
	actor_id UUID NOT NULL,
	actor_name TEXT NOT NULL,
	at TIMESTAMP WITH TIME ZONE NOT NULL,
	id UUID NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_pricing_determination_step PRIMARY KEY (id),
	CONSTRAINT uq_pricing_determination_step_determination_id_position UNIQUE (determination_id, position),
	CONSTRAINT fk_pricing_determination_step_determination_id FOREIGN KEY(determination_id) REFERENCES pricing_determination (id),
	CONSTRAINT ck_pricing_determination_step_determinationevent CHECK (event IN ('amend', 'return', 'refuse', 'withdraw', 'assess', 'propose', 'reject', 'confirm', 'set_caps', 'drop_caps', 'report_caps')),
	CONSTRAINT ck_pricing_determination_step_determinationstate CHECK (state IN ('applied', 'returned', 'refused', 'withdrawn', 'readiness_assessed', 'proposed', 'mpr_determined', 'caps_set', 'caps_reported', 'active', 'under_evaluation', 'superseded'))
)
--
CREATE INDEX ix_pricing_determination_step_determination_id ON pricing_determination_step (determination_id)
--
CREATE TABLE pricing_negotiable (
	product_id UUID NOT NULL,
	rule TEXT NOT NULL,
	is_open BOOLEAN NOT NULL,
	since DATE NOT NULL,
	set_by UUID NOT NULL,
	set_at TIMESTAMP WITH TIME ZONE NOT NULL,
	id UUID NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_pricing_negotiable PRIMARY KEY (id),
	CONSTRAINT uq_pricing_negotiable_product_id_since UNIQUE (product_id, since),
	CONSTRAINT ck_pricing_negotiable_rule_is_written CHECK (length(rule) > 0),
	CONSTRAINT fk_pricing_negotiable_product_id FOREIGN KEY(product_id) REFERENCES registry_product (id)
)
--
CREATE INDEX ix_pricing_negotiable_product_id ON pricing_negotiable (product_id)
--
CREATE TABLE pricing_proposal (
	determination_id UUID NOT NULL,
	round_number BIGINT NOT NULL,
	survey_id UUID NOT NULL,
	terms JSON NOT NULL,
	inputs JSON NOT NULL,
	sources JSON NOT NULL,
	tree JSON NOT NULL,
	max_permitted_revenue BIGINT NOT NULL,
	sha256 TEXT NOT NULL,
	proposed_by UUID NOT NULL,
	proposed_by_name TEXT NOT NULL,
	proposed_at TIMESTAMP WITH TIME ZONE NOT NULL,
	id UUID NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_pricing_proposal PRIMARY KEY (id),
	CONSTRAINT uq_pricing_proposal_determination_id_round_number UNIQUE (determination_id, round_number),
	CONSTRAINT ck_pricing_proposal_counted CHECK (round_number >= 1),
	CONSTRAINT ck_pricing_proposal_digested CHECK (length(sha256) = 64),
	CONSTRAINT fk_pricing_proposal_determination_id FOREIGN KEY(determination_id) REFERENCES pricing_determination (id),
	CONSTRAINT fk_pricing_proposal_survey_id FOREIGN KEY(survey_id) REFERENCES pricing_cost_survey (id)
)
--
CREATE INDEX ix_pricing_proposal_determination_id ON pricing_proposal (determination_id)
--
CREATE INDEX ix_pricing_proposal_survey_id ON pricing_proposal (survey_id)
--
CREATE TABLE pricing_assessment (
	number TEXT NOT NULL,
	place TEXT NOT NULL,
	agreement_id UUID NOT NULL,
	year BIGINT NOT NULL,
	sequence BIGINT NOT NULL,
	ceiling_id UUID NOT NULL,
	basis VARCHAR(40) NOT NULL,
	permitted BIGINT NOT NULL,
	actual BIGINT NOT NULL,
	threshold BIGINT NOT NULL,
	direction VARCHAR(40) NOT NULL,
	action VARCHAR(40) NOT NULL,
	inputs JSON NOT NULL,
	sources JSON NOT NULL,
	sha256 TEXT NOT NULL,
	note TEXT NOT NULL,
	supersedes_id UUID,
	correction_reason TEXT,
	recorded_by UUID NOT NULL,
	recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
	id UUID NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_pricing_assessment PRIMARY KEY (id),
	CONSTRAINT uq_pricing_assessment_agreement_id_year_sequence UNIQUE (agreement_id, year, sequence),
	CONSTRAINT ck_pricing_assessment_not_negative CHECK (permitted >= 0 AND actual >= 0),
	CONSTRAINT ck_pricing_assessment_threshold_not_negative CHECK (threshold >= 0),
	CONSTRAINT ck_pricing_assessment_first_supersedes_nothing CHECK ((sequence = 1) = (supersedes_id IS NULL)),
	CONSTRAINT ck_pricing_assessment_correction_has_a_reason CHECK ((supersedes_id IS NULL) = (correction_reason IS NULL)),
	CONSTRAINT ck_pricing_assessment_direction_follows CHECK (direction = CASE WHEN actual > permitted THEN 'over' WHEN actual < permitted THEN 'under' ELSE 'none' END),
	CONSTRAINT ck_pricing_assessment_action_follows CHECK ((direction = 'none') = (action = 'none')),
	CONSTRAINT uq_pricing_assessment_number UNIQUE (number),
	CONSTRAINT fk_pricing_assessment_agreement_id FOREIGN KEY(agreement_id) REFERENCES registry_agreement (id),
	CONSTRAINT fk_pricing_assessment_ceiling_id FOREIGN KEY(ceiling_id) REFERENCES pricing_ceiling (id),
	CONSTRAINT ck_pricing_assessment_basis CHECK (basis IN ('net_of_tax', 'with_tax')),
	CONSTRAINT ck_pricing_assessment_direction CHECK (direction IN ('over', 'under', 'none')),
	CONSTRAINT ck_pricing_assessment_action CHECK (action IN ('none', 'adjust_prices', 'adjust_caps')),
	CONSTRAINT uq_pricing_assessment_supersedes_id UNIQUE (supersedes_id),
	CONSTRAINT fk_pricing_assessment_supersedes_id FOREIGN KEY(supersedes_id) REFERENCES pricing_assessment (id)
)
--
CREATE INDEX ix_pricing_assessment_agreement_id ON pricing_assessment (agreement_id)
--
CREATE INDEX ix_pricing_assessment_ceiling_id ON pricing_assessment (ceiling_id)
--
CREATE INDEX ix_pricing_assessment_place ON pricing_assessment (place)
--
CREATE TABLE pricing_buyer_class_change (
	member_id UUID NOT NULL,
	act VARCHAR(40) NOT NULL,
	since DATE NOT NULL,
	reason TEXT NOT NULL,
	set_by UUID NOT NULL,
	set_at TIMESTAMP WITH TIME ZONE NOT NULL,
	id UUID NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_pricing_buyer_class_change PRIMARY KEY (id),
	CONSTRAINT uq_pricing_buyer_class_change_member_id_since UNIQUE (member_id, since),
	CONSTRAINT fk_pricing_buyer_class_change_member_id FOREIGN KEY(member_id) REFERENCES pricing_buyer_class_member (id),
	CONSTRAINT ck_pricing_buyer_class_change_membershipact CHECK (act IN ('ended', 'readmitted'))
)
--
CREATE INDEX ix_pricing_buyer_class_change_member_id ON pricing_buyer_class_change (member_id)
--
CREATE TABLE pricing_cap_plan (
	number TEXT NOT NULL,
	place TEXT NOT NULL,
	determination_id UUID NOT NULL,
	ceiling_id UUID NOT NULL,
	state VARCHAR(40) NOT NULL,
	effective_from DATE NOT NULL,
	note TEXT NOT NULL,
	drafted_by UUID NOT NULL,
	drafted_at TIMESTAMP WITH TIME ZONE NOT NULL,
	report_number TEXT,
	report_date DATE,
	reported_to JSON NOT NULL,
	recorded_by UUID,
	recorded_at TIMESTAMP WITH TIME ZONE,
	id UUID NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_pricing_cap_plan PRIMARY KEY (id),
	CONSTRAINT ck_pricing_cap_plan_recorded_when_reported CHECK ((state = 'reported') = (recorded_at IS NOT NULL)),
	CONSTRAINT ck_pricing_cap_plan_report_has_its_number CHECK ((recorded_at IS NULL) = (report_number IS NULL)),
	CONSTRAINT ck_pricing_cap_plan_report_has_its_date CHECK ((recorded_at IS NULL) = (report_date IS NULL)),
	CONSTRAINT ck_pricing_cap_plan_reported_before_effective CHECK (report_date IS NULL OR report_date <= effective_from),
	CONSTRAINT uq_pricing_cap_plan_number UNIQUE (number),
	CONSTRAINT fk_pricing_cap_plan_determination_id FOREIGN KEY(determination_id) REFERENCES pricing_determination (id),
	CONSTRAINT fk_pricing_cap_plan_ceiling_id FOREIGN KEY(ceiling_id) REFERENCES pricing_ceiling (id),
	CONSTRAINT ck_pricing_cap_plan_capplanstate CHECK (state IN ('draft', 'reported', 'dropped'))
)
--
CREATE INDEX ix_pricing_cap_plan_ceiling_id ON pricing_cap_plan (ceiling_id)
--
CREATE INDEX ix_pricing_cap_plan_determination_id ON pricing_cap_plan (determination_id)
--
CREATE INDEX ix_pricing_cap_plan_place ON pricing_cap_plan (place)
--
CREATE UNIQUE INDEX uq_pricing_cap_plan_draft ON pricing_cap_plan (determination_id) WHERE state = 'draft'
--
CREATE TABLE pricing_deduction (
	closing_id UUID NOT NULL,
	agreement_id UUID NOT NULL,
	year BIGINT NOT NULL,
	amount BIGINT NOT NULL,
	id UUID NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_pricing_deduction PRIMARY KEY (id),
	CONSTRAINT uq_pricing_deduction_closing_id_year UNIQUE (closing_id, year),
	CONSTRAINT ck_pricing_deduction_not_nothing CHECK (amount <> 0),
	CONSTRAINT fk_pricing_deduction_closing_id FOREIGN KEY(closing_id) REFERENCES pricing_cycle_closing (id),
	CONSTRAINT fk_pricing_deduction_agreement_id FOREIGN KEY(agreement_id) REFERENCES registry_agreement (id)
)
--
CREATE INDEX ix_pricing_deduction_agreement_id ON pricing_deduction (agreement_id)
--
CREATE INDEX ix_pricing_deduction_closing_id ON pricing_deduction (closing_id)
--
CREATE TABLE pricing_exemption_amendment (
	exemption_id UUID NOT NULL,
	valid_until DATE NOT NULL,
	quota BIGINT,
	reason TEXT NOT NULL,
	evidence_sha256 TEXT,
	state VARCHAR(40) NOT NULL,
	asked_by UUID NOT NULL,
	asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
	decided_by UUID,
	decided_at TIMESTAMP WITH TIME ZONE,
	decided_reason TEXT,
	id UUID NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_pricing_exemption_amendment PRIMARY KEY (id),
	CONSTRAINT ck_pricing_exemption_amendment_quota_positive CHECK (quota IS NULL OR quota > 0),
	CONSTRAINT ck_pricing_exemption_amendment_decided_when_closed CHECK ((state = 'asked') = (decided_at IS NULL)),
	CONSTRAINT ck_pricing_exemption_amendment_decided_by_somebody CHECK ((decided_at IS NULL) = (decided_by IS NULL)),
	CONSTRAINT ck_pricing_exemption_amendment_two_persons CHECK (decided_by IS NULL OR decided_by <> asked_by),
	CONSTRAINT fk_pricing_exemption_amendment_exemption_id FOREIGN KEY(exemption_id) REFERENCES pricing_exemption (id),
	CONSTRAINT fk_pricing_exemption_amendment_evidence_sha256 FOREIGN KEY(evidence_sha256) REFERENCES evidence_file (sha256),
	CONSTRAINT ck_pricing_exemption_amendment_amendmentstate CHECK (state IN ('asked', 'agreed', 'refused'))
)
--
CREATE INDEX ix_pricing_exemption_amendment_evidence_sha256 ON pricing_exemption_amendment (evidence_sha256)
--
CREATE INDEX ix_pricing_exemption_amendment_exemption_id ON pricing_exemption_amendment (exemption_id)
--
CREATE UNIQUE INDEX uq_pricing_exemption_amendment_open ON pricing_exemption_amendment (exemption_id) WHERE state = 'asked'
--
CREATE TABLE pricing_exemption_terms (
	exemption_id UUID NOT NULL,
	position BIGINT NOT NULL,
	valid_from DATE NOT NULL,
	valid_until DATE NOT NULL,
	quota BIGINT,
	conditions TEXT,
	reason TEXT NOT NULL,
	decided_by UUID NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
	id UUID NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_pricing_exemption_terms PRIMARY KEY (id),
	CONSTRAINT uq_pricing_exemption_terms_exemption_id_position UNIQUE (exemption_id, position),
	CONSTRAINT ck_pricing_exemption_terms_term_runs_forward CHECK (valid_from <= valid_until),
	CONSTRAINT ck_pricing_exemption_terms_quota_positive CHECK (quota IS NULL OR quota > 0),
	CONSTRAINT ck_pricing_exemption_terms_counted_from_one CHECK (position >= 1),
	CONSTRAINT fk_pricing_exemption_terms_exemption_id FOREIGN KEY(exemption_id) REFERENCES pricing_exemption (id)
)
--
CREATE TABLE pricing_headroom_reading (
	place TEXT NOT NULL,
	agreement_id UUID NOT NULL,
	year BIGINT NOT NULL,
	ceiling_id UUID NOT NULL,
	permitted BIGINT NOT NULL,
	accrued BIGINT NOT NULL,
	until DATE NOT NULL,
	lines JSON NOT NULL,
	read_at TIMESTAMP WITH TIME ZONE NOT NULL,
	id UUID NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_pricing_headroom_reading PRIMARY KEY (id),
	CONSTRAINT ck_pricing_headroom_reading_not_negative CHECK (accrued >= 0 AND permitted >= 0),
	CONSTRAINT fk_pricing_headroom_reading_agreement_id FOREIGN KEY(agreement_id) REFERENCES registry_agreement (id),
	CONSTRAINT fk_pricing_headroom_reading_ceiling_id FOREIGN KEY(ceiling_id) REFERENCES pricing_ceiling (id)
)
--
CREATE INDEX ix_pricing_headroom_reading_agreement_id ON pricing_headroom_reading (agreement_id)
--
CREATE INDEX ix_pricing_headroom_reading_ceiling_id ON pricing_headroom_reading (ceiling_id)
--
CREATE INDEX ix_pricing_headroom_reading_place ON pricing_headroom_reading (place)
--
CREATE TABLE pricing_misuse (
	number TEXT NOT NULL,
	place TEXT NOT NULL,
	exemption_id UUID NOT NULL,
	product_id UUID NOT NULL,
	grantee_id UUID NOT NULL,
	from_date DATE NOT NULL,
	until_date DATE NOT NULL,
	actual_purpose VARCHAR(40) NOT NULL,
	reason TEXT NOT NULL,
	evidence_sha256 TEXT NOT NULL,
	hearing_until DATE NOT NULL,
	state VARCHAR(40) NOT NULL,
	recorded_by UUID NOT NULL,
	recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
	decided_by UUID,
	decided_at TIMESTAMP WITH TIME ZONE,
	decided_reason TEXT,
	amount BIGINT,
	sha256 TEXT,
	explanation JSON,
	payment_reference TEXT,
	paid_on DATE,
	settled_by UUID,
	settled_at TIMESTAMP WITH TIME ZONE,
	id UUID NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_pricing_misuse PRIMARY KEY (id),
	CONSTRAINT ck_pricing_misuse_days_run_forward CHECK (from_date <= until_date),
	CONSTRAINT ck_pricing_misuse_charged_use CHECK (actual_purpose IN ('industry_development', 'sector_development')),
	CONSTRAINT ck_pricing_misuse_decided_when_closed CHECK ((decided_at IS NULL) = (state IN ('recorded', 'heard'))),
	CONSTRAINT ck_pricing_misuse_decided_by_somebody CHECK ((decided_at IS NULL) = (decided_by IS NULL)),
	CONSTRAINT ck_pricing_misuse_two_persons CHECK (decided_by IS NULL OR decided_by <> recorded_by),
	CONSTRAINT ck_pricing_misuse_claimed_with_amount CHECK ((amount IS NOT NULL) = (state IN ('claimed', 'settled'))),
	CONSTRAINT ck_pricing_misuse_amount_with_digest CHECK ((amount IS NULL) = (sha256 IS NULL)),
	CONSTRAINT ck_pricing_misuse_not_negative CHECK (amount IS NULL OR amount >= 0),
	CONSTRAINT ck_pricing_misuse_settled_by_payment CHECK ((payment_reference IS NOT NULL) = (state = 'settled')),
	CONSTRAINT ck_pricing_misuse_settled_at_known CHECK ((payment_reference IS NULL) = (settled_at IS NULL)),
	CONSTRAINT uq_pricing_misuse_number UNIQUE (number),
	CONSTRAINT fk_pricing_misuse_exemption_id FOREIGN KEY(exemption_id) REFERENCES pricing_exemption (id),
	CONSTRAINT fk_pricing_misuse_product_id FOREIGN KEY(product_id) REFERENCES registry_product (id),
	CONSTRAINT fk_pricing_misuse_grantee_id FOREIGN KEY(grantee_id) REFERENCES registry_party (id),
	CONSTRAINT ck_pricing_misuse_purpose CHECK (actual_purpose IN ('public_governance', 'public_welfare', 'industry_development', 'sector_development')),
	CONSTRAINT fk_pricing_misuse_evidence_sha256 FOREIGN KEY(evidence_sha256) REFERENCES evidence_file (sha256),
	CONSTRAINT ck_pricing_misuse_misusestate CHECK (state IN ('recorded', 'heard', 'claimed', 'dismissed', 'settled'))
)
--
CREATE INDEX ix_pricing_misuse_evidence_sha256 ON pricing_misuse (evidence_sha256)
--
CREATE INDEX ix_pricing_misuse_exemption_id ON pricing_misuse (exemption_id)
--
CREATE INDEX ix_pricing_misuse_grantee_id ON pricing_misuse (grantee_id)
--
CREATE INDEX ix_pricing_misuse_place ON pricing_misuse (place)
--
CREATE INDEX ix_pricing_misuse_product_id ON pricing_misuse (product_id)
--
CREATE INDEX ix_pricing_misuse_state ON pricing_misuse (state)
--
CREATE TABLE pricing_proposal_decision (
	proposal_id UUID NOT NULL,
	is_confirmed BOOLEAN NOT NULL,
	sha256 TEXT NOT NULL,
	reason TEXT NOT NULL,
	ceiling_id UUID,
	proposed_by UUID NOT NULL,
	decided_by UUID NOT NULL,
	decided_by_name TEXT NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
	id UUID NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_pricing_proposal_decision PRIMARY KEY (id),
	CONSTRAINT ck_pricing_proposal_decision_confirmed_is_determined CHECK (is_confirmed = (ceiling_id IS NOT NULL)),
	CONSTRAINT ck_pricing_proposal_decision_two_persons CHECK (decided_by <> proposed_by),
	CONSTRAINT ck_pricing_proposal_decision_rejected_with_reason CHECK (is_confirmed OR length(reason) > 0),
	CONSTRAINT uq_pricing_proposal_decision_proposal_id UNIQUE (proposal_id),
	CONSTRAINT fk_pricing_proposal_decision_proposal_id FOREIGN KEY(proposal_id) REFERENCES pricing_proposal (id),
	CONSTRAINT uq_pricing_proposal_decision_ceiling_id UNIQUE (ceiling_id),
	CONSTRAINT fk_pricing_proposal_decision_ceiling_id FOREIGN KEY(ceiling_id) REFERENCES pricing_ceiling (id)
)
--
CREATE TABLE pricing_cap_plan_row (
	plan_id UUID NOT NULL,
	position BIGINT NOT NULL,
	product_id UUID NOT NULL,
	charge_unit VARCHAR(40) NOT NULL,
	subject_kind TEXT,
	amount BIGINT NOT NULL,
	forecast_volume BIGINT NOT NULL,
	id UUID NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_pricing_cap_plan_row PRIMARY KEY (id),
	CONSTRAINT uq_pricing_cap_plan_row_plan_id_position UNIQUE (plan_id, position),
	CONSTRAINT ck_pricing_cap_plan_row_positive CHECK (amount > 0),
	CONSTRAINT ck_pricing_cap_plan_row_volume_not_negative CHECK (forecast_volume >= 0),
	CONSTRAINT fk_pricing_cap_plan_row_plan_id FOREIGN KEY(plan_id) REFERENCES pricing_cap_plan (id),
	CONSTRAINT fk_pricing_cap_plan_row_product_id FOREIGN KEY(product_id) REFERENCES registry_product (id),
	CONSTRAINT ck_pricing_cap_plan_row_chargeunit CHECK (charge_unit IN ('per_item', 'per_use', 'per_period', 'per_data_volume'))
)
--
CREATE INDEX ix_pricing_cap_plan_row_plan_id ON pricing_cap_plan_row (plan_id)
--
CREATE INDEX ix_pricing_cap_plan_row_product_id ON pricing_cap_plan_row (product_id)
--
CREATE TABLE pricing_headroom_alarm (
	place TEXT NOT NULL,
	agreement_id UUID NOT NULL,
	reading_id UUID NOT NULL,
	year BIGINT NOT NULL,
	scope TEXT NOT NULL,
	share BIGINT NOT NULL,
	accrued BIGINT NOT NULL,
	limit_amount BIGINT NOT NULL,
	sources JSON NOT NULL,
	raised_at TIMESTAMP WITH TIME ZONE NOT NULL,
	id UUID NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_pricing_headroom_alarm PRIMARY KEY (id),
	CONSTRAINT uq_pricing_headroom_alarm_agreement_id_year_scope_share UNIQUE (agreement_id, year, scope, share),
	CONSTRAINT ck_pricing_headroom_alarm_share_positive CHECK (share > 0),
	CONSTRAINT fk_pricing_headroom_alarm_agreement_id FOREIGN KEY(agreement_id) REFERENCES registry_agreement (id),
	CONSTRAINT fk_pricing_headroom_alarm_reading_id FOREIGN KEY(reading_id) REFERENCES pricing_headroom_reading (id)
)
--
CREATE INDEX ix_pricing_headroom_alarm_agreement_id ON pricing_headroom_alarm (agreement_id)
--
CREATE INDEX ix_pricing_headroom_alarm_place ON pricing_headroom_alarm (place)
--
CREATE INDEX ix_pricing_headroom_alarm_reading_id ON pricing_headroom_alarm (reading_id)
--
CREATE TABLE pricing_misuse_statement (
	misuse_id UUID NOT NULL,
	text TEXT NOT NULL,
	evidence_sha256 TEXT,
	stated_by UUID NOT NULL,
	stated_by_name TEXT NOT NULL,
	stated_at TIMESTAMP WITH TIME ZONE NOT NULL,
	id UUID NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_pricing_misuse_statement PRIMARY KEY (id),
	CONSTRAINT ck_pricing_misuse_statement_said CHECK (length(text) > 0),
	CONSTRAINT fk_pricing_misuse_statement_misuse_id FOREIGN KEY(misuse_id) REFERENCES pricing_misuse (id),
	CONSTRAINT fk_pricing_misuse_statement_evidence_sha256 FOREIGN KEY(evidence_sha256) REFERENCES evidence_file (sha256)
)
--
CREATE INDEX ix_pricing_misuse_statement_evidence_sha256 ON pricing_misuse_statement (evidence_sha256)
--
CREATE INDEX ix_pricing_misuse_statement_misuse_id ON pricing_misuse_statement (misuse_id)
--
CREATE TABLE pricing_adjustment (
	number TEXT NOT NULL,
	place TEXT NOT NULL,
	agreement_id UUID NOT NULL,
	assessment_id UUID NOT NULL,
	kind VARCHAR(40) NOT NULL,
	product_id UUID NOT NULL,
	charge_unit VARCHAR(40) NOT NULL,
	scope TEXT NOT NULL,
	current BIGINT NOT NULL,
	proposed BIGINT NOT NULL,
	revenue BIGINT NOT NULL,
	expected BIGINT NOT NULL,
	state VARCHAR(40) NOT NULL,
	decided BIGINT,
	reason TEXT,
	decided_by UUID,
	decided_at TIMESTAMP WITH TIME ZONE,
	due_date DATE,
	tariff_id UUID,
	cap_id UUID,
	carried_out_by UUID,
	carried_out_at TIMESTAMP WITH TIME ZONE,
	id UUID NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_pricing_adjustment PRIMARY KEY (id),
	CONSTRAINT uq_pricing_adjustment_assessment_id_product_id_charge_u_271d UNIQUE (assessment_id, product_id, charge_unit, scope),
	CONSTRAINT ck_pricing_adjustment_positive CHECK (current > 0 AND proposed > 0),
	CONSTRAINT ck_pricing_adjustment_revenue_known CHECK (revenue > 0 AND expected >= 0),
	CONSTRAINT ck_pricing_adjustment_accepted_at_an_amount CHECK (state NOT IN ('accepted', 'carried_out') OR decided > 0),
	CONSTRAINT ck_pricing_adjustment_refused_for_a_reason CHECK (state <> 'refused' OR reason IS NOT NULL),
	CONSTRAINT ck_pricing_adjustment_decided_at_known CHECK ((state IN ('proposed', 'superseded')) OR decided_at IS NOT NULL),
	CONSTRAINT ck_pricing_adjustment_carried_out_at_known CHECK ((state = 'carried_out') = (carried_out_at IS NOT NULL)),
	CONSTRAINT ck_pricing_adjustment_carried_out_by_a_price_or_cap CHECK (state <> 'carried_out' OR (kind = 'cap' AND cap_id IS NOT NULL AND tariff_id IS NULL) OR (kind = 'price' AND tariff_id IS NOT NULL AND cap_id IS NULL)),
	CONSTRAINT uq_pricing_adjustment_number UNIQUE (number),
	CONSTRAINT fk_pricing_adjustment_agreement_id FOREIGN KEY(agreement_id) REFERENCES registry_agreement (id),
	CONSTRAINT fk_pricing_adjustment_assessment_id FOREIGN KEY(assessment_id) REFERENCES pricing_assessment (id),
	CONSTRAINT ck_pricing_adjustment_adjustmentkind CHECK (kind IN ('price', 'cap')),
	CONSTRAINT fk_pricing_adjustment_product_id FOREIGN KEY(product_id) REFERENCES registry_product (id),
	CONSTRAINT ck_pricing_adjustment_chargeunit CHECK (charge_unit IN ('per_item', 'per_use', 'per_period', 'per_data_volume')),
	CONSTRAINT ck_pricing_adjustment_adjustmentstate CHECK (state IN ('proposed', 'accepted', 'refused', 'carried_out', 'superseded')),
	CONSTRAINT fk_pricing_adjustment_tariff_id FOREIGN KEY(tariff_id) REFERENCES pricing_tariff (id),
	CONSTRAINT fk_pricing_adjustment_cap_id FOREIGN KEY(cap_id) REFERENCES pricing_fee_cap (id)
)
--
CREATE INDEX ix_pricing_adjustment_agreement_id ON pricing_adjustment (agreement_id)
--
CREATE INDEX ix_pricing_adjustment_assessment_id ON pricing_adjustment (assessment_id)
--
CREATE INDEX ix_pricing_adjustment_cap_id ON pricing_adjustment (cap_id)
--
CREATE INDEX ix_pricing_adjustment_place ON pricing_adjustment (place)
--
CREATE INDEX ix_pricing_adjustment_product_id ON pricing_adjustment (product_id)
--
CREATE INDEX ix_pricing_adjustment_state ON pricing_adjustment (state)
--
CREATE INDEX ix_pricing_adjustment_tariff_id ON pricing_adjustment (tariff_id)
--
CREATE TABLE pricing_complaint (
	number TEXT NOT NULL,
	reference TEXT NOT NULL,
	place TEXT NOT NULL,
	product_id UUID NOT NULL,
	tariff_id UUID,
	authorizing_entity_id UUID NOT NULL,
	ground VARCHAR(40) NOT NULL,
	words TEXT NOT NULL,
	evidence_sha256 TEXT,
	name TEXT NOT NULL,
	contact TEXT NOT NULL,
	party_id UUID,
	filed_by UUID,
	filed_at TIMESTAMP WITH TIME ZONE NOT NULL,
	source_digest TEXT NOT NULL,
	state VARCHAR(40) NOT NULL,
	accepted_by UUID,
	accepted_at TIMESTAMP WITH TIME ZONE,
	reviewed_by UUID,
	reviewed_at TIMESTAMP WITH TIME ZONE,
	findings TEXT,
	outcome VARCHAR(40),
	decided_reason TEXT,
	decided_by UUID,
	decided_at TIMESTAMP WITH TIME ZONE,
	new_tariff_id UUID,
	new_cap_id UUID,
	ended_at TIMESTAMP WITH TIME ZONE,
	id UUID NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_pricing_complaint PRIMARY KEY (id),
	CONSTRAINT ck_pricing_complaint_named_with_words CHECK (length(name) > 0 AND length(contact) > 0 AND length(words) > 0),
	CONSTRAINT ck_pricing_complaint_decided_with_outcome CHECK ((outcome IS NOT NULL) = (state IN ('decided', 'closed'))),
	CONSTRAINT ck_pricing_complaint_decided_at_known CHECK ((outcome IS NULL) = (decided_at IS NULL)),
	CONSTRAINT ck_pricing_complaint_two_persons CHECK (decided_by IS NULL OR filed_by IS NULL OR decided_by <> filed_by),
	CONSTRAINT ck_pricing_complaint_ended_when_over CHECK ((state IN ('closed', 'withdrawn')) = (ended_at IS NOT NULL)),
	CONSTRAINT ck_pricing_complaint_adjusted_by_something CHECK (state <> 'closed' OR outcome = 'keep' OR new_tariff_id IS NOT NULL OR new_cap_id IS NOT NULL),
	CONSTRAINT uq_pricing_complaint_number UNIQUE (number),
	CONSTRAINT uq_pricing_complaint_reference UNIQUE (reference),
	CONSTRAINT fk_pricing_complaint_product_id FOREIGN KEY(product_id) REFERENCES registry_product (id),
	CONSTRAINT fk_pricing_complaint_tariff_id FOREIGN KEY(tariff_id) REFERENCES pricing_tariff (id),
	CONSTRAINT fk_pricing_complaint_authorizing_entity_id FOREIGN KEY(authorizing_entity_id) REFERENCES registry_party (id),
	CONSTRAINT ck_pricing_complaint_ground CHECK (ground IN ('too_high', 'wrong')),
	CONSTRAINT fk_pricing_complaint_evidence_sha256 FOREIGN KEY(evidence_sha256) REFERENCES evidence_file (sha256),
	CONSTRAINT fk_pricing_complaint_party_id FOREIGN KEY(party_id) REFERENCES registry_party (id),
	CONSTRAINT ck_pricing_complaint_complaintstate CHECK (state IN ('filed', 'accepted', 'reviewed', 'decided', 'closed', 'withdrawn')),
	CONSTRAINT ck_pricing_complaint_outcome CHECK (outcome IN ('adjust', 'keep')),
	CONSTRAINT fk_pricing_complaint_new_tariff_id FOREIGN KEY(new_tariff_id) REFERENCES pricing_tariff (id),
	CONSTRAINT fk_pricing_complaint_new_cap_id FOREIGN KEY(new_cap_id) REFERENCES pricing_fee_cap (id)
)
--
CREATE INDEX ix_pricing_complaint_authorizing_entity_id ON pricing_complaint (authorizing_entity_id)
--
CREATE INDEX ix_pricing_complaint_evidence_sha256 ON pricing_complaint (evidence_sha256)
--
CREATE INDEX ix_pricing_complaint_new_cap_id ON pricing_complaint (new_cap_id)
--
CREATE INDEX ix_pricing_complaint_new_tariff_id ON pricing_complaint (new_tariff_id)
--
CREATE INDEX ix_pricing_complaint_party_id ON pricing_complaint (party_id)
--
CREATE INDEX ix_pricing_complaint_place ON pricing_complaint (place)
--
CREATE INDEX ix_pricing_complaint_product_id ON pricing_complaint (product_id)
--
CREATE INDEX ix_pricing_complaint_source_digest ON pricing_complaint (source_digest)
--
CREATE INDEX ix_pricing_complaint_state ON pricing_complaint (state)
--
CREATE INDEX ix_pricing_complaint_tariff_id ON pricing_complaint (tariff_id)
--
CREATE TABLE pricing_misuse_line (
	misuse_id UUID NOT NULL,
	exemption_id UUID NOT NULL,
	position BIGINT NOT NULL,
	day DATE NOT NULL,
	subject_kind TEXT,
	scope TEXT NOT NULL,
	units TEXT NOT NULL,
	tariff_id UUID NOT NULL,
	tariff_number TEXT NOT NULL,
	amount BIGINT NOT NULL,
	explanation JSON NOT NULL,
	id UUID NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_pricing_misuse_line PRIMARY KEY (id),
	CONSTRAINT uq_pricing_misuse_line_misuse_id_position UNIQUE (misuse_id, position),
	CONSTRAINT uq_pricing_misuse_line_exemption_id_day_scope UNIQUE (exemption_id, day, scope),
	CONSTRAINT ck_pricing_misuse_line_scope_names_kind CHECK (scope = coalesce(subject_kind, '*')),
	CONSTRAINT fk_pricing_misuse_line_misuse_id FOREIGN KEY(misuse_id) REFERENCES pricing_misuse (id),
	CONSTRAINT fk_pricing_misuse_line_exemption_id FOREIGN KEY(exemption_id) REFERENCES pricing_exemption (id),
	CONSTRAINT fk_pricing_misuse_line_tariff_id FOREIGN KEY(tariff_id) REFERENCES pricing_tariff (id)
)
--
CREATE INDEX ix_pricing_misuse_line_tariff_id ON pricing_misuse_line (tariff_id)
--
CREATE TABLE pricing_negotiation (
	number TEXT NOT NULL,
	place TEXT NOT NULL,
	product_id UUID NOT NULL,
	seller_id UUID NOT NULL,
	buyer_id UUID NOT NULL,
	tariff_id UUID NOT NULL,
	regime VARCHAR(40) NOT NULL,
	charge_unit VARCHAR(40) NOT NULL,
	subject_kind TEXT,
	model JSON NOT NULL,
	unit_price_max BIGINT NOT NULL,
	valid_from DATE NOT NULL,
	valid_until DATE NOT NULL,
	answer_by DATE NOT NULL,
	rule TEXT NOT NULL,
	state VARCHAR(40) NOT NULL,
	opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
	closed_by UUID,
	closed_at TIMESTAMP WITH TIME ZONE,
	id UUID NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_pricing_negotiation PRIMARY KEY (id),
	CONSTRAINT ck_pricing_negotiation_time_is_never_stored CHECK (state <> 'expired'),
	CONSTRAINT ck_pricing_negotiation_closed_when_ended CHECK ((state IN ('accepted', 'declined', 'withdrawn')) = (closed_at IS NOT NULL)),
	CONSTRAINT ck_pricing_negotiation_closed_by_somebody CHECK ((closed_at IS NULL) = (closed_by IS NULL)),
	CONSTRAINT ck_pricing_negotiation_runs_forward CHECK (valid_from <= valid_until AND answer_by <= valid_until),
	CONSTRAINT ck_pricing_negotiation_names_its_rule CHECK (length(rule) > 0),
	CONSTRAINT ck_pricing_negotiation_two_sides CHECK (seller_id <> buyer_id),
	CONSTRAINT uq_pricing_negotiation_number UNIQUE (number),
	CONSTRAINT fk_pricing_negotiation_product_id FOREIGN KEY(product_id) REFERENCES registry_product (id),
	CONSTRAINT fk_pricing_negotiation_seller_id FOREIGN KEY(seller_id) REFERENCES registry_party (id),
	CONSTRAINT fk_pricing_negotiation_buyer_id FOREIGN KEY(buyer_id) REFERENCES registry_party (id),
	CONSTRAINT fk_pricing_negotiation_tariff_id FOREIGN KEY(tariff_id) REFERENCES pricing_tariff (id),
	CONSTRAINT ck_pricing_negotiation_regime CHECK (regime IN ('gov_guided', 'trial', 'market_value_based', 'break_even', 'free_public_interest')),
	CONSTRAINT ck_pricing_negotiation_chargeunit CHECK (charge_unit IN ('per_item', 'per_use', 'per_period', 'per_data_volume')),
	CONSTRAINT ck_pricing_negotiation_negotiationstate CHECK (state IN ('offered', 'countered', 'accepted', 'declined', 'withdrawn', 'expired'))
)
--
CREATE INDEX ix_pricing_negotiation_buyer_id ON pricing_negotiation (buyer_id)
--
CREATE INDEX ix_pricing_negotiation_place ON pricing_negotiation (place)
--
CREATE INDEX ix_pricing_negotiation_product_id ON pricing_negotiation (product_id)
--
CREATE INDEX ix_pricing_negotiation_seller_id ON pricing_negotiation (seller_id)
--
CREATE INDEX ix_pricing_negotiation_tariff_id ON pricing_negotiation (tariff_id)
--
CREATE TABLE pricing_value_basis (
	tariff_id UUID NOT NULL,
	scenario TEXT NOT NULL,
	benefit TEXT NOT NULL,
	method VARCHAR(40) NOT NULL,
	comparables JSON NOT NULL,
	stated_by UUID NOT NULL,
	stated_at TIMESTAMP WITH TIME ZONE NOT NULL,
	id UUID NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_pricing_value_basis PRIMARY KEY (id),
	CONSTRAINT uq_pricing_value_basis_tariff_id UNIQUE (tariff_id),
	CONSTRAINT ck_pricing_value_basis_is_stated CHECK (length(scenario) > 0 AND length(benefit) > 0),
	CONSTRAINT fk_pricing_value_basis_tariff_id FOREIGN KEY(tariff_id) REFERENCES pricing_tariff (id),
	CONSTRAINT ck_pricing_value_basis_valuationmethod CHECK (method IN ('income', 'market', 'cost', 'other'))
)
--
CREATE INDEX ix_pricing_value_basis_tariff_id ON pricing_value_basis (tariff_id)
--
CREATE TABLE pricing_negotiation_round (
	negotiation_id UUID NOT NULL,
	position BIGINT NOT NULL,
	side VARCHAR(40) NOT NULL,
	act VARCHAR(40),
	model JSON NOT NULL,
	valid_from DATE NOT NULL,
	valid_until DATE NOT NULL,
	answer_by DATE NOT NULL,
	note TEXT NOT NULL,
	said_by UUID NOT NULL,
	said_at TIMESTAMP WITH TIME ZONE NOT NULL,
	id UUID NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_pricing_negotiation_round PRIMARY KEY (id),
	CONSTRAINT uq_pricing_negotiation_round_negotiation_id_position UNIQUE (negotiation_id, position),
	CONSTRAINT fk_pricing_negotiation_round_negotiation_id FOREIGN KEY(negotiation_id) REFERENCES pricing_negotiation (id),
	CONSTRAINT ck_pricing_negotiation_round_side CHECK (side IN ('seller', 'buyer')),
	CONSTRAINT ck_pricing_negotiation_round_negotiationact CHECK (act IN ('counter', 'accept', 'decline', 'withdraw'))
)
--
CREATE INDEX ix_pricing_negotiation_round_negotiation_id ON pricing_negotiation_round (negotiation_id)
--
ALTER TABLE market_quote ADD COLUMN inputs JSON
--
ALTER TABLE market_quote ADD COLUMN digest TEXT
--
ALTER TABLE pricing_cost_line ADD COLUMN charge_id UUID
--
ALTER TABLE pricing_cost_line ADD COLUMN key_id UUID
--
ALTER TABLE pricing_cost_line ADD COLUMN subsidised BOOLEAN
--
ALTER TABLE pricing_cost_line ADD CONSTRAINT fk_pricing_cost_line_charge_id FOREIGN KEY(charge_id) REFERENCES pricing_charge (id)
--
ALTER TABLE pricing_cost_line ADD CONSTRAINT fk_pricing_cost_line_key_id FOREIGN KEY(key_id) REFERENCES pricing_allocation_key (id)
--
ALTER TABLE pricing_exemption ADD COLUMN conditions TEXT
--
ALTER TABLE pricing_exemption ADD COLUMN renews_id UUID
--
ALTER TABLE pricing_exemption ADD COLUMN returned_at TIMESTAMP WITH TIME ZONE
--
ALTER TABLE pricing_exemption ADD CONSTRAINT fk_pricing_exemption_renews_id FOREIGN KEY(renews_id) REFERENCES pricing_exemption (id)
--
ALTER TABLE pricing_tariff ADD COLUMN charges_misses BOOLEAN DEFAULT false NOT NULL
--
ALTER TABLE market_quote DROP CONSTRAINT ck_market_quote_pricereason
--
ALTER TABLE market_quote ADD CONSTRAINT ck_market_quote_pricereason CHECK (reason IN ('tariff', 'public_interest', 'source_reuse', 'negotiated'))
--
ALTER TABLE market_order DROP CONSTRAINT ck_market_order_pricereason
--
ALTER TABLE market_order ADD CONSTRAINT ck_market_order_pricereason CHECK (reason IN ('tariff', 'public_interest', 'source_reuse', 'negotiated'))
--
CREATE INDEX ix_pricing_exemption_renews_id ON pricing_exemption (renews_id)
--
CREATE INDEX ix_pricing_cost_line_charge_id ON pricing_cost_line (charge_id)
--
CREATE INDEX ix_pricing_cost_line_key_id ON pricing_cost_line (key_id)
--
CREATE UNIQUE INDEX ix_pricing_cost_line_survey_id_charge_id ON pricing_cost_line (survey_id, charge_id)
--
CREATE OR REPLACE FUNCTION pricing_charge_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'pricing_charge is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER pricing_charge_no_update BEFORE UPDATE ON pricing_charge FOR EACH ROW EXECUTE FUNCTION pricing_charge_refuse()
--
ALTER TABLE pricing_charge ENABLE ALWAYS TRIGGER pricing_charge_no_update
--
CREATE TRIGGER pricing_charge_no_delete BEFORE DELETE ON pricing_charge FOR EACH ROW EXECUTE FUNCTION pricing_charge_refuse()
--
ALTER TABLE pricing_charge ENABLE ALWAYS TRIGGER pricing_charge_no_delete
--
CREATE TRIGGER pricing_charge_no_truncate BEFORE TRUNCATE ON pricing_charge FOR EACH STATEMENT EXECUTE FUNCTION pricing_charge_refuse()
--
ALTER TABLE pricing_charge ENABLE ALWAYS TRIGGER pricing_charge_no_truncate
--
CREATE OR REPLACE FUNCTION pricing_cost_survey_closed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.state = 'accepted' THEN RAISE EXCEPTION 'an accepted cost survey is never changed' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER pricing_cost_survey_closed BEFORE UPDATE ON pricing_cost_survey FOR EACH ROW EXECUTE FUNCTION pricing_cost_survey_closed()
--
ALTER TABLE pricing_cost_survey ENABLE ALWAYS TRIGGER pricing_cost_survey_closed
--
CREATE OR REPLACE FUNCTION pricing_cost_survey_charges_once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.state = 'accepted' AND EXISTS (SELECT 1 FROM pricing_cost_line AS mine JOIN pricing_cost_line AS other ON other.charge_id = mine.charge_id AND other.survey_id <> mine.survey_id JOIN pricing_cost_survey AS earlier ON earlier.id = other.survey_id WHERE mine.survey_id = NEW.id AND earlier.state = 'accepted') THEN RAISE EXCEPTION 'a charge counts in one accepted cost survey only' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER pricing_cost_survey_charges_once BEFORE UPDATE ON pricing_cost_survey FOR EACH ROW EXECUTE FUNCTION pricing_cost_survey_charges_once()
--
ALTER TABLE pricing_cost_survey ENABLE ALWAYS TRIGGER pricing_cost_survey_charges_once
--
CREATE OR REPLACE FUNCTION pricing_evaluation_cycle_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'pricing_evaluation_cycle is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER pricing_evaluation_cycle_no_update BEFORE UPDATE ON pricing_evaluation_cycle FOR EACH ROW EXECUTE FUNCTION pricing_evaluation_cycle_refuse()
--
ALTER TABLE pricing_evaluation_cycle ENABLE ALWAYS TRIGGER pricing_evaluation_cycle_no_update
--
CREATE TRIGGER pricing_evaluation_cycle_no_delete BEFORE DELETE ON pricing_evaluation_cycle FOR EACH ROW EXECUTE FUNCTION pricing_evaluation_cycle_refuse()
--
ALTER TABLE pricing_evaluation_cycle ENABLE ALWAYS TRIGGER pricing_evaluation_cycle_no_delete
--
CREATE TRIGGER pricing_evaluation_cycle_no_truncate BEFORE TRUNCATE ON pricing_evaluation_cycle FOR EACH STATEMENT EXECUTE FUNCTION pricing_evaluation_cycle_refuse()
--
ALTER TABLE pricing_evaluation_cycle ENABLE ALWAYS TRIGGER pricing_evaluation_cycle_no_truncate
--
CREATE OR REPLACE FUNCTION pricing_cycle_overlap() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM pricing_evaluation_cycle AS c WHERE c.agreement_id = NEW.agreement_id AND c.first_year <= NEW.last_year AND NEW.first_year <= c.last_year) THEN RAISE EXCEPTION 'cycles of an agreement do not overlap' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER pricing_cycle_overlap BEFORE INSERT ON pricing_evaluation_cycle FOR EACH ROW EXECUTE FUNCTION pricing_cycle_overlap()
--
ALTER TABLE pricing_evaluation_cycle ENABLE ALWAYS TRIGGER pricing_cycle_overlap
--
CREATE OR REPLACE FUNCTION pricing_allocation_key_closed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF (SELECT state FROM pricing_cost_survey WHERE id = OLD.survey_id) = 'accepted' THEN RAISE EXCEPTION 'an accepted cost survey is never changed' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER pricing_allocation_key_closed BEFORE UPDATE ON pricing_allocation_key FOR EACH ROW EXECUTE FUNCTION pricing_allocation_key_closed()
--
ALTER TABLE pricing_allocation_key ENABLE ALWAYS TRIGGER pricing_allocation_key_closed
--
CREATE OR REPLACE FUNCTION pricing_allocation_key_late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF (SELECT state FROM pricing_cost_survey WHERE id = NEW.survey_id) = 'accepted' THEN RAISE EXCEPTION 'an accepted cost survey is never changed' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER pricing_allocation_key_late BEFORE INSERT ON pricing_allocation_key FOR EACH ROW EXECUTE FUNCTION pricing_allocation_key_late()
--
ALTER TABLE pricing_allocation_key ENABLE ALWAYS TRIGGER pricing_allocation_key_late
--
CREATE OR REPLACE FUNCTION pricing_allocation_key_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF (SELECT state FROM pricing_cost_survey WHERE id = OLD.survey_id) = 'accepted' THEN RAISE EXCEPTION 'an accepted cost survey is never changed' USING ERRCODE = 'check_violation'; END IF; RETURN OLD; END $$
--
CREATE TRIGGER pricing_allocation_key_kept BEFORE DELETE ON pricing_allocation_key FOR EACH ROW EXECUTE FUNCTION pricing_allocation_key_kept()
--
ALTER TABLE pricing_allocation_key ENABLE ALWAYS TRIGGER pricing_allocation_key_kept
--
CREATE OR REPLACE FUNCTION pricing_buyer_class_rule_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'pricing_buyer_class_rule is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER pricing_buyer_class_rule_no_update BEFORE UPDATE ON pricing_buyer_class_rule FOR EACH ROW EXECUTE FUNCTION pricing_buyer_class_rule_refuse()
--
ALTER TABLE pricing_buyer_class_rule ENABLE ALWAYS TRIGGER pricing_buyer_class_rule_no_update
--
CREATE TRIGGER pricing_buyer_class_rule_no_delete BEFORE DELETE ON pricing_buyer_class_rule FOR EACH ROW EXECUTE FUNCTION pricing_buyer_class_rule_refuse()
--
ALTER TABLE pricing_buyer_class_rule ENABLE ALWAYS TRIGGER pricing_buyer_class_rule_no_delete
--
CREATE TRIGGER pricing_buyer_class_rule_no_truncate BEFORE TRUNCATE ON pricing_buyer_class_rule FOR EACH STATEMENT EXECUTE FUNCTION pricing_buyer_class_rule_refuse()
--
ALTER TABLE pricing_buyer_class_rule ENABLE ALWAYS TRIGGER pricing_buyer_class_rule_no_truncate
--
CREATE OR REPLACE FUNCTION pricing_cycle_closing_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'pricing_cycle_closing is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER pricing_cycle_closing_no_update BEFORE UPDATE ON pricing_cycle_closing FOR EACH ROW EXECUTE FUNCTION pricing_cycle_closing_refuse()
--
ALTER TABLE pricing_cycle_closing ENABLE ALWAYS TRIGGER pricing_cycle_closing_no_update
--
CREATE TRIGGER pricing_cycle_closing_no_delete BEFORE DELETE ON pricing_cycle_closing FOR EACH ROW EXECUTE FUNCTION pricing_cycle_closing_refuse()
--
ALTER TABLE pricing_cycle_closing ENABLE ALWAYS TRIGGER pricing_cycle_closing_no_delete
--
CREATE TRIGGER pricing_cycle_closing_no_truncate BEFORE TRUNCATE ON pricing_cycle_closing FOR EACH STATEMENT EXECUTE FUNCTION pricing_cycle_closing_refuse()
--
ALTER TABLE pricing_cycle_closing ENABLE ALWAYS TRIGGER pricing_cycle_closing_no_truncate
--
CREATE OR REPLACE FUNCTION pricing_determination_step_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'pricing_determination_step is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER pricing_determination_step_no_update BEFORE UPDATE ON pricing_determination_step FOR EACH ROW EXECUTE FUNCTION pricing_determination_step_refuse()
--
ALTER TABLE pricing_determination_step ENABLE ALWAYS TRIGGER pricing_determination_step_no_update
--
CREATE TRIGGER pricing_determination_step_no_delete BEFORE DELETE ON pricing_determination_step FOR EACH ROW EXECUTE FUNCTION pricing_determination_step_refuse()
--
ALTER TABLE pricing_determination_step ENABLE ALWAYS TRIGGER pricing_determination_step_no_delete
--
CREATE TRIGGER pricing_determination_step_no_truncate BEFORE TRUNCATE ON pricing_determination_step FOR EACH STATEMENT EXECUTE FUNCTION pricing_determination_step_refuse()
--
ALTER TABLE pricing_determination_step ENABLE ALWAYS TRIGGER pricing_determination_step_no_truncate
--
CREATE OR REPLACE FUNCTION pricing_negotiable_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'pricing_negotiable is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER pricing_negotiable_no_update BEFORE UPDATE ON pricing_negotiable FOR EACH ROW EXECUTE FUNCTION pricing_negotiable_refuse()
--
ALTER TABLE pricing_negotiable ENABLE ALWAYS TRIGGER pricing_negotiable_no_update
--
CREATE TRIGGER pricing_negotiable_no_delete BEFORE DELETE ON pricing_negotiable FOR EACH ROW EXECUTE FUNCTION pricing_negotiable_refuse()
--
ALTER TABLE pricing_negotiable ENABLE ALWAYS TRIGGER pricing_negotiable_no_delete
--
CREATE TRIGGER pricing_negotiable_no_truncate BEFORE TRUNCATE ON pricing_negotiable FOR EACH STATEMENT EXECUTE FUNCTION pricing_negotiable_refuse()
--
ALTER TABLE pricing_negotiable ENABLE ALWAYS TRIGGER pricing_negotiable_no_truncate
--
CREATE OR REPLACE FUNCTION pricing_proposal_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'pricing_proposal is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER pricing_proposal_no_update BEFORE UPDATE ON pricing_proposal FOR EACH ROW EXECUTE FUNCTION pricing_proposal_refuse()
--
ALTER TABLE pricing_proposal ENABLE ALWAYS TRIGGER pricing_proposal_no_update
--
CREATE TRIGGER pricing_proposal_no_delete BEFORE DELETE ON pricing_proposal FOR EACH ROW EXECUTE FUNCTION pricing_proposal_refuse()
--
ALTER TABLE pricing_proposal ENABLE ALWAYS TRIGGER pricing_proposal_no_delete
--
CREATE TRIGGER pricing_proposal_no_truncate BEFORE TRUNCATE ON pricing_proposal FOR EACH STATEMENT EXECUTE FUNCTION pricing_proposal_refuse()
--
ALTER TABLE pricing_proposal ENABLE ALWAYS TRIGGER pricing_proposal_no_truncate
--
CREATE OR REPLACE FUNCTION pricing_assessment_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'pricing_assessment is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER pricing_assessment_no_update BEFORE UPDATE ON pricing_assessment FOR EACH ROW EXECUTE FUNCTION pricing_assessment_refuse()
--
ALTER TABLE pricing_assessment ENABLE ALWAYS TRIGGER pricing_assessment_no_update
--
CREATE TRIGGER pricing_assessment_no_delete BEFORE DELETE ON pricing_assessment FOR EACH ROW EXECUTE FUNCTION pricing_assessment_refuse()
--
ALTER TABLE pricing_assessment ENABLE ALWAYS TRIGGER pricing_assessment_no_delete
--
CREATE TRIGGER pricing_assessment_no_truncate BEFORE TRUNCATE ON pricing_assessment FOR EACH STATEMENT EXECUTE FUNCTION pricing_assessment_refuse()
--
ALTER TABLE pricing_assessment ENABLE ALWAYS TRIGGER pricing_assessment_no_truncate
--
CREATE OR REPLACE FUNCTION pricing_buyer_class_change_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'pricing_buyer_class_change is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER pricing_buyer_class_change_no_update BEFORE UPDATE ON pricing_buyer_class_change FOR EACH ROW EXECUTE FUNCTION pricing_buyer_class_change_refuse()
--
ALTER TABLE pricing_buyer_class_change ENABLE ALWAYS TRIGGER pricing_buyer_class_change_no_update
--
CREATE TRIGGER pricing_buyer_class_change_no_delete BEFORE DELETE ON pricing_buyer_class_change FOR EACH ROW EXECUTE FUNCTION pricing_buyer_class_change_refuse()
--
ALTER TABLE pricing_buyer_class_change ENABLE ALWAYS TRIGGER pricing_buyer_class_change_no_delete
--
CREATE TRIGGER pricing_buyer_class_change_no_truncate BEFORE TRUNCATE ON pricing_buyer_class_change FOR EACH STATEMENT EXECUTE FUNCTION pricing_buyer_class_change_refuse()
--
ALTER TABLE pricing_buyer_class_change ENABLE ALWAYS TRIGGER pricing_buyer_class_change_no_truncate
--
CREATE OR REPLACE FUNCTION pricing_cap_plan_closed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.state <> 'draft' THEN RAISE EXCEPTION 'a reported cap plan is never changed' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER pricing_cap_plan_closed BEFORE UPDATE ON pricing_cap_plan FOR EACH ROW EXECUTE FUNCTION pricing_cap_plan_closed()
--
ALTER TABLE pricing_cap_plan ENABLE ALWAYS TRIGGER pricing_cap_plan_closed
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
CREATE OR REPLACE FUNCTION pricing_deduction_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'pricing_deduction is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER pricing_deduction_no_update BEFORE UPDATE ON pricing_deduction FOR EACH ROW EXECUTE FUNCTION pricing_deduction_refuse()
--
ALTER TABLE pricing_deduction ENABLE ALWAYS TRIGGER pricing_deduction_no_update
--
CREATE TRIGGER pricing_deduction_no_delete BEFORE DELETE ON pricing_deduction FOR EACH ROW EXECUTE FUNCTION pricing_deduction_refuse()
--
ALTER TABLE pricing_deduction ENABLE ALWAYS TRIGGER pricing_deduction_no_delete
--
CREATE TRIGGER pricing_deduction_no_truncate BEFORE TRUNCATE ON pricing_deduction FOR EACH STATEMENT EXECUTE FUNCTION pricing_deduction_refuse()
--
ALTER TABLE pricing_deduction ENABLE ALWAYS TRIGGER pricing_deduction_no_truncate
--
CREATE OR REPLACE FUNCTION pricing_exemption_amendment_final() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.state <> 'asked' OR NEW.exemption_id <> OLD.exemption_id OR NEW.valid_until <> OLD.valid_until OR NEW.reason <> OLD.reason OR NEW.asked_by <> OLD.asked_by OR NEW.asked_at <> OLD.asked_at THEN RAISE EXCEPTION 'what was asked is not changed, and its decision is final' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER pricing_exemption_amendment_final BEFORE UPDATE ON pricing_exemption_amendment FOR EACH ROW EXECUTE FUNCTION pricing_exemption_amendment_final()
--
ALTER TABLE pricing_exemption_amendment ENABLE ALWAYS TRIGGER pricing_exemption_amendment_final
--
CREATE OR REPLACE FUNCTION pricing_exemption_terms_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'pricing_exemption_terms is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER pricing_exemption_terms_no_update BEFORE UPDATE ON pricing_exemption_terms FOR EACH ROW EXECUTE FUNCTION pricing_exemption_terms_refuse()
--
ALTER TABLE pricing_exemption_terms ENABLE ALWAYS TRIGGER pricing_exemption_terms_no_update
--
CREATE TRIGGER pricing_exemption_terms_no_delete BEFORE DELETE ON pricing_exemption_terms FOR EACH ROW EXECUTE FUNCTION pricing_exemption_terms_refuse()
--
ALTER TABLE pricing_exemption_terms ENABLE ALWAYS TRIGGER pricing_exemption_terms_no_delete
--
CREATE TRIGGER pricing_exemption_terms_no_truncate BEFORE TRUNCATE ON pricing_exemption_terms FOR EACH STATEMENT EXECUTE FUNCTION pricing_exemption_terms_refuse()
--
ALTER TABLE pricing_exemption_terms ENABLE ALWAYS TRIGGER pricing_exemption_terms_no_truncate
--
CREATE OR REPLACE FUNCTION pricing_headroom_reading_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'pricing_headroom_reading is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER pricing_headroom_reading_no_update BEFORE UPDATE ON pricing_headroom_reading FOR EACH ROW EXECUTE FUNCTION pricing_headroom_reading_refuse()
--
ALTER TABLE pricing_headroom_reading ENABLE ALWAYS TRIGGER pricing_headroom_reading_no_update
--
CREATE TRIGGER pricing_headroom_reading_no_delete BEFORE DELETE ON pricing_headroom_reading FOR EACH ROW EXECUTE FUNCTION pricing_headroom_reading_refuse()
--
ALTER TABLE pricing_headroom_reading ENABLE ALWAYS TRIGGER pricing_headroom_reading_no_delete
--
CREATE TRIGGER pricing_headroom_reading_no_truncate BEFORE TRUNCATE ON pricing_headroom_reading FOR EACH STATEMENT EXECUTE FUNCTION pricing_headroom_reading_refuse()
--
ALTER TABLE pricing_headroom_reading ENABLE ALWAYS TRIGGER pricing_headroom_reading_no_truncate
--
CREATE OR REPLACE FUNCTION pricing_misuse_final() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.number <> OLD.number OR NEW.exemption_id <> OLD.exemption_id OR NEW.from_date <> OLD.from_date OR NEW.until_date <> OLD.until_date OR NEW.actual_purpose <> OLD.actual_purpose OR NEW.reason <> OLD.reason OR NEW.evidence_sha256 <> OLD.evidence_sha256 OR NEW.hearing_until <> OLD.hearing_until OR NEW.recorded_by <> OLD.recorded_by OR NEW.recorded_at <> OLD.recorded_at OR OLD.state IN ('dismissed', 'settled') OR (OLD.decided_at IS NOT NULL AND (NEW.decided_by <> OLD.decided_by OR NEW.decided_at <> OLD.decided_at OR NEW.amount <> OLD.amount OR NEW.sha256 <> OLD.sha256)) THEN RAISE EXCEPTION 'what was recorded is not changed, and a claim is fixed' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER pricing_misuse_final BEFORE UPDATE ON pricing_misuse FOR EACH ROW EXECUTE FUNCTION pricing_misuse_final()
--
ALTER TABLE pricing_misuse ENABLE ALWAYS TRIGGER pricing_misuse_final
--
CREATE OR REPLACE FUNCTION pricing_proposal_decision_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'pricing_proposal_decision is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER pricing_proposal_decision_no_update BEFORE UPDATE ON pricing_proposal_decision FOR EACH ROW EXECUTE FUNCTION pricing_proposal_decision_refuse()
--
ALTER TABLE pricing_proposal_decision ENABLE ALWAYS TRIGGER pricing_proposal_decision_no_update
--
CREATE TRIGGER pricing_proposal_decision_no_delete BEFORE DELETE ON pricing_proposal_decision FOR EACH ROW EXECUTE FUNCTION pricing_proposal_decision_refuse()
--
ALTER TABLE pricing_proposal_decision ENABLE ALWAYS TRIGGER pricing_proposal_decision_no_delete
--
CREATE TRIGGER pricing_proposal_decision_no_truncate BEFORE TRUNCATE ON pricing_proposal_decision FOR EACH STATEMENT EXECUTE FUNCTION pricing_proposal_decision_refuse()
--
ALTER TABLE pricing_proposal_decision ENABLE ALWAYS TRIGGER pricing_proposal_decision_no_truncate
--
CREATE OR REPLACE FUNCTION pricing_cap_plan_row_closed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF (SELECT state FROM pricing_cap_plan WHERE id = OLD.plan_id) <> 'draft' THEN RAISE EXCEPTION 'a reported cap plan is never changed' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER pricing_cap_plan_row_closed BEFORE UPDATE ON pricing_cap_plan_row FOR EACH ROW EXECUTE FUNCTION pricing_cap_plan_row_closed()
--
ALTER TABLE pricing_cap_plan_row ENABLE ALWAYS TRIGGER pricing_cap_plan_row_closed
--
CREATE OR REPLACE FUNCTION pricing_cap_plan_row_late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF (SELECT state FROM pricing_cap_plan WHERE id = NEW.plan_id) <> 'draft' THEN RAISE EXCEPTION 'a reported cap plan is never changed' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER pricing_cap_plan_row_late BEFORE INSERT ON pricing_cap_plan_row FOR EACH ROW EXECUTE FUNCTION pricing_cap_plan_row_late()
--
ALTER TABLE pricing_cap_plan_row ENABLE ALWAYS TRIGGER pricing_cap_plan_row_late
--
CREATE OR REPLACE FUNCTION pricing_cap_plan_row_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF (SELECT state FROM pricing_cap_plan WHERE id = OLD.plan_id) <> 'draft' THEN RAISE EXCEPTION 'a reported cap plan is never changed' USING ERRCODE = 'check_violation'; END IF; RETURN OLD; END $$
--
CREATE TRIGGER pricing_cap_plan_row_kept BEFORE DELETE ON pricing_cap_plan_row FOR EACH ROW EXECUTE FUNCTION pricing_cap_plan_row_kept()
--
ALTER TABLE pricing_cap_plan_row ENABLE ALWAYS TRIGGER pricing_cap_plan_row_kept
--
CREATE OR REPLACE FUNCTION pricing_headroom_alarm_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'pricing_headroom_alarm is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER pricing_headroom_alarm_no_update BEFORE UPDATE ON pricing_headroom_alarm FOR EACH ROW EXECUTE FUNCTION pricing_headroom_alarm_refuse()
--
ALTER TABLE pricing_headroom_alarm ENABLE ALWAYS TRIGGER pricing_headroom_alarm_no_update
--
CREATE TRIGGER pricing_headroom_alarm_no_delete BEFORE DELETE ON pricing_headroom_alarm FOR EACH ROW EXECUTE FUNCTION pricing_headroom_alarm_refuse()
--
ALTER TABLE pricing_headroom_alarm ENABLE ALWAYS TRIGGER pricing_headroom_alarm_no_delete
--
CREATE TRIGGER pricing_headroom_alarm_no_truncate BEFORE TRUNCATE ON pricing_headroom_alarm FOR EACH STATEMENT EXECUTE FUNCTION pricing_headroom_alarm_refuse()
--
ALTER TABLE pricing_headroom_alarm ENABLE ALWAYS TRIGGER pricing_headroom_alarm_no_truncate
--
CREATE OR REPLACE FUNCTION pricing_misuse_statement_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'pricing_misuse_statement is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER pricing_misuse_statement_no_update BEFORE UPDATE ON pricing_misuse_statement FOR EACH ROW EXECUTE FUNCTION pricing_misuse_statement_refuse()
--
ALTER TABLE pricing_misuse_statement ENABLE ALWAYS TRIGGER pricing_misuse_statement_no_update
--
CREATE TRIGGER pricing_misuse_statement_no_delete BEFORE DELETE ON pricing_misuse_statement FOR EACH ROW EXECUTE FUNCTION pricing_misuse_statement_refuse()
--
ALTER TABLE pricing_misuse_statement ENABLE ALWAYS TRIGGER pricing_misuse_statement_no_delete
--
CREATE TRIGGER pricing_misuse_statement_no_truncate BEFORE TRUNCATE ON pricing_misuse_statement FOR EACH STATEMENT EXECUTE FUNCTION pricing_misuse_statement_refuse()
--
ALTER TABLE pricing_misuse_statement ENABLE ALWAYS TRIGGER pricing_misuse_statement_no_truncate
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
CREATE OR REPLACE FUNCTION pricing_adjustment_frozen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.number <> OLD.number OR NEW.place <> OLD.place OR NEW.agreement_id <> OLD.agreement_id OR NEW.assessment_id <> OLD.assessment_id OR NEW.kind <> OLD.kind OR NEW.product_id <> OLD.product_id OR NEW.charge_unit <> OLD.charge_unit OR NEW.scope <> OLD.scope OR NEW.current <> OLD.current OR NEW.proposed <> OLD.proposed OR NEW.revenue <> OLD.revenue THEN RAISE EXCEPTION 'what was proposed is not changed' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER pricing_adjustment_frozen BEFORE UPDATE ON pricing_adjustment FOR EACH ROW EXECUTE FUNCTION pricing_adjustment_frozen()
--
ALTER TABLE pricing_adjustment ENABLE ALWAYS TRIGGER pricing_adjustment_frozen
--
CREATE OR REPLACE FUNCTION pricing_adjustment_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF 1 = 1 THEN RAISE EXCEPTION 'an adjustment is kept' USING ERRCODE = 'check_violation'; END IF; RETURN OLD; END $$
--
CREATE TRIGGER pricing_adjustment_kept BEFORE DELETE ON pricing_adjustment FOR EACH ROW EXECUTE FUNCTION pricing_adjustment_kept()
--
ALTER TABLE pricing_adjustment ENABLE ALWAYS TRIGGER pricing_adjustment_kept
--
CREATE OR REPLACE FUNCTION pricing_complaint_final() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.state IN ('closed', 'withdrawn') OR NEW.number <> OLD.number OR NEW.reference <> OLD.reference OR NEW.product_id <> OLD.product_id OR NEW.ground <> OLD.ground OR NEW.name <> OLD.name OR NEW.contact <> OLD.contact OR NEW.words <> OLD.words OR NEW.filed_at <> OLD.filed_at OR (OLD.outcome IS NOT NULL AND (NEW.outcome <> OLD.outcome OR NEW.decided_reason <> OLD.decided_reason OR NEW.decided_by <> OLD.decided_by OR NEW.decided_at <> OLD.decided_at)) THEN RAISE EXCEPTION 'a complaint is not changed, and what was decided is final' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER pricing_complaint_final BEFORE UPDATE ON pricing_complaint FOR EACH ROW EXECUTE FUNCTION pricing_complaint_final()
--
ALTER TABLE pricing_complaint ENABLE ALWAYS TRIGGER pricing_complaint_final
--
CREATE OR REPLACE FUNCTION pricing_misuse_line_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'pricing_misuse_line is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER pricing_misuse_line_no_update BEFORE UPDATE ON pricing_misuse_line FOR EACH ROW EXECUTE FUNCTION pricing_misuse_line_refuse()
--
ALTER TABLE pricing_misuse_line ENABLE ALWAYS TRIGGER pricing_misuse_line_no_update
--
CREATE TRIGGER pricing_misuse_line_no_delete BEFORE DELETE ON pricing_misuse_line FOR EACH ROW EXECUTE FUNCTION pricing_misuse_line_refuse()
--
ALTER TABLE pricing_misuse_line ENABLE ALWAYS TRIGGER pricing_misuse_line_no_delete
--
CREATE TRIGGER pricing_misuse_line_no_truncate BEFORE TRUNCATE ON pricing_misuse_line FOR EACH STATEMENT EXECUTE FUNCTION pricing_misuse_line_refuse()
--
ALTER TABLE pricing_misuse_line ENABLE ALWAYS TRIGGER pricing_misuse_line_no_truncate
--
CREATE OR REPLACE FUNCTION pricing_negotiation_closed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.state IN ('accepted', 'declined', 'withdrawn') THEN RAISE EXCEPTION 'a negotiation that has ended is never changed' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER pricing_negotiation_closed BEFORE UPDATE ON pricing_negotiation FOR EACH ROW EXECUTE FUNCTION pricing_negotiation_closed()
--
ALTER TABLE pricing_negotiation ENABLE ALWAYS TRIGGER pricing_negotiation_closed
--
CREATE OR REPLACE FUNCTION pricing_negotiation_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.id IS NOT NULL THEN RAISE EXCEPTION 'a negotiation is never deleted' USING ERRCODE = 'check_violation'; END IF; RETURN OLD; END $$
--
CREATE TRIGGER pricing_negotiation_kept BEFORE DELETE ON pricing_negotiation FOR EACH ROW EXECUTE FUNCTION pricing_negotiation_kept()
--
ALTER TABLE pricing_negotiation ENABLE ALWAYS TRIGGER pricing_negotiation_kept
--
CREATE OR REPLACE FUNCTION pricing_value_basis_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'pricing_value_basis is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER pricing_value_basis_no_update BEFORE UPDATE ON pricing_value_basis FOR EACH ROW EXECUTE FUNCTION pricing_value_basis_refuse()
--
ALTER TABLE pricing_value_basis ENABLE ALWAYS TRIGGER pricing_value_basis_no_update
--
CREATE TRIGGER pricing_value_basis_no_delete BEFORE DELETE ON pricing_value_basis FOR EACH ROW EXECUTE FUNCTION pricing_value_basis_refuse()
--
ALTER TABLE pricing_value_basis ENABLE ALWAYS TRIGGER pricing_value_basis_no_delete
--
CREATE TRIGGER pricing_value_basis_no_truncate BEFORE TRUNCATE ON pricing_value_basis FOR EACH STATEMENT EXECUTE FUNCTION pricing_value_basis_refuse()
--
ALTER TABLE pricing_value_basis ENABLE ALWAYS TRIGGER pricing_value_basis_no_truncate
--
CREATE OR REPLACE FUNCTION market_order_frozen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.number <> OLD.number OR NEW.place <> OLD.place OR NEW.quote_id <> OLD.quote_id OR NEW.product_id <> OLD.product_id OR NEW.version_id <> OLD.version_id OR NEW.buyer_id <> OLD.buyer_id OR NEW.seller_id <> OLD.seller_id OR NEW.purpose <> OLD.purpose OR NEW.scenario <> OLD.scenario OR NEW.quantity <> OLD.quantity OR NEW.term_months <> OLD.term_months OR NEW.amount <> OLD.amount OR NEW.placed_at <> OLD.placed_at THEN RAISE EXCEPTION 'an order keeps what was bought: only its state moves' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER market_order_frozen BEFORE UPDATE ON market_order FOR EACH ROW EXECUTE FUNCTION market_order_frozen()
--
ALTER TABLE market_order ENABLE ALWAYS TRIGGER market_order_frozen
--
CREATE OR REPLACE FUNCTION pricing_negotiation_round_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'pricing_negotiation_round is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER pricing_negotiation_round_no_update BEFORE UPDATE ON pricing_negotiation_round FOR EACH ROW EXECUTE FUNCTION pricing_negotiation_round_refuse()
--
ALTER TABLE pricing_negotiation_round ENABLE ALWAYS TRIGGER pricing_negotiation_round_no_update
--
CREATE TRIGGER pricing_negotiation_round_no_delete BEFORE DELETE ON pricing_negotiation_round FOR EACH ROW EXECUTE FUNCTION pricing_negotiation_round_refuse()
--
ALTER TABLE pricing_negotiation_round ENABLE ALWAYS TRIGGER pricing_negotiation_round_no_delete
--
CREATE TRIGGER pricing_negotiation_round_no_truncate BEFORE TRUNCATE ON pricing_negotiation_round FOR EACH STATEMENT EXECUTE FUNCTION pricing_negotiation_round_refuse()
--
ALTER TABLE pricing_negotiation_round ENABLE ALWAYS TRIGGER pricing_negotiation_round_no_truncate
