"""Caps that are planned together, checked against the permitted revenue, reported in writing, and only then set."""
