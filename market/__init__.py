"""Selling it."""
