"""Countersigned delivery receipts (交付回执): both sides count, sign what both counted, and dispute the difference."""
