"""Dividing it, and the books."""
