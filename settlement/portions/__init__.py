"""Dividing one amount to the fen: by weights within bounds of each party, and by claims that it does not cover."""

WEIGHT_PARTS = 1_000_000  # weights are shown and signed in parts per million, and add up to all of them
