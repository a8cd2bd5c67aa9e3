"""Roots of sealed periods: a Merkle tree over every statement, line, sale and entry of the journal of a settlement."""
