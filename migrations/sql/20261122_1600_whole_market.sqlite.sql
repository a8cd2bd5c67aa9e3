DROP TRIGGER IF EXISTS market_payment_frozen
--
DROP TRIGGER IF EXISTS settlement_journal_entry_balanced
--
DROP TRIGGER IF EXISTS settlement_journal_entry_no_delete
--
DROP TRIGGER IF EXISTS settlement_journal_entry_no_update
--
DROP TRIGGER IF EXISTS settlement_journal_entry_sealed
--
DROP TRIGGER IF EXISTS settlement_journal_line_closed
--
DROP TRIGGER IF EXISTS settlement_journal_line_no_delete
--
DROP TRIGGER IF EXISTS settlement_journal_line_no_update
--
CREATE TABLE job_lease (
	job TEXT NOT NULL,
	holder TEXT NOT NULL,
	until DATETIME NOT NULL,
	CONSTRAINT pk_job_lease PRIMARY KEY (job)
)
--
CREATE TABLE market_bank_file (
	place TEXT NOT NULL,
	name TEXT NOT NULL,
	sha256 TEXT NOT NULL,
	row_count BIGINT NOT NULL,
	known BIGINT NOT NULL,
	imported_at DATETIME NOT NULL,
	imported_by TEXT NOT NULL,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_market_bank_file PRIMARY KEY (id),
	CONSTRAINT uq_market_bank_file_place_sha256 UNIQUE (place, sha256)
)
--
CREATE INDEX ix_market_bank_file_place ON market_bank_file (place)
--
CREATE TABLE market_webhook_progress (
	name TEXT NOT NULL,
	last_line CHAR(32) NOT NULL,
	CONSTRAINT pk_market_webhook_progress PRIMARY KEY (name)
)
--
CREATE TABLE market_approval_rule (
	party_id CHAR(32) NOT NULL,
	is_on BOOLEAN NOT NULL,
	above BIGINT NOT NULL,
	reason TEXT NOT NULL,
	state VARCHAR(40) NOT NULL,
	proposed_at DATETIME NOT NULL,
	proposed_by TEXT NOT NULL,
	proposed_by_id CHAR(32) NOT NULL,
	decided_at DATETIME,
	decided_by TEXT,
	decided_by_id CHAR(32),
	decided_reason TEXT NOT NULL,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_market_approval_rule PRIMARY KEY (id),
	CONSTRAINT ck_market_approval_rule_not_negative CHECK (above >= 0),
	CONSTRAINT ck_market_approval_rule_decided_when_over CHECK ((state = 'proposed') = (decided_at IS NULL)),
	CONSTRAINT ck_market_approval_rule_two_persons CHECK (state IN ('proposed', 'withdrawn') OR decided_by_id <> proposed_by_id),
	CONSTRAINT fk_market_approval_rule_party_id FOREIGN KEY(party_id) REFERENCES registry_party (id),
	CONSTRAINT ck_market_approval_rule_rulestate CHECK (state IN ('proposed', 'confirmed', 'refused', 'withdrawn'))
)
--
CREATE INDEX ix_market_approval_rule_party_id ON market_approval_rule (party_id)
--
CREATE UNIQUE INDEX one_proposal_of_a_party ON market_approval_rule (party_id) WHERE state = 'proposed'
--
CREATE TABLE market_bank_line (
	place TEXT NOT NULL,
	serial TEXT NOT NULL,
	booked_at DATETIME NOT NULL,
	amount BIGINT NOT NULL,
	payer_name TEXT NOT NULL,
	payer_account TEXT NOT NULL,
	remark TEXT NOT NULL,
	"references" JSON NOT NULL,
	file_id CHAR(32),
	line_number BIGINT NOT NULL,
	entered_at DATETIME NOT NULL,
	entered_by TEXT NOT NULL,
	state VARCHAR(40) NOT NULL,
	reason VARCHAR(40),
	gap BIGINT,
	decided_at DATETIME,
	decided_by TEXT,
	decided_by_id CHAR(32),
	note TEXT NOT NULL,
	returned_at DATETIME,
	returned_by TEXT,
	returned_serial TEXT,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_market_bank_line PRIMARY KEY (id),
	CONSTRAINT uq_market_bank_line_place_serial UNIQUE (place, serial),
	CONSTRAINT ck_market_bank_line_positive CHECK (amount > 0),
	CONSTRAINT ck_market_bank_line_queued_with_reason CHECK ((state = 'queued') = (reason IS NOT NULL)),
	CONSTRAINT ck_market_bank_line_returned_at_known CHECK ((state = 'returned') = (returned_at IS NOT NULL)),
	CONSTRAINT fk_market_bank_line_file_id FOREIGN KEY(file_id) REFERENCES market_bank_file (id),
	CONSTRAINT ck_market_bank_line_linestate CHECK (state IN ('matched', 'queued', 'decided', 'returning', 'returned', 'recorded', 'outgoing')),
	CONSTRAINT ck_market_bank_line_reason CHECK (reason IN ('no_reference', 'mistyped_reference', 'unknown_reference', 'already_paid', 'not_expected', 'short', 'over', 'payer_differs', 'reopened')),
	CONSTRAINT uq_market_bank_line_returned_serial UNIQUE (returned_serial)
)
--
CREATE INDEX ix_market_bank_line_booked_at ON market_bank_line (booked_at)
--
CREATE INDEX ix_market_bank_line_file_id ON market_bank_line (file_id)
--
CREATE INDEX ix_market_bank_line_place ON market_bank_line (place)
--
CREATE INDEX ix_market_bank_line_state ON market_bank_line (state)
--
CREATE TABLE market_buyer_account (
	number TEXT NOT NULL,
	place TEXT NOT NULL,
	buyer_id CHAR(32) NOT NULL,
	reference TEXT NOT NULL,
	opened_at DATETIME NOT NULL,
	opened_by TEXT NOT NULL,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_market_buyer_account PRIMARY KEY (id),
	CONSTRAINT uq_market_buyer_account_place_buyer_id UNIQUE (place, buyer_id),
	CONSTRAINT uq_market_buyer_account_number UNIQUE (number),
	CONSTRAINT fk_market_buyer_account_buyer_id FOREIGN KEY(buyer_id) REFERENCES registry_party (id),
	CONSTRAINT uq_market_buyer_account_reference UNIQUE (reference)
)
--
CREATE INDEX ix_market_buyer_account_buyer_id ON market_buyer_account (buyer_id)
--
CREATE INDEX ix_market_buyer_account_place ON market_buyer_account (place)
--
CREATE TABLE market_interchange_record (
	org_id CHAR(32) NOT NULL,
	code TEXT NOT NULL,
	title TEXT NOT NULL,
	origin TEXT NOT NULL,
	digest TEXT NOT NULL,
	record JSON NOT NULL,
	imported_at DATETIME NOT NULL,
	imported_by CHAR(32),
	imported_by_name TEXT NOT NULL,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_market_interchange_record PRIMARY KEY (id),
	CONSTRAINT uq_market_interchange_record_org_id_digest UNIQUE (org_id, digest),
	CONSTRAINT ck_market_interchange_record_digest_hex CHECK (length(digest) = 64),
	CONSTRAINT fk_market_interchange_record_org_id FOREIGN KEY(org_id) REFERENCES registry_party (id)
)
--
CREATE INDEX ix_market_interchange_record_code ON market_interchange_record (code)
--
CREATE TABLE market_payer_name (
	buyer_id CHAR(32) NOT NULL,
	plain TEXT NOT NULL,
	name TEXT NOT NULL,
	accepted_at DATETIME NOT NULL,
	accepted_by TEXT NOT NULL,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_market_payer_name PRIMARY KEY (id),
	CONSTRAINT uq_market_payer_name_buyer_id_plain UNIQUE (buyer_id, plain),
	CONSTRAINT fk_market_payer_name_buyer_id FOREIGN KEY(buyer_id) REFERENCES registry_party (id)
)
--
CREATE INDEX ix_market_payer_name_buyer_id ON market_payer_name (buyer_id)
--
CREATE TABLE market_taxpayer (
	party_id CHAR(32) NOT NULL,
	kind VARCHAR(40) NOT NULL,
	from_date DATE NOT NULL,
	stated_by CHAR(32),
	stated_by_name TEXT NOT NULL,
	stated_at DATETIME NOT NULL,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_market_taxpayer PRIMARY KEY (id),
	CONSTRAINT uq_market_taxpayer_party_id_from_date UNIQUE (party_id, from_date),
	CONSTRAINT fk_market_taxpayer_party_id FOREIGN KEY(party_id) REFERENCES registry_party (id),
	CONSTRAINT ck_market_taxpayer_taxpayerkind CHECK (kind IN ('general_taxpayer', 'small_scale_taxpayer'))
)
--
CREATE TABLE market_webhook_endpoint (
	org_id CHAR(32) NOT NULL,
	url TEXT NOT NULL,
	description TEXT NOT NULL,
	types JSON NOT NULL,
	state VARCHAR(40) NOT NULL,
	sealed_secret TEXT NOT NULL,
	former_secret TEXT,
	former_until DATETIME,
	secret_shown_at DATETIME,
	created_at DATETIME NOT NULL,
	created_by CHAR(32),
	created_by_name TEXT NOT NULL,
	disabled_at DATETIME,
	disabled_reason TEXT,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_market_webhook_endpoint PRIMARY KEY (id),
	CONSTRAINT ck_market_webhook_endpoint_disabled_since CHECK ((state = 'disabled') = (disabled_at IS NOT NULL)),
	CONSTRAINT ck_market_webhook_endpoint_disabled_because CHECK ((disabled_at IS NULL) = (disabled_reason IS NULL)),
	CONSTRAINT ck_market_webhook_endpoint_former_until CHECK ((former_secret IS NULL) = (former_until IS NULL)),
	CONSTRAINT fk_market_webhook_endpoint_org_id FOREIGN KEY(org_id) REFERENCES registry_party (id),
	CONSTRAINT ck_market_webhook_endpoint_endpointstate CHECK (state IN ('unproven', 'active', 'disabled', 'removed'))
)
--
CREATE INDEX ix_market_webhook_endpoint_org_id ON market_webhook_endpoint (org_id)
--
CREATE TABLE market_webhook_message (
	id CHAR(32) NOT NULL,
	org_id CHAR(32) NOT NULL,
	line_id CHAR(32),
	type TEXT NOT NULL,
	happened_at DATETIME NOT NULL,
	body TEXT NOT NULL,
	CONSTRAINT pk_market_webhook_message PRIMARY KEY (id),
	CONSTRAINT uq_market_webhook_message_org_id_line_id UNIQUE (org_id, line_id),
	CONSTRAINT fk_market_webhook_message_org_id FOREIGN KEY(org_id) REFERENCES registry_party (id)
)
--
CREATE INDEX ix_market_webhook_message_org_id ON market_webhook_message (org_id)
--
CREATE TABLE market_credit_limit (
	account_id CHAR(32) NOT NULL,
	place TEXT NOT NULL,
	amount BIGINT NOT NULL,
	due_days BIGINT NOT NULL,
	basis TEXT NOT NULL,
	state VARCHAR(40) NOT NULL,
	proposed_at DATETIME NOT NULL,
	proposed_by TEXT NOT NULL,
	proposed_by_id CHAR(32) NOT NULL,
	decided_at DATETIME,
	decided_by TEXT,
	decided_by_id CHAR(32),
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_market_credit_limit PRIMARY KEY (id),
	CONSTRAINT ck_market_credit_limit_positive CHECK (amount >= 0 AND due_days >= 1),
	CONSTRAINT ck_market_credit_limit_decided_when_closed CHECK ((state = 'proposed') = (decided_at IS NULL)),
	CONSTRAINT ck_market_credit_limit_two_persons CHECK (decided_by_id IS NULL OR decided_by_id <> proposed_by_id),
	CONSTRAINT fk_market_credit_limit_account_id FOREIGN KEY(account_id) REFERENCES market_buyer_account (id),
	CONSTRAINT ck_market_credit_limit_limitstate CHECK (state IN ('proposed', 'confirmed', 'refused'))
)
--
CREATE INDEX ix_market_credit_limit_account_id ON market_credit_limit (account_id)
--
CREATE INDEX ix_market_credit_limit_place ON market_credit_limit (place)
--
CREATE INDEX ix_market_credit_limit_state ON market_credit_limit (state)
--
CREATE TABLE market_monthly_statement (
	number TEXT NOT NULL,
	account_id CHAR(32) NOT NULL,
	place TEXT NOT NULL,
	month TEXT NOT NULL,
	amount BIGINT NOT NULL,
	reference TEXT NOT NULL,
	lines JSON NOT NULL,
	issued_at DATETIME NOT NULL,
	due_date DATE NOT NULL,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_market_monthly_statement PRIMARY KEY (id),
	CONSTRAINT uq_market_monthly_statement_account_id_month UNIQUE (account_id, month),
	CONSTRAINT ck_market_monthly_statement_positive CHECK (amount > 0),
	CONSTRAINT uq_market_monthly_statement_number UNIQUE (number),
	CONSTRAINT fk_market_monthly_statement_account_id FOREIGN KEY(account_id) REFERENCES market_buyer_account (id),
	CONSTRAINT uq_market_monthly_statement_reference UNIQUE (reference)
)
--
CREATE INDEX ix_market_monthly_statement_account_id ON market_monthly_statement (account_id)
--
CREATE INDEX ix_market_monthly_statement_due_date ON market_monthly_statement (due_date)
--
CREATE INDEX ix_market_monthly_statement_place ON market_monthly_statement (place)
--
CREATE TABLE market_webhook_delivery (
	endpoint_id CHAR(32) NOT NULL,
	message_id CHAR(32) NOT NULL,
	state VARCHAR(40) NOT NULL,
	tries BIGINT NOT NULL,
	total_tries BIGINT NOT NULL,
	next_try_at DATETIME,
	closed_at DATETIME,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_market_webhook_delivery PRIMARY KEY (id),
	CONSTRAINT uq_market_webhook_delivery_endpoint_id_message_id UNIQUE (endpoint_id, message_id),
	CONSTRAINT ck_market_webhook_delivery_waits_for_a_moment CHECK ((state = 'waiting') = (next_try_at IS NOT NULL)),
	CONSTRAINT ck_market_webhook_delivery_closed_at CHECK ((state = 'waiting') = (closed_at IS NULL)),
	CONSTRAINT ck_market_webhook_delivery_tries CHECK (tries >= 0 AND total_tries >= tries),
	CONSTRAINT fk_market_webhook_delivery_endpoint_id FOREIGN KEY(endpoint_id) REFERENCES market_webhook_endpoint (id),
	CONSTRAINT fk_market_webhook_delivery_message_id FOREIGN KEY(message_id) REFERENCES market_webhook_message (id),
	CONSTRAINT ck_market_webhook_delivery_deliverystate CHECK (state IN ('waiting', 'delivered', 'given_up'))
)
--
CREATE INDEX ix_market_webhook_delivery_message_id ON market_webhook_delivery (message_id)
--
CREATE INDEX ix_market_webhook_delivery_state_next_try_at ON market_webhook_delivery (state, next_try_at)
--
CREATE TABLE market_buyer_account_line (
	account_id CHAR(32) NOT NULL,
	place TEXT NOT NULL,
	purse VARCHAR(40) NOT NULL,
	kind VARCHAR(40) NOT NULL,
	amount BIGINT NOT NULL,
	evidence TEXT NOT NULL,
	text TEXT NOT NULL,
	statement_id CHAR(32),
	at DATETIME NOT NULL,
	made_by TEXT NOT NULL,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_market_buyer_account_line PRIMARY KEY (id),
	CONSTRAINT ck_market_buyer_account_line_not_zero CHECK (amount <> 0),
	CONSTRAINT ck_market_buyer_account_line_kind_of_purse CHECK ((kind IN ('charge', 'credit', 'repayment')) = (purse = 'monthly')),
	CONSTRAINT ck_market_buyer_account_line_repays_a_statement CHECK ((kind = 'repayment') = (statement_id IS NOT NULL)),
	CONSTRAINT fk_market_buyer_account_line_account_id FOREIGN KEY(account_id) REFERENCES market_buyer_account (id),
	CONSTRAINT ck_market_buyer_account_line_purse CHECK (purse IN ('prepaid', 'monthly')),
	CONSTRAINT ck_market_buyer_account_line_linekind CHECK (kind IN ('top_up', 'payment', 'refund', 'charge', 'credit', 'repayment')),
	CONSTRAINT uq_market_buyer_account_line_evidence UNIQUE (evidence),
	CONSTRAINT fk_market_buyer_account_line_statement_id FOREIGN KEY(statement_id) REFERENCES market_monthly_statement (id)
)
--
CREATE INDEX ix_market_buyer_account_line_account_id ON market_buyer_account_line (account_id)
--
CREATE INDEX ix_market_buyer_account_line_at ON market_buyer_account_line (at)
--
CREATE INDEX ix_market_buyer_account_line_place ON market_buyer_account_line (place)
--
CREATE INDEX ix_market_buyer_account_line_statement_id ON market_buyer_account_line (statement_id)
--
CREATE TABLE market_webhook_attempt (
	id CHAR(32) NOT NULL,
	delivery_id CHAR(32) NOT NULL,
	number BIGINT NOT NULL,
	tried_at DATETIME NOT NULL,
	outcome VARCHAR(40) NOT NULL,
	status BIGINT,
	words TEXT NOT NULL,
	address TEXT,
	took_ms BIGINT NOT NULL,
	answer TEXT NOT NULL,
	CONSTRAINT pk_market_webhook_attempt PRIMARY KEY (id),
	CONSTRAINT uq_market_webhook_attempt_delivery_id_number UNIQUE (delivery_id, number),
	CONSTRAINT fk_market_webhook_attempt_delivery_id FOREIGN KEY(delivery_id) REFERENCES market_webhook_delivery (id),
	CONSTRAINT ck_market_webhook_attempt_outcome CHECK (outcome IN ('delivered', 'answered_no', 'gone', 'not_proven', 'refused_address', 'unreachable', 'timed_out'))
)
--
CREATE TABLE market_gateway (
	product_id CHAR(32) NOT NULL,
	sequence BIGINT NOT NULL,
	is_active BOOLEAN NOT NULL,
	url TEXT NOT NULL,
	secret_sha256 TEXT NOT NULL,
	seconds_max BIGINT NOT NULL,
	bytes_max BIGINT NOT NULL,
	failures_max BIGINT NOT NULL,
	pause_seconds BIGINT NOT NULL,
	registered_at DATETIME NOT NULL,
	registered_by CHAR(32),
	registered_by_name TEXT NOT NULL,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_market_gateway PRIMARY KEY (id),
	CONSTRAINT uq_market_gateway_product_id_sequence UNIQUE (product_id, sequence),
	CONSTRAINT ck_market_gateway_sequence_positive CHECK (sequence >= 1),
	CONSTRAINT ck_market_gateway_terms_positive CHECK (seconds_max >= 1 AND bytes_max >= 1 AND failures_max >= 1 AND pause_seconds >= 1),
	CONSTRAINT fk_market_gateway_product_id FOREIGN KEY(product_id) REFERENCES registry_product (id)
)
--
CREATE TABLE market_gateway_circuit (
	product_id CHAR(32) NOT NULL,
	state VARCHAR(40) NOT NULL,
	failures BIGINT NOT NULL,
	changed_at DATETIME NOT NULL,
	CONSTRAINT pk_market_gateway_circuit PRIMARY KEY (product_id),
	CONSTRAINT ck_market_gateway_circuit_not_negative CHECK (failures >= 0),
	CONSTRAINT fk_market_gateway_circuit_product_id FOREIGN KEY(product_id) REFERENCES registry_product (id),
	CONSTRAINT ck_market_gateway_circuit_circuit CHECK (state IN ('closed', 'open', 'probing'))
)
--
CREATE TABLE market_feedback (
	number TEXT NOT NULL,
	place TEXT NOT NULL,
	product_id CHAR(32) NOT NULL,
	version_id CHAR(32) NOT NULL,
	seller_id CHAR(32) NOT NULL,
	kind VARCHAR(40) NOT NULL,
	words TEXT NOT NULL,
	file_sha256 TEXT NOT NULL,
	state VARCHAR(40) NOT NULL,
	delivered_by CHAR(32),
	delivered_at DATETIME NOT NULL,
	returned_reason TEXT,
	answered_by CHAR(32),
	answered_by_id CHAR(32),
	answered_at DATETIME,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_market_feedback PRIMARY KEY (id),
	CONSTRAINT ck_market_feedback_described CHECK (length(words) > 0),
	CONSTRAINT ck_market_feedback_answered_when_over CHECK ((state = 'delivered') = (answered_at IS NULL)),
	CONSTRAINT ck_market_feedback_returned_with_reason CHECK ((state = 'returned') = (returned_reason IS NOT NULL)),
	CONSTRAINT uq_market_feedback_number UNIQUE (number),
	CONSTRAINT fk_market_feedback_product_id FOREIGN KEY(product_id) REFERENCES registry_product (id),
	CONSTRAINT fk_market_feedback_version_id FOREIGN KEY(version_id) REFERENCES registry_product_version (id),
	CONSTRAINT fk_market_feedback_seller_id FOREIGN KEY(seller_id) REFERENCES registry_party (id),
	CONSTRAINT ck_market_feedback_feedbackkind CHECK (kind IN ('result', 'simulated')),
	CONSTRAINT fk_market_feedback_file_sha256 FOREIGN KEY(file_sha256) REFERENCES evidence_file (sha256),
	CONSTRAINT ck_market_feedback_feedbackstate CHECK (state IN ('delivered', 'received', 'returned')),
	CONSTRAINT fk_market_feedback_answered_by_id FOREIGN KEY(answered_by_id) REFERENCES registry_party (id)
)
--
CREATE INDEX ix_market_feedback_answered_by_id ON market_feedback (answered_by_id)
--
CREATE INDEX ix_market_feedback_file_sha256 ON market_feedback (file_sha256)
--
CREATE INDEX ix_market_feedback_place ON market_feedback (place)
--
CREATE INDEX ix_market_feedback_product_id ON market_feedback (product_id)
--
CREATE INDEX ix_market_feedback_seller_id ON market_feedback (seller_id)
--
CREATE INDEX ix_market_feedback_state ON market_feedback (state)
--
CREATE INDEX ix_market_feedback_version_id ON market_feedback (version_id)
--
CREATE TABLE market_product_file (
	product_id CHAR(32) NOT NULL,
	version_id CHAR(32) NOT NULL,
	sha256 TEXT NOT NULL,
	form VARCHAR(40) NOT NULL,
	file_name TEXT NOT NULL,
	media_type TEXT NOT NULL,
	size_bytes BIGINT NOT NULL,
	row_count BIGINT,
	period_start DATE,
	period_end DATE,
	added_at DATETIME NOT NULL,
	added_by CHAR(32),
	added_by_name TEXT NOT NULL,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_market_product_file PRIMARY KEY (id),
	CONSTRAINT uq_market_product_file_version_id_sha256 UNIQUE (version_id, sha256),
	CONSTRAINT ck_market_product_file_not_empty CHECK (size_bytes >= 1),
	CONSTRAINT ck_market_product_file_delivered_as_a_whole CHECK (form IN ('file', 'report')),
	CONSTRAINT ck_market_product_file_report_has_a_period CHECK ((form = 'report') = (period_start IS NOT NULL)),
	CONSTRAINT ck_market_product_file_period_ordered CHECK ((period_start IS NULL) = (period_end IS NULL) AND (period_end IS NULL OR period_end >= period_start)),
	CONSTRAINT fk_market_product_file_product_id FOREIGN KEY(product_id) REFERENCES registry_product (id),
	CONSTRAINT fk_market_product_file_version_id FOREIGN KEY(version_id) REFERENCES registry_product_version (id),
	CONSTRAINT fk_market_product_file_sha256 FOREIGN KEY(sha256) REFERENCES evidence_file (sha256),
	CONSTRAINT ck_market_product_file_deliveryform CHECK (form IN ('api', 'file', 'report'))
)
--
CREATE INDEX ix_market_product_file_product_id ON market_product_file (product_id)
--
CREATE TABLE market_search_entry (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	listing_id CHAR(32) NOT NULL,
	product_id CHAR(32) NOT NULL,
	price_order BIGINT NOT NULL,
	uses BIGINT NOT NULL,
	stamp TEXT NOT NULL,
	indexed_at DATETIME NOT NULL,
	words TEXT NOT NULL,
	text TEXT NOT NULL,
	sounds TEXT NOT NULL,
	initials TEXT NOT NULL,
	facets TEXT NOT NULL,
	CONSTRAINT ck_market_search_entry_uses_not_negative CHECK (uses >= 0),
	CONSTRAINT uq_market_search_entry_listing_id UNIQUE (listing_id),
	CONSTRAINT fk_market_search_entry_listing_id FOREIGN KEY(listing_id) REFERENCES market_listing (id),
	CONSTRAINT uq_market_search_entry_product_id UNIQUE (product_id),
	CONSTRAINT fk_market_search_entry_product_id FOREIGN KEY(product_id) REFERENCES registry_product (id)
)
--
CREATE INDEX ix_market_search_entry_by_price ON market_search_entry (price_order, id DESC)
--
CREATE INDEX ix_market_search_entry_by_use ON market_search_entry (uses, id)
--
CREATE VIRTUAL TABLE market_search_fts USING fts5(words, content='market_search_entry', content_rowid='id', detail=none, tokenize='unicode61 remove_diacritics 0')
--
CREATE TABLE market_invoice (
	number TEXT NOT NULL,
	kind VARCHAR(40) NOT NULL,
	type VARCHAR(40) NOT NULL,
	place TEXT NOT NULL,
	order_id CHAR(32),
	month DATE,
	original_id CHAR(32),
	seller_id CHAR(32) NOT NULL,
	buyer_id CHAR(32) NOT NULL,
	title TEXT NOT NULL,
	tax_number TEXT NOT NULL,
	address TEXT,
	bank TEXT,
	gross BIGINT NOT NULL,
	net BIGINT NOT NULL,
	tax BIGINT NOT NULL,
	rate BIGINT NOT NULL,
	rate_source JSON NOT NULL,
	reason TEXT,
	state VARCHAR(40) NOT NULL,
	requested_by CHAR(32),
	requested_at DATETIME NOT NULL,
	tax_system_number TEXT,
	issued_date DATE,
	refused_reason TEXT,
	ended_by CHAR(32),
	ended_at DATETIME,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_market_invoice PRIMARY KEY (id),
	CONSTRAINT ck_market_invoice_of_an_order_or_a_month CHECK ((order_id IS NULL) = (month IS NOT NULL)),
	CONSTRAINT ck_market_invoice_parts_add_up CHECK (gross = net + tax),
	CONSTRAINT ck_market_invoice_signed_by_kind CHECK ((kind = 'blue' AND gross > 0 AND net >= 0 AND tax >= 0) OR (kind = 'red' AND gross < 0 AND net <= 0 AND tax <= 0)),
	CONSTRAINT ck_market_invoice_red_has_original CHECK ((kind = 'red') = (original_id IS NOT NULL)),
	CONSTRAINT ck_market_invoice_red_says_why CHECK ((kind = 'red') = (reason IS NOT NULL)),
	CONSTRAINT ck_market_invoice_buyer_named CHECK (length(tax_number) = 18 AND length(title) > 0),
	CONSTRAINT ck_market_invoice_issued_with_number CHECK ((state = 'issued') = (tax_system_number IS NOT NULL)),
	CONSTRAINT ck_market_invoice_number_with_date CHECK ((tax_system_number IS NULL) = (issued_date IS NULL)),
	CONSTRAINT ck_market_invoice_refused_with_reason CHECK ((state = 'refused') = (refused_reason IS NOT NULL)),
	CONSTRAINT ck_market_invoice_ended_when_over CHECK ((state = 'requested') = (ended_at IS NULL)),
	CONSTRAINT uq_market_invoice_number UNIQUE (number),
	CONSTRAINT ck_market_invoice_invoicekind CHECK (kind IN ('blue', 'red')),
	CONSTRAINT ck_market_invoice_invoicetype CHECK (type IN ('general', 'special')),
	CONSTRAINT fk_market_invoice_order_id FOREIGN KEY(order_id) REFERENCES market_order (id),
	CONSTRAINT fk_market_invoice_original_id FOREIGN KEY(original_id) REFERENCES market_invoice (id),
	CONSTRAINT fk_market_invoice_seller_id FOREIGN KEY(seller_id) REFERENCES registry_party (id),
	CONSTRAINT fk_market_invoice_buyer_id FOREIGN KEY(buyer_id) REFERENCES registry_party (id),
	CONSTRAINT ck_market_invoice_invoicestate CHECK (state IN ('requested', 'issued', 'refused')),
	CONSTRAINT uq_market_invoice_tax_system_number UNIQUE (tax_system_number)
)
--
CREATE INDEX ix_market_invoice_buyer_id ON market_invoice (buyer_id)
--
CREATE INDEX ix_market_invoice_order_id ON market_invoice (order_id)
--
CREATE INDEX ix_market_invoice_original_id ON market_invoice (original_id)
--
CREATE INDEX ix_market_invoice_place ON market_invoice (place)
--
CREATE INDEX ix_market_invoice_seller_id ON market_invoice (seller_id)
--
CREATE INDEX ix_market_invoice_state ON market_invoice (state)
--
CREATE TABLE market_order_approval (
	order_id CHAR(32) NOT NULL,
	rule_id CHAR(32) NOT NULL,
	place TEXT NOT NULL,
	buyer_id CHAR(32) NOT NULL,
	state VARCHAR(40) NOT NULL,
	amount BIGINT NOT NULL,
	reason TEXT NOT NULL,
	placed_by_id CHAR(32) NOT NULL,
	decided_at DATETIME NOT NULL,
	decided_by TEXT NOT NULL,
	decided_by_id CHAR(32) NOT NULL,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_market_order_approval PRIMARY KEY (id),
	CONSTRAINT ck_market_order_approval_a_decision CHECK (state IN ('approved', 'refused')),
	CONSTRAINT ck_market_order_approval_refused_with_reason CHECK (state <> 'refused' OR length(reason) > 0),
	CONSTRAINT ck_market_order_approval_two_persons CHECK (decided_by_id <> placed_by_id),
	CONSTRAINT uq_market_order_approval_order_id UNIQUE (order_id),
	CONSTRAINT fk_market_order_approval_order_id FOREIGN KEY(order_id) REFERENCES market_order (id),
	CONSTRAINT fk_market_order_approval_rule_id FOREIGN KEY(rule_id) REFERENCES market_approval_rule (id),
	CONSTRAINT fk_market_order_approval_buyer_id FOREIGN KEY(buyer_id) REFERENCES registry_party (id),
	CONSTRAINT ck_market_order_approval_approvalstate CHECK (state IN ('not_needed', 'waiting', 'approved', 'refused', 'lapsed'))
)
--
CREATE INDEX ix_market_order_approval_buyer_id ON market_order_approval (buyer_id)
--
CREATE INDEX ix_market_order_approval_place ON market_order_approval (place)
--
CREATE INDEX ix_market_order_approval_rule_id ON market_order_approval (rule_id)
--
CREATE TABLE market_reuse_ground (
	order_id CHAR(32) NOT NULL,
	agreement_id CHAR(32) NOT NULL,
	resource_id CHAR(32) NOT NULL,
	clause TEXT NOT NULL,
	clause_text TEXT NOT NULL,
	rule JSON NOT NULL,
	recorded_at DATETIME NOT NULL,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_market_reuse_ground PRIMARY KEY (id),
	CONSTRAINT uq_market_reuse_ground_order_id_resource_id UNIQUE (order_id, resource_id),
	CONSTRAINT fk_market_reuse_ground_order_id FOREIGN KEY(order_id) REFERENCES market_order (id),
	CONSTRAINT fk_market_reuse_ground_agreement_id FOREIGN KEY(agreement_id) REFERENCES registry_agreement (id),
	CONSTRAINT fk_market_reuse_ground_resource_id FOREIGN KEY(resource_id) REFERENCES registry_resource (id)
)
--
CREATE INDEX ix_market_reuse_ground_agreement_id ON market_reuse_ground (agreement_id)
--
CREATE INDEX ix_market_reuse_ground_resource_id ON market_reuse_ground (resource_id)
--
CREATE TABLE market_bank_line_share (
	line_id CHAR(32) NOT NULL,
	place TEXT NOT NULL,
	payment_id CHAR(32),
	account_id CHAR(32),
	statement_id CHAR(32),
	amount BIGINT NOT NULL,
	made_at DATETIME NOT NULL,
	made_by TEXT NOT NULL,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_market_bank_line_share PRIMARY KEY (id),
	CONSTRAINT ck_market_bank_line_share_positive CHECK (amount > 0),
	CONSTRAINT ck_market_bank_line_share_goes_to_one CHECK ((payment_id IS NOT NULL AND account_id IS NULL AND statement_id IS NULL) OR (payment_id IS NULL AND account_id IS NOT NULL)),
	CONSTRAINT fk_market_bank_line_share_line_id FOREIGN KEY(line_id) REFERENCES market_bank_line (id),
	CONSTRAINT fk_market_bank_line_share_payment_id FOREIGN KEY(payment_id) REFERENCES market_payment (id),
	CONSTRAINT fk_market_bank_line_share_account_id FOREIGN KEY(account_id) REFERENCES market_buyer_account (id),
	CONSTRAINT fk_market_bank_line_share_statement_id FOREIGN KEY(statement_id) REFERENCES market_monthly_statement (id)
)
--
CREATE INDEX ix_market_bank_line_share_account_id ON market_bank_line_share (account_id)
--
CREATE INDEX ix_market_bank_line_share_line_id ON market_bank_line_share (line_id)
--
CREATE INDEX ix_market_bank_line_share_payment_id ON market_bank_line_share (payment_id)
--
CREATE INDEX ix_market_bank_line_share_place ON market_bank_line_share (place)
--
CREATE INDEX ix_market_bank_line_share_statement_id ON market_bank_line_share (statement_id)
--
CREATE TABLE market_call_limit (
	product_id CHAR(32) NOT NULL,
	entitlement_id CHAR(32),
	sequence BIGINT NOT NULL,
	calls BIGINT NOT NULL,
	seconds BIGINT NOT NULL,
	reason TEXT NOT NULL,
	set_at DATETIME NOT NULL,
	set_by CHAR(32),
	set_by_name TEXT NOT NULL,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_market_call_limit PRIMARY KEY (id),
	CONSTRAINT uq_market_call_limit_product_id_entitlement_id_sequence UNIQUE (product_id, entitlement_id, sequence),
	CONSTRAINT ck_market_call_limit_positive CHECK (calls >= 1 AND seconds >= 1),
	CONSTRAINT ck_market_call_limit_sequence_positive CHECK (sequence >= 1),
	CONSTRAINT ck_market_call_limit_reasoned CHECK (length(reason) > 0),
	CONSTRAINT fk_market_call_limit_product_id FOREIGN KEY(product_id) REFERENCES registry_product (id),
	CONSTRAINT fk_market_call_limit_entitlement_id FOREIGN KEY(entitlement_id) REFERENCES market_entitlement (id)
)
--
CREATE INDEX ix_market_call_limit_entitlement_id ON market_call_limit (entitlement_id)
--
CREATE INDEX ix_market_call_limit_product_id ON market_call_limit (product_id)
--
CREATE TABLE market_contract_seal (
	contract_id CHAR(32) NOT NULL,
	side VARCHAR(40) NOT NULL,
	kind VARCHAR(40) NOT NULL,
	sha256 TEXT NOT NULL,
	file_name TEXT NOT NULL,
	media_type TEXT NOT NULL,
	size_bytes BIGINT NOT NULL,
	statement TEXT NOT NULL,
	service TEXT NOT NULL,
	certificate_serial TEXT NOT NULL,
	sealed_at DATETIME NOT NULL,
	attached_at DATETIME NOT NULL,
	attached_by TEXT NOT NULL,
	attached_by_id CHAR(32),
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_market_contract_seal PRIMARY KEY (id),
	CONSTRAINT uq_market_contract_seal_contract_id_side_sha256 UNIQUE (contract_id, side, sha256),
	CONSTRAINT ck_market_contract_seal_stated CHECK (length(statement) > 0),
	CONSTRAINT ck_market_contract_seal_sealed_before_kept CHECK (sealed_at <= attached_at),
	CONSTRAINT fk_market_contract_seal_contract_id FOREIGN KEY(contract_id) REFERENCES market_contract (id),
	CONSTRAINT ck_market_contract_seal_side CHECK (side IN ('buyer', 'seller')),
	CONSTRAINT ck_market_contract_seal_sealkind CHECK (kind IN ('sealed_document', 'certificate')),
	CONSTRAINT fk_market_contract_seal_sha256 FOREIGN KEY(sha256) REFERENCES evidence_file (sha256)
)
--
CREATE INDEX ix_market_contract_seal_contract_id ON market_contract_seal (contract_id)
--
CREATE INDEX ix_market_contract_seal_sha256 ON market_contract_seal (sha256)
--
CREATE TABLE market_delivery_receipt (
	number TEXT NOT NULL,
	place TEXT NOT NULL,
	entitlement_id CHAR(32) NOT NULL,
	order_id CHAR(32) NOT NULL,
	period_start DATE NOT NULL,
	period_end DATE NOT NULL,
	provider_count BIGINT,
	buyer_count BIGINT,
	document JSON,
	sha256 TEXT,
	state VARCHAR(40) NOT NULL,
	opened_at DATETIME NOT NULL,
	decided_units BIGINT,
	ended_at DATETIME,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_market_delivery_receipt PRIMARY KEY (id),
	CONSTRAINT uq_market_delivery_receipt_entitlement_id_period_start UNIQUE (entitlement_id, period_start),
	CONSTRAINT ck_market_delivery_receipt_period_ordered CHECK (period_end > period_start),
	CONSTRAINT ck_market_delivery_receipt_somebody_counted CHECK (provider_count IS NOT NULL OR buyer_count IS NOT NULL),
	CONSTRAINT ck_market_delivery_receipt_counts_not_negative CHECK (provider_count >= 0 AND buyer_count >= 0),
	CONSTRAINT ck_market_delivery_receipt_one_sided_until_both CHECK ((state = 'one_sided') = (NOT (provider_count IS NOT NULL AND buyer_count IS NOT NULL))),
	CONSTRAINT ck_market_delivery_receipt_document_of_both CHECK ((provider_count IS NOT NULL AND buyer_count IS NOT NULL) = (sha256 IS NOT NULL)),
	CONSTRAINT ck_market_delivery_receipt_agreed_when_equal CHECK (state <> 'agreed' OR provider_count = buyer_count),
	CONSTRAINT ck_market_delivery_receipt_different CHECK (state NOT IN ('disputed', 'resolved') OR provider_count <> buyer_count),
	CONSTRAINT ck_market_delivery_receipt_resolved_with_units CHECK ((state = 'resolved') = (decided_units IS NOT NULL)),
	CONSTRAINT uq_market_delivery_receipt_number UNIQUE (number),
	CONSTRAINT fk_market_delivery_receipt_entitlement_id FOREIGN KEY(entitlement_id) REFERENCES market_entitlement (id),
	CONSTRAINT fk_market_delivery_receipt_order_id FOREIGN KEY(order_id) REFERENCES market_order (id),
	CONSTRAINT ck_market_delivery_receipt_receiptstate CHECK (state IN ('one_sided', 'counted', 'half_signed', 'agreed', 'disputed', 'resolved'))
)
--
CREATE INDEX ix_market_delivery_receipt_order_id ON market_delivery_receipt (order_id)
--
CREATE INDEX ix_market_delivery_receipt_place ON market_delivery_receipt (place)
--
CREATE INDEX ix_market_delivery_receipt_state ON market_delivery_receipt (state)
--
CREATE TABLE market_download_link (
	token_sha256 TEXT NOT NULL,
	entitlement_id CHAR(32) NOT NULL,
	buyer_id CHAR(32) NOT NULL,
	version_id CHAR(32) NOT NULL,
	file_id CHAR(32) NOT NULL,
	size_bytes BIGINT NOT NULL,
	position BIGINT NOT NULL,
	issued_at DATETIME NOT NULL,
	issued_by CHAR(32),
	expires_at DATETIME NOT NULL,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_market_download_link PRIMARY KEY (id),
	CONSTRAINT ck_market_download_link_token_sha256_hex CHECK (length(token_sha256) = 64),
	CONSTRAINT ck_market_download_link_position_within CHECK (position >= 0 AND position <= size_bytes),
	CONSTRAINT ck_market_download_link_lives CHECK (expires_at > issued_at),
	CONSTRAINT uq_market_download_link_token_sha256 UNIQUE (token_sha256),
	CONSTRAINT fk_market_download_link_entitlement_id FOREIGN KEY(entitlement_id) REFERENCES market_entitlement (id),
	CONSTRAINT fk_market_download_link_buyer_id FOREIGN KEY(buyer_id) REFERENCES registry_party (id),
	CONSTRAINT fk_market_download_link_version_id FOREIGN KEY(version_id) REFERENCES registry_product_version (id),
	CONSTRAINT fk_market_download_link_file_id FOREIGN KEY(file_id) REFERENCES market_product_file (id)
)
--
CREATE INDEX ix_market_download_link_entitlement_id ON market_download_link (entitlement_id)
--
CREATE INDEX ix_market_download_link_file_id ON market_download_link (file_id)
--
CREATE TABLE market_invoice_line (
	invoice_id CHAR(32) NOT NULL,
	order_id CHAR(32) NOT NULL,
	gross BIGINT NOT NULL,
	net BIGINT NOT NULL,
	tax BIGINT NOT NULL,
	released_at DATETIME,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_market_invoice_line PRIMARY KEY (id),
	CONSTRAINT uq_market_invoice_line_invoice_id_order_id UNIQUE (invoice_id, order_id),
	CONSTRAINT ck_market_invoice_line_parts_add_up CHECK (gross = net + tax AND gross > 0 AND net >= 0 AND tax >= 0),
	CONSTRAINT fk_market_invoice_line_invoice_id FOREIGN KEY(invoice_id) REFERENCES market_invoice (id),
	CONSTRAINT fk_market_invoice_line_order_id FOREIGN KEY(order_id) REFERENCES market_order (id)
)
--
CREATE UNIQUE INDEX uq_market_invoice_of_order ON market_invoice_line (order_id) WHERE released_at IS NULL
--
CREATE TABLE market_payment_attempt (
	number TEXT NOT NULL,
	payment_id CHAR(32) NOT NULL,
	sequence BIGINT NOT NULL,
	place TEXT NOT NULL,
	method VARCHAR(40) NOT NULL,
	amount BIGINT NOT NULL,
	"key" TEXT NOT NULL,
	state VARCHAR(40) NOT NULL,
	provider_id TEXT,
	intent_id TEXT,
	url TEXT,
	return_url TEXT NOT NULL,
	asked_at DATETIME NOT NULL,
	asked_by TEXT NOT NULL,
	answered_at DATETIME,
	received BIGINT,
	received_at DATETIME,
	reason TEXT NOT NULL,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_market_payment_attempt PRIMARY KEY (id),
	CONSTRAINT uq_market_payment_attempt_payment_id_sequence UNIQUE (payment_id, sequence),
	CONSTRAINT ck_market_payment_attempt_positive CHECK (amount > 0 AND (received IS NULL OR received > 0)),
	CONSTRAINT ck_market_payment_attempt_received_at_known CHECK ((received IS NULL) = (received_at IS NULL)),
	CONSTRAINT ck_market_payment_attempt_received_is_final CHECK (received IS NULL OR state IN ('succeeded', 'parked')),
	CONSTRAINT ck_market_payment_attempt_paid_to_the_fen CHECK (state <> 'succeeded' OR received = amount),
	CONSTRAINT uq_market_payment_attempt_number UNIQUE (number),
	CONSTRAINT fk_market_payment_attempt_payment_id FOREIGN KEY(payment_id) REFERENCES market_payment (id),
	CONSTRAINT ck_market_payment_attempt_paymentmethod CHECK (method IN ('bank_transfer', 'stripe', 'balance', 'monthly_account')),
	CONSTRAINT uq_market_payment_attempt_key UNIQUE ("key"),
	CONSTRAINT ck_market_payment_attempt_attemptstate CHECK (state IN ('asked', 'pending', 'unknown', 'succeeded', 'failed', 'cancelled', 'parked')),
	CONSTRAINT uq_market_payment_attempt_provider_id UNIQUE (provider_id),
	CONSTRAINT uq_market_payment_attempt_intent_id UNIQUE (intent_id)
)
--
CREATE INDEX ix_market_payment_attempt_payment_id ON market_payment_attempt (payment_id)
--
CREATE INDEX ix_market_payment_attempt_place ON market_payment_attempt (place)
--
CREATE INDEX ix_market_payment_attempt_received_at ON market_payment_attempt (received_at)
--
CREATE INDEX ix_market_payment_attempt_state ON market_payment_attempt (state)
--
CREATE UNIQUE INDEX uq_market_payment_attempt_live ON market_payment_attempt (payment_id) WHERE state IN ('asked', 'pending', 'unknown')
--
CREATE TABLE settlement_call_counter (
	entitlement_id CHAR(32) NOT NULL,
	span BIGINT NOT NULL,
	used BIGINT NOT NULL,
	CONSTRAINT pk_settlement_call_counter PRIMARY KEY (entitlement_id),
	CONSTRAINT ck_settlement_call_counter_counted CHECK (used >= 1),
	CONSTRAINT fk_settlement_call_counter_entitlement_id FOREIGN KEY(entitlement_id) REFERENCES market_entitlement (id)
)
--
CREATE TABLE settlement_reservation (
	entitlement_id CHAR(32) NOT NULL,
	product_id CHAR(32) NOT NULL,
	place TEXT NOT NULL,
	client_reference TEXT NOT NULL,
	subject TEXT NOT NULL,
	state VARCHAR(40) NOT NULL,
	attempts BIGINT NOT NULL,
	lease_until DATETIME NOT NULL,
	admitted_at DATETIME NOT NULL,
	concluded_at DATETIME,
	note TEXT NOT NULL,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_settlement_reservation PRIMARY KEY (id),
	CONSTRAINT uq_settlement_reservation_entitlement_id_client_reference UNIQUE (entitlement_id, client_reference),
	CONSTRAINT ck_settlement_reservation_attempted CHECK (attempts >= 1),
	CONSTRAINT ck_settlement_reservation_concluded_when_known CHECK ((state IN ('settled', 'released')) = (concluded_at IS NOT NULL)),
	CONSTRAINT fk_settlement_reservation_entitlement_id FOREIGN KEY(entitlement_id) REFERENCES market_entitlement (id),
	CONSTRAINT fk_settlement_reservation_product_id FOREIGN KEY(product_id) REFERENCES registry_product (id),
	CONSTRAINT ck_settlement_reservation_reservationstate CHECK (state IN ('pending', 'unknown', 'settled', 'released'))
)
--
CREATE INDEX ix_settlement_reservation_product_id ON settlement_reservation (product_id)
--
CREATE INDEX ix_settlement_reservation_state_lease_until ON settlement_reservation (state, lease_until)
--
CREATE TABLE market_bank_line_release (
	share_id CHAR(32) NOT NULL,
	note TEXT NOT NULL,
	released_at DATETIME NOT NULL,
	released_by TEXT NOT NULL,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_market_bank_line_release PRIMARY KEY (id),
	CONSTRAINT uq_market_bank_line_release_share_id UNIQUE (share_id),
	CONSTRAINT fk_market_bank_line_release_share_id FOREIGN KEY(share_id) REFERENCES market_bank_line_share (id)
)
--
CREATE TABLE market_dispute (
	number TEXT NOT NULL,
	reference TEXT NOT NULL,
	track VARCHAR(40) NOT NULL,
	place TEXT NOT NULL,
	product_id CHAR(32) NOT NULL,
	order_id CHAR(32),
	receipt_id CHAR(32),
	units BIGINT,
	amount BIGINT NOT NULL,
	claimant_id CHAR(32),
	respondent_id CHAR(32) NOT NULL,
	words TEXT NOT NULL,
	evidence_sha256 TEXT,
	name TEXT NOT NULL,
	contact TEXT NOT NULL,
	basis JSON NOT NULL,
	filed_by CHAR(32),
	filed_at DATETIME NOT NULL,
	source_digest TEXT NOT NULL,
	state VARCHAR(40) NOT NULL,
	accept_by DATE,
	accepted_by CHAR(32),
	accepted_at DATETIME,
	answer_until DATE,
	mediate_by DATE,
	decide_by DATE,
	outcome VARCHAR(40),
	awarded BIGINT,
	decided_reason TEXT,
	proposed_by CHAR(32),
	decided_by CHAR(32),
	decided_at DATETIME,
	closing_words TEXT,
	ended_at DATETIME,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_market_dispute PRIMARY KEY (id),
	CONSTRAINT ck_market_dispute_named_with_words CHECK (length(name) > 0 AND length(contact) > 0 AND length(words) > 0),
	CONSTRAINT ck_market_dispute_amount_of_an_order CHECK (amount >= 0 AND (amount = 0 OR order_id IS NOT NULL)),
	CONSTRAINT ck_market_dispute_data_subjects_hold_no_money CHECK (track <> 'data_subject' OR order_id IS NULL),
	CONSTRAINT ck_market_dispute_receipt_counts_units CHECK (receipt_id IS NULL OR units > 0),
	CONSTRAINT ck_market_dispute_decided_with_outcome CHECK ((outcome IS NOT NULL) = (state IN ('decided', 'closed'))),
	CONSTRAINT ck_market_dispute_outcome_with_award CHECK ((outcome IS NULL) = (awarded IS NULL)),
	CONSTRAINT ck_market_dispute_award_within CHECK (awarded IS NULL OR (awarded >= 0 AND awarded <= amount)),
	CONSTRAINT ck_market_dispute_two_persons CHECK (decided_by IS NULL OR decided_by <> proposed_by),
	CONSTRAINT ck_market_dispute_ended_when_over CHECK ((state IN ('closed', 'withdrawn')) = (ended_at IS NOT NULL)),
	CONSTRAINT uq_market_dispute_number UNIQUE (number),
	CONSTRAINT uq_market_dispute_reference UNIQUE (reference),
	CONSTRAINT ck_market_dispute_track CHECK (track IN ('admin_body', 'merchant', 'buyer', 'data_subject')),
	CONSTRAINT fk_market_dispute_product_id FOREIGN KEY(product_id) REFERENCES registry_product (id),
	CONSTRAINT fk_market_dispute_order_id FOREIGN KEY(order_id) REFERENCES market_order (id),
	CONSTRAINT fk_market_dispute_receipt_id FOREIGN KEY(receipt_id) REFERENCES market_delivery_receipt (id),
	CONSTRAINT fk_market_dispute_claimant_id FOREIGN KEY(claimant_id) REFERENCES registry_party (id),
	CONSTRAINT fk_market_dispute_respondent_id FOREIGN KEY(respondent_id) REFERENCES registry_party (id),
	CONSTRAINT fk_market_dispute_evidence_sha256 FOREIGN KEY(evidence_sha256) REFERENCES evidence_file (sha256),
	CONSTRAINT ck_market_dispute_disputestate CHECK (state IN ('filed', 'accepted', 'mediation', 'review', 'decided', 'closed', 'withdrawn')),
	CONSTRAINT ck_market_dispute_outcome CHECK (outcome IN ('upheld', 'partly', 'dismissed', 'settled'))
)
--
CREATE INDEX ix_market_dispute_claimant_id ON market_dispute (claimant_id)
--
CREATE INDEX ix_market_dispute_evidence_sha256 ON market_dispute (evidence_sha256)
--
CREATE INDEX ix_market_dispute_order_id ON market_dispute (order_id)
--
CREATE INDEX ix_market_dispute_place ON market_dispute (place)
--
CREATE INDEX ix_market_dispute_product_id ON market_dispute (product_id)
--
CREATE INDEX ix_market_dispute_receipt_id ON market_dispute (receipt_id)
--
CREATE INDEX ix_market_dispute_respondent_id ON market_dispute (respondent_id)
--
CREATE INDEX ix_market_dispute_source_digest ON market_dispute (source_digest)
--
CREATE INDEX ix_market_dispute_state ON market_dispute (state)
--
CREATE TABLE market_download (
	id CHAR(32) NOT NULL,
	link_id CHAR(32) NOT NULL,
	entitlement_id CHAR(32) NOT NULL,
	file_id CHAR(32) NOT NULL,
	first_byte BIGINT NOT NULL,
	last_byte BIGINT NOT NULL,
	at DATETIME NOT NULL,
	"by" CHAR(32),
	by_name TEXT NOT NULL,
	CONSTRAINT pk_market_download PRIMARY KEY (id),
	CONSTRAINT ck_market_download_bytes_ordered CHECK (first_byte >= 0 AND last_byte >= first_byte),
	CONSTRAINT fk_market_download_link_id FOREIGN KEY(link_id) REFERENCES market_download_link (id),
	CONSTRAINT fk_market_download_entitlement_id FOREIGN KEY(entitlement_id) REFERENCES market_entitlement (id),
	CONSTRAINT fk_market_download_file_id FOREIGN KEY(file_id) REFERENCES market_product_file (id)
)
--
CREATE INDEX ix_market_download_entitlement_id ON market_download (entitlement_id)
--
CREATE INDEX ix_market_download_file_id ON market_download (file_id)
--
CREATE TABLE market_provider_dispute (
	provider_id TEXT NOT NULL,
	stage VARCHAR(40) NOT NULL,
	payment_id CHAR(32) NOT NULL,
	attempt_id CHAR(32) NOT NULL,
	place TEXT NOT NULL,
	amount BIGINT NOT NULL,
	reason TEXT NOT NULL,
	at DATETIME NOT NULL,
	noted_at DATETIME NOT NULL,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_market_provider_dispute PRIMARY KEY (id),
	CONSTRAINT uq_market_provider_dispute_provider_id_stage UNIQUE (provider_id, stage),
	CONSTRAINT ck_market_provider_dispute_positive CHECK (amount > 0),
	CONSTRAINT ck_market_provider_dispute_disputestage CHECK (stage IN ('opened', 'won', 'lost')),
	CONSTRAINT fk_market_provider_dispute_payment_id FOREIGN KEY(payment_id) REFERENCES market_payment (id),
	CONSTRAINT fk_market_provider_dispute_attempt_id FOREIGN KEY(attempt_id) REFERENCES market_payment_attempt (id)
)
--
CREATE INDEX ix_market_provider_dispute_at ON market_provider_dispute (at)
--
CREATE INDEX ix_market_provider_dispute_attempt_id ON market_provider_dispute (attempt_id)
--
CREATE INDEX ix_market_provider_dispute_payment_id ON market_provider_dispute (payment_id)
--
CREATE INDEX ix_market_provider_dispute_place ON market_provider_dispute (place)
--
CREATE TABLE market_receipt_count (
	receipt_id CHAR(32) NOT NULL,
	side VARCHAR(40) NOT NULL,
	units BIGINT NOT NULL,
	metered BIGINT,
	words TEXT,
	counted_by CHAR(32),
	counted_by_name TEXT NOT NULL,
	counted_at DATETIME NOT NULL,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_market_receipt_count PRIMARY KEY (id),
	CONSTRAINT ck_market_receipt_count_not_negative CHECK (units >= 0),
	CONSTRAINT fk_market_receipt_count_receipt_id FOREIGN KEY(receipt_id) REFERENCES market_delivery_receipt (id),
	CONSTRAINT ck_market_receipt_count_side CHECK (side IN ('provider', 'buyer'))
)
--
CREATE INDEX ix_market_receipt_count_receipt_id ON market_receipt_count (receipt_id)
--
CREATE TABLE market_receipt_signature (
	receipt_id CHAR(32) NOT NULL,
	side VARCHAR(40) NOT NULL,
	sha256 TEXT NOT NULL,
	signed_by CHAR(32),
	signed_by_name TEXT NOT NULL,
	signed_at DATETIME NOT NULL,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_market_receipt_signature PRIMARY KEY (id),
	CONSTRAINT uq_market_receipt_signature_receipt_id_side_sha256 UNIQUE (receipt_id, side, sha256),
	CONSTRAINT ck_market_receipt_signature_sha256_hex CHECK (length(sha256) = 64),
	CONSTRAINT fk_market_receipt_signature_receipt_id FOREIGN KEY(receipt_id) REFERENCES market_delivery_receipt (id),
	CONSTRAINT ck_market_receipt_signature_side CHECK (side IN ('provider', 'buyer'))
)
--
CREATE TABLE market_refund (
	number TEXT NOT NULL,
	payment_id CHAR(32) NOT NULL,
	attempt_id CHAR(32),
	place TEXT NOT NULL,
	buyer_id CHAR(32) NOT NULL,
	method VARCHAR(40) NOT NULL,
	amount BIGINT NOT NULL,
	reason TEXT NOT NULL,
	client_reference TEXT NOT NULL,
	"key" TEXT NOT NULL,
	intent_id TEXT,
	provider_id TEXT,
	state VARCHAR(40) NOT NULL,
	asked_at DATETIME NOT NULL,
	asked_by TEXT NOT NULL,
	asked_by_id CHAR(32) NOT NULL,
	decided_at DATETIME,
	decided_by TEXT,
	decided_by_id CHAR(32),
	decided_reason TEXT NOT NULL,
	answered_at DATETIME,
	words TEXT NOT NULL,
	done_at DATETIME,
	evidence TEXT,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_market_refund PRIMARY KEY (id),
	CONSTRAINT uq_market_refund_payment_id_client_reference UNIQUE (payment_id, client_reference),
	CONSTRAINT ck_market_refund_positive CHECK (amount > 0),
	CONSTRAINT ck_market_refund_done_at_known CHECK (state <> 'done' OR done_at IS NOT NULL),
	CONSTRAINT ck_market_refund_two_persons CHECK (decided_by_id IS NULL OR decided_by_id <> asked_by_id),
	CONSTRAINT uq_market_refund_number UNIQUE (number),
	CONSTRAINT fk_market_refund_payment_id FOREIGN KEY(payment_id) REFERENCES market_payment (id),
	CONSTRAINT fk_market_refund_attempt_id FOREIGN KEY(attempt_id) REFERENCES market_payment_attempt (id),
	CONSTRAINT fk_market_refund_buyer_id FOREIGN KEY(buyer_id) REFERENCES registry_party (id),
	CONSTRAINT ck_market_refund_paymentmethod CHECK (method IN ('bank_transfer', 'stripe', 'balance', 'monthly_account')),
	CONSTRAINT uq_market_refund_key UNIQUE ("key"),
	CONSTRAINT uq_market_refund_provider_id UNIQUE (provider_id),
	CONSTRAINT ck_market_refund_refundstate CHECK (state IN ('asked', 'approved', 'pending', 'unknown', 'done', 'failed', 'refused', 'withdrawn')),
	CONSTRAINT uq_market_refund_evidence UNIQUE (evidence)
)
--
CREATE INDEX ix_market_refund_attempt_id ON market_refund (attempt_id)
--
CREATE INDEX ix_market_refund_buyer_id ON market_refund (buyer_id)
--
CREATE INDEX ix_market_refund_done_at ON market_refund (done_at)
--
CREATE INDEX ix_market_refund_payment_id ON market_refund (payment_id)
--
CREATE INDEX ix_market_refund_place ON market_refund (place)
--
CREATE INDEX ix_market_refund_state ON market_refund (state)
--
CREATE TABLE market_dispute_proposal (
	dispute_id CHAR(32) NOT NULL,
	outcome VARCHAR(40) NOT NULL,
	awarded BIGINT NOT NULL,
	units BIGINT,
	reason TEXT NOT NULL,
	proposed_by CHAR(32) NOT NULL,
	proposed_by_name TEXT NOT NULL,
	proposed_at DATETIME NOT NULL,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_market_dispute_proposal PRIMARY KEY (id),
	CONSTRAINT ck_market_dispute_proposal_award_not_negative CHECK (awarded >= 0),
	CONSTRAINT fk_market_dispute_proposal_dispute_id FOREIGN KEY(dispute_id) REFERENCES market_dispute (id),
	CONSTRAINT ck_market_dispute_proposal_outcome CHECK (outcome IN ('upheld', 'partly', 'dismissed', 'settled'))
)
--
CREATE INDEX ix_market_dispute_proposal_dispute_id ON market_dispute_proposal (dispute_id)
--
CREATE TABLE market_dispute_statement (
	dispute_id CHAR(32) NOT NULL,
	side VARCHAR(40) NOT NULL,
	words TEXT NOT NULL,
	evidence_sha256 TEXT,
	said_by CHAR(32),
	said_by_name TEXT NOT NULL,
	said_at DATETIME NOT NULL,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_market_dispute_statement PRIMARY KEY (id),
	CONSTRAINT ck_market_dispute_statement_said_something CHECK (length(words) > 0),
	CONSTRAINT fk_market_dispute_statement_dispute_id FOREIGN KEY(dispute_id) REFERENCES market_dispute (id),
	CONSTRAINT ck_market_dispute_statement_side CHECK (side IN ('claimant', 'respondent')),
	CONSTRAINT fk_market_dispute_statement_evidence_sha256 FOREIGN KEY(evidence_sha256) REFERENCES evidence_file (sha256)
)
--
CREATE INDEX ix_market_dispute_statement_dispute_id ON market_dispute_statement (dispute_id)
--
CREATE INDEX ix_market_dispute_statement_evidence_sha256 ON market_dispute_statement (evidence_sha256)
--
CREATE TABLE market_stripe_event (
	event_id TEXT NOT NULL,
	kind TEXT NOT NULL,
	api_version TEXT NOT NULL,
	is_live BOOLEAN NOT NULL,
	created_at DATETIME NOT NULL,
	received_at DATETIME NOT NULL,
	source TEXT NOT NULL,
	body JSON NOT NULL,
	sha256 TEXT NOT NULL,
	state VARCHAR(40) NOT NULL,
	tries BIGINT NOT NULL,
	handled_at DATETIME,
	words TEXT NOT NULL,
	attempt_id CHAR(32),
	refund_id CHAR(32),
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_market_stripe_event PRIMARY KEY (id),
	CONSTRAINT ck_market_stripe_event_handled_at_known CHECK ((state = 'received') = (handled_at IS NULL)),
	CONSTRAINT uq_market_stripe_event_event_id UNIQUE (event_id),
	CONSTRAINT ck_market_stripe_event_eventstate CHECK (state IN ('received', 'done', 'ignored', 'parked')),
	CONSTRAINT fk_market_stripe_event_attempt_id FOREIGN KEY(attempt_id) REFERENCES market_payment_attempt (id),
	CONSTRAINT fk_market_stripe_event_refund_id FOREIGN KEY(refund_id) REFERENCES market_refund (id)
)
--
CREATE INDEX ix_market_stripe_event_attempt_id ON market_stripe_event (attempt_id)
--
CREATE INDEX ix_market_stripe_event_kind ON market_stripe_event (kind)
--
CREATE INDEX ix_market_stripe_event_received_at ON market_stripe_event (received_at)
--
CREATE INDEX ix_market_stripe_event_refund_id ON market_stripe_event (refund_id)
--
CREATE INDEX ix_market_stripe_event_state ON market_stripe_event (state)
--
CREATE TABLE market_dispute_verdict (
	proposal_id CHAR(32) NOT NULL,
	is_confirmed BOOLEAN NOT NULL,
	reason TEXT NOT NULL,
	given_by CHAR(32) NOT NULL,
	given_by_name TEXT NOT NULL,
	given_at DATETIME NOT NULL,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_market_dispute_verdict PRIMARY KEY (id),
	CONSTRAINT uq_market_dispute_verdict_proposal_id UNIQUE (proposal_id),
	CONSTRAINT fk_market_dispute_verdict_proposal_id FOREIGN KEY(proposal_id) REFERENCES market_dispute_proposal (id)
)
--
CREATE TABLE new_market_payment (
	number TEXT NOT NULL,
	order_id CHAR(32) NOT NULL,
	place TEXT NOT NULL,
	buyer_id CHAR(32) NOT NULL,
	method VARCHAR(40) NOT NULL,
	reference TEXT NOT NULL,
	amount BIGINT NOT NULL,
	state VARCHAR(40) NOT NULL,
	expected_at DATETIME NOT NULL,
	captured_at DATETIME,
	recorded_at DATETIME,
	recorded_by TEXT,
	bank_line TEXT,
	payer_name TEXT,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_market_payment PRIMARY KEY (id),
	CONSTRAINT ck_market_payment_positive CHECK (amount > 0),
	CONSTRAINT ck_market_payment_captured_at_known CHECK ((state IN ('captured', 'refunded')) = (captured_at IS NOT NULL)),
	CONSTRAINT ck_market_payment_captured_by_bank_line CHECK ((captured_at IS NULL) = (bank_line IS NULL)),
	CONSTRAINT uq_market_payment_number UNIQUE (number),
	CONSTRAINT uq_market_payment_order_id UNIQUE (order_id),
	CONSTRAINT fk_market_payment_order_id FOREIGN KEY(order_id) REFERENCES market_order (id),
	CONSTRAINT fk_market_payment_buyer_id FOREIGN KEY(buyer_id) REFERENCES registry_party (id),
	CONSTRAINT ck_market_payment_paymentmethod CHECK (method IN ('bank_transfer', 'stripe', 'balance', 'monthly_account')),
	CONSTRAINT uq_market_payment_reference UNIQUE (reference),
	CONSTRAINT ck_market_payment_paymentstate CHECK (state IN ('expected', 'captured', 'refunded', 'void')),
	CONSTRAINT uq_market_payment_bank_line UNIQUE (bank_line)
)
--
INSERT INTO new_market_payment (number, order_id, place, buyer_id, method, reference, amount, state, expected_at, captured_at, recorded_at, recorded_by, bank_line, payer_name, id, version)
SELECT number, order_id, place, buyer_id, method, reference, amount, state, expected_at, captured_at, recorded_at, recorded_by, bank_line, payer_name, id, version
FROM market_payment
--
DROP TABLE market_payment
--
ALTER TABLE new_market_payment RENAME TO market_payment
--
CREATE INDEX ix_market_payment_buyer_id ON market_payment (buyer_id)
--
CREATE INDEX ix_market_payment_captured_at ON market_payment (captured_at)
--
CREATE INDEX ix_market_payment_place ON market_payment (place)
--
CREATE INDEX ix_market_payment_state ON market_payment (state)
--
CREATE TABLE new_settlement_journal_entry (
	id CHAR(32) NOT NULL,
	place TEXT NOT NULL,
	year BIGINT NOT NULL,
	number BIGINT NOT NULL,
	cause VARCHAR(40) NOT NULL,
	cause_id TEXT NOT NULL,
	entry_date DATE NOT NULL,
	text TEXT NOT NULL,
	booked_at DATETIME NOT NULL,
	booked_by TEXT NOT NULL,
	CONSTRAINT pk_settlement_journal_entry PRIMARY KEY (id),
	CONSTRAINT uq_settlement_journal_entry_cause_cause_id UNIQUE (cause, cause_id),
	CONSTRAINT uq_settlement_journal_entry_place_year_number UNIQUE (place, year, number),
	CONSTRAINT ck_settlement_journal_entry_number_positive CHECK (number > 0),
	CONSTRAINT ck_settlement_journal_entry_cause CHECK (cause IN ('payment_captured', 'bank_line_received', 'bank_line_returned', 'surplus_received', 'balance_topped_up', 'statement_repaid', 'refund_paid', 'dispute_opened', 'dispute_won', 'dispute_lost', 'revenue_earned', 'reversal'))
)
--
INSERT INTO new_settlement_journal_entry (id, place, year, number, cause, cause_id, entry_date, text, booked_at, booked_by)
SELECT id, place, year, number, cause, cause_id, entry_date, text, booked_at, booked_by
FROM settlement_journal_entry
--
DROP TABLE settlement_journal_entry
--
ALTER TABLE new_settlement_journal_entry RENAME TO settlement_journal_entry
--
CREATE INDEX ix_settlement_journal_entry_entry_date ON settlement_journal_entry (entry_date)
--
CREATE TABLE new_settlement_usage_total (
	entitlement_id CHAR(32) NOT NULL,
	used BIGINT NOT NULL,
	quota BIGINT,
	reserved BIGINT DEFAULT '0' NOT NULL,
	CONSTRAINT pk_settlement_usage_total PRIMARY KEY (entitlement_id),
	CONSTRAINT ck_settlement_usage_total_not_negative CHECK (used >= 0),
	CONSTRAINT ck_settlement_usage_total_within_quota CHECK (quota IS NULL OR used <= quota),
	CONSTRAINT ck_settlement_usage_total_reserved_not_negative CHECK (reserved >= 0),
	CONSTRAINT ck_settlement_usage_total_reserved_within_quota CHECK (quota IS NULL OR used + reserved <= quota),
	CONSTRAINT fk_settlement_usage_total_entitlement_id FOREIGN KEY(entitlement_id) REFERENCES market_entitlement (id)
)
--
INSERT INTO new_settlement_usage_total (entitlement_id, used, quota, reserved)
SELECT entitlement_id, used, quota, 0
FROM settlement_usage_total
--
DROP TABLE settlement_usage_total
--
ALTER TABLE new_settlement_usage_total RENAME TO settlement_usage_total
--
CREATE TRIGGER market_bank_file_no_update BEFORE UPDATE ON market_bank_file BEGIN SELECT RAISE(ABORT, 'market_bank_file is append-only: book a correction instead'); END
--
CREATE TRIGGER market_bank_file_no_delete BEFORE DELETE ON market_bank_file BEGIN SELECT RAISE(ABORT, 'market_bank_file is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_journal_entry_no_update BEFORE UPDATE ON settlement_journal_entry BEGIN SELECT RAISE(ABORT, 'settlement_journal_entry is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_journal_entry_no_delete BEFORE DELETE ON settlement_journal_entry BEGIN SELECT RAISE(ABORT, 'settlement_journal_entry is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_journal_entry_balanced BEFORE INSERT ON settlement_journal_entry WHEN (SELECT count(*) FROM settlement_journal_line AS l WHERE l.entry_id = NEW.id) < 2 OR (SELECT sum(l.amount) FROM settlement_journal_line AS l WHERE l.entry_id = NEW.id) <> 0 BEGIN SELECT RAISE(ABORT, 'journal entry is not balanced'); END
--
CREATE TRIGGER settlement_journal_entry_sealed BEFORE INSERT ON settlement_journal_entry WHEN EXISTS (SELECT 1 FROM settlement_run AS r WHERE r.place = NEW.place AND r.state = 'sealed' AND r.period_start <= NEW.entry_date AND NEW.entry_date < r.period_end) BEGIN SELECT RAISE(ABORT, 'the period is sealed: book into an open one'); END
--
CREATE TRIGGER market_approval_rule_final BEFORE UPDATE ON market_approval_rule WHEN OLD.state <> 'proposed' OR NEW.party_id <> OLD.party_id OR NEW.is_on <> OLD.is_on OR NEW.above <> OLD.above OR NEW.reason <> OLD.reason OR NEW.proposed_at <> OLD.proposed_at OR NEW.proposed_by_id <> OLD.proposed_by_id BEGIN SELECT RAISE(ABORT, 'a rule is not changed: propose another'); END
--
CREATE TRIGGER market_bank_line_frozen BEFORE UPDATE ON market_bank_line WHEN NEW.amount <> OLD.amount OR NEW.serial <> OLD.serial OR NEW.place <> OLD.place OR NEW.booked_at <> OLD.booked_at OR NEW.payer_name <> OLD.payer_name OR NEW.remark <> OLD.remark BEGIN SELECT RAISE(ABORT, 'a line stays as the bank wrote it'); END
--
CREATE TRIGGER market_interchange_record_no_update BEFORE UPDATE ON market_interchange_record BEGIN SELECT RAISE(ABORT, 'market_interchange_record is append-only: book a correction instead'); END
--
CREATE TRIGGER market_interchange_record_no_delete BEFORE DELETE ON market_interchange_record BEGIN SELECT RAISE(ABORT, 'market_interchange_record is append-only: book a correction instead'); END
--
CREATE TRIGGER market_payer_name_no_update BEFORE UPDATE ON market_payer_name BEGIN SELECT RAISE(ABORT, 'market_payer_name is append-only: book a correction instead'); END
--
CREATE TRIGGER market_payer_name_no_delete BEFORE DELETE ON market_payer_name BEGIN SELECT RAISE(ABORT, 'market_payer_name is append-only: book a correction instead'); END
--
CREATE TRIGGER market_taxpayer_no_update BEFORE UPDATE ON market_taxpayer BEGIN SELECT RAISE(ABORT, 'market_taxpayer is append-only: book a correction instead'); END
--
CREATE TRIGGER market_taxpayer_no_delete BEFORE DELETE ON market_taxpayer BEGIN SELECT RAISE(ABORT, 'market_taxpayer is append-only: book a correction instead'); END
--
CREATE TRIGGER market_webhook_message_frozen BEFORE UPDATE ON market_webhook_message WHEN NEW.id IS NOT NULL BEGIN SELECT RAISE(ABORT, 'a message is sent as it was written'); END
--
CREATE TRIGGER settlement_journal_line_no_update BEFORE UPDATE ON settlement_journal_line BEGIN SELECT RAISE(ABORT, 'settlement_journal_line is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_journal_line_no_delete BEFORE DELETE ON settlement_journal_line BEGIN SELECT RAISE(ABORT, 'settlement_journal_line is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_journal_line_closed BEFORE INSERT ON settlement_journal_line WHEN EXISTS (SELECT 1 FROM settlement_journal_entry AS e WHERE e.id = NEW.entry_id) BEGIN SELECT RAISE(ABORT, 'journal entry is booked already'); END
--
CREATE TRIGGER market_monthly_statement_no_update BEFORE UPDATE ON market_monthly_statement BEGIN SELECT RAISE(ABORT, 'market_monthly_statement is append-only: book a correction instead'); END
--
CREATE TRIGGER market_monthly_statement_no_delete BEFORE DELETE ON market_monthly_statement BEGIN SELECT RAISE(ABORT, 'market_monthly_statement is append-only: book a correction instead'); END
--
CREATE TRIGGER market_buyer_account_line_no_update BEFORE UPDATE ON market_buyer_account_line BEGIN SELECT RAISE(ABORT, 'market_buyer_account_line is append-only: book a correction instead'); END
--
CREATE TRIGGER market_buyer_account_line_no_delete BEFORE DELETE ON market_buyer_account_line BEGIN SELECT RAISE(ABORT, 'market_buyer_account_line is append-only: book a correction instead'); END
--
CREATE TRIGGER market_buyer_account_line_covered BEFORE INSERT ON market_buyer_account_line WHEN NEW.amount < 0 AND NEW.amount + (SELECT coalesce(sum(l.amount), 0) FROM market_buyer_account_line AS l WHERE l.account_id = NEW.account_id AND l.purse = NEW.purse) < 0 BEGIN SELECT RAISE(ABORT, 'neither a balance nor what is owed goes below zero'); END
--
CREATE TRIGGER market_webhook_attempt_frozen BEFORE UPDATE ON market_webhook_attempt WHEN NEW.id IS NOT NULL BEGIN SELECT RAISE(ABORT, 'a try went as it went'); END
--
CREATE TRIGGER market_gateway_no_update BEFORE UPDATE ON market_gateway BEGIN SELECT RAISE(ABORT, 'market_gateway is append-only: book a correction instead'); END
--
CREATE TRIGGER market_gateway_no_delete BEFORE DELETE ON market_gateway BEGIN SELECT RAISE(ABORT, 'market_gateway is append-only: book a correction instead'); END
--
CREATE TRIGGER market_feedback_final BEFORE UPDATE ON market_feedback WHEN OLD.state <> 'delivered' OR NEW.number <> OLD.number OR NEW.version_id <> OLD.version_id OR NEW.kind <> OLD.kind OR NEW.words <> OLD.words OR NEW.file_sha256 <> OLD.file_sha256 OR NEW.delivered_at <> OLD.delivered_at BEGIN SELECT RAISE(ABORT, 'what was fed back is not changed: deliver again'); END
--
CREATE TRIGGER market_product_file_no_update BEFORE UPDATE ON market_product_file BEGIN SELECT RAISE(ABORT, 'market_product_file is append-only: book a correction instead'); END
--
CREATE TRIGGER market_product_file_no_delete BEFORE DELETE ON market_product_file BEGIN SELECT RAISE(ABORT, 'market_product_file is append-only: book a correction instead'); END
--
CREATE TRIGGER market_invoice_frozen BEFORE UPDATE ON market_invoice WHEN OLD.state <> 'requested' OR NEW.number <> OLD.number OR NEW.kind <> OLD.kind OR NEW.type <> OLD.type OR NEW.title <> OLD.title OR NEW.tax_number <> OLD.tax_number OR NEW.gross <> OLD.gross OR NEW.net <> OLD.net OR NEW.tax <> OLD.tax OR NEW.rate <> OLD.rate OR NEW.requested_at <> OLD.requested_at OR NEW.order_id IS DISTINCT FROM OLD.order_id OR NEW.month IS DISTINCT FROM OLD.month BEGIN SELECT RAISE(ABORT, 'an invoice is taken back by a red letter, never changed'); END
--
CREATE TRIGGER market_order_approval_no_update BEFORE UPDATE ON market_order_approval BEGIN SELECT RAISE(ABORT, 'market_order_approval is append-only: book a correction instead'); END
--
CREATE TRIGGER market_order_approval_no_delete BEFORE DELETE ON market_order_approval BEGIN SELECT RAISE(ABORT, 'market_order_approval is append-only: book a correction instead'); END
--
CREATE TRIGGER market_payment_frozen BEFORE UPDATE ON market_payment WHEN NEW.amount <> OLD.amount OR NEW.order_id <> OLD.order_id OR NEW.reference <> OLD.reference OR (OLD.captured_at IS NOT NULL AND (NEW.captured_at IS DISTINCT FROM OLD.captured_at OR NEW.bank_line IS DISTINCT FROM OLD.bank_line)) BEGIN SELECT RAISE(ABORT, 'a payment keeps its amount and its bank line'); END
--
CREATE TRIGGER market_reuse_ground_no_update BEFORE UPDATE ON market_reuse_ground BEGIN SELECT RAISE(ABORT, 'market_reuse_ground is append-only: book a correction instead'); END
--
CREATE TRIGGER market_reuse_ground_no_delete BEFORE DELETE ON market_reuse_ground BEGIN SELECT RAISE(ABORT, 'market_reuse_ground is append-only: book a correction instead'); END
--
CREATE TRIGGER market_bank_line_share_no_update BEFORE UPDATE ON market_bank_line_share BEGIN SELECT RAISE(ABORT, 'market_bank_line_share is append-only: book a correction instead'); END
--
CREATE TRIGGER market_bank_line_share_no_delete BEFORE DELETE ON market_bank_line_share BEGIN SELECT RAISE(ABORT, 'market_bank_line_share is append-only: book a correction instead'); END
--
CREATE TRIGGER market_bank_line_share_covered BEFORE INSERT ON market_bank_line_share WHEN NEW.amount + (SELECT coalesce(sum(s.amount), 0) FROM market_bank_line_share AS s WHERE s.line_id = NEW.line_id AND NOT EXISTS (SELECT 1 FROM market_bank_line_release AS r WHERE r.share_id = s.id)) > (SELECT l.amount FROM market_bank_line AS l WHERE l.id = NEW.line_id) BEGIN SELECT RAISE(ABORT, 'a line goes nowhere twice'); END
--
CREATE TRIGGER market_call_limit_no_update BEFORE UPDATE ON market_call_limit BEGIN SELECT RAISE(ABORT, 'market_call_limit is append-only: book a correction instead'); END
--
CREATE TRIGGER market_call_limit_no_delete BEFORE DELETE ON market_call_limit BEGIN SELECT RAISE(ABORT, 'market_call_limit is append-only: book a correction instead'); END
--
CREATE TRIGGER market_contract_seal_no_update BEFORE UPDATE ON market_contract_seal BEGIN SELECT RAISE(ABORT, 'market_contract_seal is append-only: book a correction instead'); END
--
CREATE TRIGGER market_contract_seal_no_delete BEFORE DELETE ON market_contract_seal BEGIN SELECT RAISE(ABORT, 'market_contract_seal is append-only: book a correction instead'); END
--
CREATE TRIGGER market_delivery_receipt_signed BEFORE UPDATE ON market_delivery_receipt WHEN OLD.state IN ('agreed', 'resolved') OR NEW.number <> OLD.number OR NEW.entitlement_id <> OLD.entitlement_id OR NEW.period_start <> OLD.period_start OR NEW.period_end <> OLD.period_end OR NEW.opened_at <> OLD.opened_at OR (OLD.state = 'disputed' AND (NEW.provider_count IS DISTINCT FROM OLD.provider_count OR NEW.buyer_count IS DISTINCT FROM OLD.buyer_count OR NEW.sha256 IS DISTINCT FROM OLD.sha256)) BEGIN SELECT RAISE(ABORT, 'what both sides signed is not changed'); END
--
CREATE TRIGGER market_invoice_line_kept BEFORE UPDATE ON market_invoice_line WHEN OLD.released_at IS NOT NULL OR NEW.invoice_id <> OLD.invoice_id OR NEW.order_id <> OLD.order_id OR NEW.gross <> OLD.gross OR NEW.net <> OLD.net OR NEW.tax <> OLD.tax BEGIN SELECT RAISE(ABORT, 'a line of an invoice is not changed'); END
--
CREATE TRIGGER market_invoice_line_stays BEFORE DELETE ON market_invoice_line WHEN OLD.id = OLD.id BEGIN SELECT RAISE(ABORT, 'a line of an invoice is kept'); END
--
CREATE TRIGGER market_payment_attempt_frozen BEFORE UPDATE ON market_payment_attempt WHEN NEW.amount <> OLD.amount OR NEW.payment_id <> OLD.payment_id OR NEW.key <> OLD.key OR NEW.number <> OLD.number OR (OLD.received IS NOT NULL AND (NEW.received IS DISTINCT FROM OLD.received OR NEW.state <> OLD.state OR NEW.intent_id IS DISTINCT FROM OLD.intent_id)) BEGIN SELECT RAISE(ABORT, 'a try to pay keeps what was asked for and what came'); END
--
CREATE TRIGGER market_bank_line_release_no_update BEFORE UPDATE ON market_bank_line_release BEGIN SELECT RAISE(ABORT, 'market_bank_line_release is append-only: book a correction instead'); END
--
CREATE TRIGGER market_bank_line_release_no_delete BEFORE DELETE ON market_bank_line_release BEGIN SELECT RAISE(ABORT, 'market_bank_line_release is append-only: book a correction instead'); END
--
CREATE TRIGGER market_dispute_final BEFORE UPDATE ON market_dispute WHEN OLD.state IN ('closed', 'withdrawn') OR NEW.number <> OLD.number OR NEW.track <> OLD.track OR NEW.place <> OLD.place OR NEW.product_id <> OLD.product_id OR NEW.words <> OLD.words OR NEW.name <> OLD.name OR NEW.contact <> OLD.contact OR NEW.filed_at <> OLD.filed_at OR NEW.amount <> OLD.amount OR (OLD.outcome IS NOT NULL AND (NEW.outcome IS DISTINCT FROM OLD.outcome OR NEW.awarded IS DISTINCT FROM OLD.awarded OR NEW.decided_reason IS DISTINCT FROM OLD.decided_reason OR NEW.decided_at IS DISTINCT FROM OLD.decided_at OR NEW.decided_by IS DISTINCT FROM OLD.decided_by OR NEW.proposed_by IS DISTINCT FROM OLD.proposed_by)) BEGIN SELECT RAISE(ABORT, 'a dispute is not changed, and what was decided is final'); END
--
CREATE TRIGGER market_download_no_update BEFORE UPDATE ON market_download BEGIN SELECT RAISE(ABORT, 'market_download is append-only: book a correction instead'); END
--
CREATE TRIGGER market_download_no_delete BEFORE DELETE ON market_download BEGIN SELECT RAISE(ABORT, 'market_download is append-only: book a correction instead'); END
--
CREATE TRIGGER market_provider_dispute_no_update BEFORE UPDATE ON market_provider_dispute BEGIN SELECT RAISE(ABORT, 'market_provider_dispute is append-only: book a correction instead'); END
--
CREATE TRIGGER market_provider_dispute_no_delete BEFORE DELETE ON market_provider_dispute BEGIN SELECT RAISE(ABORT, 'market_provider_dispute is append-only: book a correction instead'); END
--
CREATE TRIGGER market_receipt_count_no_update BEFORE UPDATE ON market_receipt_count BEGIN SELECT RAISE(ABORT, 'market_receipt_count is append-only: book a correction instead'); END
--
CREATE TRIGGER market_receipt_count_no_delete BEFORE DELETE ON market_receipt_count BEGIN SELECT RAISE(ABORT, 'market_receipt_count is append-only: book a correction instead'); END
--
CREATE TRIGGER market_receipt_signature_no_update BEFORE UPDATE ON market_receipt_signature BEGIN SELECT RAISE(ABORT, 'market_receipt_signature is append-only: book a correction instead'); END
--
CREATE TRIGGER market_receipt_signature_no_delete BEFORE DELETE ON market_receipt_signature BEGIN SELECT RAISE(ABORT, 'market_receipt_signature is append-only: book a correction instead'); END
--
CREATE TRIGGER market_refund_covered BEFORE INSERT ON market_refund WHEN NEW.attempt_id IS NULL AND NEW.amount + (SELECT coalesce(sum(r.amount), 0) FROM market_refund AS r WHERE r.payment_id = NEW.payment_id AND r.attempt_id IS NULL AND r.state IN ('asked', 'approved', 'pending', 'unknown', 'done')) > (SELECT p.amount FROM market_payment AS p WHERE p.id = NEW.payment_id) BEGIN SELECT RAISE(ABORT, 'more than was paid'); END
--
CREATE TRIGGER market_refund_frozen BEFORE UPDATE ON market_refund WHEN NEW.amount <> OLD.amount OR NEW.payment_id <> OLD.payment_id OR NEW.key <> OLD.key OR NEW.method <> OLD.method OR (OLD.done_at IS NOT NULL AND (NEW.done_at IS DISTINCT FROM OLD.done_at OR NEW.evidence IS DISTINCT FROM OLD.evidence)) BEGIN SELECT RAISE(ABORT, 'a refund keeps its amount'); END
--
CREATE TRIGGER market_dispute_proposal_no_update BEFORE UPDATE ON market_dispute_proposal BEGIN SELECT RAISE(ABORT, 'market_dispute_proposal is append-only: book a correction instead'); END
--
CREATE TRIGGER market_dispute_proposal_no_delete BEFORE DELETE ON market_dispute_proposal BEGIN SELECT RAISE(ABORT, 'market_dispute_proposal is append-only: book a correction instead'); END
--
CREATE TRIGGER market_dispute_statement_no_update BEFORE UPDATE ON market_dispute_statement BEGIN SELECT RAISE(ABORT, 'market_dispute_statement is append-only: book a correction instead'); END
--
CREATE TRIGGER market_dispute_statement_no_delete BEFORE DELETE ON market_dispute_statement BEGIN SELECT RAISE(ABORT, 'market_dispute_statement is append-only: book a correction instead'); END
--
CREATE TRIGGER market_stripe_event_frozen BEFORE UPDATE ON market_stripe_event WHEN NEW.event_id <> OLD.event_id OR NEW.sha256 <> OLD.sha256 OR NEW.kind <> OLD.kind BEGIN SELECT RAISE(ABORT, 'an event stays as it came'); END
--
CREATE TRIGGER market_dispute_verdict_no_update BEFORE UPDATE ON market_dispute_verdict BEGIN SELECT RAISE(ABORT, 'market_dispute_verdict is append-only: book a correction instead'); END
--
CREATE TRIGGER market_dispute_verdict_no_delete BEFORE DELETE ON market_dispute_verdict BEGIN SELECT RAISE(ABORT, 'market_dispute_verdict is append-only: book a correction instead'); END
