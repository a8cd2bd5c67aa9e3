CREATE TABLE new_registry_agreement (
	number TEXT NOT NULL,
	place TEXT NOT NULL,
	authorizing_entity_id CHAR(32) NOT NULL,
	operating_institution_id CHAR(32) NOT NULL,
	state VARCHAR(40) NOT NULL,
	title TEXT NOT NULL,
	items JSON NOT NULL,
	term_start DATE NOT NULL,
	term_end DATE NOT NULL,
	trial_start DATE,
	trial_end DATE,
	plan_id CHAR(32),
	selection_id CHAR(32),
	emergency_plan_sha256 TEXT,
	coordination_record TEXT,
	filing_reference TEXT,
	drafted_at DATETIME NOT NULL,
	signed_at DATETIME,
	filed_at DATETIME,
	activated_at DATETIME,
	suspended_at DATETIME,
	suspension_reason TEXT,
	correction_due DATE,
	ended_at DATETIME,
	exit_ground VARCHAR(40),
	pending_event VARCHAR(40),
	pending_by CHAR(32),
	sources JSON NOT NULL,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_registry_agreement PRIMARY KEY (id),
	CONSTRAINT ck_registry_agreement_term_ordered CHECK (term_start < term_end),
	CONSTRAINT ck_registry_agreement_trial_whole CHECK ((trial_start IS NULL) = (trial_end IS NULL)),
	CONSTRAINT ck_registry_agreement_trial_ordered CHECK (trial_end IS NULL OR trial_start < trial_end),
	CONSTRAINT ck_registry_agreement_trial_before_term CHECK (trial_end IS NULL OR trial_end <= term_start),
	CONSTRAINT ck_registry_agreement_signed_when_past_draft CHECK ((state = 'draft') = (signed_at IS NULL)),
	CONSTRAINT ck_registry_agreement_two_parties CHECK (authorizing_entity_id <> operating_institution_id),
	CONSTRAINT uq_registry_agreement_number UNIQUE (number),
	CONSTRAINT fk_registry_agreement_authorizing_entity_id FOREIGN KEY(authorizing_entity_id) REFERENCES registry_party (id),
	CONSTRAINT fk_registry_agreement_operating_institution_id FOREIGN KEY(operating_institution_id) REFERENCES registry_party (id),
	CONSTRAINT ck_registry_agreement_agreementstate CHECK (state IN ('draft', 'signed', 'filed', 'active', 'suspended', 'expired', 'terminated', 'revoked', 'closed')),
	CONSTRAINT fk_registry_agreement_plan_id FOREIGN KEY(plan_id) REFERENCES registry_plan (id),
	CONSTRAINT fk_registry_agreement_selection_id FOREIGN KEY(selection_id) REFERENCES registry_selection (id),
	CONSTRAINT ck_registry_agreement_exitground CHECK (exit_ground IN ('operator_request', 'breach', 'other_illegality')),
	CONSTRAINT ck_registry_agreement_agreementevent CHECK (pending_event IN ('sign', 'file', 'activate', 'suspend', 'restore', 'end_part', 'expire', 'terminate', 'revoke', 'close'))
)
--
INSERT INTO new_registry_agreement (number, place, authorizing_entity_id, operating_institution_id, state, title, items, term_start, term_end, trial_start, trial_end, emergency_plan_sha256, coordination_record, filing_reference, drafted_at, signed_at, filed_at, activated_at, suspended_at, suspension_reason, correction_due, ended_at, exit_ground, pending_event, pending_by, sources, id, version)
SELECT number, place, authorizing_entity_id, operating_institution_id, state, title, items, term_start, term_end, trial_start, trial_end, emergency_plan_sha256, coordination_record, filing_reference, drafted_at, signed_at, filed_at, activated_at, suspended_at, suspension_reason, correction_due, ended_at, exit_ground, pending_event, pending_by, sources, id, version
FROM registry_agreement
--
DROP TABLE registry_agreement
--
ALTER TABLE new_registry_agreement RENAME TO registry_agreement
--
CREATE INDEX ix_registry_agreement_authorizing_entity_id ON registry_agreement (authorizing_entity_id)
--
CREATE INDEX ix_registry_agreement_operating_institution_id ON registry_agreement (operating_institution_id)
--
CREATE INDEX ix_registry_agreement_place ON registry_agreement (place)
--
CREATE INDEX ix_registry_agreement_plan_id ON registry_agreement (plan_id)
--
CREATE INDEX ix_registry_agreement_selection_id ON registry_agreement (selection_id)
--
CREATE TABLE new_registry_agreement_resource (
	agreement_id CHAR(32) NOT NULL,
	resource_id CHAR(32) NOT NULL,
	ended_on DATE,
	ended_reason TEXT,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_registry_agreement_resource PRIMARY KEY (id),
	CONSTRAINT uq_registry_agreement_resource_agreement_id_resource_id UNIQUE (agreement_id, resource_id),
	CONSTRAINT ck_registry_agreement_resource_ended_with_reason CHECK ((ended_on IS NULL) = (ended_reason IS NULL)),
	CONSTRAINT fk_registry_agreement_resource_agreement_id FOREIGN KEY(agreement_id) REFERENCES registry_agreement (id),
	CONSTRAINT fk_registry_agreement_resource_resource_id FOREIGN KEY(resource_id) REFERENCES registry_resource (id)
)
--
INSERT INTO new_registry_agreement_resource (agreement_id, resource_id, id, version)
SELECT agreement_id, resource_id, id, version
FROM registry_agreement_resource
--
DROP TABLE registry_agreement_resource
--
ALTER TABLE new_registry_agreement_resource RENAME TO registry_agreement_resource
--
CREATE INDEX ix_registry_agreement_resource_agreement_id ON registry_agreement_resource (agreement_id)
--
CREATE INDEX ix_registry_agreement_resource_resource_id ON registry_agreement_resource (resource_id)
--
CREATE TABLE new_registry_data_request (
	number TEXT NOT NULL,
	place TEXT NOT NULL,
	applicant_id CHAR(32) NOT NULL,
	agreement_id CHAR(32) NOT NULL,
	scenario TEXT NOT NULL,
	necessity TEXT NOT NULL,
	state VARCHAR(40) NOT NULL,
	created_at DATETIME NOT NULL,
	submitted_at DATETIME,
	submitted_by CHAR(32),
	decided_at DATETIME,
	basis VARCHAR(40),
	provisioned_at DATETIME,
	provision_note TEXT NOT NULL,
	sources JSON NOT NULL,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_registry_data_request PRIMARY KEY (id),
	CONSTRAINT ck_registry_data_request_submitted_when_out_of_draft CHECK ((state = 'draft') = (submitted_at IS NULL)),
	CONSTRAINT ck_registry_data_request_decided_when_closed CHECK ((state IN ('approved', 'rejected', 'provisioned')) = (decided_at IS NOT NULL)),
	CONSTRAINT ck_registry_data_request_basis_when_approved CHECK ((state IN ('approved', 'provisioned')) = (basis IS NOT NULL)),
	CONSTRAINT ck_registry_data_request_provisioned_when_noted CHECK ((state = 'provisioned') = (provisioned_at IS NOT NULL)),
	CONSTRAINT uq_registry_data_request_number UNIQUE (number),
	CONSTRAINT fk_registry_data_request_applicant_id FOREIGN KEY(applicant_id) REFERENCES registry_party (id),
	CONSTRAINT fk_registry_data_request_agreement_id FOREIGN KEY(agreement_id) REFERENCES registry_agreement (id),
	CONSTRAINT ck_registry_data_request_requeststate CHECK (state IN ('draft', 'submitted', 'checked', 'under_review', 'approved', 'rejected', 'provisioned')),
	CONSTRAINT ck_registry_data_request_basis CHECK (basis IN ('decided', 'deemed'))
)
--
INSERT INTO new_registry_data_request (number, place, applicant_id, agreement_id, scenario, necessity, state, created_at, submitted_at, submitted_by, decided_at, basis, provision_note, sources, id, version)
SELECT number, place, applicant_id, agreement_id, scenario, necessity, state, created_at, submitted_at, submitted_by, decided_at, basis, '', sources, id, version
FROM registry_data_request
--
DROP TABLE registry_data_request
--
ALTER TABLE new_registry_data_request RENAME TO registry_data_request
--
CREATE INDEX ix_registry_data_request_agreement_id ON registry_data_request (agreement_id)
--
CREATE INDEX ix_registry_data_request_applicant_id ON registry_data_request (applicant_id)
--
CREATE INDEX ix_registry_data_request_place ON registry_data_request (place)
--
CREATE INDEX ix_registry_data_request_state ON registry_data_request (state)
--
CREATE UNIQUE INDEX uq_registry_data_request_scenario ON registry_data_request (applicant_id, agreement_id, scenario) WHERE state <> 'rejected'
--
CREATE TABLE new_registry_objection (
	registration_id CHAR(32) NOT NULL,
	name TEXT NOT NULL,
	contact TEXT NOT NULL,
	evidence TEXT NOT NULL,
	filed_at DATETIME NOT NULL,
	filed_by CHAR(32),
	outcome VARCHAR(40),
	outcome_reason TEXT NOT NULL,
	decided_at DATETIME,
	decided_by CHAR(32),
	reference TEXT,
	identity_kind TEXT,
	identity_digest TEXT,
	source_digest TEXT,
	rechecked_at DATETIME,
	rechecked_by CHAR(32),
	recheck_findings TEXT,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_registry_objection PRIMARY KEY (id),
	CONSTRAINT ck_registry_objection_named_with_evidence CHECK (length(name) > 0 AND length(evidence) > 0),
	CONSTRAINT ck_registry_objection_decided_with_outcome CHECK ((outcome IS NULL) = (decided_at IS NULL)),
	CONSTRAINT fk_registry_objection_registration_id FOREIGN KEY(registration_id) REFERENCES registry_registration (id),
	CONSTRAINT ck_registry_objection_objectionoutcome CHECK (outcome IN ('upheld', 'dismissed')),
	CONSTRAINT uq_registry_objection_reference UNIQUE (reference)
)
--
INSERT INTO new_registry_objection (registration_id, name, contact, evidence, filed_at, filed_by, outcome, outcome_reason, decided_at, decided_by, id, version)
SELECT registration_id, name, contact, evidence, filed_at, filed_by, outcome, outcome_reason, decided_at, decided_by, id, version
FROM registry_objection
--
DROP TABLE registry_objection
--
ALTER TABLE new_registry_objection RENAME TO registry_objection
--
CREATE INDEX ix_registry_objection_registration_id ON registry_objection (registration_id)
--
CREATE INDEX ix_registry_objection_source_digest ON registry_objection (source_digest)
--
CREATE TABLE new_registry_party_capacity (
	party_id CHAR(32) NOT NULL,
	capacity VARCHAR(40) NOT NULL,
	place TEXT NOT NULL,
	added_at DATETIME NOT NULL,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_registry_party_capacity PRIMARY KEY (id),
	CONSTRAINT uq_registry_party_capacity_party_id_capacity_place UNIQUE (party_id, capacity, place),
	CONSTRAINT fk_registry_party_capacity_party_id FOREIGN KEY(party_id) REFERENCES registry_party (id),
	CONSTRAINT ck_registry_party_capacity_capacity CHECK (capacity IN ('data_authority', 'price_authority', 'operating_institution', 'data_merchant', 'source_department', 'buyer', 'trading_venue', 'platform', 'municipal_data_agency', 'provincial_data_authority', 'finance_department', 'expert_panel', 'peoples_government'))
)
--
INSERT INTO new_registry_party_capacity (party_id, capacity, place, added_at, id, version)
SELECT party_id, capacity, place, added_at, id, version
FROM registry_party_capacity
--
DROP TABLE registry_party_capacity
--
ALTER TABLE new_registry_party_capacity RENAME TO registry_party_capacity
--
CREATE INDEX ix_registry_party_capacity_party_id ON registry_party_capacity (party_id)
--
CREATE INDEX ix_registry_party_capacity_place_capacity ON registry_party_capacity (place, capacity)
--
CREATE TABLE new_registry_registration (
	number TEXT NOT NULL,
	place TEXT NOT NULL,
	product_id CHAR(32) NOT NULL,
	version_id CHAR(32) NOT NULL,
	registrant_id CHAR(32) NOT NULL,
	original_id CHAR(32),
	kind VARCHAR(40) NOT NULL,
	state VARCHAR(40) NOT NULL,
	submitted_by CHAR(32),
	received_at DATETIME NOT NULL,
	accept_due DATE,
	accepted_at DATETIME,
	accepted_by CHAR(32),
	review_due DATE,
	passed_at DATETIME,
	passed_by CHAR(32),
	notice_start DATE,
	notice_end DATE,
	coded_at DATETIME,
	coded_by CHAR(32),
	code TEXT,
	valid_from DATE,
	valid_until DATE,
	closed_at DATETIME,
	ground TEXT NOT NULL,
	reason TEXT NOT NULL,
	returned_at DATETIME,
	defects JSON NOT NULL,
	materials JSON NOT NULL,
	sources JSON NOT NULL,
	application_due DATE,
	late_days BIGINT,
	search_text TEXT,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_registry_registration PRIMARY KEY (id),
	CONSTRAINT ck_registry_registration_coded_with_a_code CHECK (state <> 'coded' OR code IS NOT NULL),
	CONSTRAINT ck_registry_registration_code_with_its_moment CHECK ((code IS NULL) = (coded_at IS NULL)),
	CONSTRAINT ck_registry_registration_code_with_validity CHECK ((code IS NULL) = (valid_from IS NULL)),
	CONSTRAINT ck_registry_registration_validity_whole CHECK ((valid_from IS NULL) = (valid_until IS NULL)),
	CONSTRAINT ck_registry_registration_validity_ordered CHECK (valid_until IS NULL OR valid_from <= valid_until),
	CONSTRAINT ck_registry_registration_notice_whole CHECK ((notice_start IS NULL) = (notice_end IS NULL)),
	CONSTRAINT ck_registry_registration_notice_ordered CHECK (notice_end IS NULL OR notice_start <= notice_end),
	CONSTRAINT ck_registry_registration_closed_when_ended CHECK ((state IN ('not_accepted', 'terminated', 'replaced', 'cancelled', 'revoked')) = (closed_at IS NOT NULL)),
	CONSTRAINT uq_registry_registration_number UNIQUE (number),
	CONSTRAINT fk_registry_registration_product_id FOREIGN KEY(product_id) REFERENCES registry_product (id),
	CONSTRAINT fk_registry_registration_version_id FOREIGN KEY(version_id) REFERENCES registry_product_version (id),
	CONSTRAINT fk_registry_registration_registrant_id FOREIGN KEY(registrant_id) REFERENCES registry_party (id),
	CONSTRAINT fk_registry_registration_original_id FOREIGN KEY(original_id) REFERENCES registry_registration (id),
	CONSTRAINT ck_registry_registration_registrationkind CHECK (kind IN ('first', 'change', 'correction', 'renewal', 'cancellation', 'revocation')),
	CONSTRAINT ck_registry_registration_registrationstate CHECK (state IN ('submitted', 'accepted', 'not_accepted', 'returned', 'public_notice', 'objected', 'coded', 'terminated', 'replaced', 'cancelled', 'revoked'))
)
--
INSERT INTO new_registry_registration (number, place, product_id, version_id, registrant_id, original_id, kind, state, submitted_by, received_at, accept_due, accepted_at, accepted_by, review_due, passed_at, passed_by, notice_start, notice_end, coded_at, coded_by, code, valid_from, valid_until, closed_at, ground, reason, returned_at, defects, materials, sources, id, version)
SELECT number, place, product_id, version_id, registrant_id, original_id, kind, state, submitted_by, received_at, accept_due, accepted_at, accepted_by, review_due, passed_at, passed_by, notice_start, notice_end, coded_at, coded_by, code, valid_from, valid_until, closed_at, ground, reason, returned_at, defects, materials, sources, id, version
FROM registry_registration
--
DROP TABLE registry_registration
--
ALTER TABLE new_registry_registration RENAME TO registry_registration
--
CREATE INDEX ix_registry_registration_accept_due ON registry_registration (state, accept_due, id)
--
CREATE INDEX ix_registry_registration_at_place ON registry_registration (place, id)
--
CREATE INDEX ix_registry_registration_code ON registry_registration (code)
--
CREATE INDEX ix_registry_registration_notice_due ON registry_registration (state, notice_end, id)
--
CREATE INDEX ix_registry_registration_of_kind ON registry_registration (kind, id)
--
CREATE INDEX ix_registry_registration_of_state ON registry_registration (state, id)
--
CREATE INDEX ix_registry_registration_original_id ON registry_registration (original_id)
--
CREATE INDEX ix_registry_registration_place ON registry_registration (place)
--
CREATE INDEX ix_registry_registration_product_id ON registry_registration (product_id)
--
CREATE INDEX ix_registry_registration_registrant_id ON registry_registration (registrant_id)
--
CREATE INDEX ix_registry_registration_review_due ON registry_registration (state, review_due, id)
--
CREATE INDEX ix_registry_registration_state ON registry_registration (state, notice_end)
--
CREATE INDEX ix_registry_registration_until ON registry_registration (state, valid_until, id)
--
CREATE INDEX ix_registry_registration_version_id ON registry_registration (version_id)
--
CREATE UNIQUE INDEX uq_registry_registration_code ON registry_registration (code, valid_from) WHERE state = 'coded'
--
CREATE UNIQUE INDEX uq_registry_registration_running ON registry_registration (product_id) WHERE state IN ('submitted', 'accepted', 'returned', 'public_notice', 'objected')
--
CREATE UNIQUE INDEX uq_registry_grant_ask_waiting ON registry_grant_ask (account_id, role, COALESCE(place, '')) WHERE state = 'asked'
