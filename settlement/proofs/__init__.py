"""Proof for outsiders: packs that are checked offline, and the daily anchor on the public page."""
