"""The clauses of an authorized operation agreement: mandatory contents, term and trial operation."""
