"""Free use in the public interest: purpose, grantee, approver, quota, term."""
