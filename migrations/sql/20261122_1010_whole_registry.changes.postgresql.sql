ALTER TABLE registry_agreement
  ADD COLUMN plan_id UUID,
  ADD COLUMN selection_id UUID,
  ADD CONSTRAINT fk_registry_agreement_plan_id FOREIGN KEY (plan_id) REFERENCES registry_plan (id),
  ADD CONSTRAINT fk_registry_agreement_selection_id FOREIGN KEY (selection_id) REFERENCES registry_selection (id),
  DROP CONSTRAINT ck_registry_agreement_agreementevent,
  ADD CONSTRAINT ck_registry_agreement_agreementevent CHECK (pending_event IN ('sign', 'file', 'activate', 'suspend', 'restore', 'end_part', 'expire', 'terminate', 'revoke', 'close')),
  DROP CONSTRAINT ck_registry_agreement_agreementstate,
  ADD CONSTRAINT ck_registry_agreement_agreementstate CHECK (state IN ('draft', 'signed', 'filed', 'active', 'suspended', 'expired', 'terminated', 'revoked', 'closed'))
--
CREATE INDEX ix_registry_agreement_plan_id ON registry_agreement (plan_id)
--
CREATE INDEX ix_registry_agreement_selection_id ON registry_agreement (selection_id)
--
ALTER TABLE registry_agreement_resource
  ADD COLUMN ended_on DATE,
  ADD COLUMN ended_reason TEXT,
  ADD CONSTRAINT ck_registry_agreement_resource_ended_with_reason CHECK ((ended_on IS NULL) = (ended_reason IS NULL))
--
DROP INDEX ix_registry_data_request_open
--
ALTER TABLE registry_data_request
  ADD COLUMN provisioned_at TIMESTAMP WITH TIME ZONE,
  ADD COLUMN provision_note TEXT NOT NULL DEFAULT '',
  DROP CONSTRAINT ck_registry_data_request_basis_when_approved,
  DROP CONSTRAINT ck_registry_data_request_decided_when_closed,
  DROP CONSTRAINT ck_registry_data_request_deemed_where_allowed,
  DROP CONSTRAINT ck_registry_data_request_requeststate,
  DROP CONSTRAINT ck_registry_data_request_silence_needs_a_due_date,
  DROP COLUMN check_due,
  DROP COLUMN check_reason,
  DROP COLUMN checked_at,
  DROP COLUMN checked_by,
  DROP COLUMN due_date,
  DROP COLUMN silence_consents,
  ADD CONSTRAINT ck_registry_data_request_basis_when_approved CHECK ((state IN ('approved', 'provisioned')) = (basis IS NOT NULL)),
  ADD CONSTRAINT ck_registry_data_request_decided_when_closed CHECK ((state IN ('approved', 'rejected', 'provisioned')) = (decided_at IS NOT NULL)),
  ADD CONSTRAINT ck_registry_data_request_provisioned_when_noted CHECK ((state = 'provisioned') = (provisioned_at IS NOT NULL)),
  ADD CONSTRAINT ck_registry_data_request_requeststate CHECK (state IN ('draft', 'submitted', 'checked', 'under_review', 'approved', 'rejected', 'provisioned'))
--
ALTER TABLE registry_data_request ALTER COLUMN provision_note DROP DEFAULT
--
CREATE INDEX ix_registry_data_request_state ON registry_data_request (state)
--
ALTER TABLE registry_objection
  ADD COLUMN reference TEXT,
  ADD COLUMN identity_kind TEXT,
  ADD COLUMN identity_digest TEXT,
  ADD COLUMN source_digest TEXT,
  ADD COLUMN rechecked_at TIMESTAMP WITH TIME ZONE,
  ADD COLUMN rechecked_by UUID,
  ADD COLUMN recheck_findings TEXT,
  ADD CONSTRAINT uq_registry_objection_reference UNIQUE (reference)
--
CREATE INDEX ix_registry_objection_source_digest ON registry_objection (source_digest)
--
ALTER TABLE registry_party_capacity
  DROP CONSTRAINT ck_registry_party_capacity_capacity,
  ADD CONSTRAINT ck_registry_party_capacity_capacity CHECK (capacity IN ('data_authority', 'price_authority', 'operating_institution', 'data_merchant', 'source_department', 'buyer', 'trading_venue', 'platform', 'municipal_data_agency', 'provincial_data_authority', 'finance_department', 'expert_panel', 'peoples_government'))
--
ALTER TABLE registry_registration
  ADD COLUMN application_due DATE,
  ADD COLUMN late_days BIGINT,
  ADD COLUMN search_text TEXT
--
CREATE INDEX ix_registry_registration_accept_due ON registry_registration (state, accept_due, id)
--
CREATE INDEX ix_registry_registration_at_place ON registry_registration (place, id)
--
CREATE INDEX ix_registry_registration_notice_due ON registry_registration (state, notice_end, id)
--
CREATE INDEX ix_registry_registration_of_kind ON registry_registration (kind, id)
--
CREATE INDEX ix_registry_registration_of_state ON registry_registration (state, id)
--
CREATE INDEX ix_registry_registration_review_due ON registry_registration (state, review_due, id)
--
CREATE INDEX ix_registry_registration_until ON registry_registration (state, valid_until, id)
--
CREATE INDEX ix_registry_registration_words ON registry_registration USING gin (to_tsvector('simple'::regconfig, coalesce(search_text, '')))
--
CREATE UNIQUE INDEX uq_registry_grant_ask_waiting ON registry_grant_ask (account_id, role, COALESCE(place, '')) WHERE state = 'asked'
