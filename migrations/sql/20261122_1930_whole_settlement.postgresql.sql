DROP TRIGGER IF EXISTS audit_seal_no_update ON audit_seal
--
DROP TRIGGER IF EXISTS audit_seal_no_delete ON audit_seal
--
DROP TRIGGER IF EXISTS audit_seal_no_truncate ON audit_seal
--
DROP TRIGGER IF EXISTS settlement_journal_entry_no_update ON settlement_journal_entry
--
DROP TRIGGER IF EXISTS settlement_journal_entry_no_delete ON settlement_journal_entry
--
DROP TRIGGER IF EXISTS settlement_journal_entry_no_truncate ON settlement_journal_entry
--
DROP TRIGGER IF EXISTS settlement_journal_entry_balanced ON settlement_journal_entry
--
DROP TRIGGER IF EXISTS settlement_journal_entry_sealed ON settlement_journal_entry
--
DROP TRIGGER IF EXISTS settlement_journal_entry_period ON settlement_journal_entry
--
DROP TRIGGER IF EXISTS settlement_journal_entry_over_reversed ON settlement_journal_entry
--
DROP TRIGGER IF EXISTS settlement_journal_entry_reversed_deep ON settlement_journal_entry
--
DROP TRIGGER IF EXISTS settlement_usage_event_no_update ON settlement_usage_event
--
DROP TRIGGER IF EXISTS settlement_usage_event_no_delete ON settlement_usage_event
--
DROP TRIGGER IF EXISTS settlement_usage_event_no_truncate ON settlement_usage_event
--
DROP TRIGGER IF EXISTS market_bank_line_frozen ON market_bank_line
--
DROP TRIGGER IF EXISTS settlement_journal_line_no_update ON settlement_journal_line
--
DROP TRIGGER IF EXISTS settlement_journal_line_no_delete ON settlement_journal_line
--
DROP TRIGGER IF EXISTS settlement_journal_line_no_truncate ON settlement_journal_line
--
DROP TRIGGER IF EXISTS settlement_journal_line_closed ON settlement_journal_line
--
DROP TRIGGER IF EXISTS settlement_statement_no_update ON settlement_statement
--
DROP TRIGGER IF EXISTS settlement_statement_no_delete ON settlement_statement
--
DROP TRIGGER IF EXISTS settlement_statement_no_truncate ON settlement_statement
--
DROP TRIGGER IF EXISTS settlement_statement_closed ON settlement_statement
--
DROP TRIGGER IF EXISTS settlement_share_schedule_frozen ON settlement_share_schedule
--
DROP TRIGGER IF EXISTS settlement_schedule_signature_no_update ON settlement_schedule_signature
--
DROP TRIGGER IF EXISTS settlement_schedule_signature_no_delete ON settlement_schedule_signature
--
DROP TRIGGER IF EXISTS settlement_schedule_signature_no_truncate ON settlement_schedule_signature
--
DROP TRIGGER IF EXISTS market_bank_line_share_no_update ON market_bank_line_share
--
DROP TRIGGER IF EXISTS market_bank_line_share_no_delete ON market_bank_line_share
--
DROP TRIGGER IF EXISTS market_bank_line_share_no_truncate ON market_bank_line_share
--
DROP TRIGGER IF EXISTS market_bank_line_share_covered ON market_bank_line_share
--
DROP TRIGGER IF EXISTS settlement_revenue_line_no_update ON settlement_revenue_line
--
DROP TRIGGER IF EXISTS settlement_revenue_line_no_delete ON settlement_revenue_line
--
DROP TRIGGER IF EXISTS settlement_revenue_line_no_truncate ON settlement_revenue_line
--
DROP TRIGGER IF EXISTS settlement_revenue_line_closed ON settlement_revenue_line
--
DROP TRIGGER IF EXISTS settlement_share_line_no_update ON settlement_share_line
--
DROP TRIGGER IF EXISTS settlement_share_line_no_delete ON settlement_share_line
--
DROP TRIGGER IF EXISTS settlement_share_line_no_truncate ON settlement_share_line
--
DROP TRIGGER IF EXISTS settlement_share_line_closed ON settlement_share_line
--
DROP TRIGGER IF EXISTS settlement_share_line_payee ON settlement_share_line
--
CREATE TABLE audit_leaves (
	sequence BIGINT NOT NULL,
	part BIGINT NOT NULL,
	hashes BYTEA NOT NULL,
	CONSTRAINT pk_audit_leaves PRIMARY KEY (sequence, part)
)
--
CREATE TABLE job_lead (
	name TEXT NOT NULL,
	holder TEXT NOT NULL,
	fence BIGINT NOT NULL,
	beats BIGINT NOT NULL,
	first_at TIMESTAMP WITH TIME ZONE NOT NULL,
	since TIMESTAMP WITH TIME ZONE NOT NULL,
	until TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT pk_job_lead PRIMARY KEY (name)
)
--
CREATE TABLE job_progress (
	id UUID NOT NULL,
	name TEXT NOT NULL,
	about TEXT NOT NULL,
	state VARCHAR(40) NOT NULL,
	done BIGINT NOT NULL,
	total BIGINT,
	message TEXT NOT NULL,
	started_at TIMESTAMP WITH TIME ZONE NOT NULL,
	seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
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
	asked_by_id UUID,
	asked_by_name TEXT NOT NULL,
	asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
	taken_at TIMESTAMP WITH TIME ZONE,
	period TEXT,
	id UUID NOT NULL,
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
	made_at TIMESTAMP WITH TIME ZONE NOT NULL,
	id UUID NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_settlement_anchor PRIMARY KEY (id),
	CONSTRAINT ck_settlement_anchor_not_negative CHECK (seals >= 0),
	CONSTRAINT ck_settlement_anchor_digests_hex CHECK (length(sha256) = 64 AND length(sm3) = 64),
	CONSTRAINT uq_settlement_anchor_day UNIQUE (day)
)
--
CREATE TABLE settlement_archived_day (
	id UUID NOT NULL,
	place TEXT NOT NULL,
	day_number BIGINT NOT NULL,
	part BIGINT NOT NULL,
	file_name TEXT NOT NULL,
	events BIGINT NOT NULL,
	units BIGINT NOT NULL,
	digest TEXT NOT NULL,
	file_digest TEXT NOT NULL,
	stored_until TIMESTAMP WITH TIME ZONE NOT NULL,
	archived_at TIMESTAMP WITH TIME ZONE NOT NULL,
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
	found_at TIMESTAMP WITH TIME ZONE NOT NULL,
	run_number TEXT NOT NULL,
	assigned_to UUID,
	assigned_name TEXT NOT NULL,
	healed_at TIMESTAMP WITH TIME ZONE,
	healed_by_run TEXT NOT NULL,
	closed_at TIMESTAMP WITH TIME ZONE,
	id UUID NOT NULL,
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
	started_by UUID NOT NULL,
	started_by_name TEXT NOT NULL,
	started_at TIMESTAMP WITH TIME ZONE NOT NULL,
	checklist JSON NOT NULL,
	closed_by UUID,
	closed_by_name TEXT,
	closed_at TIMESTAMP WITH TIME ZONE,
	last_voucher BIGINT,
	balances JSON NOT NULL,
	balances_sha256 TEXT,
	id UUID NOT NULL,
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
	drawn_by UUID NOT NULL,
	drawn_by_name TEXT NOT NULL,
	drawn_at TIMESTAMP WITH TIME ZONE NOT NULL,
	opened_by UUID,
	opened_by_name TEXT,
	opened_at TIMESTAMP WITH TIME ZONE,
	objection_until DATE,
	rule JSON,
	id UUID NOT NULL,
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
	prepared_at TIMESTAMP WITH TIME ZONE NOT NULL,
	prepared_by TEXT NOT NULL,
	prepared_by_id UUID NOT NULL,
	released_at TIMESTAMP WITH TIME ZONE,
	released_by TEXT,
	released_by_id UUID,
	checked_at TIMESTAMP WITH TIME ZONE,
	checked_by TEXT,
	checked_by_id UUID,
	sent_at TIMESTAMP WITH TIME ZONE,
	sent_by TEXT,
	sent_by_id UUID,
	ended_at TIMESTAMP WITH TIME ZONE,
	words TEXT NOT NULL,
	id UUID NOT NULL,
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
	imported_at TIMESTAMP WITH TIME ZONE NOT NULL,
	imported_by TEXT NOT NULL,
	id UUID NOT NULL,
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
	made_at TIMESTAMP WITH TIME ZONE NOT NULL,
	made_by UUID,
	made_by_name TEXT NOT NULL,
	inputs JSON NOT NULL,
	inputs_sha256 TEXT NOT NULL,
	agreed JSON NOT NULL,
	found JSON NOT NULL,
	new_breaks BIGINT NOT NULL,
	healed BIGINT NOT NULL,
	gone JSON NOT NULL,
	id UUID NOT NULL,
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
	break_id UUID NOT NULL,
	position BIGINT NOT NULL,
	act VARCHAR(40) NOT NULL,
	state VARCHAR(40) NOT NULL,
	note TEXT NOT NULL,
	resolution VARCHAR(40),
	sha256 TEXT NOT NULL,
	answers_id UUID,
	run_number TEXT NOT NULL,
	facts JSON NOT NULL,
	actor_id UUID,
	actor_name TEXT NOT NULL,
	at TIMESTAMP WITH TIME ZONE NOT NULL,
	id UUID NOT NULL,
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
	party_id UUID,
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
	asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
	asked_by TEXT NOT NULL,
	asked_by_id UUID NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE,
	decided_by TEXT,
	decided_by_id UUID,
	decided_reason TEXT NOT NULL,
	effective_at TIMESTAMP WITH TIME ZONE,
	id UUID NOT NULL,
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
	party_id UUID NOT NULL,
	document TEXT NOT NULL,
	reason TEXT NOT NULL,
	placed_at TIMESTAMP WITH TIME ZONE NOT NULL,
	placed_by TEXT NOT NULL,
	lift_document TEXT NOT NULL,
	lift_asked_by TEXT,
	lift_asked_by_id UUID,
	lifted_at TIMESTAMP WITH TIME ZONE,
	lifted_by TEXT,
	lifted_by_id UUID,
	id UUID NOT NULL,
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
	run_id UUID NOT NULL,
	run_number TEXT NOT NULL,
	place TEXT NOT NULL,
	period_start DATE NOT NULL,
	period_end DATE NOT NULL,
	journal JSON NOT NULL,
	leaf_count BIGINT NOT NULL,
	salt TEXT NOT NULL,
	sha256 TEXT NOT NULL,
	sm3 TEXT NOT NULL,
	made_at TIMESTAMP WITH TIME ZONE NOT NULL,
	id UUID NOT NULL,
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
	file_id UUID NOT NULL,
	id UUID NOT NULL,
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
	happened_at TIMESTAMP WITH TIME ZONE NOT NULL,
	day DATE NOT NULL,
	words TEXT NOT NULL,
	file_id UUID NOT NULL,
	line_number BIGINT NOT NULL,
	id UUID NOT NULL,
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
	account_id UUID NOT NULL,
	page TEXT NOT NULL,
	typed JSON NOT NULL,
	saved_at TIMESTAMP WITH TIME ZONE NOT NULL,
	id UUID NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_registry_form_draft PRIMARY KEY (id),
	CONSTRAINT uq_registry_form_draft_account_id_page UNIQUE (account_id, page),
	CONSTRAINT fk_registry_form_draft_account_id FOREIGN KEY(account_id) REFERENCES registry_account (id)
)
--
CREATE TABLE settlement_anchored_root (
	root_id UUID NOT NULL,
	anchor_id UUID NOT NULL,
	CONSTRAINT pk_settlement_anchored_root PRIMARY KEY (root_id),
	CONSTRAINT fk_settlement_anchored_root_root_id FOREIGN KEY(root_id) REFERENCES settlement_period_root (id),
	CONSTRAINT fk_settlement_anchored_root_anchor_id FOREIGN KEY(anchor_id) REFERENCES settlement_anchor (id)
)
--
CREATE INDEX ix_settlement_anchored_root_anchor_id ON settlement_anchored_root (anchor_id)
--
CREATE TABLE settlement_clawback (
	entry_id UUID NOT NULL,
	place TEXT NOT NULL,
	party_id UUID NOT NULL,
	statement_id UUID NOT NULL,
	order_number TEXT NOT NULL,
	account TEXT NOT NULL,
	kind VARCHAR(40) NOT NULL,
	is_treasury BOOLEAN NOT NULL,
	amount BIGINT NOT NULL,
	raised_at TIMESTAMP WITH TIME ZONE NOT NULL,
	id UUID NOT NULL,
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
	account_id UUID NOT NULL,
	before_id UUID,
	place TEXT NOT NULL,
	party_id UUID,
	about VARCHAR(40) NOT NULL,
	contact TEXT NOT NULL,
	text TEXT NOT NULL,
	told_at TIMESTAMP WITH TIME ZONE NOT NULL,
	id UUID NOT NULL,
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
	batch_id UUID NOT NULL,
	place TEXT NOT NULL,
	statement_id UUID NOT NULL,
	party_id UUID NOT NULL,
	destination VARCHAR(40) NOT NULL,
	account_id UUID NOT NULL,
	sequence BIGINT NOT NULL,
	gross BIGINT NOT NULL,
	netted BIGINT NOT NULL,
	amount BIGINT NOT NULL,
	key TEXT NOT NULL,
	shorts BIGINT NOT NULL,
	state VARCHAR(40) NOT NULL,
	provider_id TEXT,
	bank_line TEXT,
	words TEXT NOT NULL,
	sent_at TIMESTAMP WITH TIME ZONE,
	answered_at TIMESTAMP WITH TIME ZONE,
	ended_at TIMESTAMP WITH TIME ZONE,
	id UUID NOT NULL,
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
	CONSTRAINT uq_settlement_payout_key UNIQUE (key),
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
	bank_line_id UUID NOT NULL,
	payout_id UUID NOT NULL,
	place TEXT NOT NULL,
	amount BIGINT NOT NULL,
	note TEXT NOT NULL,
	made_at TIMESTAMP WITH TIME ZONE NOT NULL,
	made_by TEXT NOT NULL,
	made_by_id UUID,
	id UUID NOT NULL,
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
	root_id UUID NOT NULL,
	part BIGINT NOT NULL,
	sha256 BYTEA NOT NULL,
	sm3 BYTEA NOT NULL,
	CONSTRAINT pk_settlement_root_part PRIMARY KEY (root_id, part),
	CONSTRAINT fk_settlement_root_part_root_id FOREIGN KEY(root_id) REFERENCES settlement_period_root (id)
)
--
CREATE TABLE settlement_clawback_netting (
	clawback_id UUID NOT NULL,
	payout_id UUID NOT NULL,
	amount BIGINT NOT NULL,
	released_at TIMESTAMP WITH TIME ZONE,
	id UUID NOT NULL,
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
	clawback_id UUID NOT NULL,
	place TEXT NOT NULL,
	kind VARCHAR(40) NOT NULL,
	amount BIGINT NOT NULL,
	reason TEXT NOT NULL,
	bank_line TEXT,
	state VARCHAR(40) NOT NULL,
	asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
	asked_by TEXT NOT NULL,
	asked_by_id UUID NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE,
	decided_by TEXT,
	decided_by_id UUID,
	decided_reason TEXT NOT NULL,
	id UUID NOT NULL,
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
	arrival_id UUID NOT NULL,
	note TEXT NOT NULL,
	released_at TIMESTAMP WITH TIME ZONE NOT NULL,
	released_by TEXT NOT NULL,
	id UUID NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_settlement_payout_arrival_release PRIMARY KEY (id),
	CONSTRAINT uq_settlement_payout_arrival_release_arrival_id UNIQUE (arrival_id),
	CONSTRAINT fk_settlement_payout_arrival_release_arrival_id FOREIGN KEY(arrival_id) REFERENCES settlement_payout_arrival (id)
)
--
CREATE TABLE settlement_payout_item (
	payout_id UUID NOT NULL,
	statement_id UUID NOT NULL,
	order_number TEXT NOT NULL,
	account TEXT NOT NULL,
	amount BIGINT NOT NULL,
	slot TEXT,
	id UUID NOT NULL,
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
	payout_id UUID NOT NULL,
	fate VARCHAR(40) NOT NULL,
	bank_line TEXT NOT NULL,
	provider_reference TEXT NOT NULL,
	file_sha256 TEXT,
	words TEXT NOT NULL,
	state VARCHAR(40) NOT NULL,
	proposed_at TIMESTAMP WITH TIME ZONE NOT NULL,
	proposed_by TEXT NOT NULL,
	proposed_by_id UUID NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE,
	decided_by TEXT,
	decided_by_id UUID,
	decided_words TEXT NOT NULL,
	heard VARCHAR(40),
	heard_at TIMESTAMP WITH TIME ZONE,
	contradicted_at TIMESTAMP WITH TIME ZONE,
	id UUID NOT NULL,
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
	notice_id UUID NOT NULL,
	product_id UUID NOT NULL,
	schedule_id UUID NOT NULL,
	step BIGINT NOT NULL,
	party_id UUID NOT NULL,
	coefficients JSON NOT NULL,
	usage BIGINT NOT NULL,
	quality TEXT NOT NULL,
	input TEXT NOT NULL,
	weight TEXT NOT NULL,
	ppm BIGINT NOT NULL,
	parts JSON NOT NULL,
	quality_source TEXT NOT NULL,
	resources JSON NOT NULL,
	id UUID NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_settlement_contribution_figure PRIMARY KEY (id),
	CONSTRAINT uq_settlement_contribution_figure_notice_id_product_id__5a60 UNIQUE (notice_id, product_id, schedule_id, step, party_id),
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
	notice_id UUID NOT NULL,
	figure_id UUID NOT NULL,
	party_id UUID NOT NULL,
	factor VARCHAR(40) NOT NULL,
	claimed TEXT NOT NULL,
	grounds TEXT NOT NULL,
	state VARCHAR(40) NOT NULL,
	filed_by UUID NOT NULL,
	filed_by_name TEXT NOT NULL,
	filed_at TIMESTAMP WITH TIME ZONE NOT NULL,
	decided_by UUID,
	decided_by_name TEXT,
	decided_at TIMESTAMP WITH TIME ZONE,
	reason TEXT,
	corrected TEXT,
	id UUID NOT NULL,
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
	order_id UUID NOT NULL,
	schedule_id UUID NOT NULL,
	place TEXT NOT NULL,
	content_sha256 TEXT NOT NULL,
	frozen_at TIMESTAMP WITH TIME ZONE NOT NULL,
	id UUID NOT NULL,
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
	run_id UUID NOT NULL,
	entitlement_id UUID NOT NULL,
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
ALTER TABLE audit_seal ADD COLUMN version BIGINT DEFAULT '1' NOT NULL
--
ALTER TABLE audit_seal ADD COLUMN tree_sha256 TEXT
--
ALTER TABLE audit_seal ADD COLUMN lines_sm3 TEXT
--
ALTER TABLE audit_seal ADD COLUMN previous_sm3 TEXT
--
ALTER TABLE audit_seal ADD COLUMN sm3 TEXT
--
ALTER TABLE audit_seal ADD CONSTRAINT ck_audit_seal_both_hashes_since_version_2 CHECK ((version = 1) = (sm3 IS NULL))
--
ALTER TABLE job_run ADD COLUMN starts_at TIMESTAMP WITH TIME ZONE
--
ALTER TABLE job_run ALTER COLUMN starts_at TYPE TIMESTAMP WITH TIME ZONE USING run_at
--
ALTER TABLE job_run ADD COLUMN state VARCHAR(40) DEFAULT 'done' NOT NULL
--
ALTER TABLE job_run ALTER COLUMN state DROP DEFAULT
--
ALTER TABLE job_run ADD COLUMN attempts BIGINT DEFAULT 1 NOT NULL
--
ALTER TABLE job_run ALTER COLUMN attempts DROP DEFAULT
--
ALTER TABLE job_run ADD COLUMN fence BIGINT DEFAULT 0 NOT NULL
--
ALTER TABLE job_run ALTER COLUMN fence DROP DEFAULT
--
ALTER TABLE job_run ADD COLUMN holder TEXT DEFAULT '' NOT NULL
--
ALTER TABLE job_run ALTER COLUMN holder DROP DEFAULT
--
ALTER TABLE job_run ADD COLUMN finished_at TIMESTAMP WITH TIME ZONE
--
ALTER TABLE job_run ALTER COLUMN finished_at TYPE TIMESTAMP WITH TIME ZONE USING run_at
--
ALTER TABLE job_run ADD COLUMN took_ms BIGINT
--
ALTER TABLE job_run ADD COLUMN missed BIGINT DEFAULT 0 NOT NULL
--
ALTER TABLE job_run ALTER COLUMN missed DROP DEFAULT
--
ALTER TABLE job_run ADD COLUMN error TEXT DEFAULT '' NOT NULL
--
ALTER TABLE job_run ALTER COLUMN error DROP DEFAULT
--
ALTER TABLE job_run ADD CONSTRAINT ck_job_run_finished_when_not_claimed CHECK ((state = 'claimed') = (finished_at IS NULL))
--
ALTER TABLE job_run ADD CONSTRAINT ck_job_run_runstate CHECK (state IN ('claimed', 'done', 'failed'))
--
ALTER TABLE job_run ADD CONSTRAINT ck_job_run_tried CHECK (attempts > 0)
--
ALTER TABLE market_bank_line DROP CONSTRAINT ck_market_bank_line_linestate
--
ALTER TABLE market_bank_line ADD CONSTRAINT ck_market_bank_line_linestate CHECK (state IN ('matched', 'queued', 'decided', 'returning', 'returned', 'recorded', 'outgoing', 'handed_over'))
--
ALTER TABLE settlement_journal_entry ADD COLUMN agreement TEXT
--
ALTER TABLE settlement_journal_entry ADD COLUMN product TEXT
--
ALTER TABLE settlement_journal_entry ADD COLUMN use_class TEXT
--
ALTER TABLE settlement_journal_entry ADD COLUMN value_date DATE
--
ALTER TABLE settlement_journal_entry ADD COLUMN reverses_id UUID
--
ALTER TABLE settlement_journal_entry DROP CONSTRAINT ck_settlement_journal_entry_cause
--
ALTER TABLE settlement_journal_entry ADD CONSTRAINT ck_settlement_journal_entry_cause CHECK (cause IN ('payment_captured', 'bank_line_received', 'bank_line_returned', 'surplus_received', 'balance_topped_up', 'statement_repaid', 'refund_paid', 'dispute_opened', 'dispute_won', 'dispute_lost', 'revenue_earned', 'provider_payout', 'provider_payout_arrived', 'payout_sent', 'payout_confirmed', 'payout_returned', 'clawback_raised', 'clawback_repaid', 'clawback_written_off', 'reversal', 'partial_reversal'))
--
ALTER TABLE settlement_journal_entry ADD CONSTRAINT ck_settlement_journal_entry_only_reversals_reverse CHECK (reverses_id IS NULL OR cause IN ('reversal', 'partial_reversal'))
--
ALTER TABLE settlement_journal_entry ADD CONSTRAINT fk_settlement_journal_entry_reverses_id FOREIGN KEY(reverses_id) REFERENCES settlement_journal_entry (id)
--
ALTER TABLE settlement_revenue_line ADD COLUMN sequence BIGINT
--
ALTER TABLE settlement_revenue_line ADD COLUMN continues_id UUID
--
ALTER TABLE settlement_revenue_line ADD COLUMN late BIGINT
--
ALTER TABLE settlement_revenue_line ADD CONSTRAINT ck_settlement_revenue_line_counted_from_one CHECK (sequence > 0 AND late >= 0)
--
ALTER TABLE settlement_revenue_line ADD CONSTRAINT fk_settlement_revenue_line_continues_id FOREIGN KEY(continues_id) REFERENCES settlement_revenue_line (id)
--
ALTER TABLE settlement_revenue_line ADD CONSTRAINT uq_settlement_revenue_line_entitlement_id_sequence UNIQUE (entitlement_id, sequence)
--
ALTER TABLE settlement_schedule_signature ADD COLUMN account_id UUID
--
ALTER TABLE settlement_schedule_signature ADD COLUMN content_sha256 TEXT
--
ALTER TABLE settlement_share_line DROP CONSTRAINT ck_settlement_share_line_held_without_rule
--
ALTER TABLE settlement_share_line DROP CONSTRAINT ck_settlement_share_line_payeereason
--
ALTER TABLE settlement_share_line ADD CONSTRAINT ck_settlement_share_line_held_for_a_reason CHECK ((payee_kind = 'held') = (reason_code IN ('PAYEE_RULE_MISSING', 'CONTRIBUTION_OBJECTED')))
--
ALTER TABLE settlement_share_line ADD CONSTRAINT ck_settlement_share_line_payeereason CHECK (reason_code IN ('ENTERPRISE', 'ADMINISTRATIVE_UNIT', 'INSTITUTION_RULE', 'PAYEE_RULE_MISSING', 'CONTRIBUTION_OBJECTED'))
--
ALTER TABLE settlement_share_schedule ADD COLUMN valid_until DATE
--
ALTER TABLE settlement_share_schedule ADD COLUMN clause TEXT DEFAULT '' NOT NULL
--
ALTER TABLE settlement_share_schedule ADD COLUMN non_money JSON DEFAULT '[]' NOT NULL
--
ALTER TABLE settlement_share_schedule ADD COLUMN made_by_id UUID
--
ALTER TABLE settlement_share_schedule ADD CONSTRAINT ck_settlement_share_schedule_ends_after_start CHECK (valid_until IS NULL OR valid_until >= valid_from)
--
ALTER TABLE settlement_statement ADD COLUMN party_name TEXT
--
ALTER TABLE settlement_statement ADD COLUMN party_uscc TEXT
--
ALTER TABLE settlement_usage_event ADD COLUMN source TEXT
--
ALTER TABLE settlement_usage_event ADD COLUMN stored_at TIMESTAMP WITH TIME ZONE
--
ALTER TABLE settlement_usage_event ALTER COLUMN stored_at TYPE TIMESTAMP WITH TIME ZONE USING received_at
--
ALTER TABLE settlement_usage_event ALTER COLUMN stored_at SET NOT NULL
--
ALTER TABLE settlement_usage_event DROP CONSTRAINT fk_settlement_usage_event_entitlement_id
--
ALTER TABLE settlement_usage_event DROP CONSTRAINT fk_settlement_usage_event_product_id
--
ALTER TABLE settlement_usage_event DROP CONSTRAINT uq_settlement_usage_event_entitlement_id_client_reference
--
DROP INDEX ix_settlement_usage_event_entitlement_id_subject_day_number
--
DROP INDEX ix_settlement_usage_event_place
--
DROP INDEX ix_settlement_usage_event_product_id
--
CREATE INDEX ix_job_run_job_run_at ON job_run (job, run_at)
--
CREATE INDEX ix_job_run_job_state_starts_at ON job_run (job, state, starts_at)
--
CREATE INDEX ix_settlement_journal_entry_agreement ON settlement_journal_entry (agreement)
--
CREATE INDEX ix_settlement_journal_entry_reverses_id ON settlement_journal_entry (reverses_id)
--
CREATE UNIQUE INDEX ix_settlement_usage_event_entitlement_id_client_reference ON settlement_usage_event (entitlement_id, client_reference) WHERE source IS NULL
--
CREATE INDEX ix_settlement_usage_event_entitlement_id_subject_day_number ON settlement_usage_event (entitlement_id, subject, day_number) WHERE subject IS NOT NULL
--
CREATE UNIQUE INDEX ix_settlement_usage_event_source_client_reference ON settlement_usage_event (source, client_reference) WHERE source IS NOT NULL
--
CREATE INDEX ix_settlement_usage_event_stored_at ON settlement_usage_event USING brin (stored_at)
--
CREATE OR REPLACE FUNCTION audit_leaves_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'audit_leaves is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER audit_leaves_no_update BEFORE UPDATE ON audit_leaves FOR EACH ROW EXECUTE FUNCTION audit_leaves_refuse()
--
ALTER TABLE audit_leaves ENABLE ALWAYS TRIGGER audit_leaves_no_update
--
CREATE TRIGGER audit_leaves_no_delete BEFORE DELETE ON audit_leaves FOR EACH ROW EXECUTE FUNCTION audit_leaves_refuse()
--
ALTER TABLE audit_leaves ENABLE ALWAYS TRIGGER audit_leaves_no_delete
--
CREATE TRIGGER audit_leaves_no_truncate BEFORE TRUNCATE ON audit_leaves FOR EACH STATEMENT EXECUTE FUNCTION audit_leaves_refuse()
--
ALTER TABLE audit_leaves ENABLE ALWAYS TRIGGER audit_leaves_no_truncate
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
CREATE OR REPLACE FUNCTION settlement_anchor_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'settlement_anchor is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER settlement_anchor_no_update BEFORE UPDATE ON settlement_anchor FOR EACH ROW EXECUTE FUNCTION settlement_anchor_refuse()
--
ALTER TABLE settlement_anchor ENABLE ALWAYS TRIGGER settlement_anchor_no_update
--
CREATE TRIGGER settlement_anchor_no_delete BEFORE DELETE ON settlement_anchor FOR EACH ROW EXECUTE FUNCTION settlement_anchor_refuse()
--
ALTER TABLE settlement_anchor ENABLE ALWAYS TRIGGER settlement_anchor_no_delete
--
CREATE TRIGGER settlement_anchor_no_truncate BEFORE TRUNCATE ON settlement_anchor FOR EACH STATEMENT EXECUTE FUNCTION settlement_anchor_refuse()
--
ALTER TABLE settlement_anchor ENABLE ALWAYS TRIGGER settlement_anchor_no_truncate
--
CREATE OR REPLACE FUNCTION settlement_archived_day_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'settlement_archived_day is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER settlement_archived_day_no_update BEFORE UPDATE ON settlement_archived_day FOR EACH ROW EXECUTE FUNCTION settlement_archived_day_refuse()
--
ALTER TABLE settlement_archived_day ENABLE ALWAYS TRIGGER settlement_archived_day_no_update
--
CREATE TRIGGER settlement_archived_day_no_delete BEFORE DELETE ON settlement_archived_day FOR EACH ROW EXECUTE FUNCTION settlement_archived_day_refuse()
--
ALTER TABLE settlement_archived_day ENABLE ALWAYS TRIGGER settlement_archived_day_no_delete
--
CREATE TRIGGER settlement_archived_day_no_truncate BEFORE TRUNCATE ON settlement_archived_day FOR EACH STATEMENT EXECUTE FUNCTION settlement_archived_day_refuse()
--
ALTER TABLE settlement_archived_day ENABLE ALWAYS TRIGGER settlement_archived_day_no_truncate
--
CREATE OR REPLACE FUNCTION settlement_break_frozen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.number <> OLD.number OR NEW.fingerprint <> OLD.fingerprint OR NEW.kind <> OLD.kind OR NEW.place <> OLD.place OR NEW.reference <> OLD.reference OR NEW.found_at <> OLD.found_at THEN RAISE EXCEPTION 'a break stays what it was found as' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER settlement_break_frozen BEFORE UPDATE ON settlement_break FOR EACH ROW EXECUTE FUNCTION settlement_break_frozen()
--
ALTER TABLE settlement_break ENABLE ALWAYS TRIGGER settlement_break_frozen
--
CREATE OR REPLACE FUNCTION settlement_break_two_people() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.state = 'closed' AND OLD.state <> 'closed' AND NOT EXISTS (SELECT 1 FROM settlement_break_step AS c JOIN settlement_break_step AS p ON p.id = c.answers_id WHERE c.break_id = NEW.id AND c.act = 'confirm' AND p.act = 'propose' AND c.actor_id <> p.actor_id AND c.sha256 = p.sha256) THEN RAISE EXCEPTION 'a break is closed by a second person' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER settlement_break_two_people BEFORE UPDATE ON settlement_break FOR EACH ROW EXECUTE FUNCTION settlement_break_two_people()
--
ALTER TABLE settlement_break ENABLE ALWAYS TRIGGER settlement_break_two_people
--
CREATE OR REPLACE FUNCTION settlement_break_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.id = OLD.id THEN RAISE EXCEPTION 'a break is kept' USING ERRCODE = 'check_violation'; END IF; RETURN OLD; END $$
--
CREATE TRIGGER settlement_break_kept BEFORE DELETE ON settlement_break FOR EACH ROW EXECUTE FUNCTION settlement_break_kept()
--
ALTER TABLE settlement_break ENABLE ALWAYS TRIGGER settlement_break_kept
--
CREATE OR REPLACE FUNCTION settlement_closing_overlap() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM settlement_closing AS c WHERE c.place = NEW.place AND c.period_start < NEW.period_end AND NEW.period_start < c.period_end) THEN RAISE EXCEPTION 'periods of one book do not overlap' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER settlement_closing_overlap BEFORE INSERT ON settlement_closing FOR EACH ROW EXECUTE FUNCTION settlement_closing_overlap()
--
ALTER TABLE settlement_closing ENABLE ALWAYS TRIGGER settlement_closing_overlap
--
CREATE OR REPLACE FUNCTION settlement_closing_closed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.state = 'closed' OR NEW.place <> OLD.place OR NEW.period_start <> OLD.period_start OR NEW.period_end <> OLD.period_end THEN RAISE EXCEPTION 'a closed period is not changed' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER settlement_closing_closed BEFORE UPDATE ON settlement_closing FOR EACH ROW EXECUTE FUNCTION settlement_closing_closed()
--
ALTER TABLE settlement_closing ENABLE ALWAYS TRIGGER settlement_closing_closed
--
CREATE OR REPLACE FUNCTION settlement_closing_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.id = OLD.id THEN RAISE EXCEPTION 'a closing is kept' USING ERRCODE = 'check_violation'; END IF; RETURN OLD; END $$
--
CREATE TRIGGER settlement_closing_kept BEFORE DELETE ON settlement_closing FOR EACH ROW EXECUTE FUNCTION settlement_closing_kept()
--
ALTER TABLE settlement_closing ENABLE ALWAYS TRIGGER settlement_closing_kept
--
CREATE OR REPLACE FUNCTION settlement_contribution_notice_shown() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.state <> 'draft' OR NEW.number <> OLD.number OR NEW.place <> OLD.place OR NEW.revision <> OLD.revision OR NEW.period_start <> OLD.period_start OR NEW.period_end <> OLD.period_end OR NEW.inputs_sha256 <> OLD.inputs_sha256 OR NEW.drawn_by <> OLD.drawn_by THEN RAISE EXCEPTION 'what was shown to the departments is not changed' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER settlement_contribution_notice_shown BEFORE UPDATE ON settlement_contribution_notice FOR EACH ROW EXECUTE FUNCTION settlement_contribution_notice_shown()
--
ALTER TABLE settlement_contribution_notice ENABLE ALWAYS TRIGGER settlement_contribution_notice_shown
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
CREATE OR REPLACE FUNCTION settlement_journal_entry_period() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM settlement_closing AS c WHERE c.place = NEW.place AND c.state = 'closed' AND c.period_start <= NEW.entry_date AND NEW.entry_date < c.period_end) THEN RAISE EXCEPTION 'the period is closed: book into an open one' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER settlement_journal_entry_period BEFORE INSERT ON settlement_journal_entry FOR EACH ROW EXECUTE FUNCTION settlement_journal_entry_period()
--
ALTER TABLE settlement_journal_entry ENABLE ALWAYS TRIGGER settlement_journal_entry_period
--
CREATE OR REPLACE FUNCTION settlement_journal_entry_over_reversed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.reverses_id IS NOT NULL AND EXISTS (SELECT 1 FROM settlement_journal_line AS n WHERE n.entry_id = NEW.id AND (SELECT abs(sum(r.amount)) FROM settlement_journal_line AS r WHERE r.account = n.account AND (r.amount > 0) = (n.amount > 0) AND (r.entry_id = NEW.id OR r.entry_id IN (SELECT e.id FROM settlement_journal_entry AS e WHERE e.reverses_id = NEW.reverses_id))) > (SELECT coalesce(abs(sum(o.amount)), 0) FROM settlement_journal_line AS o WHERE o.entry_id = NEW.reverses_id AND o.account = n.account AND (o.amount > 0) = (n.amount < 0))) THEN RAISE EXCEPTION 'more is reversed than was booked' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER settlement_journal_entry_over_reversed BEFORE INSERT ON settlement_journal_entry FOR EACH ROW EXECUTE FUNCTION settlement_journal_entry_over_reversed()
--
ALTER TABLE settlement_journal_entry ENABLE ALWAYS TRIGGER settlement_journal_entry_over_reversed
--
CREATE OR REPLACE FUNCTION settlement_journal_entry_reversed_deep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.reverses_id IS NOT NULL AND EXISTS (SELECT 1 FROM settlement_journal_entry AS first WHERE first.id = NEW.reverses_id AND first.reverses_id IS NOT NULL AND (NEW.cause = 'partial_reversal' OR EXISTS (SELECT 1 FROM settlement_journal_entry AS root WHERE root.id = first.reverses_id AND root.reverses_id IS NOT NULL))) THEN RAISE EXCEPTION 'a reversal is reversed whole, and once' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER settlement_journal_entry_reversed_deep BEFORE INSERT ON settlement_journal_entry FOR EACH ROW EXECUTE FUNCTION settlement_journal_entry_reversed_deep()
--
ALTER TABLE settlement_journal_entry ENABLE ALWAYS TRIGGER settlement_journal_entry_reversed_deep
--
CREATE OR REPLACE FUNCTION settlement_payout_batch_frozen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.state IN ('done', 'cancelled') OR NEW.place <> OLD.place OR NEW.channel <> OLD.channel OR NEW.total <> OLD.total OR NEW.prepared_by_id <> OLD.prepared_by_id OR NEW.sha256 <> OLD.sha256 OR (OLD.checked_by_id IS NOT NULL AND NEW.checked_by_id IS DISTINCT FROM OLD.checked_by_id) OR (OLD.sent_by_id IS NOT NULL AND NEW.sent_by_id IS DISTINCT FROM OLD.sent_by_id) THEN RAISE EXCEPTION 'a batch keeps what it is' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER settlement_payout_batch_frozen BEFORE UPDATE ON settlement_payout_batch FOR EACH ROW EXECUTE FUNCTION settlement_payout_batch_frozen()
--
ALTER TABLE settlement_payout_batch ENABLE ALWAYS TRIGGER settlement_payout_batch_frozen
--
CREATE OR REPLACE FUNCTION settlement_provider_file_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'settlement_provider_file is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER settlement_provider_file_no_update BEFORE UPDATE ON settlement_provider_file FOR EACH ROW EXECUTE FUNCTION settlement_provider_file_refuse()
--
ALTER TABLE settlement_provider_file ENABLE ALWAYS TRIGGER settlement_provider_file_no_update
--
CREATE TRIGGER settlement_provider_file_no_delete BEFORE DELETE ON settlement_provider_file FOR EACH ROW EXECUTE FUNCTION settlement_provider_file_refuse()
--
ALTER TABLE settlement_provider_file ENABLE ALWAYS TRIGGER settlement_provider_file_no_delete
--
CREATE TRIGGER settlement_provider_file_no_truncate BEFORE TRUNCATE ON settlement_provider_file FOR EACH STATEMENT EXECUTE FUNCTION settlement_provider_file_refuse()
--
ALTER TABLE settlement_provider_file ENABLE ALWAYS TRIGGER settlement_provider_file_no_truncate
--
CREATE OR REPLACE FUNCTION settlement_reconciliation_run_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'settlement_reconciliation_run is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER settlement_reconciliation_run_no_update BEFORE UPDATE ON settlement_reconciliation_run FOR EACH ROW EXECUTE FUNCTION settlement_reconciliation_run_refuse()
--
ALTER TABLE settlement_reconciliation_run ENABLE ALWAYS TRIGGER settlement_reconciliation_run_no_update
--
CREATE TRIGGER settlement_reconciliation_run_no_delete BEFORE DELETE ON settlement_reconciliation_run FOR EACH ROW EXECUTE FUNCTION settlement_reconciliation_run_refuse()
--
ALTER TABLE settlement_reconciliation_run ENABLE ALWAYS TRIGGER settlement_reconciliation_run_no_delete
--
CREATE TRIGGER settlement_reconciliation_run_no_truncate BEFORE TRUNCATE ON settlement_reconciliation_run FOR EACH STATEMENT EXECUTE FUNCTION settlement_reconciliation_run_refuse()
--
ALTER TABLE settlement_reconciliation_run ENABLE ALWAYS TRIGGER settlement_reconciliation_run_no_truncate
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
CREATE OR REPLACE FUNCTION market_bank_line_frozen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.amount <> OLD.amount OR NEW.serial <> OLD.serial OR NEW.place <> OLD.place OR NEW.booked_at <> OLD.booked_at OR NEW.payer_name <> OLD.payer_name OR NEW.remark <> OLD.remark THEN RAISE EXCEPTION 'a line stays as the bank wrote it' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER market_bank_line_frozen BEFORE UPDATE ON market_bank_line FOR EACH ROW EXECUTE FUNCTION market_bank_line_frozen()
--
ALTER TABLE market_bank_line ENABLE ALWAYS TRIGGER market_bank_line_frozen
--
CREATE OR REPLACE FUNCTION settlement_break_step_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'settlement_break_step is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER settlement_break_step_no_update BEFORE UPDATE ON settlement_break_step FOR EACH ROW EXECUTE FUNCTION settlement_break_step_refuse()
--
ALTER TABLE settlement_break_step ENABLE ALWAYS TRIGGER settlement_break_step_no_update
--
CREATE TRIGGER settlement_break_step_no_delete BEFORE DELETE ON settlement_break_step FOR EACH ROW EXECUTE FUNCTION settlement_break_step_refuse()
--
ALTER TABLE settlement_break_step ENABLE ALWAYS TRIGGER settlement_break_step_no_delete
--
CREATE TRIGGER settlement_break_step_no_truncate BEFORE TRUNCATE ON settlement_break_step FOR EACH STATEMENT EXECUTE FUNCTION settlement_break_step_refuse()
--
ALTER TABLE settlement_break_step ENABLE ALWAYS TRIGGER settlement_break_step_no_truncate
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
CREATE OR REPLACE FUNCTION settlement_payee_account_frozen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.state <> 'asked' OR NEW.party_id IS DISTINCT FROM OLD.party_id OR NEW.place <> OLD.place OR NEW.kind <> OLD.kind OR NEW.holder <> OLD.holder OR NEW.sealed_number <> OLD.sealed_number OR NEW.number_digest <> OLD.number_digest OR NEW.shown <> OLD.shown OR NEW.bank <> OLD.bank OR NEW.bank_code <> OLD.bank_code OR NEW.item_code <> OLD.item_code OR NEW.asked_by_id <> OLD.asked_by_id THEN RAISE EXCEPTION 'an account is replaced, never changed' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER settlement_payee_account_frozen BEFORE UPDATE ON settlement_payee_account FOR EACH ROW EXECUTE FUNCTION settlement_payee_account_frozen()
--
ALTER TABLE settlement_payee_account ENABLE ALWAYS TRIGGER settlement_payee_account_frozen
--
CREATE OR REPLACE FUNCTION settlement_payee_freeze_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.lifted_at IS NOT NULL OR NEW.party_id <> OLD.party_id OR NEW.place <> OLD.place OR NEW.document <> OLD.document OR NEW.placed_at <> OLD.placed_at THEN RAISE EXCEPTION 'an order stays as it was placed' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER settlement_payee_freeze_kept BEFORE UPDATE ON settlement_payee_freeze FOR EACH ROW EXECUTE FUNCTION settlement_payee_freeze_kept()
--
ALTER TABLE settlement_payee_freeze ENABLE ALWAYS TRIGGER settlement_payee_freeze_kept
--
CREATE OR REPLACE FUNCTION settlement_period_root_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'settlement_period_root is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER settlement_period_root_no_update BEFORE UPDATE ON settlement_period_root FOR EACH ROW EXECUTE FUNCTION settlement_period_root_refuse()
--
ALTER TABLE settlement_period_root ENABLE ALWAYS TRIGGER settlement_period_root_no_update
--
CREATE TRIGGER settlement_period_root_no_delete BEFORE DELETE ON settlement_period_root FOR EACH ROW EXECUTE FUNCTION settlement_period_root_refuse()
--
ALTER TABLE settlement_period_root ENABLE ALWAYS TRIGGER settlement_period_root_no_delete
--
CREATE TRIGGER settlement_period_root_no_truncate BEFORE TRUNCATE ON settlement_period_root FOR EACH STATEMENT EXECUTE FUNCTION settlement_period_root_refuse()
--
ALTER TABLE settlement_period_root ENABLE ALWAYS TRIGGER settlement_period_root_no_truncate
--
CREATE OR REPLACE FUNCTION settlement_provider_batch_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'settlement_provider_batch is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER settlement_provider_batch_no_update BEFORE UPDATE ON settlement_provider_batch FOR EACH ROW EXECUTE FUNCTION settlement_provider_batch_refuse()
--
ALTER TABLE settlement_provider_batch ENABLE ALWAYS TRIGGER settlement_provider_batch_no_update
--
CREATE TRIGGER settlement_provider_batch_no_delete BEFORE DELETE ON settlement_provider_batch FOR EACH ROW EXECUTE FUNCTION settlement_provider_batch_refuse()
--
ALTER TABLE settlement_provider_batch ENABLE ALWAYS TRIGGER settlement_provider_batch_no_delete
--
CREATE TRIGGER settlement_provider_batch_no_truncate BEFORE TRUNCATE ON settlement_provider_batch FOR EACH STATEMENT EXECUTE FUNCTION settlement_provider_batch_refuse()
--
ALTER TABLE settlement_provider_batch ENABLE ALWAYS TRIGGER settlement_provider_batch_no_truncate
--
CREATE OR REPLACE FUNCTION settlement_provider_line_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'settlement_provider_line is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER settlement_provider_line_no_update BEFORE UPDATE ON settlement_provider_line FOR EACH ROW EXECUTE FUNCTION settlement_provider_line_refuse()
--
ALTER TABLE settlement_provider_line ENABLE ALWAYS TRIGGER settlement_provider_line_no_update
--
CREATE TRIGGER settlement_provider_line_no_delete BEFORE DELETE ON settlement_provider_line FOR EACH ROW EXECUTE FUNCTION settlement_provider_line_refuse()
--
ALTER TABLE settlement_provider_line ENABLE ALWAYS TRIGGER settlement_provider_line_no_delete
--
CREATE TRIGGER settlement_provider_line_no_truncate BEFORE TRUNCATE ON settlement_provider_line FOR EACH STATEMENT EXECUTE FUNCTION settlement_provider_line_refuse()
--
ALTER TABLE settlement_provider_line ENABLE ALWAYS TRIGGER settlement_provider_line_no_truncate
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
CREATE OR REPLACE FUNCTION settlement_anchored_root_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'settlement_anchored_root is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER settlement_anchored_root_no_update BEFORE UPDATE ON settlement_anchored_root FOR EACH ROW EXECUTE FUNCTION settlement_anchored_root_refuse()
--
ALTER TABLE settlement_anchored_root ENABLE ALWAYS TRIGGER settlement_anchored_root_no_update
--
CREATE TRIGGER settlement_anchored_root_no_delete BEFORE DELETE ON settlement_anchored_root FOR EACH ROW EXECUTE FUNCTION settlement_anchored_root_refuse()
--
ALTER TABLE settlement_anchored_root ENABLE ALWAYS TRIGGER settlement_anchored_root_no_delete
--
CREATE TRIGGER settlement_anchored_root_no_truncate BEFORE TRUNCATE ON settlement_anchored_root FOR EACH STATEMENT EXECUTE FUNCTION settlement_anchored_root_refuse()
--
ALTER TABLE settlement_anchored_root ENABLE ALWAYS TRIGGER settlement_anchored_root_no_truncate
--
CREATE OR REPLACE FUNCTION settlement_clawback_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'settlement_clawback is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER settlement_clawback_no_update BEFORE UPDATE ON settlement_clawback FOR EACH ROW EXECUTE FUNCTION settlement_clawback_refuse()
--
ALTER TABLE settlement_clawback ENABLE ALWAYS TRIGGER settlement_clawback_no_update
--
CREATE TRIGGER settlement_clawback_no_delete BEFORE DELETE ON settlement_clawback FOR EACH ROW EXECUTE FUNCTION settlement_clawback_refuse()
--
ALTER TABLE settlement_clawback ENABLE ALWAYS TRIGGER settlement_clawback_no_delete
--
CREATE TRIGGER settlement_clawback_no_truncate BEFORE TRUNCATE ON settlement_clawback FOR EACH STATEMENT EXECUTE FUNCTION settlement_clawback_refuse()
--
ALTER TABLE settlement_clawback ENABLE ALWAYS TRIGGER settlement_clawback_no_truncate
--
CREATE OR REPLACE FUNCTION settlement_payee_notice_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'settlement_payee_notice is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER settlement_payee_notice_no_update BEFORE UPDATE ON settlement_payee_notice FOR EACH ROW EXECUTE FUNCTION settlement_payee_notice_refuse()
--
ALTER TABLE settlement_payee_notice ENABLE ALWAYS TRIGGER settlement_payee_notice_no_update
--
CREATE TRIGGER settlement_payee_notice_no_delete BEFORE DELETE ON settlement_payee_notice FOR EACH ROW EXECUTE FUNCTION settlement_payee_notice_refuse()
--
ALTER TABLE settlement_payee_notice ENABLE ALWAYS TRIGGER settlement_payee_notice_no_delete
--
CREATE TRIGGER settlement_payee_notice_no_truncate BEFORE TRUNCATE ON settlement_payee_notice FOR EACH STATEMENT EXECUTE FUNCTION settlement_payee_notice_refuse()
--
ALTER TABLE settlement_payee_notice ENABLE ALWAYS TRIGGER settlement_payee_notice_no_truncate
--
CREATE OR REPLACE FUNCTION settlement_payout_own() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF (NEW.destination = 'own_account' AND EXISTS (SELECT 1 FROM registry_party AS p WHERE p.id = NEW.party_id AND p.kind = 'administrative_unit')) OR EXISTS (SELECT 1 FROM settlement_statement AS s WHERE s.id = NEW.statement_id AND s.party_id <> NEW.party_id) OR EXISTS (SELECT 1 FROM settlement_payee_account AS a WHERE a.id = NEW.account_id AND (a.state <> 'confirmed' OR a.place <> NEW.place OR (a.party_id IS NOT NULL AND a.party_id <> NEW.party_id) OR (a.party_id IS NULL AND NEW.destination <> 'treasury_non_tax') OR (a.party_id IS NOT NULL AND NEW.destination <> 'own_account'))) THEN RAISE EXCEPTION 'not its own account' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER settlement_payout_own BEFORE INSERT ON settlement_payout FOR EACH ROW EXECUTE FUNCTION settlement_payout_own()
--
ALTER TABLE settlement_payout ENABLE ALWAYS TRIGGER settlement_payout_own
--
CREATE OR REPLACE FUNCTION settlement_payout_frozen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.state IN ('confirmed', 'returned', 'cancelled') OR NEW.amount <> OLD.amount OR NEW.gross <> OLD.gross OR NEW.netted <> OLD.netted OR NEW.key <> OLD.key OR NEW.account_id <> OLD.account_id OR NEW.statement_id <> OLD.statement_id OR NEW.batch_id <> OLD.batch_id THEN RAISE EXCEPTION 'a payout keeps what it is' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER settlement_payout_frozen BEFORE UPDATE ON settlement_payout FOR EACH ROW EXECUTE FUNCTION settlement_payout_frozen()
--
ALTER TABLE settlement_payout ENABLE ALWAYS TRIGGER settlement_payout_frozen
--
CREATE OR REPLACE FUNCTION settlement_payout_three() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.state IN ('sent', 'unknown', 'short', 'confirmed') AND NOT EXISTS (SELECT 1 FROM settlement_payout_batch AS b WHERE b.id = NEW.batch_id AND b.checked_by_id IS NOT NULL AND b.sent_by_id IS NOT NULL AND b.checked_by_id <> b.prepared_by_id AND b.sent_by_id <> b.prepared_by_id AND b.sent_by_id <> b.checked_by_id) THEN RAISE EXCEPTION 'three people prepare, check and send' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER settlement_payout_three BEFORE UPDATE ON settlement_payout FOR EACH ROW EXECUTE FUNCTION settlement_payout_three()
--
ALTER TABLE settlement_payout ENABLE ALWAYS TRIGGER settlement_payout_three
--
CREATE OR REPLACE FUNCTION settlement_payout_arrival_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'settlement_payout_arrival is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER settlement_payout_arrival_no_update BEFORE UPDATE ON settlement_payout_arrival FOR EACH ROW EXECUTE FUNCTION settlement_payout_arrival_refuse()
--
ALTER TABLE settlement_payout_arrival ENABLE ALWAYS TRIGGER settlement_payout_arrival_no_update
--
CREATE TRIGGER settlement_payout_arrival_no_delete BEFORE DELETE ON settlement_payout_arrival FOR EACH ROW EXECUTE FUNCTION settlement_payout_arrival_refuse()
--
ALTER TABLE settlement_payout_arrival ENABLE ALWAYS TRIGGER settlement_payout_arrival_no_delete
--
CREATE TRIGGER settlement_payout_arrival_no_truncate BEFORE TRUNCATE ON settlement_payout_arrival FOR EACH STATEMENT EXECUTE FUNCTION settlement_payout_arrival_refuse()
--
ALTER TABLE settlement_payout_arrival ENABLE ALWAYS TRIGGER settlement_payout_arrival_no_truncate
--
CREATE OR REPLACE FUNCTION settlement_payout_arrival_line() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NOT EXISTS (SELECT 1 FROM market_bank_line AS l WHERE l.id = NEW.bank_line_id AND l.place = NEW.place AND l.amount = NEW.amount) OR EXISTS (SELECT 1 FROM settlement_payout_arrival AS a WHERE a.bank_line_id = NEW.bank_line_id AND NOT EXISTS (SELECT 1 FROM settlement_payout_arrival_release AS r WHERE r.arrival_id = a.id)) THEN RAISE EXCEPTION 'a credit is one payout, in its whole amount' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER settlement_payout_arrival_line BEFORE INSERT ON settlement_payout_arrival FOR EACH ROW EXECUTE FUNCTION settlement_payout_arrival_line()
--
ALTER TABLE settlement_payout_arrival ENABLE ALWAYS TRIGGER settlement_payout_arrival_line
--
CREATE OR REPLACE FUNCTION settlement_payout_arrival_covered() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.amount + (SELECT coalesce(sum(a.amount), 0) FROM settlement_payout_arrival AS a WHERE a.payout_id = NEW.payout_id AND NOT EXISTS (SELECT 1 FROM settlement_payout_arrival_release AS r WHERE r.arrival_id = a.id)) > coalesce((SELECT p.amount FROM settlement_provider_line AS p WHERE p.id = NEW.payout_id AND p.place = NEW.place AND p.flow = 'payout'), 0) THEN RAISE EXCEPTION 'no more arrives than was paid out' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER settlement_payout_arrival_covered BEFORE INSERT ON settlement_payout_arrival FOR EACH ROW EXECUTE FUNCTION settlement_payout_arrival_covered()
--
ALTER TABLE settlement_payout_arrival ENABLE ALWAYS TRIGGER settlement_payout_arrival_covered
--
CREATE OR REPLACE FUNCTION settlement_root_part_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'settlement_root_part is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER settlement_root_part_no_update BEFORE UPDATE ON settlement_root_part FOR EACH ROW EXECUTE FUNCTION settlement_root_part_refuse()
--
ALTER TABLE settlement_root_part ENABLE ALWAYS TRIGGER settlement_root_part_no_update
--
CREATE TRIGGER settlement_root_part_no_delete BEFORE DELETE ON settlement_root_part FOR EACH ROW EXECUTE FUNCTION settlement_root_part_refuse()
--
ALTER TABLE settlement_root_part ENABLE ALWAYS TRIGGER settlement_root_part_no_delete
--
CREATE TRIGGER settlement_root_part_no_truncate BEFORE TRUNCATE ON settlement_root_part FOR EACH STATEMENT EXECUTE FUNCTION settlement_root_part_refuse()
--
ALTER TABLE settlement_root_part ENABLE ALWAYS TRIGGER settlement_root_part_no_truncate
--
CREATE OR REPLACE FUNCTION settlement_clawback_netting_covered() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.amount + (SELECT coalesce(sum(n.amount), 0) FROM settlement_clawback_netting AS n WHERE n.clawback_id = NEW.clawback_id AND n.released_at IS NULL) + (SELECT coalesce(sum(r.amount), 0) FROM settlement_clawback_recovery AS r WHERE r.clawback_id = NEW.clawback_id AND r.state IN ('asked', 'confirmed')) > (SELECT c.amount FROM settlement_clawback AS c WHERE c.id = NEW.clawback_id) THEN RAISE EXCEPTION 'more than is owed' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER settlement_clawback_netting_covered BEFORE INSERT ON settlement_clawback_netting FOR EACH ROW EXECUTE FUNCTION settlement_clawback_netting_covered()
--
ALTER TABLE settlement_clawback_netting ENABLE ALWAYS TRIGGER settlement_clawback_netting_covered
--
CREATE OR REPLACE FUNCTION settlement_clawback_netting_frozen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.clawback_id <> OLD.clawback_id OR NEW.payout_id <> OLD.payout_id OR NEW.amount <> OLD.amount OR OLD.released_at IS NOT NULL THEN RAISE EXCEPTION 'a netting is released, never changed' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER settlement_clawback_netting_frozen BEFORE UPDATE ON settlement_clawback_netting FOR EACH ROW EXECUTE FUNCTION settlement_clawback_netting_frozen()
--
ALTER TABLE settlement_clawback_netting ENABLE ALWAYS TRIGGER settlement_clawback_netting_frozen
--
CREATE OR REPLACE FUNCTION settlement_clawback_recovery_covered() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.amount + (SELECT coalesce(sum(n.amount), 0) FROM settlement_clawback_netting AS n WHERE n.clawback_id = NEW.clawback_id AND n.released_at IS NULL) + (SELECT coalesce(sum(r.amount), 0) FROM settlement_clawback_recovery AS r WHERE r.clawback_id = NEW.clawback_id AND r.state IN ('asked', 'confirmed')) > (SELECT c.amount FROM settlement_clawback AS c WHERE c.id = NEW.clawback_id) THEN RAISE EXCEPTION 'more than is owed' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER settlement_clawback_recovery_covered BEFORE INSERT ON settlement_clawback_recovery FOR EACH ROW EXECUTE FUNCTION settlement_clawback_recovery_covered()
--
ALTER TABLE settlement_clawback_recovery ENABLE ALWAYS TRIGGER settlement_clawback_recovery_covered
--
CREATE OR REPLACE FUNCTION settlement_clawback_recovery_frozen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.clawback_id <> OLD.clawback_id OR NEW.amount <> OLD.amount OR NEW.kind <> OLD.kind OR OLD.state <> 'asked' THEN RAISE EXCEPTION 'a decided recovery is not changed' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER settlement_clawback_recovery_frozen BEFORE UPDATE ON settlement_clawback_recovery FOR EACH ROW EXECUTE FUNCTION settlement_clawback_recovery_frozen()
--
ALTER TABLE settlement_clawback_recovery ENABLE ALWAYS TRIGGER settlement_clawback_recovery_frozen
--
CREATE OR REPLACE FUNCTION settlement_payout_arrival_release_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'settlement_payout_arrival_release is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER settlement_payout_arrival_release_no_update BEFORE UPDATE ON settlement_payout_arrival_release FOR EACH ROW EXECUTE FUNCTION settlement_payout_arrival_release_refuse()
--
ALTER TABLE settlement_payout_arrival_release ENABLE ALWAYS TRIGGER settlement_payout_arrival_release_no_update
--
CREATE TRIGGER settlement_payout_arrival_release_no_delete BEFORE DELETE ON settlement_payout_arrival_release FOR EACH ROW EXECUTE FUNCTION settlement_payout_arrival_release_refuse()
--
ALTER TABLE settlement_payout_arrival_release ENABLE ALWAYS TRIGGER settlement_payout_arrival_release_no_delete
--
CREATE TRIGGER settlement_payout_arrival_release_no_truncate BEFORE TRUNCATE ON settlement_payout_arrival_release FOR EACH STATEMENT EXECUTE FUNCTION settlement_payout_arrival_release_refuse()
--
ALTER TABLE settlement_payout_arrival_release ENABLE ALWAYS TRIGGER settlement_payout_arrival_release_no_truncate
--
CREATE OR REPLACE FUNCTION settlement_payout_item_frozen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.amount <> OLD.amount OR NEW.payout_id <> OLD.payout_id OR NEW.statement_id <> OLD.statement_id OR NEW.order_number <> OLD.order_number OR NEW.account <> OLD.account OR (OLD.slot IS NULL AND NEW.slot IS NOT NULL) THEN RAISE EXCEPTION 'an item keeps what it is' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER settlement_payout_item_frozen BEFORE UPDATE ON settlement_payout_item FOR EACH ROW EXECUTE FUNCTION settlement_payout_item_frozen()
--
ALTER TABLE settlement_payout_item ENABLE ALWAYS TRIGGER settlement_payout_item_frozen
--
CREATE OR REPLACE FUNCTION settlement_payout_resolution_final() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF (OLD.state <> 'proposed' AND (NEW.state <> OLD.state OR NEW.decided_by_id IS DISTINCT FROM OLD.decided_by_id)) OR NEW.file_sha256 IS DISTINCT FROM OLD.file_sha256 OR NEW.place <> OLD.place OR NEW.payout_id <> OLD.payout_id OR NEW.fate <> OLD.fate OR NEW.bank_line <> OLD.bank_line OR NEW.provider_reference <> OLD.provider_reference OR NEW.words <> OLD.words OR NEW.proposed_at <> OLD.proposed_at OR NEW.proposed_by_id <> OLD.proposed_by_id THEN RAISE EXCEPTION 'a proposal stays as it was made and is decided once' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER settlement_payout_resolution_final BEFORE UPDATE ON settlement_payout_resolution FOR EACH ROW EXECUTE FUNCTION settlement_payout_resolution_final()
--
ALTER TABLE settlement_payout_resolution ENABLE ALWAYS TRIGGER settlement_payout_resolution_final
--
CREATE OR REPLACE FUNCTION settlement_payout_resolution_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.id = OLD.id THEN RAISE EXCEPTION 'a proposal is kept' USING ERRCODE = 'check_violation'; END IF; RETURN OLD; END $$
--
CREATE TRIGGER settlement_payout_resolution_kept BEFORE DELETE ON settlement_payout_resolution FOR EACH ROW EXECUTE FUNCTION settlement_payout_resolution_kept()
--
ALTER TABLE settlement_payout_resolution ENABLE ALWAYS TRIGGER settlement_payout_resolution_kept
--
CREATE OR REPLACE FUNCTION settlement_share_schedule_frozen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.state = 'signed' OR COALESCE(CAST(NEW.valid_until AS TEXT), '') <> COALESCE(CAST(OLD.valid_until AS TEXT), '') OR CAST(NEW.non_money AS TEXT) <> CAST(OLD.non_money AS TEXT) OR CAST(NEW.steps AS TEXT) <> CAST(OLD.steps AS TEXT) OR CAST(NEW.parties AS TEXT) <> CAST(OLD.parties AS TEXT) OR NEW.number <> OLD.number OR NEW.place <> OLD.place OR NEW.agreement_id <> OLD.agreement_id OR NEW.scope <> OLD.scope OR NEW.version_number <> OLD.version_number OR NEW.valid_from <> OLD.valid_from OR NEW.clause <> OLD.clause OR NEW.made_at <> OLD.made_at THEN RAISE EXCEPTION 'a schedule keeps what was agreed: draw up a new version' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER settlement_share_schedule_frozen BEFORE UPDATE ON settlement_share_schedule FOR EACH ROW EXECUTE FUNCTION settlement_share_schedule_frozen()
--
ALTER TABLE settlement_share_schedule ENABLE ALWAYS TRIGGER settlement_share_schedule_frozen
--
CREATE OR REPLACE FUNCTION settlement_contribution_figure_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'settlement_contribution_figure is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER settlement_contribution_figure_no_update BEFORE UPDATE ON settlement_contribution_figure FOR EACH ROW EXECUTE FUNCTION settlement_contribution_figure_refuse()
--
ALTER TABLE settlement_contribution_figure ENABLE ALWAYS TRIGGER settlement_contribution_figure_no_update
--
CREATE TRIGGER settlement_contribution_figure_no_delete BEFORE DELETE ON settlement_contribution_figure FOR EACH ROW EXECUTE FUNCTION settlement_contribution_figure_refuse()
--
ALTER TABLE settlement_contribution_figure ENABLE ALWAYS TRIGGER settlement_contribution_figure_no_delete
--
CREATE TRIGGER settlement_contribution_figure_no_truncate BEFORE TRUNCATE ON settlement_contribution_figure FOR EACH STATEMENT EXECUTE FUNCTION settlement_contribution_figure_refuse()
--
ALTER TABLE settlement_contribution_figure ENABLE ALWAYS TRIGGER settlement_contribution_figure_no_truncate
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
CREATE OR REPLACE FUNCTION settlement_contribution_objection_closed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.state <> 'filed' OR NEW.figure_id <> OLD.figure_id OR NEW.factor <> OLD.factor OR NEW.claimed <> OLD.claimed OR NEW.grounds <> OLD.grounds OR NEW.filed_by <> OLD.filed_by THEN RAISE EXCEPTION 'an objection is decided once' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER settlement_contribution_objection_closed BEFORE UPDATE ON settlement_contribution_objection FOR EACH ROW EXECUTE FUNCTION settlement_contribution_objection_closed()
--
ALTER TABLE settlement_contribution_objection ENABLE ALWAYS TRIGGER settlement_contribution_objection_closed
--
CREATE OR REPLACE FUNCTION settlement_order_terms_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'settlement_order_terms is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER settlement_order_terms_no_update BEFORE UPDATE ON settlement_order_terms FOR EACH ROW EXECUTE FUNCTION settlement_order_terms_refuse()
--
ALTER TABLE settlement_order_terms ENABLE ALWAYS TRIGGER settlement_order_terms_no_update
--
CREATE TRIGGER settlement_order_terms_no_delete BEFORE DELETE ON settlement_order_terms FOR EACH ROW EXECUTE FUNCTION settlement_order_terms_refuse()
--
ALTER TABLE settlement_order_terms ENABLE ALWAYS TRIGGER settlement_order_terms_no_delete
--
CREATE TRIGGER settlement_order_terms_no_truncate BEFORE TRUNCATE ON settlement_order_terms FOR EACH STATEMENT EXECUTE FUNCTION settlement_order_terms_refuse()
--
ALTER TABLE settlement_order_terms ENABLE ALWAYS TRIGGER settlement_order_terms_no_truncate
--
CREATE OR REPLACE FUNCTION market_bank_line_share_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'market_bank_line_share is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER market_bank_line_share_no_update BEFORE UPDATE ON market_bank_line_share FOR EACH ROW EXECUTE FUNCTION market_bank_line_share_refuse()
--
ALTER TABLE market_bank_line_share ENABLE ALWAYS TRIGGER market_bank_line_share_no_update
--
CREATE TRIGGER market_bank_line_share_no_delete BEFORE DELETE ON market_bank_line_share FOR EACH ROW EXECUTE FUNCTION market_bank_line_share_refuse()
--
ALTER TABLE market_bank_line_share ENABLE ALWAYS TRIGGER market_bank_line_share_no_delete
--
CREATE TRIGGER market_bank_line_share_no_truncate BEFORE TRUNCATE ON market_bank_line_share FOR EACH STATEMENT EXECUTE FUNCTION market_bank_line_share_refuse()
--
ALTER TABLE market_bank_line_share ENABLE ALWAYS TRIGGER market_bank_line_share_no_truncate
--
CREATE OR REPLACE FUNCTION market_bank_line_share_covered() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.amount + (SELECT coalesce(sum(s.amount), 0) FROM market_bank_line_share AS s WHERE s.line_id = NEW.line_id AND NOT EXISTS (SELECT 1 FROM market_bank_line_release AS r WHERE r.share_id = s.id)) > (SELECT l.amount FROM market_bank_line AS l WHERE l.id = NEW.line_id) THEN RAISE EXCEPTION 'a line goes nowhere twice' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER market_bank_line_share_covered BEFORE INSERT ON market_bank_line_share FOR EACH ROW EXECUTE FUNCTION market_bank_line_share_covered()
--
ALTER TABLE market_bank_line_share ENABLE ALWAYS TRIGGER market_bank_line_share_covered
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
CREATE OR REPLACE FUNCTION settlement_usage_day_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'settlement_usage_day is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER settlement_usage_day_no_update BEFORE UPDATE ON settlement_usage_day FOR EACH ROW EXECUTE FUNCTION settlement_usage_day_refuse()
--
ALTER TABLE settlement_usage_day ENABLE ALWAYS TRIGGER settlement_usage_day_no_update
--
CREATE TRIGGER settlement_usage_day_no_delete BEFORE DELETE ON settlement_usage_day FOR EACH ROW EXECUTE FUNCTION settlement_usage_day_refuse()
--
ALTER TABLE settlement_usage_day ENABLE ALWAYS TRIGGER settlement_usage_day_no_delete
--
CREATE TRIGGER settlement_usage_day_no_truncate BEFORE TRUNCATE ON settlement_usage_day FOR EACH STATEMENT EXECUTE FUNCTION settlement_usage_day_refuse()
--
ALTER TABLE settlement_usage_day ENABLE ALWAYS TRIGGER settlement_usage_day_no_truncate
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
