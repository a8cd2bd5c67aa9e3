DROP TRIGGER registry_duty_filing_no_update
--
DROP TRIGGER registry_duty_filing_no_delete
--
CREATE TABLE new_registry_duty_filing (
	duty_key TEXT NOT NULL,
	kind VARCHAR(40) NOT NULL,
	place TEXT NOT NULL,
	party_id CHAR(32) NOT NULL,
	agreement_id CHAR(32),
	period_start DATE NOT NULL,
	period_end DATE NOT NULL,
	due_date DATE,
	source TEXT NOT NULL,
	text TEXT NOT NULL,
	evidence_sha256 TEXT NOT NULL,
	filed_by CHAR(32),
	filed_by_name TEXT NOT NULL,
	filed_at DATETIME NOT NULL,
	filed_on DATE NOT NULL,
	supersedes_id CHAR(32),
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_registry_duty_filing PRIMARY KEY (id),
	CONSTRAINT uq_registry_duty_filing_supersedes_id UNIQUE (supersedes_id),
	CONSTRAINT ck_registry_duty_filing_in_words CHECK (length(text) > 0),
	CONSTRAINT ck_registry_duty_filing_with_evidence CHECK (length(evidence_sha256) = 64),
	CONSTRAINT ck_registry_duty_filing_period_ordered CHECK (period_start < period_end),
	CONSTRAINT ck_registry_duty_filing_corrects_another CHECK (id <> supersedes_id),
	CONSTRAINT ck_registry_duty_filing_dutykind CHECK (kind IN ('operating_report', 'implementing_disclosure', 'operating_disclosure', 'authorization_disclosure', 'resource_use_disclosure', 'operation_status_disclosure', 'security_report', 'operation_report', 'selection_publication', 'agreement_filing', 'plan_filing', 'self_evaluation', 'emergency_drill', 'training_renewal')),
	CONSTRAINT fk_registry_duty_filing_party_id FOREIGN KEY(party_id) REFERENCES registry_party (id),
	CONSTRAINT fk_registry_duty_filing_agreement_id FOREIGN KEY(agreement_id) REFERENCES registry_agreement (id),
	CONSTRAINT fk_registry_duty_filing_evidence_sha256 FOREIGN KEY(evidence_sha256) REFERENCES evidence_file (sha256),
	CONSTRAINT fk_registry_duty_filing_supersedes_id FOREIGN KEY(supersedes_id) REFERENCES registry_duty_filing (id)
)
--
INSERT INTO new_registry_duty_filing (duty_key, kind, place, party_id, agreement_id, period_start, period_end, due_date, source, text, evidence_sha256, filed_by, filed_by_name, filed_at, filed_on, supersedes_id, id, version)
SELECT duty_key, kind, place, party_id, agreement_id, period_start, period_end, due_date, source, text, evidence_sha256, filed_by, filed_by_name, filed_at, filed_on, supersedes_id, id, version FROM registry_duty_filing
--
DROP TABLE registry_duty_filing
--
ALTER TABLE new_registry_duty_filing RENAME TO registry_duty_filing
--
CREATE INDEX ix_registry_duty_filing_agreement_id ON registry_duty_filing (agreement_id)
--
CREATE INDEX ix_registry_duty_filing_duty_key ON registry_duty_filing (duty_key)
--
CREATE INDEX ix_registry_duty_filing_party_id ON registry_duty_filing (party_id)
--
CREATE INDEX ix_registry_duty_filing_place ON registry_duty_filing (place)
--
CREATE UNIQUE INDEX uq_registry_duty_filing_first ON registry_duty_filing (duty_key) WHERE supersedes_id IS NULL
