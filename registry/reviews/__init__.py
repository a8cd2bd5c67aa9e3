"""Compliance review of a product version: stages in order, opinions that are never changed, due dates."""
