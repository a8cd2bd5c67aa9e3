DROP TRIGGER IF EXISTS audit_seal_no_delete
--
DROP TRIGGER IF EXISTS audit_seal_no_update
--
DROP TRIGGER IF EXISTS market_bank_line_frozen
--
DROP TRIGGER IF EXISTS market_bank_line_share_covered
--
DROP TRIGGER IF EXISTS market_bank_line_share_no_delete
--
DROP TRIGGER IF EXISTS market_bank_line_share_no_update
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
DROP TRIGGER IF EXISTS settlement_revenue_line_closed
--
DROP TRIGGER IF EXISTS settlement_revenue_line_no_delete
--
DROP TRIGGER IF EXISTS settlement_revenue_line_no_update
--
DROP TRIGGER IF EXISTS settlement_schedule_signature_no_delete
--
DROP TRIGGER IF EXISTS settlement_schedule_signature_no_update
--
DROP TRIGGER IF EXISTS settlement_share_line_closed
--
DROP TRIGGER IF EXISTS settlement_share_line_no_delete
--
DROP TRIGGER IF EXISTS settlement_share_line_no_update
--
DROP TRIGGER IF EXISTS settlement_share_line_payee
--
DROP TRIGGER IF EXISTS settlement_share_schedule_frozen
--
DROP TRIGGER IF EXISTS settlement_statement_closed
--
DROP TRIGGER IF EXISTS settlement_statement_no_delete
--
DROP TRIGGER IF EXISTS settlement_statement_no_update
--
DROP TRIGGER IF EXISTS settlement_usage_event_no_delete
--
DROP TRIGGER IF EXISTS settlement_usage_event_no_update
--
CREATE TABLE audit_leaves (
	sequence BIGINT NOT NULL,
	part BIGINT NOT NULL,
	hashes BLOB NOT NULL,
	CONSTRAINT pk_audit_leaves PRIMARY KEY (sequence, part)
)
--
CREATE TABLE job_lead (
	name TEXT NOT NULL,
	holder TEXT NOT NULL,
	fence BIGINT NOT NULL,
	beats BIGINT NOT NULL,
	first_at DATETIME NOT NULL,
	since DATETIME NOT NULL,
	until DATETIME NOT NULL,
	CONSTRAINT pk_job_lead PRIMARY KEY (name)
)
--
CREATE TABLE job_progress (
	id CHAR(32) NOT NULL,
	name TEXT NOT NULL,
	about TEXT NOT NULL,
	state VARCHAR(40) NOT NULL,
	done BIGINT NOT NULL,
	total BIGINT,
	message TEXT NOT NULL,
	started_at DATETIME NOT NULL,
	seen_at DATETIME NOT NULL,
	CONSTRAINT pk_job_progress PRIMARY KEY (id),
	CONSTRAINT ck_job_progress_progressstate CHECK (state IN ('running', 'done', 'failed'))
)
--
CREATE INDEX ix_job_progress_name ON job_progress (name)
--
CREATE INDEX ix_job_progress_state ON job_progress (state)
--
CREATE TABLE job_request (
	job TEXT NOT NULL,
	reason TEXT NOT NULL,
	asked_by_id CHAR(32),
	asked_by_name TEXT NOT NULL,
	asked_at DATETIME NOT NULL,
	taken_at DATETIME,
	period TEXT,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_job_request PRIMARY KEY (id),
	CONSTRAINT ck_job_request_period_when_taken CHECK ((taken_at IS NULL) = (period IS NULL))
)
--
CREATE INDEX ix_job_request_job ON job_request (job)
--
CREATE UNIQUE INDEX uq_job_request_open ON job_request (job) WHERE taken_at IS NULL
--
CREATE TABLE settlement_anchor (
	day DATE NOT NULL,
	seals BIGINT NOT NULL,
	content JSON NOT NULL,
	sha256 TEXT NOT NULL,
	sm3 TEXT NOT NULL,
	made_at DATETIME NOT NULL,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_settlement_anchor PRIMARY KEY (id),
	CONSTRAINT ck_settlement_anchor_not_negative CHECK (seals >= 0),
	CONSTRAINT ck_settlement_anchor_digests_hex CHECK (length(sha256) = 64 AND length(sm3) = 64),
	CONSTRAINT uq_settlement_anchor_day UNIQUE (day)
)
--
CREATE TABLE settlement_archived_day (
	id CHAR(32) NOT NULL,
	place TEXT NOT NULL,
	day_number BIGINT NOT NULL,
	part BIGINT NOT NULL,
	file_name TEXT NOT NULL,
	events BIGINT NOT NULL,
	units BIGINT NOT NULL,
	digest TEXT NOT NULL,
	file_digest TEXT NOT NULL,
	stored_until DATETIME NOT NULL,
	archived_at DATETIME NOT NULL,
	CONSTRAINT pk_settlement_archived_day PRIMARY KEY (id),
	CONSTRAINT uq_settlement_archived_day_place_day_number_part UNIQUE (place, day_number, part),
	CONSTRAINT ck_settlement_archived_day_not_empty CHECK (events >= 1 AND units >= events)
)
--
CREATE TABLE settlement_break (
	number TEXT NOT NULL,
	place TEXT NOT NULL,
	fingerprint TEXT NOT NULL,
	kind VARCHAR(40) NOT NULL,
	side VARCHAR(40),
	flow VARCHAR(40) NOT NULL,
	reference TEXT NOT NULL,
	order_number TEXT NOT NULL,
	difference BIGINT NOT NULL,
	since DATE NOT NULL,
	facts JSON NOT NULL,
	facts_sha256 TEXT NOT NULL,
	owner VARCHAR(40) NOT NULL,
	state VARCHAR(40) NOT NULL,
	found_at DATETIME NOT NULL,
	run_number TEXT NOT NULL,
	assigned_to CHAR(32),
	assigned_name TEXT NOT NULL,
	healed_at DATETIME,
	healed_by_run TEXT NOT NULL,
	closed_at DATETIME,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_settlement_break PRIMARY KEY (id),
	CONSTRAINT uq_settlement_break_place_fingerprint UNIQUE (place, fingerprint),
	CONSTRAINT ck_settlement_break_difference_not_negative CHECK (difference >= 0),
	CONSTRAINT ck_settlement_break_closed_at_known CHECK ((state = 'closed') = (closed_at IS NOT NULL)),
	CONSTRAINT uq_settlement_break_number UNIQUE (number),
	CONSTRAINT ck_settlement_break_kind CHECK (kind IN ('missing', 'doubled', 'amount', 'currency', 'fee', 'date_cut_off', 'refund_linked_wrongly', 'dispute', 'payout_short', 'payout_split', 'unknown_reference', 'reversed_twice', 'entitlement_without_money', 'money_without_entitlement')),
	CONSTRAINT ck_settlement_break_side CHECK (side IN ('provider', 'orders', 'ledger', 'bank')),
	CONSTRAINT ck_settlement_break_flow CHECK (flow IN ('charge', 'refund', 'dispute', 'payout', 'receipt', 'sent', 'transfer', 'account', 'right', 'other')),
	CONSTRAINT ck_settlement_break_owner CHECK (owner IN ('finance', 'provider', 'bank', 'bookkeeping', 'trade')),
	CONSTRAINT ck_settlement_break_breakstate CHECK (state IN ('open', 'assigned', 'explained', 'proposed', 'closed'))
)
--
CREATE INDEX ix_settlement_break_kind ON settlement_break (kind)
--
CREATE INDEX ix_settlement_break_owner ON settlement_break (owner)
--
CREATE INDEX ix_settlement_break_place ON settlement_break (place)
--
CREATE INDEX ix_settlement_break_reference ON settlement_break (reference)
--
CREATE INDEX ix_settlement_break_since ON settlement_break (since)
--
CREATE INDEX ix_settlement_break_state ON settlement_break (state)
--
CREATE TABLE settlement_closing (
	place TEXT NOT NULL,
	period_start DATE NOT NULL,
	period_end DATE NOT NULL,
	state VARCHAR(40) NOT NULL,
	started_by CHAR(32) NOT NULL,
	started_by_name TEXT NOT NULL,
	started_at DATETIME NOT NULL,
	checklist JSON NOT NULL,
	closed_by CHAR(32),
	closed_by_name TEXT,
	closed_at DATETIME,
	last_voucher BIGINT,
	balances JSON NOT NULL,
	balances_sha256 TEXT,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_settlement_closing PRIMARY KEY (id),
	CONSTRAINT uq_settlement_closing_place_period_start UNIQUE (place, period_start),
	CONSTRAINT ck_settlement_closing_period_ordered CHECK (period_start < period_end),
	CONSTRAINT ck_settlement_closing_closed_at_known CHECK ((state = 'closed') = (closed_at IS NOT NULL)),
	CONSTRAINT ck_settlement_closing_closed_by_known CHECK ((closed_at IS NULL) = (closed_by IS NULL)),
	CONSTRAINT ck_settlement_closing_two_people CHECK (closed_by IS NULL OR closed_by <> started_by),
	CONSTRAINT ck_settlement_closing_closingstate CHECK (state IN ('open', 'closing', 'closed'))
)
--
CREATE INDEX ix_settlement_closing_place ON settlement_closing (place)
--
CREATE TABLE settlement_contribution_notice (
	number TEXT NOT NULL,
	place TEXT NOT NULL,
	period_start DATE NOT NULL,
	period_end DATE NOT NULL,
	revision BIGINT NOT NULL,
	state VARCHAR(40) NOT NULL,
	inputs_sha256 TEXT NOT NULL,
	drawn_by CHAR(32) NOT NULL,
	drawn_by_name TEXT NOT NULL,
	drawn_at DATETIME NOT NULL,
	opened_by CHAR(32),
	opened_by_name TEXT,
	opened_at DATETIME,
	objection_until DATE,
	rule JSON,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_settlement_contribution_notice PRIMARY KEY (id),
	CONSTRAINT uq_settlement_contribution_notice_place_period_start_revision UNIQUE (place, period_start, revision),
	CONSTRAINT ck_settlement_contribution_notice_period_has_days CHECK (period_end > period_start),
	CONSTRAINT ck_settlement_contribution_notice_opened_at_known CHECK ((state = 'open') = (opened_at IS NOT NULL)),
	CONSTRAINT ck_settlement_contribution_notice_open_until_a_day CHECK ((state = 'open') = (objection_until IS NOT NULL)),
	CONSTRAINT ck_settlement_contribution_notice_two_people CHECK (opened_by IS NULL OR opened_by <> drawn_by),
	CONSTRAINT uq_settlement_contribution_notice_number UNIQUE (number),
	CONSTRAINT ck_settlement_contribution_notice_noticestate CHECK (state IN ('draft', 'open', 'replaced'))
)
--
CREATE INDEX ix_settlement_contribution_notice_place ON settlement_contribution_notice (place)
--
CREATE TABLE settlement_payout_batch (
	number TEXT NOT NULL,
	place TEXT NOT NULL,
	channel VARCHAR(40) NOT NULL,
	state VARCHAR(40) NOT NULL,
	total BIGINT NOT NULL,
	count BIGINT NOT NULL,
	sha256 TEXT NOT NULL,
	parked_reason TEXT NOT NULL,
	prepared_at DATETIME NOT NULL,
	prepared_by TEXT NOT NULL,
	prepared_by_id CHAR(32) NOT NULL,
	released_at DATETIME,
	released_by TEXT,
	released_by_id CHAR(32),
	checked_at DATETIME,
	checked_by TEXT,
	checked_by_id CHAR(32),
	sent_at DATETIME,
	sent_by TEXT,
	sent_by_id CHAR(32),
	ended_at DATETIME,
	words TEXT NOT NULL,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_settlement_payout_batch PRIMARY KEY (id),
	CONSTRAINT ck_settlement_payout_batch_not_empty CHECK (total >= 0 AND count > 0),
	CONSTRAINT ck_settlement_payout_batch_checker_is_another CHECK (checked_by_id IS NULL OR checked_by_id <> prepared_by_id),
	CONSTRAINT ck_settlement_payout_batch_payer_is_another CHECK (sent_by_id IS NULL OR (checked_by_id IS NOT NULL AND sent_by_id <> prepared_by_id AND sent_by_id <> checked_by_id)),
	CONSTRAINT ck_settlement_payout_batch_sent_at_known CHECK (state NOT IN ('sent', 'done') OR sent_at IS NOT NULL),
	CONSTRAINT ck_settlement_payout_batch_checked_at_known CHECK (state NOT IN ('checked', 'sent', 'done') OR checked_at IS NOT NULL),
	CONSTRAINT uq_settlement_payout_batch_number UNIQUE (number),
	CONSTRAINT ck_settlement_payout_batch_channel CHECK (channel IN ('bank', 'treasury', 'stripe')),
	CONSTRAINT ck_settlement_payout_batch_batchstate CHECK (state IN ('parked', 'prepared', 'checked', 'sent', 'done', 'cancelled'))
)
--
CREATE INDEX ix_settlement_payout_batch_place ON settlement_payout_batch (place)
--
CREATE INDEX ix_settlement_payout_batch_state ON settlement_payout_batch (state)
--
CREATE TABLE settlement_provider_file (
	place TEXT NOT NULL,
	name TEXT NOT NULL,
	sha256 TEXT NOT NULL,
	row_count BIGINT NOT NULL,
	known BIGINT NOT NULL,
	imported_at DATETIME NOT NULL,
	imported_by TEXT NOT NULL,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_settlement_provider_file PRIMARY KEY (id),
	CONSTRAINT uq_settlement_provider_file_place_sha256 UNIQUE (place, sha256)
)
--
CREATE INDEX ix_settlement_provider_file_place ON settlement_provider_file (place)
--
CREATE TABLE settlement_reconciliation_run (
	number TEXT NOT NULL,
	place TEXT NOT NULL,
	period_start DATE NOT NULL,
	period_end DATE NOT NULL,
	made_at DATETIME NOT NULL,
	made_by CHAR(32),
	made_by_name TEXT NOT NULL,
	inputs JSON NOT NULL,
	inputs_sha256 TEXT NOT NULL,
	agreed JSON NOT NULL,
	found JSON NOT NULL,
	new_breaks BIGINT NOT NULL,
	healed BIGINT NOT NULL,
	gone JSON NOT NULL,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_settlement_reconciliation_run PRIMARY KEY (id),
	CONSTRAINT ck_settlement_reconciliation_run_period_ordered CHECK (period_start < period_end),
	CONSTRAINT uq_settlement_reconciliation_run_number UNIQUE (number)
)
--
CREATE INDEX ix_settlement_reconciliation_run_period_start ON settlement_reconciliation_run (period_start)
--
CREATE INDEX ix_settlement_reconciliation_run_place ON settlement_reconciliation_run (place)
--
CREATE TABLE settlement_break_step (
	break_id CHAR(32) NOT NULL,
	position BIGINT NOT NULL,
	act VARCHAR(40) NOT NULL,
	state VARCHAR(40) NOT NULL,
	note TEXT NOT NULL,
	resolution VARCHAR(40),
	sha256 TEXT NOT NULL,
	answers_id CHAR(32),
	run_number TEXT NOT NULL,
	facts JSON NOT NULL,
	actor_id CHAR(32),
	actor_name TEXT NOT NULL,
	at DATETIME NOT NULL,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_settlement_break_step PRIMARY KEY (id),
	CONSTRAINT uq_settlement_break_step_break_id_position UNIQUE (break_id, position),
	CONSTRAINT ck_settlement_break_step_answers_a_proposal CHECK ((answers_id IS NOT NULL) = (act IN ('confirm', 'reject'))),
	CONSTRAINT fk_settlement_break_step_break_id FOREIGN KEY(break_id) REFERENCES settlement_break (id),
	CONSTRAINT ck_settlement_break_step_breakact CHECK (act IN ('find', 'heal', 'see_again', 'assign', 'explain', 'propose', 'confirm', 'reject', 'reopen')),
	CONSTRAINT ck_settlement_break_step_breakstate CHECK (state IN ('open', 'assigned', 'explained', 'proposed', 'closed')),
	CONSTRAINT ck_settlement_break_step_resolution CHECK (resolution IN ('late_line', 'corrected', 'refunded', 'claimed', 'granted', 'written_off', 'no_fault')),
	CONSTRAINT uq_settlement_break_step_answers_id UNIQUE (answers_id),
	CONSTRAINT fk_settlement_break_step_answers_id FOREIGN KEY(answers_id) REFERENCES settlement_break_step (id)
)
--
CREATE INDEX ix_settlement_break_step_break_id ON settlement_break_step (break_id)
--
CREATE TABLE settlement_payee_account (
	place TEXT NOT NULL,
	party_id CHAR(32),
	kind VARCHAR(40) NOT NULL,
	holder TEXT NOT NULL,
	sealed_number TEXT NOT NULL,
	number_digest TEXT NOT NULL,
	shown TEXT NOT NULL,
	bank TEXT NOT NULL,
	bank_code TEXT NOT NULL,
	item_code TEXT NOT NULL,
	contact TEXT NOT NULL,
	reason TEXT NOT NULL,
	state VARCHAR(40) NOT NULL,
	asked_at DATETIME NOT NULL,
	asked_by TEXT NOT NULL,
	asked_by_id CHAR(32) NOT NULL,
	decided_at DATETIME,
	decided_by TEXT,
	decided_by_id CHAR(32),
	decided_reason TEXT NOT NULL,
	effective_at DATETIME,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_settlement_payee_account PRIMARY KEY (id),
	CONSTRAINT ck_settlement_payee_account_treasury_of_a_place CHECK ((kind = 'treasury') = (party_id IS NULL)),
	CONSTRAINT ck_settlement_payee_account_decided_at_known CHECK ((state = 'asked') = (decided_at IS NULL)),
	CONSTRAINT ck_settlement_payee_account_effective_at_known CHECK ((state = 'confirmed') = (effective_at IS NOT NULL)),
	CONSTRAINT ck_settlement_payee_account_waits CHECK (effective_at IS NULL OR effective_at > decided_at),
	CONSTRAINT ck_settlement_payee_account_two_persons CHECK (decided_by_id IS NULL OR decided_by_id <> asked_by_id),
	CONSTRAINT ck_settlement_payee_account_number_sealed CHECK (length(sealed_number) > 40 AND length(number_digest) = 64),
	CONSTRAINT fk_settlement_payee_account_party_id FOREIGN KEY(party_id) REFERENCES registry_party (id),
	CONSTRAINT ck_settlement_payee_account_accountkind CHECK (kind IN ('bank', 'stripe', 'treasury')),
	CONSTRAINT ck_settlement_payee_account_accountstate CHECK (state IN ('asked', 'confirmed', 'refused', 'withdrawn'))
)
--
CREATE INDEX ix_settlement_payee_account_number_digest ON settlement_payee_account (number_digest)
--
CREATE INDEX ix_settlement_payee_account_party_id ON settlement_payee_account (party_id)
--
CREATE INDEX ix_settlement_payee_account_place ON settlement_payee_account (place)
--
CREATE INDEX ix_settlement_payee_account_state ON settlement_payee_account (state)
--
CREATE TABLE settlement_payee_freeze (
	place TEXT NOT NULL,
	party_id CHAR(32) NOT NULL,
	document TEXT NOT NULL,
	reason TEXT NOT NULL,
	placed_at DATETIME NOT NULL,
	placed_by TEXT NOT NULL,
	lift_document TEXT NOT NULL,
	lift_asked_by TEXT,
	lift_asked_by_id CHAR(32),
	lifted_at DATETIME,
	lifted_by TEXT,
	lifted_by_id CHAR(32),
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_settlement_payee_freeze PRIMARY KEY (id),
	CONSTRAINT ck_settlement_payee_freeze_two_persons CHECK (lift_asked_by_id IS NULL OR lifted_by_id <> lift_asked_by_id),
	CONSTRAINT ck_settlement_payee_freeze_lifted_by_two CHECK (lifted_at IS NULL OR lift_asked_by_id IS NOT NULL),
	CONSTRAINT fk_settlement_payee_freeze_party_id FOREIGN KEY(party_id) REFERENCES registry_party (id)
)
--
CREATE INDEX ix_settlement_payee_freeze_party_id ON settlement_payee_freeze (party_id)
--
CREATE INDEX ix_settlement_payee_freeze_place ON settlement_payee_freeze (place)
--
CREATE TABLE settlement_period_root (
	run_id CHAR(32) NOT NULL,
	run_number TEXT NOT NULL,
	place TEXT NOT NULL,
	period_start DATE NOT NULL,
	period_end DATE NOT NULL,
	journal JSON NOT NULL,
	leaf_count BIGINT NOT NULL,
	salt TEXT NOT NULL,
	sha256 TEXT NOT NULL,
	sm3 TEXT NOT NULL,
	made_at DATETIME NOT NULL,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_settlement_period_root PRIMARY KEY (id),
	CONSTRAINT ck_settlement_period_root_not_empty CHECK (leaf_count >= 1),
	CONSTRAINT ck_settlement_period_root_digests_hex CHECK (length(sha256) = 64 AND length(sm3) = 64 AND length(salt) = 64),
	CONSTRAINT uq_settlement_period_root_run_id UNIQUE (run_id),
	CONSTRAINT fk_settlement_period_root_run_id FOREIGN KEY(run_id) REFERENCES settlement_run (id)
)
--
CREATE INDEX ix_settlement_period_root_made_at ON settlement_period_root (made_at)
--
CREATE INDEX ix_settlement_period_root_place ON settlement_period_root (place)
--
CREATE TABLE settlement_provider_batch (
	place TEXT NOT NULL,
	serial TEXT NOT NULL,
	batch TEXT NOT NULL,
	file_id CHAR(32) NOT NULL,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_settlement_provider_batch PRIMARY KEY (id),
	CONSTRAINT uq_settlement_provider_batch_place_serial UNIQUE (place, serial),
	CONSTRAINT fk_settlement_provider_batch_file_id FOREIGN KEY(file_id) REFERENCES settlement_provider_file (id)
)
--
CREATE INDEX ix_settlement_provider_batch_batch ON settlement_provider_batch (batch)
--
CREATE INDEX ix_settlement_provider_batch_file_id ON settlement_provider_batch (file_id)
--
CREATE TABLE settlement_provider_line (
	place TEXT NOT NULL,
	serial TEXT NOT NULL,
	flow VARCHAR(40) NOT NULL,
	reference TEXT NOT NULL,
	parent TEXT NOT NULL,
	batch TEXT NOT NULL,
	own TEXT NOT NULL,
	amount BIGINT NOT NULL,
	fee BIGINT NOT NULL,
	net BIGINT NOT NULL,
	currency TEXT NOT NULL,
	happened_at DATETIME NOT NULL,
	day DATE NOT NULL,
	words TEXT NOT NULL,
	file_id CHAR(32) NOT NULL,
	line_number BIGINT NOT NULL,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_settlement_provider_line PRIMARY KEY (id),
	CONSTRAINT uq_settlement_provider_line_place_serial UNIQUE (place, serial),
	CONSTRAINT ck_settlement_provider_line_flow CHECK (flow IN ('charge', 'refund', 'dispute', 'payout', 'receipt', 'sent', 'transfer', 'account', 'right', 'other')),
	CONSTRAINT fk_settlement_provider_line_file_id FOREIGN KEY(file_id) REFERENCES settlement_provider_file (id)
)
--
CREATE INDEX ix_settlement_provider_line_batch ON settlement_provider_line (batch)
--
CREATE INDEX ix_settlement_provider_line_day ON settlement_provider_line (place, day)
--
CREATE INDEX ix_settlement_provider_line_file_id ON settlement_provider_line (file_id)
--
CREATE INDEX ix_settlement_provider_line_parent ON settlement_provider_line (parent)
--
CREATE INDEX ix_settlement_provider_line_reference ON settlement_provider_line (reference)
--
CREATE TABLE registry_form_draft (
	account_id CHAR(32) NOT NULL,
	page TEXT NOT NULL,
	typed JSON NOT NULL,
	saved_at DATETIME NOT NULL,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_registry_form_draft PRIMARY KEY (id),
	CONSTRAINT uq_registry_form_draft_account_id_page UNIQUE (account_id, page),
	CONSTRAINT fk_registry_form_draft_account_id FOREIGN KEY(account_id) REFERENCES registry_account (id)
)
--
CREATE TABLE settlement_anchored_root (
	root_id CHAR(32) NOT NULL,
	anchor_id CHAR(32) NOT NULL,
	CONSTRAINT pk_settlement_anchored_root PRIMARY KEY (root_id),
	CONSTRAINT fk_settlement_anchored_root_root_id FOREIGN KEY(root_id) REFERENCES settlement_period_root (id),
	CONSTRAINT fk_settlement_anchored_root_anchor_id FOREIGN KEY(anchor_id) REFERENCES settlement_anchor (id)
)
--
CREATE INDEX ix_settlement_anchored_root_anchor_id ON settlement_anchored_root (anchor_id)
--
CREATE TABLE settlement_clawback (
	entry_id CHAR(32) NOT NULL,
	place TEXT NOT NULL,
	party_id CHAR(32) NOT NULL,
	statement_id CHAR(32) NOT NULL,
	order_number TEXT NOT NULL,
	account TEXT NOT NULL,
	kind VARCHAR(40) NOT NULL,
	is_treasury BOOLEAN NOT NULL,
	amount BIGINT NOT NULL,
	raised_at DATETIME NOT NULL,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_settlement_clawback PRIMARY KEY (id),
	CONSTRAINT uq_settlement_clawback_entry_id_statement_id_account UNIQUE (entry_id, statement_id, account),
	CONSTRAINT ck_settlement_clawback_positive CHECK (amount > 0),
	CONSTRAINT fk_settlement_clawback_entry_id FOREIGN KEY(entry_id) REFERENCES settlement_journal_entry (id),
	CONSTRAINT fk_settlement_clawback_party_id FOREIGN KEY(party_id) REFERENCES registry_party (id),
	CONSTRAINT fk_settlement_clawback_statement_id FOREIGN KEY(statement_id) REFERENCES settlement_statement (id),
	CONSTRAINT ck_settlement_clawback_clawbackkind CHECK (kind IN ('reduced', 'receivable'))
)
--
CREATE INDEX ix_settlement_clawback_entry_id ON settlement_clawback (entry_id)
--
CREATE INDEX ix_settlement_clawback_order_number ON settlement_clawback (order_number)
--
CREATE INDEX ix_settlement_clawback_party_id ON settlement_clawback (party_id)
--
CREATE INDEX ix_settlement_clawback_place ON settlement_clawback (place)
--
CREATE INDEX ix_settlement_clawback_statement_id ON settlement_clawback (statement_id)
--
CREATE TABLE settlement_payee_notice (
	account_id CHAR(32) NOT NULL,
	before_id CHAR(32),
	place TEXT NOT NULL,
	party_id CHAR(32),
	about VARCHAR(40) NOT NULL,
	contact TEXT NOT NULL,
	text TEXT NOT NULL,
	told_at DATETIME NOT NULL,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_settlement_payee_notice PRIMARY KEY (id),
	CONSTRAINT uq_settlement_payee_notice_account_id_about UNIQUE (account_id, about),
	CONSTRAINT fk_settlement_payee_notice_account_id FOREIGN KEY(account_id) REFERENCES settlement_payee_account (id),
	CONSTRAINT fk_settlement_payee_notice_before_id FOREIGN KEY(before_id) REFERENCES settlement_payee_account (id),
	CONSTRAINT fk_settlement_payee_notice_party_id FOREIGN KEY(party_id) REFERENCES registry_party (id),
	CONSTRAINT ck_settlement_payee_notice_accountstate CHECK (about IN ('asked', 'confirmed', 'refused', 'withdrawn'))
)
--
CREATE INDEX ix_settlement_payee_notice_account_id ON settlement_payee_notice (account_id)
--
CREATE INDEX ix_settlement_payee_notice_party_id ON settlement_payee_notice (party_id)
--
CREATE INDEX ix_settlement_payee_notice_told_at ON settlement_payee_notice (told_at)
--
CREATE TABLE settlement_payout (
	number TEXT NOT NULL,
	batch_id CHAR(32) NOT NULL,
	place TEXT NOT NULL,
	statement_id CHAR(32) NOT NULL,
	party_id CHAR(32) NOT NULL,
	destination VARCHAR(40) NOT NULL,
	account_id CHAR(32) NOT NULL,
	sequence BIGINT NOT NULL,
	gross BIGINT NOT NULL,
	netted BIGINT NOT NULL,
	amount BIGINT NOT NULL,
	"key" TEXT NOT NULL,
	shorts BIGINT NOT NULL,
	state VARCHAR(40) NOT NULL,
	provider_id TEXT,
	bank_line TEXT,
	words TEXT NOT NULL,
	sent_at DATETIME,
	answered_at DATETIME,
	ended_at DATETIME,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_settlement_payout PRIMARY KEY (id),
	CONSTRAINT ck_settlement_payout_adds_up CHECK (gross > 0 AND netted >= 0 AND amount >= 0 AND amount = gross - netted),
	CONSTRAINT ck_settlement_payout_treasury_never_netted CHECK (destination <> 'treasury_non_tax' OR netted = 0),
	CONSTRAINT ck_settlement_payout_goes_somewhere CHECK (destination <> 'held'),
	CONSTRAINT ck_settlement_payout_ended_at_known CHECK ((state IN ('confirmed', 'returned', 'cancelled')) = (ended_at IS NOT NULL)),
	CONSTRAINT uq_settlement_payout_number UNIQUE (number),
	CONSTRAINT fk_settlement_payout_batch_id FOREIGN KEY(batch_id) REFERENCES settlement_payout_batch (id),
	CONSTRAINT fk_settlement_payout_statement_id FOREIGN KEY(statement_id) REFERENCES settlement_statement (id),
	CONSTRAINT fk_settlement_payout_party_id FOREIGN KEY(party_id) REFERENCES registry_party (id),
	CONSTRAINT ck_settlement_payout_payeekind CHECK (destination IN ('own_account', 'treasury_non_tax', 'held')),
	CONSTRAINT fk_settlement_payout_account_id FOREIGN KEY(account_id) REFERENCES settlement_payee_account (id),
	CONSTRAINT uq_settlement_payout_key UNIQUE ("key"),
	CONSTRAINT ck_settlement_payout_payoutstate CHECK (state IN ('prepared', 'sent', 'unknown', 'short', 'confirmed', 'returned', 'cancelled')),
	CONSTRAINT uq_settlement_payout_provider_id UNIQUE (provider_id),
	CONSTRAINT uq_settlement_payout_bank_line UNIQUE (bank_line)
)
--
CREATE INDEX ix_settlement_payout_account_id ON settlement_payout (account_id)
--
CREATE INDEX ix_settlement_payout_batch_id ON settlement_payout (batch_id)
--
CREATE INDEX ix_settlement_payout_party_id ON settlement_payout (party_id)
--
CREATE INDEX ix_settlement_payout_place ON settlement_payout (place)
--
CREATE INDEX ix_settlement_payout_sent_at ON settlement_payout (sent_at)
--
CREATE INDEX ix_settlement_payout_state ON settlement_payout (state)
--
CREATE INDEX ix_settlement_payout_statement_id ON settlement_payout (statement_id)
--
CREATE TABLE settlement_payout_arrival (
	bank_line_id CHAR(32) NOT NULL,
	payout_id CHAR(32) NOT NULL,
	place TEXT NOT NULL,
	amount BIGINT NOT NULL,
	note TEXT NOT NULL,
	made_at DATETIME NOT NULL,
	made_by TEXT NOT NULL,
	made_by_id CHAR(32),
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_settlement_payout_arrival PRIMARY KEY (id),
	CONSTRAINT ck_settlement_payout_arrival_positive CHECK (amount > 0),
	CONSTRAINT fk_settlement_payout_arrival_bank_line_id FOREIGN KEY(bank_line_id) REFERENCES market_bank_line (id),
	CONSTRAINT fk_settlement_payout_arrival_payout_id FOREIGN KEY(payout_id) REFERENCES settlement_provider_line (id)
)
--
CREATE INDEX ix_settlement_payout_arrival_bank_line_id ON settlement_payout_arrival (bank_line_id)
--
CREATE INDEX ix_settlement_payout_arrival_payout_id ON settlement_payout_arrival (payout_id)
--
CREATE INDEX ix_settlement_payout_arrival_place ON settlement_payout_arrival (place)
--
CREATE TABLE settlement_root_part (
	root_id CHAR(32) NOT NULL,
	part BIGINT NOT NULL,
	sha256 BLOB NOT NULL,
	sm3 BLOB NOT NULL,
	CONSTRAINT pk_settlement_root_part PRIMARY KEY (root_id, part),
	CONSTRAINT fk_settlement_root_part_root_id FOREIGN KEY(root_id) REFERENCES settlement_period_root (id)
)
--
CREATE TABLE settlement_clawback_netting (
	clawback_id CHAR(32) NOT NULL,
	payout_id CHAR(32) NOT NULL,
	amount BIGINT NOT NULL,
	released_at DATETIME,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_settlement_clawback_netting PRIMARY KEY (id),
	CONSTRAINT uq_settlement_clawback_netting_clawback_id_payout_id UNIQUE (clawback_id, payout_id),
	CONSTRAINT ck_settlement_clawback_netting_positive CHECK (amount > 0),
	CONSTRAINT fk_settlement_clawback_netting_clawback_id FOREIGN KEY(clawback_id) REFERENCES settlement_clawback (id),
	CONSTRAINT fk_settlement_clawback_netting_payout_id FOREIGN KEY(payout_id) REFERENCES settlement_payout (id)
)
--
CREATE INDEX ix_settlement_clawback_netting_clawback_id ON settlement_clawback_netting (clawback_id)
--
CREATE INDEX ix_settlement_clawback_netting_payout_id ON settlement_clawback_netting (payout_id)
--
CREATE TABLE settlement_clawback_recovery (
	clawback_id CHAR(32) NOT NULL,
	place TEXT NOT NULL,
	kind VARCHAR(40) NOT NULL,
	amount BIGINT NOT NULL,
	reason TEXT NOT NULL,
	bank_line TEXT,
	state VARCHAR(40) NOT NULL,
	asked_at DATETIME NOT NULL,
	asked_by TEXT NOT NULL,
	asked_by_id CHAR(32) NOT NULL,
	decided_at DATETIME,
	decided_by TEXT,
	decided_by_id CHAR(32),
	decided_reason TEXT NOT NULL,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_settlement_clawback_recovery PRIMARY KEY (id),
	CONSTRAINT ck_settlement_clawback_recovery_positive CHECK (amount > 0),
	CONSTRAINT ck_settlement_clawback_recovery_reasoned CHECK (length(reason) > 0),
	CONSTRAINT ck_settlement_clawback_recovery_evidence_of_repayment CHECK ((kind = 'repaid') = (bank_line IS NOT NULL)),
	CONSTRAINT ck_settlement_clawback_recovery_two_persons CHECK (decided_by_id IS NULL OR decided_by_id <> asked_by_id),
	CONSTRAINT ck_settlement_clawback_recovery_decided_at_known CHECK ((state = 'asked') = (decided_at IS NULL)),
	CONSTRAINT fk_settlement_clawback_recovery_clawback_id FOREIGN KEY(clawback_id) REFERENCES settlement_clawback (id),
	CONSTRAINT ck_settlement_clawback_recovery_recoverykind CHECK (kind IN ('repaid', 'written_off')),
	CONSTRAINT uq_settlement_clawback_recovery_bank_line UNIQUE (bank_line),
	CONSTRAINT ck_settlement_clawback_recovery_recoverystate CHECK (state IN ('asked', 'confirmed', 'refused', 'withdrawn'))
)
--
CREATE INDEX ix_settlement_clawback_recovery_clawback_id ON settlement_clawback_recovery (clawback_id)
--
CREATE INDEX ix_settlement_clawback_recovery_place ON settlement_clawback_recovery (place)
--
CREATE INDEX ix_settlement_clawback_recovery_state ON settlement_clawback_recovery (state)
--
CREATE TABLE settlement_payout_arrival_release (
	arrival_id CHAR(32) NOT NULL,
	note TEXT NOT NULL,
	released_at DATETIME NOT NULL,
	released_by TEXT NOT NULL,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_settlement_payout_arrival_release PRIMARY KEY (id),
	CONSTRAINT uq_settlement_payout_arrival_release_arrival_id UNIQUE (arrival_id),
	CONSTRAINT fk_settlement_payout_arrival_release_arrival_id FOREIGN KEY(arrival_id) REFERENCES settlement_payout_arrival (id)
)
--
CREATE TABLE settlement_payout_item (
	payout_id CHAR(32) NOT NULL,
	statement_id CHAR(32) NOT NULL,
	order_number TEXT NOT NULL,
	account TEXT NOT NULL,
	amount BIGINT NOT NULL,
	slot TEXT,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_settlement_payout_item PRIMARY KEY (id),
	CONSTRAINT ck_settlement_payout_item_positive CHECK (amount > 0),
	CONSTRAINT fk_settlement_payout_item_payout_id FOREIGN KEY(payout_id) REFERENCES settlement_payout (id),
	CONSTRAINT fk_settlement_payout_item_statement_id FOREIGN KEY(statement_id) REFERENCES settlement_statement (id),
	CONSTRAINT uq_settlement_payout_item_slot UNIQUE (slot)
)
--
CREATE INDEX ix_settlement_payout_item_order_number ON settlement_payout_item (order_number)
--
CREATE INDEX ix_settlement_payout_item_payout_id ON settlement_payout_item (payout_id)
--
CREATE INDEX ix_settlement_payout_item_statement_id ON settlement_payout_item (statement_id)
--
CREATE TABLE settlement_payout_resolution (
	place TEXT NOT NULL,
	payout_id CHAR(32) NOT NULL,
	fate VARCHAR(40) NOT NULL,
	bank_line TEXT NOT NULL,
	provider_reference TEXT NOT NULL,
	file_sha256 TEXT,
	words TEXT NOT NULL,
	state VARCHAR(40) NOT NULL,
	proposed_at DATETIME NOT NULL,
	proposed_by TEXT NOT NULL,
	proposed_by_id CHAR(32) NOT NULL,
	decided_at DATETIME,
	decided_by TEXT,
	decided_by_id CHAR(32),
	decided_words TEXT NOT NULL,
	heard VARCHAR(40),
	heard_at DATETIME,
	contradicted_at DATETIME,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_settlement_payout_resolution PRIMARY KEY (id),
	CONSTRAINT ck_settlement_payout_resolution_decided_at_known CHECK ((state = 'proposed') = (decided_at IS NULL)),
	CONSTRAINT ck_settlement_payout_resolution_decided_by_known CHECK (state IN ('proposed', 'withdrawn') OR decided_by_id IS NOT NULL),
	CONSTRAINT ck_settlement_payout_resolution_two_persons CHECK (decided_by_id IS NULL OR state = 'withdrawn' OR decided_by_id <> proposed_by_id),
	CONSTRAINT ck_settlement_payout_resolution_shown CHECK (fate = 'sent_again' OR (file_sha256 IS NOT NULL AND (bank_line <> '' OR provider_reference <> ''))),
	CONSTRAINT fk_settlement_payout_resolution_payout_id FOREIGN KEY(payout_id) REFERENCES settlement_payout (id),
	CONSTRAINT ck_settlement_payout_resolution_fate CHECK (fate IN ('confirmed', 'returned', 'sent_again')),
	CONSTRAINT fk_settlement_payout_resolution_file_sha256 FOREIGN KEY(file_sha256) REFERENCES evidence_file (sha256),
	CONSTRAINT ck_settlement_payout_resolution_resolutionstate CHECK (state IN ('proposed', 'confirmed', 'refused', 'withdrawn')),
	CONSTRAINT ck_settlement_payout_resolution_answer CHECK (heard IN ('pending', 'succeeded', 'failed', 'cancelled', 'unknown', 'mismatch'))
)
--
CREATE INDEX ix_settlement_payout_resolution_payout_id ON settlement_payout_resolution (payout_id)
--
CREATE INDEX ix_settlement_payout_resolution_place ON settlement_payout_resolution (place)
--
CREATE INDEX ix_settlement_payout_resolution_state ON settlement_payout_resolution (state)
--
CREATE UNIQUE INDEX uq_settlement_payout_resolution_proposed ON settlement_payout_resolution (payout_id) WHERE state = 'proposed'
--
CREATE TABLE settlement_contribution_figure (
	notice_id CHAR(32) NOT NULL,
	product_id CHAR(32) NOT NULL,
	schedule_id CHAR(32) NOT NULL,
	step BIGINT NOT NULL,
	party_id CHAR(32) NOT NULL,
	coefficients JSON NOT NULL,
	usage BIGINT NOT NULL,
	quality TEXT NOT NULL,
	input TEXT NOT NULL,
	weight TEXT NOT NULL,
	ppm BIGINT NOT NULL,
	parts JSON NOT NULL,
	quality_source TEXT NOT NULL,
	resources JSON NOT NULL,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_settlement_contribution_figure PRIMARY KEY (id),
	CONSTRAINT uq_settlement_contribution_figure_notice_id_product_id_schedule_id_step_party_id UNIQUE (notice_id, product_id, schedule_id, step, party_id),
	CONSTRAINT ck_settlement_contribution_figure_not_negative CHECK (usage >= 0 AND ppm >= 0 AND step >= 1),
	CONSTRAINT fk_settlement_contribution_figure_notice_id FOREIGN KEY(notice_id) REFERENCES settlement_contribution_notice (id),
	CONSTRAINT fk_settlement_contribution_figure_product_id FOREIGN KEY(product_id) REFERENCES registry_product (id),
	CONSTRAINT fk_settlement_contribution_figure_schedule_id FOREIGN KEY(schedule_id) REFERENCES settlement_share_schedule (id),
	CONSTRAINT fk_settlement_contribution_figure_party_id FOREIGN KEY(party_id) REFERENCES registry_party (id)
)
--
CREATE INDEX ix_settlement_contribution_figure_party_id ON settlement_contribution_figure (party_id)
--
CREATE INDEX ix_settlement_contribution_figure_product_id ON settlement_contribution_figure (product_id)
--
CREATE INDEX ix_settlement_contribution_figure_schedule_id ON settlement_contribution_figure (schedule_id)
--
CREATE TABLE settlement_contribution_objection (
	number TEXT NOT NULL,
	place TEXT NOT NULL,
	notice_id CHAR(32) NOT NULL,
	figure_id CHAR(32) NOT NULL,
	party_id CHAR(32) NOT NULL,
	factor VARCHAR(40) NOT NULL,
	claimed TEXT NOT NULL,
	grounds TEXT NOT NULL,
	state VARCHAR(40) NOT NULL,
	filed_by CHAR(32) NOT NULL,
	filed_by_name TEXT NOT NULL,
	filed_at DATETIME NOT NULL,
	decided_by CHAR(32),
	decided_by_name TEXT,
	decided_at DATETIME,
	reason TEXT,
	corrected TEXT,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_settlement_contribution_objection PRIMARY KEY (id),
	CONSTRAINT ck_settlement_contribution_objection_decided_by_known CHECK ((state IN ('upheld', 'dismissed')) = (decided_by IS NOT NULL)),
	CONSTRAINT ck_settlement_contribution_objection_upheld_says_what CHECK ((state = 'upheld') = (corrected IS NOT NULL)),
	CONSTRAINT ck_settlement_contribution_objection_two_people CHECK (decided_by IS NULL OR decided_by <> filed_by),
	CONSTRAINT uq_settlement_contribution_objection_number UNIQUE (number),
	CONSTRAINT fk_settlement_contribution_objection_notice_id FOREIGN KEY(notice_id) REFERENCES settlement_contribution_notice (id),
	CONSTRAINT fk_settlement_contribution_objection_figure_id FOREIGN KEY(figure_id) REFERENCES settlement_contribution_figure (id),
	CONSTRAINT fk_settlement_contribution_objection_party_id FOREIGN KEY(party_id) REFERENCES registry_party (id),
	CONSTRAINT ck_settlement_contribution_objection_factor CHECK (factor IN ('usage', 'quality', 'input')),
	CONSTRAINT ck_settlement_contribution_objection_objectionstate CHECK (state IN ('filed', 'withdrawn', 'upheld', 'dismissed'))
)
--
CREATE INDEX ix_settlement_contribution_objection_figure_id ON settlement_contribution_objection (figure_id)
--
CREATE INDEX ix_settlement_contribution_objection_notice_id ON settlement_contribution_objection (notice_id)
--
CREATE INDEX ix_settlement_contribution_objection_party_id ON settlement_contribution_objection (party_id)
--
CREATE INDEX ix_settlement_contribution_objection_place ON settlement_contribution_objection (place)
--
CREATE UNIQUE INDEX uq_settlement_contribution_objection_filed ON settlement_contribution_objection (figure_id, factor) WHERE state = 'filed'
--
CREATE TABLE settlement_order_terms (
	order_id CHAR(32) NOT NULL,
	schedule_id CHAR(32) NOT NULL,
	place TEXT NOT NULL,
	content_sha256 TEXT NOT NULL,
	frozen_at DATETIME NOT NULL,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_settlement_order_terms PRIMARY KEY (id),
	CONSTRAINT uq_settlement_order_terms_order_id UNIQUE (order_id),
	CONSTRAINT fk_settlement_order_terms_order_id FOREIGN KEY(order_id) REFERENCES market_order (id),
	CONSTRAINT fk_settlement_order_terms_schedule_id FOREIGN KEY(schedule_id) REFERENCES settlement_share_schedule (id)
)
--
CREATE INDEX ix_settlement_order_terms_place ON settlement_order_terms (place)
--
CREATE INDEX ix_settlement_order_terms_schedule_id ON settlement_order_terms (schedule_id)
--
CREATE TABLE settlement_usage_day (
	run_id CHAR(32) NOT NULL,
	entitlement_id CHAR(32) NOT NULL,
	day_number BIGINT NOT NULL,
	calls BIGINT NOT NULL,
	hits BIGINT NOT NULL,
	units BIGINT NOT NULL,
	CONSTRAINT pk_settlement_usage_day PRIMARY KEY (run_id, entitlement_id, day_number),
	CONSTRAINT ck_settlement_usage_day_not_negative CHECK (calls >= 1 AND hits >= 0 AND units >= 0),
	CONSTRAINT fk_settlement_usage_day_run_id FOREIGN KEY(run_id) REFERENCES settlement_run (id),
	CONSTRAINT fk_settlement_usage_day_entitlement_id FOREIGN KEY(entitlement_id) REFERENCES market_entitlement (id)
)
--
CREATE TABLE new_audit_seal (
	sequence BIGINT NOT NULL,
	sealed_at DATETIME NOT NULL,
	first_line CHAR(32) NOT NULL,
	last_line CHAR(32) NOT NULL,
	line_count BIGINT NOT NULL,
	previous_sha256 TEXT NOT NULL,
	sha256 TEXT NOT NULL,
	version BIGINT DEFAULT '1' NOT NULL,
	tree_sha256 TEXT,
	lines_sm3 TEXT,
	previous_sm3 TEXT,
	sm3 TEXT,
	CONSTRAINT pk_audit_seal PRIMARY KEY (sequence),
	CONSTRAINT ck_audit_seal_not_empty CHECK (line_count > 0),
	CONSTRAINT ck_audit_seal_both_hashes_since_version_2 CHECK ((version = 1) = (sm3 IS NULL)),
	CONSTRAINT uq_audit_seal_last_line UNIQUE (last_line)
)
--
INSERT INTO new_audit_seal (sequence, sealed_at, first_line, last_line, line_count, previous_sha256, sha256, version)
SELECT sequence, sealed_at, first_line, last_line, line_count, previous_sha256, sha256, 1
FROM audit_seal
--
DROP TABLE audit_seal
--
ALTER TABLE new_audit_seal RENAME TO audit_seal
--
CREATE TABLE new_job_run (
	job TEXT NOT NULL,
	period TEXT NOT NULL,
	starts_at DATETIME,
	state VARCHAR(40) NOT NULL,
	attempts BIGINT NOT NULL,
	fence BIGINT NOT NULL,
	holder TEXT NOT NULL,
	run_at DATETIME NOT NULL,
	finished_at DATETIME,
	took_ms BIGINT,
	missed BIGINT NOT NULL,
	result TEXT NOT NULL,
	error TEXT NOT NULL,
	CONSTRAINT pk_job_run PRIMARY KEY (job, period),
	CONSTRAINT ck_job_run_finished_when_not_claimed CHECK ((state = 'claimed') = (finished_at IS NULL)),
	CONSTRAINT ck_job_run_tried CHECK (attempts > 0),
	CONSTRAINT ck_job_run_runstate CHECK (state IN ('claimed', 'done', 'failed'))
)
--
INSERT INTO new_job_run (job, period, starts_at, state, attempts, fence, holder, run_at, finished_at, missed, result, error)
SELECT job, period, run_at, 'done', 1, 0, '', run_at, run_at, 0, result, ''
FROM job_run
--
DROP TABLE job_run
--
ALTER TABLE new_job_run RENAME TO job_run
--
CREATE INDEX ix_job_run_job_run_at ON job_run (job, run_at)
--
CREATE INDEX ix_job_run_job_state_starts_at ON job_run (job, state, starts_at)
--
CREATE TABLE new_market_bank_line (
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
	CONSTRAINT ck_market_bank_line_linestate CHECK (state IN ('matched', 'queued', 'decided', 'returning', 'returned', 'recorded', 'outgoing', 'handed_over')),
	CONSTRAINT ck_market_bank_line_reason CHECK (reason IN ('no_reference', 'mistyped_reference', 'unknown_reference', 'already_paid', 'not_expected', 'short', 'over', 'payer_differs', 'reopened')),
	CONSTRAINT uq_market_bank_line_returned_serial UNIQUE (returned_serial)
)
--
INSERT INTO new_market_bank_line (place, serial, booked_at, amount, payer_name, payer_account, remark, "references", file_id, line_number, entered_at, entered_by, state, reason, gap, decided_at, decided_by, decided_by_id, note, returned_at, returned_by, returned_serial, id, version)
SELECT place, serial, booked_at, amount, payer_name, payer_account, remark, "references", file_id, line_number, entered_at, entered_by, state, reason, gap, decided_at, decided_by, decided_by_id, note, returned_at, returned_by, returned_serial, id, version
FROM market_bank_line
--
DROP TABLE market_bank_line
--
ALTER TABLE new_market_bank_line RENAME TO market_bank_line
--
CREATE INDEX ix_market_bank_line_booked_at ON market_bank_line (booked_at)
--
CREATE INDEX ix_market_bank_line_file_id ON market_bank_line (file_id)
--
CREATE INDEX ix_market_bank_line_place ON market_bank_line (place)
--
CREATE INDEX ix_market_bank_line_state ON market_bank_line (state)
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
	agreement TEXT,
	product TEXT,
	use_class TEXT,
	value_date DATE,
	reverses_id CHAR(32),
	CONSTRAINT pk_settlement_journal_entry PRIMARY KEY (id),
	CONSTRAINT uq_settlement_journal_entry_cause_cause_id UNIQUE (cause, cause_id),
	CONSTRAINT uq_settlement_journal_entry_place_year_number UNIQUE (place, year, number),
	CONSTRAINT ck_settlement_journal_entry_number_positive CHECK (number > 0),
	CONSTRAINT ck_settlement_journal_entry_only_reversals_reverse CHECK (reverses_id IS NULL OR cause IN ('reversal', 'partial_reversal')),
	CONSTRAINT ck_settlement_journal_entry_cause CHECK (cause IN ('payment_captured', 'bank_line_received', 'bank_line_returned', 'surplus_received', 'balance_topped_up', 'statement_repaid', 'refund_paid', 'dispute_opened', 'dispute_won', 'dispute_lost', 'revenue_earned', 'provider_payout', 'provider_payout_arrived', 'payout_sent', 'payout_confirmed', 'payout_returned', 'clawback_raised', 'clawback_repaid', 'clawback_written_off', 'reversal', 'partial_reversal')),
	CONSTRAINT fk_settlement_journal_entry_reverses_id FOREIGN KEY(reverses_id) REFERENCES settlement_journal_entry (id)
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
CREATE INDEX ix_settlement_journal_entry_agreement ON settlement_journal_entry (agreement)
--
CREATE INDEX ix_settlement_journal_entry_entry_date ON settlement_journal_entry (entry_date)
--
CREATE INDEX ix_settlement_journal_entry_reverses_id ON settlement_journal_entry (reverses_id)
--
CREATE TABLE new_settlement_revenue_line (
	run_id CHAR(32) NOT NULL,
	entitlement_id CHAR(32) NOT NULL,
	order_id CHAR(32) NOT NULL,
	product_id CHAR(32) NOT NULL,
	agreement_id CHAR(32) NOT NULL,
	place TEXT NOT NULL,
	use_class VARCHAR(40) NOT NULL,
	quantity BIGINT NOT NULL,
	billable BIGINT NOT NULL,
	gross BIGINT NOT NULL,
	tax BIGINT NOT NULL,
	net BIGINT NOT NULL,
	shadow BIGINT NOT NULL,
	rating JSON NOT NULL,
	sequence BIGINT,
	continues_id CHAR(32),
	late BIGINT,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_settlement_revenue_line PRIMARY KEY (id),
	CONSTRAINT uq_settlement_revenue_line_run_id_entitlement_id UNIQUE (run_id, entitlement_id),
	CONSTRAINT uq_settlement_revenue_line_entitlement_id_sequence UNIQUE (entitlement_id, sequence),
	CONSTRAINT ck_settlement_revenue_line_counted_from_one CHECK (sequence > 0 AND late >= 0),
	CONSTRAINT ck_settlement_revenue_line_counts_not_negative CHECK (quantity >= 0 AND billable >= 0),
	CONSTRAINT ck_settlement_revenue_line_not_negative CHECK (gross >= 0 AND tax >= 0 AND net >= 0 AND shadow >= 0),
	CONSTRAINT ck_settlement_revenue_line_tax_is_part_of_gross CHECK (gross = net + tax),
	CONSTRAINT ck_settlement_revenue_line_public_interest_is_free CHECK (use_class = 'industry' OR gross = 0),
	CONSTRAINT fk_settlement_revenue_line_run_id FOREIGN KEY(run_id) REFERENCES settlement_run (id),
	CONSTRAINT fk_settlement_revenue_line_entitlement_id FOREIGN KEY(entitlement_id) REFERENCES market_entitlement (id),
	CONSTRAINT fk_settlement_revenue_line_order_id FOREIGN KEY(order_id) REFERENCES market_order (id),
	CONSTRAINT fk_settlement_revenue_line_product_id FOREIGN KEY(product_id) REFERENCES registry_product (id),
	CONSTRAINT fk_settlement_revenue_line_agreement_id FOREIGN KEY(agreement_id) REFERENCES registry_agreement (id),
	CONSTRAINT ck_settlement_revenue_line_useclass CHECK (use_class IN ('industry', 'public_interest')),
	CONSTRAINT fk_settlement_revenue_line_continues_id FOREIGN KEY(continues_id) REFERENCES settlement_revenue_line (id)
)
--
INSERT INTO new_settlement_revenue_line (run_id, entitlement_id, order_id, product_id, agreement_id, place, use_class, quantity, billable, gross, tax, net, shadow, rating, id, version)
SELECT run_id, entitlement_id, order_id, product_id, agreement_id, place, use_class, quantity, billable, gross, tax, net, shadow, rating, id, version
FROM settlement_revenue_line
--
DROP TABLE settlement_revenue_line
--
ALTER TABLE new_settlement_revenue_line RENAME TO settlement_revenue_line
--
CREATE INDEX ix_settlement_revenue_line_agreement_id ON settlement_revenue_line (agreement_id)
--
CREATE INDEX ix_settlement_revenue_line_entitlement_id ON settlement_revenue_line (entitlement_id)
--
CREATE INDEX ix_settlement_revenue_line_order_id ON settlement_revenue_line (order_id)
--
CREATE INDEX ix_settlement_revenue_line_place ON settlement_revenue_line (place)
--
CREATE INDEX ix_settlement_revenue_line_product_id ON settlement_revenue_line (product_id)
--
CREATE TABLE new_settlement_schedule_signature (
	schedule_id CHAR(32) NOT NULL,
	party_id CHAR(32) NOT NULL,
	account TEXT NOT NULL,
	account_id CHAR(32),
	steps_sha256 TEXT NOT NULL,
	content_sha256 TEXT,
	signed_at DATETIME NOT NULL,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_settlement_schedule_signature PRIMARY KEY (id),
	CONSTRAINT uq_settlement_schedule_signature_schedule_id_party_id UNIQUE (schedule_id, party_id),
	CONSTRAINT fk_settlement_schedule_signature_schedule_id FOREIGN KEY(schedule_id) REFERENCES settlement_share_schedule (id),
	CONSTRAINT fk_settlement_schedule_signature_party_id FOREIGN KEY(party_id) REFERENCES registry_party (id)
)
--
INSERT INTO new_settlement_schedule_signature (schedule_id, party_id, account, steps_sha256, signed_at, id, version)
SELECT schedule_id, party_id, account, steps_sha256, signed_at, id, version
FROM settlement_schedule_signature
--
DROP TABLE settlement_schedule_signature
--
ALTER TABLE new_settlement_schedule_signature RENAME TO settlement_schedule_signature
--
CREATE INDEX ix_settlement_schedule_signature_party_id ON settlement_schedule_signature (party_id)
--
CREATE TABLE new_settlement_share_line (
	run_id CHAR(32) NOT NULL,
	revenue_line_id CHAR(32) NOT NULL,
	schedule_id CHAR(32) NOT NULL,
	party_id CHAR(32) NOT NULL,
	step BIGINT NOT NULL,
	amount BIGINT NOT NULL,
	payee_kind VARCHAR(40) NOT NULL,
	reason_code VARCHAR(40) NOT NULL,
	rule JSON NOT NULL,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_settlement_share_line PRIMARY KEY (id),
	CONSTRAINT uq_settlement_share_line_revenue_line_id_step_party_id UNIQUE (revenue_line_id, step, party_id),
	CONSTRAINT ck_settlement_share_line_not_negative CHECK (amount >= 0 AND step >= 1),
	CONSTRAINT ck_settlement_share_line_held_for_a_reason CHECK ((payee_kind = 'held') = (reason_code IN ('PAYEE_RULE_MISSING', 'CONTRIBUTION_OBJECTED'))),
	CONSTRAINT fk_settlement_share_line_run_id FOREIGN KEY(run_id) REFERENCES settlement_run (id),
	CONSTRAINT fk_settlement_share_line_revenue_line_id FOREIGN KEY(revenue_line_id) REFERENCES settlement_revenue_line (id),
	CONSTRAINT fk_settlement_share_line_schedule_id FOREIGN KEY(schedule_id) REFERENCES settlement_share_schedule (id),
	CONSTRAINT fk_settlement_share_line_party_id FOREIGN KEY(party_id) REFERENCES registry_party (id),
	CONSTRAINT ck_settlement_share_line_payeekind CHECK (payee_kind IN ('own_account', 'treasury_non_tax', 'held')),
	CONSTRAINT ck_settlement_share_line_payeereason CHECK (reason_code IN ('ENTERPRISE', 'ADMINISTRATIVE_UNIT', 'INSTITUTION_RULE', 'PAYEE_RULE_MISSING', 'CONTRIBUTION_OBJECTED'))
)
--
INSERT INTO new_settlement_share_line (run_id, revenue_line_id, schedule_id, party_id, step, amount, payee_kind, reason_code, rule, id, version)
SELECT run_id, revenue_line_id, schedule_id, party_id, step, amount, payee_kind, reason_code, rule, id, version
FROM settlement_share_line
--
DROP TABLE settlement_share_line
--
ALTER TABLE new_settlement_share_line RENAME TO settlement_share_line
--
CREATE INDEX ix_settlement_share_line_party_id ON settlement_share_line (party_id)
--
CREATE INDEX ix_settlement_share_line_run_id ON settlement_share_line (run_id)
--
CREATE INDEX ix_settlement_share_line_schedule_id ON settlement_share_line (schedule_id)
--
CREATE TABLE new_settlement_share_schedule (
	number TEXT NOT NULL,
	place TEXT NOT NULL,
	agreement_id CHAR(32) NOT NULL,
	product_id CHAR(32),
	scope TEXT NOT NULL,
	version_number BIGINT NOT NULL,
	valid_from DATE NOT NULL,
	valid_until DATE,
	clause TEXT DEFAULT '' NOT NULL,
	steps JSON NOT NULL,
	non_money JSON DEFAULT '[]' NOT NULL,
	parties JSON NOT NULL,
	state VARCHAR(40) NOT NULL,
	made_at DATETIME NOT NULL,
	made_by TEXT NOT NULL,
	made_by_id CHAR(32),
	signed_at DATETIME,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_settlement_share_schedule PRIMARY KEY (id),
	CONSTRAINT uq_settlement_share_schedule_agreement_id_scope_version_number UNIQUE (agreement_id, scope, version_number),
	CONSTRAINT ck_settlement_share_schedule_version_from_one CHECK (version_number >= 1),
	CONSTRAINT ck_settlement_share_schedule_ends_after_start CHECK (valid_until IS NULL OR valid_until >= valid_from),
	CONSTRAINT ck_settlement_share_schedule_signed_at_known CHECK ((state = 'signed') = (signed_at IS NOT NULL)),
	CONSTRAINT uq_settlement_share_schedule_number UNIQUE (number),
	CONSTRAINT fk_settlement_share_schedule_agreement_id FOREIGN KEY(agreement_id) REFERENCES registry_agreement (id),
	CONSTRAINT fk_settlement_share_schedule_product_id FOREIGN KEY(product_id) REFERENCES registry_product (id),
	CONSTRAINT ck_settlement_share_schedule_schedulestate CHECK (state IN ('draft', 'signed'))
)
--
INSERT INTO new_settlement_share_schedule (number, place, agreement_id, product_id, scope, version_number, valid_from, clause, steps, non_money, parties, state, made_at, made_by, signed_at, id, version)
SELECT number, place, agreement_id, product_id, scope, version_number, valid_from, '', steps, '[]', parties, state, made_at, made_by, signed_at, id, version
FROM settlement_share_schedule
--
DROP TABLE settlement_share_schedule
--
ALTER TABLE new_settlement_share_schedule RENAME TO settlement_share_schedule
--
CREATE INDEX ix_settlement_share_schedule_place ON settlement_share_schedule (place)
--
CREATE INDEX ix_settlement_share_schedule_product_id ON settlement_share_schedule (product_id)
--
CREATE TABLE new_settlement_statement (
	number TEXT NOT NULL,
	run_id CHAR(32) NOT NULL,
	run_number TEXT NOT NULL,
	party_id CHAR(32) NOT NULL,
	party_name TEXT,
	party_uscc TEXT,
	place TEXT NOT NULL,
	period_start DATE NOT NULL,
	period_end DATE NOT NULL,
	total BIGINT NOT NULL,
	payees JSON NOT NULL,
	lines JSON NOT NULL,
	sha256 TEXT NOT NULL,
	issued_at DATETIME NOT NULL,
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_settlement_statement PRIMARY KEY (id),
	CONSTRAINT uq_settlement_statement_run_id_party_id UNIQUE (run_id, party_id),
	CONSTRAINT ck_settlement_statement_not_negative CHECK (total >= 0),
	CONSTRAINT ck_settlement_statement_sha256_hex CHECK (length(sha256) = 64),
	CONSTRAINT uq_settlement_statement_number UNIQUE (number),
	CONSTRAINT fk_settlement_statement_run_id FOREIGN KEY(run_id) REFERENCES settlement_run (id),
	CONSTRAINT fk_settlement_statement_party_id FOREIGN KEY(party_id) REFERENCES registry_party (id)
)
--
INSERT INTO new_settlement_statement (number, run_id, run_number, party_id, place, period_start, period_end, total, payees, lines, sha256, issued_at, id, version)
SELECT number, run_id, run_number, party_id, place, period_start, period_end, total, payees, lines, sha256, issued_at, id, version
FROM settlement_statement
--
DROP TABLE settlement_statement
--
ALTER TABLE new_settlement_statement RENAME TO settlement_statement
--
CREATE INDEX ix_settlement_statement_party_id ON settlement_statement (party_id)
--
CREATE INDEX ix_settlement_statement_place ON settlement_statement (place)
--
CREATE TABLE new_settlement_usage_event (
	id CHAR(32) NOT NULL,
	place TEXT NOT NULL,
	entitlement_id CHAR(32) NOT NULL,
	product_id CHAR(32) NOT NULL,
	source TEXT,
	occurred_at DATETIME NOT NULL,
	day_number BIGINT NOT NULL,
	received_at DATETIME NOT NULL,
	stored_at DATETIME NOT NULL,
	client_reference TEXT NOT NULL,
	quantity BIGINT NOT NULL,
	subject_kind TEXT,
	subject TEXT,
	hit BOOLEAN NOT NULL,
	channel VARCHAR(40) NOT NULL,
	CONSTRAINT pk_settlement_usage_event PRIMARY KEY (id),
	CONSTRAINT ck_settlement_usage_event_at_least_one CHECK (quantity >= 1),
	CONSTRAINT ck_settlement_usage_event_channel CHECK (channel IN ('exchange', 'import'))
)
--
INSERT INTO new_settlement_usage_event (id, place, entitlement_id, product_id, occurred_at, day_number, received_at, stored_at, client_reference, quantity, subject_kind, subject, hit, channel)
SELECT id, place, entitlement_id, product_id, occurred_at, day_number, received_at, received_at, client_reference, quantity, subject_kind, subject, hit, channel
FROM settlement_usage_event
--
DROP TABLE settlement_usage_event
--
ALTER TABLE new_settlement_usage_event RENAME TO settlement_usage_event
--
CREATE UNIQUE INDEX ix_settlement_usage_event_entitlement_id_client_reference ON settlement_usage_event (entitlement_id, client_reference) WHERE source IS NULL
--
CREATE INDEX ix_settlement_usage_event_entitlement_id_day_number ON settlement_usage_event (entitlement_id, day_number)
--
CREATE INDEX ix_settlement_usage_event_entitlement_id_subject_day_number ON settlement_usage_event (entitlement_id, subject, day_number) WHERE subject IS NOT NULL
--
CREATE UNIQUE INDEX ix_settlement_usage_event_source_client_reference ON settlement_usage_event (source, client_reference) WHERE source IS NOT NULL
--
CREATE INDEX ix_settlement_usage_event_stored_at ON settlement_usage_event (stored_at)
--
CREATE TRIGGER audit_leaves_no_update BEFORE UPDATE ON audit_leaves BEGIN SELECT RAISE(ABORT, 'audit_leaves is append-only: book a correction instead'); END
--
CREATE TRIGGER audit_leaves_no_delete BEFORE DELETE ON audit_leaves BEGIN SELECT RAISE(ABORT, 'audit_leaves is append-only: book a correction instead'); END
--
CREATE TRIGGER audit_seal_no_update BEFORE UPDATE ON audit_seal BEGIN SELECT RAISE(ABORT, 'audit_seal is append-only: book a correction instead'); END
--
CREATE TRIGGER audit_seal_no_delete BEFORE DELETE ON audit_seal BEGIN SELECT RAISE(ABORT, 'audit_seal is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_anchor_no_update BEFORE UPDATE ON settlement_anchor BEGIN SELECT RAISE(ABORT, 'settlement_anchor is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_anchor_no_delete BEFORE DELETE ON settlement_anchor BEGIN SELECT RAISE(ABORT, 'settlement_anchor is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_archived_day_no_update BEFORE UPDATE ON settlement_archived_day BEGIN SELECT RAISE(ABORT, 'settlement_archived_day is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_archived_day_no_delete BEFORE DELETE ON settlement_archived_day BEGIN SELECT RAISE(ABORT, 'settlement_archived_day is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_break_frozen BEFORE UPDATE ON settlement_break WHEN NEW.number <> OLD.number OR NEW.fingerprint <> OLD.fingerprint OR NEW.kind <> OLD.kind OR NEW.place <> OLD.place OR NEW.reference <> OLD.reference OR NEW.found_at <> OLD.found_at BEGIN SELECT RAISE(ABORT, 'a break stays what it was found as'); END
--
CREATE TRIGGER settlement_break_two_people BEFORE UPDATE ON settlement_break WHEN NEW.state = 'closed' AND OLD.state <> 'closed' AND NOT EXISTS (SELECT 1 FROM settlement_break_step AS c JOIN settlement_break_step AS p ON p.id = c.answers_id WHERE c.break_id = NEW.id AND c.act = 'confirm' AND p.act = 'propose' AND c.actor_id <> p.actor_id AND c.sha256 = p.sha256) BEGIN SELECT RAISE(ABORT, 'a break is closed by a second person'); END
--
CREATE TRIGGER settlement_break_kept BEFORE DELETE ON settlement_break WHEN OLD.id = OLD.id BEGIN SELECT RAISE(ABORT, 'a break is kept'); END
--
CREATE TRIGGER settlement_closing_overlap BEFORE INSERT ON settlement_closing WHEN EXISTS (SELECT 1 FROM settlement_closing AS c WHERE c.place = NEW.place AND c.period_start < NEW.period_end AND NEW.period_start < c.period_end) BEGIN SELECT RAISE(ABORT, 'periods of one book do not overlap'); END
--
CREATE TRIGGER settlement_closing_closed BEFORE UPDATE ON settlement_closing WHEN OLD.state = 'closed' OR NEW.place <> OLD.place OR NEW.period_start <> OLD.period_start OR NEW.period_end <> OLD.period_end BEGIN SELECT RAISE(ABORT, 'a closed period is not changed'); END
--
CREATE TRIGGER settlement_closing_kept BEFORE DELETE ON settlement_closing WHEN OLD.id = OLD.id BEGIN SELECT RAISE(ABORT, 'a closing is kept'); END
--
CREATE TRIGGER settlement_contribution_notice_shown BEFORE UPDATE ON settlement_contribution_notice WHEN OLD.state <> 'draft' OR NEW.number <> OLD.number OR NEW.place <> OLD.place OR NEW.revision <> OLD.revision OR NEW.period_start <> OLD.period_start OR NEW.period_end <> OLD.period_end OR NEW.inputs_sha256 <> OLD.inputs_sha256 OR NEW.drawn_by <> OLD.drawn_by BEGIN SELECT RAISE(ABORT, 'what was shown to the departments is not changed'); END
--
CREATE TRIGGER settlement_journal_entry_no_update BEFORE UPDATE ON settlement_journal_entry BEGIN SELECT RAISE(ABORT, 'settlement_journal_entry is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_journal_entry_no_delete BEFORE DELETE ON settlement_journal_entry BEGIN SELECT RAISE(ABORT, 'settlement_journal_entry is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_journal_entry_balanced BEFORE INSERT ON settlement_journal_entry WHEN (SELECT count(*) FROM settlement_journal_line AS l WHERE l.entry_id = NEW.id) < 2 OR (SELECT sum(l.amount) FROM settlement_journal_line AS l WHERE l.entry_id = NEW.id) <> 0 BEGIN SELECT RAISE(ABORT, 'journal entry is not balanced'); END
--
CREATE TRIGGER settlement_journal_entry_sealed BEFORE INSERT ON settlement_journal_entry WHEN EXISTS (SELECT 1 FROM settlement_run AS r WHERE r.place = NEW.place AND r.state = 'sealed' AND r.period_start <= NEW.entry_date AND NEW.entry_date < r.period_end) BEGIN SELECT RAISE(ABORT, 'the period is sealed: book into an open one'); END
--
CREATE TRIGGER settlement_journal_entry_period BEFORE INSERT ON settlement_journal_entry WHEN EXISTS (SELECT 1 FROM settlement_closing AS c WHERE c.place = NEW.place AND c.state = 'closed' AND c.period_start <= NEW.entry_date AND NEW.entry_date < c.period_end) BEGIN SELECT RAISE(ABORT, 'the period is closed: book into an open one'); END
--
CREATE TRIGGER settlement_journal_entry_over_reversed BEFORE INSERT ON settlement_journal_entry WHEN NEW.reverses_id IS NOT NULL AND EXISTS (SELECT 1 FROM settlement_journal_line AS n WHERE n.entry_id = NEW.id AND (SELECT abs(sum(r.amount)) FROM settlement_journal_line AS r WHERE r.account = n.account AND (r.amount > 0) = (n.amount > 0) AND (r.entry_id = NEW.id OR r.entry_id IN (SELECT e.id FROM settlement_journal_entry AS e WHERE e.reverses_id = NEW.reverses_id))) > (SELECT coalesce(abs(sum(o.amount)), 0) FROM settlement_journal_line AS o WHERE o.entry_id = NEW.reverses_id AND o.account = n.account AND (o.amount > 0) = (n.amount < 0))) BEGIN SELECT RAISE(ABORT, 'more is reversed than was booked'); END
--
CREATE TRIGGER settlement_journal_entry_reversed_deep BEFORE INSERT ON settlement_journal_entry WHEN NEW.reverses_id IS NOT NULL AND EXISTS (SELECT 1 FROM settlement_journal_entry AS first WHERE first.id = NEW.reverses_id AND first.reverses_id IS NOT NULL AND (NEW.cause = 'partial_reversal' OR EXISTS (SELECT 1 FROM settlement_journal_entry AS root WHERE root.id = first.reverses_id AND root.reverses_id IS NOT NULL))) BEGIN SELECT RAISE(ABORT, 'a reversal is reversed whole, and once'); END
--
CREATE TRIGGER settlement_payout_batch_frozen BEFORE UPDATE ON settlement_payout_batch WHEN OLD.state IN ('done', 'cancelled') OR NEW.place <> OLD.place OR NEW.channel <> OLD.channel OR NEW.total <> OLD.total OR NEW.prepared_by_id <> OLD.prepared_by_id OR NEW.sha256 <> OLD.sha256 OR (OLD.checked_by_id IS NOT NULL AND NEW.checked_by_id IS DISTINCT FROM OLD.checked_by_id) OR (OLD.sent_by_id IS NOT NULL AND NEW.sent_by_id IS DISTINCT FROM OLD.sent_by_id) BEGIN SELECT RAISE(ABORT, 'a batch keeps what it is'); END
--
CREATE TRIGGER settlement_provider_file_no_update BEFORE UPDATE ON settlement_provider_file BEGIN SELECT RAISE(ABORT, 'settlement_provider_file is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_provider_file_no_delete BEFORE DELETE ON settlement_provider_file BEGIN SELECT RAISE(ABORT, 'settlement_provider_file is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_reconciliation_run_no_update BEFORE UPDATE ON settlement_reconciliation_run BEGIN SELECT RAISE(ABORT, 'settlement_reconciliation_run is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_reconciliation_run_no_delete BEFORE DELETE ON settlement_reconciliation_run BEGIN SELECT RAISE(ABORT, 'settlement_reconciliation_run is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_usage_event_no_update BEFORE UPDATE ON settlement_usage_event BEGIN SELECT RAISE(ABORT, 'settlement_usage_event is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_usage_event_no_delete BEFORE DELETE ON settlement_usage_event BEGIN SELECT RAISE(ABORT, 'settlement_usage_event is append-only: book a correction instead'); END
--
CREATE TRIGGER market_bank_line_frozen BEFORE UPDATE ON market_bank_line WHEN NEW.amount <> OLD.amount OR NEW.serial <> OLD.serial OR NEW.place <> OLD.place OR NEW.booked_at <> OLD.booked_at OR NEW.payer_name <> OLD.payer_name OR NEW.remark <> OLD.remark BEGIN SELECT RAISE(ABORT, 'a line stays as the bank wrote it'); END
--
CREATE TRIGGER settlement_break_step_no_update BEFORE UPDATE ON settlement_break_step BEGIN SELECT RAISE(ABORT, 'settlement_break_step is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_break_step_no_delete BEFORE DELETE ON settlement_break_step BEGIN SELECT RAISE(ABORT, 'settlement_break_step is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_journal_line_no_update BEFORE UPDATE ON settlement_journal_line BEGIN SELECT RAISE(ABORT, 'settlement_journal_line is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_journal_line_no_delete BEFORE DELETE ON settlement_journal_line BEGIN SELECT RAISE(ABORT, 'settlement_journal_line is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_journal_line_closed BEFORE INSERT ON settlement_journal_line WHEN EXISTS (SELECT 1 FROM settlement_journal_entry AS e WHERE e.id = NEW.entry_id) BEGIN SELECT RAISE(ABORT, 'journal entry is booked already'); END
--
CREATE TRIGGER settlement_payee_account_frozen BEFORE UPDATE ON settlement_payee_account WHEN OLD.state <> 'asked' OR NEW.party_id IS DISTINCT FROM OLD.party_id OR NEW.place <> OLD.place OR NEW.kind <> OLD.kind OR NEW.holder <> OLD.holder OR NEW.sealed_number <> OLD.sealed_number OR NEW.number_digest <> OLD.number_digest OR NEW.shown <> OLD.shown OR NEW.bank <> OLD.bank OR NEW.bank_code <> OLD.bank_code OR NEW.item_code <> OLD.item_code OR NEW.asked_by_id <> OLD.asked_by_id BEGIN SELECT RAISE(ABORT, 'an account is replaced, never changed'); END
--
CREATE TRIGGER settlement_payee_freeze_kept BEFORE UPDATE ON settlement_payee_freeze WHEN OLD.lifted_at IS NOT NULL OR NEW.party_id <> OLD.party_id OR NEW.place <> OLD.place OR NEW.document <> OLD.document OR NEW.placed_at <> OLD.placed_at BEGIN SELECT RAISE(ABORT, 'an order stays as it was placed'); END
--
CREATE TRIGGER settlement_period_root_no_update BEFORE UPDATE ON settlement_period_root BEGIN SELECT RAISE(ABORT, 'settlement_period_root is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_period_root_no_delete BEFORE DELETE ON settlement_period_root BEGIN SELECT RAISE(ABORT, 'settlement_period_root is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_provider_batch_no_update BEFORE UPDATE ON settlement_provider_batch BEGIN SELECT RAISE(ABORT, 'settlement_provider_batch is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_provider_batch_no_delete BEFORE DELETE ON settlement_provider_batch BEGIN SELECT RAISE(ABORT, 'settlement_provider_batch is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_provider_line_no_update BEFORE UPDATE ON settlement_provider_line BEGIN SELECT RAISE(ABORT, 'settlement_provider_line is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_provider_line_no_delete BEFORE DELETE ON settlement_provider_line BEGIN SELECT RAISE(ABORT, 'settlement_provider_line is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_statement_no_update BEFORE UPDATE ON settlement_statement BEGIN SELECT RAISE(ABORT, 'settlement_statement is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_statement_no_delete BEFORE DELETE ON settlement_statement BEGIN SELECT RAISE(ABORT, 'settlement_statement is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_statement_closed BEFORE INSERT ON settlement_statement WHEN EXISTS (SELECT 1 FROM settlement_run AS r WHERE r.id = NEW.run_id AND r.state = 'sealed') BEGIN SELECT RAISE(ABORT, 'the period is sealed'); END
--
CREATE TRIGGER settlement_anchored_root_no_update BEFORE UPDATE ON settlement_anchored_root BEGIN SELECT RAISE(ABORT, 'settlement_anchored_root is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_anchored_root_no_delete BEFORE DELETE ON settlement_anchored_root BEGIN SELECT RAISE(ABORT, 'settlement_anchored_root is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_clawback_no_update BEFORE UPDATE ON settlement_clawback BEGIN SELECT RAISE(ABORT, 'settlement_clawback is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_clawback_no_delete BEFORE DELETE ON settlement_clawback BEGIN SELECT RAISE(ABORT, 'settlement_clawback is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_payee_notice_no_update BEFORE UPDATE ON settlement_payee_notice BEGIN SELECT RAISE(ABORT, 'settlement_payee_notice is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_payee_notice_no_delete BEFORE DELETE ON settlement_payee_notice BEGIN SELECT RAISE(ABORT, 'settlement_payee_notice is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_payout_own BEFORE INSERT ON settlement_payout WHEN (NEW.destination = 'own_account' AND EXISTS (SELECT 1 FROM registry_party AS p WHERE p.id = NEW.party_id AND p.kind = 'administrative_unit')) OR EXISTS (SELECT 1 FROM settlement_statement AS s WHERE s.id = NEW.statement_id AND s.party_id <> NEW.party_id) OR EXISTS (SELECT 1 FROM settlement_payee_account AS a WHERE a.id = NEW.account_id AND (a.state <> 'confirmed' OR a.place <> NEW.place OR (a.party_id IS NOT NULL AND a.party_id <> NEW.party_id) OR (a.party_id IS NULL AND NEW.destination <> 'treasury_non_tax') OR (a.party_id IS NOT NULL AND NEW.destination <> 'own_account'))) BEGIN SELECT RAISE(ABORT, 'not its own account'); END
--
CREATE TRIGGER settlement_payout_frozen BEFORE UPDATE ON settlement_payout WHEN OLD.state IN ('confirmed', 'returned', 'cancelled') OR NEW.amount <> OLD.amount OR NEW.gross <> OLD.gross OR NEW.netted <> OLD.netted OR NEW.key <> OLD.key OR NEW.account_id <> OLD.account_id OR NEW.statement_id <> OLD.statement_id OR NEW.batch_id <> OLD.batch_id BEGIN SELECT RAISE(ABORT, 'a payout keeps what it is'); END
--
CREATE TRIGGER settlement_payout_three BEFORE UPDATE ON settlement_payout WHEN NEW.state IN ('sent', 'unknown', 'short', 'confirmed') AND NOT EXISTS (SELECT 1 FROM settlement_payout_batch AS b WHERE b.id = NEW.batch_id AND b.checked_by_id IS NOT NULL AND b.sent_by_id IS NOT NULL AND b.checked_by_id <> b.prepared_by_id AND b.sent_by_id <> b.prepared_by_id AND b.sent_by_id <> b.checked_by_id) BEGIN SELECT RAISE(ABORT, 'three people prepare, check and send'); END
--
CREATE TRIGGER settlement_payout_arrival_no_update BEFORE UPDATE ON settlement_payout_arrival BEGIN SELECT RAISE(ABORT, 'settlement_payout_arrival is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_payout_arrival_no_delete BEFORE DELETE ON settlement_payout_arrival BEGIN SELECT RAISE(ABORT, 'settlement_payout_arrival is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_payout_arrival_line BEFORE INSERT ON settlement_payout_arrival WHEN NOT EXISTS (SELECT 1 FROM market_bank_line AS l WHERE l.id = NEW.bank_line_id AND l.place = NEW.place AND l.amount = NEW.amount) OR EXISTS (SELECT 1 FROM settlement_payout_arrival AS a WHERE a.bank_line_id = NEW.bank_line_id AND NOT EXISTS (SELECT 1 FROM settlement_payout_arrival_release AS r WHERE r.arrival_id = a.id)) BEGIN SELECT RAISE(ABORT, 'a credit is one payout, in its whole amount'); END
--
CREATE TRIGGER settlement_payout_arrival_covered BEFORE INSERT ON settlement_payout_arrival WHEN NEW.amount + (SELECT coalesce(sum(a.amount), 0) FROM settlement_payout_arrival AS a WHERE a.payout_id = NEW.payout_id AND NOT EXISTS (SELECT 1 FROM settlement_payout_arrival_release AS r WHERE r.arrival_id = a.id)) > coalesce((SELECT p.amount FROM settlement_provider_line AS p WHERE p.id = NEW.payout_id AND p.place = NEW.place AND p.flow = 'payout'), 0) BEGIN SELECT RAISE(ABORT, 'no more arrives than was paid out'); END
--
CREATE TRIGGER settlement_root_part_no_update BEFORE UPDATE ON settlement_root_part BEGIN SELECT RAISE(ABORT, 'settlement_root_part is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_root_part_no_delete BEFORE DELETE ON settlement_root_part BEGIN SELECT RAISE(ABORT, 'settlement_root_part is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_clawback_netting_covered BEFORE INSERT ON settlement_clawback_netting WHEN NEW.amount + (SELECT coalesce(sum(n.amount), 0) FROM settlement_clawback_netting AS n WHERE n.clawback_id = NEW.clawback_id AND n.released_at IS NULL) + (SELECT coalesce(sum(r.amount), 0) FROM settlement_clawback_recovery AS r WHERE r.clawback_id = NEW.clawback_id AND r.state IN ('asked', 'confirmed')) > (SELECT c.amount FROM settlement_clawback AS c WHERE c.id = NEW.clawback_id) BEGIN SELECT RAISE(ABORT, 'more than is owed'); END
--
CREATE TRIGGER settlement_clawback_netting_frozen BEFORE UPDATE ON settlement_clawback_netting WHEN NEW.clawback_id <> OLD.clawback_id OR NEW.payout_id <> OLD.payout_id OR NEW.amount <> OLD.amount OR OLD.released_at IS NOT NULL BEGIN SELECT RAISE(ABORT, 'a netting is released, never changed'); END
--
CREATE TRIGGER settlement_clawback_recovery_covered BEFORE INSERT ON settlement_clawback_recovery WHEN NEW.amount + (SELECT coalesce(sum(n.amount), 0) FROM settlement_clawback_netting AS n WHERE n.clawback_id = NEW.clawback_id AND n.released_at IS NULL) + (SELECT coalesce(sum(r.amount), 0) FROM settlement_clawback_recovery AS r WHERE r.clawback_id = NEW.clawback_id AND r.state IN ('asked', 'confirmed')) > (SELECT c.amount FROM settlement_clawback AS c WHERE c.id = NEW.clawback_id) BEGIN SELECT RAISE(ABORT, 'more than is owed'); END
--
CREATE TRIGGER settlement_clawback_recovery_frozen BEFORE UPDATE ON settlement_clawback_recovery WHEN NEW.clawback_id <> OLD.clawback_id OR NEW.amount <> OLD.amount OR NEW.kind <> OLD.kind OR OLD.state <> 'asked' BEGIN SELECT RAISE(ABORT, 'a decided recovery is not changed'); END
--
CREATE TRIGGER settlement_payout_arrival_release_no_update BEFORE UPDATE ON settlement_payout_arrival_release BEGIN SELECT RAISE(ABORT, 'settlement_payout_arrival_release is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_payout_arrival_release_no_delete BEFORE DELETE ON settlement_payout_arrival_release BEGIN SELECT RAISE(ABORT, 'settlement_payout_arrival_release is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_payout_item_frozen BEFORE UPDATE ON settlement_payout_item WHEN NEW.amount <> OLD.amount OR NEW.payout_id <> OLD.payout_id OR NEW.statement_id <> OLD.statement_id OR NEW.order_number <> OLD.order_number OR NEW.account <> OLD.account OR (OLD.slot IS NULL AND NEW.slot IS NOT NULL) BEGIN SELECT RAISE(ABORT, 'an item keeps what it is'); END
--
CREATE TRIGGER settlement_payout_resolution_final BEFORE UPDATE ON settlement_payout_resolution WHEN (OLD.state <> 'proposed' AND (NEW.state <> OLD.state OR NEW.decided_by_id IS DISTINCT FROM OLD.decided_by_id)) OR NEW.file_sha256 IS DISTINCT FROM OLD.file_sha256 OR NEW.place <> OLD.place OR NEW.payout_id <> OLD.payout_id OR NEW.fate <> OLD.fate OR NEW.bank_line <> OLD.bank_line OR NEW.provider_reference <> OLD.provider_reference OR NEW.words <> OLD.words OR NEW.proposed_at <> OLD.proposed_at OR NEW.proposed_by_id <> OLD.proposed_by_id BEGIN SELECT RAISE(ABORT, 'a proposal stays as it was made and is decided once'); END
--
CREATE TRIGGER settlement_payout_resolution_kept BEFORE DELETE ON settlement_payout_resolution WHEN OLD.id = OLD.id BEGIN SELECT RAISE(ABORT, 'a proposal is kept'); END
--
CREATE TRIGGER settlement_share_schedule_frozen BEFORE UPDATE ON settlement_share_schedule WHEN OLD.state = 'signed' OR COALESCE(CAST(NEW.valid_until AS TEXT), '') <> COALESCE(CAST(OLD.valid_until AS TEXT), '') OR CAST(NEW.non_money AS TEXT) <> CAST(OLD.non_money AS TEXT) OR CAST(NEW.steps AS TEXT) <> CAST(OLD.steps AS TEXT) OR CAST(NEW.parties AS TEXT) <> CAST(OLD.parties AS TEXT) OR NEW.number <> OLD.number OR NEW.place <> OLD.place OR NEW.agreement_id <> OLD.agreement_id OR NEW.scope <> OLD.scope OR NEW.version_number <> OLD.version_number OR NEW.valid_from <> OLD.valid_from OR NEW.clause <> OLD.clause OR NEW.made_at <> OLD.made_at BEGIN SELECT RAISE(ABORT, 'a schedule keeps what was agreed: draw up a new version'); END
--
CREATE TRIGGER settlement_contribution_figure_no_update BEFORE UPDATE ON settlement_contribution_figure BEGIN SELECT RAISE(ABORT, 'settlement_contribution_figure is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_contribution_figure_no_delete BEFORE DELETE ON settlement_contribution_figure BEGIN SELECT RAISE(ABORT, 'settlement_contribution_figure is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_schedule_signature_no_update BEFORE UPDATE ON settlement_schedule_signature BEGIN SELECT RAISE(ABORT, 'settlement_schedule_signature is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_schedule_signature_no_delete BEFORE DELETE ON settlement_schedule_signature BEGIN SELECT RAISE(ABORT, 'settlement_schedule_signature is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_contribution_objection_closed BEFORE UPDATE ON settlement_contribution_objection WHEN OLD.state <> 'filed' OR NEW.figure_id <> OLD.figure_id OR NEW.factor <> OLD.factor OR NEW.claimed <> OLD.claimed OR NEW.grounds <> OLD.grounds OR NEW.filed_by <> OLD.filed_by BEGIN SELECT RAISE(ABORT, 'an objection is decided once'); END
--
CREATE TRIGGER settlement_order_terms_no_update BEFORE UPDATE ON settlement_order_terms BEGIN SELECT RAISE(ABORT, 'settlement_order_terms is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_order_terms_no_delete BEFORE DELETE ON settlement_order_terms BEGIN SELECT RAISE(ABORT, 'settlement_order_terms is append-only: book a correction instead'); END
--
CREATE TRIGGER market_bank_line_share_no_update BEFORE UPDATE ON market_bank_line_share BEGIN SELECT RAISE(ABORT, 'market_bank_line_share is append-only: book a correction instead'); END
--
CREATE TRIGGER market_bank_line_share_no_delete BEFORE DELETE ON market_bank_line_share BEGIN SELECT RAISE(ABORT, 'market_bank_line_share is append-only: book a correction instead'); END
--
CREATE TRIGGER market_bank_line_share_covered BEFORE INSERT ON market_bank_line_share WHEN NEW.amount + (SELECT coalesce(sum(s.amount), 0) FROM market_bank_line_share AS s WHERE s.line_id = NEW.line_id AND NOT EXISTS (SELECT 1 FROM market_bank_line_release AS r WHERE r.share_id = s.id)) > (SELECT l.amount FROM market_bank_line AS l WHERE l.id = NEW.line_id) BEGIN SELECT RAISE(ABORT, 'a line goes nowhere twice'); END
--
CREATE TRIGGER settlement_revenue_line_no_update BEFORE UPDATE ON settlement_revenue_line BEGIN SELECT RAISE(ABORT, 'settlement_revenue_line is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_revenue_line_no_delete BEFORE DELETE ON settlement_revenue_line BEGIN SELECT RAISE(ABORT, 'settlement_revenue_line is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_revenue_line_closed BEFORE INSERT ON settlement_revenue_line WHEN EXISTS (SELECT 1 FROM settlement_run AS r WHERE r.id = NEW.run_id AND r.state = 'sealed') BEGIN SELECT RAISE(ABORT, 'the period is sealed'); END
--
CREATE TRIGGER settlement_usage_day_no_update BEFORE UPDATE ON settlement_usage_day BEGIN SELECT RAISE(ABORT, 'settlement_usage_day is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_usage_day_no_delete BEFORE DELETE ON settlement_usage_day BEGIN SELECT RAISE(ABORT, 'settlement_usage_day is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_share_line_no_update BEFORE UPDATE ON settlement_share_line BEGIN SELECT RAISE(ABORT, 'settlement_share_line is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_share_line_no_delete BEFORE DELETE ON settlement_share_line BEGIN SELECT RAISE(ABORT, 'settlement_share_line is append-only: book a correction instead'); END
--
CREATE TRIGGER settlement_share_line_closed BEFORE INSERT ON settlement_share_line WHEN EXISTS (SELECT 1 FROM settlement_run AS r WHERE r.id = NEW.run_id AND r.state = 'sealed') BEGIN SELECT RAISE(ABORT, 'the period is sealed'); END
--
CREATE TRIGGER settlement_share_line_payee BEFORE INSERT ON settlement_share_line WHEN NEW.payee_kind = 'own_account' AND EXISTS (SELECT 1 FROM registry_party AS p WHERE p.id = NEW.party_id AND p.kind = 'administrative_unit') BEGIN SELECT RAISE(ABORT, 'income of an administrative unit goes to the treasury (REV-05)'); END
