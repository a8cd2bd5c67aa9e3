DROP TRIGGER registry_agreement_signed_is_fixed
--
DROP TRIGGER registry_agreement_scope_is_fixed
--
DROP TRIGGER registry_registration_code_fixed
--
DROP TRIGGER registry_objection_final
