DROP TRIGGER registry_agreement_signed_is_fixed ON registry_agreement
--
DROP TRIGGER registry_agreement_scope_is_fixed ON registry_agreement_resource
--
DROP TRIGGER registry_registration_code_fixed ON registry_registration
--
DROP TRIGGER registry_objection_final ON registry_objection
--
DROP FUNCTION registry_request_opinion_final()
