"""Reminding the finance people of a place, once, before a settlement is due."""
