"""Feeds of the catalogue: what was offered last, for every search."""
