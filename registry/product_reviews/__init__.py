"""Compliance review of a product version: its submission, its findings, its outcome."""
