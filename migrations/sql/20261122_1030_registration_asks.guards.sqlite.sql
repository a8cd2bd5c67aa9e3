CREATE TRIGGER registry_duty_filing_no_update BEFORE UPDATE ON registry_duty_filing BEGIN SELECT RAISE(ABORT, 'registry_duty_filing is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_duty_filing_no_delete BEFORE DELETE ON registry_duty_filing BEGIN SELECT RAISE(ABORT, 'registry_duty_filing is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_registration_ask_final BEFORE UPDATE ON registry_registration_ask WHEN OLD.state <> 'asked' OR OLD.registration_id <> NEW.registration_id OR OLD.kind <> NEW.kind OR OLD.ground <> NEW.ground OR OLD.reason <> NEW.reason OR OLD.asked_by <> NEW.asked_by OR COALESCE(OLD.evidence_sha256, '') <> COALESCE(NEW.evidence_sha256, '') BEGIN SELECT RAISE(ABORT, 'what was asked is not changed, and its outcome is final'); END
--
CREATE TRIGGER registry_ending_ask_no_update BEFORE UPDATE ON registry_ending_ask BEGIN SELECT RAISE(ABORT, 'registry_ending_ask is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_ending_ask_no_delete BEFORE DELETE ON registry_ending_ask BEGIN SELECT RAISE(ABORT, 'registry_ending_ask is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_partial_deletion_no_update BEFORE UPDATE ON registry_partial_deletion BEGIN SELECT RAISE(ABORT, 'registry_partial_deletion is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_partial_deletion_no_delete BEFORE DELETE ON registry_partial_deletion BEGIN SELECT RAISE(ABORT, 'registry_partial_deletion is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_resource_registration_no_update BEFORE UPDATE ON registry_resource_registration BEGIN SELECT RAISE(ABORT, 'registry_resource_registration is append-only: book a correction instead'); END
--
CREATE TRIGGER registry_resource_registration_no_delete BEFORE DELETE ON registry_resource_registration BEGIN SELECT RAISE(ABORT, 'registry_resource_registration is append-only: book a correction instead'); END
