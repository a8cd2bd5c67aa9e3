"""Statements: what one party receives of one settlement, line by line; issued once, never changed."""
