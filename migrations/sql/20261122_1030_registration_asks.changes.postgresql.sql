ALTER TABLE registry_duty_filing
  DROP CONSTRAINT ck_registry_duty_filing_dutykind,
  ADD CONSTRAINT ck_registry_duty_filing_dutykind CHECK (kind IN ('operating_report', 'implementing_disclosure', 'operating_disclosure', 'authorization_disclosure', 'resource_use_disclosure', 'operation_status_disclosure', 'security_report', 'operation_report', 'selection_publication', 'agreement_filing', 'plan_filing', 'self_evaluation', 'emergency_drill', 'training_renewal'))
