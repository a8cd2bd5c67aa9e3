"""Billing periods in which a price changes: each price for exactly its days."""
