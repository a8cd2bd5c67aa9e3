"""Extracts for analysis: sealed lines and the journal as Parquet with a documented schema."""
