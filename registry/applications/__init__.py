"""Applications of organisations to operate (运营机构申请): the form, its proofs, what the system checks, scores."""
