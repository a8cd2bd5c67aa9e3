"""Payments: what is expected, and the bank line that fulfils it to the fen."""
