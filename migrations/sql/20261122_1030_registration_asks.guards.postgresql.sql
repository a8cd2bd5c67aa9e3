CREATE OR REPLACE FUNCTION registry_registration_ask_final() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.state <> 'asked' OR OLD.registration_id <> NEW.registration_id OR OLD.kind <> NEW.kind OR OLD.ground <> NEW.ground OR OLD.reason <> NEW.reason OR OLD.asked_by <> NEW.asked_by OR COALESCE(OLD.evidence_sha256, '') <> COALESCE(NEW.evidence_sha256, '') THEN RAISE EXCEPTION 'what was asked is not changed, and its outcome is final' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
--
CREATE TRIGGER registry_registration_ask_final BEFORE UPDATE ON registry_registration_ask FOR EACH ROW EXECUTE FUNCTION registry_registration_ask_final()
--
ALTER TABLE registry_registration_ask ENABLE ALWAYS TRIGGER registry_registration_ask_final
--
CREATE OR REPLACE FUNCTION registry_ending_ask_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'registry_ending_ask is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER registry_ending_ask_no_update BEFORE UPDATE ON registry_ending_ask FOR EACH ROW EXECUTE FUNCTION registry_ending_ask_refuse()
--
ALTER TABLE registry_ending_ask ENABLE ALWAYS TRIGGER registry_ending_ask_no_update
--
CREATE TRIGGER registry_ending_ask_no_delete BEFORE DELETE ON registry_ending_ask FOR EACH ROW EXECUTE FUNCTION registry_ending_ask_refuse()
--
ALTER TABLE registry_ending_ask ENABLE ALWAYS TRIGGER registry_ending_ask_no_delete
--
CREATE TRIGGER registry_ending_ask_no_truncate BEFORE TRUNCATE ON registry_ending_ask FOR EACH STATEMENT EXECUTE FUNCTION registry_ending_ask_refuse()
--
ALTER TABLE registry_ending_ask ENABLE ALWAYS TRIGGER registry_ending_ask_no_truncate
--
CREATE OR REPLACE FUNCTION registry_partial_deletion_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'registry_partial_deletion is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER registry_partial_deletion_no_update BEFORE UPDATE ON registry_partial_deletion FOR EACH ROW EXECUTE FUNCTION registry_partial_deletion_refuse()
--
ALTER TABLE registry_partial_deletion ENABLE ALWAYS TRIGGER registry_partial_deletion_no_update
--
CREATE TRIGGER registry_partial_deletion_no_delete BEFORE DELETE ON registry_partial_deletion FOR EACH ROW EXECUTE FUNCTION registry_partial_deletion_refuse()
--
ALTER TABLE registry_partial_deletion ENABLE ALWAYS TRIGGER registry_partial_deletion_no_delete
--
CREATE TRIGGER registry_partial_deletion_no_truncate BEFORE TRUNCATE ON registry_partial_deletion FOR EACH STATEMENT EXECUTE FUNCTION registry_partial_deletion_refuse()
--
ALTER TABLE registry_partial_deletion ENABLE ALWAYS TRIGGER registry_partial_deletion_no_truncate
--
CREATE OR REPLACE FUNCTION registry_resource_registration_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'registry_resource_registration is append-only: book a correction instead' USING ERRCODE = 'restrict_violation'; END $$
--
CREATE TRIGGER registry_resource_registration_no_update BEFORE UPDATE ON registry_resource_registration FOR EACH ROW EXECUTE FUNCTION registry_resource_registration_refuse()
--
ALTER TABLE registry_resource_registration ENABLE ALWAYS TRIGGER registry_resource_registration_no_update
--
CREATE TRIGGER registry_resource_registration_no_delete BEFORE DELETE ON registry_resource_registration FOR EACH ROW EXECUTE FUNCTION registry_resource_registration_refuse()
--
ALTER TABLE registry_resource_registration ENABLE ALWAYS TRIGGER registry_resource_registration_no_delete
--
CREATE TRIGGER registry_resource_registration_no_truncate BEFORE TRUNCATE ON registry_resource_registration FOR EACH STATEMENT EXECUTE FUNCTION registry_resource_registration_refuse()
--
ALTER TABLE registry_resource_registration ENABLE ALWAYS TRIGGER registry_resource_registration_no_truncate
