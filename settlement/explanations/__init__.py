"""Explain a fen: from an amount on a statement to events, tariff, cap, step, clause and approvers, worked out again."""
