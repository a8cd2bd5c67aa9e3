"""Packs for the yearly duties to disclose and report (DIS-01 – DIS-03, DIS-10), from what was sealed."""
