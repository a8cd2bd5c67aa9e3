"""Complaints that a fee is too high or wrong, and what the authorizing entity makes of them (PRC-11)."""
